"""Scopes that the evidence cannot tell apart are one answer under several names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from triage.analysis.localize import ScopeLikelihood
from triage.analysis.scopes import CLUSTER, Unit
from triage.model.place import PLACE_KINDS
from triage.model.report import Member, Scope

TIE_NATS = 0.45
"""Scopes whose likelihoods differ by less say the same: their extra replicas could hardly have shown anything."""
SMALL = 0.03
"""Classes below this share are not told on their own."""
ORDER = {
    kind: rank
    for rank, kind in enumerate(
        ("subnet", "az", "cluster", "node", "replica", "pool", "role", "kernel", "pod-range", "some")
    )
}


class ScopeClass(Struct, frozen=True):
    """Scopes that fit equally well, with their joint share."""

    scope: Scope
    share: float
    narrow: bool
    """True when it leaves out a replica that the cluster holds."""


def classes_of(
    scopes: Sequence[ScopeLikelihood], shares: NDArray[np.float64], units: Sequence[Unit]
) -> tuple[ScopeClass, ...]:
    """Group scopes by likelihood, the most probable class first; shares add up to 1.

    `shares` is the posterior over `scopes`. Small classes give their share to the larger ones.
    """
    fails = np.array([u.k > 0 or u.checked is True for u in units], dtype=bool)
    known: dict[bytes, int] = {}
    failing = np.array([known.setdefault((s.candidate.inside[fails] >= 0.5).tobytes(), len(known)) for s in scopes])
    fit = np.array([s.log_likelihood for s in scopes])
    left = np.array(sorted(range(len(scopes)), key=lambda i: (-shares[i], _rank(scopes[i]))), dtype=int)
    found: list[tuple[list[int], float]] = []
    while left.size and (not found or shares[left].sum() >= SMALL):
        best = int(left[0])
        with np.errstate(invalid="ignore"):
            ties = left[(np.abs(fit[left] - fit[best]) <= TIE_NATS) & (failing[left] == failing[best])]
        mine = _one_answer(ties.tolist(), best, scopes)
        found.append((mine, float(shares[mine].sum())))
        left = left[~np.isin(left, mine)]
    kept = [c for c in found if c[1] >= SMALL] or found[:1]
    whole = sum(share for _, share in kept)
    kept.sort(key=lambda c: -c[1])
    return tuple(_named(members, share / whole, scopes, shares, units) for members, share in kept)


def _one_answer(members: list[int], best: int, scopes: Sequence[ScopeLikelihood]) -> list[int]:
    """A class names one member a kind: of several, the one that shares most with the best scope."""
    chosen: dict[str, int] = {scopes[best].candidate.kind: best}
    inside = scopes[best].candidate.inside
    for i in members:
        kind = scopes[i].candidate.kind
        if kind not in chosen and float(np.minimum(scopes[i].candidate.inside, inside).sum()) > 0:
            chosen[kind] = i
    return sorted(chosen.values())


def _rank(scope: ScopeLikelihood) -> tuple[int, str]:
    kind, member = scope.candidate.key
    return ORDER.get(kind, len(ORDER)), member or ""


def _named(
    members: list[int],
    share: float,
    scopes: Sequence[ScopeLikelihood],
    shares: NDArray[np.float64],
    units: Sequence[Unit],
) -> ScopeClass:
    top = max(float(shares[i]) for i in members)
    # Of members that are about as probable the widest word that people use comes first.
    whole = [i for i in members if scopes[i].candidate.kind == CLUSTER]
    leaders = whole or [i for i in members if shares[i] >= 0.4 * top]
    first = min(leaders, key=lambda i: _rank(scopes[i]))
    rest = sorted((i for i in members if i != first), key=lambda i: _place_order(scopes[i].candidate.kind))
    kind, member = scopes[first].candidate.key
    inside = scopes[first].candidate.inside
    replicas = tuple(u.name for u, x in zip(units, inside, strict=True) if u.replica and x >= 1 and u.name)
    scope = Scope(kind, member, replicas, tuple(Member(*scopes[i].candidate.key) for i in rest))
    kinds = {scopes[i].candidate.kind for i in members}
    return ScopeClass(scope, share, narrow=CLUSTER not in kinds)


def _place_order(kind: str) -> int:
    return -1 if kind == CLUSTER else PLACE_KINDS.index(kind) if kind in PLACE_KINDS else len(PLACE_KINDS)
