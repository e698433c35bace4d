"""The first screen: verdict, whether it goes on, who is hit, why, what was not seen, and one command.

It has at most 20 rows. What is too long gives way in steps, the least important first; a command is never cut.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from triage.model.report import Evidence, Report
from triage.render import sentences
from triage.render.clean import clean
from triage.render.layout import cells, hang, paint, rows_on_screen
from triage.render.style import Style
from triage.render.words import QUIET, SIGNS, Words, strongest

ROWS = 20
_COLOURS = {"certain": "red", "likely": "red", "possible": "yellow", "unlikely": "dim"}
_LABELS = ("happening", "hit", "why", "changed", "gaps", "rival", "also", "next")
_REASONS = 3


class _Room(Struct, frozen=True):
    """Lines that each part may take."""

    title: int
    hit: int
    evidence: int
    gaps: int
    rivals: int
    where: int = 1
    changes: int = 1


_STEPS = (
    _Room(title=5, hit=5, evidence=3, gaps=4, rivals=3, where=3, changes=3),
    _Room(title=4, hit=3, evidence=2, gaps=3, rivals=2, where=2, changes=2),
    _Room(title=4, hit=2, evidence=2, gaps=2, rivals=1),
    _Room(title=4, hit=2, evidence=1, gaps=2, rivals=1),
    _Room(title=3, hit=2, evidence=1, gaps=1, rivals=1),
    _Room(title=2, hit=1, evidence=1, gaps=1, rivals=0),
)


def first_screen(report: Report, words: Words, style: Style) -> list[str]:
    """The lines of the first screen, as roomy as 20 rows allow."""
    plain = replace(style, colour=False)
    fits = (room for room in _STEPS if rows_on_screen(_compose(report, words, plain, room), style.columns) <= ROWS)
    return _compose(report, words, style, next(fits, _STEPS[-1]))


def _compose(report: Report, words: Words, style: Style, room: _Room) -> list[str]:
    names = {part: words.word(f"screen.{part}") for part in _LABELS}
    margin = max(cells(name) for name in names.values()) + 2
    lines = [
        paint(line, _colour(report), style)
        for line in hang("", sentences.verdict(report, words), style.columns, room.title)
    ]
    shown = ""
    for part, text, limit in _parts(report, words, room):
        if text and limit:
            lines += _labelled(names[part] if part != shown else "", margin, text, style, limit)
            shown = part
    step = sentences.next_step(report)
    if step is None:
        return lines
    command = step if isinstance(step, str) else step.command
    lines += _labelled(names["next"], margin, sentences.next_about(step, words), style, room.where)
    return [*lines, "  " + paint(clean(command), "cyan", style)]


def _parts(report: Report, words: Words, room: _Room) -> list[tuple[str, str, int]]:
    """Label, text and most lines of each part between verdict and command."""
    gaps = ("gaps", sentences.not_seen(report, words), room.gaps)
    if not report.hypotheses:
        return [gaps]
    tested = [item for item in strongest(report.hypotheses[0].evidence) if item.direction != "untested"]
    return [
        ("happening", sentences.happening(report, words), 3),
        ("hit", sentences.hit(report, words), room.hit),
        *(("why", _reason(item, words), room.evidence) for item in tested[:_REASONS]),
        ("changed", sentences.changed(report, words), room.changes),
        gaps,
        ("rival", sentences.rivals(report, words), room.rivals),
        ("also", sentences.further_faults(report, words), room.rivals),
    ]


def _reason(item: Evidence, words: Words) -> str:
    cited = f" [{words.cite(item.citations[0])}]" if item.citations else ""
    return f"{SIGNS[item.direction]} {words.say(item.statement)}{cited}"


def _labelled(label: str, margin: int, text: str, style: Style, limit: int) -> list[str]:
    first, *rest = hang(label + " " * (margin - cells(label)), text, style.columns, limit)
    return [paint(label, "bold", style) + first[len(label) :], *rest]


def _colour(report: Report) -> str:
    lead = report.hypotheses[:1]
    return "green" if not lead or lead[0].cause in QUIET else _COLOURS[lead[0].confidence]
