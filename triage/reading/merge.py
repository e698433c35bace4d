"""Partial results to observations: copies dropped, replicas told apart, tallies added up."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from operator import attrgetter

from msgspec import Struct, field
from msgspec.structs import replace

from triage.model.late import late
from triage.model.observation import (
    LOST,
    Answer,
    Citation,
    ClientCount,
    Entry,
    Ledger,
    NameCount,
    Observations,
    QueryCount,
    QueryFailure,
    Segment,
    Stream,
)
from triage.reading.clients import network_of
from triage.reading.gone import opened
from triage.reading.limits import Limits
from triage.reading.lives import Life
from triage.reading.owners import Told, shared
from triage.reading.scan import Part, Partial, life_of
from triage.reading.tally import CountKey, Group, NameKey, Tally, added, greatest, least

_MINUTE_NS = 60_000_000_000
_PAUSES = 20
"""Times the usual distance of lines: no log pauses longer between two files of one life."""
_HEAD_BYTES = 1 << 12
"""Two logs of one length that begin alike are read again to see whether they are the same."""
_LOCAL = late(r" (?:udp|tcp) \[?([0-9A-Fa-f.:]+?)\]?:->", re.ASCII)
_DNS = late(r"dns|resolv|node-cache", re.ASCII)


class _Whole(Struct):
    """The tables while they grow; adding is commutative, `finish` sorts."""

    counts: dict[str | None, dict[CountKey, int]] = field(default_factory=dict)
    count_level: int = 0
    """Levels are those of every tally: they were settled before."""
    name_level: int = 0
    names: dict[str | None, dict[NameKey, NameCount]] = field(default_factory=dict)
    clients: dict[tuple[str | None, int | None, str], tuple[int, int]] = field(default_factory=dict)
    client_bins: int = 0
    failures: list[QueryFailure] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    segments: list[tuple[int, Segment]] = field(default_factory=list)
    streams: dict[tuple[str, str | None, bool], Stream] = field(default_factory=dict)
    overflow: dict[str, int] = field(default_factory=dict)

    def add_tally(self, replica: str | None, tally: Tally) -> None:
        """Take one tally as the given replica's."""
        counts = self.counts.setdefault(replica, tally.counts)
        if counts is not tally.counts:
            for key, count in tally.counts.items():
                counts[key] = counts.get(key, 0) + count
        names = self.names.setdefault(replica, tally.names)
        if names is not tally.names:
            for name_key, name in tally.names.items():
                known = names.setdefault(name_key, name)
                if known is not name:
                    names[name_key] = added(known, name)
        for (bin_, client), (queries, failed) in tally.clients.rows.items():
            row = (replica, bin_, network_of(client))
            before = self.clients.get(row, (0, 0))
            self.clients[row] = (before[0] + queries, before[1] + failed)
        self.client_bins = tally.clients.bins
        stands_for = 1 << tally.failure_level
        for _, failure in tally.failures:
            if failure.replica != replica or stands_for > 1:
                failure = replace(failure, replica=replica, stands_for=stands_for)
            self.failures.append(failure)
        self.count_level, self.name_level = tally.count_level, tally.name_level
        for table, rows in tally.overflow.items():
            self.overflow[table] = self.overflow.get(table, 0) + rows

    def add_entries(self, replica: str | None, entries: Iterable[Entry]) -> None:
        """Take lines as the given replica's."""
        for entry in entries:
            if entry.line.replica != replica:
                entry = replace(entry, line=replace(entry.line, replica=replica))
            self.entries.append(entry)

    def add_stream(self, stream: Stream, limits: Limits) -> None:
        """Take coverage; parts of one file and replica are one stream."""
        key = (stream.file, stream.replica, stream.previous)
        known = self.streams.get(key)
        self.streams[key] = stream if known is None else _both(known, stream, limits)


def _both(a: Stream, b: Stream, limits: Limits) -> Stream:
    samples = sorted((*a.unknown_samples, *b.unknown_samples), key=lambda c: (c.line, c.text))
    return Stream(
        file=a.file,
        framing=a.framing if a.lines >= b.lines else b.framing,
        replica=a.replica,
        lines=a.lines + b.lines,
        understood=a.understood + b.understood,
        queries=a.queries + b.queries,
        unknown_samples=tuple(samples[: limits.samples]),
        first_ns=least(a.first_ns, b.first_ns),
        last_ns=greatest(a.last_ns, b.last_ns),
        notes=tuple(sorted({*a.notes, *b.notes})),
        skipped=a.skipped + b.skipped,
        previous=a.previous,
        last_answers=_later({**a.last_answers}, b.last_answers),
    )


