"""The usual query lines of a block, cut into columns: one pass of NumPy each, no work line by line.

A usual line is of the common format, its client an address of IPv4, its duration below ten seconds. Words of eight
bytes are compared and calculated with as numbers. Whatever looks different is left out, to be read with care.
"""

from __future__ import annotations

import os
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]
Bools = NDArray[np.bool_]

NO_TIME = np.iinfo(np.int64).max
"""Of lines without a clock: behind all others."""
SLACK = 32
"""Zeros behind a block, so that words may be taken anywhere."""
BARE, STAMP_FIRST, STAMP_LAST = range(3)
"""Where the clock stands in a frame: nowhere, at the begin of the line, right before the text."""


def _same(byte: int) -> np.uint64:
    return np.uint64(byte * 0x0101010101010101)


def _word(text: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(text, "little"))


FIRST_BYTES = np.array([(1 << 8 * min(n, 8)) - 1 for n in range(16)], np.uint64)
"""Masks of the first n bytes of a word; all of it for more than eight."""
_ZEROS = _same(ord("0"))
_LEVEL = b"[INFO] "
_N_BLANKS = 14
"""Of the text of a query line."""
_LONGEST = 4096
LONGEST_TEXT = 512
_KEYS = np.frombuffer(os.urandom(LONGEST_TEXT), np.uint64) | np.uint64(1)
_SECONDS = np.full(1 << 16, -1)
"""Nanoseconds of two digits below 60, by the word that they are."""
for _second in range(60):
    _SECONDS[int.from_bytes(b"%02d" % _second, "little")] = _second * 1_000_000_000


class Columns(NamedTuple):
    """Usual lines, by their places in the block."""

    newlines: Ints
    """Of all lines of the block, usual or not."""
    line: Ints
    """Which of these lines it is."""
    begin: Ints
    text: Ints
    end: Ints
    client: Ints
    n_client: Ints
    asked: Ints
    """From the type to the flags: what repeats."""
    asked_end: Ints
    no_size: Bools
    took_ns: Ints
    mode: Ints
    """Where the clock stands."""
    stamp: Ints
    stamp_end: Ints
    at: Ints
    """Nanoseconds within the minute of the clock, or `NO_TIME`."""


