"""Bytes to numbered lines: encodings, NUL bytes, overlong lines."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Protocol


class Readable(Protocol):
    """What bytes come from."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; empty at the end only."""


_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHUNK = 1 << 18
HEAD_BYTES = 1 << 16
"""How much of a document is looked at before it is read."""


def encoding_of(head: bytes) -> str:
    """Name the encoding that the first bytes of a document tell.

    >>> encoding_of("[INFO]".encode("utf-16")), encoding_of("[INFO] x".encode("utf-16-le"))
    ('utf-16', 'utf-16-le')
    >>> encoding_of(b"[INFO]"), encoding_of("错误".encode("gb18030"))
    ('utf-8', 'gb18030')
    """
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = max(len(head) // 2, 1)
    if odd > 0.4 * half and even < 0.1 * half:
        return "utf-16-le"
    if even > 0.4 * half and odd < 0.1 * half:
        return "utf-16-be"
    if _decodes(head, "utf-8") or not _decodes(head, "gb18030"):
        return "utf-8"
    return "gb18030"


def _decodes(head: bytes, encoding: str) -> bool:
    """Whether the head is valid, but for a character that its end may cut."""
    try:
        codecs.getincrementaldecoder(encoding)("strict").decode(head, final=len(head) < HEAD_BYTES)
    except UnicodeDecodeError:
        return False
    return True


def lines(stream: Readable, encoding: str, *, line_chars: int, cut: list[int]) -> Iterator[str]:
    """Yield each line without its newline; numbers of lines that were cut at `line_chars` go into `cut`."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    rest, number, dropping, first = "", 0, False, True
    while True:
        chunk = stream.read(_CHUNK)
        text = decoder.decode(chunk, final=not chunk)
        if "\0" in text:
            text = text.replace("\0", "")
        if first and text:
            text, first = text.removeprefix("\ufeff"), False
        *whole, rest = (rest + text).split("\n")
        for line in whole:
            if dropping:
                dropping = False
                continue
            number += 1
            if len(line) > line_chars:
                cut.append(number)
                line = line[:line_chars]
            yield line[:-1] if line.endswith("\r") else line
        if dropping:
            rest = ""
        elif len(rest) > line_chars:
            number += 1
            cut.append(number)
            yield rest[:line_chars]
            rest, dropping = "", True
        if not chunk:
            break
    if rest:
        yield rest[:-1] if rest.endswith("\r") else rest
