"""How much one run of `read` keeps in memory."""

from __future__ import annotations

from msgspec import Struct


class Limits(Struct, frozen=True):
    """Caps of the tables; what does not fit is counted in `Observations.overflow`."""

    line_chars: int = 1 << 20
    """A longer line is cut here; what follows up to its newline is dropped (`note.long-lines`)."""
    whole_bytes: int = 64 << 20
    """Documents that must be read as a whole (a JSON answer, CSV) are cut here (`note.too-large`)."""
    mend_bytes: int = 2 << 20
    """Only smaller documents are mended: pasted text is small."""
    entries_per_stream: int = 20_000
    """Lines that are neither queries nor of the errors plugin; beyond it the first one of each kind and minute only."""
    faults: int = 4_096
    """Lines of the errors plugin, all documents together, kept one by one; the others are counted by their message."""
    messages: int = 4_096
    """Rows of these counts; minutes are taken together by twos until they fit."""
    failures: int = 4_096
    """Failed query lines, all documents together, kept one by one."""
    counts: int = 16_384
    """Rows of counted query lines; minutes are taken together by twos until they fit."""
    names: int = 32_768
    """Rows of counted query names; beyond it only names with a low hash are watched."""
    clients: int = 4_096
    """Rows of counted clients, by networks; minutes are taken together by twos until they fit."""
    memo: int = 65_536
    """Distinct texts whose meaning is remembered."""
    duplicate_lines: int = 2_000_000
    """Lines compared when two documents of a replica overlap in time."""
    samples: int = 3
    """Unknown lines shown of each stream."""
    part_bytes: int = 0
    """Bytes of a file that one task counts; 0: as many as there are workers for."""
    process_bytes: int = 8 << 20
    """Without the kernel, documents that are together above this size are counted by processes."""
    window_bytes: int = 256 << 20
    """Of a smaller file all is read, whatever window is asked for."""
    event_bytes: int = 8 << 20
    """Lines of one task that are not counted but handed on; with more of them the document is read line by line."""
