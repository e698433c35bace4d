"""The usual lines of the errors plugin of a block, cut into columns and counted by them."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple, cast

import numpy as np

from triage.reading.block import LONGEST_TEXT, Block, Ints, Words, are_digits, digits, place, word
from triage.reading.columns import DOCKER, NO_TIME, RECORD, Marks, Places, placed, plain
from triage.reading.faults import Fault, Faults, Group, fault_of, levels_of
from triage.reading.limits import Limits
from triage.reading.numbers import NONE, Names, Numbers
from triage.reading.thin import both, is_below

_LEVEL = b"[ERROR] "
_PLUGIN = b"plugin/errors: "
_WORDS_BEFORE = range(4)
"""Words in the frame."""
_PORT = b"\n"
"""Stands for a port in the key of a message: no line has it."""
_KEY_OF_DOCKER = b"{"
"""Begins the key of a message in docker's record."""
_KEYS = np.frombuffer(os.urandom(32), np.uint64) | np.uint64(1)
_SHIFT = 32
_MINUTE_NS = 60_000_000_000


class Errors(NamedTuple):
    """Usual lines of errors."""

    places: Places
    rcode: Ints
    name: Ints
    name_end: Ints
    said: Ints
    said_end: Ints
    """Of what is said up to the local port, or all of it."""
    rest: Ints
    """What is said behind the port."""


def errors_of(block: Block, marks: Marks, line: Ints) -> Errors:
    """Find those among some lines."""
    line = line[marks.short[line]]
    first, last, text = marks.first[line], marks.last[line], np.full(len(line), -1)
    left, n_before = np.arange(len(line)), np.zeros(len(line), np.int64)
    begin = marks.begin[line]
    for n in _WORDS_BEFORE:
        if n == 0:
            at = begin + len(RECORD) * (block.bytes[begin] == ord("{"))
        else:
            at = marks.places[np.minimum(first[left] + n - 1, last[left])] + 1
        found = block.words(at) == word(_LEVEL)
        text[left[found]], n_before[left[found]] = at[found], n
        left = left[~found]
    # Marks stand behind the level, the plugin, the code, the name, and at the end.
    good = (text >= 0) & (last - first >= n_before + 4)
    good[good] = block.equal(text[good] + len(_LEVEL), _PLUGIN)
    line, text, first, n_before = line[good], text[good], first[good], n_before[good]
    before = np.where(n_before > 1, marks.places[np.maximum(first + n_before - 2, 0)] + 1, marks.begin[line])
    where, good = placed(block, marks, line, text, before)
    rcode = text + len(_LEVEL) + len(_PLUGIN)
    name, said = (marks.places[first + n_before + i] + 1 for i in (2, 3))
    good &= (block.bytes[name - 1] == 32) & (block.bytes[said - 1] == 32)
    good &= (name - rcode > 1) & (name - rcode <= 6) & (name < said) & (said < where.end)
    good &= where.end - text <= LONGEST_TEXT
    said_end, rest = _without_port(block, marks, first + n_before + 6, said, where)
    found = (rcode, name, said - 1, said, said_end, rest)
    return Errors(Places(*(column[good] for column in where)), *(column[good] for column in found))


def _without_port(block: Block, marks: Marks, mark: Ints, said: Ints, where: Places) -> tuple[Ints, Ints]:
    """Where the local port of `A: read udp 10.1.0.4:5353->10.1.0.2:53` begins and ends."""
    at = marks.places[np.minimum(mark, marks.last[where.line])] + 1
    rows = block.rows(np.minimum(at, where.end), 2)
    n = place(rows[:, 0], ord(":"))
    n = np.where(n == 8, 8 + place(rows[:, 1], ord(":")), n)
    port = at + n + 1
    words = block.words(np.minimum(port, where.end))
    n_port = place(words, ord("-"))
    arrow = port + n_port
    good = (n < 16) & (n_port > 0) & (n_port < 7) & are_digits(digits(words, n_port)) & (arrow < where.end)
    good &= block.equal(np.minimum(arrow, where.end), b"->") | block.equal(np.minimum(arrow, where.end), b"-\\u003e")
    return np.where(good, port, where.end), np.where(good, arrow, where.end)


