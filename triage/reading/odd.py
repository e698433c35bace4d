"""One line that is not usual: its frame, its clock, and what its text says. The rules are those of the kernel."""

from __future__ import annotations

import re
from typing import NamedTuple

from triage.reading.columns import BARE, DOCKER, NO_TIME, STAMP_FIRST, STAMP_LAST, plain
from triage.reading.faults import Fault, fault_of
from triage.reading.stamps import rfc3339, utc_ns
from triage.reading.words import ASKED

_QUERY = re.compile(
    rb'\[INFO\] ([0-9.]+|\[[0-9A-Fa-f:.]*\]):\d+ - \d+ "' + ASKED + rb" (\d{1,7}) (\d{1,8})(?:\.(\d{1,9}))?s"
)
_LEVEL = re.compile(rb"\[(?:INFO|ERROR)\] ")
_LONGEST_FRAME = 512
_RECORD = re.compile(
    rb'\{"log":"(\[(?:INFO|ERROR)\] (?:[^"\\]|\\(?:"|u003[ce]|u0026)){1,4000})\\n"'
    rb',"stream":"(std(?:out|err))","time":"([^"]{20,30})"\}'
)
_ERRORS = b"[ERROR] plugin/errors: "
_CUT = re.compile(rb"([0-9][^ ]*) (stdout|stderr) ([PF])(:[^ ]*)?(?: |$)")
_NEARLY_CUT = re.compile(rb"[0-9][^ ]* (?:stdout|stderr) [PF]")
_CUTS_AT = 16_000
"""Docker writes a longer line as several records."""


class Framed(NamedTuple):
    """A text, and what stands around it."""

    text: bytes
    place: int
    """Where the text begins in its line."""
    at_ns: int
    """Or `NO_TIME`."""
    mode: int
    """Where the clock stands."""
    around: bytes
    """With the mode it tells the frame."""


class Query(NamedTuple):
    """What a query line says."""

    client: bytes
    asked: tuple[bytes, bytes, bytes, bytes]
    """Type, name, rcode, flags."""
    no_size: bool
    took_ns: int


def clock(stamp: bytes) -> int:
    """Nanoseconds of a whole stamp in UTC, or `NO_TIME`.

    >>> clock(b"1970-01-01T00:00:00.5Z"), clock(b"2300-01-01T00:00:00Z") == NO_TIME
    (500000000, True)
    """
    if not b"1970" <= stamp < b"2201" or stamp[17:18] > b"5" or not stamp.isascii():
        return NO_TIME
    at_ns = utc_ns(stamp.decode())
    return NO_TIME if at_ns is None else at_ns


def framed(line: bytes) -> Framed | None:
    """The text of a line and its frame, if it may be one to count."""
    if line.startswith(b"{"):
        return _of_docker(line)
    level = _LEVEL.search(line)
    if level is None or level.start() > _LONGEST_FRAME:
        return None
    place = level.start()
    text = line[place:]
    if place == 0:
        return Framed(text, 0, NO_TIME, BARE, b"")
    if line[:1].isdigit():
        stamp, mode, around = line.partition(b" ")[0], STAMP_FIRST, line[line.find(b" ") : place]
    else:
        stamp = line[: place - 1].rpartition(b" ")[2]
        mode, around = STAMP_LAST, line[: place - 1 - len(stamp)]
    at_ns = clock(stamp) if line[place - 1 : place] == b" " else NO_TIME
    return None if at_ns == NO_TIME else Framed(text, place, at_ns, mode, around)


def _of_docker(line: bytes) -> Framed | None:
    match = _RECORD.fullmatch(line)
    at_ns = NO_TIME if match is None else clock(match[3])
    if match is None or at_ns == NO_TIME:
        return None
    return Framed(plain(match[1]), match.start(1), at_ns, DOCKER, match[2])


def query_of(text: bytes) -> Query | None:
    """A query line of the common format."""
    match = _QUERY.fullmatch(text)
    if match is None:
        return None
    client, qtype, name, rcode, flags, size, seconds, fraction = match.groups()
    took_ns = int(seconds) * 1_000_000_000 + int((fraction or b"0").ljust(9, b"0"))
    return Query(client.strip(b"[]"), (qtype, name, rcode, flags), not size.strip(b"0"), took_ns)


def error_of(text: bytes, number: int, at_ns: int, container: str | None) -> Fault | None:
    """A line of the errors plugin that nothing can be glued to, and that is no other plugin's by its name."""
    if not text.startswith(_ERRORS) or not text.isascii():
        return None
    name = text.split(b" ", 4)[3:4]
    if not name or b":" in name[0] or b"[" in name[0]:
        return None
    return fault_of(text.decode(), number, None if at_ns == NO_TIME else at_ns, container)


def opens(line: bytes, is_open: set[bytes], *, named: bool) -> bool:
    """Follow lines that a runtime cut into several records; False where it is not certain which they are."""
    match = _CUT.match(line)
    stamp = rfc3339(match[1].decode("latin-1")) if match is not None else None
    if match is not None and stamp is not None and stamp[1] == len(match[1]):
        if match[3] == b"P":
            is_open.add(match[2])
        else:
            is_open.discard(match[2])
        return True
    if is_open and _NEARLY_CUT.match(line):  # a record, or its damage?
        return False
    cut = b" stdout P" in line or b" stderr P" in line or (len(line) >= _CUTS_AT and b"{" in line)
    return not cut and (named or b"==> " not in line)
