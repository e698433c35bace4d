"""`triage analyze`: an evidence folder, files or standard input → a report."""

from __future__ import annotations

import ipaddress
import os
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated

import typer

from triage.cli import made
from triage.cli.history import HistoryOption, Past
from triage.cli.language import catalogue
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
from triage.cli.reporting import Target, exit_code, show
from triage.cli.scanning import ClusterOption, Scanning, WorkersOption
from triage.cli.streams import stdin_bytes, tell
from triage.cli.times import now_ns, window
from triage.errors import ExitCode, NoEvidenceError, TriageError
from triage.model.bundle import Bundle, Kind
from triage.model.rule import Rulebook

PathsArgument = Annotated[
    list[str], typer.Argument(metavar="PATH...", help="Evidence folder, archive or files; - is standard input.")
]


def analyze(
    paths: PathsArgument,
    output: OutputOption = Output.TEXT,
    write: WriteOption = None,
    output_file: OutputFileOption = None,
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
    colour: ColourOption = Colour.AUTO,
    lang: LangOption = None,
    rules: RulesOption = None,
    verbose: VerboseOption = 0,
    quiet: QuietOption = False,
    workers: WorkersOption = None,
    cluster: ClusterOption = None,
) -> None:
    """Analyse saved evidence and print the ranked causes."""
    from triage import pipeline

    target = Target(output, output_file, tuple(write or ()), colour, quiet, Redaction(redact, redaction_map))
    target.check()
    past = Past(history)
    past.check()
    now = now_ns(os.environ, time.time_ns())
    since_ns, until_ns, asked = window(now, since=since, since_time=since_time, until=until, around=around)
    networks = read_subnets(subnets or ())

    @cache
    def rulebook() -> Rulebook:
        found = pipeline.load_rulebook(rules)
        catalogue(found)  # an unknown language is told before gigabytes are read
        return found

    bundle = Bundle(())
    try:
        bundle = pipeline.load_bundle(paths, stdin_bytes() if "-" in paths else None)
        if verbose:
            tell("documents that were read: {n}", n=len(bundle.documents))
        with Scanning(cluster, workers, quiet).begin() as (pool, watch):
            report = pipeline.analyze(
                bundle,
                rulebook,
                now_ns=now,
                since_ns=since_ns,
                until_ns=until_ns,
                asked=asked,
                subnets=networks or None,
                workers=pool,
                watch=watch,
                keep=made.append,
            )
    except NoEvidenceError:
        if target.wants_json:
            show(pipeline.no_evidence_report(bundle, rulebook(), now_ns=now), catalogue(rulebook()), target)
        raise
    show(report, catalogue(rulebook()), target, past.record(report))
    past.keep(report)
    if watch.stopped:
        raise typer.Exit(ExitCode.INTERRUPTED)
    raise typer.Exit(exit_code(report, fail_on, strict_coverage=strict_coverage))


def read_subnets(given: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Names to CIDRs, from `name=CIDR` and from files in the form of `subnets.yaml`."""
    networks: dict[str, list[str]] = {}
    for item in given:
        name, equals, cidr = item.partition("=")
        found = {name: [cidr]} if equals and name and not Path(item).exists() else _subnets_of_file(item)
        for key, cidrs in found.items():
            networks.setdefault(key, []).extend(_checked(cidr, item) for cidr in cidrs)
    return networks


def _subnets_of_file(path: str) -> Mapping[str, Sequence[str]]:
    from triage import pipeline

    found: dict[str, Sequence[str]] = {}
    for document in pipeline.load_bundle([path], None).of(Kind.SUBNETS):
        if isinstance(document.data, Mapping):
            for name, cidrs in document.data.items():
                found[str(name)] = [str(cidr) for cidr in cidrs] if isinstance(cidrs, list) else [str(cidrs)]
    if not found:
        raise TriageError(
            "--subnets {path}: no subnets in it", hint="write lines such as `master: 10.0.8.0/24`", path=path
        )
    return found


def _checked(cidr: str, item: str) -> str:
    try:
        return str(ipaddress.ip_network(cidr.strip(), strict=False))
    except ValueError as error:
        raise TriageError(
            "--subnets {item}: '{cidr}' is no CIDR",
            hint="write an address/length: 10.0.8.0/24",
            item=item,
            cidr=cidr,
        ) from error
