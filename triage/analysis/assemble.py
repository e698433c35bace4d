"""From inputs to the report: signs, groups, places, causes, order."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from msgspec.structs import replace

from triage.analysis import checks as checks_
from triage.analysis.cells import cells_of
from triage.analysis.context import Context
from triage.analysis.coverage import client_coverage, gaps_of, replica_coverage
from triage.analysis.exposure import Seen, seen_of, units_of
from triage.analysis.group import Group
from triage.analysis.groups import groups_of
from triage.analysis.harm import failing_share, harm_of, harm_order
from triage.analysis.hypotheses import Draft, drafts_of, fingerprint
from triage.analysis.inputs import Inputs
from triage.analysis.localize import Strengths, localize_units
from triage.analysis.names import NameSpread, common_suffix, spread_of
from triage.analysis.noise import are_alive
from triage.analysis.quiet import down, nothing, why_down
from triage.analysis.rank import QUIET, ranked, weigh
from triage.analysis.scopes import Unit
from triage.analysis.sign import Sign
from triage.analysis.signs import signs_of
from triage.analysis.statements import evidence_of
from triage.analysis.titles import titles_of
from triage.model.report import Coverage, FileCoverage, FixStep, Hypothesis, Report, Weighing, Window
from triage.model.rule import Rule
from triage.model.text import Text
from triage.model.timeline import Timeline

ENDED_NS = 120e9
"""Silence after a fault that shows that it is over, and before it that it was none."""
PAUSE_NS, MISSED = 60e9, 10.0
"""So is a shorter silence before it, of this length and of this many look-ups, had they failed at its rate."""


def analyze(
    inputs: Inputs,
    *,
    files: Sequence[FileCoverage],
    tool: Mapping[str, str],
    cluster: Mapping[str, str | None] | None,
    asked: str | None,
    keep: Callable[[object], None] | None = None,
) -> Report:
    """The report on these inputs; equal arguments give equal reports. `keep` gets what it was made of."""
    signs = signs_of(inputs)
    seen = seen_of(inputs)
    judged = judge(signs, inputs, seen)
    if keep is not None:
        keep((inputs, judged))
    gaps = (*(() if judged else why_down(inputs)), *gaps_of(inputs, seen))
    hypotheses = _hypotheses(judged, len(signs), [g.id for g in gaps], (cluster or {}).get("distribution")) or (
        nothing(inputs, seen),
    )
    first = judged[0][0] if judged else None
    groups = (first.group, *first.others) if first else ()
    times = [t for s in seen.values() for span in s.spans for t in span]
    return Report(
        generated_ns=inputs.now_ns,
        tool=tool,
        cluster=cluster,
        window=Window(asked, min(times) if times else None, max(times) if times else None),
        active=_active(first),
        hypotheses=hypotheses,
        coverage=Coverage(replica_coverage(inputs, seen, groups), tuple(files), client_coverage(inputs)),
        gaps=gaps,
        unexplained_share=_unexplained(hypotheses, judged),
        affected=affected(first, hypotheses[0]) if first else tuple(sorted(p.name for p in down(inputs))),
        failing_share=failing_share(first) if first else None,
        timelines=tuple(_timelines(judged)),
        notes=tuple(Text("note.conflict", {"what": c}) for c in inputs.topology.conflicts),
        cells=cells_of(inputs, seen, [c.group for c, _ in judged], hypotheses[0].scope),
    )


def affected(first: Context, leader: Hypothesis) -> tuple[str, ...]:
    """Replicas that show the first fault."""
    return tuple(sorted(r for r in first.failing if r)) if leader.cause not in QUIET else ()


def judge(signs: Sequence[Sign], inputs: Inputs, seen: Mapping[str, Seen]) -> list[tuple[Context, tuple[Draft, ...]]]:
    """Every group with its explanations, the most harmful first."""
    judged = absorbed(_judged(contexts_of(signs, inputs, seen), inputs))
    return sorted(judged, key=lambda pair: harm_order(*pair))


def contexts_of(signs: Sequence[Sign], inputs: Inputs, seen: Mapping[str, Seen]) -> list[Context]:
    """Groups with their units and localisation."""
    strengths = Strengths(**inputs.numbers("localize"))
    groups = groups_of(signs, inputs)
    found = []
    for group in groups:
        units = units_of(inputs, group, seen)
        others = tuple(g for g in groups if g is not group)
        place = localize_units(units, strengths, clocked=group.window is not None)
        found.append(Context(inputs, group, others, units, place, seen, _spread(group, units, inputs)))
    return found


def _spread(group: Group, units: Sequence[Unit], inputs: Inputs) -> NameSpread:
    """How the failing names of a group spread over zones; probes name none."""
    down = any(kin.symptom == "health-check-failures" for kin in group.kin)
    if group.family != "upstream" or group.zone is not None or down:
        return NameSpread(None, known=False)
    real = [s for s in group.signs if s.qname and not s.probe and not s.symptom.startswith("overload")]
    names = sorted({s.qname for s in real if s.qname})
    if not names:
        return NameSpread(None, known=False)
    if common_suffix(names) is None:
        return NameSpread(None)
    failing = {s.replica for s in real}
    asked = [u.n for u in units if u.name in failing]
    n_asked = sum(n for n in asked if n is not None) if asked and all(n is not None for n in asked) else None
    spread = spread_of(names, sum(Group(group.family, tuple(real)).by_replica.values()), n_asked)
    if spread.suffix and are_alive(names, group, inputs):
        return replace(spread, suffix=None)
    other = [u for u in units if u.checked is False and not u.replica]
    return replace(spread, by_chance=min(spread.by_chance, 0.3)) if other and spread.suffix else spread


def _judged(contexts: Sequence[Context], inputs: Inputs) -> list[tuple[Context, tuple[Draft, ...]]]:
    """Weigh every group. A further fault beside the clearest one is rarer than a first: noise then explains more."""
    causes = [weigh(c, inputs.rulebook) for c in contexts]
    first = [ranked(weights) for weights in causes]
    harmful = [i for i, c in enumerate(contexts) if harm_of(c) > 0.0]
    fault = [sum(p for w, p in weights if w.rule.id not in QUIET) for weights in first]
    clearest = max(harmful, key=lambda i: (fault[i], len(contexts[i].group.signs)), default=None)
    beside = inputs.numbers("groups").get("benign_beside", 1.0)
    found = []
    for i, (context, weights) in enumerate(zip(contexts, first, strict=True)):
        if i in harmful and clearest is not None and i != clearest and fault[clearest] > 0.5:
            weights = ranked(causes[i], {"benign": beside})
        if weights:
            found.append((context, drafts_of(weights, context)))
    return found


def absorbed(judged: list[tuple[Context, tuple[Draft, ...]]]) -> list[tuple[Context, tuple[Draft, ...]]]:
    """A cause that leads two groups in the same replicas is one fault: the smaller group's lines are its effect."""
    kept: list[tuple[Context, tuple[Draft, ...]]] = []
    for context, drafts in sorted(judged, key=lambda pair: -len(pair[0].group.signs)):
        twin = next(
            (c for c, d in kept if d[0].cause == drafts[0].cause == "node-network" and c.failing & context.failing),
            None,
        )
        if twin is None:
            kept.append((context, drafts))
    return kept


