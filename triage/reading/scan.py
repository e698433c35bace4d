"""One document to a partial result: texts are recognised, query lines counted, other lines kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from triage.model.bundle import Document
from triage.model.late import late
from triage.model.observation import Citation, Entry, FailureKind, Line, Meaning, Query, QueryFailure
from triage.model.zones import longest
from triage.reading import stamps, traces
from triage.reading.clients import key_of
from triage.reading.faults import Fault, fault_of
from triage.reading.framing import is_framed
from triage.reading.hot import QUERY, kind_of
from triage.reading.limits import Limits
from triage.reading.lives import Life, Lives
from triage.reading.shape import starts_log_line
from triage.reading.tally import Seen, Tally, greatest, least, log2_ms
from triage.reading.texts import Reader, Text
from triage.reading.watch import Watch

if TYPE_CHECKING:
    from triage.reading.native import Counted, Run

_MINUTE_NS = 60_000_000_000

_WHEN = late(r" - \[(?=\d\d/[A-Z][a-z]{2}/\d{4}:)")
_PORT = late(r"(?<= udp | tcp )(\S{1,60}):\d{1,5}->")
_KLOG = late(r"([IWEF])\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ ")
NOT_DNS = frozenset(
    {"kube-rbac-proxy", "node-resolver", "dns-node-resolver", "sidecar", "dnsmasq", "autoscaler"}
    | {"istio-proxy", "istio-init", "linkerd-proxy"}
)


class Job(Struct, frozen=True):
    """What is the same for all documents of one run."""

    recognise: Callable[[str], Meaning]
    parse_query: Callable[[str], Query | None]
    zones: frozenset[str]
    """Zones that the configuration serves."""
    since_ns: int | None
    until_ns: int | None
    limits: Limits
    year: int
    """For clocks without a year."""
    watch: Watch = field(default_factory=Watch)


class Part(Struct):
    """One stream of one document: a replica that framing or document told, or None."""

    replica: str | None
    lives: Lives = field(default_factory=Lives)
    tallies: list[Tally] = field(default_factory=list)
    """One; while nobody told the replica one for each life: whose life it was may be told later."""
    framings: dict[str, int] = field(default_factory=dict)
    lines: int = 0
    understood: int = 0
    queries: int = 0
    skipped: int = 0
    blank: int = 0
    samples: list[Citation] = field(default_factory=list)
    first_ns: int | None = None
    last_ns: int | None = None
    notes: set[str] = field(default_factory=set)
    in_trace: bool = False

    def begin(self) -> None:
        """A life began."""
        if self.replica is None or not self.tallies:
            self.tallies.append(Tally())

    def add_lines(self, lines: int, first_ns: int | None, last_ns: int | None) -> None:
        """Take lines that were understood, and their time span."""
        self.lines += lines
        self.understood += lines
        self.first_ns = least(self.first_ns, first_ns)
        self.last_ns = greatest(self.last_ns, last_ns)

    def close(self, file: str, limits: Limits) -> None:
        """Add the query lines, which were counted in tallies only, to the sums."""
        for tally in self.tallies:
            tally.fold(file, limits)
            self.queries += tally.queries
            self.lines += tally.queries
            self.understood += tally.queries


class Partial(Struct):
    """All that one document says."""

    document: Document
    parts: tuple[Part, ...]
    notes: frozenset[str]
    n_bytes: int
    """Bytes that were read."""
    fine_clock: bool
    """True when its clock has nanoseconds, so that equal time and text mean the same line."""
    n_lines: int = 0
    """Lines of the document."""
    n_blank: int = 0
    """Blank ones that no part has."""
    counted: Counted | None = None
    """Tables of the kernel, not yet in the tallies of the parts."""


class _Memo:
    """Meanings of texts, found once per text; bounded."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._meanings: dict[str, Meaning] = {}
        self._queries: dict[object, tuple[Query, str]] = {}

    def meaning(self, text: str) -> Meaning:
        """The meaning of a text that is no query; ports and klog clocks make no new text."""
        if "->" in text:
            text = _PORT.sub(r"\1:0->", text)
        elif ".go:" in text:
            text = _KLOG.sub(r"\g<1>0101 00:00:00.000000       1 ", text)
        found = self._meanings.get(text)
        if found is None:
            if len(self._meanings) >= self._job.limits.memo:
                self._meanings.clear()
            found = self._meanings[text] = self._job.recognise(text)
        return found

    def query(self, key: object, text: str) -> tuple[Query, str] | None:
        """The query and its zone; `key` is the text without what differs from line to line."""
        found = self._queries.get(key)
        if found is None:
            query = self._job.parse_query(text)
            if query is None:
                return None
            if len(self._queries) >= self._job.limits.memo:
                self._queries.clear()
            found = self._queries[key] = (query, longest(query.qname, self._job.zones))
        return found

    def grade(self, text: str) -> int:
        """How well a text is understood, for mending."""
        if self._job.parse_query(text) is not None:
            return 2
        meaning = self.meaning(text)
        if not meaning.understood:
            return 0
        return 1 if meaning.kind is FailureKind.OTHER or meaning.message_id.endswith(".other") else 2


