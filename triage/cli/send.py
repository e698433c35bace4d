"""`triage send`: a stored report to tickets, chats, mailboxes and webhooks; the only command that sends anything."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triage.cli.language import catalogue, translated
from triage.cli.options import LangOption, RulesOption
from triage.cli.redaction import Redact, Redaction, RedactionMapOption
from triage.cli.stored import report_of, stored_text
from triage.cli.streams import emit, tell, write_file
from triage.cli.times import duration_ns, now_ns
from triage.errors import DeliveryError, TriageError

if TYPE_CHECKING:
    from triage.deliver import Line, Parcel, Receipt, Settings
    from triage.model.report import Report


def send(
    report: Annotated[str, typer.Argument(metavar="REPORT.json", help="A stored JSON report; - is standard input.")],
    to: Annotated[
        list[str],
        typer.Option(
            "--to",
            metavar="KIND[:PLACE]",
            help="Target: jira, github, gitlab, slack, webhook, email or apprise, and where there. Repeatable.",
        ),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be sent, without secrets; send nothing.")
    ] = False,
    resolve: Annotated[
        bool, typer.Option("--resolve", help="Resolve the cluster's tickets whose fault the report does not show.")
    ] = False,
    cluster: Annotated[
        str | None, typer.Option("--cluster", metavar="NAME", help="Name of the cluster; the report's own otherwise.")
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", metavar="HOST", help="May be at an address that is not public. Repeatable."),
    ] = None,
    timeout: Annotated[str, typer.Option("--timeout", metavar="DURATION", help="Give a target up after this.")] = "2m",
    redact: Annotated[
        Redact,
        typer.Option(
            "--redact",
            metavar="MODE",
            help="Replace nothing (none), query names (names), or addresses, nodes and pods too (full).",
        ),
    ] = Redact.NAMES,
    redaction_map: RedactionMapOption = None,
    lang: LangOption = None,
    rules: RulesOption = None,
) -> None:
    """Send a stored report to a ticket, a chat, a mailbox or a webhook."""
    from triage import pipeline
    from triage.deliver import Settings, open_target

    seconds = duration_ns(timeout) / 10**9
    if not seconds:
        raise TriageError("--timeout 0 leaves no time to send anything", hint="write 30s, or 2m")
    words = catalogue(pipeline.load_rulebook(rules))
    text = stored_text(report)
    stored = report_of(text, report, words)
    try:
        settings = Settings(os.environ, rehearsal=dry_run)
        senders = {target: open_target(target, settings, resolve=resolve) for target in to}
        name = _cluster(cluster, stored, needed=resolve)
        redaction = Redaction(redact, redaction_map)
        redaction.check([])
        shown = redaction.report(stored, "ticket")
        redaction.save()
        parcel = pipeline.parcel(stored, words, source=text, cluster=name, shown=shown)
        line = _line(settings, allow_host or [], dry_run=dry_run)
        failed = [
            t
            for t, sender in senders.items()
            if not _arrived(t, partial(sender, parcel, line), settings, parcel, seconds)
        ]
    except BaseException:
        if report == "-":
            tell("the report is in {path}", path=_keep(text))
        raise
    if failed:
        raise DeliveryError(
            "not delivered to {targets}; the report is in {path}",
            hint="send it again when the above is mended: no ticket gets the same report twice",
            targets=", ".join(failed),
            path=_keep(text) if report == "-" else report,
        )


def _cluster(said: str | None, report: Report, *, needed: bool) -> str | None:
    """The name that tells this cluster's tickets from those of others."""
    name = said or (report.cluster or {}).get("context")
    if needed and not name:
        raise TriageError(
            "the report does not name its cluster, so it is not known whose tickets to resolve",
            hint="add --cluster NAME",
        )
    return name


def _arrived(target: str, attempt: Callable[[], Receipt], settings: Settings, parcel: Parcel, seconds: float) -> bool:
    """Send to one target and say what became of it."""
    from triage.deliver.patience import within

    try:
        receipt = within(seconds, attempt)
    except DeliveryError as error:
        message, hint = map(settings.mask, error.said(translated))
        tell("error: {target}: {message}\n hint: {hint}", target=target, message=message, hint=hint)
        return False
    if not settings.rehearsal:
        emit(f"{parcel.say(f'sent.{receipt.action}', where=receipt.where)}\n")
        emit("".join(f"{parcel.say('sent.resolved', where=where)}\n" for where in receipt.also))
    return True


def _line(settings: Settings, allowed: Sequence[str], *, dry_run: bool) -> Line:
    """The real line, or the one that prints."""
    from triage.deliver.network import Network, proxies_of
    from triage.deliver.rehearsal import Rehearsal

    if dry_run:
        return Rehearsal(emit, settings.mask, now_ns(os.environ, time.time_ns()) / 10**9)
    hosts = frozenset(host.lower().strip("[]").rstrip(".") for host in allowed)
    return Network(settings.mask, hosts, proxies_of(os.environ))


def _keep(text: str) -> str:
    """Save a report that came by standard input; where no file can be written it goes to standard output."""
    name = f"coredns-triage-report-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.getpid()}.json"
    for folder in (Path.cwd(), Path(tempfile.gettempdir())):
        try:
            write_file(folder / name, text)
        except TriageError:
            continue
        return str(folder / name)
    emit(text)
    return translated("what was printed")
