"""The signs of one fault, and what follows from them: each answer is found once, and for many signs alike at a time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple

from msgspec import Struct

from triage.analysis.episodes import Times, bursts, times_of
from triage.analysis.sign import CHECK, LOOKUP_NS, Sign
from triage.model.observation import FailureKind

CITED = 3
"""Lines that a statement cites."""


class Kin(NamedTuple):
    """What many signs have in common."""

    symptom: str
    replica: str
    upstream: str | None
    kind: FailureKind | None
    message_id: str
    proto: str | None
    probe: bool

    @property
    def is_check(self) -> bool:
        """Whether a direct check gave them, no replica."""
        return self.replica.startswith(CHECK)


class Group(Struct, frozen=True, dict=True):
    """The signs of one independent fault. Without slots: what follows from them is asked for often and kept."""

    family: str
    signs: tuple[Sign, ...]
    zone: str | None = None
    """Corefile zone whose forward fails; None when it is the root or not known."""

    @cached_property
    def kin(self) -> Mapping[Kin, Sequence[int]]:
        """Places in `signs` by what they have in common: many thousands are of a few hundred kinds."""
        found: dict[tuple[object, ...], list[int]] = defaultdict(list)
        for i, s in enumerate(self.signs):
            found[s.symptom, s.replica, s.upstream, s.kind, s.message_id, s.proto, s.probe].append(i)
        return {Kin._make(kin): row for kin, row in found.items()}

    def hits(self, wanted: Callable[[Kin], bool]) -> tuple[int, tuple[Sign, ...]]:
        """How many signs are of a wanted kind, and the first of them."""
        rows = [row for kin, row in self.kin.items() if wanted(kin)]
        first = sorted(i for row in rows for i in row[:CITED])[:CITED]
        return sum(map(len, rows)), tuple(self.signs[i] for i in first)

    @cached_property
    def failures(self) -> Mapping[Kin, int]:
        """Failures of each kind, summaries by their weight."""
        weights = [s.n for s in self.signs]
        return {kin: sum(map(weights.__getitem__, row)) for kin, row in self.kin.items()}

    @cached_property
    def asked(self) -> Sequence[tuple[Sequence[Sign], float]]:
        """Signs of one replica and name (else the end of their line), and how many look-ups they are together."""
        found: dict[tuple[str, str], list[Sign]] = defaultdict(list)
        for s in self.signs:
            found[s.replica, s.qname or s.citation.text[-80:]].append(s)
        return [(signs, lookups(signs)) for signs in found.values()]

    def lookups(self, key: Callable[[Sign], str | None]) -> Mapping[str, float]:
        """Failed look-ups by `key`, which is None for what does not count; tries of one replica and name are one."""
        total: dict[str | None, float] = defaultdict(float)
        for signs, n in self.asked:
            if len(signs) == 1:
                total[key(signs[0])] += n
                continue
            values = dict.fromkeys(map(key, signs))
            for value in values:
                total[value] += n if len(values) == 1 else lookups([s for s in signs if key(s) == value])
        return {value: total[value] for value in sorted(v for v in total if v is not None)}

    def n_lookups(self, wanted: Callable[[Sign], bool]) -> float:
        """Failed look-ups of wanted signs."""
        total = 0.0
        for signs, n in self.asked:
            mine = [s for s in signs if wanted(s)]
            total += n if len(mine) == len(signs) else lookups(mine) if mine else 0.0
        return total

    @cached_property
    def counts(self) -> Mapping[str, float]:
        """Look-ups per symptom, repeats of one look-up once."""
        return self.lookups(attrgetter("symptom"))

    @cached_property
    def by_replica(self) -> Mapping[str, float]:
        """Look-ups per replica; outcomes of direct checks are no counts."""
        total = dict.fromkeys(sorted(self.failing), 0.0)
        for signs, n in self.asked:
            if (replica := signs[0].replica) in total:
                total[replica] += n
        return total

    @cached_property
    def times(self) -> Times:
        """When replicas failed, in order."""
        return times_of(self.lines)

    @cached_property
    def lines(self) -> tuple[Sign, ...]:
        """Signs that a replica gave, not a direct check."""
        if not any(kin.is_check for kin in self.kin):
            return self.signs
        return tuple(s for s in self.signs if not s.replica.startswith(CHECK))

    @cached_property
    def weight(self) -> float:
        """Failures that the lines stand for."""
        return sum([s.weight for s in self.lines])

    @cached_property
    def failing(self) -> frozenset[str]:
        """Replicas that show it."""
        return frozenset(kin.replica for kin in self.kin if not kin.is_check)

    @cached_property
    def upstreams(self) -> tuple[str, ...]:
        """Servers that the signs name, the most named first."""
        named = Counter[str]()
        for kin, n in self.failures.items():
            if kin.upstream:
                named[kin.upstream] += n
        return tuple(u for u, _ in sorted(named.items(), key=lambda item: (-item[1], item[0])))

    @cached_property
    def addresses(self) -> frozenset[str]:
        """Addresses of API servers that the signs name."""
        return frozenset(s.fields["address"] for s in self.signs if "address" in s.fields)

    @cached_property
    def window(self) -> tuple[int, int] | None:
        """First and last sign, nanoseconds; None without a clock."""
        times = [s.at_ns for s in self.signs if s.at_ns is not None]
        ends = [s.until_ns for s in self.signs if s.until_ns is not None]
        return (min(times + ends), max(times + ends)) if times or ends else None


def lookups(signs: Sequence[Sign]) -> float:
    """Look-ups of one replica and name: lines within 10 s are one, of at most four lines.

    Without a clock four lines count as one look-up. A summary counts its weight, divided likewise.
    """
    if len(signs) == 1:
        return max(1.0, signs[0].weight / 4.0)
    clocked = [(s.at_ns, s.weight) for s in signs if s.at_ns is not None]
    found = sum([max(1.0, weight / 4.0) for _, weight in bursts(clocked, LOOKUP_NS)])
    if len(clocked) < len(signs):
        found += max(1.0, sum(s.weight for s in signs if s.at_ns is None) / 4.0)
    return found
