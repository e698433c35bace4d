"""The zone that a name belongs to."""

from __future__ import annotations

from collections.abc import Container


def longest(qname: str, zones: Container[str]) -> str:
    """The longest zone that holds a name; `.` when none does.

    >>> longest("a.b.example.org.", {"example.org.", "org.", "."})
    'example.org.'
    """
    name = qname.lower() if qname.endswith(".") else f"{qname.lower()}."
    while name and name != ".":
        if name in zones:
            return name
        name = name.partition(".")[2]
    return "."