def _later(a: dict[Answer, Citation], b: Mapping[Answer, Citation]) -> dict[Answer, Citation]:
    """The later line of each answer, in the order of answers' names."""
    for answer, citation in b.items():
        if answer not in a or citation.line > a[answer].line:
            a[answer] = citation
    return {answer: a[answer] for answer in sorted(a)}


def drop_copies(partials: Sequence[Partial]) -> tuple[list[Partial], list[Partial]]:
    """Split off documents that are copies of others: the same bytes, and the same replica or lines that cannot repeat.

    Two replicas whose logs hold nothing but equal start lines are no copies.
    """
    kept: list[Partial] = []
    copies: list[Partial] = []
    by_digest: dict[object, list[Partial]] = {}
    sizes = Counter((p.n_bytes, p.n_lines) for p in partials)
    heads = {p.document.name: _digest(p, _HEAD_BYTES) for p in partials if sizes[p.n_bytes, p.n_lines] > 1}
    alike = Counter(heads.values())
    for partial in sorted(partials, key=lambda p: (p.document.previous, p.document.replica is None, p.document.name)):
        head = heads.get(partial.document.name)
        whole = head is not None and alike[head] > 1
        key = _digest(partial) if whole else (partial.n_bytes, partial.n_lines, head)
        twins = by_digest.setdefault(key, [])
        if any(t.document.replica == partial.document.replica or _is_unique(partial) for t in twins):
            copies.append(partial)
        else:
            twins.append(partial)
            kept.append(partial)
    return kept, copies


def _digest(partial: Partial, n_bytes: int | None = None) -> bytes:
    """Of all bytes of the document, or of its first ones."""
    found = hashlib.blake2b(digest_size=16)
    with opened(partial.document.open) as stream:
        while n_bytes is None and (chunk := stream.read(1 << 20)):
            found.update(chunk)
        if n_bytes is not None:
            found.update(stream.read(n_bytes))
    return found.digest()


def _is_unique(partial: Partial) -> bool:
    """Whether it holds what two replicas never print alike: ports, ids, exact times."""
    if partial.fine_clock or partial.counted is not None:
        return True
    tallies = [t for p in partial.parts for t in p.tallies]
    return any(t.counts or any("->" in e.line.text for e in t.entries) or t.faults.groups for t in tallies)


def merge(
    partials: Sequence[Partial], copies: Sequence[Partial], addresses: Mapping[str, str], limits: Limits
) -> Observations:
    """All tables of all documents, in an order that does not depend on theirs."""
    whole = _Whole()
    several = _addresses_seen(partials)
    for partial in partials:
        for part in partial.parts:
            if _is_foreign(part, partial):
                _add_foreign(whole, part, partial, limits)
            elif part.replica is None:
                _add_unknown(whole, part, partial, addresses, several, limits)
            else:
                _add_known(whole, part, partial, limits)
    for copy in copies:
        whole.add_stream(_stream_of_copy(copy), limits)
    rows = [*(_ledger(p, limits) for p in partials), *(_ledger_of_copy(c, limits) for c in copies)]
    return replace(_finish(whole), ledger=tuple(sorted(rows, key=lambda row: row.document)))


def _add_known(whole: _Whole, part: Part, partial: Partial, limits: Limits) -> None:
    for tally in part.tallies:
        whole.add_tally(part.replica, tally)
        whole.add_entries(part.replica, tally.entries)
    whole.segments.extend(_segment(life, part.replica, partial) for life in part.lives.all)
    whole.add_stream(_stream(part, part.replica, partial), limits)


def _is_foreign(part: Part, partial: Partial) -> bool:
    """Another program's lines in a merged stream: none is understood, and no name says DNS."""
    return (
        len(partial.parts) > 1
        and part.understood == 0
        and part.replica is not None
        and part.replica != partial.document.replica
        and _DNS.search(part.replica) is None
        and part.lines > 0
    )


