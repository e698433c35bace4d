"""Measures: what a rule may ask of the evidence. One function each; rules name them, this table finds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from itertools import islice
from types import MappingProxyType
from typing import Final

from triage.analysis.context import UNTESTED, Context, Finding, yes
from triage.analysis.measures_destinations import (
    lists_own_address,
    resolvers_disagree,
    several_upstreams,
    tcp_only,
    unrelated_destinations,
    upstream_is,
)
from triage.analysis.names import common_suffix, domain, leaks_cluster_zone
from triage.analysis.sign import LOOKUP_NS
from triage.model.observation import LOST, Answer, Citation, FailureKind
from triage.model.tool import ConntrackStats, KernelEvent, Setting

Measure = Callable[..., Finding]
BRIEF_S = 15.0
"""Failures within one time-out of each other and their repetition: they have no duration to speak of."""
AFTERMATH_NS = 60_000_000_000
"""A record that goes on for a minute shows whether a failure was alone."""
ENOUGH = 3
"""Answers that show more than a lucky packet."""
SEVERAL = 2
LONGER = 10
"""A record ten times as long as a burst would hold single failures elsewhere, had they come by chance."""
SINGLE = 3
"""Failures that are too few to have a rate of their own."""


def failed_lookups(c: Context) -> Finding:
    """Failed look-ups of the group that are not probes (graded); untested for mere suspicions of a configuration."""
    if c.suspicion:
        return UNTESTED
    n = c.group.n_lookups(lambda s: not s.probe)
    return Finding(n, {"n": round(n)}, tuple(s.citation for s in c.real[:3]))


def duration_s(c: Context) -> Finding:
    """Seconds between the first and the last sign (graded); untested without a clock.

    Also untested where it is short and the record ends there, unless more lines had come soon if it were still on.
    """
    window = c.group.window
    if window is None:
        return UNTESTED
    seconds = (window[1] - window[0]) / 1e9
    ends = [last for r in c.failing if r in c.seen for _, last in c.seen[r].spans]
    if seconds < BRIEF_S and max(ends, default=0) - window[1] < AFTERMATH_NS and not _insisted(c):
        return UNTESTED
    return Finding(
        seconds, {"seconds": round(seconds)}, tuple(s.citation for s in (c.group.signs[0], c.group.signs[-1]))
    )


def _burst(c: Context) -> bool:
    """Did failures of several domains come close, in a record that is much longer? Noise does not wait for company."""
    if len(c.episodes) != 1 or c.covered is None or len(set(map(domain, c.qnames))) < SEVERAL:
        return False
    only = c.episodes[0]
    whole = only.n_failures == round(sum(c.group.by_replica.values()))
    return whole and c.covered[1] - c.covered[0] > LONGER * max(only.last_ns - only.first_ns, LOOKUP_NS)


def changed_before_onset(c: Context, changes: str) -> Finding:
    """Did something of these kinds (`Change.kind`) change near the onset? Untested where no onset was seen."""
    if not c.episodes or c.covered is None or c.episodes[0].first_ns - c.covered[0] < 60e9:
        return UNTESTED
    hits = [change for change in c.changes if change.kind in changes.split()]
    cited = tuple(change.citation for change in hits if change.citation)
    return Finding(float(bool(hits)), {"what": hits[0].statement if hits else None}, cited)


def _insisted(c: Context) -> bool:
    """Would more lines have come soon, had it gone on: client-go insists, and the logs are whole?

    Clients need not ask again; a time-out towards the API server takes half a minute, so a few are not brief; and some
    versions tell of an API server that refuses by nothing but a start without it.
    """
    read = [c.seen[r] for r in c.failing if r in c.seen]
    insists = "api-refused" in c.group.counts and "api-silent" not in c.group.counts
    return insists and bool(read) and all(s.start_seen and not s.cut for s in read)


def rate_per_min(c: Context) -> Finding:
    """Failed look-ups a minute between the first and the last sign (graded); untested below five minutes.

    Where only `consolidate` summaries are shown, their own periods count; for a few single failures, the whole record
    of the replicas that show them, if it shows that clients asked.
    """
    window = c.group.window
    covered = max((window[1] - window[0]) / 1e9 if window else 0.0, sum(s.over_s or 0.0 for s in c.group.signs))
    if window and sum(c.group.by_replica.values()) <= SINGLE and not _burst(c):
        asked = [c.seen[r].spans for r in c.failing if r in c.seen and c.seen[r].queries]
        covered = max([covered, *((last - first) / 1e9 for spans in asked for first, last in spans)])
    if covered < 300:
        return UNTESTED
    rate = sum(c.group.by_replica.values()) / (covered / 60.0)
    return Finding(
        rate, {"rate": f"{rate:.2g}" if rate < 10 else round(rate)}, tuple(s.citation for s in c.group.lines[:2])
    )


def distinct_names(c: Context) -> Finding:
    """Distinct failing names, search suffixes not counted twice (graded)."""
    return Finding(float(len(c.qnames)), {"n": len(c.qnames)}) if c.qnames else UNTESTED


def probes_only(c: Context) -> Finding:
    """Every sign is a `loop` probe: no client is known to have failed."""
    return yes(not c.real, c.group.signs)


def answered_beside_probes(c: Context) -> Finding:
    """Only probes failed, and clients of those replicas got answers from upstream; untested without log or counters."""
    if c.real or not c.failing:
        return UNTESTED
    counted = [u for s in c.inputs.scrapes if (s.replica or "") in c.failing for u in s.upstreams]
    rows = [q for q in c.inputs.observations.queries if (q.replica or "") in c.failing and q.qtype != "HINFO"]
    answered = sum(q.count for q in rows if q.answer is Answer.UPSTREAM) or sum(u.n_answered for u in counted)
    failed = sum(q.count for q in rows if q.answer in LOST)
    return Finding(float(failed == 0), {"n": answered}) if answered >= ENOUGH else UNTESTED


def share_of_kind(c: Context, kind: str) -> Finding:
    """Share of the group's failures of this kind (graded)."""
    n_told, _ = c.group.hits(lambda kin: kin.kind is not None)
    if not n_told:
        return UNTESTED
    wanted = FailureKind(kind)
    n, first = c.group.hits(lambda kin: kin.kind is wanted)
    share = n / n_told
    return Finding(share, {"percent": round(100 * share)}, tuple(s.citation for s in first))


