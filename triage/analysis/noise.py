"""Failures without a fault: names whose own servers are away, and clients that insist on them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from triage.analysis.episodes import bursts
from triage.analysis.group import Group
from triage.analysis.inputs import Inputs
from triage.analysis.names import domain, leaks_cluster_zone
from triage.analysis.sign import CHECK, FOREVER_NS
from triage.model.observation import Answer

LAME = frozenset({"upstream-silent", "probe-silent", "unanswered"})
"""What a name with dead servers looks like; the resolver that refuses or cannot be reached is no matter of names."""
LINES = frozenset({*LAME, "upstream-refused", "probe-refused", "upstream-no-route", "probe-no-route", "upstream-tls"})
"""Symptoms that single lines show; counters and late answers are no events of noise."""
FEW_DOMAINS = 3
"""Domains with dead servers that are in use at once; more that fail together are no matter of names."""
INSISTENCE = 0.65
"""Power by which the look-ups of lame names grow with the events behind them."""
NOISE_NS = 600_000_000_000
"""Failures of one domain within ten minutes are one event of noise: its servers are away, clients insist."""
SEVERAL = 3
LIVING = 0.3
"""Share of failing names whose answers show that their zone is served."""


def are_alive(names: Collection[str], group: Group, inputs: Inputs) -> bool:
    """Whether many of these names were answered from upstream meanwhile: servers of their zone work.

    By other replicas, or by the same ones: then their first or last answer falls in the time of the failures, and they
    are several names. Of a single one the own servers may answer now and then.
    """
    first, last = group.window or (0, FOREVER_NS)
    asked, answered = frozenset(names), set()
    for rcode in ("NOERROR", "NXDOMAIN"):
        for row in inputs.names.get((Answer.UPSTREAM, rcode), ()):
            if row.qname not in asked:
                continue
            times = (row.first_ns, row.last_ns if row.last_ns is not None else row.first_ns)
            if (row.replica or "") not in group.failing:
                meanwhile = times[0] is None or times[1] is None or (times[0] <= last and times[1] >= first)
            else:
                meanwhile = len(asked) >= SEVERAL and any(at is not None and first <= at <= last for at in times)
            if meanwhile:
                answered.add(row.qname)
    return len(answered) >= LIVING * len(asked) > 0


def noise_of(group: Group, inputs: Inputs) -> Mapping[str, float]:
    """Per replica: how many independent events of noise would make its failures."""
    events: dict[str, dict[str, list[tuple[int, float]]]] = {}
    domains: set[str] = set()
    zones = inputs.configuration.cluster_zones
    for s in group.signs:
        if s.symptom not in LINES or s.replica.startswith(CHECK):
            continue
        leaks = bool(s.qname) and leaks_cluster_zone(s.qname or "", zones)
        what = "probe" if s.probe else domain(s.qname) if s.qname else s.citation.text[-60:]
        domains.add(what)
        if s.symptom not in LAME or group.zone is not None or leaks or len(domains) > FEW_DOMAINS:
            return {}
        events.setdefault(s.replica, {}).setdefault(what, []).append((s.at_ns or 0, 1.0))
    names = {s.qname for s in group.signs if s.qname and not s.probe}
    if events and are_alive(names, group, inputs):
        return {}
    lookups = group.by_replica
    return {
        r: max(float(sum(len(bursts(times, NOISE_NS)) for times in found.values())), lookups.get(r, 1.0) ** INSISTENCE)
        for r, found in events.items()
    }
