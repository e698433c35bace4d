"""Compressed streams and slices of streams that end quietly: broken or endless data gives what was readable."""

from __future__ import annotations

import contextlib
import io
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, cast

from triage.sources.decoders import DECODERS, errors
from triage.sources.found import Open
from triage.sources.limits import Limits

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_PIECE = 1 << 18
"""Decompressed at once: larger blocks leave the cache, and cost the system new pages."""
_SIP = 1 << 16
_FIRST_SIP = 1 << 12
_CHECKSUM = 8
"""Of gzip, the longest one: bytes behind the data."""


def decompressed(open_raw: Open, compression: str, limits: Limits) -> Open:
    """Opens the decompressed stream; it ends where the data breaks or a limit is reached."""
    return partial(_guarded, open_raw, compression, limits)


def _guarded(open_raw: Open, compression: str, limits: Limits) -> BinaryIO:
    return cast(BinaryIO, Guarded(open_raw(), compression, limits))


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
        with contextlib.suppress(*errors()):
            self._source.close()
        super().close()


class Guarded(_Reader):
    """A decompressing stream that never raises: `broken` says why it ended before its end, if it did.

    Members may stand behind each other, with zeros between them; what is neither is broken, too.
    """

    def __init__(self, raw: BinaryIO, compression: str, limits: Limits) -> None:
        super().__init__(raw)
        self._limits, self._count = limits, 0
        self._new = DECODERS[compression]
        self._decoder = self._new()
        self._last = b""
        self.stored_bytes = 0
        """Compressed bytes that were taken."""
        self.broken: str | None = None

    def _take(self, size: int) -> bytes:
        if self.broken is not None:
            return b""
        try:
            piece = self._decompressed(min(size, _PIECE))
        except Exception as error:
            if not isinstance(error, errors()):
                raise
            self.broken = "gap.archive-broken"
            return b""
        self._count += len(piece)
        if self._is_over():
            self.broken = "gap.archive-limit"
            return b""
        return piece

    def _decompressed(self, size: int) -> bytes:
        """Some bytes; none only at the end of the last member."""
        piece, hungry = b"", self._decoder.needs_input
        while not piece:
            if self._decoder.eof:
                sip = self._decoder.unused_data.lstrip(b"\0")
                while not sip and (more := self._sip()):
                    sip = more.lstrip(b"\0")
                if not sip:
                    break
                self._decoder = self._new()
            else:
                sip = self._sip() if hungry else b""
            piece = self._decoder.decompress(sip, size)
            if hungry and not sip and not piece and not self._decoder.eof:
                raise EOFError
            hungry = True
        return piece

    def _sip(self) -> bytes:
        """Compressed bytes, few at first: what they hold is lost when they are damaged.

        The last ones come alone: with them a wrong checksum costs nothing.
        """
        while more := self._source.read(min(_SIP, _FIRST_SIP + self.stored_bytes // 8)):
            self.stored_bytes += len(more)
            more = self._last + more
            sip, self._last = more[:-_CHECKSUM], more[-_CHECKSUM:]
            if sip:
                return sip
        sip, self._last = self._last, b""
        return sip

    def _is_over(self) -> bool:
        limits = self._limits
        if self._count > limits.max_total_bytes:
            return True
        return self._count > max(limits.ratio_free_bytes, limits.max_ratio * self.stored_bytes)


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
