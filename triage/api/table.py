"""The localiser on anybody's own table: how probable it is that failures hold in this or that place."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from triage.api.columns import SCOPE_COLUMNS, frame_of
from triage.errors import TriageError

if TYPE_CHECKING:
    import pandas as pd

    from triage.analysis.classes import ScopeClass
    from triage.analysis.scopes import Unit

NONE = "none"
"""Row of `localize` for "these failures are noise"."""
_PARTS = ("subnet", "az", "pool", "role", "kernel", "pod-range")
"""Kinds of place that a column can stand for, those first whose names are preferred where several fit as well."""
_NARROW = ("node", "replica")
"""The same for columns of just this name: who is not known to be on a node is not taken to be there."""
_CLUSTER, _SOME = "cluster", "some"
_PRIOR = {_CLUSTER: 0.3, _SOME: 0.03}
"""Prior of the fault that holds everywhere, and of one whose rows share no value; the columns share the rest."""


def localize(
    frame: pd.DataFrame,
    failures: str = "k",
    queries: str | None = "n",
    by: Sequence[str] = ("subnet", "node"),
    *,
    prior: float = 0.5,
    noise: float = 0.004,
) -> pd.DataFrame:
    """Where the failures of a table hold: a probability for each value of each column, by likelihood with exposure.

    One fault is looked for; take the rows inside it out and call again to look for a second.

    Args:
        frame: one row for each thing that was asked (a replica, a node, a cell); 1,200 rows take about 0.1 s.
        failures: column of failed queries, ≥ 0; NA: nobody looked there, so it says nothing.
        queries: column of queries asked, ≥ failures, NA where nothing counts them; None, or no column `n`: nowhere.
        by: columns whose values are candidate places, wide ones first, at most 6; NA is an unknown place, no value.
        prior: probability that there is any fault, before the table is seen.
        noise: share of queries that fail without a fault (where queries are counted).

    Returns:
        `SCOPE_COLUMNS`: a row for each class of places that the table cannot tell apart (`also` names the twins), one
        for `cluster` (everywhere), one for `none` (noise), perhaps one for `some` (rows that share no value).
        Probabilities add up to 1.

    Raises:
        TriageError: a column is missing or is no number, counts contradict each other, there is no row.

    >>> import pandas as pd
    >>> table = pd.DataFrame(
    ...     {"subnet": ["master", "master", "worker", "worker"], "node": ["m1", "m2", "n1", "n2"],
    ...      "k": [31, 28, 0, 1], "n": [400, 380, 410, 395]}
    ... )
    >>> found = localize(table)
    >>> found.loc[0, ["kind", "member", "rows"]].tolist()
    ['subnet', 'master', (0, 1)]
    >>> bool(found.probability[0] > 0.9), round(float(found.probability.sum()), 9)
    (True, 1.0)
    """
    from triage.analysis.classes import classes_of
    from triage.analysis.localize import Strengths, evidence, localize_units, posterior

    if not 0 < prior < 1 or not 0 < noise < 1:
        raise TriageError("prior and noise are probabilities", hint="give numbers between 0 and 1, both excluded")
    kinds = _kinds(frame, by)
    units = list(_units(frame, failures, queries, kinds))
    weights = {_CLUSTER: _PRIOR[_CLUSTER], _SOME: _PRIOR[_SOME]}
    weights |= dict.fromkeys(kinds, (1 - sum(weights.values())) / len(kinds))
    found = localize_units(units, Strengths(noise_rate=noise))
    shares = posterior(found.scopes, weights)
    odds = math.log(prior / (1 - prior)) + evidence(found.scopes, weights) - found.none
    fault = 1 / (1 + math.exp(-odds)) if odds > -700 else 0.0
    classes = classes_of(found.scopes, shares, units)
    everywhere = next(float(p) for s, p in zip(found.scopes, shares, strict=True) if s.candidate.kind == _CLUSTER)
    table = _Table(frame, units, kinds)
    rows = list(table.of_classes(classes, fault, everywhere))
    rows.append(table.row(NONE, None, 1 - fault, (), ()))
    rows.sort(key=lambda row: -row[2])
    return frame_of(SCOPE_COLUMNS, rows)


def _kinds(frame: pd.DataFrame, by: Sequence[str]) -> Mapping[str, str]:
    """Kind of place that the localiser knows to the column that plays its part; our own names play themselves."""
    columns = [by] if isinstance(by, str) else list(by)
    for column in columns:
        _column(frame, column)
    own = [column for column in columns if column in (*_PARTS, *_NARROW)]
    others = [column for column in columns if column not in own]
    free = [part for part in _PARTS if part not in own]
    if not columns or len(set(columns)) != len(columns) or len(others) > len(free):
        raise TriageError(f"by names {len(columns)} columns", hint=f"name 1 to {len(_PARTS)} different columns")
    return {**{column: column for column in own}, **dict(zip(free, others, strict=False))}


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame.columns:
        raise TriageError(f"the table has no column '{name}'", hint=f"it has {', '.join(map(str, frame.columns))}")
    if list(frame.columns).count(name) > 1:
        raise TriageError(f"the table has several columns '{name}'", hint="give each its own name")
    return frame[name]


def _numbers(frame: pd.DataFrame, name: str) -> list[float | None]:
    """The numbers of a column; None for NA."""
    found: list[float | None] = []
    for value in _column(frame, name).tolist():
        if value is None or value != value or str(value) == "<NA>":
            found.append(None)
            continue
        if isinstance(value, str | bytes) or not hasattr(value, "__float__") or not 0 <= float(value) < math.inf:
            raise TriageError(f"column '{name}': {value!r} is no count", hint="counts are numbers from 0 on, or NA")
        found.append(float(value))
    return found


def _units(frame: pd.DataFrame, failures: str, queries: str | None, kinds: Mapping[str, str]) -> Iterator[Unit]:
    from triage.analysis.scopes import Unit

    if not len(frame):
        raise TriageError("the table has no row", hint="give one row for each thing that was asked")
    counted = queries is not None and (queries != "n" or queries in frame.columns)
    failed = _numbers(frame, failures)
    asked = _numbers(frame, queries) if counted and queries is not None else [None] * len(failed)
    places = {kind: frame[column].tolist() for kind, column in kinds.items()}
    known = {kind: (~frame[column].isna()).tolist() for kind, column in kinds.items()}
    for i, (k, n) in enumerate(zip(failed, asked, strict=True)):
        if k is not None and n is not None and k > n:
            raise TriageError(
                f"row {frame.index[i]}: {k:.12g} of {n:.12g} queries failed", hint="count failures in queries"
            )
        attrs = {kind: str(places[kind][i]) for kind in kinds if known[kind][i]}
        yield Unit(str(i), attrs, k or 0.0, None if k is None else n, coverage=0.0 if k is None else 1.0)


_Row = tuple[object, object, float, object, object, int, float, float]


class _Table:
    """The table beside its units: what stands inside a place."""

    def __init__(self, frame: pd.DataFrame, units: Sequence[Unit], kinds: Mapping[str, str]) -> None:
        self._frame = frame
        self._units = units
        self._kinds = kinds

    def of_classes(self, classes: Sequence[ScopeClass], fault: float, everywhere: float) -> Iterator[_Row]:
        """The classes, and the cluster on its own where it was too improbable to be one."""
        told = any(_CLUSTER in {c.scope.kind, *(t.kind for t in c.scope.indistinguishable)} for c in classes)
        rest = fault if told else fault * (1 - everywhere)
        for each in classes:
            inside = tuple(int(name) for name in each.scope.replicas)
            twins = tuple(self._named(twin.kind, twin.member) for twin in each.scope.indistinguishable)
            yield self.row(*self._named(each.scope.kind, each.scope.member), rest * each.share, twins, inside)
        if not told:
            yield self.row(_CLUSTER, None, fault * everywhere, (), tuple(range(len(self._units))))

    def _named(self, kind: str, member: str | None) -> tuple[str, object]:
        """Column and value of a place, as the table has them."""
        column = self._kinds.get(kind)
        if column is None:
            return kind, None
        values = self._frame[column].tolist()
        return column, next(v for u, v in zip(self._units, values, strict=True) if u.attrs.get(kind) == member)

    def row(
        self, kind: str, member: object, probability: float, also: tuple[object, ...], inside: Sequence[int]
    ) -> _Row:
        """One row of the answer."""
        units = [self._units[i] for i in inside]
        queries = [math.nan if u.n is None else u.n for u in units] or [math.nan]
        labels = tuple(self._frame.index[i] for i in inside)
        return kind, member, probability, also, labels, len(labels), sum(u.k for u in units), sum(queries)
