"""What counts lines, as types: the kernel (`_kernel.c`) and its twin (`twin.py`)."""

from __future__ import annotations

from typing import Protocol, TypedDict


class State(TypedDict):
    """Where a scan stands."""

    lines: int
    position: int
    fine: int
    gave_up: int
    open: int
    rows: tuple[int, int, int, int, int, int]
    levels: tuple[int, int, int, int, int, int, int, int]


class Scanner(Protocol):
    """Counts the lines of one document, or of a part of it."""

    def feed(self, data: bytes | memoryview, last: bool, /) -> None:
        """Count the lines of more bytes; `last` tells the last ones."""

    def absorb(self, other: Scanner, parts: bytes, groups: bytes, frames: bytes, /) -> None:
        """Add the tables of a scanner whose lines come after ours."""

    def settle(
        self,
        names: int,
        counts: int,
        bins: int,
        messages: int,
        kept: int,
        asked: int,
        client_bins: int,
        clients: int,
        /,
    ) -> None:
        """Thin and widen the tables to these levels at least."""

    def dump(self) -> bytes:
        """Everything that was counted, as bytes."""

    def load(self, dumped: bytes, /) -> None:
        """Take what `dump` gave, into an empty scanner."""

    def names(self) -> list[tuple[int, int, bytes, int, int | None, int | None, int, bytes]]:
        """part, group, name, count, first, last, number and text of the first line."""

    def counts(self) -> list[tuple[int | None, int, int, int, int, int]]:
        """bin, part, zone, group, log2 of milliseconds, count."""

    def clients(self) -> list[tuple[int | None, int, bytes, int, int]]:
        """bin, part, network or address, queries, failed queries."""

    def groups(self) -> list[tuple[int, int, int | None, int, int, int | None, int | None, int, bytes]]:
        """part, frame, bin, message, count, first, last, number and text of the first line."""

    def messages(self) -> list[bytes]:
        """Texts of errors without names and ports."""

    def kept(self) -> list[tuple[int, int, int, int | None, int | None, int, bytes, int]]:
        """Lines of errors: part, frame, number, time, bin, message, text, hash."""

    def asked(self) -> list[tuple[int, int, int, int | None, int | None, int, bytes, int]]:
        """Query lines that were to be kept; columns of `kept`."""

    def lasts(self) -> list[tuple[int, int, int, bytes]]:
        """part, group, number and text of the last query line."""

    def events(self) -> list[tuple[int, bytes]]:
        """Lines for Python: number, text."""

    def runs(
        self,
    ) -> list[tuple[int, int, int, int, int, int, int | None, int | None, int | None, int | None, int]]:
        """Lines counted between two events, by part."""

    def frames(self) -> list[int]:
        """Lines counted by frame."""

    def state(self) -> State:
        """Lines, position, levels and sizes of the tables."""


class Kernel(Scanner, Protocol):
    """Reads files itself."""

    def scan(self, fd: int, start: int, stop: int, /) -> None:
        """Count the lines that begin in [start, stop) of a file."""

    def stop(self) -> None:
        """End a scan that runs in another thread, at its next block."""