def _active(context: Context | None) -> bool | None:
    """Is it still happening: does the last episode reach to the end of what was read of the replicas that show it?"""
    if context is None or not context.episodes or context.covered is None:
        return None
    return _goes_on(context)


def _goes_on(context: Context) -> bool:
    """Two minutes, or a twentieth of the fault's length, without a failure are no end."""
    assert context.group.window is not None
    first, last = context.group.window
    end = max([last, *(b for s in context.seen.values() for _, b in s.spans)])
    return end - last <= max(ENDED_NS, 0.05 * (last - first))


def _timelines(judged: Sequence[tuple[Context, Sequence[Draft]]]) -> Iterator[Timeline]:
    """When each fault was on. A suspicion of a configuration, and what has no clock, has no times."""
    for number, (context, drafts) in enumerate(judged, 1):
        episodes = context.episodes
        if not episodes or drafts[0].cause in QUIET or context.covered is None:
            continue
        first = episodes[0]
        onset, end = first.first_ns, episodes[-1].last_ns
        before = onset - context.covered[0]
        missed = first.n_failures * before / max(1, first.last_ns - onset)
        yield Timeline(
            group=number,
            onset_ns=onset,
            onset_seen=before > max(ENDED_NS, 0.05 * (end - onset)) or (before > PAUSE_NS and missed > MISSED),
            end_ns=None if _goes_on(context) else end,
            episodes=episodes,
            changes=context.changes,
        )


