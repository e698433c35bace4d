"""The kernel's twin in NumPy, for where none was built: it counts the same lines, a block at a time.

Usual query lines are cut and counted by columns; the others are looked at one by one. What cannot be counted goes to
Python as an event, and so does the first line of each frame, for it may teach what a frame is.
"""

from __future__ import annotations

import pickle
from array import array
from dataclasses import dataclass
from typing import NamedTuple, cast

import numpy as np

from triage.reading import odd
from triage.reading.columns import BARE, NO_TIME, SLACK, STAMP_FIRST, Block, Bools, Columns, Ints, cut
from triage.reading.faults import Fault
from triage.reading.native import MAX_FRAMES, MAX_GROUPS, MAX_PARTS, Answers, Row
from triage.reading.scanner import Scanner, State
from triage.reading.tables import MINUTE_NS, TABLES, Lines, Tables
from triage.reading.words import Questions, variant

_NO_MINUTE = -1
_MOST = 1 << 16
_EVENT_BYTES = 32
_TOLD = (*TABLES, "_frame_lines", "_n_lines", "_events", "_runs", "_open", "_fine", "_gave_up")
"""What another process is told."""


class _Found(NamedTuple):
    """A query line that was looked at for itself."""

    line: int
    at_ns: int
    part: int
    kind: int
    client: int
    took_ns: int
    frame: int
    text: bytes


@dataclass(slots=True)
class _Run:
    """Lines of one part between two events."""

    number: int
    queries: int = 0
    errors: int = 0
    outside: int = 0
    first: int = NO_TIME
    last: int = -1
    out_first: int = NO_TIME
    out_last: int = -1
    filtered: bool = False

    def row(self, event: int, part: int) -> Row:
        times = (_time(self.first), _time(self.last), _time(self.out_first), _time(self.out_last))
        return (event, part, self.number, self.queries, self.errors, self.outside, *times, int(self.filtered))


def _time(at_ns: int) -> int | None:
    return None if at_ns in (NO_TIME, -1) else at_ns


