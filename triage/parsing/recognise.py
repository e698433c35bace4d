"""The recogniser: what a distinct text means, found once and remembered."""

from __future__ import annotations

from collections.abc import Iterable

from triage.model.message import Message, Where
from triage.model.observation import Meaning
from triage.parsing import client_go, lifecycle
from triage.parsing.head import Head, read_head
from triage.parsing.kubelet import watcher_text
from triage.parsing.match import Lookup
from triage.parsing.meaning import meaning_of
from triage.parsing.plugin_errors import read_errors_line

UNKNOWN = "unknown"
OTHER = "plugin.other"
_LONGEST = 16_384
"""Characters of a text that are looked at: CoreDNS' longest pattern has 10,000 since 1.14.0."""


class Recogniser:
    """Finds the meaning of a text; equal texts are looked at once.

    Call it with the text of a line that is no query line, without framing. It never raises. Nobody's text has
    `message_id` `unknown`; `[LEVEL] plugin/NAME: …` with words that no message has is `plugin.other`: a line of that
    plugin, understood as far as its level, with label `unknown`.
    """

    def __init__(self, messages: Iterable[Message], *, remember: int = 50_000) -> None:
        self._lookup = Lookup(messages)
        self._known: dict[str, Meaning] = {}
        self._remember = remember

    def __call__(self, text: str) -> Meaning:
        """The meaning of one text."""
        text = text[:_LONGEST]
        meaning = self._known.get(text)
        if meaning is None:
            meaning = self._read(text)
            if len(self._known) >= self._remember:
                self._known.clear()
            self._known[text] = meaning
        return meaning

    def _read(self, text: str) -> Meaning:
        head = read_head(text)
        return (
            read_errors_line(head, self._lookup)
            or self._line(head)
            or self._plain(head, text)
            or self._glued(text)
            or self._other(head)
        )

    def _line(self, head: Head) -> Meaning | None:
        """A message of its own, perhaps with another one nested in it."""
        body, pairs = head.body.rstrip(), {}
        if body.endswith('"') and head.plugin in (None, "kubernetes"):
            body, pairs = client_go.split_pairs(body)
        body = client_go.without_nil(body)
        hit = self._lookup.find(Where.LINE, body, head.plugin)
        if hit is None and pairs:
            pairs = {}
            hit = self._lookup.find(Where.LINE, head.body.rstrip(), head.plugin)
        if hit is None:
            return None
        if hit.message.id.startswith("client-go."):
            return client_go.read_client_go(head, hit, self._lookup, pairs)
        if "reason" in hit.fields:
            return lifecycle.read_nested(head, hit, self._lookup)
        return meaning_of(hit, level=head.level, plugin=head.plugin)

    def _plain(self, head: Head, text: str) -> Meaning | None:
        """A start-up error, or a line of a banner, a stack, a dump."""
        if head.level is None and head.klog is None and head.plugin is None:
            plain = lifecycle.read_plain(head.body)
            if plain is not None:
                return plain
        if head.klog is None and (head.level in (None, "FATAL") or head.plugin is None):
            return lifecycle.read_startup(head, head.body, self._lookup)
        return None

    def _glued(self, text: str) -> Meaning | None:
        """A line that ends in the kubelet's text: the kubelet's words count, the rest was cut by them."""
        tail = watcher_text(text.rstrip())
        return self(tail) if tail is not None else None

    def _other(self, head: Head) -> Meaning:
        if head.plugin is None:
            return Meaning(UNKNOWN, level=head.level)
        return Meaning(OTHER, head.plugin, head.level, fields={"text": head.body[:400]})
