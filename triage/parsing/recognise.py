"""The recogniser: what a distinct text means, found once and remembered."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property

from msgspec.structs import replace

from triage.model.late import late
from triage.model.message import Message, Where
from triage.model.observation import Answer, FailureKind, Meaning, Query
from triage.parsing import client_go, lifecycle
from triage.parsing.addresses import ip_of
from triage.parsing.head import Head, read_head
from triage.parsing.kubelet import watcher_text
from triage.parsing.match import Hit, Lookup
from triage.parsing.meaning import meaning_of, shape_meaning
from triage.parsing.plugin_errors import SUMMARY, is_probe, qname_of, read_errors_line, read_summary
from triage.parsing.query_log import parse_query

UNKNOWN = "unknown"
_QUERY_ERROR = late(r"(\[ERROR\] plugin/errors: \d{1,5} )(\S{3,1020}) ([A-Z0-9]{1,10}): (.{1,1000})", re.ASCII)
_LOCAL = late(r" (?P<local>[^\s:\[\]]{1,45}|\[[^\s\[\]]{2,45}\]):\d{1,5}->", re.ASCII)
_LONGEST = 4096
_TAIL = 1024
"""Of a longer text the beginning and the end are looked at: a `consolidate` pattern may have 10,000 characters, the
words that matter stand before and behind it. Names have 1,020 at most."""


class Recogniser:
    """Finds the meaning of a text; equal texts are looked at once.

    Call it with the text of a line without framing. It never raises. Nobody's text has `message_id` `unknown`;
    `[LEVEL] plugin/NAME: …` with words that no message has is `plugin.other`: a line of that plugin, understood
    as far as its level, with label `unknown`.
    """

    def __init__(self, messages: Iterable[Message], *, remember: int = 50_000) -> None:
        self._messages = messages
        self._known: dict[str, Meaning] = {}
        self._errors: dict[object, Meaning] = {}
        self._remember = remember

    @cached_property
    def lookup(self) -> Lookup:
        """What texts are compared with: made with the first one that is asked for, or sooner by who looks here."""
        return Lookup(self._messages)

    def __call__(self, text: str) -> Meaning:
        """The meaning of one text."""
        if len(text) > _LONGEST:
            text = text[: _LONGEST - _TAIL] + text[-_TAIL:]
        meaning = self._known.get(text)
        if meaning is None:
            meaning = self._of_query_error(text) or self._read(text)
            if len(self._known) >= self._remember:
                self._known.clear()
            self._known[text] = meaning
        return meaning

    def _of_query_error(self, text: str) -> Meaning | None:
        """A line of the errors plugin by one that differs in name and local end only, which was read before."""
        match = _QUERY_ERROR.fullmatch(text)
        if match is None:
            return None
        head, name, qtype, words = match.groups()
        if name.rstrip(".").lower() in words.lower():
            return None  # words in which the name stands say something about this name only
        found = _LOCAL.search(words)
        local = ip_of(found["local"]) if found is not None else None
        if found is not None:
            words = f"{words[: found.start()]} {'' if local else found['local']}->{words[found.end() :]}"
        key = (head, qtype, name.endswith("."), words)
        known = self._errors.get(key)
        if known is None and (known := self._errors.get((key, local))) is not None:
            local = known.local_addr
        if known is None:
            known = self._read(text)
            if known.plugin == "errors":
                if len(self._errors) >= self._remember:
                    self._errors.clear()
                shared = known.local_addr == local and not _tells(known.fields, found)
                self._errors[key if shared else (key, local)] = known
            return known
        qname = qname_of(name)
        if qname == known.qname and local == known.local_addr:
            return known
        return known.told_of(qname, probe=is_probe(qname, qtype), local_addr=local)

    def _read(self, text: str) -> Meaning:
        """The most specific reading; a generic message only when nothing else fits."""
        head = read_head(text)
        meaning = read_errors_line(head, self.lookup)
        if meaning is not None:
            return meaning
        body, pairs = _without_pairs(head)
        hit = self.lookup.find(Where.LINE, body, head.plugin)
        if hit is not None and not hit.message.generic:
            return self._line(head, hit, pairs)
        return (
            self._plain(head, text)
            or (self._line(head, hit, pairs) if hit is not None else None)
            or self._glued(text)
            or self._query(text)
            or self._other(head)
        )

    def _line(self, head: Head, hit: Hit, pairs: dict[str, str]) -> Meaning:
        """A message of its own, perhaps with another one nested in it."""
        if hit.message.id == SUMMARY:
            return read_summary(hit, head.level, self.lookup)
        reason = "reason" in hit.fields
        if hit.message.plugin == "kubernetes" and (reason or pairs or "source" in hit.fields):
            return client_go.read_client_go(head, hit, self.lookup, pairs)
        if reason:
            return lifecycle.read_nested(head, hit, self.lookup)
        return meaning_of(hit, level=head.level, plugin=head.plugin)

    def _plain(self, head: Head, text: str) -> Meaning | None:
        """A start-up error, or a line of a banner, a stack, a dump."""
        if head.klog is not None:
            return None
        if head.level is None and head.plugin is None:
            plain = lifecycle.read_plain(text, self.lookup)
            if plain is not None:
                return plain
        startup = lifecycle.read_startup(head, self.lookup) if head.level in (None, "FATAL", "ERROR") else None
        if startup is None and head.level is None and head.plugin is None:
            return client_go.read_reason(head.body, self.lookup)
        return startup

    def _glued(self, text: str) -> Meaning | None:
        """A line that ends in the kubelet's text: the kubelet's words count, the rest was cut by them."""
        tail = watcher_text(text.rstrip())
        return self(tail) if tail is not None else None

    def _query(self, text: str) -> Meaning | None:
        """A query line that was not counted as one."""
        query = parse_query(text)
        return self.of_query(query) if query is not None else None

    def of_query(self, query: Query) -> Meaning:
        """The meaning of a line of the query log."""
        failed = query.answer in (Answer.FAILED, Answer.REJECTED)
        return replace(
            shape_meaning(self.lookup, "log.query", level="INFO", plugin="log"),
            kind=FailureKind.OVERLOAD if query.answer is Answer.REJECTED else FailureKind.OTHER if failed else None,
            upstream=query.upstream,
            proto=query.proto,
            qname=query.qname,
            qtype=query.qtype,
            rcode=query.rcode,
            probe=query.probe,
        )

    def _other(self, head: Head) -> Meaning:
        if head.plugin is None:
            return Meaning(UNKNOWN, level=head.level)
        meaning = shape_meaning(self.lookup, "plugin.other", level=head.level, plugin=head.plugin)
        return replace(meaning, fields={"text": head.body[:400]})


def _tells(fields: Mapping[str, str], found: re.Match[str] | None) -> bool:
    """Whether a part of the message holds the local end, so that it is this line's only."""
    return found is not None and any(found["local"] in text for text in fields.values())


def _without_pairs(head: Head) -> tuple[str, dict[str, str]]:
    """The body without what client-go's logger puts behind it."""
    body = head.body.rstrip()
    if head.plugin == "kubernetes" and body.endswith('"'):
        body, pairs = client_go.split_pairs(body)
    else:
        pairs = {}
    return client_go.without_nil(body), pairs