def has_message(c: Context, message: str, where: str = "group") -> Finding:
    """Is there a line with this message id (`*` allowed) in the group, in its replicas, or anywhere?"""
    wanted = _like(message)
    if where == "group":
        n, first = c.group.hits(lambda kin: wanted(kin.message_id))
        return yes(n > 0, first, n=n)
    lines = [e for e in c.inputs.saying(wanted) if where == "anywhere" or (e.line.replica or "") in c.failing]
    cited = tuple(e.citation for e in lines[:3])
    return Finding(float(bool(lines)), {"n": len(lines)}, cited) if c.inputs.observations.streams else UNTESTED


def _like(message: str) -> Callable[[str], bool]:
    """Whether a message id is one of these patterns."""
    patterns = message.split()
    return lambda found: any(fnmatchcase(found, pattern) for pattern in patterns)


def has_symptom(c: Context, symptom: str) -> Finding:
    """Does the group itself hold one of these symptoms?"""
    wanted = symptom.split()
    n, first = c.group.hits(lambda kin: kin.symptom in wanted)
    names = {sign.qname for sign in c.group.signs if sign.symptom in wanted} if n else ()
    return yes(n > 0, first, n=n, n_names=len(names))


def kernel_says(c: Context, symptom: str) -> Finding:
    """Does a kernel message, counter or setting that was read show one of these symptoms?"""
    found = has_symptom(c, symptom)
    if found.value:
        return found
    read = [t for t in c.inputs.tools if isinstance(t, ConntrackStats | KernelEvent | Setting)]
    return Finding(0.0) if read else UNTESTED


