"""The kernel's twin in NumPy, for where none was built: it counts the same lines, a block at a time.

Usual lines are cut and counted by columns; the others are looked at one by one. What cannot be counted goes to Python
as an event, and so does the first line of each frame, for it may teach what a frame is.
"""

from __future__ import annotations

import pickle
from array import array
from typing import NamedTuple, cast

import numpy as np

from triage.reading import error_lines, odd
from triage.reading.block import SLACK, Block, Bools, Ints
from triage.reading.columns import DOCKER, NO_TIME, Places, marks_of, plain
from triage.reading.error_lines import Errors, errors_of
from triage.reading.faults import Fault
from triage.reading.frames import Frames
from triage.reading.native import MAX_GROUPS, Answers, Row
from triage.reading.queries import Queries, queries_of
from triage.reading.runs import Runs
from triage.reading.scanner import Scanner, State
from triage.reading.tables import OWN, TABLES, Lines, Tables
from triage.reading.words import Questions, variant

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


class _Failed(NamedTuple):
    """Lines of errors to be counted, in their order."""

    line: Ints
    at_ns: Ints
    part: Ints
    frame: Ints
    name: Ints
    message: Ints
    begin: Ints
    end: Ints
    mode: Ints


class Twin(Tables):
    """Counts the lines of one document, or of a part of it."""

    def __init__(self, answers: Answers) -> None:
        self._answers, order = answers, answers.order
        self._since, self._until, self._named = order.since_ns, order.until_ns, order.replica is not None
        self._most_event_bytes, self._longest = order.limits.event_bytes, order.limits.line_chars
        self._questions = Questions(order.limits.names, order.zones, self._group)
        super().__init__(order.limits, self._questions.of)
        self._flags: list[int] = []
        """Of groups."""
        self._frames = Frames(answers)
        self._frame_lines = self._frames.lines
        self._rest = b""
        self._n_lines = self._event_bytes = 0
        self._events: list[tuple[int, bytes]] = []
        self._runs = Runs()
        self._looked: list[tuple[int, int, int, int, bool]] = []
        """Lines of errors of the block that were looked at for themselves: as `Runs.add` takes them."""
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
        marks = marks_of(block)
        ends = marks.newlines.tolist()
        self._questions.tidy()
        self._frames.due.clear()
        self._looked.clear()
        lines = self._usual(block, queries_of(block, marks))
        left = np.ones(len(ends), np.bool_)
        left[lines.line] = False
        failed = self._usual_errors(block, errors_of(block, marks, np.flatnonzero(left)))
        left[failed.line] = False
        places = np.flatnonzero(left).tolist()
        raws = [block.raw[ends[i - 1] + 1 if i else 0 : ends[i]] for i in places]
        if self._open or any(b" stdout P" in raw or b" stderr P" in raw for raw in raws):
            # A line may go on in any of the next records, so each is looked at.
            lines = Lines(*(column[:0] for column in lines))
            failed = _Failed(*(column[:0] for column in failed))
            places, raws = list(range(len(ends))), block.raw[: -SLACK - 1].split(b"\n")
        found: list[_Found] = []
        n_events, events = len(self._events), []
        for i, raw in zip(places, raws, strict=True):
            line = raw.removesuffix(b"\r")
            if self._open or i in self._frames.due or not self._look(i, line, found):
                events.append(i)
                self._add_event(i, raw, line)
                if self._gave_up:
                    return
        if self._looked:
            number, at_ns, part, event, inside = np.array(self._looked).T
            self._runs.add(number, at_ns, part, event, inside != 0, errors=True)
        self._count(block, lines, found, events, n_events)
        self._count_failed(block, failed, np.searchsorted(events, failed.line) + n_events)
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
        frame = self._frames.number((cut.mode, cut.around), line, cut.place, cut.at_ns, i)
        part = -1 if frame < 0 or i in self._frames.due else self._frames.part[frame]
        if part < 0:
            return False
        number = self._n_lines + i + 1
        if cut.text.startswith(b"[INFO] "):
            query = odd.query_of(cut.text)
            if query is None:
                return False
            of_answer = variant(no_size=query.no_size, took_ns=query.took_ns)
            words = self._questions.words
            kind = self._questions.kind(part, words.asked_by(*query.asked), of_answer, cut.text)
            if kind < 0:
                return False
            client = words.clients.number(query.client)
            found.append(_Found(i, cut.at_ns, part, kind, client, query.took_ns, frame, cut.text))
        else:
            fault = odd.error_of(cut.text, number, cut.at_ns, self._frames.container(frame))
            if fault is None:
                return False
            self._count_error(fault, part, frame)
        self._fine |= cut.at_ns != NO_TIME and cut.at_ns % 1000 > 0
        return True

    def _count_error(self, fault: Fault, part: int, frame: int) -> None:
        at_ns = NO_TIME if fault.at_ns is None else fault.at_ns
        inside = at_ns == NO_TIME or self._since <= at_ns <= self._until
        self._looked.append((fault.number, at_ns, part, len(self._events), inside))
        if inside:
            self._frames.lines[frame] += 1
            self.add_fault(part, frame, fault)

    def _group(self, text: bytes) -> tuple[int, bool]:
        """The group of a query line, or -1, and whether names are counted."""
        answer = self._answers.on_query(text)
        if answer < 0 or (group := answer & 0xFFFF) >= MAX_GROUPS:
            return -1, False
        self._flags += [0] * (group + 1 - len(self._flags))
        self._flags[group] = answer >> 16
        return group, not answer >> 16 & OWN

    def _usual(self, block: Block, queries: Queries) -> Lines:
        """The usual query lines that can be counted."""
        places, words = queries.places, self._questions.words
        at_ns, frame, part, good = self._framed(block, places)
        client = words.clients.numbers(block, queries.client, queries.client_end)
        kind = self._questions.kinds(block, queries, np.where(client < 0, -1, part))
        good &= (client >= 0) & (kind >= 0)
        found = (places.line, at_ns, part, kind, client, queries.took_ns, frame, places.text, places.end)
        return Lines(*found) if good.all() else Lines(*(column[good] for column in found))

    def _usual_errors(self, block: Block, errors: Errors) -> _Failed:
        """The usual lines of errors that can be counted."""
        places, words = errors.places, self._questions.words.errors
        at_ns, frame, part, good = self._framed(block, places)
        name, message = words.names(block, errors), words.messages(block, errors)
        good &= (part >= 0) & (name >= 0) & (message >= 0)
        found = (places.line, at_ns, part, frame, name, message, places.text, places.end, places.mode)
        return _Failed(*(column[good] for column in found))

    def _framed(self, block: Block, places: Places) -> tuple[Ints, Ints, Ints, Bools]:
        """Times, frames and parts of lines, and which can be counted by them."""
        at_ns = self._frames.times(block, places)
        frame = self._frames.numbers(block, places, at_ns)
        good = at_ns >= 0
        if self._frames.due:
            good &= ~np.isin(places.line, list(self._frames.due))
        return at_ns, frame, np.array([*self._frames.part, -1])[frame], good

    def _inside(self, at_ns: Ints) -> Bools:
        """Which lines are in the window; those without a clock always are."""
        timed = at_ns != NO_TIME
        self._fine = self._fine or bool(np.any(timed & (at_ns % 1000 > 0)))
        found: Bools = ~timed | ((at_ns >= self._since) & (at_ns <= self._until))
        return found

    def _count_frames(self, frame: Ints) -> None:
        for number, n in enumerate(np.bincount(frame).tolist()):
            self._frames.lines[number] += n

    def _count_failed(self, block: Block, lines: _Failed, event: Ints) -> None:
        """Count lines of errors of a block; `event` tells how many events there are before each."""
        if not len(lines.line):
            return
        inside = self._inside(lines.at_ns)
        self._runs.add(lines.line + self._n_lines + 1, lines.at_ns, lines.part, event, inside, errors=True)
        if not inside.all():
            lines = _Failed(*(column[inside] for column in lines))
        self._count_frames(lines.frame)
        words, number = self._questions.words.errors, lines.line + self._n_lines + 1
        for part in np.flatnonzero(np.bincount(lines.part)).tolist():
            ours = np.flatnonzero(lines.part == part)

            def fault(i: int, hashed: int, ours: Ints = ours) -> Fault:
                at = int(ours[i])
                text = block.raw[lines.begin[at] : lines.end[at]]
                text = plain(text) if lines.mode[at] == DOCKER else text
                at_ns = None if lines.at_ns[at] == NO_TIME else int(lines.at_ns[at])
                container = self._frames.container(int(lines.frame[at]))
                return Fault(
                    text.decode(), int(number[at]), at_ns, container, words.message(int(lines.message[at])), hashed
                )

            for frame in np.flatnonzero(np.bincount(lines.frame[ours])).tolist():
                self.containers[self._frames.container(frame)] = frame
            columns = (number, lines.at_ns, lines.name, lines.message)
            found = error_lines.Counted(*(column[ours] for column in columns))
            error_lines.count(self.faults_of(part), found, words, self.limits, fault)

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
        inside, number = self._inside(lines.at_ns), lines.line + self._n_lines + 1
        event = np.searchsorted(events, lines.line) + n_events
        self._runs.add(number, lines.at_ns, lines.part, event, inside, errors=False)
        if not inside.all():
            lines = Lines(*(column[inside] for column in lines))
        if not len(lines.line):
            return
        self._count_frames(lines.frame)

        def text(i: int) -> bytes:
            at = int(lines.begin[i])
            return plain(block.raw[at : lines.end[i]]) if at >= 0 else texts[-1 - at]

        if self.count(lines, self._n_lines + 1, text, self._questions.words.clients, self._flags):
            self._questions.forget()

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
        return self._runs.rows()

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
