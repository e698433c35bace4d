"""From weighed causes of a group to hypotheses: cause, place, zone, each with its share of the probability."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from triage.analysis.classes import ScopeClass, classes_of
from triage.analysis.context import Context
from triage.analysis.rank import QUIET, CauseWeight
from triage.analysis.scopes import SOME
from triage.model.report import Scope

SCOPED = "upstream-unreachable-scoped"
PLAIN = "upstream-unreachable"
CLUSTER_SCOPE = Scope("cluster", None, ())
CLEAR = 0.75
"""Without any place the replicas themselves are named only from this share on."""
KEPT = 0.02
"""Explanations below this share are not listed on their own; their share stays in the group's rest."""


class Draft(Struct, frozen=True):
    """One explanation before it gets its words."""

    cause: str
    weight: CauseWeight
    probability: float
    scope: Scope | None
    zone: str | None
    variant: str
    """Which title fits: ``, `scoped`, `zone`."""
    cause_probability: float = 0.0
    """Of the cause, before it was shared among places and zones."""


def drafts_of(weights: Sequence[tuple[CauseWeight, float]], context: Context) -> tuple[Draft, ...]:
    """Every explanation of the group with at least 2 %, the most probable first; they add up to at most 1."""
    found: list[Draft] = []
    for weight, probability in weights:
        found.extend(replace(d, cause_probability=probability) for d in _drafts(weight, probability, context))
    kept = [d for d in found if d.probability >= KEPT or d.cause in QUIET]
    kept.sort(key=lambda d: (-d.probability, d.cause, d.zone or "", d.scope.kind if d.scope else ""))
    return tuple(kept)


def _drafts(weight: CauseWeight, probability: float, context: Context) -> list[Draft]:
    rule = weight.rule
    part = context.names.zone_part(rule.zone_share) if context.group.zone is None else 0.0
    zone = context.names.suffix
    if rule.id in QUIET or not rule.scopes:
        own = context.group.zone if rule.names_upstream else None
        quiet = "zone" if part > 0.5 and zone else "suspicion" if context.suspicion else ""
        return [Draft(rule.id, weight, probability, None, own, quiet if rule.id in QUIET else "")]
    classes = classes_of(context.localization.scopes, weight.scopes, context.units)
    share = part if rule.id == PLAIN else 0.0
    if _placeless(context, classes):
        classes = ()
        found = [Draft(rule.id, weight, probability * (1 - share), None, context.group.zone, "")]
    else:
        found = []
    if share > 0:
        found.append(Draft(rule.id, weight, probability * share, _spoken(CLUSTER_SCOPE, context), zone, "zone"))
    narrow = sum(c.share for c in classes if c.narrow)
    scoped = rule.id == PLAIN and narrow > 1.0 - narrow
    for each in classes:
        cause = SCOPED if scoped and each.narrow else rule.id
        place = _spoken(each.scope, context)
        nameless = each.scope.kind == SOME
        variant = "scoped" if each.narrow and place is not None else ""
        found.append(
            Draft(
                cause if place or nameless else rule.id,
                weight,
                probability * (1 - share) * each.share,
                place,
                context.group.zone,
                variant,
            )
        )
    return _joined(found)


def _placeless(context: Context, classes: Sequence[ScopeClass]) -> bool:
    """No replica has a node, and nothing says that only some are hit: no place is claimed at all."""
    known = any("node" in u.attrs for u in context.units)
    narrow = sum(c.share for c in classes if c.narrow)
    return not known and narrow < 0.5 and classes[0].share < CLEAR


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
    if scope.kind == SOME:
        return None
    if scope.kind == "cluster":
        scope = Scope("cluster", None, tuple(u.name for u in replicas if u.name), scope.indistinguishable)
    return replace(scope, indistinguishable=tuple(m for m in scope.indistinguishable if m.kind != SOME))


def fingerprint(cause: str, upstream: str | None, zone: str | None, scope: str | None) -> str:
    """Stable id: rule folder, upstream, zone (and scope only where two hypotheses would be equal)."""
    parts = [PLAIN if cause == SCOPED else cause, upstream or "", zone or "", "coredns", scope or ""]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
