"""Tables as kubectl prints them: columns padded with blanks, cells that may hold single blanks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from msgspec import Struct

from triage.model.late import late

MAX_ROW = 4000
"""Characters of a row that are looked at; kubectl's own rows are shorter."""

MAX_ROWS = 500_000

_GAP = late(r" {2,}|\t+")
_AGE_PART = late(r"(\d{1,9})([ywdhms])")
_AGE = late(r"(?:\d{1,9}[ywdhms]){1,6}")
_SECONDS = {"y": 365 * 86400, "w": 7 * 86400, "d": 86400, "h": 3600, "m": 60, "s": 1}
_NOTHING = frozenset({"", "<none>", "<unset>", "<unknown>", "<nil>", "<invalid>"})


class Row(Struct, frozen=True):
    """One row of a table: its text without comment marks, and its line number in the file."""

    text: str
    number: int
    cells: Mapping[str, str]
    """Header word (upper case) to cell; empty when no header stands above."""


def age_s(text: str | None) -> float | None:
    """Seconds of an age as kubectl prints it; None when it is none.

    >>> [age_s(t) for t in ("2m38s", "9d", "3h16m", "2y35d", "<unknown>")]
    [158.0, 777600.0, 11760.0, 66096000.0, None]
    """
    if text is None or not _AGE.fullmatch(text):
        return None
    return float(sum(int(n) * _SECONDS[unit] for n, unit in _AGE_PART.findall(text)))


def told(cell: str | None) -> str | None:
    """A cell's value; None for kubectl's ways to say nothing.

    >>> told("<none>"), told("10.0.0.7")
    (None, '10.0.0.7')
    """
    return None if cell is None or cell.strip() in _NOTHING else cell.strip()


def plain(line: str) -> str:
    """A line without the marks that people put in front of pasted output.

    >>> plain("# coredns-7c4d-x2x   0/1   Pending  ")
    'coredns-7c4d-x2x   0/1   Pending'
    """
    text = line[:MAX_ROW].rstrip()
    for mark in ("# ", "> ", "## "):
        if text.startswith(mark):
            text = text[len(mark) :]
    return text.strip("│┃|").strip() if text[:1] in "│┃|" else text


def rows(text: str, headers: Mapping[str, str], *, first_line: int = 1) -> Iterator[Row]:
    """The rows of every table in a text; blank lines and headers are left out.

    `headers` maps header words to the name that the caller uses for the column. A line is a header when
    at least two of its words are known and all its words are capitals.
    """
    columns: Sequence[tuple[int, str]] = ()
    for number, line in islice(enumerate(text.splitlines(), first_line), MAX_ROWS):
        row = plain(line) if line else ""
        if not row.strip():
            continue
        found = _header(row, headers)
        if found:
            columns = found
        else:
            yield Row(row.strip(), number, _cells(row, columns) if columns else {})


def _header(row: str, headers: Mapping[str, str]) -> Sequence[tuple[int, str]]:
    if row != row.upper():
        return ()
    columns = [(start, headers.get(word, word.lower())) for start, word in _split(row)]
    known = sum(name in headers.values() for _, name in columns)
    return columns if known >= 2 else ()


def _split(row: str) -> list[tuple[int, str]]:
    """Cells with their start; cells are apart by two blanks or a tab."""
    cells, at = [], 0
    for gap in _GAP.finditer(row):
        if gap.start() > at:
            cells.append((at, row[at : gap.start()]))
        at = gap.end()
    if at < len(row):
        cells.append((at, row[at:]))
    return cells


def _cells(row: str, columns: Sequence[tuple[int, str]]) -> Mapping[str, str]:
    """Cells by column: in order when none is empty, else each by the header it stands under."""
    cells = _split(row)
    if len(cells) == len(columns):
        return {name: text for (_, name), (_, text) in zip(columns, cells, strict=True)}
    placed: dict[str, str] = {}
    at = 0
    for start, text in cells:
        while at + 1 < len(columns) and columns[at + 1][0] <= start:
            at += 1
        name = columns[at][1]
        placed[name] = f"{placed[name]}  {text}" if name in placed else text
    return placed
