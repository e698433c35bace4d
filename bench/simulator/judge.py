"""Compares one answer with one expectation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

QUIET = {"benign", "none", "unknown"}
COMPARED = {"cluster", "az", "subnet", "node", "replica"}
"""Kinds of scopes that count; others may be named beside them."""
CLAIM = 0.5
Place = tuple[str, str | None]
Expect = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """One hypothesis, as far as it is judged."""

    cause: str
    p: float
    group: int = 1
    upstream: str | None = None
    places: frozenset[Place] = frozenset()


@dataclass(slots=True)
class Verdict:
    """What became of one story. None means: not asked here."""

    story: str
    kind: str
    decidable: str
    want: tuple[str, ...]
    said: tuple[tuple[str, float], ...]
    right: bool
    p: float
    """Probability of the first hypothesis; 1 for an empty list."""
    log: float
    """-ln of the probability that the first group gives to accepted causes."""
    upstream: bool | None = None
    scope: bool | None = None
    exact: bool | None = None
    jaccard: float | None = None
    false_alarm: bool | None = None
    unsupported: bool | None = None
    second: bool | None = None
    second_scope: bool | None = None
    absent: list[str] = field(default_factory=list)
    error: str | None = None
    level: str = "?"
    """Observations that the folder holds."""
    signs: int = 0
    """Visible signs of the first fault."""
    replicas: int = 0


def answers(report: Mapping[str, Any]) -> list[Answer]:
    """The hypotheses of a report in JSON form."""
    out = []
    for row in report.get("hypotheses", []):
        scope = row.get("scope") or {}
        members = [scope, *(scope.get("indistinguishable") or [])]
        places = frozenset((m["kind"], m.get("member")) for m in members if m.get("kind"))
        out.append(Answer(row["cause"], float(row["probability"]), int(row["group"]), row.get("upstream"), places))
    return out


def judge(story: str, expect: Expect, found: list[Answer], error: str | None = None) -> Verdict:
    """Judge the first hypothesis, the second fault, and restraint."""
    first: tuple[str, ...] = tuple(expect["first"])
    top = found[0] if found else Answer("none", 1.0)
    accepted = set(first) | (QUIET if QUIET & set(first) else set())
    right = top.cause in accepted or _timid(expect, top)
    said = tuple((a.cause, round(a.p, 3)) for a in found[:3])
    mass = _mass(found, top, accepted) if error is None else 0.0
    verdict = Verdict(
        story,
        expect["kind"],
        str(expect["decidable"]),
        first,
        said,
        right and error is None,
        top.p,
        -math.log(min(max(mass, 0.001), 0.999)),
        error=error,
        **_circumstances(expect),
    )
    claims = [a for a in found if a.cause not in QUIET and a.p >= CLAIM]
    if expect["kind"] == "control":
        verdict.false_alarm = any(a.cause not in first for a in claims) or error is not None
    elif expect["decidable"] == "no":
        verdict.unsupported = bool(claims)
    absent = set(expect.get("absent") or [])
    verdict.absent = sorted({a.cause for a in found if a.cause in absent and a.p >= 0.2})
    if expect["scopes_ok"] or expect["upstream"]:
        _place(verdict, expect, found, top)
    return verdict


def _circumstances(expect: Expect) -> dict[str, Any]:
    truth = expect["truth"]
    first = (truth.get("faults") or [{}])[0]
    signs = sum((first.get("evidence") or {}).values()) or truth.get("noise_lines", 0)
    return {"level": truth.get("level", "?"), "signs": signs, "replicas": truth.get("known_replicas", 0)}


def _timid(expect: Expect, top: Answer) -> bool:
    """Too little can be seen to claim anything; to put the true cause first, below 0.5, is right all the same."""
    true = {f["cause"] for f in expect["truth"]["faults"]}
    return expect["decidable"] == "no" and top.p < CLAIM and top.cause.removesuffix("-scoped") in true


def _mass(found: list[Answer], top: Answer, accepted: set[str]) -> float:
    group = [a for a in found if a.group == top.group] or [top]
    total = sum(a.p for a in group)
    mass = sum(a.p for a in group if a.cause in accepted) / max(total, 1.0)
    return mass + max(0.0, 1.0 - total) if accepted & QUIET else mass


def _place(verdict: Verdict, expect: Expect, found: list[Answer], top: Answer) -> None:
    """Upstream and place of the fault that the first hypothesis is about; the other fault from the rest."""
    mine: Expect = {**expect, "cause": expect["first_causes"]}
    second: Expect | None = expect.get("second")
    cidrs = {net: name for name, nets in (expect.get("cidrs") or {}).items() for net in nets}
    if second and _is_second(mine, second, top, cidrs):
        mine, second = second, mine
    wanted = _places(mine["scopes_ok"], cidrs)
    if top.cause not in QUIET:
        got = _named(top, cidrs)
        if mine["upstream"]:
            verdict.upstream = top.upstream in _listed(mine["upstream"])
        if mine["scope"]:
            verdict.scope = bool(_places([mine["scope"]], cidrs) & got)
        if wanted and "inotify-exhausted" not in mine["cause"]:
            verdict.exact, verdict.jaccard = got == wanted, len(got & wanted) / len(got | wanted)
    elif verdict.decidable == "yes":
        verdict.upstream = False if mine["upstream"] else None
        if mine["scope"]:
            verdict.scope, verdict.exact, verdict.jaccard = False, False, 0.0
    if second:
        rest = [a for a in found if a is not top and a.cause in second["cause"] and a.p >= CLAIM]
        verdict.second = bool(rest)
        if second["scope"]:
            truth = _places([second["scope"]], cidrs)
            verdict.second_scope = any(truth & _named(a, cidrs) for a in rest)


def _is_second(mine: Expect, second: Expect, top: Answer, cidrs: Mapping[str, str]) -> bool:
    if top.cause not in second["cause"]:
        return False
    if top.cause not in mine["cause"]:
        return True
    got = _named(top, cidrs)
    return len(got & _places(second["scopes_ok"], cidrs)) > len(got & _places(mine["scopes_ok"], cidrs))


def _places(scopes: Iterable[Mapping[str, Any]], cidrs: Mapping[str, str]) -> set[Place]:
    return {_place_of(s["kind"], s["member"], cidrs) for s in scopes}


def _named(answer: Answer, cidrs: Mapping[str, str]) -> set[Place]:
    return {_place_of(kind, member, cidrs) for kind, member in answer.places if kind in COMPARED}


def _place_of(kind: str, member: str | None, cidrs: Mapping[str, str]) -> Place:
    """A CIDR stands for the subnet of that name; the cluster has no name."""
    if kind == "cluster":
        return kind, None
    return kind, cidrs.get(member, member) if kind == "subnet" and member else member


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]
