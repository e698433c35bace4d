"""Reading plain data (what JSON and YAML give) whose shape nobody has checked."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime


class MalformedError(Exception):
    """An object lacks what makes it one of its kind."""


def time_ns(value: object) -> int | None:
    """An RFC 3339 time, or the date that YAML made of it, in ns since the epoch.

    >>> time_ns("2025-06-03T02:11:12.5Z"), time_ns("yesterday")
    (1748916672500000000, None)
    """
    try:
        stamp = datetime.fromisoformat(value) if isinstance(value, str) else value
        if not isinstance(stamp, datetime):
            return None
        stamp = stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)
        return int(stamp.timestamp()) * 1_000_000_000 + stamp.microsecond * 1000
    except (ValueError, OverflowError):
        return None


def name_of(meta: Mapping[str, object]) -> str:
    """The name in an object's metadata; without one it is no object."""
    name = as_text(meta.get("name"))
    if not name:
        raise MalformedError
    return name


def mapping(value: object) -> Mapping[str, object]:
    """The value itself if it is a map; anything else is no object."""
    if not isinstance(value, Mapping):
        raise MalformedError
    return value


def as_dict(value: object) -> Mapping[str, object]:
    """A map; empty for everything else."""
    return value if isinstance(value, Mapping) else {}


def as_list(value: object) -> Sequence[object]:
    """A list; empty for everything else."""
    return value if isinstance(value, list) else ()


def as_text(value: object) -> str | None:
    """A text that is not empty."""
    return value if isinstance(value, str) and value else None


def as_int(value: object) -> int | None:
    """A whole number; booleans are none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def as_strings(value: object) -> dict[str, str]:
    """A map of texts; numbers and booleans that YAML read from unquoted values become their text again."""
    plain = (str, int, float, bool)
    return {str(k): str(v) for k, v in as_dict(value).items() if isinstance(v, plain)}


def as_addresses(values: Sequence[str | None]) -> tuple[str, ...]:
    """The IP addresses among some texts, each once."""
    found = []
    for value in values:
        try:
            found.append(str(ipaddress.ip_address(value or "")))
        except ValueError:
            continue
    return tuple(dict.fromkeys(found))
