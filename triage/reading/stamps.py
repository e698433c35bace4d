"""Clocks in log lines: text to nanoseconds since the epoch, UTC."""

from __future__ import annotations

import calendar
import re
from functools import lru_cache

from triage.model.late import late

_POWERS: tuple[int, ...] = tuple(10 ** (9 - n) for n in range(10))
_NS = 1_000_000_000
_MONTHS = {
    m: n for n, m in enumerate(("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1)
}

_RFC3339 = late(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,12}))? ?(Z|UTC\b|[+-]\d\d:?\d\d(?!\d))?(?: UTC\b)?", re.ASCII
)
_GO_LOG = late(r"(\d{4})/(\d\d)/(\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?", re.ASCII)
_CLF = late(r"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d:\d\d:\d\d) ([+-]\d{4})", re.ASCII)
_SYSLOG = late(r"([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?", re.ASCII)
_KIBANA = late(r"([A-Z][a-z]{2}) (\d{1,2}), (\d{4}) @ (\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?", re.ASCII)
_US = late(r"(\d{1,2})/(\d{1,2})/(\d{4}),? (\d{1,2}):(\d\d):(\d\d)(?:\.(\d{1,9}))? ?([AP]M)?", re.ASCII)
_KLOG = late(r"[IWEF](\d\d)(\d\d) (\d\d:\d\d:\d\d)\.(\d{6}) ", re.ASCII)
_DIGITS = late(r"\d{9,20}(?:\.\d{1,9})?", re.ASCII)


@lru_cache(maxsize=4096)
def _second(date: str, clock: str) -> int | None:
    """Epoch seconds of `2024-03-15` and `10:00:00`; None for a date that does not exist."""
    year, month, day = int(date[:4]), int(date[5:7]), int(date[8:10])
    hour, minute, second = int(clock[:2]), int(clock[3:5]), int(clock[6:8])
    if not (1 <= month <= 12 and year >= 1 and 1 <= day <= calendar.monthrange(year, month)[1]):
        return None
    if hour > 23 or minute > 59 or second > 60:
        return None
    return calendar.timegm((year, month, day, hour, minute, second))


def _offset_s(zone: str | None) -> int:
    if zone is None or zone[0] not in "+-":
        return 0
    seconds = int(zone[1:3]) * 3600 + int(zone[-2:]) * 60
    return -seconds if zone[0] == "-" else seconds


def _ns(date: str, clock: str, fraction: str | None, zone: str | None = None) -> int | None:
    second = _second(date, clock)
    if second is None:
        return None
    part = int(fraction[:9]) * _POWERS[len(fraction[:9])] if fraction else 0
    return (second - _offset_s(zone)) * _NS + part


def rfc3339(text: str) -> tuple[int, int, bool] | None:
    """Read the stamp at the start of `text`: nanoseconds, its length, and whether it told a zone.

    >>> rfc3339("2024-03-15T10:00:00.5Z [INFO]")
    (1710496800500000000, 22, True)
    >>> rfc3339("2024-03-15T12:00:00.123456789+02:00")
    (1710496800123456789, 35, True)
    >>> rfc3339("2024-03-15 10:00:00")
    (1710496800000000000, 19, False)
    >>> rfc3339("2024-13-15T10:00:00Z") is None
    True
    """
    match = _RFC3339.match(text)
    if match is None:
        return None
    date, clock, fraction, zone = match.groups()
    at_ns = _ns(date, clock, fraction, zone)
    return None if at_ns is None else (at_ns, match.end(), zone is not None)


_SECONDS: dict[str, int | None] = {}


def utc_ns(stamp: str) -> int | None:
    """Nanoseconds of a whole `2024-03-15T10:00:00.123456789Z`; None for any other form.

    >>> utc_ns("2024-03-15T10:00:00.123456789Z"), utc_ns("2024-03-15T10:00:00Z"), utc_ns("2024-03-15T10:00:00+01:00")
    (1710496800123456789, 1710496800000000000, None)
    """
    if not (20 <= len(stamp) <= 30 and stamp[-1] == "Z" and stamp[10] == "T"):
        return None
    clock = stamp[:19]
    if clock not in _SECONDS:
        if len(_SECONDS) >= 4096:
            _SECONDS.clear()
        found = rfc3339(clock)
        _SECONDS[clock] = None if found is None or found[1] != 19 else found[0]
    second = _SECONDS[clock]
    fraction = stamp[20:-1]
    if second is None or not fraction:
        return second if len(stamp) == 20 else None
    if stamp[19] != "." or not (fraction.isascii() and fraction.isdecimal()):
        return None
    return second + int(fraction) * _POWERS[len(fraction)]


