r"""Lines of the errors plugin: kept one by one up to a cap, beyond it counted per minute and message.

A message is what two lines have in common that differ in name and local port only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from msgspec import Struct, field

from triage.model.late import late
from triage.reading.limits import Limits
from triage.reading.thin import both, hash_of, is_below, level_of, wider, width_of

_HEAD = "[ERROR] plugin/errors: "
_RCODE = late(r"\d{1,5}", re.ASCII)
_NAME = late(r"[!#-?A-\[\]-~]{1,1020}")
_SAID = late(r"[A-Za-z0-9]{1,16}: ((?!.{0,1000}(?:@|\] | - |failed to |plugin/))[ -~]*[!-~])")
_LONGEST = 1_000
_PORT = late(r":\d+->", re.ASCII)
_MINUTE_NS = 60_000_000_000


class Fault(NamedTuple):
    """One such line."""

    text: str
    number: int
    at_ns: int | None
    container: str | None
    message: str
    hashed: int
    """Of name and minute: the tries of one look-up stay together."""

    @property
    def order(self) -> tuple[bool, int, int]:
        """Lines without a clock last."""
        return (self.at_ns is None, self.at_ns or 0, self.number)


def fault_of(text: str, number: int, at_ns: int | None, container: str | None) -> Fault | None:
    """The line, if it is one of the errors plugin that tells one query.

    >>> fault_of("[ERROR] plugin/errors: 2 a. A: read udp 10.0.0.1:5->10.0.0.2:53: i/o timeout", 1, None, None).message
    '2 A: read udp 10.0.0.1:->10.0.0.2:53: i/o timeout'
    """
    if not text.startswith(_HEAD):
        return None
    rcode, _, rest = text[len(_HEAD) :].partition(" ")
    name, _, rest = rest.partition(" ")
    hashed, message = _name_hash(name), _message(rcode, *_without_port(rest))
    if hashed is None or message is None:
        return None
    if message.startswith("HINFO:", len(rcode) + 1) and name[0].isdecimal():
        message = message.replace("HINFO", "HINFO!", 1)
    minute = 0 if at_ns is None else at_ns // _MINUTE_NS
    return Fault(text, number, at_ns, container, message, both(hashed, minute))


@lru_cache(maxsize=8192)
def _name_hash(name: str) -> int | None:
    """The hash of a name, None for what is none."""
    return hash_of(name.encode()) if _NAME.fullmatch(name) else None


def _without_port(words: str) -> tuple[str, int]:
    """What is said without its first local port, and how many digits that had."""
    found = _PORT.search(words) if "->" in words else None
    if found is None:
        return words, 0
    begin, end = found.span()
    return f"{words[:begin]}:->{words[end:]}", end - begin - 3


@lru_cache(maxsize=8192)
def _message(rcode: str, said: str, n_port: int) -> str | None:
    """The message of what is said of a name, None when it may be something else."""
    match = _SAID.fullmatch(said)
    if match is None or not _RCODE.fullmatch(rcode) or len(match[1]) + n_port > _LONGEST:
        return None
    return f"{rcode} {said}"


class Group(Struct):
    """Lines of one message in one bin of minutes."""

    count: int
    first: Fault
    last_ns: int | None

    def add(self, other: Group) -> None:
        """Take the other's lines."""
        self.count += other.count
        if other.first.order < self.first.order:
            self.first = other.first
        if self.last_ns is None or (other.last_ns is not None and other.last_ns > self.last_ns):
            self.last_ns = other.last_ns


GroupKey = tuple[int | None, str]
"""Bin of minutes and message."""


class Levels(Struct, frozen=True):
    """How coarse the tables are."""

    bins: int = 0
    """Minutes are taken together by 2 to the power of this."""
    messages: int = 0
    lines: int = 0

    def coarsest(self, other: Levels) -> Levels:
        """Of both, field by field."""
        bins, messages = max(self.bins, other.bins), max(self.messages, other.messages)
        return Levels(bins, messages, max(self.lines, other.lines))


