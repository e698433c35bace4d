"""Texts for readers: analysis names them by key and parameters, a catalogue says them in a language."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

Value: TypeAlias = "str | int | float | tuple[str | Text, ...] | Text | None"
"""What fills a place: a value, or another text that is said in the same language."""


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence by its key; `params` fill the `{name}` places of the catalogue's template."""

    key: str
    params: Mapping[str, Value] = field(default_factory=dict)


class _Formatter(string.Formatter):
    """Fills only plain `{name}` places: no attribute access, no indexing, so a template cannot reach into objects."""

    def get_field(self, field_name: str, args: object, kwargs: Mapping[str, object]) -> tuple[object, str]:
        """Look the bare name up; what is missing stays visible as `{name}`."""
        return kwargs.get(field_name, "{" + field_name + "}"), field_name


@dataclass(frozen=True, slots=True)
class Catalogue:
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
        return _Formatter().vformat(template, (), {k: self._value(v) for k, v in text.params.items()})

    def _value(self, value: object) -> object:
        if isinstance(value, Text):
            return self.say(value)
        if isinstance(value, tuple):
            return ", ".join(str(self._value(v)) for v in value)
        return "?" if value is None else value
