"""Text as people save it → UTF-8: PowerShell writes UTF-16 with a mark, Chinese consoles GB18030, Windows CRLF."""

from __future__ import annotations

import codecs
import re

_MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ODD = bytes((*range(1, 7), *range(14, 27), 28, 29, 30, 31, 127))


def encoding_of(head: bytes) -> str | None:
    r"""Encoding of a text by its first bytes; None means binary.

    >>> (encoding_of(b"nameserver 10.0.0.1\n"),
    ...  encoding_of("名前".encode("gb18030")),
    ...  encoding_of(b"\x7fELF\x02\x01\x01\0\0\0"))
    ('utf-8', 'gb18030', None)
    """
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if not head:
        return "utf-8"
    unmarked = _utf16_without_mark(head)
    if unmarked:
        return unmarked
    if _is_binary(head):
        return None
    for name in ("utf-8", "gb18030"):
        if _decodes(head, name):
            return name
    return "utf-8"  # a few foreign bytes: they become U+FFFD, the rest is readable


def decode(raw: bytes, encoding: str) -> str:
    """Text of a small document: without mark, carriage returns and NUL padding; undecodable bytes become U+FFFD."""
    name = {"utf-8-sig": "utf-8"}.get(encoding, encoding)
    text = raw.decode(name, errors="replace").removeprefix("\ufeff")
    text = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    return text.replace("\0", "")


def _utf16_without_mark(head: bytes) -> str | None:
    """ASCII text in UTF-16 has a NUL in nearly every second byte."""
    sample = head[:4096]
    half = len(sample) // 2
    if half < 8:
        return None
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > 0.7 * half and even < 0.05 * half:
        return "utf-16-le"
    if even > 0.7 * half and odd < 0.05 * half:
        return "utf-16-be"
    return None


def _is_binary(head: bytes) -> bool:
    """Control characters that no terminal text holds; NUL padding (a file that grew while it was cut) is no sign."""
    stripped = head.replace(b"\0", b"")
    nul = len(head) - len(stripped)
    odd = len(stripped) - len(stripped.translate(None, _ODD))
    if nul and not _long_runs_only(head):
        return True
    return not stripped or odd > 0.02 * len(stripped)


def _long_runs_only(head: bytes) -> bool:
    """True when NULs come as padding (few long runs), false when they are sprinkled as in binary formats."""
    runs = len(re.findall(rb"\0+", head))
    return runs <= 4 or runs < len(head) / 2000


def _decodes(head: bytes, encoding: str) -> bool:
    """Decodable, with a possibly cut last character, and for GB18030 with characters that people write."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        text = decoder.decode(head, final=False)
    except UnicodeDecodeError:
        return False
    if encoding == "utf-8":
        return True
    foreign = [c for c in text if ord(c) > 127]
    usual = sum("\u3000" <= c <= "\u9fff" or "\uff00" <= c <= "\uffef" or "\u2010" <= c <= "\u2026" for c in foreign)
    return usual >= 0.8 * len(foreign)