class Faults(Struct):
    """The lines of one stream."""

    kept: list[Fault] = field(default_factory=list)
    groups: dict[GroupKey, Group] = field(default_factory=dict)
    levels: Levels = Levels()
    n_lines: int = 0

    def add(self, fault: Fault, limits: Limits) -> None:
        """Count a line, and keep it while it fits."""
        self.n_lines += 1
        if is_below(_message_hash(fault.message), self.levels.messages):
            self.add_group(self.key_of(fault), Group(1, fault, fault.at_ns))
        if is_below(fault.hashed, self.levels.lines):
            self.kept.append(fault)
        if len(self.kept) > limits.faults or len(self.groups) > limits.messages:
            self.settle(levels_of([self], limits))

    def key_of(self, fault: Fault) -> GroupKey:
        """Where the line is counted."""
        bin_ = None if fault.at_ns is None else fault.at_ns // _MINUTE_NS >> self.levels.bins
        return (bin_, fault.message)

    def add_group(self, key: GroupKey, group: Group) -> None:
        """Count lines."""
        known = self.groups.get(key)
        if known is None:
            self.groups[key] = group
        else:
            known.add(group)

    def settle(self, levels: Levels) -> None:
        """Make the tables as coarse as these levels, at least."""
        levels = levels.coarsest(self.levels)
        if levels == self.levels:
            return
        groups, by = self.groups, levels.bins - self.levels.bins
        self.levels, self.groups = levels, {}
        for (bin_, message), group in groups.items():
            if is_below(_message_hash(message), levels.messages):
                self.add_group((wider(bin_, by), message), group)
        self.kept = [f for f in self.kept if is_below(f.hashed, levels.lines)]

    def merge(self, other: Faults) -> None:
        """Take the lines of another stream, whose levels are the same."""
        self.n_lines += other.n_lines
        self.kept += other.kept
        for key, group in other.groups.items():
            self.add_group(key, Group(group.count, group.first, group.last_ns))

    def behind(self, n: int) -> Faults:
        """The same lines behind `n` others."""
        kept = [f._replace(number=f.number + n) for f in self.kept]
        groups = {
            key: Group(g.count, g.first._replace(number=g.first.number + n), g.last_ns)
            for key, g in self.groups.items()
        }
        return Faults(kept, groups, self.levels, self.n_lines)

    def lines(self) -> Iterable[tuple[Fault, int, int | None]]:
        """Lines, how many each stands for and, for several, the time of the last of them.

        Kept ones stand for one, first ones of a bin for all that were not kept.
        """
        kept: dict[GroupKey, int] = {}
        for fault in self.kept:
            key = self.key_of(fault)
            kept[key] = kept.get(key, 0) + 1
            yield fault, 1, None
        for key, group in self.groups.items():
            left = group.count - kept.get(key, 0)
            if left:
                yield group.first, left, group.last_ns if left > 1 else None


def levels_of(tables: Iterable[Faults], limits: Limits) -> Levels:
    """The finest levels at which the tables together fit."""
    tables = list(tables)
    start = [t.levels for t in tables] or [Levels()]
    bins = max(level.bins for level in start)
    messages = max(level.messages for level in start)
    lines = max(level.lines for level in start)
    lines = level_of((f.hashed for t in tables for f in t.kept), limits.faults, lines)
    bins = width_of(lambda bins: len(_rows(tables, bins, messages)), limits.messages, bins)
    rows = _rows(tables, bins, messages)
    if len(rows) > limits.messages:
        # No width is enough: a message for nearly every line.
        messages = level_of((_message_hash(message) for message in rows), limits.messages, messages)
    return Levels(bins, messages, lines)


@lru_cache(maxsize=8192)
def _message_hash(message: str) -> int:
    return hash_of(message.encode())


def _rows(tables: Sequence[Faults], bins: int, messages: int) -> list[str]:
    """The message of each row there would be."""
    rows: list[str] = []
    for table in tables:
        by = bins - table.levels.bins
        keys = {(wider(bin_, by), message) for bin_, message in table.groups} if by else table.groups
        rows += (message for _, message in keys if not messages or is_below(_message_hash(message), messages))
    return rows