def _add_foreign(whole: _Whole, part: Part, partial: Partial, limits: Limits) -> None:
    stream = _stream(part, partial.document.replica, partial)
    notes = tuple(sorted({*stream.notes, "note.other-program"}))
    stream = replace(stream, lines=0, skipped=part.lines + part.skipped, unknown_samples=(), notes=notes)
    whole.add_stream(stream, limits)


def _family(address: str) -> str:
    return "6" if ":" in address else "4"


def _is_pods(address: str) -> bool:
    return not address.startswith(("127.", "169.254.")) and address != "::1"


def _addresses_of(entries: Iterable[Entry]) -> set[str]:
    found = {e.meaning.local_addr for e in entries if e.meaning.local_addr is not None}
    return {a for a in found if _is_pods(a)}


def _addresses_seen(partials: Sequence[Partial]) -> bool:
    """Whether the streams without a name hold lines of several replicas.

    Two addresses of two families may be one dual-stack replica.
    """
    seen = {
        a
        for p in partials
        for part in p.parts
        if part.replica is None
        for t in part.tallies
        for a in _addresses_of(t.entries)
    }
    families = [_family(a) for a in seen]
    return len(seen) > 2 or (len(seen) == 2 and families[0] == families[1])


def needs_lives(partial: Partial) -> bool:
    """Whether the kernel counted together what may be logs of several replicas, put one behind the other."""
    if partial.counted is None or not any(p.replica is None and len(p.lives.all) > 1 for p in partial.parts):
        return False
    found = {a for message in partial.counted.scanner.messages() for a in _LOCAL.findall(message.decode())}
    return len({a for a in found if _is_pods(a)}) > 1


def _add_unknown(
    whole: _Whole, part: Part, partial: Partial, addresses: Mapping[str, str], several: bool, limits: Limits
) -> None:
    """A stream whose replica nobody told: the left address of `A->B` tells it, line by line or life by life."""
    lives = life_of(part)
    here = {a for _, tally in lives for a in _addresses_of(tally.entries)}
    owners = {a: addresses.get(a) or (a if several else None) for a in here}
    names = {n for n in owners.values() if n is not None}
    blocks = all(len({owners[a] for a in _addresses_of(t.entries)}) <= 1 for _, t in lives)
    notes: set[str] = set()
    told: dict[str, Told] = {}
    for life, tally in lives:
        mine = {owners[a] for a in _addresses_of(tally.entries)}
        # One owner in all: everything is his. Several, each in lives of his own: logs were put one behind the other.
        owner = next(iter(names)) if len(names) == 1 else next(iter(mine)) if blocks and mine else None
        by_owner = {e.line.number: owners.get(e.meaning.local_addr or "") or owner for e in tally.entries}
        whole.add_tally(owner, tally)
        for entry in tally.entries:
            teller = by_owner[entry.line.number] if len(names) > 1 else owner
            whole.add_entries(teller, (entry,))
            if teller is not None and owner is None:
                told.setdefault(teller, Told()).add(entry)
        if owner is not None and len(names) > 1:
            told.setdefault(owner, Told()).add_life(life, tally)
        number, segment = _segment(life, owner, partial)
        whole.segments.append((number, segment))
        if owner is None:  # merged lines: each replica that they name was seen as long as all of them
            lived = replace(segment, start_seen=False, version=None, config_hash=None, zones=())
            whole.segments += ((number, replace(lived, replica=n)) for n in sorted(told) if n in by_owner.values())
        if owner is not None or len(names) > 1:
            notes.add("note.replica-from-address")
    _add_unknown_stream(whole, part, partial, names, told, notes, limits)


def _add_unknown_stream(
    whole: _Whole,
    part: Part,
    partial: Partial,
    names: set[str],
    told: Mapping[str, Told],
    notes: set[str],
    limits: Limits,
) -> None:
    """Coverage of such a stream: of each replica that its lines name, and of nobody in particular for the others."""
    owner = next(iter(names)) if len(names) == 1 else None
    stream = _stream(part, owner, partial)
    if owner is None and sum(life.start_seen for life in part.lives.all) > 1:
        notes.add("note.several-starts")
    if sum(mine.lines for mine in told.values()) < stream.lines and told:
        notes.add("note.merged-replicas-unknown")
    stream = replace(stream, notes=tuple(sorted({*stream.notes, *notes})))
    for row in shared(stream, told) if owner is None else (stream,):
        whole.add_stream(row, limits)


