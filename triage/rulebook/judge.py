"""Compares a report with what a case expects of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import cast

from msgspec import Struct

QUIET = frozenset({"benign", "unknown", "none"})
"""Answers that claim nothing; `none` stands for an empty list."""
SCOPED: Mapping[str, str] = MappingProxyType({"upstream-unreachable": "upstream-unreachable-scoped"})
"""The name of a cause whose scope is narrower than the cluster: the same rule, another word in reports."""
ABSENT_BELOW = 0.2
"""Probability that all causes of `absent` together may keep: a competitor is never quite impossible."""
_CERTAIN_FROM: Mapping[str, float] = MappingProxyType({"yes": 1.01, "partly": 0.95, "no": 0.7})
"""What the evidence decides in part must not be called certain, what it does not decide not even likely."""


class Expectation(Struct, frozen=True):
    """The verdict that the evidence of a case supports."""

    first: tuple[str, ...]
    """One to three acceptable causes at rank 1, the best first; `none`: nothing may be claimed."""
    decidable: str = "yes"
    """yes, partly, no: from the evidence of the case alone."""
    upstreams: tuple[str, ...] | None = None
    """One of them must be named by the first hypothesis; empty: it must name none; None: not asked."""
    scope: tuple[str, tuple[str | None, ...]] | None = None
    """Kind and acceptable members of its place; an empty kind: nothing narrower than the cluster; None: not asked."""
    absent: tuple[str, ...] = ()
    """Causes that must get no probability to speak of."""
    min_probability: float = 0.0
    max_probability: float = 1.0


def judge(expect: Expectation, report: Mapping[str, object], *, never_first: str | None = None) -> tuple[str, ...]:
    """What is wrong with a report (`-o json` as plain data); empty: nothing.

    >>> judge(Expectation(("benign",)), {"hypotheses": [{"cause": "conntrack", "probability": 0.8}]})
    ('first is conntrack (0.80), expected benign',)
    """
    found = cast("Sequence[Mapping[str, object]]", report.get("hypotheses") or ())
    first = found[0] if found else {"cause": "none", "probability": 1.0}
    cause = str(first["cause"])
    accepted = set(expect.first) | (QUIET if QUIET & set(expect.first) else set())
    out: list[str] = []
    if cause not in accepted:
        out.append(f"first is {cause} ({_p(first):.2f}), expected {' or '.join(expect.first)}")
    elif never_first is not None and cause in (never_first, SCOPED.get(never_first)):
        out.append(f"first is {cause} ({_p(first):.2f}), which this case only resembles")
    out.extend(_absent(expect, found))
    if found and cause in accepted:
        out.extend(_probability(expect, first))
    if cause in accepted - QUIET:
        out.extend(_details(expect, first))
    return tuple(out)


def _p(hypothesis: Mapping[str, object]) -> float:
    """The probability of a hypothesis."""
    return float(cast("float", hypothesis.get("probability") or 0.0))


def _absent(expect: Expectation, found: Sequence[Mapping[str, object]]) -> Iterator[str]:
    """Probability on causes that the evidence excludes."""
    words = {word for cause in expect.absent for word in (cause, SCOPED.get(cause, cause)) if word not in expect.first}
    held = {str(one["cause"]): _p(one) for one in found if one["cause"] in words}
    if sum(held.values()) >= ABSENT_BELOW:
        yield f"{', '.join(f'{cause} has {p:.2f}' for cause, p in held.items())}; the evidence excludes it"


def _probability(expect: Expectation, first: Mapping[str, object]) -> Iterator[str]:
    """The first hypothesis is neither too sure nor too timid."""
    p, limit = _p(first), 1.01 if first["cause"] in QUIET else _CERTAIN_FROM[expect.decidable]
    if not expect.min_probability <= p <= expect.max_probability:
        yield f"probability is {p:.3f}, expected {expect.min_probability:g} to {expect.max_probability:g}"
    elif p >= limit:
        yield f"probability is {p:.3f}, too sure for evidence that decides it '{expect.decidable}'; below {limit:g}"


def _details(expect: Expectation, first: Mapping[str, object]) -> Iterator[str]:
    """Upstream and place of the first hypothesis."""
    upstream = first.get("upstream")
    if expect.upstreams is not None and upstream not in (expect.upstreams or (None,)):
        yield f"upstream is {upstream}, expected {' or '.join(expect.upstreams) or 'none'}"
    if expect.scope is not None:
        yield from _place(expect.scope, cast("Mapping[str, object] | None", first.get("scope")))


def _place(want: tuple[str, tuple[str | None, ...]], scope: Mapping[str, object] | None) -> Iterator[str]:
    """The expected place is the scope or one that cannot be told from it."""
    kind, members = want
    twins = cast("Sequence[Mapping[str, object]]", scope.get("indistinguishable") or ()) if scope else ()
    named = [(one.get("kind"), one.get("member")) for one in (scope, *twins) if one]
    said = ", ".join(f"{what} {which or ''}".strip() for what, which in named) or "none"
    if not kind and any(what != "cluster" for what, _ in named):
        yield f"scope is {said}, expected no place narrower than the cluster"
    elif kind and not any(what == kind and which in members for what, which in named):
        yield f"scope is {said}, expected {kind} {' or '.join(one or '' for one in members)}".rstrip()
