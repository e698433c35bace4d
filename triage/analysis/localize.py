"""Where a failure holds: the likelihood of each scope, with exposure, and the posterior over scopes.

Method (see docs/method.md): a scope S explains the counts when the units inside fail and those outside do not, as far
as they *could* have shown it. Units with a denominator are beta-binomial, units without one are gamma-Poisson with an
unknown share of the traffic; both are integrated over the fault's unknown strength. Silence of a unit that was never
asked, not read, or does not list the destination has likelihood 1 inside and outside, so it says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from triage.analysis.scopes import SOME, Candidate, Unit, candidates, ways
from triage.analysis.special import betaln, gammaln, logsumexp

Array = NDArray[np.float64]


class Strengths(Struct, frozen=True):
    """Priors of the likelihood; the numbers come from `rules/parameters.yaml` (`localize`)."""

    unasked: float = 0.08
    """Probability that a replica gets no traffic of this kind at all."""
    rarely_unasked: float = 0.65
    """The same for the names of a stub domain."""
    steady_unasked: float = 0.02
    """The same towards the API server, which every replica watches."""
    steady_shape: float = 10.0
    shape: float = 2.5
    """Gamma shape of a replica's share of the traffic: 2.5 spreads it about ± 60 %."""
    bursts: float = 40.0
    """Queries of one replica beyond so many are worth no more: they are not independent."""
    undated: float = 0.06
    """Factor of the concentration of rates where no clock tells which queries fell into the fault."""
    noise_mean: float = 1.0
    """Failures that a replica's whole log holds without any fault (lost packets, lame names)."""
    noise_shape: float = 0.3
    excerpt_mean: float = 0.35
    """The same in an excerpt."""
    excerpt_shape: float = 0.25
    noise_rate: float = 0.004
    """The same per query asked upstream, where queries are counted."""
    noise_weight: float = 2.0
    """Concentration of the beta prior of that rate in units of failures."""
    check_fails_inside: float = 0.96
    check_fails_outside: float = 0.04
    counter_fails_outside: float = 0.06


UNLIKELY = 1e-3
"""Prior weight of a scope kind that a rule does not name."""
NAMELESS = 0.7
"""Share of the prior of places without a name that a nameless set of replicas inherits."""
RATES = np.array([0.03, 0.08, 0.2, 0.45, 0.7, 0.9, 0.985])
RATE_PRIOR = np.array([0.04, 0.06, 0.08, 0.12, 0.15, 0.2, 0.35])
RATE_WEIGHT = np.array([40.0, 30.0, 20.0, 14.0, 14.0, 25.0, 60.0])
"""Concentration of each rate: look-ups of one client come in bursts, so rates of replicas differ."""
MEANS = np.exp(np.linspace(np.log(0.25), np.log(4000.0), 30))
MEAN_PRIOR = np.exp(-0.5 * ((np.log(MEANS) - np.log(8.0)) / 2.0) ** 2)
LOG_MEAN_PRIOR = np.log(MEAN_PRIOR / MEAN_PRIOR.sum())
LOG_RATE_PRIOR = np.log(RATE_PRIOR)


def _negative_binomial(k: float, mean: Array, shape: float) -> Array:
    """Log probability of k failures when the mean is `mean` and the share of traffic is gamma distributed."""
    mean = np.maximum(mean, 1e-12)
    total = gammaln(shape + k) - gammaln(shape) - gammaln(k + 1.0)
    return np.asarray(total + shape * np.log(shape / (shape + mean)) + k * np.log(mean / (shape + mean)))


def _beta_binomial(k: float, n: float, rate: Array, weight: Array) -> Array:
    a, b = rate * weight, (1.0 - rate) * weight
    rest = max(n - k, 0.0)
    # The coefficient does not cancel: inside failures are counted, outside only the events of noise behind them.
    ways_to = gammaln(k + rest + 1.0) - gammaln(k + 1.0) - gammaln(rest + 1.0)
    return np.asarray(ways_to + betaln(a + k, b + rest) - betaln(a, b))