def _stream(part: Part, replica: str | None, partial: Partial) -> Stream:
    framing = max(part.framings, key=lambda f: (part.framings[f], f)) if part.framings else ""
    return Stream(
        file=partial.document.file,
        framing=framing or "plain",
        replica=replica,
        lines=part.lines,
        understood=part.understood,
        queries=part.queries,
        unknown_samples=tuple(part.samples),
        first_ns=part.first_ns,
        last_ns=part.last_ns,
        notes=tuple(sorted({*part.notes, *partial.notes})),
        skipped=part.skipped,
        previous=partial.document.previous,
        last_answers=_last_answers(part, partial.document.file),
    )


def _last_answers(part: Part, file: str) -> dict[Answer, Citation]:
    last: dict[Answer, Citation] = {}
    for tally in part.tallies:
        last = _later(last, {a: Citation(file, n, text[:400]) for a, (n, text) in tally.last_answers.items()})
    return last


def _stream_of_copy(copy: Partial) -> Stream:
    lines = sum(p.lines for p in copy.parts)
    return Stream(
        copy.document.file,
        "plain",
        copy.document.replica,
        0,
        0,
        0,
        (),
        None,
        None,
        ("note.copy",),
        skipped=lines + sum(p.skipped for p in copy.parts),
        previous=copy.document.previous,
    )


def _ledger(partial: Partial, limits: Limits) -> Ledger:
    """The document's lines, all parts together."""
    parts = partial.parts
    ours = [p for p in parts if not _is_foreign(p, partial)]
    framings: dict[str, int] = {}
    for part in ours:
        for framing, n in part.framings.items():
            framings[framing] = framings.get(framing, 0) + n
    samples = sorted((s for p in ours for s in p.samples), key=lambda c: (c.line, c.text))
    notes = {n for p in parts for n in p.notes} | partial.notes
    return Ledger(
        document=partial.document.name,
        framing=max(framings, key=lambda f: (framings[f], f), default="") or "plain",
        file_lines=partial.n_lines,
        lines=sum(p.lines for p in ours),
        understood=sum(p.understood for p in ours),
        skipped=sum(p.skipped for p in parts) + sum(p.lines for p in parts if _is_foreign(p, partial)),
        blank=sum(p.blank for p in parts) + partial.n_blank,
        unknown_samples=tuple(samples[: limits.samples]),
        first_ns=_extreme(least, (p.first_ns for p in ours)),
        last_ns=_extreme(greatest, (p.last_ns for p in ours)),
        notes=tuple(sorted(notes if len(ours) == len(parts) else {*notes, "note.other-program"})),
    )


def _extreme(better: Callable[[int | None, int | None], int | None], times: Iterable[int | None]) -> int | None:
    return reduce(better, times, None)


def _ledger_of_copy(copy: Partial, limits: Limits) -> Ledger:
    row = _ledger(copy, limits)
    notes = ("note.copy",)
    return replace(row, lines=0, understood=0, skipped=row.lines + row.skipped, unknown_samples=(), notes=notes)


def _segment(life: Life, replica: str | None, partial: Partial) -> tuple[int, Segment]:
    segment = Segment(
        replica=replica,
        file=partial.document.file,
        first_ns=life.first_ns,
        last_ns=life.last_ns,
        start_seen=life.start_seen,
        version=life.version,
        config_hash=life.config_hash,
        n_lines=life.n_lines,
        cut=life.cut,
        previous=partial.document.previous,
        zones=tuple(life.zones),
    )
    return life.number, segment


def _segments(found: list[tuple[int, Segment]]) -> tuple[Segment, ...]:
    """In the order of files and lines; what a split of a file cut in two is one again."""
    ordered = sorted(found, key=lambda s: (s[1].file, s[1].replica or "", s[1].previous, s[0]))
    joined: list[Segment] = []
    for _, segment in ordered:
        before = joined[-1] if joined else None
        same = (
            before is not None
            and (before.file, before.replica, before.previous) == (segment.file, segment.replica, segment.previous)
            and (not segment.start_seen or _banner_goes_on(before, segment))
            and not before.cut
        )
        if before is None or not same:
            joined.append(segment)
            continue
        joined[-1] = _one(before, segment)
    return _over_files(joined)


