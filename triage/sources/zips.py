"""What can be had of a zip whose directory is missing (it stands at the end, and a broken download has no end)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from triage.sources.limits import Limits

_LOCAL = b"PK\x03\x04"
_HEADER = struct.Struct("<4sHHHHHLLLHH")


def recovered_members(raw: bytes, limits: Limits) -> Iterator[tuple[str, bytes]]:
    """Name and content of every member that can be read from its own header, the last one perhaps cut."""
    at = raw.find(_LOCAL)
    while at >= 0 and at + _HEADER.size <= len(raw):
        _, _, flags, method, _, _, _, size, _, n_name, n_extra = _HEADER.unpack_from(raw, at)
        start = at + _HEADER.size + n_name + n_extra
        name = raw[at + _HEADER.size : at + _HEADER.size + n_name].decode(
            "utf-8" if flags & 0x800 else "cp437", errors="replace"
        )
        content, used = _content(raw, start, method, size, limits)
        if not flags & 1 and content is not None and not name.endswith("/"):
            yield name, content
        at = raw.find(_LOCAL, max(start + used, at + 4))


def _content(raw: bytes, start: int, method: int, size: int, limits: Limits) -> tuple[bytes | None, int]:
    """Content and length of the stored bytes; None for methods other than stored and deflate."""
    if method == 0:
        return raw[start : start + size], size
    if method != 8:
        return None, size
    decompressor = zlib.decompressobj(-15)
    pieces: list[bytes] = []
    at, total = start, 0
    while at < len(raw) and not decompressor.eof and total <= limits.ratio_free_bytes:
        try:
            piece = decompressor.decompress(raw[at : at + 65536])
        except zlib.error:
            break
        pieces.append(piece)
        total += len(piece)
        at += 65536
    used = min(at, len(raw)) - start - len(decompressor.unused_data)
    return b"".join(pieces), max(used, 0)
