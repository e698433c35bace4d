"""Knowledge as data: what `rules/` holds, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct, field

Effect = Literal["reads", "creates-pod", "needs-root"]
Severity = Literal["outage", "degraded", "none"]


class Level(Struct, frozen=True):
    """One step of a graded measure: values up to `upto` have these two probabilities."""

    upto: float
    p_if_cause: float
    p_otherwise: float


class Term(Struct, frozen=True):
    """One piece of evidence of a rule: what is measured, and how likely it is with and without the cause."""

    id: str
    measure: str
    """Name of a function in `analysis.measures`."""
    args: Mapping[str, object] = field(default_factory=dict)
    p_if_cause: float = 0.5
    p_otherwise: float = 0.5
    levels: tuple[Level, ...] = ()
    """For graded measures; ordered by `upto`, the last one is infinite. Empty for yes/no measures."""
    group: str | None = None
    """Correlated terms share a group; only the strongest of it counts."""
    counted: bool = True
    """False: shown as evidence, but the localiser has counted it already."""


class Outcome(Struct, frozen=True):
    """One possible outcome of a check and what it means (catalogue key)."""

    id: str
    outcome: str
    means: str
    p: Mapping[str, float] = field(default_factory=dict)
    """Cause (or `cause/scope-kind`) to probability of this outcome; `otherwise` for the rest."""


class Check(Struct, frozen=True):
    """A command whose outcome moves probabilities."""

    id: str
    command: str
    """Template; `{upstream_ip}`, `{qname}` … are validated and shell-quoted when filled."""
    where: str
    """Catalogue key of the place to run it: `where.affected-node`, `where.other-node`, `where.anywhere` …"""
    effect: Effect
    outcomes: tuple[Outcome, ...]
    cost: float = 1.0
    """Relative: rights, risk, time. Reading locally 1, a pod 3, root 4."""
    separates: tuple[str, ...] = ()
    """Causes that its outcome tells apart."""
    needs: tuple[str, ...] = ()
    """Names that must be fillable (`upstream_ip`, `node` …), else the check is not offered."""
    fills: str | None = None
    """Gap that its output fills (`no-pod-list`): offered only, and then first, when that gap is there."""


class Fix(Struct, frozen=True):
    """What cures the cause; `text` is a catalogue key, `when` a condition on distribution or situation."""

    text: str
    when: str | None = None


class Rule(Struct, frozen=True):
    """One cause."""

    id: str
    prior: float
    severity: Severity
    symptoms: Mapping[str, float]
    """Symptom id to the probability that this cause shows it; what is not named is unlikely."""
    scopes: Mapping[str, float]
    """Scope kind to prior weight: where this cause strikes. Empty: the cause has no place."""
    terms: tuple[Term, ...]
    checks: tuple[Check, ...]
    fixes: tuple[Fix, ...]
    references: tuple[str, ...]
    look_alikes: tuple[str, ...]
    names_upstream: bool
    """True when the cause is about an upstream and must name it."""
    file: str
    zone_share: float = 0.05
    """Share of this cause's faults that concern only the names of one zone (dead delegation, lame servers)."""
    titles: frozenset[str] = frozenset()
    """Variants of the title that have a text: `scoped`, `zone` …"""


class SymptomMatch(Struct, frozen=True):
    """A condition on a line's meaning; every field that is set must hold."""

    message: tuple[str, ...] = ()
    label: tuple[str, ...] = ()
    plugin: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    proto: tuple[str, ...] = ()
    level: tuple[str, ...] = ()
    probe: bool | None = None


class SymptomRule(Struct, frozen=True):
    """A kind of trouble that lines can show, independent of its cause."""

    id: str
    family: str
    """Symptoms of one family that hold in the same replicas at the same time are one fault: upstream, api, config …"""
    matches: tuple[SymptomMatch, ...]
    harm: float
    """Share of a replica's queries that fail while it lasts, 0 … 1."""
    severity: Severity = "degraded"


class Rulebook(Struct, frozen=True):
    """All rules, symptoms and texts; `texts` maps language → key → template."""

    rules: Mapping[str, Rule]
    symptoms: Mapping[str, SymptomRule]
    texts: Mapping[str, Mapping[str, str]]
    version: str
    """Hash over all files of the rules."""
    files: tuple[str, ...] = ()
    parameters: Mapping[str, object] = field(default_factory=dict)
    """Numbers of the analysis (`rules/parameters.yaml`) with their provenance."""

    def rule_of(self, cause: str) -> Rule | None:
        """The rule of a cause; `upstream-unreachable-scoped` is what that rule is called at a narrow place."""
        return self.rules.get(cause) or self.rules.get(cause.removesuffix("-scoped"))
