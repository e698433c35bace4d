"""How much one run of `read` keeps in memory."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps of the tables; what does not fit is counted in `Observations.overflow`."""

    line_chars: int = 1 << 20
    """A longer line is cut here; what follows up to its newline is dropped (`note.long-lines`)."""
    whole_bytes: int = 64 << 20
    """Documents that must be read as a whole (a JSON answer, CSV) are cut here (`note.too-large`)."""
    mend_bytes: int = 2 << 20
    """Only smaller documents are mended: pasted text is small."""
    entries_per_stream: int = 100_000
    """Lines that are not queries, kept one by one; beyond it the first one of each kind and minute only."""
    failures_per_stream: int = 20_000
    """Failed query lines, kept one by one."""
    names: int = 50_000
    """Query names in the answer, those with the most trouble first."""
    names_scanned: int = 200_000
    """Distinct query names watched in one document."""
    memo: int = 65_536
    """Distinct texts whose meaning is remembered."""
    duplicate_lines: int = 2_000_000
    """Lines compared when two documents of a replica overlap in time."""
    samples: int = 3
    """Unknown lines shown of each stream."""
