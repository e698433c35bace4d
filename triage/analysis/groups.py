"""Independent faults: signs that one cause may explain together."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from triage.analysis.episodes import Lookups, bursts, episodes_of, lookup_spans
from triage.analysis.inputs import Inputs
from triage.analysis.sign import CHECK, LOOKUP_NS, Sign

MANNERS: Mapping[str, str] = {
    "upstream-silent": "silent",
    "probe-silent": "silent",
    "upstream-lost": "silent",
    "unanswered": "silent",
    "overload": "silent",
    "overload-unanswered": "silent",
    "upstream-refused": "refused",
    "probe-refused": "refused",
    "upstream-no-route": "route",
    "probe-no-route": "route",
    "upstream-not-permitted": "permitted",
}
"""How an upstream failed: two manners in different replicas are two faults."""
TIMED = frozenset({"upstream", "api"})
"""Families whose faults come and go."""
STANDS_ALONE = 5
"""Look-ups of an episode that are not in these replicas by chance."""


class Tried(NamedTuple):
    """What signs have in common that differ in their time only."""

    symptom: str
    replica: str
    qname: str | None
    text: str
    """The end of the line, where it names no query."""
    probe: bool


Signed = Sequence[tuple[int | None, float]]
"""Times and weights of signs."""


class Tries(NamedTuple):
    """Signs that differ in their time only."""

    signed: Signed
    lookups: float
    """How many look-ups they are."""


def tries_of(signs: Iterable[Sign]) -> Mapping[Tried, Tries]:
    """Signs by what they have in common: few of many thousands have a name of their own."""
    found: dict[tuple[str, str, str | None, str, bool], list[tuple[int | None, float]]] = defaultdict(list)
    for s in signs:
        text = "" if s.qname else s.citation.text[-80:]
        found[s.symptom, s.replica, s.qname, text, s.probe].append((s.at_ns, s.weight))
    return {Tried(*tried): Tries(signed, _lookups(signed)) for tried, signed in found.items()}


class Group(Struct, frozen=True, dict=True):
    """The signs of one independent fault. Without slots: what follows from them is asked for often and kept."""

    family: str
    signs: tuple[Sign, ...]
    zone: str | None = None
    """Corefile zone whose forward fails; None when it is the root or not known."""

    @cached_property
    def tries(self) -> Mapping[Tried, Tries]:
        """The signs by what they have in common."""
        return tries_of(self.signs)

    @cached_property
    def counts(self) -> Mapping[str, float]:
        """Look-ups per symptom, repeats of one look-up once."""
        return lookups(self.tries, lambda tried: tried.symptom)

    @cached_property
    def by_replica(self) -> Mapping[str, float]:
        """Look-ups per replica; outcomes of direct checks are no counts."""
        return lookups(self.tries, lambda tried: None if tried.replica.startswith(CHECK) else tried.replica)

    @cached_property
    def times(self) -> tuple[Lookups, ...]:
        """When replicas failed, in order."""
        return lookup_spans(self.lines)

    @cached_property
    def lines(self) -> tuple[Sign, ...]:
        """Signs that a replica gave, not a direct check."""
        return tuple(s for s in self.signs if not s.replica.startswith(CHECK))

    @cached_property
    def upstreams(self) -> tuple[str, ...]:
        """Servers that the signs name, the most named first."""
        named = Counter[str]()
        for sign in self.signs:
            if sign.upstream:
                named[sign.upstream] += max(1, round(sign.weight))
        return tuple(u for u, _ in sorted(named.items(), key=lambda item: (-item[1], item[0])))

    @cached_property
    def addresses(self) -> frozenset[str]:
        """Addresses of API servers that the signs name."""
        return frozenset(s.fields["address"] for s in self.signs if "address" in s.fields)

    @cached_property
    def window(self) -> tuple[int, int] | None:
        """First and last sign, nanoseconds; None without a clock."""
        times = [t for s in self.signs for t in (s.at_ns, s.until_ns) if t is not None]
        return (min(times), max(times)) if times else None


def lookups(tries: Mapping[Tried, Tries], key: Callable[[Tried], str | None]) -> Mapping[str, float]:
    """Failed look-ups by `key`, which is None for what does not count; tries of one replica and name go together."""
    same: dict[tuple[str, str, str], list[Tries]] = defaultdict(list)
    for tried, found in tries.items():
        value = key(tried)
        if value is not None:
            same[value, tried.replica, tried.qname or tried.text].append(found)
    total: dict[str, float] = defaultdict(float)
    for (value, _, _), parts in same.items():
        alone = len(parts) == 1
        total[value] += parts[0].lookups if alone else _lookups([pair for part in parts for pair in part.signed])
    return dict(sorted(total.items()))


def _lookups(signed: Signed) -> float:
    """Look-ups of one replica and name: lines within 10 s are one, of at most four lines.

    Without a clock four lines count as one look-up. A summary counts its weight, divided likewise.
    """
    if len(signed) == 1:
        return max(1.0, signed[0][1] / 4.0)
    clocked = [(at, weight) for at, weight in signed if at is not None]
    found = sum(max(1.0, weight / 4.0) for _, weight in bursts(clocked, LOOKUP_NS))
    if len(clocked) < len(signed):
        found += max(1.0, sum(weight for at, weight in signed if at is None) / 4.0)
    return found


def groups_of(signs: Sequence[Sign], inputs: Inputs) -> tuple[Group, ...]:
    """Split signs into independent faults: by family, then upstream ones by destination and manner of failing."""
    symptoms = inputs.rulebook.symptoms
    families: dict[str, list[Sign]] = defaultdict(list)
    for sign in signs:
        families[symptoms[sign.symptom].family].append(sign)
    found: list[Group] = []
    for family, members in sorted(families.items()):
        if family not in TIMED:
            found.append(Group(family, tuple(members)))
            continue
        parts = _by_destination(members, inputs) if family == "upstream" else {None: members}
        for zone, part in parts.items():
            pieces = _by_manner(part) if family == "upstream" else [part]
            for piece in pieces:
                found.extend(_by_window(Group(family, tuple(piece), zone), inputs))
    return tuple(found)


def _by_window(group: Group, inputs: Inputs) -> list[Group]:
    """Episodes of other replicas, or of other servers, are other faults; what has no episode stays with the first.

    Few failures fall on few replicas by chance, so an episode stands alone only from `STANDS_ALONE` look-ups on.
    """
    segments = inputs.observations.segments
    spans = [(s.first_ns, s.last_ns) for s in segments if s.first_ns is not None and s.last_ns is not None]
    whole = (min(a for a, _ in spans), max(b for _, b in spans)) if spans else None
    episodes = episodes_of(group.times, whole)
    if len(episodes) < 2:
        return [group]
    parts: list[list[Sign]] = [[] for _ in episodes]
    rest: list[Sign] = []
    begins = [e.first_ns for e in episodes]
    for sign in group.signs:
        at = sign.at_ns
        home = bisect_right(begins, at) - 1 if at is not None else -1
        (parts[home] if at is not None and home >= 0 and at <= episodes[home].last_ns else rest).append(sign)
    merged: list[list[Sign]] = []
    for episode, part in sorted(zip(episodes, parts, strict=True), key=lambda pair: (-len(pair[1]), pair[0].first_ns)):
        if not part:
            continue
        alike = (m for m in merged if _overlap(m, part) > 0.5 and _same_servers(m, part))
        fits = next(alike, None) or (merged[0] if merged and episode.n_failures < STANDS_ALONE else None)
        if fits is None:
            merged.append(part)
        else:
            fits.extend(part)
    if len(merged) == 1:
        return [group]
    merged[0].extend(rest)
    order = {id(sign): i for i, sign in enumerate(group.signs)}
    return [replace(group, signs=tuple(sorted(part, key=lambda sign: order[id(sign)]))) for part in merged]


def _by_destination(signs: Sequence[Sign], inputs: Inputs) -> dict[str | None, list[Sign]]:
    """Signs by the Corefile zone whose forward serves their name; names without one share the root's.

    A counter has no name: it belongs to the zone whose servers alone it counts.
    """
    serves: dict[str, set[str]] = defaultdict(set)
    for row in inputs.configuration.upstreams:
        for upstream in row.upstreams:
            serves[upstream].add(row.zone)
    lone = {upstream: min(zones) for upstream, zones in serves.items() if len(zones) == 1}
    parts: dict[str | None, list[Sign]] = defaultdict(list)
    for sign in signs:
        zone = inputs.zone_of(sign.qname) if sign.qname else lone.get(sign.upstream or "", ".")
        parts[None if zone == "." else zone].append(sign)
    return {zone: parts[zone] for zone in sorted(parts, key=lambda z: z or "")}


def _by_manner(signs: Sequence[Sign]) -> list[list[Sign]]:
    """Two manners of failing in (nearly) different replicas are two faults; in the same replicas they are one."""
    parts: dict[str, list[Sign]] = defaultdict(list)
    for sign in signs:
        parts[MANNERS.get(sign.symptom, "other")].append(sign)
    clear = {m: p for m, p in parts.items() if m != "other"}
    if len(clear) < 2:
        return [list(signs)]
    merged: list[list[Sign]] = []
    for _, part in sorted(clear.items(), key=lambda item: -len(item[1])):
        home = next((m for m in merged if _overlap(m, part) > 0.5 and _same_servers(m, part)), None)
        if home is None:
            merged.append(part)
        else:
            home.extend(part)
    merged[0].extend(parts.get("other", []))
    return merged


def _overlap(a: Sequence[Sign], b: Sequence[Sign]) -> float:
    """Share of the smaller set of failing replicas that also stands in the other."""
    left, right = {s.replica for s in a}, {s.replica for s in b}
    return len(left & right) / min(len(left), len(right))


def _same_servers(a: Sequence[Sign], b: Sequence[Sign]) -> bool:
    """False when both name servers and none is named by both."""
    left, right = {s.upstream for s in a if s.upstream}, {s.upstream for s in b if s.upstream}
    return not left or not right or bool(left & right)
