"""Counts of query lines and kept lines of one life of one stream; tallies add up in any order."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field
from msgspec.structs import replace

from triage.model.observation import LOST, Answer, Citation, Entry, NameCount, Query, QueryFailure, is_failed
from triage.reading.clients import Clients
from triage.reading.faults import Faults
from triage.reading.limits import Limits
from triage.reading.thin import both, hash_of_text, is_below, level_of, wider, width_of


def is_own(rcode: str, answer: Answer) -> bool:
    """Whether CoreDNS itself said that there is a record, or none: it tells of a name nothing that went wrong."""
    return answer is Answer.LOCAL and rcode in {"NOERROR", "NXDOMAIN"}


Group = tuple[str, str, str, Answer]
"""zone, qtype, rcode, answer."""
CountKey = tuple[int | None, Group, int | None]
"""Bin of minutes, group, log2 of milliseconds."""
NameKey = tuple[str, str, str, Answer]
"""qname, qtype, rcode, answer."""


class Seen:
    """Query lines that differ in client, id, size and time only."""

    __slots__ = (
        "count",
        "failed",
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

    def __init__(self, query: Query, zone: str) -> None:
        self.query = query
        self.group: Group = (zone, query.qtype, query.rcode, query.answer)
        self.trouble = query.answer in LOST
        self.failed = is_failed(query.rcode, query.answer)
        self.count = 0
        self.first_ns: int | None = None
        self.last_ns: int | None = None
        self.number = self.last_number = 0
        self.text = self.last_text = ""


def added(a: NameCount, b: NameCount) -> NameCount:
    """The lines of both; the earlier citation stays."""
    return replace(
        a,
        count=a.count + b.count,
        first_ns=least(a.first_ns, b.first_ns),
        last_ns=greatest(a.last_ns, b.last_ns),
        citation=min((a, b), key=_order).citation,
    )


def _order(name: NameCount) -> tuple[bool, int, str, int]:
    return (name.first_ns is None, name.first_ns or 0, name.citation.file, name.citation.line)


def least(a: int | None, b: int | None) -> int | None:
    """The smaller of two numbers that may be unknown."""
    return b if a is None else a if b is None else min(a, b)


def greatest(a: int | None, b: int | None) -> int | None:
    """The greater of two numbers that may be unknown."""
    return b if a is None else a if b is None else max(a, b)


def log2_ms(duration_s: float | None) -> int | None:
    """floor(log2(milliseconds)), from whole nanoseconds.

    >>> log2_ms(0.001), log2_ms(2.002), log2_ms(0.0001), log2_ms(0.0), log2_ms(None)
    (0, 10, -4, -20, None)
    """
    if duration_s is None:
        return None
    ns = min(round(duration_s * 1e9), 1 << 62)
    if ns <= 0:
        return -20
    return (ns // 1_000_000).bit_length() - 1 if ns >= 1_000_000 else ((ns << 20) // 1_000_000).bit_length() - 21


def name_hash(qname: str) -> int:
    """By which names are thinned."""
    return hash_of_text(qname)


def failure_hash(qname: str, client: str | None) -> int:
    """By which failed query lines are chosen: repeats of one client and name stay together."""
    return both(name_hash(qname), hash_of_text(client or ""))


class Tally(Struct):
    """What is kept of one stream; of one life of it while nobody has told whose it was."""

    counts: dict[CountKey, int] = field(default_factory=dict)
    count_level: int = 0
    """Minutes are taken together by 2 to the power of this."""
    names: dict[NameKey, NameCount] = field(default_factory=dict)
    name_level: int = 0
    clients: Clients = field(default_factory=Clients)
    failures: list[tuple[int, QueryFailure]] = field(default_factory=list)
    """Each with its hash."""
    failure_level: int = 0
    faults: Faults = field(default_factory=Faults)
    entries: list[Entry] = field(default_factory=list)
    seen: dict[object, Seen] = field(default_factory=dict)
    overflow: dict[str, int] = field(default_factory=dict)
    rare: set[object] = field(default_factory=set)
    """Kinds of lines kept after the cap was reached."""
    queries: int = 0
    n_failures: int = 0
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
        """Keep a failed query line while its hash is below the level."""
        self.n_failures += 1
        hashed = failure_hash(failure.qname, failure.client)
        if is_below(hashed, self.failure_level):
            self.failures.append((hashed, failure))
            if len(self.failures) > limits.failures:
                self.thin_failures(level_of((h for h, _ in self.failures), limits.failures, self.failure_level))

    def thin_failures(self, level: int) -> None:
        """Leave the failures below the level."""
        if level > self.failure_level:
            self.failure_level = level
            self.failures = [f for f in self.failures if is_below(f[0], level)]

    def count(self, key: CountKey, lines: int, limits: Limits) -> None:
        """Count query lines of a minute."""
        minute, group, log2 = key
        if self.count_level and minute is not None:
            key = (minute >> self.count_level, group, log2)
        counts = self.counts
        counts[key] = counts.get(key, 0) + lines
        if len(counts) > limits.counts:
            self.widen(bins_of([self], limits.counts))

    def widen(self, level: int) -> None:
        """Take minutes together."""
        if level > self.count_level:
            by, self.count_level = level - self.count_level, level
            counts, self.counts = self.counts, {}
            for (minute, group, log2), n in counts.items():
                key = (wider(minute, by), group, log2)
                self.counts[key] = self.counts.get(key, 0) + n

    def add_name(self, name: NameCount, limits: Limits) -> None:
        """Count lines of a name."""
        key = (name.qname, name.qtype, name.rcode, name.answer)
        known = self.names.get(key)
        if known is not None:
            self.names[key] = added(known, name)
        elif self.name_level == 0 or is_below(name_hash(key[0]), self.name_level):
            self.names[key] = name
            if len(self.names) > limits.names:
                self.thin_names(level_of((name_hash(k[0]) for k in self.names), limits.names, self.name_level))

    def thin_names(self, level: int) -> None:
        """Leave the names below the level."""
        if level > self.name_level:
            self.name_level = level
            self.names = {key: name for key, name in self.names.items() if is_below(name_hash(key[0]), level)}

    def spill(self, table: str, rows: int = 1) -> None:
        """Count what did not fit."""
        self.overflow[table] = self.overflow.get(table, 0) + rows

    def see_last(self, answer: Answer, number: int, text: str) -> None:
        """Remember the last line of an answer."""
        self.last_answers[answer] = max((number, text), self.last_answers.get(answer, (0, "")))

    def fold(self, file: str, limits: Limits) -> None:
        """Move `seen` into `names`."""
        for seen in self.seen.values():
            if seen.count == 0:
                continue
            query = seen.query
            self.queries += seen.count
            self.see_last(query.answer, seen.last_number, seen.last_text)
            if not is_own(query.rcode, query.answer):
                citation = Citation(file, seen.number, seen.text[:400])
                said, times = (query.qname, query.qtype, query.rcode, query.answer), (seen.first_ns, seen.last_ns)
                self.add_name(NameCount(None, *said, seen.count, *times, citation), limits)
        self.seen.clear()


def bins_of(tallies: Iterable[Tally], most: int) -> int:
    """The level of minutes at which the counts of the tallies together fit."""
    tallies = list(tallies)

    def rows(level: int) -> int:
        found = 0
        for tally in tallies:
            by = level - tally.count_level
            found += len({(wider(m, by), g, d) for m, g, d in tally.counts} if by else tally.counts)
        return found

    return width_of(rows, most, max((t.count_level for t in tallies), default=0))
