"""Independent faults: signs that one cause may explain together."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from triage.analysis.episodes import episodes_of
from triage.analysis.group import Group
from triage.analysis.inputs import Inputs
from triage.analysis.sign import Sign

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