def _within(k: float, share: float) -> float:
    """Log probability that k events, which may fall anywhere, are all within some stretch of this share of the time.

    >>> _within(1.0, 0.1), _within(9.0, 1.0), round(_within(9.0, 0.5), 2), round(_within(9.0, 0.04), 2)
    (0.0, 0.0, -3.94, -23.59)
    """
    if k <= 1.0 or share <= 0.0 or share >= 1.0:
        return 0.0
    return float(np.log(k * share ** (k - 1.0) - (k - 1.0) * share**k))


class Likelihoods(Struct, frozen=True):
    """Log likelihoods of the units inside a fault of each strength, and outside.

    A unit has a place in exactly one of two grids of strengths: expected failures (units without a denominator) or
    failure rates (units with one). The two strengths are independent, so their integrals multiply.
    """

    by_mean: Array
    """units x MEANS; rows of units that belong to the other grid are zero."""
    by_rate: Array
    """units x RATES."""
    counted: NDArray[np.bool_]
    """True for units with a denominator."""
    outside: Array


def likelihoods(units: Sequence[Unit], s: Strengths, *, clocked: bool = True) -> Likelihoods:
    """Log likelihoods of every unit; rows of units that could not show anything are zero.

    Without a clock (`clocked` False) queries from outside the fault are among those counted, so rates differ more.
    """
    by_mean, by_rate = np.zeros((len(units), len(MEANS))), np.zeros((len(units), len(RATES)))
    counted = np.array([u.n is not None for u in units], dtype=bool)
    outside = np.zeros(len(units))
    for i, unit in enumerate(units):
        row = by_rate[i] if counted[i] else by_mean[i]
        if unit.checked is not None:
            known_out = s.check_fails_outside if unit.certain >= 1 else s.counter_fails_outside
            row += np.log(s.check_fails_inside if unit.checked else 1 - s.check_fails_inside) * unit.certain
            outside[i] += np.log(known_out if unit.checked else 1 - known_out) * unit.certain
        if not unit.replica or not unit.asks:
            continue
        noise = unit.k if unit.noise is None else unit.noise
        if unit.n is not None:
            weight = RATE_WEIGHT * (1.0 if clocked else s.undated)
            worth = min(1.0, s.bursts / max(unit.n, 1.0))
            row += _exposed(_beta_binomial(unit.k * worth, unit.n * worth, RATES, weight), unit)
            rate = np.array([s.noise_rate])
            outside[i] += _beta_binomial(noise * worth, (unit.n_all or unit.n) * worth, rate, s.noise_weight / rate)[0]
            outside[i] += _within(noise * worth, unit.n / unit.n_all if unit.n_all else 1.0)
            if unit.n_all and unit.n_all > unit.n:
                # Inside a fault the queries before and after it were answered: noise explains them as well.
                row += _beta_binomial(0.0, (unit.n_all - unit.n) * worth, rate, s.noise_weight / rate)[0]
        elif unit.coverage > 0 or unit.k > 0:
            row += _exposed(_seen(unit, s), unit)
            mean, shape = (s.noise_mean, s.noise_shape) if unit.complete else (s.excerpt_mean, s.excerpt_shape)
            outside[i] += _negative_binomial(noise, np.array([mean]), shape)[0]
    return Likelihoods(by_mean, by_rate, counted, outside)


def _seen(unit: Unit, s: Strengths) -> Array:
    """Log likelihood of a unit's failures inside a fault, without a denominator."""
    shape = s.steady_shape if unit.steady else s.shape
    covered = max(unit.coverage, 0.4 if unit.k > 0 else 0.02)
    seen = _negative_binomial(unit.k, MEANS * covered, shape)
    if unit.k > 0:
        return seen
    unasked = s.rarely_unasked if unit.rarely else s.steady_unasked if unit.steady else s.unasked
    return np.asarray(np.logaddexp(np.log(unasked), np.log1p(-unasked) + seen))


def _exposed(row: Array, unit: Unit) -> Array:
    """The same when the unit may not have run at that time: then it shows nothing for sure."""
    if unit.k > 0 or unit.exposed >= 1.0:
        return row
    return np.asarray(np.logaddexp(np.log(max(unit.exposed, 1e-6)) + row, np.log1p(-min(unit.exposed, 1 - 1e-6))))


