"""What the kernel's twin counts: the same tables, rows of which leave in the same form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from triage.reading.block import Bools, Ints
from triage.reading.clients import Clients
from triage.reading.clients import levels_of as clients_levels
from triage.reading.columns import NO_TIME
from triage.reading.faults import Fault, Faults, Levels
from triage.reading.faults import levels_of as faults_levels
from triage.reading.frames import MINUTE_NS
from triage.reading.kinds import MAX_TEXT, Kinds, Row
from triage.reading.limits import Limits
from triage.reading.thin import both, hash_of, is_below, level_of, wider, width_of
from triage.reading.words import Clients as Known

KEPT, FAILED, OWN = 1, 2, 4
"""Flags of a group: its lines are kept; they failed; CoreDNS itself said that there is a record, or none."""
_SMALL = 1 << 18
_LOG2S = 64
_LOWEST = 20
"""Powers of two of a duration's milliseconds begin at minus this."""


class Lines(NamedTuple):
    """Query lines to be counted, by columns, in their order."""

    line: Ints
    """Which line of its block it is."""
    at_ns: Ints
    part: Ints
    kind: Ints
    client: Ints
    took_ns: Ints
    frame: Ints
    begin: Ints
    """Of the text in the block."""
    end: Ints


class Asked(NamedTuple):
    """A query line that is kept."""

    hashed: int
    part: int
    frame: int
    number: int
    at_ns: int | None
    text: bytes


TABLES = (
    "kinds",
    "rows",
    "count_level",
    "networks",
    "faults",
    "containers",
    "kept_queries",
    "query_level",
    "last_lines",
)
"""Attributes of `Tables`."""
CountKey = tuple[int | None, Row, int]
"""Bin of minutes, row, log2 of milliseconds."""


