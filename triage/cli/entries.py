"""`triage entries`: the lines of logs as records."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Annotated

import typer

from triage.cli.analyze import PathsArgument, read_subnets
from triage.cli.language import catalogue
from triage.cli.options import AroundOption, SinceOption, SinceTimeOption, SubnetsOption, UntilOption
from triage.cli.streams import emit, stdin_bytes
from triage.cli.times import now_ns, window
from triage.errors import NoEvidenceError
from triage.model.bundle import Kind

_PIECE = 1 << 16
"""Characters that are written at once."""


class Form(StrEnum):
    """Forms of the records: the names of `triage.render.entries.WRITERS` (a test compares both)."""

    JSONL = "jsonl"
    CSV = "csv"
    SUMMARY = "summary"


def entries(
    paths: PathsArgument,
    output: Annotated[
        Form, typer.Option("--output", "-o", metavar="FORM", help="Form of the records: jsonl, csv or summary.")
    ] = Form.JSONL,
    unknown: Annotated[
        bool, typer.Option("--unknown", help="The lines that were not understood, instead of the others.")
    ] = False,
    since: SinceOption = None,
    since_time: SinceTimeOption = None,
    until: UntilOption = None,
    around: AroundOption = None,
    subnets: SubnetsOption = None,
) -> None:
    """Print every understood line of logs as a record (docs/entries.md)."""
    from triage import pipeline
    from triage.render.entries import WRITERS

    now = now_ns(os.environ, time.time_ns())
    since_ns, until_ns, _ = window(now, since=since, since_time=since_time, until=until, around=around)
    networks = read_subnets(subnets or ())
    bundle = pipeline.load_bundle(paths, stdin_bytes() if "-" in paths else None)
    if not bundle.of(Kind.LOG):
        raise NoEvidenceError("no log is among these files", hint="hand over CoreDNS logs (kubectl logs --timestamps)")
    words = catalogue(pipeline.load_rulebook(None))
    rows = pipeline.entries(bundle, since_ns=since_ns, until_ns=until_ns, subnets=networks or None)
    wanted = (row for row in rows if (row.message_id == "unknown") is unknown)
    for piece in _pieces(WRITERS[output](wanted, words)):
        if not emit(piece):
            return


def _pieces(lines: Iterable[str]) -> Iterator[str]:
    """Several lines at once."""
    held: list[str] = []
    size = 0
    for line in lines:
        held.append(line)
        size += len(line)
        if size >= _PIECE:
            yield "".join(held)
            held, size = [], 0
    yield "".join(held)