class Messages:
    """Names and messages of lines of errors, by number."""

    def __init__(self) -> None:
        self._known_names, self._known_messages = Names(), Names()
        self._names, self._messages = Numbers(self._name), Numbers(self._message)

    @property
    def n(self) -> int:
        """How many there are."""
        return max(len(self._names), len(self._messages))

    def names(self, block: Block, lines: Errors) -> Ints:
        """The number of each line's name; negative for what is none."""
        return self._names.of(block, lines.name, lines.name_end)

    def messages(self, block: Block, lines: Errors) -> Ints:
        """The number of each line's message; negative for what is none."""
        rcode, name, _, said, said_end, rest = lines[1:]
        end, raw = lines.places.end, block.raw
        hashes = block.hashes(rcode, name - 1, 1) * _KEYS[0] ^ block.hashes(said, said_end) * _KEYS[1]
        hashes ^= block.hashes(rest, end) * _KEYS[2] ^ (lines.places.mode == DOCKER) * _KEYS[3]

        def texts(missing: Ints) -> list[bytes]:
            columns = (lines.places.mode, rcode, name, said, said_end, rest, end)
            return [
                (_KEY_OF_DOCKER if mode == DOCKER else b"")
                + raw[a : b - 1]
                + b" "
                + raw[c:d]
                + (_PORT if e < f else b"")
                + raw[e:f]
                for mode, a, b, c, d, e, f in zip(*(column[missing].tolist() for column in columns), strict=True)
            ]

        return self._messages.find(hashes, texts)

    def message(self, number: int) -> str:
        """A message."""
        return self._known_messages.texts[number].decode()

    def hashes(self, name: Ints, minute: Ints) -> Words:
        """By which lines are thinned."""
        return cast(Words, both(self._known_names.hashes[name], minute.astype(np.uint64)))  # type: ignore[arg-type]

    def is_watched(self, message: int, level: int) -> bool:
        """Whether a message is counted at this level."""
        return is_below(int(self._known_messages.hashes[message]), level)

    def _name(self, name: bytes) -> int:
        if b":" in name or b"[" in name or _fault(b"2 " + name + b" A: -") is None:
            return NONE
        return self._known_names[name]

    def _message(self, text: bytes) -> int:
        if text.startswith(_KEY_OF_DOCKER):
            if text.count(b'"') > text.count(b'\\"'):
                return NONE
            text = plain(text.removeprefix(_KEY_OF_DOCKER))
            if b"\\" in text:
                return NONE
        rcode, _, said = text.partition(b" ")
        fault = _fault(rcode + b" x. " + said.replace(_PORT, b"5"))
        expected = text.replace(_PORT, b"")
        if fault is None or said.startswith(b"HINFO:") or fault.message.encode() != expected:
            return NONE
        return self._known_messages[expected]


def _fault(text: bytes) -> Fault | None:
    return fault_of(f"[ERROR] plugin/errors: {text.decode()}", 0, None, None) if text.isascii() else None


class Counted(NamedTuple):
    """Lines of errors of one part that are to be counted, in their order."""

    number: Ints
    at_ns: Ints
    name: Ints
    message: Ints


def count(faults: Faults, lines: Counted, words: Messages, limits: Limits, fault: Callable[[int, int], Fault]) -> None:
    """Count lines; `fault` makes the one at a place, with its hash."""
    timed = lines.at_ns != NO_TIME
    minute = np.where(timed, lines.at_ns // _MINUTE_NS, -1)
    hashes = words.hashes(lines.name, np.maximum(minute, 0))
    bin_ = np.where(timed, minute >> faults.levels.bins, -1)
    code, which = np.unique(lines.message << _SHIFT | bin_ + 1, return_inverse=True)
    first, last = np.full(len(code), NO_TIME), np.full(len(code), -1)
    np.minimum.at(first, which, lines.at_ns)
    np.maximum.at(last, which, np.where(timed, lines.at_ns, -1))
    place, firsts = np.zeros(len(code), np.int64), np.flatnonzero(lines.at_ns == first[which])[::-1]
    place[which[firsts]] = firsts
    columns = (code, np.bincount(which), place, last)
    for key, n, i, last_ns in zip(*(column.tolist() for column in columns), strict=True):
        message, at = divmod(key, 1 << _SHIFT)
        if words.is_watched(message, faults.levels.messages):
            group = Group(n, fault(i, int(hashes[i])), None if last_ns < 0 else last_ns)
            faults.add_group((at - 1 if at else None, group.first.message), group)
    level = faults.levels.lines
    faults.kept += [fault(i, hashed) for i, hashed in enumerate(hashes.tolist()) if is_below(hashed, level)]
    faults.n_lines += len(hashes)
    if len(faults.kept) > limits.faults or len(faults.groups) > limits.messages:
        faults.settle(levels_of([faults], limits))
