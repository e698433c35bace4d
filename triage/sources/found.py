"""A file before anybody knows what it is, and readers that cannot be made to read for ever."""

from __future__ import annotations

import io
import os
import zlib
from collections.abc import Callable
from functools import partial
from typing import BinaryIO

from msgspec import Struct

from triage.model.bundle import Document, Kind

Open = Callable[[], BinaryIO]

BROKEN = (OSError, EOFError, zlib.error, ValueError, RuntimeError)
"""What the decompressors of the standard library raise on broken data (`lzma.LZMAError` is added where it is known)."""


class Found(Struct, frozen=True):
    """One file or archive member, not yet recognised."""

    name: str
    """Unique in the bundle; `!` stands before a member of an archive."""
    file: str
    """As the user knows it."""
    open: Open
    """Raw bytes from the beginning; decompressed for members of archives."""
    size_bytes: int | None = None
    stored_bytes: int | None = None
    """Size of a compressed file as it is stored; None when it is not compressed."""
    layout_path: str = ""
    """`/`-separated path that layouts look at: it may tell pod, container, node."""
    given: bool = False
    """True when the user named this very file."""

    def head(self, n_bytes: int) -> bytes:
        """The first bytes; fewer when the file ends or breaks before."""
        try:
            with self.open() as stream:
                return read_up_to(stream, n_bytes)
        except BROKEN:
            return b""

    def ignored(self, why: str, **hints: str) -> Document:
        """The file as a document that is listed and not read."""
        return Document(
            name=self.name, kind=Kind.IGNORED, file=self.file, open=self.open, size_bytes=self.size_bytes,
            why_ignored=why, hints=hints,
        )  # fmt: skip


def read_up_to(stream: BinaryIO, n_bytes: int) -> bytes:
    """Read until `n_bytes` are there or the stream ends; pipes and decompressors answer in pieces."""
    pieces: list[bytes] = []
    missing = n_bytes
    while missing > 0:
        try:
            piece = stream.read(min(missing, 1 << 20))
        except BROKEN:
            break
        if not piece:
            break
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)


def bytes_opener(raw: bytes) -> Open:
    """Opens bytes that are in memory."""
    return partial(io.BytesIO, raw)


def shown(name: str | bytes) -> str:
    r"""A file name as text; bytes that are not UTF-8 become `\xNN`; control characters stay for renderers to escape.

    >>> shown(b"a\xff.log")
    'a\\xff.log'
    """
    raw = name if isinstance(name, bytes) else os.fsencode(name)
    return raw.decode("utf-8", errors="backslashreplace")
