"""A block of lines in NumPy: bytes, words of eight bytes that are compared and calculated with as numbers, hashes."""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]
Bools = NDArray[np.bool_]

SLACK = 64
"""Zeros behind a block, so that words may be taken anywhere."""
LONGEST_TEXT = 512
"""That a hash is made of."""


def same(byte: int) -> np.uint64:
    """A word of equal bytes."""
    return np.uint64(byte * 0x0101010101010101)


def word(text: bytes) -> np.uint64:
    """At most eight bytes as a word, zeros behind them."""
    return np.uint64(int.from_bytes(text, "little"))


FIRST_BYTES = np.array([(1 << 8 * min(n, 8)) - 1 for n in range(16)], np.uint64)
"""Masks of the first n bytes of a word; all of it for more than eight."""
_FIRST_WORDS = np.array([[(1 << 8 * min(max(n - i, 0), 8)) - 1 for i in range(0, 64, 8)] for n in range(65)], np.uint64)
"""The same for rows of eight words."""
_ZEROS = same(ord("0"))
_KEYS = np.frombuffer(os.urandom(LONGEST_TEXT), np.uint64) | np.uint64(1)


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

    def rows(self, at: Ints, n: int) -> Words:
        """A row of n words each, which costs little more than one word."""
        rows: NDArray[np.void] = np.ndarray((len(self.raw) - 8 * n + 1,), f"V{8 * n}", self.raw, 0, (1,))
        return rows[at].view("<u8").reshape(-1, n)

    def equal(self, at: Ints, text: bytes) -> Bools:
        """Where the text stands."""
        found: Bools = np.ones(len(at), np.bool_)
        for i in range(0, len(text), 8):
            part = text[i : i + 8]
            found &= (self.words(at + i) ^ word(part)) & FIRST_BYTES[len(part)] == 0
        return found

    def hashes(self, begin: Ints, end: Ints, width: int = 8) -> Words:
        """Of texts of at most `LONGEST_TEXT` bytes: different ones have different hashes, for nobody knows the keys.

        Words are taken `width` at a time.
        """
        left = end - begin
        found = left.astype(np.uint64)
        places = np.arange(len(begin))
        for i in range(0, LONGEST_TEXT // 8, width):
            rows = self.rows(begin[places] + 8 * i, width)
            rows &= _FIRST_WORDS[np.minimum(left[places] - 8 * i, 8 * width), :width]
            mixed = found[places]
            for j in range(width):
                mixed ^= rows[:, j]
                mixed *= _KEYS[i + j]
                mixed ^= mixed >> np.uint64(32)
            found[places] = mixed
            places = places[left[places] > 8 * (i + width)]
            if not len(places):
                break
        return found


def digits(words: Words, n: Ints) -> Words:
    """The values of the first n digits of each word, byte by byte, and 0 behind them; n is 0 to 9."""
    found: Words = (words ^ _ZEROS) & FIRST_BYTES[n & 15]
    return found


def are_digits(values: Words) -> Bools:
    """Whether all of these values are below ten."""
    found: Bools = (values | values + same(6)) & same(0xF0) == 0
    return found


def number(values: Words) -> Words:
    """The number that eight digits are, the first one in the lowest byte."""
    v = values * np.uint64(10) + (values >> np.uint64(8))
    pairs = np.uint64(0x000000FF000000FF)
    low = (v & pairs) * np.uint64(0x000F424000000064)
    high = (v >> np.uint64(16) & pairs) * np.uint64(0x0000271000000001)
    return (low + high) >> np.uint64(32)


def fraction(eight: Words, ninth: Words, n: Ints) -> tuple[Ints, Bools]:
    """One to nine digits behind a point as nanoseconds, and whether they are that; the ninth is in a lowest byte."""
    values = digits(eight, n)
    last = ((ninth & np.uint64(0xFF)).astype(np.int64) ^ 48) * (n == 9)
    good = are_digits(values) & (last < 10) & (n >= 1) & (n <= 9)
    return number(values).astype(np.int64) * 10 + last, good


def place(words: Words, byte: int) -> Ints:
    """Place of the first such byte in each word, 8 where there is none."""
    other = words ^ same(byte)
    found = (other - same(1)) & ~other & same(0x80)
    lowest = found & (~found + np.uint64(1))
    place = (lowest >> np.uint64(7)) * np.uint64(0x0001020304050607) >> np.uint64(56)
    return np.where(found == 0, 8, place.astype(np.int64))
