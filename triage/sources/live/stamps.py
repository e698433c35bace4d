"""Times that the kubelet puts in front of the lines of a log."""

from __future__ import annotations

import re
from datetime import datetime

_STAMP = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)(?=[ \n]|$)")


def stamp(line: bytes) -> str | None:
    """The time in front of a line as it stands there; None where there is none.

    >>> stamp(b"2026-11-25T10:00:00.000000007Z [INFO] x"), stamp(b"unable to retrieve")
    ('2026-11-25T10:00:00.000000007Z', None)
    """
    match = _STAMP.match(line)
    return match[0].decode("ascii") if match else None


def stamp_ns(line: bytes) -> int | None:
    """The same in nanoseconds since the epoch.

    >>> stamp_ns(b"1970-01-01T01:00:00.5+01:00 x"), stamp_ns(b"1970-13-01T00:00:00Z x")
    (500000000, None)
    """
    match = _STAMP.match(line)
    if match is None:
        return None
    try:
        seconds = int(datetime.fromisoformat((match[1] + match[3]).decode("ascii")).timestamp())
    except (ValueError, OverflowError):
        return None
    return seconds * 10**9 + int((match[2] or b"0").ljust(9, b"0"))
