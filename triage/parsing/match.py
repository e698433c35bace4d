"""Finds the most specific message for a text, trying only messages whose rarest fixed word stands in it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from msgspec import Struct

from triage.model.late import late
from triage.model.message import PLACEHOLDERS, Message, Part, Where, Wording, parse_template

_WORD = late(r"[A-Za-z0-9]+")
_MARK = late(r"client-go@v\d{1,3}\.\d{1,3}\.\d{1,3}")


class Hit(Struct, frozen=True):
    """A message that fits a text, and what stood in its places."""

    message: Message
    wording: Wording
    fields: Mapping[str, str]
    fixed: int
    """Characters of fixed text: the measure of how specific the hit is."""


class Pattern:
    """A wording as an expression, compiled when first needed.

    Every place ends at the first occurrence of the fixed text behind it, without a way back: time is linear.
    """

    __slots__ = ("_regex", "fixed", "message", "parts", "wording")

    def __init__(self, message: Message, wording: Wording) -> None:
        self.message = message
        self.wording = wording
        self.parts = parse_template(wording.text)
        self.fixed = sum(len(p.text) for p in self.parts if p.type is None)
        self._regex: re.Pattern[str] | None = None

    def words(self) -> frozenset[str]:
        """Words of the fixed text that stand whole in every line of this wording."""
        found: set[str] = set()
        for i, part in enumerate(self.parts):
            words = _WORD.findall(part.text) if part.type is None else []
            if words and i > 0 and part.text.startswith(words[0]):  # glued to the place before
                del words[0]
            if words and i + 1 < len(self.parts) and part.text.endswith(words[-1]):
                del words[-1]
            found.update(words)
        return frozenset(found)

    def match(self, text: str) -> Mapping[str, str] | None:
        """The places' contents when the whole text is this wording."""
        if self._regex is None:
            self._regex = re.compile(expression(self.parts), re.DOTALL)
        found = self._regex.fullmatch(text)
        return {k: v for k, v in found.groupdict().items() if v is not None} if found is not None else None


def expression(parts: tuple[Part, ...]) -> str:
    """The regular expression of a template.

    The last place may run up to fixed text at the very end; an empty one may have lost the blank before it.

    >>> re.fullmatch(expression(parse_template("{a:rest} of {b:int}")), "3 of 4 of 5") is None
    True
    >>> re.fullmatch(expression(parse_template("from {a:rest} failed")), "from x failed failed")["a"]
    'x failed'
    >>> re.fullmatch(expression(parse_template("using {a:rest}")), "using") is None
    False
    """
    out: list[str] = []
    place = ""
    for i, part in enumerate(parts):
        last = i + 1 == len(parts)
        if part.type is not None:
            lazy = "" if last or part.type == "quoted" else "?"
            place = f"(?P<{part.text}>{PLACEHOLDERS[part.type]}{lazy})"
            out.append(place if last else "")
            continue
        fixed = re.escape(part.text)
        if i + 2 == len(parts) and parts[-1].type == "rest" and part.text.endswith(" "):
            fixed = f"(?:{fixed}|{re.escape(part.text[:-1])}(?!.))"
        out.append(fixed if not place else place + fixed if last else f"(?>{place}{fixed})")
        place = ""
    return "".join(out)


class Index:
    """All wordings that stand in one place, by their rarest word."""

    def __init__(self, messages: Iterable[Message], *, named_only: bool = False) -> None:
        """`named_only`: a wording without any fixed word fits only a line that names its plugin."""
        self._named_only = named_only
        patterns = [(pattern, pattern.words()) for m in messages for w in m.wordings for pattern in (Pattern(m, w),)]
        counts = Counter(word for _, words in patterns for word in words)
        self._by_word: dict[str, list[Pattern]] = {}
        self._always: list[Pattern] = []
        for pattern, words in patterns:
            rarest = min(words, key=lambda w: (counts[w], -len(w), w), default=None)
            (self._always if rarest is None else self._by_word.setdefault(rarest, [])).append(pattern)

    def find(self, text: str, plugin: str | None = None) -> Hit | None:
        """The message with most fixed text that fits; `plugin` excludes messages of other plugins."""
        candidates = [p for p in self._always if not self._named_only or p.message.plugin == plugin]
        for word in dict.fromkeys(_WORD.findall(text)):
            candidates.extend(self._by_word.get(word, ()))
        candidates.sort(key=lambda p: (p.message.generic, -p.fixed, p.message.plugin == "*"))
        for pattern in candidates:
            if plugin is not None and pattern.message.plugin not in ("*", plugin):
                continue
            fields = pattern.match(text)
            if fields is not None:
                return Hit(pattern.message, pattern.wording, fields, pattern.fixed)
        return None


class Lookup:
    """The catalogue of messages, by where they stand."""

    def __init__(self, messages: Iterable[Message]) -> None:
        by_place: dict[Where, list[Message]] = {}
        self._by_id: dict[str, Message] = {}
        for message in messages:
            by_place.setdefault(message.where, []).append(message)
            self._by_id[message.id] = message
        self._phrases = [(w.text, m) for m in by_place.pop(Where.WORDS, ()) for w in m.wordings]
        self._marks = {w.text: w for m in by_place.pop(Where.TRACE, ()) for w in m.wordings}
        by_place.pop(Where.SHAPE, None)
        self._by_place = by_place
        self._indexes: dict[Where, Index] = {}
        """Made for the first text of a place: few runs meet errors of a start, which have most wordings."""

    def find(self, where: Where, text: str, plugin: str | None = None) -> Hit | None:
        """The most specific message of this place that is the whole text."""
        if where not in self._by_place or not text:
            return None
        if where not in self._indexes:
            self._indexes[where] = Index(self._by_place[where], named_only=where is Where.LINE)
        return self._indexes[where].find(text, plugin)

    def best(self, places: Iterable[Where], text: str) -> Hit | None:
        """The most specific message of several places."""
        hits = [hit for hit in (self.find(where, text) for where in places) if hit is not None]
        return max(hits, key=lambda h: (not h.message.generic, h.fixed), default=None)

    def named(self, message_id: str) -> Message | None:
        """The message of this id; None when the catalogue has none."""
        return self._by_id.get(message_id)

    def phrase(self, text: str) -> Message | None:
        """The one kind of failure that the words of a text tell; None when they tell none or several."""
        found = [(phrase, m) for phrase, m in self._phrases if phrase in text]
        longest = [m for phrase, m in found if not any(phrase != other and phrase in other for other, _ in found)]
        return longest[0] if len({m.kind for m in longest}) == 1 else None

    def mark(self, text: str) -> Wording | None:
        """The mark in a text that bounds the version: `client-go@v0.27.4`."""
        match = _MARK.search(text)
        return self._marks.get(match[0]) if match is not None else None
