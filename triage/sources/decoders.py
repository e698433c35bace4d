"""Decompressors of the known formats under one interface: that of `bz2` and `lzma`, which others have not."""

from __future__ import annotations

import bz2
import importlib
import lzma
import sys
import zlib
from collections.abc import Callable
from types import ModuleType
from typing import Protocol, cast

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b\x08", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)
_WINDOW_LOG = 27
_MEMORY = 1 << _WINDOW_LOG
"""Of one decompressor: zstd --long=27 needs it; more than that is nobody's log."""
_GZIP_WINDOW = 31
"""Of zlib: a gzip member with the largest window."""


class Decoder(Protocol):
    """Decompresses one member of a stream."""

    @property
    def eof(self) -> bool:
        """True once the member is complete."""

    @property
    def needs_input(self) -> bool:
        """False while more output can be had without more input."""

    @property
    def unused_data(self) -> bytes:
        """What stands behind the member, once it is complete."""

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """More output, at most `max_length` bytes."""


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
    return compression != "zstd" or _zstd_module() is not None


def errors() -> tuple[type[Exception], ...]:
    """What is raised on broken data by the decompressors that are in use."""
    loaded = (("compression.zstd", "ZstdError"), ("backports.zstd", "ZstdError"), ("isal.igzip_lib", "IsalError"))
    known = [(sys.modules.get(module), error) for module, error in loaded]
    found = tuple(cast(type[Exception], getattr(module, name)) for module, name in known if module)
    return (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError, RuntimeError, MemoryError, *found)


def _optional(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def _zstd_module() -> ModuleType | None:
    """Python's own from 3.14 on, else the same one as a library."""
    return _optional("compression.zstd") or _optional("backports.zstd")


def _gzip() -> Decoder:
    """By isal where it is installed: three times as fast."""
    isal = _optional("isal.igzip_lib")
    return _Zlib() if isal is None else cast(Decoder, isal.IgzipDecompressor(flag=isal.DECOMP_GZIP))


def _zstd() -> Decoder:
    module = _zstd_module()
    if module is None:
        raise OSError("backports.zstd is not installed")
    options = {module.DecompressionParameter.window_log_max: _WINDOW_LOG}
    return cast(Decoder, module.ZstdDecompressor(options=options))


def _xz() -> Decoder:
    return lzma.LZMADecompressor(memlimit=2 * _MEMORY)


class _Zlib:
    def __init__(self) -> None:
        self._decoder = zlib.decompressobj(_GZIP_WINDOW)

    @property
    def eof(self) -> bool:
        return self._decoder.eof

    @property
    def needs_input(self) -> bool:
        return not self._decoder.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._decoder.unused_data

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        return self._decoder.decompress(self._decoder.unconsumed_tail + data, max_length)


DECODERS: dict[str, Callable[[], Decoder]] = {"gzip": _gzip, "bzip2": bz2.BZ2Decompressor, "xz": _xz, "zstd": _zstd}
