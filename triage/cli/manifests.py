"""`triage manifests`: what to apply to a cluster so that it can be read."""

from __future__ import annotations

from typing import Annotated

import typer

from triage.cli import live
from triage.cli.streams import emit
from triage.errors import ExitCode
from triage.render.layout import table

app = typer.Typer(help="Print manifests: the least rights, and more.", no_args_is_help=True, rich_markup_mode=None)


@app.command("rbac")
def rbac(
    verify: Annotated[
        bool, typer.Option("--verify", help="Print nothing to apply; ask the API server which of the rights we have.")
    ] = False,
    namespace: live.NamespaceOption = None,
    metrics: live.MetricsOption = False,
    service_account: Annotated[
        str | None,
        typer.Option("--service-account", metavar="NAME", help="Also make this account, with the rights bound to it."),
    ] = None,
    kubeconfig: live.KubeconfigOption = None,
    context: live.ContextOption = None,
    as_user: live.AsOption = None,
    as_group: live.AsGroupOption = None,
    request_timeout: live.TimeoutOption = "30s",
    via: live.ViaOption = "api",
) -> None:
    """Print the least Role and ClusterRole that `triage diagnose` needs."""
    from triage import pipeline

    spaces = live.checked_names(namespace) or ("kube-system",)
    if not verify:
        emit(pipeline.rights_manifests(spaces, metrics=metrics, account=service_account))
        return
    reader = pipeline.connect(live.login_of(kubeconfig, context, as_user, as_group, request_timeout, via), 1)
    live.introduce(reader.identity, ", ".join(spaces))
    verdicts = pipeline.verify_rights(reader, spaces, metrics=metrics)
    heads = ["ALLOWED", "VERB", "RESOURCE", "NAMESPACE", "WITHOUT IT CANNOT RULE OUT"]
    rows = [
        [
            "yes" if v.allowed else "no",
            v.right.verb,
            v.right.resource,
            v.namespace or "*",
            "everything" if v.right.vital else ", ".join(v.causes),
        ]
        for v in verdicts
    ]
    emit("\n".join(table(heads, rows)) + "\n")
    if any(v.right.vital and not v.allowed for v in verdicts):
        raise typer.Exit(ExitCode.NO_EVIDENCE)
