"""What query lines say over and over, as numbers: questions with their answers, and addresses of clients."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from triage.model.zones import longest
from triage.reading.block import Block, Bools, Ints
from triage.reading.clients import key_of
from triage.reading.columns import plain
from triage.reading.error_lines import Messages
from triage.reading.hot import CLASSES_NS
from triage.reading.kinds import OTHERS, Kinds, Row
from triage.reading.numbers import MOST, NONE, ROOM, Names, Numbers, Places
from triage.reading.queries import Queries
from triage.reading.thin import hash_of

ASKED = (
    rb'([A-Za-z0-9]{1,8}) IN ([!#-\[\]-~]{1,399}\.) (?:udp|tcp) \d+ (?:true|false) \d+" ([A-Z-]{1,8}) ([a-z,-]{1,24})'
)
"""From the type to the flags."""
_ASKED = re.compile(b'"' + ASKED)
_IPV4 = re.compile(rb"[0-9.]+")
_VARIANTS = 8
_UNKNOWN = -1
Said = tuple[int, bytes, bytes, bytes]
"""Zone, type, rcode, flags."""


def variants(no_size: Bools, took_ns: Ints) -> Ints:
    """Classes of size and duration: with the question they tell where an answer came from."""
    found = no_size * np.int64(4)
    for limit in CLASSES_NS:
        found += took_ns >= limit
    return found


def variant(*, no_size: bool, took_ns: int) -> int:
    """The same of one line."""
    return 4 * no_size + sum(took_ns >= limit for limit in CLASSES_NS)


class Clients:
    """Clients by number."""

    def __init__(self) -> None:
        self._by_text = Numbers(lambda text: self.number(text) if _IPV4.fullmatch(text) else NONE)
        self._numbers: dict[bytes, int] = {}
        self.hashes: list[int] = []
        """Of each client."""
        self.keys: list[str] = []
        """As what clients are counted."""
        self._places: dict[str, int] = {}
        self.key = np.zeros(ROOM, np.int64)
        """Of each client its place in `keys`."""

    @property
    def n(self) -> int:
        """How many there are."""
        return max(len(self._by_text), len(self._numbers))

    def numbers(self, block: Block, begin: Ints, end: Ints) -> Ints:
        """The number of each client of IPv4; negative for what is none."""
        return self._by_text.of(block, begin, end, 2)

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
        self.clients = Clients()
        self.names = Names()
        self.errors = Messages()
        self.questions = Numbers(self._question)
        self.name, self.said = np.zeros(ROOM, np.int64), np.zeros(ROOM, np.int64)
        """Of each question, by number: its name, and what else is said."""
        self._zone_of = {zone.decode(): place for place, zone in enumerate(zones, 1)}
        self._asked: dict[bytes, tuple[int, int]] = {}
        self._said: Places[Said] = Places()
        self.n = 0
        """Questions."""

    @property
    def is_full(self) -> bool:
        """Whether there are so many that others must begin."""
        found = (len(self.questions), len(self.names), len(self._asked), self.clients.n, self.errors.n)
        return max(found) > MOST

    def _question(self, text: bytes) -> int:
        if text.startswith(b"\\"):
            if text.count(b'\\"') != 2:
                return NONE
            text = plain(text)
        match = _ASKED.fullmatch(text)
        if match is None:
            return NONE
        self.name[self.n], self.said[self.n] = self.asked_by(*match.groups())
        self.n += 1
        return self.n - 1

    def asked_by(self, qtype: bytes, name: bytes, rcode: bytes, flags: bytes) -> tuple[int, int]:
        """The name of a line, and a number for its zone, type, rcode and flags."""
        known = self._asked.get(name)
        if known is None:
            lower = name.lower()
            zone = self._zone_of.get(longest(lower.decode(), self._zone_of), 0)
            known = self._asked[name] = (self.names[lower], zone)
        return known[0], self._said[known[1], qtype, rcode, flags]

    def zone(self, said: int) -> int:
        """The zone of what is said."""
        return list(self._said)[said][0]


_of_thread = threading.local()


def words_of(zones: tuple[bytes, ...]) -> Words:
    """The words of this thread: they are the same in one task after the other."""
    words: Words | None = getattr(_of_thread, "words", None)
    if words is None or words.zones != zones or words.is_full:
        words = _of_thread.words = Words(zones)
    return words


class Questions:
    """Kinds of lines by what they say; `group` tells by a line its group, or -1, and whether names are counted."""

    def __init__(self, most: int, zones: tuple[bytes, ...], group: Callable[[bytes], tuple[int, bool]]) -> None:
        self._group = group
        self._zones = zones
        self.words = words_of(zones)
        self.of = Kinds(most, self.words.names)
        self._nameless: set[int] = set()
        """Places of rows of whose lines no names are counted."""
        self._begin()

    def _begin(self) -> None:
        self._rows: dict[tuple[int, int, int], int] = {}
        self.forget()

    def forget(self) -> None:
        """Numbers of kinds are others now."""
        self._of_part: dict[int, NDArray[np.int32]] = {}

    def tidy(self) -> None:
        """Forget what is too much: between two blocks."""
        if self.words.is_full:
            self.words = words_of(self._zones)
            self.of.rename(self.words.names)
            self._begin()
        elif self.words.n * len(self._of_part) > MOST:
            self.forget()

    def kinds(self, block: Block, lines: Queries, part: Ints) -> Ints:
        """The kind of each line; negative for what is no query."""
        question = self.words.questions.of(block, lines.asked, lines.asked_end)
        code = question * _VARIANTS + variants(lines.no_size, lines.took_ns)
        kind = np.full(len(code), NONE)
        known = (question >= 0) & (part >= 0)
        for p in np.flatnonzero(np.bincount(part[known])).tolist():
            ours = np.flatnonzero(known & (part == p))
            of_code, codes = self._room(p), code[ours]
            unknown = np.flatnonzero(of_code[codes] == _UNKNOWN)
            if len(unknown):
                new, first = np.unique(codes[unknown], return_index=True)
                of_code[new] = self._new(p, new, block, lines, ours[unknown[first]])
            kind[ours] = of_code[codes]
        return kind

    def _new(self, part: int, code: Ints, block: Block, lines: Queries, line: Ints) -> Ints:
        """Kinds by question and variant, each with a line."""
        question, variant = code // _VARIANTS, code % _VARIANTS
        said, first, which = np.unique(
            self.words.said[question] * _VARIANTS + variant, return_index=True, return_inverse=True
        )
        begin, end = lines.places.text[line[first]].tolist(), lines.places.end[line[first]].tolist()
        texts = (plain(block.raw[a:b]) for a, b in zip(begin, end, strict=True))
        rows = [self._row((part, *divmod(s, _VARIANTS)), text) for s, text in zip(said.tolist(), texts, strict=True)]
        row = np.array(rows)[which]
        found = np.full(len(code), NONE)
        name = np.where(np.isin(row, list(self._nameless)), OTHERS, self.words.name[question])
        found[row >= 0] = self.of.numbers(row[row >= 0], name[row >= 0])
        return found

    def _room(self, part: int) -> NDArray[np.int32]:
        """The kinds of a part by question and variant."""
        size = self.words.n * _VARIANTS
        found = self._of_part.get(part)
        if found is None or len(found) < size:
            more = np.full(2 * size, _UNKNOWN, np.int32)
            if found is not None:
                more[: len(found)] = found
            found = self._of_part[part] = more
        return found

    def kind(self, part: int, asked: tuple[int, int], variant: int, text: bytes) -> int:
        """The kind of a line."""
        name, said = asked
        row = self._row((part, said, variant), text)
        name = OTHERS if row in self._nameless else name
        return row if row < 0 else int(self.of.numbers(np.array([row]), np.array([name]))[0])

    def _row(self, key: tuple[int, int, int], text: bytes) -> int:
        """The row of part, what is said, and variant, which a line tells."""
        row = self._rows.get(key)
        if row is None:
            group, named = self._group(text)
            row = self._rows[key] = NONE if group < 0 else self.of.rows[Row(key[0], self.words.zone(key[1]), group)]
            if not named:
                self._nameless.add(row)
        return row
