"""Everything the analysis works on, as plain records of the stages before it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from operator import itemgetter
from typing import NamedTuple

from msgspec import Struct

from triage.model.bundle import Gap
from triage.model.config import Configuration
from triage.model.observation import Answer, Entry, NameCount, Observations
from triage.model.place import Topology
from triage.model.rule import Rulebook
from triage.model.scrape import Scrape
from triage.model.tool import DigResult, ToolResult


class Asked(NamedTuple):
    """Query lines of one replica, time, zone and origin of the answer: types, rcodes and durations together."""

    replica: str
    minute: int | None
    minutes: int
    zone: str
    answer: Answer
    n: int


class Inputs(Struct, frozen=True, dict=True):
    """What was read, and the knowledge to judge it by. Without slots: what is asked for often is kept."""

    observations: Observations
    configuration: Configuration
    topology: Topology
    rulebook: Rulebook
    zone_of: Callable[[str], str]
    """Query name to the Corefile zone whose forward serves it (`.` when nothing narrower does)."""
    scrapes: Sequence[Scrape] = ()
    tools: Sequence[ToolResult] = ()
    gaps: Sequence[Gap] = ()
    now_ns: int = 0
    since_ns: int | None = None
    """Older lines were not asked for; None: all were."""
    counted_ns: tuple[int | None, int | None] = (None, None)
    """Lines outside these times were left out."""

    def numbers(self, section: str) -> dict[str, float]:
        """Parameters of one section of the rules; every leaf is a number or a mapping with `value`."""
        table = self.rulebook.parameters.get(section, {})
        assert isinstance(table, Mapping)
        return {k: float(v["value"] if isinstance(v, Mapping) else v) for k, v in table.items()}

    @property
    def direct_answers(self) -> Sequence[DigResult]:
        """Outcomes of asking a server directly."""
        return [tool for tool in self.tools if isinstance(tool, DigResult)]

    @cached_property
    def asked(self) -> Sequence[Asked]:
        """Query lines as the analysis wants them."""
        counts: dict[tuple[str, int | None, int, str, Answer], int] = {}
        for row in self.observations.queries:
            key = (row.replica or "", row.minute, row.minutes, row.zone, row.answer)
            counts[key] = counts.get(key, 0) + row.count
        return [Asked(*key, n) for key, n in counts.items()]

    @cached_property
    def names(self) -> Mapping[tuple[Answer, str], Sequence[NameCount]]:
        """Counted names by where the answer came from and its rcode."""
        found: dict[tuple[Answer, str], list[NameCount]] = defaultdict(list)
        for name in self.observations.names:
            found[name.answer, name.rcode].append(name)
        return dict(found)

    @cached_property
    def _entries(self) -> Mapping[str, Sequence[tuple[int, Entry]]]:
        """Lines that are no queries by their message, with their places."""
        found: dict[str, list[tuple[int, Entry]]] = defaultdict(list)
        for row in enumerate(self.observations.entries):
            found[row[1].meaning.message_id].append(row)
        return dict(found)

    def saying(self, wanted: Callable[[str], bool]) -> Sequence[Entry]:
        """Lines whose message is wanted, in their order."""
        rows = [row for message, rows in self._entries.items() if wanted(message) for row in rows]
        return [entry for _, entry in sorted(rows, key=itemgetter(0))]

    @cached_property
    def minutes(self) -> int:
        """Minutes that are counted together: more than one where there are too many rows."""
        return max((row.minutes for row in self.asked), default=1)

    @cached_property
    def replicas(self) -> tuple[str, ...]:
        """Every replica known by log or pod list, in order of name; `""` stands for lines that name none."""
        named = set(self.topology.places)
        return tuple(sorted(named | {s.replica or "" for s in self.observations.streams if s.replica or s.lines}))

    def node_of_host(self, host: str) -> str | None:
        """The node that a shell prompt or file name means: its name, or the part before the first dot."""
        names = {n.name for n in self.topology.nodes} | set(self.topology.node_places)
        if host in names:
            return host
        short = [n for n in names if n.split(".")[0] == host.split(".")[0]]
        return short[0] if len(short) == 1 else None

    def node_attributes(self, node: str) -> Mapping[str, str]:
        """Scope kind to member of a node, with or without a replica on it."""
        place = self.topology.node_places.get(node)
        known = {kind: fact.value for kind, fact in place.facts.items()} if place else {}
        return {**known, "node": node}
