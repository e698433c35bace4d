"""Repairs pasted text, line by line and across lines. For small inputs only."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from triage.reading.framing import Context


class Tidy(NamedTuple):
    """A mended line and the number of the line where it begins."""

    number: int
    text: str
    decoration: bool = False
    times: int = 1


def tidy(numbered: list[tuple[int, str]], context: Context, grade: Callable[[str], int]) -> list[Tidy]:
    """Mend all lines of a document."""
    return [Tidy(n, text) for n, text in numbered if text.strip()]
