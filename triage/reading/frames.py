"""What stands around the text of lines, and their minutes: both are mostly those of the line before."""

from __future__ import annotations

import numpy as np

from triage.reading import odd
from triage.reading.block import Block, Ints
from triage.reading.columns import BARE, NO_TIME, Places
from triage.reading.native import MAX_FRAMES, MAX_PARTS, Answers

MINUTE_NS = 60_000_000_000
_NO_MINUTE = -1
_MOST = 1 << 16


class Frames:
    """Frames by number, each with the part to which its lines belong."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._numbers: dict[tuple[int, bytes], int] = {}
        self.part: list[int] = []
        """-1: their lines are events."""
        self.lines: list[int] = []
        """How many were counted."""
        self.due: set[int] = set()
        """Lines of the block that must be events: the first ones of frames."""
        self._hint = (BARE, b"")
        self._minutes: dict[bytes, int] = {}

    def container(self, frame: int) -> str | None:
        """That its lines come from."""
        known = self._answers.frames[frame]
        return None if known is None else known.container

    def number(self, key: tuple[int, bytes], line: bytes, place: int, at_ns: int, i: int) -> int:
        """The frame of a line, or -1; the first line of one is an event."""
        found = self._numbers.get(key)
        if found is None:
            found = len(self.part)
            if found >= MAX_FRAMES:
                return -1
            part = self._answers.on_frame(found, line, place, None if at_ns == NO_TIME else at_ns)
            self.part.append(part if part < MAX_PARTS else -1)
            self.lines.append(0)
            self._numbers[key] = found
            self.due.add(i)
        return found

    def numbers(self, block: Block, lines: Places, at_ns: Ints) -> Ints:
        """The frames of lines, -1 for none; most lines are framed as the one before."""
        mode, raw, begin, end = lines.mode, block.raw, lines.around, lines.around_end
        frame, (its_mode, around) = np.full(len(mode), -1), self._hint
        alike = np.flatnonzero((mode == its_mode) & (end - begin == len(around)))
        frame[alike[block.equal(begin[alike], around)]] = self._numbers.get(self._hint, -1)
        for i in np.flatnonzero(frame < 0).tolist():
            key = (int(mode[i]), raw[begin[i] : end[i]])
            known = self._numbers.get(key)
            if known is None:
                line, place = raw[lines.begin[i] : lines.line_end[i]], int(lines.text[i] - lines.begin[i])
                known = self.number(key, line, place, int(at_ns[i]), int(lines.line[i]))
            frame[i], self._hint = known, key
        return frame

    def times(self, block: Block, lines: Places) -> Ints:
        """Nanoseconds since the epoch, `NO_TIME` for lines without a clock, -1 where it is none: minutes repeat."""
        found = np.full(len(lines.stamp), NO_TIME)
        timed = np.flatnonzero(lines.mode != BARE)
        if not len(timed):
            return found
        stamp, words = lines.stamp[timed], (lines.minute[timed], lines.minute_end[timed])
        changes = np.ones(len(timed), np.bool_)
        changes[1:] = (words[0][1:] != words[0][:-1]) | (words[1][1:] != words[1][:-1])
        places = np.flatnonzero(changes)
        minutes = [self._minute(block.raw[at : at + 16]) for at in stamp[places].tolist()]
        minute = np.repeat(minutes, np.diff(places, append=len(timed)))
        found[timed] = np.where(minute == _NO_MINUTE, -1, minute * MINUTE_NS + lines.at[timed])
        return found

    def _minute(self, text: bytes) -> int:
        found = self._minutes.get(text)
        if found is None:
            if len(self._minutes) > _MOST:
                self._minutes.clear()
            at_ns = odd.clock(text + b":00Z")
            found = self._minutes[text] = _NO_MINUTE if at_ns == NO_TIME else at_ns // MINUTE_NS
        return found