class _Minutes:
    """Minutes of lines as small numbers."""

    def __init__(self, at_ns: Ints) -> None:
        minute = np.where(at_ns == NO_TIME, -1, at_ns // MINUTE_NS)
        self._before = int(minute.min(where=minute >= 0, initial=minute.max())) - 1
        self.since = np.where(minute < 0, 0, minute - self._before)
        """From 1 on; 0 for lines without a clock."""
        self.n = int(self.since.max()) + 1

    def bin(self, since: int, level: int) -> int | None:
        """The bin of a minute."""
        return None if since == 0 else self._before + since >> level


def _counted(codes: Ints, size: int) -> Iterable[tuple[int, int]]:
    """Which codes below `size` there are, and how often."""
    if size <= _SMALL:
        n = np.bincount(codes)
        found = np.flatnonzero(n)
        return zip(found.tolist(), n[found].tolist(), strict=True)
    found, n = np.unique(codes, return_counts=True)
    return zip(found.tolist(), n.tolist(), strict=True)


class Tables:
    """Tables of one document or a part of it."""

    def __init__(self, limits: Limits, kinds: Kinds) -> None:
        self.limits = limits
        self.kinds = kinds
        self.rows: dict[CountKey, int] = {}
        self.count_level = 0
        self.networks: dict[int, Clients] = {}
        self.faults: dict[int, Faults] = {}
        self.containers: dict[str | None, int] = {}
        """One of each container of faults."""
        self.kept_queries: list[Asked] = []
        self.query_level = 0
        self.last_lines: dict[tuple[int, int], tuple[int, bytes]] = {}
        """By part and group."""

    def count(
        self, lines: Lines, first_number: int, text: Callable[[int], bytes], known: Known, flags: list[int]
    ) -> bool:
        """Count query lines of a block; `text` tells a line, `flags` what groups are.

        True when numbers of kinds are others now.
        """
        rows, row, number = list(self.kinds.rows), self.kinds.row[lines.kind], lines.line + first_number
        of_row = np.array(flags)[[r.group for r in rows]][row]
        minutes = _Minutes(lines.at_ns)
        self._count_rows(lines, row, minutes)
        self._count_clients(lines, minutes, of_row & FAILED != 0, known)
        for i in np.flatnonzero(of_row & KEPT).tolist():
            self._keep(i, lines, int(number[i]), text(i), known)
        latest = np.full(len(rows), -1)
        latest[row] = np.arange(len(row))
        for r, i in zip(rows, latest.tolist(), strict=True):
            if i >= 0:
                self._see_last((r.part, r.group), int(number[i]), text(i)[:MAX_TEXT])
        last = np.where(lines.at_ns == NO_TIME, -1, lines.at_ns)
        self.kinds.count(lines.kind, number, lines.at_ns, last, lambda i: text(i)[:MAX_TEXT])
        self._limit()
        return self.kinds.settle()

    def _count_rows(self, lines: Lines, row: Ints, minutes: _Minutes) -> None:
        rows = list(self.kinds.rows)
        log2 = np.where(lines.took_ns, np.frexp(lines.took_ns / 1e6)[1] - 1, -_LOWEST)
        codes = (minutes.since * len(rows) + row) * _LOG2S + log2 + _LOWEST
        for code, n in _counted(codes, minutes.n * len(rows) * _LOG2S):
            code, log2_ms = divmod(code, _LOG2S)
            since, place = divmod(code, len(rows))
            key = (minutes.bin(since, self.count_level), rows[place], log2_ms - _LOWEST)
            self.rows[key] = self.rows.get(key, 0) + n

    def _rows_at(self, level: int) -> int:
        by = level - self.count_level
        return len({(wider(bin_, by), row, log2) for bin_, row, log2 in self.rows})

    def widen(self, level: int) -> None:
        """Take minutes of counts together."""
        by = level - self.count_level
        if by > 0:
            counts, self.rows, self.count_level = self.rows, {}, level
            for (bin_, row, log2), n in counts.items():
                key = (wider(bin_, by), row, log2)
                self.rows[key] = self.rows.get(key, 0) + n

    def _count_clients(self, lines: Lines, minutes: _Minutes, failed: Bools, known: Known) -> None:
        n_keys, n_parts = len(known.keys), int(lines.part.max()) + 1
        codes = (minutes.since * n_parts + lines.part) * n_keys + known.key[lines.client]
        size = minutes.n * n_parts * n_keys
        n_failed = dict(_counted(codes[failed], size))
        for code, n in _counted(codes, size):
            rest, key = divmod(code, n_keys)
            since, part = divmod(rest, n_parts)
            clients = self.networks.setdefault(part, Clients())
            clients.add(minutes.bin(since, 0), known.keys[key], n, n_failed.get(code, 0), self.limits)

    def _keep(self, i: int, lines: Lines, number: int, text: bytes, known: Known) -> None:
        """Keep a query line by the hash of client and name."""
        hashed = both(hash_of(text.split(b" ", 7)[6].lower()), known.hashes[lines.client[i]])
        if is_below(hashed, self.query_level):
            at_ns = None if lines.at_ns[i] == NO_TIME else int(lines.at_ns[i])
            self.kept_queries.append(Asked(hashed, int(lines.part[i]), int(lines.frame[i]), number, at_ns, text))

    def thin_queries(self, level: int) -> None:
        """Leave the kept lines below the level."""
        if level > self.query_level:
            self.query_level = level
            self.kept_queries = [a for a in self.kept_queries if is_below(a.hashed, level)]

    def add_fault(self, part: int, frame: int, fault: Fault) -> None:
        """Count a line of errors."""
        self.containers[fault.container] = frame
        self.faults_of(part).add(fault, self.limits)

    def faults_of(self, part: int) -> Faults:
        """The lines of errors of a part."""
        return self.faults.setdefault(part, Faults())

    def _see_last(self, key: tuple[int, int], number: int, text: bytes) -> None:
        self.last_lines[key] = max((number, text), self.last_lines.get(key, (0, b"")))

    def settle(
        self, names: int, counts: int, bins: int, messages: int, kept: int, asked: int, client_bins: int, clients: int
    ) -> None:
        """Make the tables as coarse as these levels, at least."""
        self.kinds.settle(names)
        self.widen(counts)
        for faults in self.faults.values():
            faults.settle(Levels(bins, messages, kept))
        self.thin_queries(asked)
        for table in self.networks.values():
            table.settle(client_bins, clients)

    def levels(self) -> tuple[int, int, int, int, int, int, int, int]:
        """How coarse they are, in the kernel's order."""
        faults, clients = self.faults.values(), self.networks.values()
        return (
            self.kinds.level,
            self.count_level,
            max((f.levels.bins for f in faults), default=0),
            max((f.levels.messages for f in faults), default=0),
            max((f.levels.lines for f in faults), default=0),
            self.query_level,
            max((c.bins for c in clients), default=0),
            max((c.level for c in clients), default=0),
        )

    def sizes(self) -> tuple[int, int, int, int, int, int]:
        """Rows, in the kernel's order."""
        faults, clients = self.faults.values(), self.networks.values()
        return (
            len(self.kinds),
            len(self.rows),
            sum(len(f.groups) for f in faults),
            sum(len(f.kept) for f in faults),
            len(self.kept_queries),
            sum(len(c.rows) for c in clients),
        )

    def add(self, other: Tables, parts: Sequence[int], groups: Sequence[int], frames: Sequence[int], n: int) -> None:
        """Add the tables of the lines behind our `n` ones, whose parts, groups and frames have other numbers."""

        def ours(row: Row) -> Row:
            return Row(parts[row.part], row.zone, groups[row.group])

        levels = [max(both) for both in zip(self.levels(), other.levels(), strict=True)]
        self.settle(*levels)
        other.settle(*levels)
        self.kinds.absorb(other.kinds, ours, n)
        for (bin_, row, log2), lines in other.rows.items():
            key = (bin_, ours(row), log2)
            self.rows[key] = self.rows.get(key, 0) + lines
        for part, clients in other.networks.items():
            table = self.networks.setdefault(parts[part], Clients(bins=levels[-2], level=levels[-1]))
            for client, (queries, failed) in clients.rows.items():
                table.put(client, queries, failed)
        for part, faults in other.faults.items():
            mine = self.faults.setdefault(parts[part], Faults(levels=Levels(*levels[2:5])))
            mine.merge(faults.behind(n))
        self.kept_queries += (
            a._replace(part=parts[a.part], frame=frames[a.frame], number=a.number + n) for a in other.kept_queries
        )
        for container, frame in other.containers.items():
            self.containers[container] = frames[frame]
        for (part, group), (number, text) in other.last_lines.items():
            self._see_last((parts[part], groups[group]), number + n, text)
        self._limit()

    def _limit(self) -> None:
        limits = self.limits
        if len(self.rows) > limits.counts:
            self.widen(width_of(self._rows_at, limits.counts, self.count_level))
        if len(self.kept_queries) > limits.failures:
            self.thin_queries(level_of((a.hashed for a in self.kept_queries), limits.failures, self.query_level))
        for clients in self.networks.values():
            if len(clients.rows) > limits.clients:
                clients.settle(*clients_levels([clients], limits.clients))
        for faults in self.faults.values():
            if len(faults.kept) > limits.faults or len(faults.groups) > limits.messages:
                faults.settle(faults_levels([faults], limits))

    def names(self) -> list[tuple[int, int, bytes, int, int | None, int | None, int, bytes]]:
        """part, group, name, count, first, last, number and text of the first line."""
        return [(n.row.part, n.row.group, *n[1:]) for n in self.kinds.names()]

    def counts(self) -> list[tuple[int | None, int, int, int, int, int]]:
        """bin, part, zone, group, log2 of milliseconds, count."""
        return [(bin_, *row, log2, n) for (bin_, row, log2), n in self.rows.items()]

    def clients(self) -> list[tuple[int | None, int, bytes, int, int]]:
        """bin, part, network or address, queries, failed queries."""
        tables = self.networks.items()
        return [(bin_, p, key.encode(), *n) for p, clients in tables for (bin_, key), n in clients.rows.items()]

    def messages(self) -> list[bytes]:
        """Texts of errors without names and ports."""
        return [message.encode() for message in self._messages()]

    def _messages(self) -> dict[str, int]:
        faults = self.faults.values()
        all_of_them = (message for f in faults for message in (*(m for _, m in f.groups), *(k.message for k in f.kept)))
        return {message: i for i, message in enumerate(dict.fromkeys(all_of_them))}

    def groups(self) -> list[tuple[int, int, int | None, int, int, int | None, int | None, int, bytes]]:
        """part, frame, bin, message, count, first, last, number and text of the first line."""
        messages, frames = self._messages(), self.containers
        return [
            (
                p,
                frames[g.first.container],
                bin_,
                messages[m],
                g.count,
                g.first.at_ns,
                g.last_ns,
                g.first.number,
                g.first.text.encode(),
            )
            for p, faults in self.faults.items()
            for (bin_, m), g in faults.groups.items()
        ]

    def kept(self) -> list[tuple[int, int, int, int | None, int | None, int, bytes, int]]:
        """Lines of errors: part, frame, number, time, bin, message, text, hash."""
        messages, frames = self._messages(), self.containers
        return [
            (p, frames[f.container], f.number, f.at_ns, None, messages[f.message], f.text.encode(), f.hashed)
            for p, faults in self.faults.items()
            for f in faults.kept
        ]

    def asked(self) -> list[tuple[int, int, int, int | None, int | None, int, bytes, int]]:
        """Query lines that were to be kept; columns of `kept`."""
        return [(a.part, a.frame, a.number, a.at_ns, None, 0, a.text, a.hashed) for a in self.kept_queries]

    def lasts(self) -> list[tuple[int, int, int, bytes]]:
        """part, group, number and text of the last query line."""
        return [(*key, number, text) for key, (number, text) in self.last_lines.items()]
