"""The explanations as a table for spreadsheets: one row each, in the order of their ranks."""

from __future__ import annotations

import csv
import io

from triage.model.report import Hypothesis, Report
from triage.model.text import Catalogue
from triage.render.clean import clean
from triage.render.entries import cell
from triage.render.style import Style
from triage.render.words import Words, when

CELL = 32_767
"""Characters that a cell of a spreadsheet may have."""
COLUMNS = (
    "rank", "group", "id", "cause", "probability", "confidence", "severity", "upstream", "zone", "scope_kind",
    "scope_member", "scope_replicas", "indistinguishable", "explained_share", "first_seen", "last_seen", "title",
    "next_command",
)  # fmt: skip
"""The first line; names as in the JSON report."""


def render_csv(report: Report, catalogue: Catalogue, style: Style) -> str:
    """RFC 4180 with a head line and plain newlines; empty for what is not known, lists joined by blanks."""
    words = Words(catalogue)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([cell(value) for value in _row(h, words)] for h in report.hypotheses)
    return buffer.getvalue()


def _row(h: Hypothesis, words: Words) -> list[object]:
    scope = h.scope
    replicas = [clean(name) for name in scope.replicas] if scope else []
    twins = [clean(f"{twin.kind}/{twin.member or ''}") for twin in scope.indistinguishable] if scope else []
    command = clean(h.next_checks[0].command) if h.next_checks else ""
    return [
        h.rank, h.group, clean(h.id), clean(h.cause), round(h.probability, 4), h.confidence, h.severity,
        clean(h.upstream or ""), clean(h.zone or ""), clean(scope.kind) if scope else "",
        clean(scope.member or "") if scope else "",
        _joined(replicas, words), _joined(twins, words), round(h.explained_share, 4), when(h.first_ns) or "",
        when(h.last_ns) or "", _short(words.say(h.title)), command if len(command) < CELL else "",
    ]  # fmt: skip


def _joined(names: list[str], words: Words) -> str:
    """As many names as a cell holds, and how many are missing."""
    for n in range(len(names), -1, -1):
        text = " ".join([*names[:n], *([words.word("list.more", n=len(names) - n)] if n < len(names) else [])])
        if len(text) < CELL:
            break
    return text


def _short(text: str) -> str:
    return text if len(text) < CELL else text[: CELL - 2] + "…"
