"""Log text is hostile: a client chooses the names that CoreDNS prints. Every text passes here before it is shown."""

from __future__ import annotations

import unicodedata


def clean(text: str) -> str:
    r"""The text with every character that is not plainly visible written out.

    Control characters, escape sequences, bidirectional marks, zero-width characters, line separators and lone
    surrogates become `\x1b`, `\u202e` …; white space of any kind becomes one blank. Visible text stays as it is.

    >>> clean("a\x1b[2Jb\u202ec\td")
    'a\\x1b[2Jb\\u202ec d'
    >>> clean("名前 é")
    '名前 é'
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _visible(char) for char in text)


def _visible(char: str) -> str:
    if char == "\t" or unicodedata.category(char) == "Zs":
        return " "
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
