"""What a replica could have shown: who was asked, how often, and how much of the window its log covers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from triage.analysis.group import Group
from triage.analysis.inputs import Asked, Inputs
from triage.analysis.noise import noise_of
from triage.analysis.scopes import Unit
from triage.analysis.sign import CHECK, DOWN_AFTER, FOREVER_NS, MINUTE_NS
from triage.model.observation import LOST, Answer, QueryCount, Segment
from triage.model.place import PLACE_KINDS, Pod

SELDOM = 0.25
"""Share of late answers below which those in time count against a fault; a slow upstream is no silent one."""
FORWARDED = LOST | {Answer.UPSTREAM}


class Seen(Struct, frozen=True):
    """What one replica's logs cover."""

    has_log: bool
    spans: tuple[tuple[int, int], ...]
    """Covered times within the asked window, nanoseconds; empty without a clock."""
    cut: bool
    start_seen: bool
    queries: int
    """Query-log lines."""
    outside: bool = False
    """True when the times of its log all lie outside the asked window."""


def seen_of(inputs: Inputs) -> Mapping[str, Seen]:
    """Coverage of every replica; a current log reaches to the end of what was collected."""
    streams: dict[str, list[int]] = {}
    for stream in inputs.observations.streams:
        if stream.lines or not stream.skipped:  # a copy of another stream shows nothing of its own
            streams.setdefault(stream.replica or "", []).append(stream.queries)
    segments: dict[str, list[Segment]] = {}
    for segment in inputs.observations.segments:
        segments.setdefault(segment.replica or "", []).append(segment)
    ends = [s.last_ns for s in inputs.observations.segments if s.last_ns is not None]
    end = max(ends) if ends else None
    since_ns, until_ns = inputs.counted_ns
    counted = (0 if since_ns is None else since_ns, FOREVER_NS if until_ns is None else until_ns)
    return {
        replica: _seen(streams.get(replica, []), segments.get(replica, []), end, counted) for replica in inputs.replicas
    }


def _seen(queries: Sequence[int], segments: Sequence[Segment], end: int | None, counted: tuple[int, int]) -> Seen:
    spans: list[tuple[int, int]] = []
    last_lives = [s for s in segments if not s.previous]
    for segment in segments:
        if segment.first_ns is None or segment.last_ns is None:
            continue
        current = bool(last_lives) and segment is last_lives[-1]
        spans.append((segment.first_ns, end if current and end is not None and not segment.cut else segment.last_ns))
    inside = [(max(a, counted[0]), min(b, counted[1])) for a, b in spans if a <= counted[1] and b >= counted[0]]
    return Seen(
        has_log=bool(queries),
        spans=tuple(sorted(inside)),
        cut=any(s.cut for s in segments),
        start_seen=any(s.start_seen for s in segments),
        queries=sum(queries),
        outside=bool(spans) and not inside,
    )


def is_outside(seen: Mapping[str, Seen]) -> bool:
    """Whether there are logs, and all of them lie outside the asked window: their silence says nothing."""
    read = [s for s in seen.values() if s.has_log]
    return bool(read) and all(s.outside for s in read)


def is_unheard(inputs: Inputs) -> bool:
    """Whether neither a line of CoreDNS was understood nor a counter read: that there is no trouble says nothing.

    Where only the last hours were asked for, an empty log is that of a replica which had nothing to tell.
    """
    if inputs.scrapes or any(s.understood for s in inputs.observations.streams):
        return False
    return inputs.since_ns is None or not inputs.observations.streams


def coverage(seen: Seen, window: tuple[int, int] | None) -> float:
    """Share of the window that the replica's log covers; 1 when nothing has a clock.

    A stream that the kubelet cut has been read to the moment of the request, but nobody knows when that was.
    """
    if not seen.has_log or seen.outside:
        return 0.0
    whole = 0.15 if seen.cut and not seen.queries else 1.0
    if window is None or not seen.spans:
        return whole
    first, last = window
    if last <= first:
        return float(any(a <= first <= b for a, b in seen.spans))
    covered = sum(max(0, min(b, last) - max(a, first)) for a, b in seen.spans)
    return min(1.0, covered / (last - first))


