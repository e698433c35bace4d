"""Failures by place, upstream and time: what a heat map and a timeline show, capped whatever was read."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from triage.analysis.exposure import FORWARDED, Seen
from triage.analysis.group import Group
from triage.analysis.inputs import Inputs
from triage.analysis.sign import MINUTE_NS, Sign
from triage.model.cells import CellRow, Cells, FailureCount, FaultRow
from triage.model.place import PLACE_KINDS
from triage.model.report import Scope

_SECOND_NS = 1_000_000_000
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 604800, 2592000)
_MOST_BINS, _MOST_ROWS, _MOST_UPSTREAMS, _MOST_COUNTS = 48, 40, 4, 20
_AROUND_NS = 300 * _SECOND_NS
"""Time that is shown before and after the trouble, at least, where it was read."""
_TELLING = ("subnet", "az", "node", "replica")
"""Kinds of places to show where no hypothesis names one, the best first."""

_Ints = NDArray[np.int64]
_Floats = NDArray[np.float64]


class _Bins(Struct, frozen=True):
    """Equal pieces of time; one for everything without a clock."""

    start_ns: int | None
    step_ns: int
    n: int

    def at(self, at_ns: int | None) -> int | None:
        """The bin of a time; None outside and for what has no time."""
        if self.start_ns is None:
            return 0
        if at_ns is None or not self.start_ns <= at_ns < self.start_ns + self.n * self.step_ns:
            return None
        return (at_ns - self.start_ns) // self.step_ns

    def all_at(self, times: Sequence[int | None]) -> _Ints:
        """The same of many; -1 for none."""
        if self.start_ns is None:
            return np.zeros(len(times), int)
        start, step = self.start_ns, self.step_ns
        found = np.array([-1 if at is None else (at - start) // step for at in times], int)
        return np.where(found < self.n, found, -1)

    def spread(self, signs: Sequence[Sign]) -> tuple[_Ints, _Ints, _Floats]:
        """Which sign counts in which bin, and how much: a summary counts evenly over its time."""
        first = self.all_at([s.at_ns for s in signs])
        last = np.maximum(first, self.all_at([s.until_ns for s in signs]))
        n = np.where(first < 0, 0, last - first + 1)
        sign = np.repeat(np.arange(len(signs)), n)
        since = np.arange(len(sign)) - np.repeat(np.cumsum(n) - n, n)
        return sign, first[sign] + since, np.array([s.weight for s in signs])[sign] / n[sign]


_Place = tuple[str | None, str | None]
"""Member of the kind of place that is shown, and upstream."""


def cells_of(inputs: Inputs, seen: Mapping[str, Seen], groups: Sequence[Group], lead: Scope | None) -> Cells:
    """Counts of the signs of each group, in the order of the report; `lead`: the place of the first hypothesis."""
    bins = _bins(groups, seen)
    kind = _kind(inputs, lead)
    member_of = cache(lambda replica: _member(inputs, replica, kind))
    fails = Counter[_Place]()
    for group in groups:
        for kin, row in group.kin.items():
            if not kin.is_check:
                fails[member_of(kin.replica), kin.upstream] += len(row)
    places = {p: i for i, p in enumerate((*fails, None))}
    number = np.repeat(np.arange(len(groups)), [len(group.signs) for group in groups])
    place = np.full(len(number), places[None])
    before = 0
    for group in groups:
        for kin, row in group.kin.items():
            if not kin.is_check:
                place[before + np.array(row)] = places[member_of(kin.replica), kin.upstream]
        before += len(group.signs)
    sign, bin_, weight = bins.spread([s for group in groups for s in group.signs])

    def sums(row: _Ints, n_rows: int) -> _Floats:
        found: _Floats = np.bincount(row[sign] * bins.n + bin_, weight, n_rows * bins.n).astype(float)
        return found.reshape(n_rows, bins.n)

    faults = tuple(FaultRow(i, _counts(weights)) for i, weights in enumerate(sums(number, len(groups)).tolist(), 1))
    weights = dict(zip(places, sums(place, len(places)).tolist(), strict=True))
    rows = tuple(_rows(weights, fails, bins, inputs, seen, member_of))
    undated = sum([s.at_ns for s in group.lines].count(None) for group in groups) if bins.start_ns is not None else 0
    bin_s = None if bins.start_ns is None else bins.step_ns / _SECOND_NS
    return Cells(
        kind,
        bins.start_ns,
        bin_s,
        rows[:_MOST_ROWS],
        max(0, len(rows) - _MOST_ROWS),
        faults,
        _kinds(groups),
        undated,
    )


def _bins(groups: Sequence[Group], seen: Mapping[str, Seen]) -> _Bins:
    """Around the trouble; all that was read where there is none."""
    times = [t for group in groups for t in group.window or ()]
    read = [t for what in seen.values() for span in what.spans for t in span] + times
    if not read:
        return _Bins(None, 0, 1)
    first, last = min(times or read), max(times or read)
    around = max(_AROUND_NS, last - first)
    start, end = max(min(read), first - around), min(max(read), last + around)
    step = next((s for s in _STEPS_S if (end - start) // (s * _SECOND_NS) + 2 <= _MOST_BINS), None)
    step_ns = (step or 1 + (end - start) // (_SECOND_NS * (_MOST_BINS - 2))) * _SECOND_NS
    start -= start % step_ns
    return _Bins(start, step_ns, (end - start) // step_ns + 1)


def _kind(inputs: Inputs, lead: Scope | None) -> str:
    """The kind of place that tells most: the first hypothesis', else one that parts the replicas into few members."""
    if lead is not None and lead.kind in PLACE_KINDS:
        return lead.kind
    members = {kind: {_member(inputs, r, kind) for r in inputs.replicas} - {None} for kind in _TELLING}
    return next((kind for kind in _TELLING if 2 <= len(members[kind]) <= _MOST_ROWS), "replica")