class Scan:
    """The state while one document is read."""

    def __init__(
        self, document: Document, job: Job, exclude: Mapping[str | None, set[int]], counted: Counted | None = None
    ) -> None:
        self.document = document
        self.job = job
        self.memo = _Memo(job)
        self.counted = counted
        self.reader = Reader(document, job.limits, year=job.year, grade=self.memo.grade, counted=counted)
        self.parts: dict[str | None, Part] = {}
        self.exclude = exclude
        self.fine_clock = False
        self._number = 0
        self.filtered = job.since_ns is not None or job.until_ns is not None

    def run(self) -> Partial:
        """Read all texts."""
        watch = self.job.watch
        for text in self.reader:
            if self.counted is not None:
                self._take_runs(self.counted)
            elif watch.stopped:
                break
            part = self._part(text)
            at_ns = text.at_ns
            if at_ns is not None and not self.fine_clock and at_ns % 1000:
                self.fine_clock = True
            if text.decoration:
                part.skipped += 1
            elif self.exclude and self._is_known(part, text):
                part.notes.add("note.duplicate-lines")
                part.skipped += text.times
            else:
                match = text.query or QUERY.fullmatch(text.text)
                if match is None or not self._common_query(part, text, match):
                    self._other(part, text)
        if self.counted is not None:
            self._take_runs(self.counted)
            self.fine_clock |= self.counted.fine_clock
        for part in self.parts.values():
            part.close(self.document.file, self.job.limits)
        return Partial(
            self.document,
            tuple(self.parts.values()),
            frozenset(self.reader.notes),
            self.reader.n_bytes,
            self.fine_clock,
            self.reader.n_lines,
            self.reader.n_blank,
            self.counted,
        )

    def _take_runs(self, counted: Counted) -> None:
        """Lines that the kernel counted since the line before: they belong to the life that is on."""
        for run in counted.take_runs():
            self._take_run(self._part_of(run.replica), run)

    def _take_run(self, part: Part, run: Run) -> None:
        if part.lives.see_query(run.number):
            part.begin()
        if run.filtered:
            part.notes.add("note.outside-window")
        if run.errors or run.outside:
            part.in_trace = False
        lines = run.queries + run.errors
        if part.lives.now is not None:
            part.lives.now.add(lines, run.first_ns, run.last_ns)
            part.lives.now.add(run.outside, run.outside_first_ns, run.outside_last_ns)
        part.queries += run.queries
        part.tallies[-1].faults.n_lines += run.errors
        part.add_lines(lines, run.first_ns, run.last_ns)

    def _part(self, text: Text) -> Part:
        return self._part_of(text.replica or self.document.replica or text.host)

    def _part_of(self, replica: str | None) -> Part:
        part = self.parts.get(replica)
        if part is None:
            part = self.parts[replica] = Part(replica)
        return part

    def _is_known(self, part: Part, text: Text) -> bool:
        known = self.exclude.get(part.replica)
        return known is not None and text.at_ns is not None and line_key(text.at_ns, text.text) in known

    def _outside(self, part: Part, at_ns: int | None) -> bool:
        """Is the line outside the asked window? Lines without a clock never are."""
        if at_ns is None or not self.filtered:
            return False
        job = self.job
        outside = (job.since_ns is not None and at_ns < job.since_ns) or (
            job.until_ns is not None and at_ns > job.until_ns
        )
        if outside:
            part.notes.add("note.outside-window")
        return outside

    def _common_query(self, part: Part, text: Text, match: re.Match[str]) -> bool:
        """Count a query line of the common format; the hot path."""
        line, at_ns = text.text, text.at_ns
        client, key = match[1], kind_of(match)
        life = part.lives.now
        seen = None
        if life is not None and not life.cut:
            life.running = True
            seen = part.tallies[-1].seen.get(key)
        if seen is None:
            found = self.memo.query(key, line)
            if found is None:
                return False
            seen = self._watch(part, key, found, text)
        if self.filtered and self._outside(part, at_ns):
            return True
        self._count(part, seen, text, client[1:-1] if client[0] == "[" else client, float(match[5]))
        return True

    def _watch(self, part: Part, key: object, found: tuple[Query, str], text: Text) -> Seen:
        """The counter of such lines in the life that is on."""
        if part.lives.see_query(text.number):
            part.begin()
        tally = part.tallies[-1]
        seen = tally.seen.get(key)
        if seen is None:
            if len(tally.seen) >= self.job.limits.memo:
                tally.fold(self.document.file, self.job.limits)
            seen = tally.seen[key] = Seen(*found)
        return seen

    def _count(self, part: Part, seen: Seen, text: Text, client: str | None, duration_s: float | None) -> None:
        tally, at_ns, weight = part.tallies[-1], text.at_ns, text.times
        minute = None if at_ns is None else at_ns // _MINUTE_NS
        tally.count((minute, seen.group, log2_ms(duration_s)), weight, self.job.limits)
        if client is not None:
            tally.clients.add(minute, key_of(client), weight, weight * seen.failed, self.job.limits)
        life = part.lives.now
        if life is not None:
            life.add(weight, at_ns, at_ns)
        part.first_ns, part.last_ns = least(part.first_ns, at_ns), greatest(part.last_ns, at_ns)
        part.framings[text.framing] = part.framings.get(text.framing, 0) + weight
        if seen.count == 0 or (at_ns is not None and (seen.first_ns is None or at_ns < seen.first_ns)):
            seen.first_ns, seen.number, seen.text = at_ns, text.number, text.text
        seen.count += weight
        seen.last_number, seen.last_text = text.number, text.text
        if at_ns is not None and (seen.last_ns is None or at_ns > seen.last_ns):
            seen.last_ns = at_ns
        if seen.trouble:
            citation = Citation(self.document.file, text.number, text.text[:400])
            failure = failure_of(seen.query, part.replica, at_ns, citation, client, duration_s)
            tally.keep_failure(failure, self.job.limits)

    def _mark(self, part: Part, text: Text) -> None:
        """Time span and framing of a line."""
        part.framings[text.framing] = part.framings.get(text.framing, 0) + 1
        at_ns = text.at_ns
        if at_ns is not None:
            if part.first_ns is None or at_ns < part.first_ns:
                part.first_ns = at_ns
            if part.last_ns is None or at_ns > part.last_ns:
                part.last_ns = at_ns

    def _other(self, part: Part, text: Text) -> None:
        """A line that is no common query line."""
        line = text.text.rstrip()
        if not line.strip():
            part.blank += 1
            return
        if text.container in NOT_DNS:
            part.skipped += 1
            part.notes.add("note.other-container")
            return
        if text.at_ns is None:
            text = self._own_clock(text)
        if self._uncommon_query(part, text._replace(text=line)):
            return
        meaning = self.memo.meaning(line)
        if not meaning.understood and line != text.text:
            meaning = self.memo.meaning(text.text)
        if part.in_trace and not meaning.understood and traces.is_frame(line):
            self._continue(part, text)
            return
        if not meaning.understood and self._is_prose(line, text):
            part.skipped += 1
            return
        part.in_trace = traces.opens_trace(line) or (part.in_trace and not starts_log_line(line))
        if part.lives.see(text.number, line, text.at_ns):
            part.begin()
        if not self._outside(part, text.at_ns):
            self._keep(part, text, line, meaning)

    def _own_clock(self, text: Text) -> Text:
        """A clock inside the text: of the query log until 1.2.5, of klog."""
        when = _WHEN.search(text.text, 0, 120)
        stamp = stamps.clf(text.text, when.end()) if when is not None else None
        if stamp is not None:
            return text._replace(at_ns=stamp[0])
        at_ns = stamps.klog_ns(text.text, self.job.year)
        if at_ns is None:
            return text
        self.reader.notes.add("note.assumed-year")
        return text._replace(at_ns=at_ns)

    def _uncommon_query(self, part: Part, text: Text) -> bool:
        """A query line of another format or era."""
        line = text.text
        if line.startswith(("[ERROR]", "[WARNING]", "[DEBUG]", "[FATAL]", "[INFO] plugin/", "plugin/")):
            return False
        query = self.job.parse_query(line)
        if query is None:
            return False
        if self._outside(part, text.at_ns):
            return True
        key = (query.qname, query.qtype, query.rcode, query.flags, query.size_bytes, query.answer)
        seen = self._watch(part, key, (query, longest(query.qname, self.job.zones)), text)
        self._count(part, seen, text, query.client, query.duration_s)
        return True

    def _continue(self, part: Part, text: Text) -> None:
        """A line of a stack belongs to the line that opened it."""
        part.lives.count(text.at_ns)
        part.lines += 1
        part.understood += 1
        self._mark(part, text)

    def _is_prose(self, line: str, text: Text) -> bool:
        """Nothing that a log line looks like, in a document that people may have pasted or written."""
        if traces.is_logo(line):
            return True
        return self.reader.mended and not is_framed(text.framing) and not starts_log_line(line)

    def _keep(self, part: Part, text: Text, line: str, meaning: Meaning) -> None:
        number = text.number
        part.lines += text.times
        self._mark(part, text)
        if meaning.understood:
            part.understood += text.times
        elif len(part.samples) < self.job.limits.samples:
            part.samples.append(Citation(self.document.file, number, line[:400]))
        # Of several texts of one line the first only, so that they stay in their order.
        begins, self._number = number != self._number, number
        fault = fault_of(line, number, text.at_ns, text.container) if begins and text.times == 1 else None
        if fault is not None:
            part.tallies[-1].faults.add(fault, self.job.limits)
            return
        if text.times > 1:
            meaning = replace(meaning, weight=meaning.weight * text.times)
        entry = Entry(Line(line, self.document.file, number, part.replica, text.at_ns, text.container), meaning)
        part.tallies[-1].keep(entry, self.job.limits)


