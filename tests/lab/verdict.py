"""What an expert would accept as an answer, given only a folder; and the comparison of a report with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.lab.fabric import NODES, Pod

QUIET = frozenset({"unknown", "benign"})
_CERTAIN_BY_CHANCE = 0.2


@dataclass(frozen=True, slots=True)
class Verdict:
    """What may and what must be said of one folder."""

    causes: frozenset[str]
    """Accepted at rank 1; with `quiet` in it an empty list, `unknown` or `benign` are accepted as well."""
    low: float = 0.0
    high: float = 1.0
    """At least `low` for the accepted causes together (several places may share one), at most `high` for one."""
    upstream: tuple[str, ...] = ()
    """One of them must be named; empty: not demanded."""
    scope: str = "any"
    """place: the broken place must be named, and nothing but other names of the same replicas beside it ·
    honest: it may be left open, but what is named with p >= 0.5 must be the place · any: not judged."""
    also: frozenset[str] = frozenset()
    """A second, independent fault: one of these must lead a group of its own with p >= 0.5."""
    may: frozenset[str] = frozenset()
    """Further causes that may be claimed beside the first, but need not."""
    never: frozenset[str] = field(default_factory=frozenset)
    """Causes that must stay below 0.2."""
    innocent: tuple[str, ...] = ()
    """Upstreams that must not be named alone."""


def mistakes(report: Mapping[str, Any], verdict: Verdict, hit: Sequence[Pod], everyone: Sequence[Pod]) -> list[str]:
    """Every way in which a report misses the verdict; empty when it is right."""
    hypotheses: list[dict[str, Any]] = report["hypotheses"]
    found = list(_false_claims(hypotheses, verdict))
    first = hypotheses[0] if hypotheses else None
    if first is None or first["cause"] in QUIET:
        if "quiet" not in verdict.causes:
            found.append(f"quiet ({first['cause'] if first else 'nothing'}), not one of {sorted(verdict.causes)}")
        return found
    said = f"{first['cause']} p={first['probability']:.2f}"
    if first["cause"] not in verdict.causes | verdict.also:
        return [*found, f"first is {said}, not one of {sorted(verdict.causes)}"]
    leader = next((h for h in hypotheses if h["cause"] in verdict.causes), None)
    if leader is None:
        return [*found, f"first is {said}; {sorted(verdict.causes)} is missing"]
    group = [h for h in hypotheses if h.get("group", 1) == leader.get("group", 1)]
    held = sum(h["probability"] for h in group if h["cause"] in verdict.causes)
    if held + 1e-6 < verdict.low:
        found.append(f"accepted causes hold only p={held:.2f}, not {verdict.low}; {said}")
    if leader["probability"] > verdict.high:
        found.append(f"{leader['cause']} p={leader['probability']:.2f} is more than {verdict.high}")
    if verdict.upstream and leader["upstream"] not in verdict.upstream:
        found.append(f"upstream is {leader['upstream']}, not {' or '.join(verdict.upstream)}")
    if leader["upstream"] in verdict.innocent:
        found.append(f"names {leader['upstream']}, which is well")
    if verdict.also and not any(h["cause"] in verdict.also and h["probability"] >= 0.5 for h in hypotheses):
        found.append(f"second fault {sorted(verdict.also)} is missing")
    return found + _misplaced(leader, verdict, hit, everyone)


def _false_claims(hypotheses: Sequence[Mapping[str, Any]], verdict: Verdict) -> list[str]:
    allowed = verdict.causes | verdict.also | verdict.may | QUIET
    return [
        f"claims {h['cause']} p={h['probability']:.2f}"
        for h in hypotheses
        if (h["cause"] not in allowed and h["probability"] >= 0.5)
        or (h["cause"] in verdict.never and h["probability"] >= _CERTAIN_BY_CHANCE)
    ]


def _misplaced(leader: Mapping[str, Any], verdict: Verdict, hit: Sequence[Pod], everyone: Sequence[Pod]) -> list[str]:
    if verdict.scope == "any":
        return []
    scope = leader["scope"]
    truth = {pod.name for pod in hit}
    if scope is None:
        return ["no scope"] if verdict.scope == "place" and len(truth) < len(everyone) else []
    places = [scope, *scope.get("indistinguishable", [])]
    named = {(p["kind"], p["member"]): replicas_in(p["kind"], p["member"], everyone) for p in places}
    wrong = [f"{kind} {member}" for (kind, member), inside in named.items() if inside is not None and inside != truth]
    if wrong and (verdict.scope == "place" or leader["probability"] >= 0.5):
        return [f"names {', '.join(wrong)} but {sorted(truth)} are hit"]
    return []


def replicas_in(kind: str, member: str | None, everyone: Sequence[Pod]) -> set[str] | None:
    """Names of the replicas in a place; None for kinds of which the lab has no truth.

    >>> from tests.lab.fabric import PODS
    >>> len(replicas_in("az", "eu-a", PODS) or ())
    3
    """
    facts: dict[str, Callable[[Pod], str | None]] = {
        "cluster": lambda pod: None,
        "subnet": lambda pod: pod.node.subnet,
        "az": lambda pod: pod.node.az,
        "node": lambda pod: pod.node.name,
        "role": lambda pod: pod.node.role,
        "replica": lambda pod: pod.name,
        "pod-range": lambda pod: pod.node.pod_range,
    }
    if kind not in facts or (kind == "role" and member not in {n.role for n in NODES}):
        return None
    return {pod.name for pod in everyone if facts[kind](pod) == member}
