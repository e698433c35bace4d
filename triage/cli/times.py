"""Times as people type them: durations as in kubectl (plus days and weeks), instants as RFC 3339."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from triage.errors import TriageError

_UNIT_NS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
    "d": 86400 * 10**9,
    "w": 7 * 86400 * 10**9,
}
_PART = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ns|us|µs|ms|s|m|h|d|w)")
_LONGEST = 40
AROUND_NS = 15 * 60 * 10**9
"""Half of the window that `--around` asks for."""


def duration_ns(text: str) -> int:
    """A duration in nanoseconds; raises `TriageError` when it is none.

    >>> duration_ns("1h30m") // 10**9, duration_ns("2d") // 10**9, duration_ns("0.5s")
    (5400, 172800, 500000000)
    """
    parts = _PART.findall(text) if len(text) <= _LONGEST else []
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise TriageError("'{text}' is no duration", hint="write 30s, 10m, 1h30m, 2d or 1w", text=text)
    return sum(round(float(number) * _UNIT_NS[unit]) for number, unit in parts)


def instant_ns(text: str) -> int:
    """An RFC 3339 time in nanoseconds since the epoch; raises `TriageError` when it is none or lacks its offset.

    >>> instant_ns("1970-01-01T01:00:00+01:00"), instant_ns("1970-01-01T00:00:01.5Z")
    (0, 1500000000)
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise TriageError("'{text}' is no time with an offset", hint="write 2026-11-25T10:00:00Z or …+08:00", text=text)
    return int(at.timestamp()) * 10**9 + at.microsecond * 1000


def window(
    now_ns: int, *, since: str | None, since_time: str | None, until: str | None, around: str | None
) -> tuple[int | None, int | None, str | None]:
    """Begin and end in nanoseconds, and what was asked in words; None where nothing was asked.

    >>> window(10**12, since="10s", since_time=None, until=None, around=None)
    (990000000000, None, 'since 10s')
    """
    asked = {"since": since, "since-time": since_time, "until": until, "around": around}
    given = [name for name, value in asked.items() if value is not None]
    if {"since", "since-time"} <= {*given} or (around is not None and len(given) > 1):
        raise TriageError(
            "{options} exclude each other",
            hint="give one begin, or one time to look around",
            options=", ".join(f"--{name}" for name in given),
        )
    if around is not None:
        centre = instant_ns(around)
        return centre - AROUND_NS, centre + AROUND_NS, f"around {around}"
    begin = instant_ns(since_time) if since_time is not None else None
    begin = now_ns - duration_ns(since) if since is not None else begin
    end = instant_ns(until) if until is not None else None
    if begin is not None and end is not None and end <= begin:
        raise TriageError("the window ends before it begins", hint="--until must lie behind --since or --since-time")
    return begin, end, " ".join(f"{name} {asked[name]}" for name in given) or None


def now_ns(environ: Mapping[str, str], clock_ns: int) -> int:
    """The time of the report: `SOURCE_DATE_EPOCH` (seconds) makes output reproducible.

    >>> now_ns({"SOURCE_DATE_EPOCH": "7"}, 5), now_ns({}, 5)
    (7000000000, 5)
    """
    fixed = environ.get("SOURCE_DATE_EPOCH")
    if not fixed:
        return clock_ns
    if not (fixed.isascii() and fixed.isdigit() and len(fixed) < 12):
        raise TriageError("SOURCE_DATE_EPOCH is no number of seconds", hint="unset it, or set it to `date +%s`")
    return int(fixed) * 10**9
