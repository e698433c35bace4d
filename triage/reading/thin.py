"""The hash by which tables are thinned: a row stays while the first bits of its name's hash are zero.

The level (how many bits) rises until the rows fit. It depends on which rows there are, not on how they were found, so
every split of the input ends with the same rows. The kernel has the same hash.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from operator import mul

_K1, _K2 = 0x9E3779B97F4A7C15, 0xFF51AFD7ED558CCD
_WORDS = struct.Struct("<8Q")
_KS = (
    *(0x9E3779B97F4A7C15, 0xC4CEB9FE1A85EC53, 0x87C37B91114253D5, 0x4CF5AD432745937F),
    *(0x52DCE729DA3ED7A5, 0xA0761D6478BD642F, 0xE7037ED1A0B428DB, 0x8EBC6AF09C88C6E3),
)
_MASK = (1 << 64) - 1
DEEPEST = 63
WIDEST = 31
"""Of minutes: 2 to the power of this are more than there are."""


def _mix(value: int) -> int:
    value = (value ^ value >> 32) * _K2 & _MASK
    return value ^ value >> 32


def hash_of(text: bytes) -> int:
    """64 bits of a text, eight words of eight bytes at a time.

    >>> hash_of(b""), hash_of(b"example.org.") == hash_of(b"example.net.")
    (0, False)
    """
    found = len(text) * _K1 & _MASK
    for at in range(0, len(text) or 1, 64):
        words = _WORDS.unpack(text[at : at + 64].ljust(64, b"\0"))
        found = _mix(found ^ sum(map(mul, words, _KS)) & _MASK)
    return found


def hash_of_text(text: str) -> int:
    """The same of a text that may hold anything."""
    return hash_of(text.encode("utf-8", "surrogatepass"))


def wider(bin_: int | None, by: int) -> int | None:
    """The bin of minutes that holds a bin when 2 to the power of `by` are taken together.

    >>> wider(5, 1), wider(None, 1)
    (2, None)
    """
    return None if bin_ is None else bin_ >> by


def width_of(rows: Callable[[int], int], most: int, bins: int) -> int:
    """The smallest width of minutes, from `bins` on, at which there are no more than `most` rows, or the widest.

    >>> width_of(lambda bins: 100 >> bins, 30, 0)
    2
    """
    while bins < WIDEST and rows(bins) > most:
        bins += 1
    return bins


def both(first: int, second: int) -> int:
    """One hash of two."""
    return _mix(first ^ second * _K1 & _MASK)


def is_below(hashed: int, level: int) -> bool:
    """Whether a row stays at this level.

    >>> is_below(1 << 62, 1), is_below(1 << 62, 2), is_below(1 << 63, 0)
    (True, False, True)
    """
    return hashed >> (64 - level) == 0


def level_of(hashes: Iterable[int], most: int, level: int = 0) -> int:
    """The lowest level, from `level` on, at which no more than `most` rows stay.

    >>> level_of([1 << 63, 1 << 62, 1 << 61], 2), level_of([1, 2], 2), level_of([1 << 63], 0)
    (1, 0, 1)
    """
    left = list(hashes)
    if len(left) <= most:
        return level
    left.sort()
    while level < DEEPEST:
        while left and not is_below(left[-1], level):
            left.pop()
        if len(left) <= most:
            break
        level += 1
    return level
