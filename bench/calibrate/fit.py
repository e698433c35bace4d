"""Weights of the parts and a factor of one prior, by the greatest mean log score; a little drawn towards no change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.calibrate.records import Record
from triage.analysis.rank import Calibration

Array = NDArray[np.float64]
START: Array = np.array([1.0, 1.0, 1.0, 0.0])
"""Weights of symptoms, counts and terms; log of the factor of `benign`. The prior of `unknown` is not fitted: nobody
can draw a story whose cause nobody knows."""
DRAW: Array = np.array([0.05, 0.05, 0.05, 0.005])
"""Cost of the square of a change: with few records the rules stay as they were judged."""
LOW: Array = np.array([0.3, 0.3, 0.3, -1.0])
HIGH: Array = np.array([1.15, 1.15, 1.15, 1.0])
"""What was judged too flat may be stretched a little; more would count evidence twice."""
QUIET_SHARE = 0.25
"""Share of quiet stories among those who ask; a set of stories has as many as its author liked."""
FLOOR = 1e-4
STEPS = 400


@dataclass(frozen=True, slots=True)
class Fit:
    """A calibration and how well it does on what it saw."""

    calibration: Calibration
    before: float
    """Mean log score (nats, less is better) without it."""
    after: float


def fit(records: Sequence[Record]) -> Fit:
    """Gradient descent with a line search; the cost is smooth and has four unknowns."""
    shares = _shares(records)
    at, step = START.copy(), 0.5
    cost, slope = _cost(at, records, shares)
    for _ in range(STEPS):
        there = np.clip(at - step * slope, LOW, HIGH)
        new, new_slope = _cost(there, records, shares)
        if new < cost - 1e-9:
            at, cost, slope, step = there, new, new_slope, step * 1.3
        elif step < 1e-6:
            break
        else:
            step /= 2.0
    symptoms, counts, terms, benign = (float(x) for x in at)
    found = Calibration(symptoms, counts, terms, float(np.exp(benign)))
    return Fit(found, log_score(records, Calibration(), shares), log_score(records, found, shares))


def probabilities(record: Record, calibration: Calibration) -> Array:
    """Of the causes of a record, as `triage.analysis.rank.ranked` would have them."""
    return _softmax(_logs(record, _vector(calibration)))


def log_score(records: Sequence[Record], calibration: Calibration, shares: Array | None = None) -> float:
    """Mean of -ln of the probability that accepted causes get."""
    scores = [-np.log(max(float(probabilities(r, calibration) @ r.accepted), FLOOR)) for r in records]
    return float(np.average(scores, weights=shares))


def _vector(c: Calibration) -> Array:
    return np.array([c.symptoms, c.counts, c.terms, np.log(c.benign)])


def _logs(record: Record, at: Array) -> Array:
    return np.asarray(record.parts[:, 0] + record.parts[:, 1:] @ at)


def _softmax(logs: Array) -> Array:
    weights = np.exp(logs - logs.max())
    return np.asarray(weights / weights.sum())


def _shares(records: Sequence[Record]) -> Array:
    """Weight of each record, so that quiet ones are `QUIET_SHARE` of all."""
    quiet = np.array([r.quiet for r in records])
    if not quiet.any() or quiet.all():
        return np.ones(len(records))
    return np.asarray(np.where(quiet, QUIET_SHARE / quiet.mean(), (1.0 - QUIET_SHARE) / (~quiet).mean()))


def _cost(at: Array, records: Sequence[Record], shares: Array) -> tuple[float, Array]:
    """Mean log score plus the draw towards `START`, and its gradient."""
    total, slope = 0.0, np.zeros(len(at))
    for record, share in zip(records, shares, strict=True):
        p = _softmax(_logs(record, at))
        mine = p * record.accepted
        right = float(mine.sum())
        total -= share * np.log(max(right, FLOOR))
        if right > FLOOR:
            slope += share * record.parts[:, 1:].T @ (p - mine / right)
    away = at - START
    whole = float(shares.sum())
    return total / whole + float(DRAW @ away**2), slope / whole + 2.0 * DRAW * away
