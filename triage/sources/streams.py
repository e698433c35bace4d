"""Compressed streams and slices of streams that end quietly: broken or endless data gives what was readable."""

from __future__ import annotations

import bz2
import gzip
import importlib
import io
import lzma
import zlib
from collections.abc import Callable
from typing import IO, Any, BinaryIO, cast

from triage.sources.found import Open
from triage.sources.limits import Limits

MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b\x08", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)
_BROKEN = (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError, RuntimeError, MemoryError)


def compression_of(head: bytes) -> str | None:
    r"""`gzip`, `bzip2`, `xz` or `zstd` by the first bytes, else None.

    >>> compression_of(b"\x1f\x8b\x08\x00"), compression_of(b"BZh9"), compression_of(b"BZhello")
    ('gzip', 'bzip2', None)
    """
    for magic, name in MAGIC:
        if head.startswith(magic):
            return None if name == "bzip2" and not head[3:4].isdigit() else name
    return None


def can_read(compression: str) -> bool:
    """False for zstd without its optional library."""
    return compression != "zstd" or _zstandard() is not None


def decompressed(open_raw: Open, compression: str, limits: Limits) -> Open:
    """Opens the decompressed stream; it ends where the data breaks or a limit is reached."""
    opener = _OPENERS[compression]
    return lambda: cast(BinaryIO, _Guarded(open_raw(), opener, limits))


def _zstandard() -> Any | None:
    try:
        return importlib.import_module("zstandard")
    except ImportError:
        return None


def _open_zstd(raw: BinaryIO) -> IO[bytes]:
    module = _zstandard()
    if module is None:
        raise OSError("zstandard is not installed")
    # Windows larger than the format's recommended 8 MiB are read up to 128 MiB (zstd --long=27), not beyond.
    reader = module.ZstdDecompressor(max_window_size=1 << 27).stream_reader(raw, read_across_frames=True, closefd=True)
    return cast(IO[bytes], reader)


_OPENERS: dict[str, Callable[[BinaryIO], IO[bytes]]] = {
    "gzip": lambda raw: gzip.GzipFile(fileobj=raw),
    "bzip2": lambda raw: bz2.BZ2File(raw),
    "xz": lambda raw: lzma.LZMAFile(raw),
    "zstd": _open_zstd,
}


class _Counting(io.RawIOBase):
    """Counts the compressed bytes that were taken."""

    def __init__(self, raw: BinaryIO) -> None:
        self.raw, self.count = raw, 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        piece = self.raw.read(size)
        self.count += len(piece)
        return piece

    def readinto(self, buffer: Any) -> int:
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self.raw.close()
        super().close()


class _Guarded(io.RawIOBase):
    """A decompressing stream that never raises: `broken` says why it ended before its end."""

    def __init__(self, raw: BinaryIO, opener: Callable[[BinaryIO], IO[bytes]], limits: Limits) -> None:
        self._raw, self._limits = _Counting(raw), limits
        self._count = 0
        self.broken: str | None = None
        try:
            self._stream: IO[bytes] | None = opener(cast(BinaryIO, self._raw))
        except _BROKEN:
            self._stream, self.broken = None, "gap.archive-broken"

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def read(self, size: int = -1) -> bytes:
        if size is None or size < 0:
            return b"".join(iter(lambda: self.read(1 << 20), b""))
        if self._stream is None or self.broken is not None:
            return b""
        try:
            piece = self._stream.read(min(size, 1 << 20))
        except _BROKEN:
            self.broken = "gap.archive-broken"
            return b""
        self._count += len(piece)
        if self._over():
            self.broken = "gap.archive-limit"
            return b""
        return piece

    def _over(self) -> bool:
        if self._count > self._limits.max_total_bytes:
            return True
        return self._count > self._limits.ratio_free_bytes and self._count > self._limits.max_ratio * max(
            1, self._raw.count
        )

    def close(self) -> None:
        for stream in (self._stream, self._raw):
            try:
                if stream is not None:
                    stream.close()
            except _BROKEN:
                pass
        super().close()


class Slice(io.RawIOBase):
    """`size` bytes of a stream from `start` on; shorter when the stream ends before."""

    def __init__(self, stream: BinaryIO, start: int, size: int) -> None:
        self._stream, self._left = stream, size
        try:
            stream.seek(start)
        except (OSError, AttributeError, io.UnsupportedOperation):
            _skip(stream, start)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def read(self, size: int = -1) -> bytes:
        if size is None or size < 0:
            return b"".join(iter(lambda: self.read(1 << 20), b""))
        piece = self._stream.read(min(size, self._left))
        self._left -= len(piece)
        return piece

    def close(self) -> None:
        self._stream.close()
        super().close()


def slice_of(open_raw: Open, start: int, size: int) -> Open:
    """Opens a part of a stream."""
    return lambda: cast(BinaryIO, Slice(open_raw(), start, size))


def _skip(stream: BinaryIO, n_bytes: int) -> None:
    while n_bytes > 0:
        piece = stream.read(min(n_bytes, 1 << 20))
        if not piece:
            return
        n_bytes -= len(piece)
