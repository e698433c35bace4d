"""kubectl's flags for the login, which the commands for a live cluster share."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from triage.cli import completion
from triage.cli.times import duration_ns
from triage.errors import TriageError
from triage.model.collection import Login

NOBODY = Login()
"""In place of the flags in the signature of a command."""


def with_login(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command these flags where its signature has `login`, and hand it the login that they mean."""
    flags = _flags()
    own = inspect.signature(command, eval_str=True)

    @functools.wraps(command)
    def called(**given: Any) -> None:  # noqa: ANN401
        command(login=_login(**{name: given.pop(name) for name in flags}), **given)

    parameters = [
        p.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for name, parameter in own.parameters.items()
        for p in (flags.values() if name == "login" else [parameter])
    ]
    called.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    called.__annotations__ = {p.name: p.annotation for p in parameters}
    return called


@functools.cache
def _flags() -> Mapping[str, inspect.Parameter]:
    return inspect.signature(_login, eval_str=True).parameters


def _login(
    kubeconfig: Annotated[
        str | None,
        typer.Option(
            "--kubeconfig", metavar="FILE", help="Login to use; else KUBECONFIG (a list), then ~/.kube/config."
        ),
    ] = None,
    context: Annotated[
        str | None,
        typer.Option(
            "--context", metavar="NAME", help="Context of the kubeconfig.", autocompletion=completion.contexts
        ),
    ] = None,
    cluster: Annotated[
        str | None, typer.Option("--cluster", metavar="NAME", help="Cluster of the kubeconfig, not the context's.")
    ] = None,
    user: Annotated[
        str | None, typer.Option("--user", metavar="NAME", help="User of the kubeconfig, not the context's.")
    ] = None,
    server: Annotated[
        str | None, typer.Option("--server", "-s", metavar="URL", help="API server, not the cluster's.")
    ] = None,
    certificate_authority: Annotated[
        str | None,
        typer.Option("--certificate-authority", metavar="FILE", help="Who may sign the server's certificate."),
    ] = None,
    tls_server_name: Annotated[
        str | None, typer.Option("--tls-server-name", metavar="NAME", help="Name in the server's certificate.")
    ] = None,
    insecure_skip_tls_verify: Annotated[
        bool, typer.Option("--insecure-skip-tls-verify", help="Trust any server with this login.")
    ] = False,
    client_certificate: Annotated[
        str | None, typer.Option("--client-certificate", metavar="FILE", help="Certificate of the user.")
    ] = None,
    client_key: Annotated[str | None, typer.Option("--client-key", metavar="FILE", help="Its key.")] = None,
    as_user: Annotated[str | None, typer.Option("--as", metavar="USER", help="User to impersonate.")] = None,
    as_group: Annotated[
        list[str] | None, typer.Option("--as-group", metavar="GROUP", help="Group to impersonate. Repeatable.")
    ] = None,
    as_uid: Annotated[str | None, typer.Option("--as-uid", metavar="UID", help="UID to impersonate.")] = None,
    request_timeout: Annotated[
        str, typer.Option("--request-timeout", metavar="DURATION", help="For each answer to begin or go on; 0 waits.")
    ] = "30s",
    via: Annotated[
        str,
        typer.Option("--via", metavar="PROGRAM", help="api, or kubectl or oc: the same reads through that program."),
    ] = "api",
) -> Login:
    if via != "api" and Path(via).name not in {"kubectl", "oc"}:
        raise TriageError("--via {via}: not known", hint="choose one of: {known}", via=via, known="api, kubectl, oc")
    plain = re.fullmatch(r"[0-9]{1,6}", request_timeout)
    seconds = float(request_timeout) if plain else duration_ns(request_timeout) / 10**9
    return Login(
        kubeconfig, context, cluster, user, server, certificate_authority, client_certificate, client_key,
        tls_server_name, insecure_skip_tls_verify, as_user, as_uid, tuple(as_group or ()), seconds, via,
    )  # fmt: skip
