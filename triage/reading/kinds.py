"""Names of query lines, counted by columns: each name with an answer is a kind, and has a number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import compress
from typing import NamedTuple

import numpy as np

from triage.reading.columns import NO_TIME, Ints
from triage.reading.thin import hash_of, is_below, level_of

MAX_TEXT = 400
"""Bytes that are kept of a line."""
name_hash = lru_cache(1 << 15)(hash_of)


class Row(NamedTuple):
    """What query lines are counted by, beside minute and duration."""

    part: int
    zone: int
    group: int


Key = tuple[int, bytes | None]
"""Place of a row, and a name; None for all names that are not watched."""


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
    """Counts, first and last times of kinds; of each row the names that are not watched are one kind."""

    def __init__(self, most: int) -> None:
        self.level = 0
        self.rows: list[Row] = []
        self._most = most
        self._place_of: dict[Row, int] = {}
        self._number_of: dict[Key, int] = {}
        self._texts: list[bytes] = []
        self.row = np.zeros(0, np.int64)
        """Of each kind its place in `rows`."""
        self._count = np.zeros(0, np.int64)
        self._first, self._last, self._line = self._count, self._count, self._count

    def place(self, row: Row) -> int:
        """The place of a row."""
        found = self._place_of.setdefault(row, len(self.rows))
        if found == len(self.rows):
            self.rows.append(row)
        return found

    def number(self, place: int, name: bytes | None) -> int:
        """The number of a kind."""
        if name is not None and self.level and not is_below(name_hash(name), self.level):
            name = None
        found = self._number_of.get((place, name))
        if found is None:
            found = self._number_of[place, name] = len(self._texts)
            if found == len(self.row):
                self._grow(max(1024, found))
            self.row[found] = place
            self._texts.append(b"")
        return found

    def _grow(self, n: int) -> None:
        more = np.zeros(n, np.int64)
        self.row, self._count = np.append(self.row, more), np.append(self._count, more)
        self._first, self._line = np.append(self._first, more + NO_TIME), np.append(self._line, more + NO_TIME)
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
        others = sum(bool(self._count[number]) for number in self._unwatched())
        return int(np.count_nonzero(self._count)) - others

    def _unwatched(self) -> Iterator[int]:
        found = (self._number_of.get((place, None)) for place in range(len(self.rows)))
        return (number for number in found if number is not None)

    def settle(self, level: int = 0) -> bool:
        """Watch only names whose hash is below a level, at least so high that they are few enough.

        True when it was raised: numbers are others then.
        """
        if len(self._texts) > self._most and len(self) > self._most:
            names = (name for _, name in self._counted()[0] if name is not None)
            level = max(level, level_of(map(name_hash, names), self._most, self.level))
        if level <= self.level:
            return False
        self.level = level
        keys, places = self._counted()
        stay = [name is not None and is_below(name_hash(name), level) for _, name in keys]
        self._leave(list(compress(keys, stay)), places[stay])
        return True

    def _counted(self) -> tuple[list[Key], Ints]:
        """Keys and numbers of the kinds of which lines were counted."""
        numbers = np.flatnonzero(self._count)
        keys = list(self._number_of)
        return [keys[number] for number in numbers.tolist()], numbers

    def _leave(self, keys: list[Key], numbers: Ints) -> None:
        """Leave these kinds only."""
        self._number_of = {key: number for number, key in enumerate(keys)}
        self._texts = [self._texts[number] for number in numbers.tolist()]
        self.row, self._count = self.row[numbers], self._count[numbers]
        self._first, self._last, self._line = self._first[numbers], self._last[numbers], self._line[numbers]

    def absorb(self, other: Kinds, translate: Callable[[Row], Row], lines: int) -> None:
        """Add those of lines that come after ours; the other one is empty then."""
        keys, numbers = other._counted()
        other._leave(keys, numbers)
        places = [self.place(translate(row)) for row in other.rows]
        self.settle(other.level)
        other._line += lines
        if self._texts:
            kind = np.array([self.number(places[place], name) for place, name in keys], np.int64)
            self.count(kind, other._line, other._first, other._last, other._texts.__getitem__, other._count)
            self.settle()
            return
        self._number_of = {(places[place], name): number for number, (place, name) in enumerate(keys)}
        self.row = np.array(places, np.int64)[other.row]
        self._texts, self._count = other._texts, other._count
        self._first, self._last, self._line = other._first, other._last, other._line

    def names(self) -> Iterator[Name]:
        """Those that are watched."""
        keys, numbers = self._counted()
        columns = (self._count, self._first, self._last, self._line)
        rows = zip(*(column[numbers].tolist() for column in columns), strict=True)
        for (place, name), number, (n, first, last, line) in zip(keys, numbers.tolist(), rows, strict=True):
            if name is not None:
                first_ns, last_ns = (None if first == NO_TIME else first), (None if last < 0 else last)
                yield Name(self.rows[place], name, n, first_ns, last_ns, line, self._texts[number])
