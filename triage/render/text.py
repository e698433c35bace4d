"""The report as text: the first screen, then the rest; `wide` says everything about every explanation and file."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from triage.model.observation import Citation
from triage.model.report import FileCoverage, Hypothesis, ReplicaCoverage, Report
from triage.model.text import Catalogue
from triage.render import sentences
from triage.render.clean import clean
from triage.render.detail import cited_lines, details
from triage.render.layout import cells, finish, hang, paint, table
from triage.render.screen import first_screen
from triage.render.style import Style
from triage.render.words import QUIET, Words, clock, leaders

_STEP = "  "
_HEAD = 2
"""Lines above the rows of a table: its title and its columns."""
_SAMPLES = 3
_LEAST = ("last", "first", "framing", "understood", "word", "group", "queries", "lines", "subnet", "node", "names")
"""Columns that `text` leaves to `wide` where a table does not fit, the first one first."""


def render_text(report: Report, catalogue: Catalogue, style: Style) -> str:
    """First screen, then the leader of each group, coverage and gaps."""
    return _Page(report, Words(catalogue), style, wide=False).render()


def render_wide(report: Report, catalogue: Catalogue, style: Style) -> str:
    """First screen, then everything about every explanation, file and gap."""
    return _Page(report, Words(catalogue), style, wide=True).render()


class _Page(Struct, frozen=True):
    report: Report
    words: Words
    style: Style
    wide: bool

    def render(self) -> str:
        """The parts, a blank line between two."""
        parts = [first_screen(self.report, self.words, self.style), self._explanations()]
        parts += [details(h, self.words, self.style, wide=self.wide) for h in self._told()]
        parts += [self._replicas(), self._files(), self._gaps(), self._notes()]
        lines: list[str] = []
        for part in parts:
            lines += ["", *part] if lines and part else part
        return finish(lines, self.style)

    def _told(self) -> tuple[Hypothesis, ...]:
        """`text` tells the leader of each group; a quiet one only when it is the verdict."""
        if self.wide:
            return self.report.hypotheses
        return tuple(
            h for h in leaders(self.report) if h.rank == self.report.hypotheses[0].rank or h.cause not in QUIET
        )

    def _table(self, title: str, columns: tuple[str, ...], rows: list[list[str]]) -> list[str]:
        if not rows:
            return []
        told = [i for i in range(len(columns)) if any(row[i] for row in rows)]  # a column that says nothing goes
        left: list[str] = []
        while True:
            head = [self.words.word(f"column.{columns[i]}") for i in told]
            lines = table(head, [[row[i] for i in told] for row in rows], _STEP)
            least = next((name for name in _LEAST if name in [columns[i] for i in told]), None)
            if self.wide or least is None or max(map(cells, lines)) <= self.style.columns:
                break
            told.remove(columns.index(least))
            left.append(self.words.word(f"column.{least}"))
        more = hang(_STEP, self.words.word("text.columns", names=tuple(left)), self.style.columns) if left else []
        return [self._title(title), *lines, *more]

    def _title(self, key: str) -> str:
        return paint(self.words.word(f"head.{key}"), "bold", self.style)

    def _explanations(self) -> list[str]:
        columns = ("rank", "group", "probability", "word", "cause", "upstream", "names", "place")
        lines = self._table("explanations", columns, [self._explanation(h) for h in self.report.hypotheses])
        groups = [h.group for h in self.report.hypotheses]
        for row in reversed(range(1, len(groups))):  # each fault's probabilities are its own
            if groups[row] != groups[row - 1]:
                lines.insert(_HEAD + row, "")
        return lines

    def _explanation(self, h: Hypothesis) -> list[str]:
        place = f"{h.scope.kind}/{h.scope.member}" if h.scope and h.scope.member else h.scope.kind if h.scope else ""
        odds = self.words.percent(h.probability).replace(" ", "")
        return [
            f"{h.rank}",
            f"{h.group}",
            odds,
            self.words.confidence(h),
            h.cause,
            clean(h.upstream or ""),
            clean(h.zone or ""),
            clean(place),
        ]

    def _replicas(self) -> list[str]:
        columns = ("replica", "node", "subnet", "lines", "understood", "queries", "trouble", "first", "last")
        rows = [self._replica(r) for r in self.report.coverage.replicas]
        lines = self._table("coverage", columns, rows)
        samples = [
            s for r in self.report.coverage.replicas for s in r.unknown_samples[: None if self.wide else _SAMPLES]
        ]
        if samples:
            lines.append(_STEP + self.words.word("coverage.not-understood"))
            lines += self._cited(samples)
        return lines

    def _cited(self, samples: Iterable[Citation]) -> list[str]:
        """Citations below a table."""
        indent = _STEP * 2
        return [line for s in samples for line in cited_lines(indent, s, self.words, self.style, wide=self.wide)]

    def _replica(self, r: ReplicaCoverage) -> list[str]:
        name = sentences.replica(r, self.report, self.words)
        place = [clean(name), clean(r.node or ""), clean(r.subnet or "")]
        if not r.has_log:
            return [*place, self.words.word("coverage.no-log"), "", "", "", "", ""]
        counts = [f"{r.lines}", f"{r.understood}", f"{r.queries}", f"{r.failures}"]
        return [*place, *counts, clock(r.first_ns) or "", clock(r.last_ns) or ""]

    def _files(self) -> list[str]:
        files = self.report.coverage.files
        shown = [f for f in files if self.wide or f.why_ignored or f.notes]
        columns = ("file", "kind", "framing", "lines", "understood", "first", "last")
        lines = self._table("files", columns, [_file(f) for f in shown])
        for remark, names in sentences.remarks(shown, self.words).items():
            lines += hang(f"{_STEP}- ", f"{remark}: {', '.join(names)}", self.style.columns)
        samples = [sample for file in shown if self.wide for sample in file.unknown_samples]
        lines += self._cited(samples)
        if len(shown) < len(files):
            left = self.words.count("file", len(files) - len(shown))
            lines += [self._title("files")] if not lines else []
            lines.append(_STEP + self.words.word("coverage.other-files", files=left))
        return lines

    def _gaps(self) -> list[str]:
        lines: list[str] = []
        for gap in self.report.gaps:
            lines += hang(_STEP + "- ", sentences.gap(gap, self.words), self.style.columns)
            lines += [_STEP * 3 + paint(clean(gap.command), "cyan", self.style)] if gap.command else []
        return [self._title("gaps"), *lines] if lines else []

    def _notes(self) -> list[str]:
        lines = [
            line for note in self.report.notes for line in hang(_STEP + "- ", self.words.say(note), self.style.columns)
        ]
        return [self._title("notes"), *lines] if lines else []


def _file(f: FileCoverage) -> list[str]:
    counts = ["" if n is None else f"{n}" for n in (f.file_lines if f.lines is None else f.lines, f.understood)]
    return [
        clean(f.file),
        clean(f.kind),
        clean(f.framing or ""),
        *counts,
        clock(f.first_ns) or "",
        clock(f.last_ns) or "",
    ]
