"""Change points of a series of failures: when it began, ended, came back.

The times are counted in equal bins of what was read, and the bins are parted into blocks of one Poisson rate each, by
the best sum of block likelihoods less a cost per block (Scargle et al., ApJ 764:167, 2013, "Bayesian blocks", §2.3).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from triage.analysis.sign import LOOKUP_NS, Sign
from triage.model.timeline import Episode

BINS = 240
"""A day in bins of six minutes; the ends of an episode are those of its failures, not of its bins."""
COST = 6.0
"""Log cost of a block: a change must be e^6 times likelier than none (the paper's §3: 4 to 7 for some hundred bins)."""
STANDS_OUT = 0.1
"""A block is on from this share of the highest rate on; what is below is noise beside it."""


class Times(Struct, frozen=True, eq=False):
    """Failed look-ups in order of time, each within a span: of one longer than a moment only their number is known."""

    first_ns: Sequence[int] = ()
    last_ns: Sequence[int] = ()
    n: Sequence[float] = ()


@lru_cache(maxsize=32)
def episodes_of(lookups: Times, span: tuple[int, int] | None) -> tuple[Episode, ...]:
    """In which times failures came close, in order.

    `span` is what was read (ns): silence before and after counts only inside it.
    """
    if not lookups.n:
        return ()
    firsts, lasts, weights = (np.array(column, float) for column in (lookups.first_ns, lookups.last_ns, lookups.n))
    begin, end = lookups.first_ns[0], max(lookups.last_ns)
    first, last = (min(begin, span[0]), max(end, span[1])) if span else (begin, end)
    if last <= first:
        return (Episode(begin, end, round(weights.sum())),)
    edges = np.linspace(float(first), float(last), min(BINS, max(2, (last - first) // LOOKUP_NS)) + 1)
    on = np.array(_blocks_on(_counts(firsts, lasts, weights, edges)))
    bins = np.clip(np.searchsorted(edges, firsts, side="right") - 1, 0, len(on) - 1)
    found = []
    for run in range(on.max() + 1):
        inside = np.flatnonzero(on == run)
        start, stop = edges[inside[0]], edges[inside[-1] + 1]
        is_in = np.where(lasts > firsts, (firsts < stop) & (lasts > start), on[bins] == run)
        share = np.minimum(lasts, stop) - np.maximum(firsts, start)
        shares = np.where(lasts > firsts, share / np.maximum(lasts - firsts, 1.0), 1.0)
        rows = np.flatnonzero(is_in)
        begins = [lookups.first_ns[i] for i in rows[firsts[rows] >= start][:1].tolist()]  # they are in order
        ends = [lookups.last_ns[i] for i in rows[lasts[rows] <= stop].tolist()]
        found.append(
            Episode(
                min(begins + [round(start)] * bool((firsts[rows] < start).any())),
                max(ends + [round(stop)] * bool((lasts[rows] > stop).any())),
                round((weights * shares)[rows].sum()),
            )
        )
    return tuple(found)


def _counts(
    firsts: NDArray[np.float64], lasts: NDArray[np.float64], weights: NDArray[np.float64], edges: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Look-ups in each bin; those of a span evenly over it."""
    wide = lasts > firsts
    counts, _ = np.histogram(firsts[~wide], edges, weights=weights[~wide])
    if wide.any():
        a, b, n = firsts[wide], lasts[wide], weights[wide]
        before = [(n * np.clip((edge - a) / (b - a), 0.0, 1.0)).sum() for edge in edges]
        counts = counts + np.diff(before)
    return counts


def times_of(signs: Iterable[Sign]) -> Times:
    """When look-ups failed: lines of a replica and name within 10 s are one, of at most four lines."""
    moments: dict[tuple[str, str], list[tuple[int, float]]] = defaultdict(list)
    found: list[tuple[int, int, float]] = []
    for sign in signs:
        at, until = sign.at_ns, sign.until_ns
        if at is None:
            continue
        if until is not None and until > at:
            found.append((at, until, max(1.0, sign.weight / 4.0)))
        else:
            moments[sign.replica, sign.qname or ""].append((at, sign.weight))
    for tried in moments.values():
        found += [(at, at, max(1.0, weight / 4.0)) for at, weight in bursts(tried, LOOKUP_NS)]
    return Times(*zip(*sorted(found), strict=True))


def bursts(signed: Sequence[tuple[int, float]], length_ns: int) -> list[tuple[int, float]]:
    """Begins and weights of bursts of (time, weight) pairs: one begins where the one before is `length_ns` old.

    >>> bursts([(0, 1.0), (9, 1.0), (10, 1.0), (25, 2.0)], 10)
    [(0, 2.0), (10, 1.0), (25, 2.0)]
    """
    if not signed:
        return []
    (begin, total), *rest = sorted(signed)
    found: list[tuple[int, float]] = []
    for at, weight in rest:
        if at - begin < length_ns:
            total += weight
        else:
            found.append((begin, total))
            begin, total = at, weight
    return [*found, (begin, total)]


def _blocks_on(counts: NDArray[np.float64]) -> list[int]:
    """For each bin the number of the run of blocks that stand out in which it lies, or -1."""
    edges = _blocks(counts)
    rates = [counts[a:b].sum() / (b - a) for a, b in pairwise(edges)]
    least = STANDS_OUT * max(rates)
    on = [-1] * len(counts)
    run = -1
    before = False
    for (a, b), rate in zip(pairwise(edges), rates, strict=True):
        stands_out = rate > 0 and rate >= least
        run += stands_out and not before
        before = stands_out
        if stands_out:
            on[a:b] = [run] * (b - a)
    return on


def _blocks(counts: NDArray[np.float64]) -> list[int]:
    """Edges of the best blocks: dynamic programme over the last change point, in bins squared.

    >>> _blocks(np.array([0.0] * 20 + [5.0] * 10 + [0.0] * 20))
    [0, 20, 30, 50]
    >>> _blocks(np.array([1.0, 2.0, 1.0, 1.0, 2.0, 1.0]))
    [0, 6]
    """
    n = len(counts)
    total, at = np.concatenate([[0.0], np.cumsum(counts)]), np.arange(n + 1)
    k, width = total[:, None] - total, np.maximum(at[:, None] - at, 1)
    fitness = np.where(k > 0, k * np.log(np.maximum(k, 1e-300) / width), 0.0)
    best = np.zeros(n + 1)
    origin = np.zeros(n + 1, dtype=int)
    for end in range(1, n + 1):
        sums = best[:end] + fitness[end, :end] - COST
        origin[end] = int(np.argmax(sums))
        best[end] = sums[origin[end]]
    edges = [n]
    while edges[-1] > 0:
        edges.append(int(origin[edges[-1]]))
    return edges[::-1]