def line_key(at_ns: int, text: str) -> int:
    """What makes a line the same line in another document of the same replica."""
    return hash((at_ns, text))


def failure_of(
    query: Query,
    replica: str | None,
    at_ns: int | None,
    citation: Citation,
    client: str | None,
    duration_s: float | None,
) -> QueryFailure:
    """A failed query line."""
    return QueryFailure(
        replica, at_ns, query.qname, query.qtype, duration_s, query.rcode, query.answer, client, citation, query.probe
    )


def entry_of(
    fault: Fault,
    weight: int,
    until_ns: int | None,
    part: Part,
    document: Document,
    recognise: Callable[[str], Meaning],
) -> Entry:
    """A line of the errors plugin, for itself or for all of its message and minute."""
    meaning = recognise(fault.text)
    if weight > 1:
        meaning = replace(meaning, weight=meaning.weight * weight)
    line = Line(fault.text, document.file, fault.number, part.replica, fault.at_ns, fault.container)
    return Entry(line, meaning, until_ns)


def scan(
    document: Document,
    job: Job,
    exclude: Mapping[str | None, set[int]] | None = None,
    counted: Counted | None = None,
) -> Partial:
    """Read one document; lines in `exclude` (by replica) were counted in another one."""
    return Scan(document, job, exclude or {}, counted).run()


def life_of(part: Part) -> list[tuple[Life, Tally]]:
    """Lives with their tallies."""
    return list(zip(part.lives.all, part.tallies, strict=True))