class Twin(Tables):
    """Counts the lines of one document, or of a part of it."""

    def __init__(self, answers: Answers) -> None:
        self._answers, order = answers, answers.order
        self._since, self._until, self._named = order.since_ns, order.until_ns, order.replica is not None
        self._most_event_bytes, self._longest = order.limits.event_bytes, order.limits.line_chars
        super().__init__(order.limits)
        self._questions = Questions(self.kinds, order.zones, self._group)
        self._flags: list[int] = []
        """Of groups."""
        self._frames: dict[tuple[int, bytes], int] = {}
        self._part_of: list[int] = []
        """Of frames; -1: their lines are events."""
        self._frame_lines: list[int] = []
        self._hint = (BARE, b"")
        """Frame of the line before."""
        self._minutes: dict[bytes, int] = {}
        self._rest = b""
        self._n_lines = self._event_bytes = 0
        self._events: list[tuple[int, bytes]] = []
        self._due: set[int] = set()
        """Lines of the block that must be events."""
        self._runs: dict[tuple[int, int], _Run] = {}
        self._open: set[bytes] = set()
        self._fine = self._gave_up = False

    def feed(self, data: bytes | memoryview, last: bool, /) -> None:
        """Count the lines of more bytes; `last` tells the last ones."""
        if self._gave_up:
            return
        data = bytes(data)
        if last and (self._rest or data) and not data.endswith(b"\n"):
            data += b"\n"
        stop = data.rfind(b"\n") + 1
        if stop:
            block = Block(b"".join((self._rest, memoryview(data)[:stop], bytes(SLACK))))
            self._rest = data[stop:]
            self._take(block)
        else:
            self._rest += data
        self._gave_up |= len(self._rest) > self._longest

    def _take(self, block: Block) -> None:
        """Count the lines of a block."""
        columns = cut(block)
        ends = columns.newlines.tolist()
        self._questions.tidy()
        self._due.clear()
        lines = self._usual(block, columns)
        left = np.ones(len(ends), np.bool_)
        left[lines.line] = False
        places = np.flatnonzero(left).tolist()
        raws = [block.raw[ends[i - 1] + 1 if i else 0 : ends[i]] for i in places]
        if self._open or any(b" stdout P" in raw or b" stderr P" in raw for raw in raws):
            # A line may go on in any of the next records, so each is looked at.
            lines = Lines(*(column[:0] for column in lines))
            places, raws = list(range(len(ends))), block.raw[: -SLACK - 1].split(b"\n")
        found: list[_Found] = []
        n_events, events = len(self._events), []
        for i, raw in zip(places, raws, strict=True):
            line = raw.removesuffix(b"\r")
            if self._open or i in self._due or not self._look(i, line, found):
                events.append(i)
                self._add_event(i, raw, line)
                if self._gave_up:
                    return
        self._count(block, lines, found, events, n_events)
        self._n_lines += len(ends)

    def _add_event(self, i: int, raw: bytes, line: bytes) -> None:
        self._events.append((self._n_lines + i + 1, raw))
        self._event_bytes += len(raw) + _EVENT_BYTES
        self._gave_up |= self._event_bytes > self._most_event_bytes or len(raw) > self._longest
        self._gave_up |= not odd.opens(line, self._open, named=self._named)

    def _look(self, i: int, line: bytes, found: list[_Found]) -> bool:
        """Count one line; False when it is an event."""
        cut = odd.framed(line)
        if cut is None:
            return False
        frame = self._frame((cut.mode, cut.around), line, cut.place, cut.at_ns, i)
        part = -1 if frame < 0 or i in self._due else self._part_of[frame]
        if part < 0:
            return False
        number = self._n_lines + i + 1
        if cut.text.startswith(b"[INFO] "):
            query = odd.query_of(cut.text)
            if query is None:
                return False
            of_answer = variant(no_size=query.no_size, took_ns=query.took_ns)
            kind = self._questions.kind(part, self._questions.words.asked_by(*query.asked), of_answer, cut.text)
            if kind < 0:
                return False
            client = self._questions.words.clients.number(query.client)
            found.append(_Found(i, cut.at_ns, part, kind, client, query.took_ns, frame, cut.text))
        else:
            fault = odd.error_of(cut.text, number, cut.at_ns, self._container(frame))
            if fault is None:
                return False
            self._count_error(fault, part, frame)
        self._fine |= cut.at_ns != NO_TIME and cut.at_ns % 1000 > 0
        return True

    def _count_error(self, fault: Fault, part: int, frame: int) -> None:
        run = self._runs.setdefault((len(self._events), part), _Run(fault.number))
        at_ns = fault.at_ns
        if at_ns is not None and not self._since <= at_ns <= self._until:
            run.filtered = True
            run.outside += 1
            run.out_first, run.out_last = min(run.out_first, at_ns), max(run.out_last, at_ns)
            return
        run.errors += 1
        if at_ns is not None:
            run.first, run.last = min(run.first, at_ns), max(run.last, at_ns)
        self._frame_lines[frame] += 1
        self.add_fault(part, frame, fault)

    def _container(self, frame: int) -> str | None:
        known = self._answers.frames[frame]
        return None if known is None else known.container

    def _group(self, text: bytes) -> int:
        """The group of a query line, or -1."""
        answer = self._answers.on_query(text)
        if answer < 0 or (group := answer & 0xFFFF) >= MAX_GROUPS:
            return -1
        self._flags += [0] * (group + 1 - len(self._flags))
        self._flags[group] = answer >> 16
        return group

    def _frame(self, key: tuple[int, bytes], line: bytes, place: int, at_ns: int, i: int) -> int:
        """The frame of a line, or -1; the first line of one is an event."""
        found = self._frames.get(key)
        if found is None:
            found = len(self._part_of)
            if found >= MAX_FRAMES:
                return -1
            part = self._answers.on_frame(found, line, place, None if at_ns == NO_TIME else at_ns)
            self._part_of.append(part if part < MAX_PARTS else -1)
            self._frame_lines.append(0)
            self._frames[key] = found
            self._due.add(i)
        return found

    def _usual(self, block: Block, columns: Columns) -> Lines:
        """The usual lines that can be counted."""
        minute = self._minutes_of(block, columns)
        at_ns = np.where(columns.mode == BARE, NO_TIME, minute * MINUTE_NS + columns.at)
        frame = self._frames_of(block, columns, at_ns)
        part = np.array([*self._part_of, -1])[frame]
        client = self._questions.words.clients.numbers(block, columns.client, columns.client + columns.n_client)
        kind = self._questions.kinds(block, columns, np.where(client < 0, -1, part))
        good = (minute != _NO_MINUTE) & (client >= 0) & (kind >= 0)
        if self._due:
            good &= ~np.isin(columns.line, list(self._due))
        found = (columns.line, at_ns, part, kind, client, columns.took_ns, frame, columns.text, columns.end)
        return Lines(*found) if good.all() else Lines(*(column[good] for column in found))

    def _minutes_of(self, block: Block, columns: Columns) -> Ints:
        """Minutes since the epoch: equal ones mostly follow each other."""
        stamp = columns.stamp
        if not len(stamp):
            return stamp
        words = block.words(stamp), block.words(stamp + 8)
        changes = np.ones(len(stamp), np.bool_)
        changes[1:] = (np.diff(words[0]) != 0) | (np.diff(words[1]) != 0)
        places = np.flatnonzero(changes)
        minutes = [self._minute(block.raw[at : at + 16]) for at in stamp[places].tolist()]
        return np.repeat(minutes, np.diff(places, append=len(stamp)))

    def _minute(self, text: bytes) -> int:
        found = self._minutes.get(text)
        if found is None:
            if len(self._minutes) > _MOST:
                self._minutes.clear()
            at_ns = 0 if text.startswith(b"[INFO] ") else odd.clock(text + b":00Z")
            found = self._minutes[text] = _NO_MINUTE if at_ns == NO_TIME else at_ns // MINUTE_NS
        return found

    def _frames_of(self, block: Block, columns: Columns, at_ns: Ints) -> Ints:
        """The frames of lines, -1 for none; most lines are framed as the one before."""
        mode, raw = columns.mode, block.raw
        first = mode == STAMP_FIRST
        begin, end = np.where(first, columns.stamp_end, columns.begin), np.where(first, columns.text, columns.stamp)
        frame, (its_mode, around) = np.full(len(mode), -1), self._hint
        alike = np.flatnonzero((mode == its_mode) & (end - begin == len(around)))
        frame[alike[block.equal(begin[alike], around)]] = self._frames.get(self._hint, -1)
        for i in np.flatnonzero(frame < 0).tolist():
            key = (int(mode[i]), raw[begin[i] : end[i]])
            known = self._frames.get(key)
            if known is None:
                line, place = raw[columns.begin[i] : columns.end[i]], int(columns.text[i] - columns.begin[i])
                known = self._frame(key, line, place, int(at_ns[i]), int(columns.line[i]))
            frame[i], self._hint = known, key
        return frame

    def _count(self, block: Block, lines: Lines, found: list[_Found], events: list[int], n_events: int) -> None:
        """Count query lines of a block, which `events` of its lines cut into runs."""
        texts = [f.text for f in found]
        if found:
            more = np.array([f[:-1] for f in found], np.int64).T
            nowhere = -1 - np.arange(len(found))
            both = (np.append(a, b) for a, b in zip(lines, (*more, nowhere, nowhere), strict=True))
            lines = Lines(*both)
            order = np.argsort(lines.line, kind="stable")
            lines = Lines(*(column[order] for column in lines))
        if not len(lines.line):
            return
        timed = lines.at_ns != NO_TIME
        inside = ~timed | ((lines.at_ns >= self._since) & (lines.at_ns <= self._until))
        self._count_runs(lines, inside, np.searchsorted(events, lines.line) + n_events)
        self._fine = self._fine or bool(np.any(timed & (lines.at_ns % 1000 > 0)))
        if not inside.all():
            lines = Lines(*(column[inside] for column in lines))
        if not len(lines.line):
            return
        for frame, n in enumerate(np.bincount(lines.frame).tolist()):
            self._frame_lines[frame] += n

        def text(i: int) -> bytes:
            at = int(lines.begin[i])
            return block.raw[at : lines.end[i]] if at >= 0 else texts[-1 - at]

        if self.count(lines, self._n_lines + 1, text, self._questions.words.clients, self._flags):
            self._questions.forget()

    def _count_runs(self, lines: Lines, inside: Bools, event: Ints) -> None:
        """Lines of one part between two events are a run."""
        code = event * MAX_PARTS + lines.part
        order = np.argsort(code, kind="stable")
        starts = np.flatnonzero(np.diff(code[order], prepend=-1))
        at_ns, inside = lines.at_ns[order], inside[order]
        first = np.minimum.reduceat(np.where(inside, at_ns, NO_TIME), starts)
        last = np.maximum.reduceat(np.where(inside & (at_ns != NO_TIME), at_ns, -1), starts)
        n, n_all = np.add.reduceat(inside.astype(np.int64), starts), np.diff(starts, append=len(order))
        columns = (code[order][starts], lines.line[order][starts] + self._n_lines + 1, n, n_all, first, last)
        for key, number, queries, all_of_them, first_ns, last_ns in zip(*(c.tolist() for c in columns), strict=True):
            run = self._runs.setdefault(divmod(key, MAX_PARTS), _Run(number))
            run.number = min(run.number, number)
            run.queries += queries
            run.first, run.last = min(run.first, first_ns), max(run.last, last_ns)
            run.filtered |= queries < all_of_them

    def absorb(self, other: Scanner, parts: bytes, groups: bytes, frames: bytes, /) -> None:
        """Add the tables of a scanner whose lines come after ours."""
        them = cast(Twin, other)
        of_part, of_group, of_frame = (array("I", numbers) for numbers in (parts, groups, frames))
        self.add(them, of_part, of_group, of_frame, self._n_lines)
        self._n_lines += them._n_lines
        self._fine |= them._fine

    def dump(self) -> bytes:
        """Everything that was counted, as bytes."""
        return pickle.dumps({name: getattr(self, name) for name in _TOLD}, pickle.HIGHEST_PROTOCOL)

    def load(self, dumped: bytes, /) -> None:
        """Take what `dump` gave, into an empty scanner."""
        for name, value in pickle.loads(dumped).items():
            setattr(self, name, value)

    def events(self) -> list[tuple[int, bytes]]:
        """Lines for Python: number, text."""
        return self._events

    def runs(self) -> list[Row]:
        """Lines counted between two events, by part."""
        return [run.row(*key) for key, run in sorted(self._runs.items())]

    def frames(self) -> list[int]:
        """Lines counted by frame."""
        return self._frame_lines

    def state(self) -> State:
        """Lines, levels and sizes of the tables; those of all parts are made as coarse as the coarsest."""
        levels = self.levels()
        self.settle(*levels)
        return State(
            lines=self._n_lines,
            position=0,
            fine=self._fine,
            gave_up=self._gave_up,
            open=len(self._open),
            rows=self.sizes(),
            levels=levels,
        )
