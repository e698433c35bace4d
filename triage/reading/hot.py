"""The short way for query lines of the common format in a framing met before: most lines of most logs."""

from __future__ import annotations

import re
from typing import NamedTuple

from triage.model.late import late
from triage.reading import stamps
from triage.reading.framing import Context, Peeled, unframe

# The common format of 1.4.0+. What is in groups 2 and 3, whether the size is 0 and a class of the duration tell all but
# client and time, so lines that agree in them are parsed once.
QUERY = late(
    r'\[INFO\] ([0-9.]+|\[[0-9A-Fa-f:.]+\]):\d+ - \d+ "([^"\\ ]+ [^"\\ ]+ [^"\\ ]+ [^"\\ ]+) \d+ (?:true|false) \d+" '
    r"([^ \"]+ [^ \"]+) (\d+) (\d+(?:\.\d+)?)s",
    re.ASCII,
)
CLASSES_NS = (200_000, 300_000, 1_000_000)
"""Durations at which the guess changes where an answer came from (`Answer`)."""
_CLASSES_S = tuple(ns / 1e9 for ns in CLASSES_NS)
_LEVEL = "[INFO] "
_DOCKER = '{"log":"'
_MEMO = 10_000


def kind_of(match: re.Match[str]) -> tuple[object, ...]:
    """What query lines have in common that differ in client, id, size and time only."""
    duration_s = float(match[5])
    return (match[2], match[3], int(match[4]) == 0, sum(duration_s >= limit for limit in _CLASSES_S))


class Common(NamedTuple):
    """A query line of the common format."""

    at_ns: int | None
    frame: Peeled
    """What its frames told but for the time."""
    match: re.Match[str]
    """Of `QUERY`; the text is its string from where the match begins."""


class Hot:
    """Remembers what stands between the clock and the text of lines, and what that meant."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._frames: dict[str, Peeled] = {}
        self._plain = Peeled("")
        self._of_docker = Peeled("", framing="docker-json")

    def take(self, line: str) -> Common | None:
        """The query of a line; None sends the line the long way."""
        at = line.find(_LEVEL)
        if at < 0:
            return None
        if at == len(_DOCKER) and line.startswith(_DOCKER):
            return self._docker(line)
        match = QUERY.fullmatch(line, at)
        if match is None:
            return None
        if at == 0:
            return Common(None, self._plain, match)
        if line[0].isdecimal():
            stamp, _, rest = line[:at].partition(" ")
        else:
            rest, _, stamp = line[: at - 1].rpartition(" ")
            rest += "\0"  # the clock stands behind the prefix
        at_ns = stamps.utc_ns(stamp)
        if at_ns is None:
            return None
        frame = self._frames.get(rest)
        if frame is None:
            frame = self._learn(line, at, at_ns, rest)
        return None if frame is None else Common(at_ns, frame, match)

    def _docker(self, line: str) -> Common | None:
        """Docker's record with its keys in their usual order, but for other escapes than of quotes."""
        body, _, tail = line[len(_DOCKER) :].partition('\\n","stream":"')
        stream, _, stamp = tail.partition('","time":"')
        text = body.replace('\\"', '"')
        match = QUERY.fullmatch(text)
        at_ns = stamps.utc_ns(stamp[:-2]) if stamp.endswith('"}') else None
        if match is None or at_ns is None or stream not in ("stdout", "stderr"):
            return None
        return Common(at_ns, self._of_docker, match)

    def _learn(self, line: str, at: int, at_ns: int, rest: str) -> Peeled | None:
        """Take the long way once for each frame."""
        found = unframe(line, self._context)
        if len(found) != 1 or found[0].text != line[at:] or found[0].at_ns != at_ns or found[0].partial:
            return None
        if len(self._frames) >= _MEMO:
            self._frames.clear()
        self._frames[rest] = found[0]
        return found[0]
