"""What query lines say over and over, as numbers: questions with their answers, and addresses of clients."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from triage.model.zones import longest
from triage.reading.clients import key_of
from triage.reading.columns import Block, Bools, Columns, Ints
from triage.reading.hot import CLASSES_NS
from triage.reading.kinds import Kinds, Row
from triage.reading.thin import hash_of

ASKED = (
    rb'([A-Za-z0-9]{1,8}) IN ([!#-\[\]-~]{1,399}\.) (?:udp|tcp) \d+ (?:true|false) \d+" ([A-Z-]{1,8}) ([a-z,-]{1,24})'
)
"""From the type to the flags."""
_ASKED = re.compile(ASKED)
_IPV4 = re.compile(rb"[0-9.]+")
_MOST = 1 << 16
_SLOTS = 1 << 17
_VARIANTS = 8
_UNKNOWN = -1
NONE = -2
"""Of what is no query."""
Asked = tuple[bytes, int, int]
"""Name in small letters, its zone, and a number for type, rcode and flags."""


def variants(no_size: Bools, took_ns: Ints) -> Ints:
    """Classes of size and duration: with the question they tell where an answer came from."""
    found = no_size * np.int64(4)
    for limit in CLASSES_NS:
        found += took_ns >= limit
    return found


def variant(*, no_size: bool, took_ns: int) -> int:
    """The same of one line."""
    return 4 * no_size + sum(took_ns >= limit for limit in CLASSES_NS)


class _Numbers(dict[bytes, int]):
    """Numbers of texts; those met before are found by their hashes, all at once."""

    def __init__(self, number: Callable[[bytes], int]) -> None:
        self._number = number
        self._hashes = np.zeros(_SLOTS, np.uint64)
        self._numbers = np.full(_SLOTS, _UNKNOWN)

    def __missing__(self, text: bytes) -> int:
        found = self[text] = self._number(text)
        return found

    def of(self, block: Block, begin: Ints, end: Ints) -> Ints:
        """The numbers of texts of a block."""
        hashes = block.hashes(begin, end)
        slots = (hashes & np.uint64(_SLOTS - 1)).astype(np.int64)
        found = np.where(self._hashes[slots] == hashes, self._numbers[slots], _UNKNOWN)
        missing = np.flatnonzero(found == _UNKNOWN)
        if len(missing):
            raw, places = block.raw, zip(begin[missing].tolist(), end[missing].tolist(), strict=True)
            texts = [raw[a:b] for a, b in places]
            found[missing] = np.fromiter(map(self.__getitem__, texts), np.int64, len(texts))
            self._hashes[slots[missing]], self._numbers[slots[missing]] = hashes[missing], found[missing]
        return found


class Clients:
    """Clients by number."""

    def __init__(self) -> None:
        self._by_text = _Numbers(lambda text: self.number(text) if _IPV4.fullmatch(text) else NONE)
        self._numbers: dict[bytes, int] = {}
        self.hashes: list[int] = []
        """Of each client."""
        self.keys: list[str] = []
        """As what clients are counted."""
        self._places: dict[str, int] = {}
        self.key = np.zeros(2 * _MOST, np.int64)
        """Of each client its place in `keys`."""

    @property
    def n(self) -> int:
        """How many there are."""
        return max(len(self._by_text), len(self._numbers))

    def numbers(self, block: Block, begin: Ints, end: Ints) -> Ints:
        """The number of each client of IPv4; negative for what is none."""
        return self._by_text.of(block, begin, end)

    def number(self, client: bytes) -> int:
        """The number of a client."""
        found = self._numbers.setdefault(client, len(self.hashes))
        if found == len(self.hashes):
            key = key_of(client.decode())
            place = self.key[found] = self._places.setdefault(key, len(self.keys))
            if place == len(self.keys):
                self.keys.append(key)
            self.hashes.append(hash_of(client))
        return found


class Words:
    """What the lines of all documents say: questions with their answers, and clients."""

    def __init__(self, zones: tuple[bytes, ...]) -> None:
        self.zones = zones
        self.asked: list[Asked] = []
        self.clients = Clients()
        self.questions = _Numbers(self._question)
        self._zone_of = {zone.decode(): place for place, zone in enumerate(zones, 1)}
        self._names: dict[bytes, tuple[bytes, int]] = {}
        self._answers: dict[tuple[bytes, ...], int] = {}

    @property
    def is_full(self) -> bool:
        """Whether there are so many that others must begin."""
        return max(len(self.questions), len(self._names), self.clients.n) > _MOST

    def _question(self, text: bytes) -> int:
        match = _ASKED.fullmatch(text)
        if match is None:
            return NONE
        self.asked.append(self.asked_by(*match.groups()))
        return len(self.asked) - 1

    def asked_by(self, qtype: bytes, name: bytes, rcode: bytes, flags: bytes) -> Asked:
        """What a line says."""
        known = self._names.get(name)
        if known is None:
            lower = name.lower()
            known = self._names[name] = (lower, self._zone_of.get(longest(lower.decode(), self._zone_of), 0))
        answer = (qtype, rcode, flags)
        return (*known, self._answers.setdefault(answer, len(self._answers)))


_of_thread = threading.local()


def words_of(zones: tuple[bytes, ...]) -> Words:
    """The words of this thread: they are the same in one task after the other."""
    words: Words | None = getattr(_of_thread, "words", None)
    if words is None or words.zones != zones or words.is_full:
        words = _of_thread.words = Words(zones)
    return words


class Questions:
    """Kinds of lines by what they say; `group` tells the group of a line by its text, or -1."""

    def __init__(self, kinds: Kinds, zones: tuple[bytes, ...], group: Callable[[bytes], int]) -> None:
        self._kinds = kinds
        self._group = group
        self._zones = zones
        self._begin()

    def _begin(self) -> None:
        self.words = words_of(self._zones)
        self._rows: dict[tuple[int, int, int, int], int] = {}
        self.forget()

    def forget(self) -> None:
        """Numbers of kinds are others now."""
        self._of_part: dict[int, NDArray[np.int32]] = {}

    def tidy(self) -> None:
        """Forget what is too much: between two blocks."""
        if self.words.is_full:
            self._begin()
        elif len(self.words.asked) * len(self._of_part) > _MOST:
            self.forget()

    def kinds(self, block: Block, lines: Columns, part: Ints) -> Ints:
        """The kind of each line; negative for what is no query."""
        place = self.words.questions.of(block, lines.asked, lines.asked_end)
        code = place * _VARIANTS + variants(lines.no_size, lines.took_ns)
        kind = np.full(len(code), NONE)
        known = (place >= 0) & (part >= 0)
        for p in np.unique(part[known]).tolist():
            of_code, ours = self._room(p), np.flatnonzero(known & (part == p))
            codes = code[ours]
            unknown = np.flatnonzero(of_code[codes] == _UNKNOWN)
            new, first = np.unique(codes[unknown], return_index=True)
            for at, i in zip(new.tolist(), ours[unknown[first]].tolist(), strict=True):
                text = block.raw[lines.text[i] : lines.end[i]]
                of_code[at] = self.kind(p, self.words.asked[at // _VARIANTS], at % _VARIANTS, text)
            kind[ours] = of_code[codes]
        return kind

    def _room(self, part: int) -> NDArray[np.int32]:
        """The kinds of a part by place and variant."""
        size = len(self.words.asked) * _VARIANTS
        found = self._of_part.get(part)
        if found is None or len(found) < size:
            more = np.full(2 * size, _UNKNOWN, np.int32)
            if found is not None:
                more[: len(found)] = found
            found = self._of_part[part] = more
        return found

    def kind(self, part: int, asked: Asked, variant: int, text: bytes) -> int:
        """The kind of a line."""
        name, zone, answer = asked
        key = (part, zone, answer, variant)
        row = self._rows.get(key)
        if row is None:
            group = self._group(text)
            row = self._rows[key] = NONE if group < 0 else self._kinds.place(Row(part, zone, group))
        return row if row < 0 else self._kinds.number(row, name)
