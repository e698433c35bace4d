"""`triage manifests`: what to apply to a cluster so that it can be read."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from triage.cli import live
from triage.cli.login import NOBODY, with_login
from triage.cli.options import FailOn, FailOnOption
from triage.cli.pauses import longest_pause
from triage.cli.streams import emit, tell
from triage.cli.times import duration_ns
from triage.errors import ExitCode, TriageError
from triage.model.collection import Login, Schedule
from triage.model.version import VERSION
from triage.render.layout import table

_CRON = re.compile(r"[0-9A-Za-z*/,-]+( [0-9A-Za-z*/,?#-]+){4}")
_IMAGE = re.compile(r"[a-z0-9][a-z0-9._:/-]{0,200}(:[\w][\w.-]{0,127})?(@sha256:[0-9a-f]{64})?")

app = typer.Typer(help="Print manifests: the least rights, and more.", no_args_is_help=True, rich_markup_mode=None)


@app.command("rbac")
@with_login
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
    login: Login = NOBODY,
) -> None:
    """Print the least Role and ClusterRole that `triage diagnose` needs."""
    from triage import pipeline

    spaces = live.checked_names(namespace) or ("kube-system",)
    if not verify:
        emit(pipeline.rights_manifests(spaces, metrics=metrics, account=service_account))
        return
    reader = pipeline.connect(login, 1)
    live.introduce(reader, ", ".join(spaces))
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


@app.command("cronjob")
def cronjob(
    image: Annotated[
        str | None,
        typer.Option("--image", metavar="IMAGE", help="Made with deploy/Containerfile; else named after this program."),
    ] = None,
    schedule: Annotated[
        str, typer.Option("--schedule", metavar="CRON", help="Minute, hour, day, month, weekday.")
    ] = "7 * * * *",
    since: Annotated[
        str, typer.Option("--since", metavar="DURATION", help="Window of a run: more than the time between two.")
    ] = "70m",
    time_zone: Annotated[
        str | None,
        typer.Option("--time-zone", metavar="NAME", help="Of the schedule: Asia/Shanghai. Default: the cluster's."),
    ] = None,
    home: Annotated[
        str | None, typer.Option("--home", metavar="NAME", help="Namespace of its own for the job; else CoreDNS'.")
    ] = None,
    namespace: live.NamespaceOption = None,
    metrics: live.MetricsOption = False,
    fail_on: FailOnOption = FailOn.NONE,
    api_port: Annotated[
        list[int] | None,
        typer.Option(
            "--api-port", metavar="PORT", min=1, max=65535, help="Of the API server; else 443, 6443. Repeatable."
        ),
    ] = None,
) -> None:
    """Print a CronJob that diagnoses by the hour, with account, least rights, network policy and volume."""
    from triage import pipeline

    window_s = duration_ns(since) // 10**9
    if not _CRON.fullmatch(schedule):
        raise TriageError("'{schedule}' is no schedule", hint="write five fields: 7 * * * *", schedule=schedule)
    pause = longest_pause(schedule)
    if pause is not None and window_s < pause.total_seconds():
        tell(
            "between two runs lie up to {pause}; what is older than {since} is read by none (--since)",
            pause=pause,
            since=since,
        )
    image = image or f"coredns-triage:{VERSION}"
    if not _IMAGE.fullmatch(image):
        raise TriageError("'{image}' is no image", hint="write registry/name:tag or registry/name@digest", image=image)
    spaces = live.checked_names(namespace) or ("kube-system",)
    own = live.checked_names([home])[0] if home else spaces[0]
    wish = Schedule(
        image, own, spaces, schedule, time_zone, since, fail_on.value, metrics, tuple(api_port or (443, 6443))
    )
    emit(pipeline.cronjob_manifests(wish))
