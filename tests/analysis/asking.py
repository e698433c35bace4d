"""Asking the program, whatever the evidence comes as."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

from triage import pipeline
from triage.model.report import Hypothesis, Report
from triage.model.rule import Rulebook
from triage.model.text import Text

ROOT = Path(__file__).resolve().parents[2]
NOW_NS = 1_773_280_800 * 10**9
QUIET = {"benign", "unknown"}


@cache
def rulebook() -> Rulebook:
    return pipeline.load_rulebook(None)


def ask(*paths: Path | str) -> Report:
    """The report on folders and files."""
    bundle = pipeline.load_bundle([str(path) for path in paths], None)
    return pipeline.analyze(bundle, rulebook(), now_ns=NOW_NS)


def ask_stdin(raw: bytes) -> Report:
    """The report on what somebody pipes in."""
    return pipeline.analyze(pipeline.load_bundle(["-"], io.BytesIO(raw)), rulebook(), now_ns=NOW_NS)


def story(name: str) -> Report:
    return ask(ROOT / "sample_logs" / name)


def say(text: Text) -> str:
    return pipeline.catalogue(rulebook(), "en").say(text)


def places(h: Hypothesis) -> set[tuple[str, str | None]]:
    """The place of a hypothesis and its twins."""
    if h.scope is None:
        return set()
    return {(h.scope.kind, h.scope.member), *((m.kind, m.member) for m in h.scope.indistinguishable)}


def group_of(report: Report, cause: str) -> list[Hypothesis]:
    """All explanations of the fault that this cause is one of; none: nobody named it."""
    number = next((h.group for h in report.hypotheses if h.cause == cause), None)
    return [h for h in report.hypotheses if h.group == number]


def first_check(h: Hypothesis) -> str:
    return h.next_checks[0].command


def texts(report: Report) -> str:
    """Every sentence of a report that a reader sees."""
    found = [say(note) for note in report.notes]
    for h in report.hypotheses:
        found += [say(h.title), *(say(e.statement) for e in h.evidence), *(say(f.text) for f in h.fix)]
        found += [say(text) for c in h.next_checks for e in c.expect for text in (e.outcome, e.means)]
    return "\n".join(found)


def outline(report: Report, least: float = 0.02) -> list[tuple[object, ...]]:
    """What a report claims, without names of files."""
    return [
        (h.group, h.cause, round(h.probability, 9), h.upstreams, h.zone, h.scope)
        for h in report.hypotheses
        if h.probability >= least
    ]
