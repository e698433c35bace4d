"""Candidate scopes: which sets of units share a place, and what they are called."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from triage.model.place import PLACE_KINDS

CLUSTER = "cluster"
SOME = "some"
"""The failing replicas themselves, when no place that has a name holds just them."""


class Unit(Struct, frozen=True):
    """Something that was asked, or could have been: a replica, or a node on which a check ran."""

    name: str
    attrs: Mapping[str, str]
    """Scope kind to member; a kind that is missing is unknown, not a value."""
    k: float
    """Failed look-ups seen (summaries by their weight, repeats of one look-up once)."""
    n: float | None = None
    """Queries that had to be asked upstream in the window; None when nothing counts them."""
    coverage: float = 1.0
    """Share of the window that was seen, 0 … 1; matters only where `n` is None."""
    checked: bool | None = None
    """Outcome of a direct check or a counter: True it fails there, False it works; None: no such evidence."""
    replica: bool = True
    """False for a node on which only a check ran."""
    asks: bool = True
    """False when its configuration does not list this destination: its silence says nothing."""
    certain: float = 1.0
    """How much a direct check there is worth, 0 … 1."""
    rarely: bool = False
    """True when only some clients ask for such names (a stub domain): silence says less."""
    steady: bool = False
    """True when every replica asks this destination all the time (the API server): silence says more."""
    exposed: float = 1.0
    """Probability that it ran while the fault lasted, where no clock tells: young pods may have come later."""
    complete: bool = True
    """False for an excerpt: a few lines that somebody chose, so that their number says little."""
    n_all: float | None = None
    """Queries asked upstream in all that was read: what noise must be measured by; None: as `n`."""
    noise: float | None = None
    """Failures counted as noise would make them: repeats of one lame name once; None: as `k`."""


class Candidate(Struct, frozen=True):
    """One nameable scope."""

    kind: str
    member: str | None
    inside: NDArray[np.float64]
    """Per unit: 1 inside, 0 outside, between: the place is unknown and this is how likely it is inside."""

    @property
    def key(self) -> tuple[str, str | None]:
        """Kind and member."""
        return self.kind, self.member


def candidates(units: Sequence[Unit]) -> list[Candidate]:
    """Every scope that holds at least one failing unit, the cluster first, then wide to narrow.

    A unit whose place is unknown belongs to a scope of that kind with the share of placed units that do.
    """
    found = [Candidate(CLUSTER, None, np.ones(len(units)))]
    for kind in PLACE_KINDS:
        values = [u.attrs.get(kind) for u in units]
        placed = [v for v in values if v is not None]
        for member in sorted({v for u, v in zip(units, values, strict=True) if v is not None and _fails(u)}):
            share = placed.count(member) / len(placed)
            # A replica is nobody else's; a node scope holds exactly the units known to run there.
            guess = 0.0 if kind in {"replica", "node"} else min(share, 0.5)
            inside = np.array([guess if v is None else float(v == member) for v in values])
            found.append(Candidate(kind, member, inside))
    failing = np.array([float(_fails(u)) for u in units])
    if 1 < failing.sum() < len(units) and not any(np.array_equal(c.inside, failing) for c in found):
        found.append(Candidate(SOME, None, failing))
    return found


def ways(candidate: Candidate) -> float:
    """Log of the number of sets as large as a nameless one: its prior is shared among them; 0 for named scopes."""
    if candidate.kind != SOME:
        return 0.0
    return math.log(math.comb(len(candidate.inside), int(candidate.inside.sum())))


def _fails(unit: Unit) -> bool:
    return unit.k > 0 or unit.checked is True
