"""Tables of all documents, made as coarse as their caps ask for; the kernel's among them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from sys import intern

from triage.model.bundle import Document
from triage.model.observation import LOST, Citation, Meaning, NameCount
from triage.reading.clients import levels_of as clients_levels
from triage.reading.faults import Fault, Group, Levels, levels_of
from triage.reading.limits import Limits
from triage.reading.native import Answers, Counted, Frame
from triage.reading.scan import Job, Part, Partial, entry_of, failure_of
from triage.reading.scanner import Scanner
from triage.reading.tally import Tally, added, bins_of, is_own, name_hash
from triage.reading.thin import DEEPEST, WIDEST, level_of

_NAMES, _COUNTS, _BINS, _MESSAGES, _LINES, _FAILURES, _CLIENT_BINS, _CLIENTS = range(8)
_OF_MINUTES = frozenset({_COUNTS, _BINS, _CLIENT_BINS})
_THEN = {_BINS: _MESSAGES, _CLIENT_BINS: _CLIENTS}
"""What is thinned when no width of minutes is enough."""


def settle(partials: Sequence[Partial], job: Job) -> None:
    """Put the kernel's rows into the tallies, thin and widen all tallies alike, and make entries of lines of errors.

    The levels depend on the rows of all documents together. The kernel's own rows never need a higher one, so they are
    thinned before they become objects.
    """
    counted = [p.counted for p in partials if p.counted is not None]
    tallies = [t for p in partials for part in p.parts for t in part.tallies]
    if counted:
        _thin(counted, tallies, job.limits)
        for partial in partials:
            if partial.counted is not None:
                _fold(partial, partial.counted, job)
    _settle(tallies, job.limits)
    for partial in partials:
        for part in partial.parts:
            for tally in part.tallies:
                _keep(tally, part, partial.document, job.recognise)


def _levels(tally: Tally) -> tuple[int, ...]:
    """How coarse a tally is, in the kernel's order."""
    faults, clients = tally.faults.levels, tally.clients
    of_faults = (faults.bins, faults.messages, faults.lines)
    return (tally.name_level, tally.count_level, *of_faults, tally.failure_level, clients.bins, clients.level)


class Crowd:
    """The kernel's tables of documents as they are read, together never above their caps.

    Documents still to come can but ask for more, so in the end the levels are the same, unless one is read again.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._counted: list[Counted] = []
        self._rows = [0] * len(_caps(limits))
        self._levels: list[int] = []
        """Empty before the caps are reached."""

    @property
    def thinned(self) -> bool:
        """Whether the caps were reached."""
        return bool(self._levels)

    def add(self, counted: Counted) -> None:
        """Take the tables of one more document."""
        self._counted.append(counted)
        if self._levels:
            counted.scanner.settle(*self._levels)
            counted.compact()
        rows = counted.scanner.state()["rows"]
        self._rows = [a + b for a, b in zip(self._rows, rows, strict=True)]
        if any(n > cap for n, cap in zip(self._rows, _caps(self._limits), strict=True)):
            self._levels, self._rows = _thin(self._counted, (), self._limits)


def _caps(limits: Limits) -> tuple[int, ...]:
    return (limits.names, limits.counts, limits.messages, limits.faults, limits.failures, limits.clients)


def _thin(counted: Sequence[Counted], tallies: Sequence[Tally], limits: Limits) -> tuple[list[int], list[int]]:
    """Make the kernel's tables fit together, as far as its own rows ask for it; none is finer than a tally.

    Returns their levels and rows.
    """
    known = [*(c.scanner.state()["levels"] for c in counted), *map(_levels, tallies)]
    levels = [max(column) for column in zip(*known, strict=True)]
    of_row = (_NAMES, _COUNTS, _BINS, _LINES, _FAILURES, _CLIENT_BINS)
    while True:
        for c in counted:
            c.scanner.settle(*levels)
        rows = [sum(column) for column in zip(*(c.scanner.state()["rows"] for c in counted), strict=True)]
        over = [level for n, cap, level in zip(rows, _caps(limits), of_row, strict=True) if n > cap]
        over = [_THEN[level] if level in _THEN and levels[level] >= WIDEST else level for level in over]
        over = [level for level in over if levels[level] < (WIDEST if level in _OF_MINUTES else DEEPEST)]
        if not over:
            return levels, rows
        for level in over:
            levels[level] += 1


def _fold(partial: Partial, counted: Counted, job: Job) -> None:
    """The kernel's tables of one document into the tallies of its parts."""
    scanner, answers, document = counted.scanner, counted.answers, partial.document
    names, counts, bins, messages, lines, failures, *clients = scanner.state()["levels"]
    parts = {part.replica: part for part in partial.parts}
    tallies = [parts[r].tallies[0] if r in parts and parts[r].tallies else Tally() for r in answers.parts]
    for tally in tallies:
        tally.thin_names(names)
        tally.widen(counts)
        tally.thin_failures(failures)
        tally.faults.settle(Levels(bins, messages, lines))
        tally.clients.settle(*clients)
    for index, n in counted.frame_lines.items():
        frame = answers.frames[index]
        if n and frame is not None:
            framings = parts[frame.replica].framings
            framings[frame.framing] = framings.get(frame.framing, 0) + n
    shift = document.first_line - 1
    _fold_queries(scanner, tallies, answers, document.file, shift)
    _fold_names(scanner, tallies, answers, document.file, shift)
    for place, _, number, at_ns, _, _, text, hashed in scanner.asked():
        query = job.parse_query(text.decode())
        if query is not None:
            citation = Citation(document.file, shift + number, text[:400].decode())
            replica = answers.parts[place]
            failure = failure_of(query, replica, at_ns, citation, query.client, query.duration_s)
            tallies[place].failures.append((hashed, failure))
    _fold_faults(scanner, tallies, answers.frames, shift)
    partial.counted = None


