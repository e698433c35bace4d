"""Numbers of texts that lines say over and over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from triage.reading.block import Block, Bools, Ints, Words
from triage.reading.thin import hash_of

MOST = 1 << 16
"""Texts of a kind, before others must begin; one block more may be met."""
ROOM = 2 * MOST
NONE = -2
"""Of what is none."""
_SLOTS = 1 << 17
_UNKNOWN = -1
K = TypeVar("K")


class Places(dict[K, int]):
    """Numbers from 0 on, in the order in which keys are asked for."""

    def __missing__(self, key: K) -> int:
        found = self[key] = len(self)
        return found

    def of(self, keys: Sequence[K]) -> Ints:
        """Of many keys."""
        return np.fromiter(map(self.__getitem__, keys), np.int64, len(keys))


class Names(Places[bytes]):
    """Names by number, and their hashes."""

    def __init__(self) -> None:
        self._hashes = np.zeros(0, np.uint64)
        self._texts: list[bytes] = []

    @property
    def texts(self) -> list[bytes]:
        """All of them."""
        if len(self._texts) < len(self):
            self._texts = list(self)
        return self._texts

    @property
    def hashes(self) -> Words:
        """Of all of them."""
        n = len(self._hashes)
        if n < len(self):
            more = np.fromiter(map(hash_of, self.texts[n:]), np.uint64, len(self) - n)
            self._hashes = np.append(self._hashes, more)
        return self._hashes

    def below(self, number: Ints, level: int) -> Bools:
        """Which of some names are watched at a level above 0."""
        found: Bools = self.hashes[number] >> np.uint64(64 - level) == 0
        return found


class Numbers(dict[bytes, int]):
    """Numbers of texts; those met before are found by their hashes, all at once."""

    def __init__(self, number: Callable[[bytes], int]) -> None:
        self._number = number
        self._hashes = np.zeros(_SLOTS, np.uint64)
        self._numbers = np.full(_SLOTS, _UNKNOWN)

    def __missing__(self, text: bytes) -> int:
        found = self[text] = self._number(text)
        return found

    def of(self, block: Block, begin: Ints, end: Ints, width: int = 8) -> Ints:
        """The numbers of texts of a block; `width` is that of hashes."""

        def texts(missing: Ints) -> list[bytes]:
            places = zip(begin[missing].tolist(), end[missing].tolist(), strict=True)
            return [block.raw[a:b] for a, b in places]

        return self.find(block.hashes(begin, end, width), texts)

    def find(self, hashes: Words, texts: Callable[[Ints], list[bytes]]) -> Ints:
        """The numbers of texts with these hashes; `texts` tells those at some places."""
        slots = (hashes & np.uint64(_SLOTS - 1)).astype(np.int64)
        found = self._numbers[slots]
        missing = np.flatnonzero((self._hashes[slots] != hashes) | (found == _UNKNOWN))
        if len(missing):
            found[missing] = np.fromiter(map(self.__getitem__, texts(missing)), np.int64, len(missing))
            self._hashes[slots[missing]], self._numbers[slots[missing]] = hashes[missing], found[missing]
        return found