def other_family(c: Context, family: str) -> Finding:
    """Do replicas of this group also fail towards another destination (another group of this family)?"""
    found = [g.hits(lambda kin: kin.replica in c.failing) for g in c.others if g.family == family]
    n = sum(n for n, _ in found)
    return yes(n > 0, [s for _, first in found for s in first], n=n)


def all_names_leak(c: Context) -> Finding:
    """Share of failing names that carry a cluster zone in front of another suffix (search list walked outwards)."""
    if not c.qnames:
        return UNTESTED
    zones = c.inputs.configuration.cluster_zones
    leaks = {n for n in c.qnames if leaks_cluster_zone(n, zones)}
    share = len(leaks) / len(c.qnames)
    cited = tuple(islice((s.citation for s in c.real if s.qname in leaks), 3)) if leaks else ()
    return Finding(share, {"percent": round(100 * share), "names": tuple(sorted(leaks))[:2]}, cited)


def names_share_suffix(c: Context) -> Finding:
    """Do all failing names (two or more) end in one zone, although others were asked?"""
    if not c.qnames:
        return UNTESTED
    suffix = common_suffix(sorted(c.qnames))
    return yes(suffix is not None, c.real, zone=suffix, n=len(c.qnames))


def answered_meanwhile(c: Context) -> Finding:
    """Share of forwarded queries of the failing replicas that were answered in the window (graded)."""
    units = [u for u in c.units if u.name in c.failing and u.n]
    if not units:
        return UNTESTED
    asked = sum(u.n or 0 for u in units)
    share = 1.0 - sum(u.k for u in units) / asked if asked else 0.0
    return Finding(share, {"percent": round(100 * share), "asked": round(asked)})


def pod_state(c: Context, state: str) -> Finding:
    """Is a CoreDNS pod (of the group's replicas, if it has some) in one of these states?"""
    pods = [p for p in c.inputs.topology.pods if p.name in c.inputs.topology.places]
    if not pods:
        return UNTESTED
    words = state.split()
    hits = [
        p
        for p in pods
        if (p.status in words or (p.last_termination and p.last_termination.reason in words))
        or ("NotReady" in words and p.ready is False)
    ]
    cited = tuple(p.citation for p in hits if p.citation)[:3]
    return Finding(float(bool(hits)), {"n": len(hits), "pods": tuple(p.name for p in hits)[:3]}, cited)


def event_reason(c: Context, reason: str) -> Finding:
    """Is there an Event with one of these reasons?"""
    if not c.inputs.topology.events:
        return UNTESTED
    hits = [e for e in c.inputs.topology.events if any(fnmatchcase(e.reason, p) for p in reason.split())]
    return Finding(float(bool(hits)), {"n": len(hits)}, tuple(e.citation for e in hits if e.citation)[:3])


def corefile_has(c: Context, plugin: str) -> Finding:
    """Does any server block of a Corefile that was read use this plugin?"""
    files = c.inputs.configuration.corefiles
    if not files:
        return UNTESTED
    hits = [b.citation for f in files for b in f.blocks if b.has(plugin)]
    return Finding(float(bool(hits)), {"plugin": plugin}, tuple(hits[:2]))


def over_after_start(c: Context) -> Finding:
    """Did the trouble stop by itself: signs only within two minutes of a start, and then it worked?

    That it worked show answers, a finished reload, or, for probes (which only a start makes), a long life since.
    """
    starts = {g.replica or "" for g in c.inputs.observations.segments if g.start_seen}
    window = c.group.window
    if not starts & c.failing or (window and window[1] - window[0] > 120e9 and c.real):
        return Finding(0.0) if window and window[1] - window[0] > 120e9 else UNTESTED
    later = _well_after(c)
    if later:
        return Finding(1.0, {"n": len(later)}, tuple(later[:2]))
    quiet_s = _quiet_since(c)
    if not c.real and quiet_s is not None and quiet_s > 600:
        return Finding(1.0, {"n": round(quiet_s)})
    return UNTESTED


