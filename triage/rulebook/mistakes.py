"""Collects what is wrong in the rules, so that one run tells everything with file, line and cure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from triage.errors import RuleError


class Mistakes:
    """Every mistake found so far, as `file:line: what; cure`."""

    def __init__(self) -> None:
        self._found: set[tuple[str, int, str]] = set()
        self._untranslated: set[tuple[str, int, str]] = set()

    def add(self, file: str, line: int, what: str, cure: str = "") -> None:
        """Note one mistake; `line` is 1-based, 0 when it belongs to the whole file."""
        self._found.add((file, line, f"{what}; {cure}" if cure else what))

    def untranslated(self, file: str, line: int, what: str, cure: str) -> None:
        """Note a text that a language lacks: it is listed, but stops nothing, for English stands in."""
        self._untranslated.add((file, line, f"{what}; {cure}"))

    def lines(self) -> tuple[str, ...]:
        """All mistakes, ordered by file and line."""
        return tuple(
            f"{file}:{line}: {text}" if line else f"{file}: {text}"
            for file, line, text in sorted(self._found | self._untranslated)
        )

    def stop_if_any(self) -> None:
        """Raise `RuleError` with all of them, unless nothing but translations is missing."""
        if self._found:
            raise RuleError(self.lines())


def hint(word: str, known: Iterable[str]) -> str:
    """The cure for an unknown word: the nearest known one, else all of them.

    >>> hint("timeot", ["timeout", "refused"])
    "did you mean 'timeout'?"
    >>> hint("x", ["timeout", "refused"])
    'known: refused, timeout'
    """
    words = sorted(known)
    near = difflib.get_close_matches(word, words, n=1, cutoff=0.7)
    if near:
        return f"did you mean '{near[0]}'?"
    return f"known: {', '.join(words[:16])}{' …' if len(words) > 16 else ''}" if words else "there are none yet"