class Block:
    """Bytes of whole lines, and `SLACK` zeros."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.bytes: NDArray[np.uint8] = np.frombuffer(raw, np.uint8)
        self._words: Words = np.ndarray((len(raw) - 7,), "<u8", raw, 0, (1,))

    def words(self, at: Ints) -> Words:
        """Eight bytes each."""
        found: Words = self._words[at]
        return found

    def equal(self, at: Ints, text: bytes) -> Bools:
        """Where the text stands."""
        same: Bools = np.ones(len(at), np.bool_)
        for i in range(0, len(text), 8):
            part = text[i : i + 8]
            same &= (self.words(at + i) ^ _word(part)) & FIRST_BYTES[len(part)] == 0
        return same

    def hashes(self, begin: Ints, end: Ints) -> Words:
        """Of texts of at most `LONGEST_TEXT` bytes: different ones have different hashes, for nobody knows the keys."""
        left = end - begin
        found = left.astype(np.uint64)
        whole = int(left.min(initial=LONGEST_TEXT)) // 8
        for i in range(whole):
            found = _mixed(found ^ self.words(begin + 8 * i), i)
        places = np.arange(len(begin))
        for i in range(whole, LONGEST_TEXT // 8):
            places = places[left[places] > 8 * i]
            if not len(places):
                break
            words = self.words(begin[places] + 8 * i) & FIRST_BYTES[np.minimum(left[places] - 8 * i, 8)]
            found[places] = _mixed(found[places] ^ words, i)
        return found


def _mixed(words: Words, i: int) -> Words:
    words *= _KEYS[i]
    words ^= words >> np.uint64(32)
    return words


def _digits(words: Words, n: Ints) -> Words:
    """The values of the first n digits of each word, byte by byte, and 0 behind them; n is 0 to 9."""
    found: Words = (words ^ _ZEROS) & FIRST_BYTES[n & 15]
    return found


def _are_digits(values: Words) -> Bools:
    """Whether all of these values are below ten."""
    found: Bools = (values | values + _same(6)) & _same(0xF0) == 0
    return found


def _number(values: Words) -> Words:
    """The number that eight digits are, the first one in the lowest byte."""
    v = values * np.uint64(10) + (values >> np.uint64(8))
    pairs = np.uint64(0x000000FF000000FF)
    low = (v & pairs) * np.uint64(0x000F424000000064)
    high = (v >> np.uint64(16) & pairs) * np.uint64(0x0000271000000001)
    return (low + high) >> np.uint64(32)


def _fraction(block: Block, at: Ints, n: Ints) -> tuple[Ints, Bools]:
    """One to nine digits behind a point as nanoseconds, and whether they are that."""
    values = _digits(block.words(at), n)
    ninth = (block.bytes[at + 8] ^ np.uint8(48)) * (n == 9)
    good = _are_digits(values) & (ninth < 10) & (n >= 1) & (n <= 9)
    return _number(values).astype(np.int64) * 10 + ninth, good


def _place(words: Words, byte: int) -> Ints:
    """Place of the first such byte in each word, 8 where there is none."""
    other = words ^ _same(byte)
    found = (other - _same(1)) & ~other & _same(0x80)
    lowest = found & (~found + np.uint64(1))
    place = (lowest >> np.uint64(7)) * np.uint64(0x0001020304050607) >> np.uint64(56)
    return np.where(found == 0, 8, place.astype(np.int64))


def cut(block: Block) -> Columns:
    """Find the usual lines."""
    raw = block.bytes
    marks = np.flatnonzero(raw[:-SLACK] <= 32)
    ends = np.flatnonzero(raw[marks] == 10)
    newlines = marks[ends]
    first_marks = np.concatenate(([0], ends[:-1] + 1))
    begins = np.concatenate(([0], newlines[:-1] + 1))
    ends = ends - (raw[newlines - 1] == 13)
    line = np.flatnonzero((ends - first_marks >= _N_BLANKS) & (newlines - begins < _LONGEST))
    last, begin, first_mark = ends[line], begins[line], first_marks[line]

    end, took, size = marks[last], marks[last - 1], marks[last - 2]
    question, number, dash, client = (marks[last - i] for i in (11, 12, 13, 14))
    text = client - 6
    good = block.equal(text, _LEVEL) & (text >= begin)

    mode = np.where(text == begin, BARE, np.where(raw[begin] - np.uint8(48) < 10, STAMP_FIRST, STAMP_LAST))
    before = np.where(last - first_mark >= 16, marks[last - 16] + 1, begin)
    stamp = np.where(mode == STAMP_LAST, before, begin)
    stamp_end = np.where(mode == STAMP_LAST, text - 1, np.where(mode == BARE, begin, marks[first_mark]))
    good &= (mode == BARE) | (raw[text - 1] == 32)
    at, is_clock = _seconds(block, stamp, stamp_end - stamp)
    good &= (mode == BARE) | is_clock

    n_client = _place(block.words(client + 1), ord(":"))
    n_client = np.where(n_client == 8, 8 + _place(block.words(client + 9), ord(":")), n_client)
    colon = client + 1 + n_client
    n_port, n_id = dash - colon - 1, question - number - 1
    good &= (n_client > 0) & (n_client < 16) & (n_port > 0) & (n_port <= 7) & (n_id > 0) & (n_id <= 5)
    good &= _are_digits(_digits(block.words(colon) >> np.uint64(8), n_port))
    words = block.words(dash)
    good &= (words & FIRST_BYTES[3] == _word(b" - ")) & _are_digits(_digits(words >> np.uint64(24), n_id))
    good &= raw[question + 1] == 34

    good &= size - question <= LONGEST_TEXT
    n_size = took - size - 1
    digits = _digits(block.words(size) >> np.uint64(8), n_size)
    good &= (n_size > 0) & (n_size <= 7) & _are_digits(digits)
    n_took = end - took - 4
    words = block.words(took)
    seconds = (words >> np.uint64(8) & np.uint64(0xFF)) - np.uint64(48)
    took_ns, is_fraction = _fraction(block, took + 3, n_took)
    good &= is_fraction & (seconds < 10) & (words >> np.uint64(16) & np.uint64(0xFF) == ord("."))
    good &= raw[end - 1] == ord("s")
    took_ns = took_ns + seconds.astype(np.int64) * 1_000_000_000

    where = (line, begin, text, end, client + 1, n_client, question + 2, size)
    told = (digits == 0, took_ns, mode, stamp, stamp_end, at)
    return Columns(newlines, *(column[good] for column in (*where, *told)))


def _seconds(block: Block, stamp: Ints, n: Ints) -> tuple[Ints, Bools]:
    """Nanoseconds since its minute of each `2024-03-15T10:00:07.123456789Z`, and whether it is one."""
    words = block.words(stamp + 16)
    second = _SECONDS[(words >> np.uint64(8) & np.uint64(0xFFFF)).astype(np.int64)]
    good = (second >= 0) & (words & np.uint64(0xFF) == ord(":")) & (block.bytes[stamp + n - 1] == ord("Z"))
    fraction, is_fraction = _fraction(block, stamp + 20, n - 21)
    whole = n == 20
    good &= whole | (is_fraction & (words >> np.uint64(24) & np.uint64(0xFF) == ord(".")))
    return second + np.where(whole, 0, fraction), good
