"""How probable each cause of a group is, and where: Bayes over causes, then over scopes.

    log P(cause | group) = log prior + a log P(symptoms | cause) + b log Σ_S P(S | cause) L(S) + c Σ log ratio of terms

a, b, c are 1 for parts that are independent and exactly known; what they are is fitted (`rules/calibration.yaml`).

What the localiser has counted (numbers of failures, presence, silence of others) enters once, through L(S).
`benign` competes with the likelihood of mere noise, `unknown` with that of a rate of its own for every replica.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from triage.analysis.context import Context, Finding
from triage.analysis.group import Group
from triage.analysis.localize import evidence, posterior
from triage.analysis.measures import MEASURES, over_after_start
from triage.analysis.special import logsumexp
from triage.model.rule import Rule, Rulebook, Term

QUIET = ("benign", "unknown")


class Calibration(Struct, frozen=True):
    """What a fit on evidence with known truth says of the parts of a weight."""

    symptoms: float = 1.0
    counts: float = 1.0
    terms: float = 1.0
    benign: float = 1.0
    """Factor of the prior of `benign`."""

    @classmethod
    def of(cls, rulebook: Rulebook) -> Calibration:
        """As the rules have it; all ones without a calibration."""
        table = rulebook.parameters.get("calibration", {})
        assert isinstance(table, Mapping)
        return cls(**{name: float(value) for name, value in table.items() if name in cls.__struct_fields__})


GROUP_CAP = math.log(20.0)
UNLISTED = 0.01
"""P(symptom | cause) where a rule does not name the symptom."""


class Weighed(Struct, frozen=True):
    """A term of a rule with what it found."""

    term: Term
    finding: Finding
    log_ratio: float
    """As it was counted: 0 when untested, only shown, or weaker than its group's strongest."""


class CauseWeight(Struct, frozen=True):
    """A cause of a group with the parts of its weight."""

    rule: Rule
    log_prior: float
    log_symptoms: float
    log_counts: float
    terms: tuple[Weighed, ...]
    scopes: NDArray[np.float64]
    """Posterior over the localisation's scopes, given this cause; empty for causes without a place."""
    log_odds: float = 0.0
    """Factor of the prior for circumstances."""

    @property
    def total(self) -> float:
        """Unnormalised log weight."""
        return self.log_prior + self.log_odds + self.log_symptoms + self.log_counts + self.log_terms

    @property
    def log_terms(self) -> float:
        """What the terms add."""
        return sum(t.log_ratio for t in self.terms)


SECONDARY = 0.1
"""The same for symptoms beside the leading one: company is less telling than the lead."""


HICCUP = 0.5
"""Share of noise that is a late start of the network, where the trouble stopped soon after a start."""
HICCUP_UNSEEN = 0.1
"""The same where nothing shows whether it stopped, but `loop` probes, which only a start makes, are most of it."""
MOSTLY = 0.75


def weigh(context: Context, rulebook: Rulebook) -> tuple[CauseWeight, ...]:
    """Every cause that can show the group's symptoms."""
    fit = Calibration.of(rulebook)
    return tuple(_weigh(rule, context, fit) for rule in rulebook.rules.values() if _can_show(rule, context))


def ranked(
    causes: Sequence[CauseWeight], odds: Mapping[str, float] = MappingProxyType({})
) -> tuple[tuple[CauseWeight, float], ...]:
    """Causes of a group with their probabilities, the most probable first; `odds` multiplies the prior of a cause."""
    if not causes:
        return ()
    weights = [replace(w, log_odds=math.log(odds[w.rule.id])) if w.rule.id in odds else w for w in causes]
    logs = np.array([w.total for w in weights])
    probabilities = np.exp(logs - logsumexp(logs))
    pairs = zip(weights, (float(p) for p in probabilities), strict=True)
    return tuple(sorted(pairs, key=lambda pair: (-pair[1], pair[0].rule.id)))


def _can_show(rule: Rule, context: Context) -> bool:
    return rule.id in QUIET or any(symptom in rule.symptoms for symptom in context.group.counts)


