"""Lines of a fixed number of columns: measuring, wrapping, cropping, tables, colour. Nothing here knows a report."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from triage.render.style import Style

_CODES = {"bold": "1", "dim": "2", "red": "1;31", "yellow": "1;33", "green": "1;32", "cyan": "36"}
_ASCII = str.maketrans(
    {"…": "...", "·": "-", "–": "-", "—": "-", "→": "->", "≥": ">=", "≤": "<=", "×": "x", "“": '"', "”": '"'}
)

_WIDE = (
    r"\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6"
    r"\U0001f300-\U0001faff\U00020000-\U0003fffd"
)
_OPENS, _ENDS = "（《「『【〈〔“‘", "，。、；：！？）》」』】〉〕…％”’"


@cache
def _breakable() -> re.Pattern[str]:
    """What stays together where no blank stands: a wide character, or a run of narrow ones, with its punctuation."""
    return re.compile(rf"[{_OPENS}]*(?:[{_WIDE}]|[^{_WIDE}{_OPENS}]+|$)[{_ENDS}]*")


def cells(text: str) -> int:
    """Columns that a text takes: two for East Asian wide characters, none for combining ones.

    >>> cells("abc"), cells("名前"), cells("e\u0301")
    (3, 4, 1)
    """
    if text.isascii():
        return len(text)
    return sum(_cell(char) for char in text)


def _cell(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def crop(text: str, width: int) -> str:
    """The text, or its beginning and an ellipsis.

    >>> crop("abcdef", 4)
    'abc…'
    """
    if cells(text) <= width:
        return text
    return next(_pieces(text, width - 1), "").rstrip() + "…"


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most `width` columns, broken at blanks and between wide characters.

    No line begins with a closing mark or ends with an opening one; only what is longer than a line breaks anywhere.

    >>> wrap("one two three", 8)
    ['one two', 'three']
    >>> wrap("abcdefgh", 3)
    ['abc', 'def', 'gh']
    >>> wrap("上游 10.0.0.2:53 没有应答，其他正常。", 16)
    ['上游 10.0.0.2:53', '没有应答，其他正', '常。']
    """
    lines: list[str] = []
    line = ""
    for word in text.split():
        for number, part in enumerate(_parts(word)):
            joined = f"{line} {part}" if line and not number else line + part
            if cells(joined) <= width:
                line = joined
                continue
            if line:
                lines.append(line)
            *full, line = _pieces(part, width)
            lines.extend(full)
    return [*lines, line] if line or not lines else lines


def _parts(word: str) -> list[str]:
    return [word] if word.isascii() else [part for part in _breakable().findall(word) if part]


def _pieces(word: str, width: int) -> Iterator[str]:
    piece, used = "", 0
    for char in word:
        size = _cell(char)
        if used + size > width and piece:
            yield piece
            piece, used = "", 0
        piece, used = piece + char, used + size
    yield piece


def hang(label: str, text: str, width: int, limit: int | None = None) -> list[str]:
    """A label and its text, wrapped beside it; at most `limit` lines, the last one then ends in an ellipsis.

    >>> hang("Why  ", "one two three four five", 25)
    ['Why  one two three four', '     five']
    """
    room = max(width - cells(label), 20)
    lines = wrap(text, room)
    if limit is not None and len(lines) > limit:
        lines = [*lines[: limit - 1], crop(lines[limit - 1] + " …", room)]
        lines[-1] = lines[-1].replace(" ……", " …")
    blank = " " * cells(label)
    return [(label if i == 0 else blank) + line for i, line in enumerate(lines)]


def table(head: Sequence[str], rows: Iterable[Sequence[str]], indent: str = "") -> list[str]:
    """Columns two blanks apart, as kubectl prints them; an empty cell is `-`, so that every row has all its columns.

    >>> table(["A", "B"], [["x", ""], ["long", "y"]])
    ['A     B', 'x     -', 'long  y']
    """
    grid = [list(head), *([cell or "-" for cell in row] for row in rows)]
    widths = [max(cells(row[i]) for row in grid) for i in range(len(head))]
    return [indent + "  ".join(_pad(c, w) for c, w in zip(row, widths, strict=True)).rstrip() for row in grid]


def _pad(cell: str, width: int) -> str:
    return cell + " " * (width - cells(cell))


def rows_on_screen(lines: Iterable[str], width: int) -> int:
    """Terminal rows that these lines take: a line that is too long (a command) takes several."""
    return sum(max(1, -(-cells(line) // width)) for line in lines)


def paint(text: str, colour: str, style: Style) -> str:
    """The text in a colour or weight, where the style allows it."""
    return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if style.colour and text else text


def finish(lines: Iterable[str], style: Style) -> str:
    """The lines as one text without blanks at line ends."""
    text = "\n".join(line.rstrip() for line in lines) + "\n"
    return text if style.unicode else text.translate(_ASCII)
