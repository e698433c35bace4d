"""The answer: ranked hypotheses, their evidence, and what was not seen. Texts are keys; renderers say them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct, field

from triage.model.bundle import Gap
from triage.model.cells import Cells
from triage.model.observation import Citation
from triage.model.rule import Effect, Severity
from triage.model.text import Text
from triage.model.timeline import Timeline

Confidence = Literal["certain", "likely", "possible", "unlikely"]
Strength = Literal["strong", "moderate", "weak"]
Direction = Literal["for", "against", "untested"]


def confidence_of(probability: float) -> Confidence:
    """The word of a probability.

    >>> [confidence_of(p) for p in (0.95, 0.7, 0.3, 0.29)]
    ['certain', 'likely', 'possible', 'unlikely']
    """
    return (
        "certain"
        if probability >= 0.95
        else "likely"
        if probability >= 0.7
        else "possible"
        if probability >= 0.3
        else "unlikely"
    )


class Member(Struct, frozen=True):
    """One place: `subnet master`, `node k8s-pre-m01`; member None for the cluster."""

    kind: str
    member: str | None


class Scope(Struct, frozen=True):
    """Where a failure holds."""

    kind: str
    member: str | None
    replicas: tuple[str, ...]
    """The replicas inside."""
    indistinguishable: tuple[Member, ...] = ()
    """Other places that fit the evidence equally well."""


class Evidence(Struct, frozen=True):
    """One statement for or against a hypothesis."""

    id: str
    statement: Text
    direction: Direction
    strength: Strength | None
    """None when it is untested or was counted by the localiser."""
    log_ratio: float
    """Natural log of P(this | cause) / P(this | otherwise) as it was counted; 0 when untested or only shown."""
    citations: tuple[Citation, ...] = ()


class Expectation(Struct, frozen=True):
    """One outcome of a check and its meaning."""

    outcome: Text
    means: Text
    then: float | None = None
    """Probability of the hypothesis after this outcome, by the numbers of the rules alone; None: not computed."""


class CheckStep(Struct, frozen=True):
    """A command to paste, ready: every name in it is validated and quoted."""

    id: str
    command: str
    where: tuple[Text, ...]
    effect: Effect
    expect: tuple[Expectation, ...]
    gain_bits: float | None = None
    """Expected information in bits."""
    names: Mapping[str, str] = field(default_factory=dict)
    """What fills the command's template: `upstream_ip`, `node` … as `analysis.checks.PLACEHOLDERS` has them."""


class FixStep(Struct, frozen=True):
    """A cure and when it applies."""

    text: Text
    when: Text | None = None


class Weighing(Struct, frozen=True):
    """What the probability of a cause is made of: prior x the ratios below, divided by the same of all causes.

    All logs are natural. `cause_probability` is then shared among the places and zones of the cause.
    """

    log_odds: float
    """Factor of the prior for circumstances: `benign` beside a clear fault; 0 mostly."""
    log_symptoms: float
    """P(what the lines show | cause)."""
    log_counts: float
    """P(numbers and silences | cause) / P(the same | mere noise)."""
    log_terms: float
    """Sum over the terms of the rule as they were counted."""
    cause_probability: float
    """Of the cause in its group, whatever its place and zone."""


class Hypothesis(Struct, frozen=True):
    """One explanation of one independent fault (its group)."""

    id: str
    """Fingerprint: stable over time, pod names and redaction."""
    rank: int
    group: int
    cause: str
    title: Text
    probability: float
    severity: Severity
    upstream: str | None = None
    upstreams: tuple[str, ...] = ()
    zone: str | None = None
    scope: Scope | None = None
    explained_share: float = 0.0
    """Share of all signs of trouble that this hypothesis explains."""
    first_ns: int | None = None
    last_ns: int | None = None
    prior: float = 0.0
    """Share of the group before its evidence was weighed."""
    evidence: tuple[Evidence, ...] = ()
    next_checks: tuple[CheckStep, ...] = ()
    fix: tuple[FixStep, ...] = ()
    references: tuple[str, ...] = ()
    weighing: Weighing | None = None
    """None where nothing was weighed: no sign of trouble at all."""

    @property
    def confidence(self) -> Confidence:
        """The word of its probability."""
        return confidence_of(self.probability)


class ReplicaCoverage(Struct, frozen=True):
    """What was read of one replica."""

    name: str
    node: str | None
    subnet: str | None
    lines: int
    understood: int
    queries: int
    failures: int
    """Signs of trouble (failures after collapsing summaries to their weight)."""
    unknown_samples: tuple[Citation, ...]
    first_ns: int | None
    last_ns: int | None
    version: str | None = None
    cut: bool = False
    has_log: bool = True
    in_pod_list: bool = True
    restarts: int | None = None


class FileCoverage(Struct, frozen=True):
    """What became of one file."""

    file: str
    kind: str
    framing: str | None = None
    lines: int | None = None
    understood: int | None = None
    unknown_samples: tuple[Citation, ...] = ()
    skipped: int = 0
    """Lines that are no lines of the log: prose, decoration, other programs and containers, copies."""
    why_ignored: Text | None = None
    notes: tuple[Text, ...] = ()
    first_ns: int | None = None
    last_ns: int | None = None
    file_lines: int | None = None
    """Lines of the file as its newlines count them; None for what was not read."""
    blank: int = 0
    """Lines without any text."""


class ClientCoverage(Struct, frozen=True):
    """Query-log lines of the clients of one network, over all replicas and minutes."""

    network: str
    """`10.244.3.0/24`, `fd00:1::/64`."""
    queries: int
    failed: int
    """Queries whose client got neither a record nor the word that there is none."""


class Coverage(Struct, frozen=True):
    """Everything that was read and not read."""

    replicas: tuple[ReplicaCoverage, ...] = ()
    files: tuple[FileCoverage, ...] = ()
    clients: tuple[ClientCoverage, ...] = ()
    """Networks with the most failed queries first; capped."""

    @property
    def lines(self) -> int:
        """Log lines read."""
        return sum(r.lines for r in self.replicas)

    @property
    def understood(self) -> int:
        """Log lines whose message is known."""
        return sum(r.understood for r in self.replicas)


class Window(Struct, frozen=True):
    """The time that the evidence spans; None where no clock was seen."""

    asked: str | None = None
    start_ns: int | None = None
    end_ns: int | None = None


class Report(Struct, frozen=True):
    """The whole answer."""

    generated_ns: int
    tool: Mapping[str, str]
    """`version`, `rules`, `kernel`."""
    cluster: Mapping[str, str | None] | None
    window: Window
    active: bool | None
    """Is it still happening at the end of what was read? None: unknown."""
    hypotheses: tuple[Hypothesis, ...]
    coverage: Coverage
    gaps: tuple[Gap, ...]
    unexplained_share: float
    affected: tuple[str, ...] = ()
    """Replicas that show the first fault."""
    failing_share: float | None = None
    """Share of queries that failed in the affected replicas; None without denominators."""
    timelines: tuple[Timeline, ...] = ()
    """Onset, end and episodes of each group whose signs carry times, in the order of groups."""
    notes: tuple[Text, ...] = ()
    """Facts for the reader that belong to no hypothesis: conflicts of places, assumptions about times."""
    redaction: Mapping[str, object] = field(default_factory=lambda: {"mode": "none", "counts": {}})
    cells: Cells | None = None
    """Failures by place, upstream and time; None in reports of older versions and where nothing was read."""
