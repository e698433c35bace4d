"""Where and when it failed: counts by place, upstream and time, few enough to travel in every report."""

from __future__ import annotations

from msgspec import Struct


class CellRow(Struct, frozen=True):
    """One place and one upstream over time."""

    member: str | None
    """The place: a member of `Cells.kind`; None for replicas whose place is not known."""
    upstream: str | None
    """`ip:port`; None for failures that name none."""
    failures: tuple[int | None, ...]
    """Signs of trouble in each bin, summaries by their weight; None where no log of the place covers the bin."""
    asked: tuple[int, ...] | None = None
    """Queries that replicas of the place asked upstream in each bin, whichever upstream; None without a query log."""


class FaultRow(Struct, frozen=True):
    """The failures of one group of explanations over time."""

    group: int
    failures: tuple[int, ...]


class FailureCount(Struct, frozen=True):
    """Signs of trouble of one kind at one upstream, in all that was read."""

    kind: str
    """`FailureKind` where the line tells one, else the symptom."""
    upstream: str | None
    count: int


class Cells(Struct, frozen=True):
    """Counts by place, upstream and time around the trouble."""

    kind: str
    """Kind of place that the rows show: `subnet`, `node` …"""
    start_ns: int | None
    """Begin of the first bin; None without a clock: there is one bin then, for everything."""
    bin_s: float | None
    """Length of a bin in seconds; None without a clock."""
    rows: tuple[CellRow, ...]
    """The places with most failures first."""
    rows_left: int = 0
    """Rows that did not fit the cap."""
    faults: tuple[FaultRow, ...] = ()
    counts: tuple[FailureCount, ...] = ()
    """The most frequent first, capped; the last one may be `other`."""
    undated: int = 0
    """Signs without a time beside dated ones: they stand in no bin."""
