"""Lines counted between two events, by part."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from triage.reading.block import Bools, Ints
from triage.reading.columns import NO_TIME
from triage.reading.native import MAX_PARTS, Row


class _Run(Struct):
    """Lines of one part between two events."""

    number: int
    queries: int = 0
    errors: int = 0
    outside: int = 0
    first: int = NO_TIME
    last: int = -1
    out_first: int = NO_TIME
    out_last: int = -1
    filtered: bool = False

    def row(self, event: int, part: int) -> Row:
        times = (_time(self.first), _time(self.last), _time(self.out_first), _time(self.out_last))
        return (event, part, self.number, self.queries, self.errors, self.outside, *times, int(self.filtered))


def _time(at_ns: int) -> int | None:
    return None if at_ns in (NO_TIME, -1) else at_ns


class Runs:
    """Runs by event and part."""

    def __init__(self) -> None:
        self._runs: dict[tuple[int, int], _Run] = {}

    def rows(self) -> list[Row]:
        """All of them, in their order."""
        return [run.row(*key) for key, run in sorted(self._runs.items())]

    def add(self, number: Ints, at_ns: Ints, part: Ints, event: Ints, inside: Bools, *, errors: bool) -> None:
        """Count lines of errors, or of queries, by columns; `event` is the number of events before each."""
        code = event * MAX_PARTS + part
        order = np.argsort(code, kind="stable")
        starts = np.flatnonzero(np.diff(code[order], prepend=-1))
        at_ns, inside = at_ns[order], inside[order]
        last_ns = np.where(at_ns == NO_TIME, -1, at_ns)
        columns = [
            code[order][starts],
            number[order][starts],
            np.diff(starts, append=len(order)),
            np.add.reduceat(inside.astype(np.int64), starts),
            np.minimum.reduceat(np.where(inside, at_ns, NO_TIME), starts),
            np.maximum.reduceat(np.where(inside, last_ns, -1), starts),
            np.minimum.reduceat(np.where(inside, NO_TIME, at_ns), starts),
            np.maximum.reduceat(np.where(inside, -1, last_ns), starts),
        ]
        for key, begin, n_all, n, first, last, out_first, out_last in zip(*(c.tolist() for c in columns), strict=True):
            run = self._runs.setdefault(divmod(key, MAX_PARTS), _Run(begin))
            run.number = min(run.number, begin)
            run.first, run.last = min(run.first, first), max(run.last, last)
            run.filtered |= n < n_all
            if errors:
                run.errors += n
                run.outside += n_all - n
                run.out_first, run.out_last = min(run.out_first, out_first), max(run.out_last, out_last)
            else:
                run.queries += n
