"""The report as a textfile for node_exporter: few series, no query names, no pod names, no timestamps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from triage.model.report import ReplicaCoverage, Report
from triage.model.text import Catalogue
from triage.render.clean import clean
from triage.render.style import Style
from triage.render.words import QUIET

_NANO = 1e9
_LABEL = 200
"""Characters of the value of a label."""
Sample = tuple[Mapping[str, str], float]


def render_prometheus(report: Report, catalogue: Catalogue, style: Style) -> str:
    """Gauges in the text format 0.0.4; what is not known has no sample."""
    return "".join(line for name, about, samples in _gauges(report) for line in _gauge(name, about, samples))


def _gauges(report: Report) -> Iterator[tuple[str, str, list[Sample]]]:
    coverage, cells = report.coverage, report.cells
    yield "last_run_timestamp_seconds", "When the report was made.", [({}, report.generated_ns / _NANO)]
    yield "run_success", "1: the evidence was analysed.", [({}, 1.0 if coverage.lines or report.hypotheses else 0.0)]
    states = [_state(r) for r in coverage.replicas]
    named = ("read", "partial", "unreadable")
    replicas: list[Sample] = [({"state": state}, float(states.count(state))) for state in named]
    yield "replicas", "Replicas by what was read of their logs.", replicas
    share: list[Sample] = [({}, coverage.understood / coverage.lines)] if coverage.lines else []
    yield "log_coverage_ratio", "Share of the log lines read that were understood.", share
    counts = cells.counts if cells else ()
    failures = _added(({"kind": c.kind, "upstream": c.upstream or ""}, float(c.count)) for c in counts)
    yield "failures", "Signs of trouble in what was read, by kind and upstream; the most frequent ones.", failures
    best: dict[tuple[str, str], float] = {}
    for h in report.hypotheses:
        key = h.cause, h.scope.kind if h.scope else ""
        best[key] = max(best.get(key, 0.0), round(h.probability, 4))
    probabilities: list[Sample] = [({"cause": cause, "scope_kind": kind}, p) for (cause, kind), p in best.items()]
    yield (
        "hypothesis_probability",
        "Probability of the best explanation of this cause and kind of place.",
        probabilities,
    )
    found = max((h.probability for h in report.hypotheses if h.cause not in QUIET), default=0.0)
    yield "fault_probability", "Probability of the best explanation that claims a fault.", [({}, round(found, 4))]
    active: list[Sample] = [] if report.active is None else [({}, float(report.active))]
    yield "fault_active", "1: it is still happening at the end of what was read.", active
    hit: list[Sample] = [] if report.failing_share is None else [({}, round(report.failing_share, 4))]
    yield "failing_ratio", "Share of queries asked upstream that failed in the affected replicas.", hit


def _state(r: ReplicaCoverage) -> str:
    return "unreadable" if not r.has_log else "partial" if r.cut else "read"


def _added(samples: Iterable[Sample]) -> list[Sample]:
    """Equal labels once."""
    found: dict[tuple[tuple[str, str], ...], float] = {}
    for labels, value in samples:
        key = tuple((name, clean(text)[:_LABEL]) for name, text in labels.items())
        found[key] = found.get(key, 0.0) + value
    return [(dict(key), value) for key, value in found.items()]


def _gauge(name: str, about: str, samples: list[Sample]) -> Iterator[str]:
    if not samples:
        return
    yield f"# HELP coredns_triage_{name} {about}\n# TYPE coredns_triage_{name} gauge\n"
    for labels, value in _added(samples):
        shown = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        yield f"coredns_triage_{name}{{{shown}}} {value!r}\n" if shown else f"coredns_triage_{name} {value!r}\n"


def _escaped(text: str) -> str:
    r"""The value of a label.

    >>> _escaped('a"b\\c')
    'a\\"b\\\\c'
    """
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
