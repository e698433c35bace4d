"""Sets of words, written as a sentence."""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The blank-separated words of a text.

    >>> sorted(words("b a"))
    ['a', 'b']
    """
    return frozenset(text.split())
