"""Texts for readers: analysis names them by key and parameters, a catalogue says them in a language."""

from __future__ import annotations

import string
from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct, field

Value: TypeAlias = "str | int | float | tuple[str | Text, ...] | Text | None"
"""What fills a place: a value, or another text that is said in the same language."""


NAMES = "list.names"
"""Key of what stands between the names of a list."""


class Text(Struct, frozen=True):
    """A sentence by its key; `params` fill the `{name}` places of the catalogue's template."""

    key: str
    params: Mapping[str, Value] = field(default_factory=dict)


def is_wide(char: str) -> bool:
    """Whether it is a character of a language that puts no blanks between words; around Latin words it does.

    >>> is_wide("节"), is_wide("，"), is_wide("n"), is_wide("")
    (True, True, False, False)
    """
    return "\u2e80" <= char <= "\ua4cf" or "\uff00" <= char <= "\uff60"


def fill(template: str, values: Mapping[str, object]) -> str:
    """Fill plain `{name}` places only, so that a template cannot reach into objects; what is missing stays visible.

    A template's blank around a place is for Latin words: it goes where it would stand between two wide characters.

    >>> fill("{a} of {b}", {"a": 1})
    '1 of {b}'
    >>> fill("从 {place} 查询", {"place": "节点 n1"}), fill("从 {place} 查询", {"place": "n1"})
    ('从节点 n1 查询', '从 n1 查询')
    """
    if "{" not in template and "}" not in template:
        return template
    out = ""
    for literal, name, _, _ in string.Formatter().parse(template):
        out += literal[1:] if literal[:1] == " " and is_wide(out[-1:]) and is_wide(literal[1:2]) else literal
        if name is not None:
            value = str(values.get(name, f"{{{name}}}"))
            out = (out[:-1] if out[-1:] == " " and is_wide(out[-2:-1]) and is_wide(value[:1]) else out) + value
    return out


def places(template: str) -> set[str]:
    """Names of the places that a template fills."""
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


class Catalogue(Struct, frozen=True):
    """Templates of one language by key; what it lacks comes from `fallback`."""

    lang: str
    templates: Mapping[str, str]
    fallback: Catalogue | None = None

    def template(self, key: str) -> str | None:
        """The template of a key, or None."""
        found = self.templates.get(key)
        if found is None and self.fallback is not None:
            return self.fallback.template(key)
        return found

    def say(self, text: Text) -> str:
        """The sentence; the key itself when nobody knows it (so that nothing vanishes).

        >>> Catalogue("en", {"x": "{n} of {all}, {names}"}).say(Text("x", {"n": 1, "all": 2, "names": ("a", "b")}))
        '1 of 2, a, b'
        """
        template = self.template(text.key)
        if template is None:
            return text.key
        return fill(template, {name: self._value(value) for name, value in text.params.items()})

    def _value(self, value: object) -> object:
        if isinstance(value, Text):
            return self.say(value)
        if isinstance(value, tuple):
            return (self.template(NAMES) or ", ").join(str(self._value(v)) for v in value)
        return "?" if value is None else value
