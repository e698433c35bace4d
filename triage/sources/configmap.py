"""The keys of a ConfigMap as `kubectl describe` prints them, each with the line it begins on."""

from __future__ import annotations

from msgspec import Struct

from triage.model.late import late

_KEY = late(r"^([\w.-]{1,253}):$")


class Entry(Struct, frozen=True):
    """One key of a ConfigMap's data."""

    key: str
    text: str
    first_line: int
    """1-based, in the text that was read."""


def entries_of(text: str) -> list[Entry]:
    r"""Keys of the data of a described ConfigMap; empty when the text shows none.

    >>> entries_of("Name: coredns\n\nData\n====\nCorefile:\n----\n.:53 {\n  errors\n}\n\n\nBinaryData\n====\n")
    [Entry(key='Corefile', text='.:53 {\n  errors\n}', first_line=7)]
    """
    lines = text.split("\n")
    start = next(
        (n for n, line in enumerate(lines[:-1]) if line.strip() == "Data" and lines[n + 1].startswith("====")), None
    )
    if start is None:
        return []
    end = next((n for n in range(start + 2, len(lines)) if _ends_data(lines, n)), len(lines))
    heads = [n for n in range(start + 2, end - 1) if _KEY.match(lines[n]) and lines[n + 1].startswith("----")]
    entries = []
    for number, head in enumerate(heads):
        until = heads[number + 1] if number + 1 < len(heads) else end
        body = lines[head + 2 : until]
        leading = next((n for n, line in enumerate(body) if line.strip()), 0)
        key = _KEY.match(lines[head])
        entries.append(Entry(key[1] if key else "", "\n".join(body[leading:]).rstrip(), head + 3 + leading))
    return entries


def _ends_data(lines: list[str], number: int) -> bool:
    return (lines[number].strip() == "BinaryData" and lines[number + 1 : number + 2] == ["===="]) or lines[
        number
    ].startswith("Events:")