def _fold_queries(scanner: Scanner, tallies: Sequence[Tally], answers: Answers, file: str, shift: int) -> None:
    zones = (".", *(zone.decode() for zone in answers.order.zones))
    groups = [[(zone, *group) for group in answers.groups] for zone in zones]
    for minute, place, zone, group, log2, n in scanner.counts():
        key = (minute, groups[zone][group], log2)
        counts = tallies[place].counts
        counts[key] = counts.get(key, 0) + n
    for minute, place, client, n, failed in scanner.clients():
        tallies[place].clients.put((minute, client.decode()), n, failed)
    for place, group, number, text in scanner.lasts():
        tallies[place].see_last(answers.groups[group][2], shift + number, text.decode())


def _fold_names(scanner: Scanner, tallies: Sequence[Tally], answers: Answers, file: str, shift: int) -> None:
    for place, group, raw, n, first_ns, last_ns, number, text in scanner.names():
        qname, (qtype, rcode, answer), tally = intern(raw.decode()), answers.groups[group], tallies[place]
        cite, stands_for = Citation(file, shift + number, text.decode()), 1 << tally.name_level
        row = NameCount(answers.parts[place], qname, qtype, rcode, answer, n, first_ns, last_ns, cite, stands_for)
        key = (qname, qtype, rcode, answer)
        known = tally.names.setdefault(key, row)
        if known is not row:
            tally.names[key] = added(known, row)


def _fold_faults(scanner: Scanner, tallies: Sequence[Tally], frames: Sequence[Frame | None], shift: int) -> None:
    messages = [message.decode() for message in scanner.messages()]

    def fault(frame: int, message: int, number: int, at_ns: int | None, text: bytes, hashed: int = 0) -> Fault:
        known = frames[frame]
        container = known.container if known is not None else None
        return Fault(text.decode(), shift + number, at_ns, container, messages[message], hashed)

    for part, frame, bin_, message, n, first_ns, last_ns, number, text in scanner.groups():
        group = Group(n, fault(frame, message, number, first_ns, text), last_ns)
        tallies[part].faults.add_group((bin_, messages[message]), group)
    for part, frame, number, at_ns, _, message, text, hashed in scanner.kept():
        tallies[part].faults.kept.append(fault(frame, message, number, at_ns, text, hashed))


def _settle(tallies: Sequence[Tally], limits: Limits) -> None:
    """Thin and widen all tallies alike."""
    names = max((t.name_level for t in tallies), default=0)
    if sum(len(t.names) for t in tallies) > limits.names:
        names = level_of((name_hash(key[0]) for t in tallies for key in t.names), limits.names, names)
    failures = level_of(
        (h for t in tallies for h, _ in t.failures), limits.failures, max((t.failure_level for t in tallies), default=0)
    )
    bins = bins_of(tallies, limits.counts)
    faults = levels_of([t.faults for t in tallies], limits)
    clients = clients_levels([t.clients for t in tallies], limits.clients)
    for tally in tallies:
        tally.thin_names(names)
        tally.thin_failures(failures)
        tally.widen(bins)
        tally.faults.settle(faults)
        tally.clients.settle(*clients)


def _keep(tally: Tally, part: Part, document: Document, recognise: Callable[[str], Meaning]) -> None:
    """Lines of errors become entries; what is not told one by one is counted."""
    lines = list(tally.faults.lines())
    tally.entries[:0] = (entry_of(*line, part, document, recognise) for line in lines)
    told, one_by_one = sum(weight for _, weight, _ in lines), len(tally.faults.kept)
    queries, named = sum(tally.counts.values()), sum(name.count for name in tally.names.values())
    for table, rows in (
        ("faults", tally.faults.n_lines - one_by_one),
        ("messages", tally.faults.n_lines - told),
        ("failures", sum(n for (_, g, _), n in tally.counts.items() if g[3] in LOST) - len(tally.failures)),
        ("names", sum(n for (_, g, _), n in tally.counts.items() if not is_own(g[2], g[3])) - named),
        ("clients", queries - tally.clients.queries if tally.clients.level else 0),
    ):
        if rows:
            tally.spill(table, rows)