def _quiet_since(c: Context) -> float | None:
    """Seconds that the failing replicas lived on without a sign: by the clock of the logs, else by the pod list."""
    window = c.group.window
    ends = [b for r in c.failing if r in c.seen for _, b in c.seen[r].spans]
    if window and ends:
        return (max(ends) - window[1]) / 1e9
    lives = [p.last_restart_s or p.age_s for p in c.inputs.topology.pods if p.name in c.failing]
    known = [s for s in lives if s is not None]
    return min(known) if known and len(known) == len(c.failing) else None


def _well_after(c: Context) -> list[Citation]:
    """Lines of the failing replicas after their last sign which show that it works: answers, a finished reload."""
    last: dict[str, int] = {}
    for s in c.group.lines:
        last[s.replica] = max(s.citation.line, last.get(s.replica, 0))
    wanted = Answer.LOCAL if c.group.family == "api" else Answer.UPSTREAM
    found = [
        s.last_answers[wanted]
        for s in c.inputs.observations.streams
        if (s.replica or "") in last and wanted in s.last_answers
    ]
    found += [
        e.citation
        for e in c.inputs.saying({"reload.complete", "caddy.reloaded"}.__contains__)
        if (e.line.replica or "") in last
    ]
    return [cite for cite in found if any(cite.line > line for line in last.values())]


def excerpt(c: Context) -> Finding:
    """Are the failing logs excerpts that somebody chose: neither a start, nor queries, nor a clock?"""
    read = [c.seen[r] for r in c.failing if r in c.seen]
    return Finding(float(not any(s.start_seen or s.queries or s.spans for s in read))) if read else UNTESTED


def replicas_known(c: Context) -> Finding:
    """Number of replicas with a log (graded)."""
    return Finding(float(sum(s.has_log for s in c.seen.values())))


def failing_share(c: Context) -> Finding:
    """Share of the replicas with a log that show the group (graded)."""
    read = [r for r, s in c.seen.items() if s.has_log]
    return Finding(len(c.failing) / len(read), {"n": len(c.failing), "all": len(read)}) if read else UNTESTED


MEASURES: Final[Mapping[str, tuple[Measure, frozenset[str]]]] = MappingProxyType(
    {
        "all_names_leak": (all_names_leak, frozenset()),
        "answered_beside_probes": (answered_beside_probes, frozenset()),
        "answered_meanwhile": (answered_meanwhile, frozenset()),
        "changed_before_onset": (changed_before_onset, frozenset({"changes"})),
        "corefile_has": (corefile_has, frozenset({"plugin"})),
        "distinct_names": (distinct_names, frozenset()),
        "duration_s": (duration_s, frozenset()),
        "event_reason": (event_reason, frozenset({"reason"})),
        "excerpt": (excerpt, frozenset()),
        "failed_lookups": (failed_lookups, frozenset()),
        "failing_share": (failing_share, frozenset()),
        "has_message": (has_message, frozenset({"message", "where"})),
        "has_symptom": (has_symptom, frozenset({"symptom"})),
        "kernel_says": (kernel_says, frozenset({"symptom"})),
        "lists_own_address": (lists_own_address, frozenset()),
        "names_share_suffix": (names_share_suffix, frozenset()),
        "other_family": (other_family, frozenset({"family"})),
        "over_after_start": (over_after_start, frozenset()),
        "pod_state": (pod_state, frozenset({"state"})),
        "probes_only": (probes_only, frozenset()),
        "rate_per_min": (rate_per_min, frozenset()),
        "replicas_known": (replicas_known, frozenset()),
        "resolvers_disagree": (resolvers_disagree, frozenset()),
        "several_upstreams": (several_upstreams, frozenset()),
        "share_of_kind": (share_of_kind, frozenset({"kind"})),
        "tcp_only": (tcp_only, frozenset()),
        "unrelated_destinations": (unrelated_destinations, frozenset()),
        "upstream_is": (upstream_is, frozenset({"what"})),
    }
)
"""Name to function and the names of its arguments; `rules check` holds rules against it."""
