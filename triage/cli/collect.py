"""`triage collect`: a live cluster → a bundle that can be analysed anywhere, or the script that saves one."""

from __future__ import annotations

import os
import re
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from triage.cli import live
from triage.cli.language import catalogue
from triage.cli.login import NOBODY, with_login
from triage.cli.options import (
    AroundOption,
    QuietOption,
    SinceOption,
    SinceTimeOption,
    UntilOption,
    VerboseOption,
)
from triage.cli.redaction import Redaction, RedactionMapOption, RedactOption
from triage.cli.streams import emit
from triage.cli.times import now_ns, window
from triage.errors import ExitCode
from triage.model.collection import LIMIT_BYTES, Login, Wish

_ARCHIVES = (".tar.gz", ".tgz")


@with_login
def collect(
    print_script: Annotated[
        bool,
        typer.Option(
            "--print-script", help="Print a POSIX script (sh and kubectl only) that saves an evidence folder."
        ),
    ] = False,
    output_file: Annotated[
        Path | None,
        typer.Option(
            "--output-file", metavar="PATH", help="A new .tar.gz, or a new folder; else a name with the time."
        ),
    ] = None,
    namespace: live.NamespaceOption = None,
    all_namespaces: live.AllNamespacesOption = False,
    selector: live.SelectorOption = None,
    container: live.ContainerOption = None,
    no_previous: live.NoPreviousOption = False,
    metrics: live.MetricsOption = False,
    since: SinceOption = None,
    since_time: SinceTimeOption = None,
    until: UntilOption = None,
    around: AroundOption = None,
    redact: RedactOption = None,
    redaction_map: RedactionMapOption = None,
    login: Login = NOBODY,
    concurrency: live.ConcurrencyOption = 8,
    limit_bytes: live.LimitOption = LIMIT_BYTES,
    no_input: live.NoInputOption = False,
    verbose: VerboseOption = 0,
    quiet: QuietOption = False,
) -> None:
    """Save the evidence of a live cluster as a bundle. It only reads."""
    from triage import pipeline

    if print_script:
        emit(pipeline.print_script())
        return
    now = now_ns(os.environ, time.time_ns())
    since_ns, _, asked = window(now, since=since, since_time=since_time, until=until, around=around)
    wish = Wish(
        live.checked_names(namespace), all_namespaces, selector, container, not no_previous,
        live.rfc3339(since_ns) if since_ns is not None else None, asked, metrics,
        limit_bytes=limit_bytes, concurrency=concurrency,
    )  # fmt: skip
    session = live.Session(login, wish, quiet, verbose, no_input)
    redaction = Redaction(redact, redaction_map)
    redaction.check([output_file] if output_file else [])
    reader = session.connect()
    with live.interruptible() as stopped, tempfile.TemporaryDirectory(prefix="coredns-triage-") as scratch:
        as_folder = output_file is not None and not output_file.name.endswith(_ARCHIVES)
        folder = live.new_folder(output_file) if output_file and as_folder else Path(scratch, "packed")
        folder.mkdir(exist_ok=True)
        raw = Path(scratch, "raw") if redaction.of_bundles else folder
        raw.mkdir(exist_ok=True)
        collected = session.collect(reader, raw, now, stopped)
        if collected.n_logs and redaction.of_bundles:
            redaction.save_bundle(raw, folder)
        bundle = output_file or Path(_name(None if redaction.of_bundles else collected.cluster.get("context"), now))
        if collected.n_logs and not as_folder:
            live.pack(folder, bundle)
    if not collected.n_logs:
        raise live.no_logs(collected, catalogue(pipeline.load_rulebook(None)))
    if not quiet:
        live.summarise(collected, bundle, redaction.wrote("text"))
    emit(f"{bundle}\n")
    if stopped.is_set():
        raise typer.Exit(ExitCode.INTERRUPTED)


def _name(context: str | None, now: int) -> str:
    """File name of a bundle.

    >>> _name("admin@prod/eu", 0), _name(None, 0)
    ('coredns-triage-admin-prod-eu-19700101T000000Z.tar.gz', 'coredns-triage-cluster-19700101T000000Z.tar.gz')
    """
    cluster = re.sub(r"[^A-Za-z0-9.]+", "-", context or "cluster").strip("-.")[:60] or "cluster"
    stamp = re.sub(r"[-:]", "", live.rfc3339(now))
    return f"coredns-triage-{cluster}-{stamp}.tar.gz"