def go_log(text: str) -> tuple[int, int] | None:
    """The stamp of Go's standard logger (CoreDNS until 1.2.5, node-cache): nanoseconds if it was UTC, length.

    >>> go_log("2018/03/01 12:00:00 [WARNING] x")
    (1519905600000000000, 19)
    """
    match = _GO_LOG.match(text)
    if match is None:
        return None
    year, month, day, clock, fraction = match.groups()
    at_ns = _ns(f"{year}-{month}-{day}", clock, fraction)
    return None if at_ns is None else (at_ns, match.end())


def clf(text: str, start: int = 0) -> tuple[int, int] | None:
    """The stamp of web servers' logs (errors and query log of CoreDNS 1.0 and 1.1): nanoseconds, end.

    >>> clf("16/Feb/2018:10:00:00 +0000 [ERROR 2 a. A] x")
    (1518775200000000000, 26)
    """
    match = _CLF.match(text, start)
    if match is None or match[2] not in _MONTHS:
        return None
    day, month, year, clock, zone = match.groups()
    at_ns = _ns(f"{year}-{_MONTHS[month]:02}-{day}", clock, None, zone)
    return None if at_ns is None else (at_ns, match.end())


def syslog(text: str, year: int) -> tuple[int, int] | None:
    """The stamp of syslog, which has neither year nor zone: nanoseconds if it was UTC in `year`, length.

    >>> syslog("Mar  1 04:02:11 host coredns[1]: x", 2024)
    (1709265731000000000, 15)
    """
    match = _SYSLOG.match(text)
    if match is None or match[1] not in _MONTHS:
        return None
    at_ns = _ns(f"{year:04}-{_MONTHS[match[1]]:02}-{int(match[2]):02}", match[3], match[4])
    return None if at_ns is None else (at_ns, match.end())


def kibana(text: str) -> tuple[int, int] | None:
    """The stamp of Kibana's Discover: nanoseconds if it was UTC, length.

    >>> kibana("May 08, 2022 @ 15:37:07.927 .:53")
    (1652024227927000000, 27)
    """
    match = _KIBANA.match(text)
    if match is None or match[1] not in _MONTHS:
        return None
    at_ns = _ns(f"{match[3]}-{_MONTHS[match[1]]:02}-{int(match[2]):02}", match[4], match[5])
    return None if at_ns is None else (at_ns, match.end())


def klog_ns(text: str, year: int) -> int | None:
    """The time in a klog head, which has neither year nor zone.

    >>> klog_ns("E0315 10:00:00.123456       1 reflector.go:138] x", 2024)
    1710496800123456000
    """
    match = _KLOG.match(text)
    if match is None:
        return None
    return _ns(f"{year:04}-{match[1]}-{match[2]}", match[3], match[4])


def _us(text: str) -> int | None:
    """`3/15/2024, 10:00:00.123 AM` as Azure's portal exports it."""
    match = _US.match(text)
    if match is None:
        return None
    month, day, year, hour, minute, second, fraction, half = match.groups()
    hours = int(hour) % 12 + (12 if half == "PM" else 0) if half else int(hour)
    return _ns(f"{year}-{int(month):02}-{int(day):02}", f"{hours:02}:{minute}:{second}", fraction)


def any_stamp(value: object) -> tuple[int, bool] | None:
    """A time as stores export it, text or number: nanoseconds, and whether its zone is certain.

    >>> any_stamp("1710496800123"), any_stamp(1710496800), any_stamp("3/15/2024, 10:00:00 AM")
    ((1710496800123000000, True), (1710496800000000000, True), (1710496800000000000, False))
    >>> any_stamp("Mar 15, 2024 @ 10:00:00.000"), any_stamp("yesterday"), any_stamp(True)
    ((1710496800000000000, False), None, None)
    """
    if isinstance(value, bool) or value is None:
        return None
    text = str(value).strip()
    if _DIGITS.fullmatch(text):
        return _epoch(text), True
    stamp = rfc3339(text)
    if stamp is not None:
        return stamp[0], stamp[2]
    other = kibana(text) or go_log(text) or clf(text)
    if other is not None:
        return other[0], False
    us = _us(text)
    return None if us is None else (us, False)


def _epoch(text: str) -> int:
    """Seconds, milliseconds, microseconds or nanoseconds since the epoch, told apart by their size."""
    whole, _, fraction = text.partition(".")
    scale = 0 if len(whole) <= 11 else 3 if len(whole) <= 14 else 6 if len(whole) <= 17 else 9
    digits = (fraction + "0" * 9)[: 9 - scale]
    return int(whole) * _POWERS[scale] + (int(digits) if digits else 0)
