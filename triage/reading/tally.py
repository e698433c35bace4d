"""Counts of query lines and kept lines of one life of one stream; tallies add up in any order."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import frexp

from triage.model.observation import Answer, Citation, Entry, Query, QueryFailure
from triage.reading.limits import Limits

TROUBLE = frozenset({Answer.FAILED, Answer.REJECTED})
_CLIENTS = 16

Group = tuple[str, str, str, Answer]
"""zone, qtype, rcode, answer."""
CountKey = tuple[int | None, Group, int | None]
"""minute, group, log2 of milliseconds."""
NameKey = tuple[str, str, str, Answer]
"""qname, qtype, rcode, answer."""


class Seen:
    """Query lines that differ in client, id and time only."""

    __slots__ = (
        "clients",
        "count",
        "first_ns",
        "group",
        "last_ns",
        "last_number",
        "last_text",
        "number",
        "query",
        "text",
        "trouble",
    )

    def __init__(self, query: Query, zone: str, number: int, text: str, at_ns: int | None) -> None:
        self.query = query
        self.group: Group = (zone, query.qtype, query.rcode, query.answer)
        self.trouble = query.answer in TROUBLE
        self.count = 0
        self.first_ns = at_ns
        self.last_ns = at_ns
        self.number = number
        self.text = text
        self.last_number = number
        self.last_text = text
        self.clients: set[str] = set()


@dataclass(slots=True)
class Name:
    """How often one name was answered in one way."""

    count: int
    first_ns: int | None
    last_ns: int | None
    citation: Citation
    clients: set[str]
    min_bytes: int | None

    def add(self, other: Name) -> None:
        """Take the other's share; the earlier citation stays."""
        self.count += other.count
        if _order(other.first_ns, other.citation) < _order(self.first_ns, self.citation):
            self.citation = other.citation
        self.first_ns = least(self.first_ns, other.first_ns)
        self.last_ns = greatest(self.last_ns, other.last_ns)
        self.clients = set(sorted(self.clients | other.clients)[:_CLIENTS])
        self.min_bytes = least(self.min_bytes, other.min_bytes)


def _order(at_ns: int | None, citation: Citation) -> tuple[bool, int, str, int]:
    return (at_ns is None, at_ns or 0, citation.file, citation.line)


def least(a: int | None, b: int | None) -> int | None:
    """The smaller of two numbers that may be unknown."""
    return b if a is None else a if b is None else min(a, b)


def greatest(a: int | None, b: int | None) -> int | None:
    """The greater of two numbers that may be unknown."""
    return b if a is None else a if b is None else max(a, b)


def log2_ms(duration_s: float | None) -> int | None:
    """floor(log2(milliseconds)).

    >>> log2_ms(0.001), log2_ms(2.002), log2_ms(0.0001), log2_ms(None)
    (0, 10, -4, None)
    """
    if duration_s is None:
        return None
    return frexp(duration_s * 1000.0)[1] - 1 if duration_s > 0 else -20


@dataclass(slots=True)
class Tally:
    """What is kept of one life (or of one stream whose replica is known)."""

    counts: dict[CountKey, int] = field(default_factory=dict)
    names: dict[NameKey, Name] = field(default_factory=dict)
    failures: list[QueryFailure] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    seen: dict[object, Seen] = field(default_factory=dict)
    overflow: dict[str, int] = field(default_factory=dict)
    rare: set[object] = field(default_factory=set)
    """Kinds of lines kept after the cap was reached."""
    queries: int = 0
    """Query lines, counted when `seen` is folded; so are the times of the first and last one."""
    first_ns: int | None = None
    last_ns: int | None = None
    last_answers: dict[Answer, tuple[int, str]] = field(default_factory=dict)
    """Number and text of the last query line by where its answer came from."""

    def keep(self, entry: Entry, limits: Limits) -> None:
        """Keep a line; beyond the cap only the first of each kind and minute, so that no time is lost."""
        if len(self.entries) >= limits.entries_per_stream:
            line, meaning = entry.line, entry.meaning
            minute = line.number // 1000 if line.at_ns is None else line.at_ns // 60_000_000_000
            kind = (minute, meaning.message_id, meaning.upstream, meaning.kind)
            if kind in self.rare or len(self.rare) >= limits.entries_per_stream:
                self.spill("entries")
                return
            self.rare.add(kind)
        self.entries.append(entry)

    def keep_failure(self, failure: QueryFailure, limits: Limits) -> None:
        """Keep a failed query line."""
        if len(self.failures) < limits.failures_per_stream:
            self.failures.append(failure)
        else:
            self.spill("failures")

    def spill(self, table: str, rows: int = 1) -> None:
        """Count what did not fit."""
        self.overflow[table] = self.overflow.get(table, 0) + rows

    def fold(self, file: str, limits: Limits) -> None:
        """Move `seen` into `names`."""
        for seen in self.seen.values():
            if seen.count == 0:
                continue
            self.queries += seen.count
            answer = seen.query.answer
            self.last_answers[answer] = max((seen.last_number, seen.last_text), self.last_answers.get(answer, (0, "")))
            self.first_ns = least(self.first_ns, seen.first_ns)
            self.last_ns = greatest(self.last_ns, seen.last_ns)
            query = seen.query
            key = (query.qname, query.qtype, query.rcode, query.answer)
            name = Name(
                seen.count,
                seen.first_ns,
                seen.last_ns,
                Citation(file, seen.number, seen.text[:400]),
                seen.clients,
                query.size_bytes,
            )
            known = self.names.get(key)
            if known is not None:
                known.add(name)
            elif len(self.names) < limits.names_scanned:
                self.names[key] = name
            else:
                self.spill("names")
        self.seen.clear()