def _member(inputs: Inputs, replica: str, kind: str) -> str | None:
    place = inputs.topology.places.get(replica)
    return (replica or None) if kind == "replica" else place.get(kind) if place else None


def _counts(weights: Sequence[float]) -> tuple[int, ...]:
    return tuple(max(1, round(x)) if x else 0 for x in weights)


def _rows(
    weights: Mapping[_Place | None, Sequence[float]],
    fails: Mapping[_Place, int],
    bins: _Bins,
    inputs: Inputs,
    seen: Mapping[str, Seen],
    member_of: Callable[[str], str | None],
) -> list[CellRow]:
    """Every place with every upstream that fails somewhere; the places and upstreams with most failures first."""
    by_member, by_upstream = Counter[str | None](), Counter[str | None]()
    for (member, upstream), n in fails.items():
        by_member[member] += n
        by_upstream[upstream] += n
    upstreams = [u for u, _ in by_upstream.most_common(_MOST_UPSTREAMS)] or [None]
    replicas: dict[str | None, list[str]] = defaultdict(list)
    for replica in inputs.replicas:
        replicas[member_of(replica)].append(replica)
    asked = _asked(inputs, bins, member_of)
    found = []
    for member in sorted(replicas, key=lambda m: (-by_member[m], m is None, m or "")):
        covered = [any(_covers(seen[r], bins, i) for r in replicas[member]) for i in range(bins.n)]
        for upstream in upstreams:
            counts = _counts(weights.get((member, upstream), [0.0] * bins.n))
            cells = tuple(n if n or covered[i] else None for i, n in enumerate(counts))
            found.append(CellRow(member, upstream, cells, asked.get(member)))
    quiet = [row for row in found if not any(row.failures)]
    return [row for row in found if any(row.failures)] + quiet


def _covers(seen: Seen, bins: _Bins, i: int) -> bool:
    if bins.start_ns is None:
        return seen.has_log and not seen.outside
    begin = bins.start_ns + i * bins.step_ns
    return any(first < begin + bins.step_ns and begin <= last for first, last in seen.spans)


def _asked(inputs: Inputs, bins: _Bins, member_of: Callable[[str], str | None]) -> Mapping[str | None, tuple[int, ...]]:
    """Queries asked upstream by place and bin; nothing where bins are shorter than the minutes that are counted."""
    if bins.start_ns is not None and bins.step_ns < MINUTE_NS:
        return {}
    found: dict[str | None, list[int]] = defaultdict(lambda: [0] * bins.n)
    for row in inputs.asked:
        counts = found[member_of(row.replica)]
        if row.answer in FORWARDED:
            i = bins.at(None if row.minute is None else row.minute * MINUTE_NS)
            if i is not None:
                counts[i] += row.n
    return {member: tuple(counts) for member, counts in found.items()}


def _kinds(groups: Sequence[Group]) -> tuple[FailureCount, ...]:
    """The most frequent kinds and upstreams; what is beyond the cap counts as `other`."""
    found: dict[tuple[str, str | None], int] = defaultdict(int)
    for group in groups:
        for kin, n in group.failures.items():
            if not kin.is_check:
                found[kin.kind or kin.symptom, kin.upstream] += n
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0][0], item[0][1] or ""))
    kept = [FailureCount(str(kind), upstream, n) for (kind, upstream), n in ordered[:_MOST_COUNTS]]
    rest = sum(n for _, n in ordered[_MOST_COUNTS:])
    return (*kept, FailureCount("other", None, rest)) if rest else tuple(kept)
