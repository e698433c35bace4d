"""Who asked: query lines counted by networks of clients."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

from msgspec import Struct, field

from triage.reading.limits import Limits
from triage.reading.thin import hash_of_text, is_below, level_of, wider, width_of

Key = tuple[int | None, str]
"""Bin of minutes, client as counted."""


def key_of(client: str) -> str:
    """As which a client is counted: IPv4 without its last number; IPv6 has many ways to write a network, so whole.

    >>> key_of("10.244.3.7"), key_of("fd00::7")
    ('10.244.3', 'fd00::7')
    """
    return client if ":" in client else client.rpartition(".")[0] or client


@lru_cache(maxsize=4096)
def network_of(key: str) -> str:
    """The network of a counted client: 24 bits of IPv4, 64 of IPv6; what is no address stays as it is.

    >>> network_of("10.244.3"), network_of("fd00:1::7"), network_of("300.1.1")
    ('10.244.3.0/24', 'fd00:1::/64', '300.1.1')
    """
    address, bits = (key, 64) if ":" in key else (f"{key}.0", 24)
    try:
        return str(ipaddress.ip_network(f"{address}/{bits}", strict=False))
    except ValueError:
        return key


class Clients(Struct):
    """Query lines, and the failed ones among them, by minute and client; they add up in any order."""

    rows: dict[Key, tuple[int, int]] = field(default_factory=dict)
    bins: int = 0
    """Minutes are taken together by 2 to the power of this."""
    level: int = 0
    """Clients whose hash is not below it are not counted."""

    def add(self, minute: int | None, client: str, queries: int, failed: int, limits: Limits) -> None:
        """Count lines of a minute."""
        self.put((wider(minute, self.bins), client), queries, failed)
        if len(self.rows) > limits.clients:
            self.settle(*levels_of([self], limits.clients))

    def put(self, key: Key, queries: int, failed: int) -> None:
        """Count lines of a bin."""
        known = self.rows.get(key)
        if known is not None:
            self.rows[key] = (known[0] + queries, known[1] + failed)
        elif not self.level or is_below(hash_of_text(key[1]), self.level):
            self.rows[key] = (queries, failed)

    def settle(self, bins: int, level: int) -> None:
        """Make the table as coarse as these levels."""
        if bins <= self.bins and level <= self.level:
            return
        rows, by = self.rows, max(0, bins - self.bins)
        self.rows, self.bins, self.level = {}, self.bins + by, max(level, self.level)
        for (bin_, client), (queries, failed) in rows.items():
            self.put((wider(bin_, by), client), queries, failed)

    @property
    def queries(self) -> int:
        """Lines that are counted."""
        return sum(queries for queries, _ in self.rows.values())


def levels_of(tables: Iterable[Clients], most: int) -> tuple[int, int]:
    """The finest levels at which the tables together fit."""
    tables = list(tables)
    bins = max((t.bins for t in tables), default=0)
    level = max((t.level for t in tables), default=0)
    bins = width_of(lambda bins: len(_clients(tables, bins, level)), most, bins)
    rows = _clients(tables, bins, level)
    return bins, level_of(map(hash_of_text, rows), most, level) if len(rows) > most else level


def _clients(tables: Iterable[Clients], bins: int, level: int) -> list[str]:
    """The client of each row there would be."""
    found: list[str] = []
    for table in tables:
        by = bins - table.bins
        keys = {(wider(bin_, by), client) for bin_, client in table.rows} if by else table.rows
        found += (client for _, client in keys if not level or is_below(hash_of_text(client), level))
    return found
