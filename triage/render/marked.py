"""Markdown that log text cannot break out of.

Names come from logs, and clients choose them. So a name stands in a code span or a fence only, where trackers read
no link, mention, reference or quick action; our own words are escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from triage.model.text import NAMES, Catalogue, Text, Value
from triage.render.clean import clean
from triage.render.words import Words

_SPECIAL = re.compile(r"[\\*_\[\]<>~&`#]")
_PLACE = re.compile(r"(\{[a-z_]+\})")
"""A place in a template that a name fills."""
_PLAIN = re.compile(r"[<>]?[0-9]{1,9}( %)?|[A-Za-z][A-Za-z -]{0,40}")
"""Values that are no name: numbers, percents, words."""
_RUN = re.compile(r"`+")


class Markdown(str):
    """Text that is Markdown already; any other text is escaped before it goes in."""

    __slots__ = ()


def escape(text: str) -> Markdown:
    r"""Our own words, literally.

    >>> escape("a_b *c*")
    'a\\_b \\*c\\*'
    """
    return Markdown(_SPECIAL.sub(r"\\\g<0>", clean(text)))


def code(text: str) -> Markdown:
    """A name as a code span that its own backticks cannot end.

    >>> code("a`b"), code("`"), code("")
    ('``a`b``', '`` ` ``', '')
    """
    text = clean(text)
    if not text.strip():
        return Markdown("")
    fence = _fence(text, 1)
    blank = " " if "`" in (text[0], text[-1]) or " " in (text[0], text[-1]) else ""
    return Markdown(f"{fence}{blank}{text}{blank}{fence}")


def block(lines: Iterable[str], language: str = "") -> list[str]:
    """A fenced block that no line of it can end."""
    shown = [clean(line) for line in lines]
    fence = _fence("\n".join(shown), 3)
    return [fence + language, *shown, fence]


def _fence(text: str, least: int) -> str:
    return "`" * max(least, 1 + max((len(run) for run in _RUN.findall(text)), default=0))


class MarkdownWords(Words):
    """The same sentences; what fills them is a code span unless it is a number, a word or Markdown already."""

    def say(self, text: Text) -> Markdown:
        """A sentence; text between backticks in a template is one code span with its values."""
        text = self.worded(text)
        template = self.catalogue.template(text.key)
        if template is None:
            return code(text.key)
        parts = template.split("`")
        if len(parts) % 2 == 0:
            return self._prose(template, text)
        return Markdown("".join(self._span(p, text) if i % 2 else self._prose(p, text) for i, p in enumerate(parts)))

    def join(self, separator: str, parts: Iterable[Value]) -> Markdown:
        """Several said parts as one."""
        return Markdown(separator.join(self._value(part) for part in parts))

    def capital(self, sentence: str) -> Markdown:
        """The sentence with a capital first letter."""
        return Markdown(super().capital(sentence))

    def _prose(self, template: str, text: Text) -> Markdown:
        parts = _PLACE.split(template)
        escaped = "".join(part if i % 2 else escape(part) for i, part in enumerate(parts))
        return self._filled(escaped, {name: self._value(value) for name, value in text.params.items()})

    def _span(self, template: str, text: Text) -> Markdown:
        names = {n: self.catalogue.say(v) if isinstance(v, Text) else v for n, v in text.params.items()}
        return code(self._filled(template, names))

    def _filled(self, template: str, values: Mapping[str, Value]) -> Markdown:
        return Markdown(Catalogue(self.catalogue.lang, {"": template}, self.catalogue).say(Text("", values)))

    def _value(self, value: Value) -> Markdown:
        if isinstance(value, Markdown):
            return value
        if isinstance(value, Text):
            return self.say(value)
        if isinstance(value, tuple):
            return self.join(self.word(NAMES), value)
        if value is None:
            return Markdown("?")
        text = str(value)
        return escape(text) if _PLAIN.fullmatch(text) else code(text)
