"""Change points of a series of failures: when it began, ended, came back.

The times are counted in equal bins of what was read, and the bins are parted into blocks of one Poisson rate each, by
the best sum of block likelihoods less a cost per block (Scargle et al., ApJ 764:167, 2013, "Bayesian blocks", §2.3).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from triage.analysis.sign import LOOKUP_NS, Sign
from triage.model.timeline import Episode

BINS = 240
"""A day in bins of six minutes; the ends of an episode are those of its failures, not of its bins."""
COST = 6.0
"""Log cost of a block: a change must be e^6 times likelier than none (the paper's §3: 4 to 7 for some hundred bins)."""
STANDS_OUT = 0.1
"""A block is on from this share of the highest rate on; what is below is noise beside it."""


@lru_cache(maxsize=32)
def episodes_of(times: tuple[int, ...], span: tuple[int, int] | None) -> tuple[Episode, ...]:
    """In which times failures came close, in order; `times` are those of look-ups (ns), in order.

    `span` is what was read (ns): silence before and after counts only inside it.
    """
    if not times:
        return ()
    first, last = min(times[0], span[0] if span else times[0]), max(times[-1], span[1] if span else times[-1])
    if last <= first:
        return (Episode(times[0], times[-1], len(times)),)
    edges = np.linspace(float(first), float(last), min(BINS, max(2, (last - first) // LOOKUP_NS)) + 1)
    counts, _ = np.histogram(np.array(times, dtype=float), edges)
    on = _blocks_on(counts.astype(float))
    found: list[list[int]] = []
    bins = np.clip(np.searchsorted(edges, np.array(times, dtype=float), side="right") - 1, 0, len(counts) - 1)
    previous = -2
    for at, place in zip(times, bins, strict=True):
        if on[place] < 0:
            continue
        if on[place] != previous:
            found.append([])
        found[-1].append(at)
        previous = on[place]
    return tuple(Episode(part[0], part[-1], len(part)) for part in found)


def lookup_times(signs: Iterable[Sign]) -> tuple[int, ...]:
    """One time for each look-up (and for the end of what a summary covers), in order."""
    by_name: dict[tuple[str, str], list[int]] = {}
    for sign in signs:
        times = by_name.setdefault((sign.replica, sign.qname or ""), [])
        if sign.at_ns is not None:
            times.append(sign.at_ns)
        if sign.until_ns is not None:
            times.append(sign.until_ns)
    found: list[int] = []
    for times in by_name.values():
        begin: int | None = None
        for at in sorted(times):
            if begin is None or at - begin >= LOOKUP_NS:
                found.append(at)
                begin = at
    return tuple(sorted(found))


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
    total = np.concatenate([[0.0], np.cumsum(counts)])
    best = np.zeros(n + 1)
    origin = np.zeros(n + 1, dtype=int)
    for end in range(1, n + 1):
        k = total[end] - total[:end]
        width = end - np.arange(end)
        fitness = np.where(k > 0, k * np.log(np.maximum(k, 1e-300) / width), 0.0)
        sums = best[:end] + fitness - COST
        origin[end] = int(np.argmax(sums))
        best[end] = sums[origin[end]]
    edges = [n]
    while edges[-1] > 0:
        edges.append(int(origin[edges[-1]]))
    return edges[::-1]
