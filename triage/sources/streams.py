"""Compressed streams and slices of streams that end quietly: broken or endless data gives what was readable."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import importlib
import io
import lzma
import sys
import zlib
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, BinaryIO, cast

from triage.sources.found import Open
from triage.sources.limits import Limits

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b\x08", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)
_BROKEN = (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError, RuntimeError, MemoryError)
_PIECE = 1 << 20
_SIP = 1 << 14


def compression_of(head: bytes) -> str | None:
    r"""`gzip`, `bzip2`, `xz` or `zstd` by the first bytes, else None.

    >>> compression_of(b"\x1f\x8b\x08\x00"), compression_of(b"BZh9"), compression_of(b"BZhello")
    ('gzip', 'bzip2', None)
    """
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return None if name == "bzip2" and not head[3:4].isdigit() else name
    return None


def can_read(compression: str) -> bool:
    """False for zstd without its optional library."""
    return compression != "zstd" or _zstandard() is not None


def decompressed(open_raw: Open, compression: str, limits: Limits) -> Open:
    """Opens the decompressed stream; it ends where the data breaks or a limit is reached."""
    return partial(_guarded, open_raw, compression, limits)


def _guarded(open_raw: Open, compression: str, limits: Limits) -> BinaryIO:
    return cast(BinaryIO, Guarded(open_raw(), _OPENERS[compression], limits))


def _zstandard() -> ModuleType | None:
    try:
        return importlib.import_module("zstandard")
    except ImportError:
        return None


def _library_errors() -> tuple[type[Exception], ...]:
    """What optional libraries raise on broken data, of those that are in use."""
    known = ((sys.modules.get("zstandard"), "ZstdError"), (sys.modules.get("isal.igzip_lib"), "IsalError"))
    return tuple(cast(type[Exception], getattr(module, name)) for module, name in known if module)


def _open_zstd(raw: BinaryIO) -> BinaryIO:
    module = _zstandard()
    if module is None:
        raise OSError("zstandard is not installed")
    # zstd --long=27 needs a window of 128 MiB; more than that is nobody's log.
    decompressor = module.ZstdDecompressor(max_window_size=1 << 27)
    return cast(BinaryIO, decompressor.stream_reader(raw, read_across_frames=True, closefd=True))


def _open_bzip2(raw: BinaryIO) -> BinaryIO:
    return cast(BinaryIO, bz2.BZ2File(raw))


def _open_gzip(raw: BinaryIO) -> BinaryIO:
    """By isal where it is installed: four times as fast."""
    with contextlib.suppress(ImportError):
        return cast(BinaryIO, importlib.import_module("isal.igzip").IGzipFile(fileobj=raw))
    return cast(BinaryIO, gzip.GzipFile(fileobj=raw))


def _open_xz(raw: BinaryIO) -> BinaryIO:
    return cast(BinaryIO, lzma.LZMAFile(raw))


_OPENERS: dict[str, Callable[[BinaryIO], BinaryIO]] = {
    "gzip": _open_gzip,
    "bzip2": _open_bzip2,
    "xz": _open_xz,
    "zstd": _open_zstd,
}


class _Reader(io.RawIOBase):
    """A stream that is read forwards only; sub-classes say where the next bytes come from."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source

    def _take(self, size: int) -> bytes:
        return self._source.read(size)

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int | None = -1) -> bytes:
        """Up to `size` bytes; all of them when it is negative."""
        if size is None or size < 0:
            return b"".join(iter(lambda: self._take(_PIECE), b""))
        return self._take(size)

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill a buffer as far as one read goes."""
        view = memoryview(buffer)
        piece = self._take(len(view))
        view[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        """Close the source as well."""
        with contextlib.suppress(*_BROKEN):
            self._source.close()
        super().close()


class _Counting(_Reader):
    """Counts the compressed bytes that were taken: in small pieces, so that a bomb shows before it went off."""

    count = 0

    def _take(self, size: int) -> bytes:
        piece = self._source.read(min(size, _SIP))
        self.count += len(piece)
        return piece


class Guarded(_Reader):
    """A decompressing stream that never raises: `broken` says why it ended before its end, if it did."""

    def __init__(self, raw: BinaryIO, opener: Callable[[BinaryIO], BinaryIO], limits: Limits) -> None:
        self._compressed, self._limits, self._count = _Counting(raw), limits, 0
        self.broken: str | None = None
        super().__init__(raw)
        try:
            self._source = opener(cast(BinaryIO, self._compressed))
        except _BROKEN:
            self.broken = "gap.archive-broken"

    def _take(self, size: int) -> bytes:
        if self.broken is not None:
            return b""
        try:
            # Not `read`: it would throw away what was decompressed before the data broke.
            piece = cast(io.BufferedReader, self._source).read1(min(size, _PIECE))
        except Exception as error:
            if not isinstance(error, (*_BROKEN, *_library_errors())):
                raise
            self.broken = "gap.archive-broken"
            return b""
        self._count += len(piece)
        if self._is_over():
            self.broken = "gap.archive-limit"
            return b""
        return piece

    @property
    def stored_bytes(self) -> int:
        """Compressed bytes that were taken."""
        return self._compressed.count

    def _is_over(self) -> bool:
        limits = self._limits
        if self._count > limits.max_total_bytes:
            return True
        return self._count > max(limits.ratio_free_bytes, limits.max_ratio * self._compressed.count)

    def close(self) -> None:
        """Close both the decompressor and what it reads from."""
        super().close()
        with contextlib.suppress(*_BROKEN):
            self._compressed.close()


class _Slice(_Reader):
    """`size` bytes of a stream from `start` on; shorter when the stream ends before."""

    def __init__(self, stream: BinaryIO, start: int, size: int) -> None:
        super().__init__(stream)
        self._left = size
        try:
            stream.seek(start)
        except (OSError, AttributeError):  # io.UnsupportedOperation is an OSError
            _skip(stream, start)

    def _take(self, size: int) -> bytes:
        piece = self._source.read(min(size, self._left))
        self._left -= len(piece)
        return piece


def slice_of(open_raw: Open, start: int, size: int) -> Open:
    """Opens a part of a stream."""
    return partial(_sliced, open_raw, start, size)


def _sliced(open_raw: Open, start: int, size: int) -> BinaryIO:
    return cast(BinaryIO, _Slice(open_raw(), start, size))


def _skip(stream: BinaryIO, n_bytes: int) -> None:
    while n_bytes > 0:
        piece = stream.read(min(n_bytes, _PIECE))
        if not piece:
            return
        n_bytes -= len(piece)