def asked_upstream(
    inputs: Inputs, zone: str | None, window: tuple[int, int] | None
) -> Mapping[str, tuple[float, float]]:
    """Per replica with a query log: queries that had to go upstream in the window, and how many of them failed.

    Replicas whose query log shows failures only (`class error`) are left out: they have no denominator.
    """
    asked: dict[str, float] = {}
    failed: dict[str, float] = {}
    wanted = zone or "."
    pad = max(0, MINUTE_NS - (window[1] - window[0])) // 2 if window else 0  # clients ask each replica at other seconds
    minutes = ((window[0] - pad) // MINUTE_NS, (window[1] + pad) // MINUTE_NS) if window else None
    caches = {name for name, place in inputs.topology.places.items() if place.layer == "node-local"}
    logs_all: set[str] = set()
    for row in inputs.asked:
        replica = row.replica
        if row.answer not in LOST:
            logs_all.add(replica)
        # A node cache serves no zone of its own: its authoritative answers came from the cluster's DNS.
        passed_on = row.answer is Answer.LOCAL and replica in caches
        if not passed_on and (row.zone != wanted or row.answer not in FORWARDED):
            continue
        if not is_meanwhile(row, minutes):
            continue
        asked[replica] = asked.get(replica, 0.0) + row.n
        if row.answer in LOST:
            failed[replica] = failed.get(replica, 0.0) + row.n
    return {r: (asked.get(r, 0.0), failed.get(r, 0.0)) for r in logs_all}


def is_meanwhile(row: Asked | QueryCount, minutes: tuple[int, int] | None) -> bool:
    """Whether lines that are counted together may be of these minutes; None stands for all of them."""
    return minutes is None or row.minute is None or minutes[0] - row.minutes < row.minute <= minutes[1]


def units_of(inputs: Inputs, group: Group, seen: Mapping[str, Seen]) -> list[Unit]:
    """One unit a replica (and one a checked node), with what it showed and what it could have shown."""
    window = group.window
    failures = group.by_replica
    counted = asked_upstream(inputs, group.zone, window) if group.family == "upstream" else {}
    in_all = asked_upstream(inputs, group.zone, None) if counted and window else counted
    asks = _listed(inputs, group)
    asked_by_clients = {kin.replica for kin in group.kin if not kin.probe and kin.symptom != "late-answers"}
    late = _late(group)
    noise = noise_of(group, inputs)
    states = states_of(inputs, group, seen)
    young = ages_of(inputs, group)
    scraped = {s.replica or "" for s in inputs.scrapes}
    found: list[Unit] = []
    for replica in inputs.replicas:
        k = failures.get(replica, 0.0)
        covered = coverage(seen[replica], window)
        if group.family == "answer" and not seen[replica].queries and replica not in scraped:
            covered = 0.0
        n = None
        failed = 0.0
        n_late = late.get(replica, 0)
        is_seldom_late = replica in counted and 0 < n_late < SELDOM * counted[replica][0]
        if replica in counted and (k == 0 or replica in asked_by_clients or is_seldom_late):
            n, failed = counted[replica]
            k = max(k, failed)
            n = max(n, k)
        found.append(
            Unit(
                replica,
                attributes(inputs, replica),
                k,
                n,
                covered,
                rarely=group.zone is not None,
                asks=k > 0 or asks.get(replica, True),
                checked=states[replica][0] if replica in states else None,
                certain=states[replica][1] if replica in states else 1.0,
                steady=group.family == "api",
                n_all=max(n, in_all[replica][0]) if n is not None else None,
                noise=noise.get(replica) if k > 0 else None,
                exposed=young.get(replica, 1.0) if window is None else 1.0,
                complete=seen[replica].start_seen or seen[replica].queries > 0 or bool(seen[replica].spans),
            )
        )
    return [*found, *_checked_nodes(inputs, group)]


def _late(group: Group) -> Mapping[str, int]:
    """Late answers by replica."""
    found: dict[str, int] = {}
    for kin, n in group.failures.items():
        if kin.symptom == "late-answers":
            found[kin.replica] = found.get(kin.replica, 0) + n
    return found


PRESENCE = frozenset({"loop", "config", "listen", "crash", "resources", "fd"})
"""Families whose fault shows in every start: a replica that runs and is ready does not have it."""
State = tuple[bool, float]
"""Fails there or not, and how much that is worth (0 … 1)."""


def states_of(inputs: Inputs, group: Group, seen: Mapping[str, Seen]) -> Mapping[str, State]:
    """What counters and pod states say of a replica beside its lines."""
    if group.family == "upstream":
        return {replica: (fails, 0.6) for replica, fails in counters_of(inputs, group).items()}
    if group.family not in {*PRESENCE, "api"}:
        return {}
    found: dict[str, State] = {}
    worth = 0.5 if group.family == "api" else 0.8
    for pod in inputs.topology.pods:
        if pod.name in inputs.topology.places and pod.ready is not None and pod.name not in group.by_replica:
            crashing = pod.ready is False or (pod.status or "") in {"CrashLoopBackOff", "Error"}
            found[pod.name] = (crashing, worth)
    if group.family in PRESENCE:
        for replica, what in seen.items():
            if what.start_seen and replica not in group.by_replica and replica not in found:
                found[replica] = (False, 0.8)
    return found


def _checked_nodes(inputs: Inputs, group: Group) -> list[Unit]:
    """Nodes from which somebody asked the group's servers directly: one unit an outcome."""
    failing = set(group.upstreams)
    found = []
    for dig in inputs.direct_answers if group.family == "upstream" else ():
        if dig.server not in failing or dig.host is None:
            continue
        node = inputs.node_of_host(dig.host)
        attrs = inputs.node_attributes(node) if node else {}
        found.append(
            Unit(f"{CHECK}{dig.host}", attrs, 0.0, coverage=0.0, checked=dig.failure is not None, replica=False)
        )
    return found


_UNITS_S = ((600, 1), (28_800, 60), (691_200, 3_600), (8 * 31_536_000, 86_400), (float("inf"), 31_536_000))
"""Limit of an age, and the unit that kubectl prints it in below that: `duration.HumanDuration` of apimachinery."""


def ages_of(inputs: Inputs, group: Group) -> Mapping[str, float]:
    """Per pod its age in units of the oldest failing one's, at most 1: how likely it ran while the fault lasted.

    Units that have begun count: pods of 47 h and 2 d, or of 1 s and 2 s, may have started together.
    """
    ages = {pod.name: age for pod in inputs.topology.pods if (age := _lifetime_s(pod)) is not None}
    oldest = max((age for name, age in ages.items() if name in group.by_replica), default=0.0)
    most = {name: age + next(unit for limit, unit in _UNITS_S if age < limit) for name, age in ages.items()}
    return {name: min(1.0, age / oldest) for name, age in most.items()} if oldest else {}


def _lifetime_s(pod: Pod) -> float | None:
    """Seconds that the container runs, as far as the pod list tells."""
    if pod.last_restart_s is not None and pod.age_s is not None:
        return min(pod.last_restart_s, pod.age_s)
    return pod.age_s


def counters_of(inputs: Inputs, group: Group) -> Mapping[str, bool]:
    """Per scraped replica that asks the group's servers: do its counters show that they fail there?"""
    failing = set(group.upstreams)
    found: dict[str, bool] = {}
    if all(kin.symptom.startswith("overload") for kin in group.kin):
        return found
    for scrape in inputs.scrapes if group.family == "upstream" else ():
        mine = [u for u in scrape.upstreams if u.upstream in failing or not failing]
        if any(u.healthcheck_failures >= DOWN_AFTER for u in mine):
            found[scrape.replica or ""] = True
        elif any(u.n_answered >= 20 for u in mine):
            found[scrape.replica or ""] = False
    return found


def attributes(inputs: Inputs, replica: str) -> Mapping[str, str]:
    """Scope kind to member of a replica, as far as they are known."""
    place = inputs.topology.places.get(replica)
    known = {kind: fact.value for kind, fact in place.facts.items() if kind in PLACE_KINDS} if place else {}
    return {**known, "replica": replica} if replica else known


def _listed(inputs: Inputs, group: Group) -> Mapping[str, bool]:
    """Replica to False where its own known upstream list holds none of the failing servers."""
    failing = set(group.upstreams)
    if not failing:
        return {}
    found: dict[str, bool] = {}
    for replica in inputs.replicas:
        row = inputs.configuration.of(replica, group.zone or ".")
        if row is not None and row.known and row.upstreams:
            found[replica] = bool(failing & set(row.upstreams))
    for scrape in inputs.scrapes:
        asked = {u.upstream for u in scrape.upstreams if u.n_answered or u.healthcheck_failures}
        if sum(u.n_answered for u in scrape.upstreams) >= 50:
            found.setdefault(scrape.replica or "", bool(failing & asked))
    return found
