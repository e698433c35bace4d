"""From weighed causes of a group to hypotheses: cause, place, zone, each with its share of the probability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from triage.analysis.classes import classes_of
from triage.analysis.context import Context
from triage.analysis.names import common_suffix
from triage.analysis.rank import QUIET, CauseWeight
from triage.model.report import Member, Scope

SCOPED = "upstream-unreachable-scoped"
PLAIN = "upstream-unreachable"
CLUSTER_SCOPE = Scope("cluster", None, ())
KEPT = 0.02
"""Explanations below this share are not listed on their own; their share stays in the group's rest."""


@dataclass(frozen=True, slots=True)
class Draft:
    """One explanation before it gets its words."""

    cause: str
    weight: CauseWeight
    probability: float
    scope: Scope | None
    zone: str | None
    variant: str
    """Which title fits: ``, `scoped`, `zone`."""


def drafts_of(
    weights: Sequence[tuple[CauseWeight, float]], context: Context, zone_prior: ZonePrior
) -> tuple[Draft, ...]:
    """Every explanation of the group with at least 2 %, the most probable first; they add up to at most 1."""
    found: list[Draft] = []
    for weight, probability in weights:
        found.extend(_drafts(weight, probability, context, zone_prior))
    kept = [d for d in found if d.probability >= KEPT or d.cause in QUIET]
    kept.sort(key=lambda d: (-d.probability, d.cause, d.zone or "", d.scope.kind if d.scope else ""))
    return tuple(kept)


@dataclass(frozen=True, slots=True)
class ZonePrior:
    """How much of an upstream cause says that only *these names* are not answered (`rules/parameters.yaml`)."""

    one_name: float = 0.28
    shared_suffix: float = 0.15
    others_answered: float = 0.85
    answered: float = 3.0
    """So many answers to other names in the window count as `others_answered`."""


def _drafts(weight: CauseWeight, probability: float, context: Context, zone_prior: ZonePrior) -> list[Draft]:
    rule = weight.rule
    if rule.id in QUIET or not rule.scopes:
        return [Draft(rule.id, weight, probability, None, context.group.zone if rule.names_upstream else None, "")]
    classes = classes_of(context.localization.scopes, weight.scopes, context.units)
    zone, share = _zone_share(context, zone_prior) if rule.id == PLAIN else (None, 0.0)
    found = []
    if share > 0:
        found.append(Draft(rule.id, weight, probability * share, _spoken(CLUSTER_SCOPE, context), zone, "zone"))
    narrow = sum(c.share for c in classes if c.narrow)
    scoped = rule.id == PLAIN and narrow > 1.0 - narrow
    for each in classes:
        cause = SCOPED if scoped and each.narrow else rule.id
        place = _spoken(each.scope, context)
        variant = "scoped" if each.narrow and place is not None else ""
        found.append(
            Draft(
                cause if place else rule.id,
                weight,
                probability * (1 - share) * each.share,
                place,
                context.group.zone,
                variant,
            )
        )
    return _joined(found)


def _joined(drafts: list[Draft]) -> list[Draft]:
    """Without a place to tell apart, equal explanations are one."""
    by_key: dict[tuple[str, str | None, Scope | None], Draft] = {}
    for d in drafts:
        key = (d.cause, d.zone, d.scope)
        known = by_key.get(key)
        probability = d.probability + (known.probability if known else 0.0)
        by_key[key] = Draft(d.cause, d.weight, probability, d.scope, d.zone, (known or d).variant)
    return list(by_key.values())


def _spoken(scope: Scope, context: Context) -> Scope | None:
    """The scope as it may be said: none where only one replica is known, all replicas for the cluster."""
    replicas = [u for u in context.units if u.replica]
    places = [u for u in context.units if not u.replica]
    if len(replicas) < 2 and not places:
        return None
    if scope.kind == "cluster":
        return Scope("cluster", None, tuple(u.name for u in replicas if u.name), scope.indistinguishable)
    return scope


def _zone_share(context: Context, prior: ZonePrior) -> tuple[str | None, float]:
    """Zone of the failing names, and how much of the cause it may claim: success of other names is what tells."""
    names = sorted({s.qname for s in context.real if s.qname})
    suffix = common_suffix(names) if names and context.group.zone is None else None
    if suffix is None:
        return None, 0.0
    answered = sum((u.n or 0.0) - u.k for u in context.units if u.name in context.failing and u.n is not None)
    if answered >= prior.answered:
        return suffix, prior.others_answered
    return suffix, prior.one_name if len(names) == 1 else prior.shared_suffix


def node_scope(replica: str, context: Context) -> Scope | None:
    """The node of one replica, for faults of a node that a single replica shows."""
    unit = next((u for u in context.units if u.name == replica), None)
    node = unit.attrs.get("node") if unit else None
    if node is None:
        return None
    twins = (Member("replica", replica),) if replica else ()
    return Scope("node", node, tuple(u.name for u in context.units if u.attrs.get("node") == node), twins)
