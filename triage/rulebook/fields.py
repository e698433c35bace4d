"""Typed reading of one mapping: hands out values of the right kind and notes every mistake with its line."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping

from triage.rulebook.locate import Located, Step
from triage.rulebook.mistakes import Mistakes, hint

_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class Fields:
    """A mapping inside a located YAML text. A wrong value is noted and replaced, so that reading goes on."""

    def __init__(self, source: Located, mistakes: Mistakes, path: tuple[Step, ...] = ()) -> None:
        data = source.data
        for step in path:
            data = data[step]  # type: ignore[index]
        self.source, self.mistakes, self.path = source, mistakes, path
        self._seen: set[str] = set()
        self.data: Mapping[str, object] = {}
        if isinstance(data, dict):
            self.data = data
        else:
            self.note("a mapping of keys and values is wanted here", "write `key: value` lines")

    @property
    def line(self) -> int:
        """Where it begins."""
        return self.source.line(*self.path)

    def line_of(self, *path: Step) -> int:
        """The line of something inside."""
        return self.source.line(*self.path, *path)

    def note(self, what: str, cure: str = "", *at: Step) -> None:
        """Note a mistake at a place inside (default: the mapping itself)."""
        self.mistakes.add(self.source.file, self.line_of(*at), what, cure)

    def has(self, key: str) -> bool:
        """Whether the key is written."""
        return key in self.data

    def take(self, key: str, *, required: bool = False) -> object:
        """The raw value; None when it is absent."""
        self._seen.add(key)
        if required and key not in self.data:
            self.note(f"missing key '{key}'", "add it")
        return self.data.get(key)

    def text(self, key: str, default: str | None = None) -> str:
        """A text that is not empty; required without a default."""
        value = self.take(key, required=default is None)
        if key not in self.data:
            return default or ""
        if isinstance(value, str) and value.strip():
            return value
        self.note(f"'{key}' must be a text", "quote it", key)
        return default or ""

    def ident(self, key: str) -> str:
        """A required id: lower-case words and digits with hyphens between."""
        value = self.text(key)
        if value and not _ID.fullmatch(value):
            self.note(f"'{value}' is no id", "use lower-case letters, digits and hyphens between", key)
        return value

    def number(
        self, key: str, default: float | None = None, *, low: float = -math.inf, high: float = math.inf
    ) -> float:
        """A number from `low` to `high`, both included; required without a default."""
        value = self.take(key, required=default is None)
        if key not in self.data:
            return default if default is not None else 0.5
        return self.as_number(value, f"'{key}'", low, high, key)

    def as_number(self, value: object, name: str, low: float, high: float, *at: Step) -> float:
        """Check a number that was found inside."""
        if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
            self.note(f"{name} must be a number", "", *at)
        elif not low <= value <= high:
            self.note(f"{name} is {value:g}, outside {low:g} … {high:g}", "", *at)
        else:
            return float(value)
        return min(max(0.5, low), high)

    def probability(self, key: str, default: float | None = None) -> float:
        """A number strictly between 0 and 1."""
        value = self.take(key, required=default is None)
        if key not in self.data:
            return 0.5 if default is None else default
        return self.as_probability(value, f"'{key}'", key)

    def as_probability(self, value: object, name: str, *at: Step) -> float:
        """Check a probability that was found inside: never 0 or 1, as one surprise would then outweigh everything."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.note(f"{name} must be a number between 0 and 1", "", *at)
        elif not 0 < value < 1:
            cure = "never 0 or 1: write 0.01 or 0.99 when you are sure" if value in (0, 1) else ""
            self.note(f"{name} is {value:g}, not between 0 and 1", cure, *at)
        else:
            return float(value)
        return 0.5

    def flag(self, key: str, default: bool) -> bool:
        """True or false."""
        value = self.take(key)
        if value is None or isinstance(value, bool):
            return default if value is None else value
        self.note(f"'{key}' must be true or false", "", key)
        return default

    def word(self, key: str, known: Collection[str], what: str, default: str | None = None) -> str:
        """One word of a vocabulary."""
        value = self.text(key, default)
        return self.known(value, known, what, key) if self.has(key) and value else value

    def known(self, word: object, known: Collection[str], what: str, *at: Step) -> str:
        """Check a word that was found inside."""
        if word not in known:
            self.note(f"unknown {what} '{word}'", hint(str(word), known), *at)
        return str(word)

    def words(self, key: str, known: Collection[str] | None = None, what: str = "") -> tuple[str, ...]:
        """A list of texts, empty when absent; of a vocabulary when `known` is given."""
        value = self.take(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.note(f"'{key}' must be a list of texts", f"write {key}: [a, b]", key)
            return ()
        for index, word in enumerate(value):
            if known is not None:
                self.known(word, known, what, key, index)
        return tuple(value)

    def section(self, key: str) -> Fields | None:
        """A mapping inside; None when absent."""
        return Fields(self.source, self.mistakes, (*self.path, key)) if self.take(key) is not None else None

    def items(self, key: str) -> Iterator[Fields]:
        """The mappings of a list inside; none when absent."""
        value = self.take(key)
        if value is not None and not isinstance(value, list):
            self.note(f"'{key}' must be a list", "start each entry with `- `", key)
        elif isinstance(value, list):
            yield from (Fields(self.source, self.mistakes, (*self.path, key, index)) for index in range(len(value)))

    def sections(self) -> Iterator[tuple[str, Fields]]:
        """All members, each a mapping of its own."""
        self._seen.update(self.data)
        for key in self.data:
            yield key, Fields(self.source, self.mistakes, (*self.path, key))

    def rest(self) -> dict[str, object]:
        """Everything that nobody has asked for so far."""
        left = {key: value for key, value in self.data.items() if key not in self._seen}
        self._seen.update(left)
        return left

    def close(self) -> None:
        """Note the keys that nobody knows."""
        if self.data.keys() <= self._seen:
            return
        known = set(self._seen)
        for key in self.rest():
            self.note(f"unknown key '{key}'", hint(key, known), key)
