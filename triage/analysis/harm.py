"""How much a fault harms: by its symptoms, and by what the query log says of the replicas that show it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from triage.analysis.context import Context
from triage.analysis.exposure import asked_upstream, is_meanwhile
from triage.analysis.hypotheses import Draft
from triage.analysis.rank import QUIET
from triage.analysis.sign import MINUTE_NS
from triage.model.observation import is_failed


def harm_order(context: Context, drafts: Sequence[Draft]) -> tuple[bool, float, float, str]:
    """Expected harm: P(fault) x share of queries that fail while it lasts; what fails no query comes last."""
    fault = sum(d.probability for d in drafts if d.cause not in QUIET)
    known = [u for u in context.units if u.replica]
    affected = len(context.failing) / max(1, len(known))
    expected = fault * harm_of(context) * affected * max(_share(context), 0.05)
    return drafts[0].cause in QUIET, -expected, -drafts[0].probability, context.group.family


def harm_of(context: Context) -> float:
    """That of the worst symptom."""
    rules = context.inputs.rulebook.symptoms
    return max((rules[s].harm for s in context.group.counts if s in rules), default=0.0)


def _share(context: Context) -> float:
    """Share of the queries of the affected replicas that the fault may have harmed; 1 without denominators."""
    if context.group.family == "answer":
        return _odd_share(context)
    if context.group.family == "upstream":
        share = failing_share(context)
        return 1.0 if share is None else share
    return _lost_share(context)


def failing_share(context: Context) -> float | None:
    """Share of queries asked upstream that failed in the affected replicas; None without denominators.

    Queries count, not look-ups: as many as the query log, or the errors plugin with its line for each, says. Where
    queries tell no replica, but lines of errors do, they are of the same ones. Late answers are no failures.
    """
    if all(kin.symptom == "late-answers" for kin in context.group.kin):
        return None
    lines: dict[str, float] = defaultdict(float)
    for kin, n in context.group.failures.items():
        if kin.message_id and not kin.probe:
            lines[kin.replica] += n
    units = [u for u in context.units if u.name in context.failing and u.n]
    if any(not u.name for u in units):
        lines[""] += sum(lines[r] for r in context.failing - {u.name for u in units})
    failed = [max(u.k, lines[u.name]) for u in units]
    asked = sum(max(u.n or 0.0, n) for u, n in zip(units, failed, strict=True))
    return sum(failed) / asked if asked else None


def _odd_share(context: Context) -> float:
    """Share of queries asked upstream whose answers were odd in the affected replicas."""
    asked = asked_upstream(context.inputs, context.group.zone, None)
    n = sum(asked[r][0] for r in context.failing if r in asked)
    return min(1.0, context.group.weight / n) if n else 1.0


def _lost_share(context: Context) -> float:
    """Share of all queries of the affected replicas that got no answer meanwhile."""
    window = context.group.window
    minutes = (window[0] // MINUTE_NS, window[1] // MINUTE_NS) if window else None
    n = {True: 0, False: 0}
    for row in context.inputs.observations.queries:
        if (row.replica or "") in context.failing and is_meanwhile(row, minutes):
            n[is_failed(row.rcode, row.answer)] += row.count
    return n[True] / (n[True] + n[False]) if n[False] else 1.0
