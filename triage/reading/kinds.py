"""Names of query lines, counted by columns: each name with an answer is a kind, and has a number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from triage.reading.block import Ints
from triage.reading.columns import NO_TIME
from triage.reading.numbers import Names, Places
from triage.reading.thin import level_of

MAX_TEXT = 400
"""Bytes that are kept of a line."""
OTHERS = -1
"""Number of all names that are not counted."""
_SHIFT = 32


class Row(NamedTuple):
    """What query lines are counted by, beside minute and duration."""

    part: int
    zone: int
    group: int


class Name(NamedTuple):
    """Lines of one name with one answer."""

    row: Row
    name: bytes
    n: int
    first_ns: int | None
    last_ns: int | None
    line: int
    text: bytes
    """The first line, and its number."""


class Kinds:
    """Counts, first and last times of kinds; of each row the names that are not counted are one kind."""

    def __init__(self, most: int, names: Names) -> None:
        self.level = 0
        self.rows: Places[Row] = Places()
        self._names = names
        self._most = most
        self._number_of: Places[int] = Places()
        """By place of the row and number of the name."""
        self._texts: list[bytes] = []
        self.row = np.zeros(0, np.int64)
        """Of each kind its place in `rows`."""
        self._name = self._count = self._first = self._last = self._line = self.row

    def numbers(self, place: Ints, name: Ints) -> Ints:
        """The numbers of kinds by row and name, which may be OTHERS."""
        if self.level:
            name = np.where(self._names.below(name, self.level), name, OTHERS)
        found = self._number_of.of((place << _SHIFT | name + 1).tolist())
        if (more := len(self._number_of) - len(self._texts)) > 0:
            self._texts += [b""] * more
            if len(self._texts) > len(self.row):
                self._grow(max(1024, len(self._texts)))
            self.row[found], self._name[found] = place, name
        return found

    def _grow(self, n: int) -> None:
        more = np.zeros(n, np.int64)
        self.row, self._name, self._count = (np.append(a, more) for a in (self.row, self._name, self._count))
        self._first, self._line = (np.append(a, more + NO_TIME) for a in (self._first, self._line))
        self._last = np.append(self._last, more - 1)

    def count(
        self, kind: Ints, line: Ints, first: Ints, last: Ints, text: Callable[[int], bytes], n: Ints | int = 1
    ) -> None:
        """Count lines by columns; `text` tells the one at a place."""
        np.add.at(self._count, kind, n)
        np.maximum.at(self._last, kind, last)
        before = self._first[kind]
        np.minimum.at(self._first, kind, first)
        now = self._first[kind]
        self._line[kind[now < before]] = NO_TIME
        places = np.flatnonzero(first == now)
        kind, line = kind[places], line[places]
        np.minimum.at(self._line, kind, line)
        won = self._line[kind] == line
        for place, number in zip(places[won].tolist(), kind[won].tolist(), strict=True):
            self._texts[number] = text(place)

    def __len__(self) -> int:
        """Names of which lines were counted."""
        return len(self._counted())

    def _counted(self) -> Ints:
        return np.flatnonzero((self._count > 0) & (self._name != OTHERS))

    def settle(self, level: int = 0) -> bool:
        """Watch only names whose hash is below a level, at least so high that they are few enough.

        True when it was raised: numbers are others then.
        """
        if len(self._texts) > self._most and len(self) > self._most:
            hashes = self._names.hashes[self._name[self._counted()]]
            level = max(level, level_of(hashes.tolist(), self._most, self.level))
        if level <= self.level:
            return False
        self.level = level
        numbers = self._counted()
        self._leave(numbers[self._names.below(self._name[numbers], level)])
        return True

    def _leave(self, numbers: Ints) -> None:
        """Leave these kinds only."""
        self._texts = [self._texts[number] for number in numbers.tolist()]
        self.row, self._name, self._count = self.row[numbers], self._name[numbers], self._count[numbers]
        self._first, self._last, self._line = self._first[numbers], self._last[numbers], self._line[numbers]
        self._index()

    def _index(self) -> None:
        n = len(self._texts)
        self._number_of = Places(zip((self.row[:n] << _SHIFT | self._name[:n] + 1).tolist(), range(n), strict=True))

    def rename(self, names: Names) -> None:
        """Number names as these do."""
        numbers = np.unique(self._name[self._name != OTHERS])
        ours = self._names.texts
        place = np.full(len(ours) + 1, OTHERS)
        place[numbers] = names.of([ours[number] for number in numbers.tolist()])
        self._names, self._name = names, place[self._name]
        self._index()

    def absorb(self, other: Kinds, translate: Callable[[Row], Row], lines: int) -> None:
        """Add those of lines that come after ours; the other one is empty then."""
        other._leave(other._counted())
        places = self.rows.of([translate(row) for row in other.rows])
        self.settle(other.level)
        if other._names is not self._names:
            other.rename(self._names)
        other._line += lines
        row = places[other.row]
        if self._texts:
            kind = self.numbers(row, other._name)
            self.count(kind, other._line, other._first, other._last, other._texts.__getitem__, other._count)
            self.settle()
            return
        self.row, self._name, self._texts, self._count = row, other._name, other._texts, other._count
        self._first, self._last, self._line = other._first, other._last, other._line
        self._index()

    def names(self) -> Iterator[Name]:
        """Those that are watched."""
        numbers, rows, texts = self._counted(), list(self.rows), self._names.texts
        columns = (self.row, self._name, self._count, self._first, self._last, self._line)
        told = zip(numbers.tolist(), *(column[numbers].tolist() for column in columns), strict=True)
        for number, row, name, n, first, last, line in told:
            first_ns, last_ns = (None if first == NO_TIME else first), (None if last < 0 else last)
            yield Name(rows[row], texts[name], n, first_ns, last_ns, line, self._texts[number])

    def __getstate__(self) -> tuple[object, ...]:
        """Without what was not counted; no text has a newline."""
        self._leave(self._counted())
        used, name = np.unique(self._name, return_inverse=True)
        ours = self._names.texts
        names, texts = b"\n".join([ours[i] for i in used.tolist()]), b"\n".join(self._texts)
        columns = (self.row, name, self._count, self._first, self._last, self._line)
        return self.level, self._most, list(self.rows), names, texts, columns

    def __setstate__(self, state: tuple[int, int, list[Row], bytes, bytes, tuple[Ints, ...]]) -> None:
        level, most, rows, names, texts, columns = state
        self.__init__(most, Names())  # type: ignore[misc]
        self.level = level
        self.rows.of(rows)
        self.row, self._name, self._count, self._first, self._last, self._line = columns
        self._texts = texts.split(b"\n") if len(self.row) else []
        self._names.of(names.split(b"\n") if names else [])
        self._index()