def _mix(total: Array, prior: Array) -> float:
    return float(logsumexp(total + prior))


class ScopeLikelihood(Struct, frozen=True):
    """A scope and how well it explains the counts."""

    candidate: Candidate
    log_likelihood: float


class Localization(Struct, frozen=True):
    """Likelihood of every candidate scope, of no fault, and of a fault without a nameable scope."""

    scopes: tuple[ScopeLikelihood, ...]
    none: float
    """Log likelihood that only noise was seen."""
    saturated: float
    """Log likelihood of a rate of its own for every unit: what `unknown` claims."""


def localize_units(units: Sequence[Unit], strengths: Strengths | None = None, *, clocked: bool = True) -> Localization:
    """Score every candidate scope of these units.

    >>> units = [Unit("a", {"node": "n1"}, k=12), Unit("b", {"node": "n2"}, k=0)]
    >>> found = localize_units(units)
    >>> max(found.scopes, key=lambda s: s.log_likelihood).candidate.key
    ('node', 'n1')
    """
    s = strengths or Strengths()
    likes = likelihoods(units, s, clocked=clocked)
    scored = [ScopeLikelihood(c, _score(c.inside, likes)) for c in candidates(units)]
    alone = np.array([_score(row, likes, only=i) for i, row in enumerate(np.eye(len(units)))])
    saturated = float(np.logaddexp(alone, likes.outside).sum() - len(units) * np.log(2.0))
    return Localization(tuple(scored), float(likes.outside.sum()), saturated)


def _score(inside: Array, likes: Likelihoods, only: int | None = None) -> float:
    """Log likelihood of one scope, integrated over both strengths; `only` looks at a single unit."""
    if only is not None:
        part = likes.by_rate[only] if likes.counted[only] else likes.by_mean[only]
        return _mix(part, LOG_RATE_PRIOR if likes.counted[only] else LOG_MEAN_PRIOR)
    total = float(likes.outside[inside <= 0.0].sum())
    for rows, mine, prior in (
        (likes.by_mean, ~likes.counted, LOG_MEAN_PRIOR),
        (likes.by_rate, likes.counted, LOG_RATE_PRIOR),
    ):
        grid = rows[mine & (inside >= 1.0)].sum(axis=0)
        for i in np.flatnonzero(mine & (inside > 0.0) & (inside < 1.0)):
            grid = grid + np.logaddexp(np.log(inside[i]) + rows[i], np.log1p(-inside[i]) + likes.outside[i])
        total += _mix(grid, prior)
    return total


def log_priors(scopes: Sequence[ScopeLikelihood], weights: Mapping[str, float]) -> Array:
    """Log prior of every scope, normalised: that of a kind is shared evenly among its members that are candidates.

    `weights` maps scope kind to prior weight (a rule's `scopes`); kinds that are missing get a small one. A nameless
    set also stands for the places that exist but have no name in the evidence.
    """
    members: dict[str, int] = {}
    for scope in scopes:
        members[scope.candidate.kind] = members.get(scope.candidate.kind, 0) + 1
    prior = {kind: weights.get(kind, UNLIKELY) for kind in members}
    if SOME in prior and SOME in weights and not members.keys() & {"subnet", "az"}:
        prior[SOME] += NAMELESS * sum(w for kind, w in weights.items() if kind not in members and kind != "replica")
    whole = sum(prior.values())
    return np.array(
        [np.log(prior[s.candidate.kind] / whole / members[s.candidate.kind]) - ways(s.candidate) for s in scopes]
    )


def posterior(scopes: Sequence[ScopeLikelihood], weights: Mapping[str, float]) -> Array:
    """Posterior over scopes; adds up to 1."""
    logs = log_priors(scopes, weights) + np.array([s.log_likelihood for s in scopes])
    return np.asarray(np.exp(logs - logsumexp(logs)))


def evidence(scopes: Sequence[ScopeLikelihood], weights: Mapping[str, float]) -> float:
    """Log of the likelihood averaged over the prior of scopes."""
    return logsumexp(log_priors(scopes, weights) + np.array([s.log_likelihood for s in scopes]))
