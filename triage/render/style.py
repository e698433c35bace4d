"""What a renderer is, and how its output may be decorated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from triage.model.report import Report
    from triage.model.text import Catalogue

WIDTH = 80
"""Columns when nobody asks for another width: the same on a terminal and in a pipe."""


class Style(Struct, frozen=True):
    """Decoration only: it never changes what is said."""

    width: int | None = None
    """Columns; None: `WIDTH`."""
    colour: bool = False
    """Bold and colours by ANSI sequences."""
    unicode: bool = True
    """False: the output can carry ASCII only, so signs such as an ellipsis get an ASCII twin."""

    @property
    def columns(self) -> int:
        """The width to wrap at."""
        return self.width or WIDTH


class Renderer(Protocol):
    """Text of a report; the same text for the same report, catalogue and style."""

    def __call__(self, report: Report, catalogue: Catalogue, style: Style, /) -> str:
        """The whole output, ending in a newline."""
        ...