def _over_files(found: list[Segment]) -> tuple[Segment, ...]:
    """Lives that go on in another file (rotated by the kubelet, split by a person) are one again.

    A file that begins without a banner, after another one ended, goes on with its life, unless the pause between them
    is longer than such a log pauses: then lines are missing.
    """
    order = sorted(range(len(found)), key=lambda i: (found[i].first_ns or 0, i))
    heads: dict[tuple[str | None, bool], int] = {}
    kept = dict(enumerate(found))
    for i in order:
        segment = found[i]
        key = (segment.replica, segment.previous)
        before = kept.get(heads.get(key, -1))
        if before is None or before.file == segment.file or not _lives_on(before, segment):
            heads[key] = i
            continue
        kept[heads[key]] = _one(before, segment)
        del kept[i]
    return tuple(kept[i] for i in sorted(kept))


def _lives_on(before: Segment, segment: Segment) -> bool:
    if segment.start_seen or before.cut or before.replica is None:
        return False
    if before.first_ns is None or before.last_ns is None or segment.first_ns is None or segment.last_ns is None:
        return False
    pause = segment.first_ns - before.last_ns
    usual = (segment.last_ns - before.first_ns - pause) // (before.n_lines + segment.n_lines)
    return 0 <= pause <= max(_MINUTE_NS, _PAUSES * usual)


def _one(before: Segment, segment: Segment) -> Segment:
    """Two pieces of one life."""
    return replace(
        before,
        first_ns=least(before.first_ns, segment.first_ns),
        last_ns=greatest(before.last_ns, segment.last_ns),
        version=before.version or segment.version,
        config_hash=segment.config_hash or before.config_hash,
        zones=before.zones + segment.zones,
        n_lines=before.n_lines + segment.n_lines,
        cut=segment.cut,
    )


def _banner_goes_on(before: Segment, segment: Segment) -> bool:
    """Whether a file was split inside a start banner: listeners come first, the version after them."""
    return before.start_seen and before.version is None and not segment.zones


def _finish(whole: _Whole) -> Observations:
    by = whole.client_bins
    clients = [
        ClientCount(replica, None if bin_ is None else bin_ << by, network, queries, failed, 1 << by)
        for (replica, bin_, network), (queries, failed) in whole.clients.items()
    ]
    clients.sort(key=lambda c: (c.replica or "", -1 if c.minute is None else c.minute, c.network, c.queries))
    failures = sorted(
        whole.failures, key=lambda f: (f.at_ns is None, f.at_ns or 0, f.citation.file, f.citation.line, f.qname)
    )
    entries = sorted(whole.entries, key=attrgetter("line.file", "line.number"))
    streams = sorted(whole.streams.values(), key=lambda s: (s.file, s.replica or "", s.previous))
    return Observations(
        entries=tuple(entries),
        queries=tuple(_counts(whole)),
        names=tuple(_names(whole)),
        clients=tuple(clients),
        failures=tuple(failures),
        segments=_segments(whole.segments),
        streams=tuple(streams),
        overflow={table: rows for table, rows in sorted(whole.overflow.items()) if rows},
    )


def _counts(whole: _Whole) -> Iterator[QueryCount]:
    by = whole.count_level
    for replica, counts in sorted(whole.counts.items(), key=lambda item: item[0] or ""):
        for (bin_, group, log2), count in sorted(counts.items(), key=_count_order):
            yield QueryCount(replica, None if bin_ is None else bin_ << by, *group, log2, count, 1 << by)


def _count_order(row: tuple[CountKey, int]) -> tuple[int, Group, int]:
    (bin_, group, log2), _ = row
    return (-1 if bin_ is None else bin_, group, -99 if log2 is None else log2)


def _names(whole: _Whole) -> Iterator[NameCount]:
    """Names that anywhere had another answer than NOERROR."""
    stands_for = 1 << whole.name_level
    found: dict[str, list[NameCount]] = defaultdict(list)
    telling: set[str] = set()
    for replica, names in whole.names.items():
        for name in names.values():
            if name.replica != replica or name.stands_for != stands_for:
                name = replace(name, replica=replica, stands_for=stands_for)
            found[name.qname].append(name)
            if name.rcode != "NOERROR" or name.answer in LOST:
                telling.add(name.qname)
    for qname in sorted(telling):
        yield from sorted(found[qname], key=lambda n: (n.replica or "", n.qtype, n.rcode, n.answer))
