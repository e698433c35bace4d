"""Two reports, or the runs of a history, side by side: findings are told apart by their fingerprints."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from triage.model.past import Difference, Finding
from triage.model.report import Member, Report

_LATELY = 12
"""Runs that are looked at for what comes and goes."""
_TURNS = 3
"""Comings and goings among them that make a finding flap: there, away, there, away."""
_POD = re.compile(r"(?P<workload>.+?)(?:-[a-z0-9]{6,10})?-[a-z0-9]{5}")


def findings_of(report: Report) -> tuple[Finding, ...]:
    """The leader of each group, unless it says that nothing is wrong."""
    leaders = {h.group: h for h in reversed(report.hypotheses)}
    return tuple(
        Finding(
            h.id,
            h.cause,
            h.upstream,
            h.zone,
            round(h.probability, 4),
            h.severity,
            (Member(h.scope.kind, h.scope.member), *h.scope.indistinguishable) if h.scope else (),
        )
        for h in report.hypotheses
        if leaders[h.group] is h and h.cause != "benign"
    )


def compare(old: Iterable[Finding], new: Iterable[Finding]) -> tuple[Difference, ...]:
    """Each finding of both: new ones first, then changed ones, those still there, and those that are gone.

    >>> f = Finding("1", "conntrack", None, None, 0.9, "outage", (Member("node", "m01"),))
    >>> g = Finding("1", "conntrack", None, None, 0.7, "outage", (Member("az", "b"),))
    >>> [d.state for d in compare([f], [f])], [d.state for d in compare([f], [g])], [d.state for d in compare([f], [])]
    (['same'], ['changed'], ['gone'])
    """
    before, now = {f.id: f for f in old}, {f.id: f for f in new}
    found = [_difference(before.get(identity), finding) for identity, finding in now.items()]
    found.sort(key=lambda d: ("new", "changed", "same").index(d.state))
    return (*found, *(Difference("gone", None, f) for identity, f in before.items() if identity not in now))


def _difference(before: Finding | None, now: Finding) -> Difference:
    if before is None:
        return Difference("new", now, None)
    return Difference("same" if _one_place(before.places, now.places) else "changed", now, before)


def _one_place(before: Sequence[Member], now: Sequence[Member]) -> bool:
    """Do they overlap? Places that cannot be told apart are one, and a rollout of a workload does not move it."""
    if not before or not now:
        return not before and not now
    return bool({*map(_lasting, before)} & {*map(_lasting, now)})


def _lasting(place: Member) -> tuple[str, str | None]:
    match = _POD.fullmatch(place.member) if place.kind == "replica" and place.member else None
    return place.kind, match["workload"] if match else place.member


def flaps(seen: Sequence[bool]) -> bool:
    """Did it come and go lately? `seen`: whether each run found it, the oldest first.

    >>> flaps([True, False, True, False]), flaps([False, True, True, True]), flaps([True, False, True])
    (True, False, False)
    """
    lately = seen[-_LATELY:]
    return sum(a != b for a, b in pairwise(lately)) >= _TURNS
