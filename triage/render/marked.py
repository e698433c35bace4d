"""Markdown that log text cannot break out of: names stand in code, where trackers read no link, mention or command."""

from __future__ import annotations

import re
from collections.abc import Iterable

from triage.render.clean import clean
from triage.render.spans import spans

_SPECIAL = re.compile(r"[\\*_\[\]<>~&`#|]")
_OPENS = re.compile(r"(?<!\S)([-+]|\d+[.)])(?=\s|$)")
"""What would begin a list."""
_RUN = re.compile(r"`+")


def inline(sentence: str) -> str:
    r"""A sentence; what is no plain word stands in code.

    >>> inline("- upstream 10.0.0.2:53 (a *b*)")
    '\\- upstream `10.0.0.2:53` (a `*b*`)'
    """
    text = "".join(code(span.text) if span.code else _SPECIAL.sub(r"\\\g<0>", span.text) for span in spans(sentence))
    return _OPENS.sub(lambda m: f"{m[1][:-1]}\\{m[1][-1]}", text, count=1) if _OPENS.match(text) else text


def code(text: str) -> str:
    """A name as a code span that its own backticks cannot end.

    >>> code("a`b"), code("`"), code("")
    ('``a`b``', '`` ` ``', '')
    """
    text = clean(text)
    if not text.strip():
        return ""
    fence = _fence(text, 1)
    blank = " " if "`" in (text[0], text[-1]) or " " in (text[0], text[-1]) else ""
    return f"{fence}{blank}{text}{blank}{fence}"


def cell(sentence: str) -> str:
    """A cell of a table: a pipe ends it even inside a code span, and only a hostile name has one."""
    return inline(sentence.replace("|", "\\x7c")) or "-"


def block(lines: Iterable[str], language: str = "") -> list[str]:
    """A fenced block that no line of it can end."""
    shown = [clean(line) for line in lines]
    fence = _fence("\n".join(shown), 3)
    return [fence + language, *shown, fence]


def _fence(text: str, least: int) -> str:
    return "`" * max(least, 1 + max((len(run) for run in _RUN.findall(text)), default=0))