def _weigh(rule: Rule, context: Context, fit: Calibration) -> CauseWeight:
    place = context.localization
    if rule.id == "benign":
        counts, scopes = _quiet_counts(context), np.zeros(0)
    elif rule.id == "unknown":
        counts, scopes = place.saturated, np.zeros(0)
    else:
        kinds = rule.scopes or {"cluster": 1.0}
        scopes = posterior(place.scopes, kinds)
        counts = evidence(place.scopes, kinds)
    counts += context.names.log(rule.zone_share)
    prior = rule.prior * (fit.benign if rule.id == "benign" else 1.0)
    return CauseWeight(
        rule,
        math.log(prior),
        fit.symptoms * _log_symptoms(rule, context),
        place.none + fit.counts * (counts - place.none),
        weigh_terms(rule.terms, context, fit.terms),
        scopes,
    )


def _quiet_counts(context: Context) -> float:
    """Failures without a fault: by noise, or by a network that was not ready when the replicas started."""
    place, over = context.localization, over_after_start(context).value
    share = HICCUP if over else HICCUP_UNSEEN if over is None and _at_start(context.group) else 0.0
    if not share:
        return place.none
    return float(np.logaddexp(place.none, math.log(share) + evidence(place.scopes, {"cluster": 1.0})))


def _at_start(group: Group) -> bool:
    """Whether most of it are probes."""
    return sum(s.weight for s in group.signs if s.probe) >= MOSTLY * sum(s.weight for s in group.signs)


def _log_symptoms(rule: Rule, context: Context) -> float:
    """P(symptoms | cause): the leading symptom in full, the others by their share of the failures."""
    counts = context.group.counts
    whole = sum(counts.values()) or 1.0
    leading = max(counts, key=lambda s: (counts[s], s))
    total = math.log(rule.symptoms.get(leading, UNLISTED))
    for symptom in counts.keys() - {leading}:
        p = max(rule.symptoms.get(symptom, UNLISTED), SECONDARY)
        total += math.log(p) * min(1.0, 2.0 * counts[symptom] / whole)
    return total


def weigh_terms(terms: Sequence[Term], context: Context, share: float = 1.0) -> tuple[Weighed, ...]:
    """Measure every term; of a correlated group only the strongest ratio counts, each bounded, `share` of its log."""
    found = []
    for term in terms:
        finding = _measured(term, context)
        found.append((term, finding, log_ratio(term, finding.value)))
    strongest: dict[str, float] = {}
    for term, _, ratio in found:
        if term.group and term.counted and abs(ratio) > abs(strongest.get(term.group, 0.0)):
            strongest[term.group] = ratio
    weighed = []
    for term, finding, ratio in found:
        counts = term.counted and (term.group is None or ratio == strongest.get(term.group))
        if term.group and counts:
            strongest[term.group] = math.nan
        weighed.append(Weighed(term, finding, share * max(-GROUP_CAP, min(GROUP_CAP, ratio)) if counts else 0.0))
    return tuple(weighed)


def _measured(term: Term, context: Context) -> Finding:
    """What a measure finds; several rules ask the same of a context."""
    asked = (term.measure, *term.args.items())
    if asked not in context.findings:
        measure, _ = MEASURES[term.measure]
        context.findings[asked] = measure(context, **term.args)
    return context.findings[asked]


def log_ratio(term: Term, value: float | None) -> float:
    """Log of P(found | cause) / P(found | otherwise); 0 when untested.

    >>> round(log_ratio(Term("x", "m", p_if_cause=0.9, p_otherwise=0.1), 1.0), 2)
    2.2
    >>> log_ratio(Term("x", "m"), None)
    0.0
    """
    if value is None:
        return 0.0
    if term.levels:
        level = next((x for x in term.levels if value <= x.upto), term.levels[-1])
        return math.log(level.p_if_cause / level.p_otherwise)
    if value > 0:
        return math.log(term.p_if_cause / term.p_otherwise)
    return math.log((1.0 - term.p_if_cause) / (1.0 - term.p_otherwise))
