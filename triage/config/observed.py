"""Upstreams that lines and counters name, for where no configuration tells them."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence

from triage.model.config import UpstreamList
from triage.model.scrape import Scrape


class Observed:
    """What was seen of each replica, in the order in which it was seen."""

    def __init__(self, seen: Iterable[tuple[str | None, str, str]], scrapes: Sequence[Scrape]) -> None:
        self._lines: dict[tuple[str | None, str], dict[str, None]] = {}
        self._counters: dict[str | None, dict[str, None]] = {}
        for replica, zone, upstream in seen:
            self._lines.setdefault((replica, zone), {}).setdefault(upstream)
        for scrape in scrapes:
            for counters in scrape.upstreams:
                self._counters.setdefault(scrape.replica, {}).setdefault(counters.upstream)

    def of(self, replica: str | None, zone: str, elsewhere: Container[str] = ()) -> tuple[str, ...]:
        """Upstreams of a replica for a zone. Counters name no zone: they count for `.` unless listed elsewhere."""
        found = dict.fromkeys(self._lines.get((replica, zone), ()))
        if zone == ".":
            found |= dict.fromkeys(u for u in self._counters.get(replica, ()) if u not in elsewhere)
        return tuple(found)

    def without_list(self, rows: Sequence[UpstreamList]) -> Iterator[UpstreamList]:
        """Lists of what was seen where no configuration speaks of it."""
        listed = {(row.replica, row.zone) for row in rows}
        elsewhere = {u for row in rows for u in row.upstreams}
        for replica, zone in dict.fromkeys([*self._lines, *((who, ".") for who in self._counters)]):
            upstreams = self.of(replica, zone, elsewhere)
            if upstreams and not {(replica, zone), (None, zone)} & listed:
                yield UpstreamList(replica, zone, upstreams, known=False)