def _unexplained(hypotheses: Sequence[Hypothesis], judged: Sequence[tuple[Context, Sequence[Draft]]]) -> float:
    """Share of the signs whose group is led by `unknown`."""
    whole = sum(len(c.group.signs) for c, _ in judged)
    lost = sum(len(c.group.signs) for c, d in judged if d[0].cause == "unknown")
    return lost / whole if whole else 0.0


def configured(context: Context) -> tuple[str, ...]:
    """The servers that the failing replicas must have asked, when no line names one: their whole list failed.

    A wrong answer may have come from any one of a list.
    """
    if context.group.family not in {"upstream", "answer"}:
        return ()
    zone = context.group.zone or "."
    rows = [context.inputs.configuration.of(r or None, zone) for r in sorted(context.failing)]
    servers = tuple(dict.fromkeys(u for row in rows if row is not None for u in row.upstreams))
    return servers if context.group.family == "upstream" or len(servers) == 1 else ()


def told(draft: Draft) -> tuple[str, ...]:
    """The server that a measure of the cause found: a loopback address in a resolv.conf."""
    found = [t.finding.params.get("upstream") for t in draft.weight.terms if t.finding.value]
    names = [str(u) for u in found if u]
    return tuple(n if ":" in n.strip("[") else f"{n}:53" for n in dict.fromkeys(names))


def _fixes(rule: Rule, distribution: str | None, *, leads: bool) -> tuple[FixStep, ...]:
    """Cures of this distribution; where it is not known, the first explanation of a fault tells those of all."""
    here = f"when.{distribution}"
    told = any(f.when == here for f in rule.fixes)
    kept = (f for f in rule.fixes if f.when is None or f.when == here or (leads and not told))
    return tuple(FixStep(Text(f.text), Text(f.when) if f.when else None) for f in kept)


def _weighing(draft: Draft, context: Context) -> Weighing:
    weight = draft.weight
    counts = weight.log_counts - context.localization.none
    return Weighing(weight.log_odds, weight.log_symptoms, counts, weight.log_terms, draft.cause_probability)


def _hypotheses(
    judged: Sequence[tuple[Context, tuple[Draft, ...]]], n_signs: int, gaps: Collection[str], distribution: str | None
) -> tuple[Hypothesis, ...]:
    found: list[Hypothesis] = []
    taken: set[str] = set()
    for number, (context, drafts) in enumerate(judged, 1):
        upstreams = context.group.upstreams or configured(context)
        steps = checks_.choose(drafts, context, upstreams, gaps)
        titles = titles_of(drafts, context)
        for position, draft in enumerate(drafts):
            rule = draft.weight.rule
            named = upstreams or told(draft)
            upstream = named[0] if named and rule.names_upstream else None
            place = f"{draft.scope.kind}={draft.scope.member}" if draft.scope else None
            beside = found[len(found) - position].id if position else ""  # `benign` of another fault is another answer
            names = (
                fingerprint(draft.cause, upstream, draft.zone, n) for n in (None, place, beside, f"{number}.{position}")
            )
            identity = next(name for name in names if name not in taken)
            taken.add(identity)
            window = context.group.window
            found.append(
                Hypothesis(
                    id=identity,
                    rank=len(found) + 1,
                    group=number,
                    cause=draft.cause,
                    title=titles[position],
                    probability=draft.probability,
                    severity=rule.severity,
                    upstream=upstream,
                    upstreams=named if upstream else (),
                    zone=draft.zone,
                    scope=draft.scope,
                    explained_share=len(context.group.signs) / n_signs if n_signs else 0.0,
                    first_ns=window[0] if window else None,
                    last_ns=window[1] if window else None,
                    prior=math.exp(draft.weight.log_prior),
                    evidence=evidence_of(draft, context),
                    next_checks=steps.get(position, ()),
                    fix=_fixes(rule, distribution, leads=position == 0),
                    references=rule.references,
                    weighing=_weighing(draft, context),
                )
            )
    return tuple(replace(h, rank=i) for i, h in enumerate(found, 1))
