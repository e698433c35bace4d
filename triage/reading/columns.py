"""Lines of a block cut into columns: one pass of NumPy each, no work line by line.

Words of a line are found by the marks between them. Whatever looks unusual is left out, to be read with care.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from triage.reading.block import SLACK, Block, Bools, Ints, fraction

NO_TIME = np.iinfo(np.int64).max
"""Of lines without a clock: behind all others."""
BARE, STAMP_FIRST, STAMP_LAST, DOCKER = range(4)
"""Where the clock stands: nowhere, at the begin of the line, right before the text, at the end of docker's record."""
RECORD = b'{"log":"'
_ESCAPES = ((b'\\"', b'"'), (b"\\u003c", b"<"), (b"\\u003e", b">"), (b"\\u0026", b"&"))
_AFTER = b'\\n","stream":"std'
"""What stands behind the text of a record."""
_TO_STAMP = 30
"""Bytes from the end of this text to the stamp: those, `out","time":"`."""
_LENGTHS = (30, 29, 28, 27, 26, 25, 24, 23, 22, 20)
"""Of stamps."""
_LONGEST = 4096
_SECONDS = np.full(1 << 16, -1)
"""Nanoseconds of two digits below 60, by the word that they are."""
for _second in range(60):
    _SECONDS[int.from_bytes(b"%02d" % _second, "little")] = _second * 1_000_000_000


def plain(text: bytes) -> bytes:
    """The text of docker's record without its usual escapes."""
    if b"\\" in text:
        for escape, character in _ESCAPES:
            text = text.replace(escape, character)
    return text


class Marks(NamedTuple):
    """What stands between words, and lines by their marks."""

    places: Ints
    """Of all marks."""
    newlines: Ints
    """Of all lines of the block."""
    begin: Ints
    first: Ints
    """Its first mark."""
    last: Ints
    """The mark at its end, before a carriage return."""
    short: Bools
    """Whether it is short enough to be usual."""


class Places(NamedTuple):
    """Usual lines, by their places in the block."""

    line: Ints
    """Which line of the block it is."""
    begin: Ints
    line_end: Ints
    text: Ints
    end: Ints
    mode: Ints
    """Where the clock stands."""
    around: Ints
    around_end: Ints
    """With the mode it tells the frame."""
    minute: Ints
    minute_end: Ints
    """The first sixteen bytes of the clock."""
    stamp: Ints
    at: Ints
    """Nanoseconds within the minute of the clock."""


def marks_of(block: Block) -> Marks:
    """Find the words and lines of a block."""
    raw = block.bytes
    places = np.flatnonzero(raw[:-SLACK] <= 32)
    ends = np.flatnonzero(raw[places] == 10)
    newlines = places[ends]
    first = np.concatenate(([0], ends[:-1] + 1))
    begin = np.concatenate(([0], newlines[:-1] + 1))
    return Marks(places, newlines, begin, first, ends - (raw[newlines - 1] == 13), newlines - begin < _LONGEST)


def placed(block: Block, marks: Marks, line: Ints, text: Ints, before: Ints) -> tuple[Places, Bools]:
    """Frames and clocks of lines by their texts, and which are usual; a clock before the text begins at `before`."""
    raw, begin = block.bytes, marks.begin[line]
    end = line_end = marks.places[marks.last[line]]
    heads = raw[begin]
    mode = np.where(text == begin, BARE, np.where(heads - np.uint8(48) < 10, STAMP_FIRST, STAMP_LAST))
    bare, first = mode == BARE, mode == STAMP_FIRST
    stamp = np.where(mode == STAMP_LAST, before, begin)
    stamp_end = np.where(first, marks.places[marks.first[line]], np.where(bare, begin, text - 1))
    around, around_end = np.where(first, stamp_end, begin), np.where(first, text, stamp)
    good = bare | (raw[text - 1] == 32)
    record = np.flatnonzero((heads == ord("{")) & (text == begin + len(RECORD)))
    if len(record):
        end, mode = end.copy(), np.array(mode)
        at, is_record = _records(block, begin[record], line_end[record])
        end[record] = at - _TO_STAMP
        mode[record], good[record] = DOCKER, is_record
        stamp[record], stamp_end[record] = at, line_end[record] - 2
        around[record], around_end[record] = at - 16, at - 10
    minute, minute_end, at, is_clock = _clocks(block, stamp, stamp_end - stamp)
    good &= bare | is_clock
    return Places(line, begin, line_end, text, end, mode, around, around_end, minute, minute_end, stamp, at), good


def _records(block: Block, begin: Ints, end: Ints) -> tuple[Ints, Bools]:
    """Where the stamps of docker's records begin, and which of them have their keys in the usual order."""
    at, left = begin + _TO_STAMP, np.arange(len(begin))
    for n in _LENGTHS:
        stamp = end[left] - 2 - n
        found = block.equal(np.maximum(stamp - 8, 0), b'"time":"')
        at[left[found]] = stamp[found]
        left = left[~found]
        if not len(left):
            break
    behind = at - _TO_STAMP
    good = block.equal(begin, RECORD) & (behind > begin + len(RECORD)) & block.equal(behind, _AFTER)
    good &= block.equal(at - 13, b'out","time":"') | block.equal(at - 13, b'err","time":"')
    good &= block.equal(end - 2, b'"}')
    good[left] = False
    return at, good


def _clocks(block: Block, stamp: Ints, n: Ints) -> tuple[Ints, Ints, Ints, Bools]:
    """Of each `2024-03-15T10:00:07.123456789Z` its minute, nanoseconds since then, and whether it is one."""
    rows = block.rows(stamp, 4)
    words, more = rows[:, 2], rows[:, 3]
    second = _SECONDS[(words >> np.uint64(8) & np.uint64(0xFFFF)).astype(np.int64)]
    good = (second >= 0) & (words & np.uint64(0xFF) == ord(":")) & (block.bytes[stamp + n - 1] == ord("Z"))
    eight = words >> np.uint64(32) | more << np.uint64(32)
    nanoseconds, is_fraction = fraction(eight, more >> np.uint64(32), n - 21)
    whole = n == 20
    good &= whole | (is_fraction & (words >> np.uint64(24) & np.uint64(0xFF) == ord(".")))
    minute = rows.view(np.int64)
    return minute[:, 0], minute[:, 1], second + np.where(whole, 0, nanoseconds), good
