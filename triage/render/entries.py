"""Lines as records: JSON lines, CSV, and a table of how often each message stands in each replica."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

from triage.model.entry import ENTRY_FIELDS, EntryRow
from triage.model.text import Catalogue
from triage.render.layout import table
from triage.render.words import Words, clock, when

Writer = Callable[[Iterable[EntryRow], Catalogue], Iterator[str]]
"""Rows to pieces of text, each whole lines; a piece comes as soon as it is known."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is run by spreadsheets; query names are chosen by clients."""


def jsonl(rows: Iterable[EntryRow], catalogue: Catalogue) -> Iterator[str]:
    """One JSON object a line, in ASCII; `null` for what is not told."""
    for row in rows:
        yield json.dumps(dict(zip(ENTRY_FIELDS, _values(row), strict=True))) + "\n"


def csv_lines(rows: Iterable[EntryRow], catalogue: Catalogue) -> Iterator[str]:
    """RFC 4180 with a head line and plain newlines; empty for what is not told, `'` before what starts a formula."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(ENTRY_FIELDS)
    for row in rows:
        writer.writerow([cell(value) for value in _values(row)])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def summary(rows: Iterable[EntryRow], catalogue: Catalogue) -> Iterator[str]:
    """A table: for each message and replica its lines, what they count for, first and last time."""
    counts: dict[tuple[str, str], _Count] = {}
    for row in rows:
        counts.setdefault((row.message_id, row.replica or ""), _Count()).add(row)
    words = Words(catalogue)
    head = [words.word(f"column.{name}") for name in ("message", "replica", "lines", "weight", "first", "last")]
    ordered = sorted(counts.items(), key=lambda item: (-item[1].lines, item[0]))
    cells = [
        [message, replica, f"{n.lines}", f"{n.weight}", clock(n.first_ns) or "", clock(n.last_ns) or ""]
        for (message, replica), n in ordered
    ]
    yield "\n".join(table(head, cells)) + "\n"


WRITERS: Mapping[str, Writer] = MappingProxyType({"jsonl": jsonl, "csv": csv_lines, "summary": summary})
"""Name of a form to what writes it."""


class _Count:
    """Lines of one message in one replica."""

    __slots__ = ("first_ns", "last_ns", "lines", "weight")

    def __init__(self) -> None:
        self.lines = self.weight = 0
        self.first_ns: int | None = None
        self.last_ns: int | None = None

    def add(self, row: EntryRow) -> None:
        """Count a line."""
        self.lines += 1
        self.weight += row.weight
        if row.at_ns is not None:
            self.first_ns = row.at_ns if self.first_ns is None else min(self.first_ns, row.at_ns)
            self.last_ns = row.at_ns if self.last_ns is None else max(self.last_ns, row.at_ns)


def _values(row: EntryRow) -> tuple[object, ...]:
    return row._replace(at_ns=when(row.at_ns))  # type: ignore[arg-type]


def cell(value: object) -> object:
    """A cell that no spreadsheet runs.

    >>> cell("=HYPERLINK(1)"), cell(-1), cell("a=b")
    ("'=HYPERLINK(1)", -1, 'a=b')
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
