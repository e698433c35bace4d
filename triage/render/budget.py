"""A report that fits its target: whole items go, the least important first, and how many of each is said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import NamedTuple, TypeVar, cast

from msgspec import Struct, field
from msgspec.structs import replace

from triage.model.report import Hypothesis, Report
from triage.model.text import Text
from triage.render.words import leaders, strongest

_LONGEST = 300
"""Characters of a text where even the bare verdict does not fit: only a forged report has longer ones."""
T = TypeVar("T")


class Cut(Struct, frozen=True):
    """A report, and the part of it that is shown."""

    whole: Report
    """Sentences about all of it are made from this."""
    shown: Report
    """Lists and tables are made from this."""
    left: Mapping[str, int] = field(default_factory=dict)
    """Items left out by kind: keys of `count.` in the catalogue."""
    untold: frozenset[int] = frozenset()
    """Ranks of explanations of which only the row in the table is shown."""


Write = Callable[[Cut], str]


class _Item(NamedTuple):
    """One thing to leave out: its kind, and where it stands."""

    kind: str
    at: tuple[int, ...]


def fitted(report: Report, limit: int, write: Write, size: Callable[[str], int] = len) -> str:
    """The output of at most `limit` in size, with as few items left out as that takes."""
    whole = write(Cut(report, report))
    if size(whole) <= limit:
        return whole
    found = _fewest(report, limit, write, size)
    return found if size(found) <= limit else _fewest(_cropped(report), limit, write, size)


def _fewest(report: Report, limit: int, write: Write, size: Callable[[str], int]) -> str:
    order = list(_order(report))
    low, high = 0, len(order)
    while low < high:
        middle = (low + high) // 2
        fits = size(write(_without(report, order[:middle]))) <= limit
        low, high = (low, middle) if fits else (middle + 1, high)
    return write(_without(report, order[:low]))


def _order(report: Report) -> Iterator[_Item]:
    """Everything that may go, the least important first: what an item holds goes before the item."""
    files, replicas = [*enumerate(report.coverage.files)][::-1], [*enumerate(report.coverage.replicas)][::-1]
    heads = {h.rank for h in leaders(report)}
    hypotheses = [*enumerate(report.hypotheses)][::-1]
    yield from (_Item("file", (i,)) for i, f in files if not f.why_ignored and not f.notes)
    yield from (_Item("line", (i, j, k)) for i, h in hypotheses for j, k in _citations(h) if k)
    yield from (_Item("replica", (i,)) for i, r in replicas if r.has_log and not r.failures)
    yield from (_Item("explanation", (i,)) for i, h in hypotheses if h.rank not in heads)
    yield from (_Item("file", (i,)) for i, f in files if f.why_ignored or f.notes)
    yield from (_Item("replica", (i,)) for i, r in replicas if not r.has_log or r.failures)
    yield from (_Item("explanation", (i,)) for i, h in hypotheses if h.rank in heads and i)
    yield from (_Item("remark", (i,)) for i in reversed(range(len(report.notes))))
    yield from (_Item("gap", (i,)) for i in reversed(range(len(report.gaps))))
    for i, h in hypotheses[-1:]:
        yield from (_Item("line", (i, j, k)) for j, k in _citations(h) if not k)
        weakest = [h.evidence.index(item) for item in reversed(strongest(h.evidence))]
        yield from (_Item("statement", (i, j)) for j in dict.fromkeys(weakest))
        yield _Item("explanation", (i,))
    yield from (_Item("rival", (i,)) for i, _ in hypotheses[:-1])


def _citations(h: Hypothesis) -> list[tuple[int, int]]:
    return [(j, k) for j, item in enumerate(h.evidence) for k in range(len(item.citations))][::-1]


def _without(report: Report, gone: Collection[_Item]) -> Cut:
    lost = set(gone)

    def kept(kind: str, items: tuple[T, ...], *at: int) -> tuple[T, ...]:
        return tuple(item for i, item in enumerate(items) if _Item(kind, (*at, i)) not in lost)

    def told(i: int, h: Hypothesis) -> Hypothesis:
        cited = tuple(replace(e, citations=kept("line", e.citations, i, j)) for j, e in enumerate(h.evidence))
        return replace(h, evidence=kept("statement", cited, i))

    coverage = replace(
        report.coverage,
        files=kept("file", report.coverage.files),
        replicas=kept("replica", report.coverage.replicas),
    )
    shown = replace(
        report,
        hypotheses=kept("rival", tuple(told(i, h) for i, h in enumerate(report.hypotheses))),
        coverage=coverage,
        gaps=kept("gap", report.gaps),
        notes=kept("remark", report.notes),
    )
    untold = frozenset(report.hypotheses[item.at[0]].rank for item in gone if item.kind == "explanation")
    return Cut(report, shown, Counter(item.kind for item in gone), untold)


def _cropped(value: T) -> T:
    """The same with no text longer than `_LONGEST`."""
    if isinstance(value, str):
        return cast("T", value if len(value) <= _LONGEST else value[:_LONGEST] + "…")
    if isinstance(value, Text):
        return cast("T", Text(value.key, {k: _cropped(v) for k, v in value.params.items()}))
    if isinstance(value, tuple):
        return cast("T", tuple(_cropped(item) for item in value))
    if isinstance(value, Mapping):
        return cast("T", {k: _cropped(v) for k, v in value.items()})
    if isinstance(value, Struct):
        return replace(value, **{name: _cropped(getattr(value, name)) for name in value.__struct_fields__})
    return value
