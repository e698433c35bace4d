"""`triage diagnose`: a live cluster → a report."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triage.cli import live
from triage.cli.analyze import analyze, read_subnets
from triage.cli.history import HistoryOption, Past
from triage.cli.language import catalogue
from triage.cli.login import NOBODY, with_login
from triage.cli.options import (
    AroundOption,
    Colour,
    ColourOption,
    FailOn,
    FailOnOption,
    LangOption,
    Output,
    OutputFileOption,
    OutputOption,
    QuietOption,
    RulesOption,
    SinceOption,
    SinceTimeOption,
    StrictCoverageOption,
    SubnetsOption,
    UntilOption,
    VerboseOption,
    WriteOption,
)
from triage.cli.redaction import Redaction, RedactionMapOption, RedactOption
from triage.cli.reporting import Target, show
from triage.cli.times import now_ns, window
from triage.errors import ExitCode, NoEvidenceError
from triage.model.collection import LIMIT_BYTES, Collected, Login, Wish

if TYPE_CHECKING:
    from triage.model.bundle import Bundle
    from triage.model.text import Catalogue


@with_login
def diagnose(
    namespace: live.NamespaceOption = None,
    all_namespaces: live.AllNamespacesOption = False,
    selector: live.SelectorOption = None,
    container: live.ContainerOption = None,
    no_previous: live.NoPreviousOption = False,
    metrics: live.MetricsOption = False,
    output: OutputOption = Output.TEXT,
    write: WriteOption = None,
    output_file: OutputFileOption = None,
    bundle: Annotated[
        Path | None, typer.Option("--bundle", metavar="FOLDER", help="Keep the evidence in a new folder.")
    ] = None,
    since: SinceOption = None,
    since_time: SinceTimeOption = None,
    until: UntilOption = None,
    around: AroundOption = None,
    subnets: SubnetsOption = None,
    fail_on: FailOnOption = FailOn.NONE,
    strict_coverage: StrictCoverageOption = False,
    history: HistoryOption = None,
    redact: RedactOption = None,
    redaction_map: RedactionMapOption = None,
    login: Login = NOBODY,
    concurrency: live.ConcurrencyOption = 8,
    limit_bytes: live.LimitOption = LIMIT_BYTES,
    no_input: live.NoInputOption = False,
    colour: ColourOption = Colour.AUTO,
    lang: LangOption = None,
    rules: RulesOption = None,
    verbose: VerboseOption = 0,
    quiet: QuietOption = False,
) -> None:
    """Collect from a live cluster, analyse, and print the ranked causes. It only reads."""
    redaction = Redaction(redact, redaction_map)
    target = Target(output, output_file, tuple(write or ()), colour, quiet, redaction)
    target.check()
    Past(history).check()
    now = now_ns(os.environ, time.time_ns())
    since_ns, _, asked = window(now, since=since, since_time=since_time, until=until, around=around)
    read_subnets(subnets or ())
    wish = Wish(
        live.checked_names(namespace), all_namespaces, selector, container, not no_previous,
        live.rfc3339(since_ns) if since_ns is not None else None, asked, metrics,
        limit_bytes=limit_bytes, concurrency=concurrency,
    )  # fmt: skip
    session = live.Session(login, wish, quiet, verbose, no_input)
    try:
        reader = session.connect()
    except NoEvidenceError:  # nobody could log in
        from triage.model.bundle import Bundle

        _tell_nothing(Bundle(()), target, now)
        raise
    with live.interruptible() as stopped, tempfile.TemporaryDirectory(prefix="coredns-triage-") as scratch:
        folder = live.new_folder(bundle) if bundle and not redaction.of_bundles else Path(scratch)
        collected = session.collect(reader, folder, now, stopped)
        if not collected.n_logs:
            _nothing(collected, target, now)
        if bundle and redaction.of_bundles:  # what is kept is what is analysed, so that both name things alike
            folder = live.new_folder(bundle)
            redaction.save_bundle(Path(scratch), folder)
        try:
            analyze(
                [str(folder)], output, [*(write or ()), *([folder / "report.json"] if bundle else ())], output_file,
                since, since_time, until, around, subnets, fail_on, strict_coverage,
                history, redact, redaction_map, colour, lang, rules, verbose, quiet,
            )  # fmt: skip
        except typer.Exit:
            if stopped.is_set():
                raise typer.Exit(ExitCode.INTERRUPTED) from None
            raise


def _nothing(collected: Collected, target: Target, now: int) -> None:
    """No log at all: says why; the JSON report tells the gaps."""
    from triage import pipeline

    texts = _tell_nothing(pipeline.load_bundle([str(collected.folder)], None), target, now)
    raise live.no_logs(collected, texts)


def _tell_nothing(bundle: Bundle, target: Target, now: int) -> Catalogue:
    from triage import pipeline

    rulebook = pipeline.load_rulebook(None)
    texts = catalogue(rulebook)
    if target.wants_json:
        show(pipeline.no_evidence_report(bundle, rulebook, now_ns=now), texts, target)
    return texts
