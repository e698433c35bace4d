"""Version 1 of the JSON report, written by hand: renaming a field of a record must not change it.

The fields are documented in `docs/json.md` and by the JSON Schema in `schemas/`; within `triage.report/1` fields may be
added, never renamed or removed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from triage.model.bundle import Gap
from triage.model.cells import Cells
from triage.model.observation import Citation
from triage.model.report import (
    CheckStep,
    Evidence,
    Expectation,
    FileCoverage,
    Hypothesis,
    ReplicaCoverage,
    Report,
    Scope,
    Weighing,
    confidence_of,
)
from triage.model.text import Catalogue
from triage.model.timeline import Change, Timeline
from triage.render.clean import clean
from triage.render.retold import texts_of
from triage.render.style import Style
from triage.render.words import Words, when

SCHEMA = "triage.report/1"
_NUMBERS = re.compile(r"\[\n\s+(?:(?:null|-?\d+),\n\s+)*(?:null|-?\d+)\n\s+\]")
"""Lists of whole numbers, which stand on one line each; inside a JSON string no line ends."""

Json = dict[str, object]


def render_json_v1(report: Report, catalogue: Catalogue, style: Style) -> str:
    """The report for machines: the same input and rules give the same bytes but for `generated_at` and `tool`."""
    text = json.dumps(report_json(report, Words(catalogue)), indent=2, ensure_ascii=True)
    return _NUMBERS.sub(lambda match: " ".join(match[0].split()), text) + "\n"


def report_json(report: Report, words: Words) -> Json:
    """The report as plain data."""
    window = report.window
    return {
        "schema": SCHEMA,
        "generated_at": when(report.generated_ns),
        "tool": _strings(report.tool),
        "cluster": None if report.cluster is None else _strings(report.cluster),
        "window": {"asked": _text(window.asked), "start": when(window.start_ns), "end": when(window.end_ns)},
        "active": report.active,
        "affected": [clean(name) for name in report.affected],
        "failing_share": _share(report.failing_share),
        "hypotheses": [_hypothesis(h, words) for h in report.hypotheses],
        "timelines": [_timeline(t, words) for t in report.timelines],
        "coverage": {
            "replicas": [_replica(r) for r in report.coverage.replicas],
            "files": [_file(f, words) for f in report.coverage.files],
            "clients": [
                {"network": clean(c.network), "queries": c.queries, "failed": c.failed} for c in report.coverage.clients
            ],
        },
        "gaps": [_gap(g, words) for g in report.gaps],
        "unexplained_share": _share(report.unexplained_share),
        "notes": [words.say(note) for note in report.notes],
        "redaction": dict(report.redaction),
        "texts": texts_of(report, words),
        "cells": _cells(report.cells),
    }


def _cells(cells: Cells | None) -> Json | None:
    if cells is None:
        return None
    return {
        "kind": cells.kind,
        "start": when(cells.start_ns),
        "bin_s": cells.bin_s,
        "rows": [
            {
                "member": _text(row.member),
                "upstream": _text(row.upstream),
                "failures": list(row.failures),
                "asked": None if row.asked is None else list(row.asked),
            }
            for row in cells.rows
        ],
        "rows_left": cells.rows_left,
        "faults": [{"group": row.group, "failures": list(row.failures)} for row in cells.faults],
        "counts": [{"kind": c.kind, "upstream": _text(c.upstream), "count": c.count} for c in cells.counts],
        "undated": cells.undated,
    }


def _hypothesis(hypothesis: Hypothesis, words: Words) -> Json:
    probability = round(hypothesis.probability, 4)
    return {
        "id": hypothesis.id,
        "rank": hypothesis.rank,
        "group": hypothesis.group,
        "cause": hypothesis.cause,
        "title": words.say(hypothesis.title),
        "probability": probability,
        "prior": _share(hypothesis.prior),
        "confidence": confidence_of(probability),
        "severity": hypothesis.severity,
        "upstream": _text(hypothesis.upstream),
        "upstreams": [clean(upstream) for upstream in hypothesis.upstreams],
        "zone": _text(hypothesis.zone),
        "scope": _scope(hypothesis.scope),
        "explained_share": _share(hypothesis.explained_share),
        "first_seen": when(hypothesis.first_ns),
        "last_seen": when(hypothesis.last_ns),
        "explanation": words.explanation(hypothesis),
        "evidence": [_evidence(item, words) for item in hypothesis.evidence],
        "next_checks": [_check(step, words) for step in hypothesis.next_checks],
        "fix": [{"text": words.say(f.text), "when": words.say(f.when) if f.when else None} for f in hypothesis.fix],
        "references": [clean(reference) for reference in hypothesis.references],
        "weighing": _weighing(hypothesis.weighing),
    }


def _timeline(timeline: Timeline, words: Words) -> Json:
    return {
        "group": timeline.group,
        "onset": when(timeline.onset_ns),
        "onset_seen": timeline.onset_seen,
        "end": when(timeline.end_ns),
        "intermittent": len(timeline.episodes) > 1,
        "episodes": [
            {"first": when(e.first_ns), "last": when(e.last_ns), "failures": e.n_failures} for e in timeline.episodes
        ],
        "changes": [_change(c, words) for c in timeline.changes],
    }


def _change(change: Change, words: Words) -> Json:
    return {
        "at": when(change.at_ns),
        "kind": change.kind,
        "subject": clean(change.subject),
        "statement": words.say(change.statement),
        "before_s": round(change.before_s, 3),
        "citation": _citation(change.citation) if change.citation else None,
    }


def _weighing(weighing: Weighing | None) -> Json | None:
    if weighing is None:
        return None
    return {
        "log_odds": round(weighing.log_odds, 4),
        "log_symptoms": round(weighing.log_symptoms, 4),
        "log_counts": round(weighing.log_counts, 4),
        "log_terms": round(weighing.log_terms, 4),
        "cause_probability": round(weighing.cause_probability, 6),
    }


def _scope(scope: Scope | None) -> Json | None:
    if scope is None:
        return None
    return {
        "kind": scope.kind,
        "member": _text(scope.member),
        "replicas": [clean(name) for name in scope.replicas],
        "indistinguishable": [{"kind": twin.kind, "member": _text(twin.member)} for twin in scope.indistinguishable],
    }


def _evidence(item: Evidence, words: Words) -> Json:
    return {
        "id": item.id,
        "statement": words.say(item.statement),
        "direction": item.direction,
        "strength": item.strength,
        "log_ratio": round(item.log_ratio, 4),
        "citations": [_citation(citation) for citation in item.citations],
    }


def _check(step: CheckStep, words: Words) -> Json:
    return {
        "id": step.id,
        "command": clean(step.command),
        "where": [words.say(place) for place in step.where],
        "effect": step.effect,
        "gain_bits": None if step.gain_bits is None else round(step.gain_bits, 4),
        "expect": [_expectation(expectation, words) for expectation in step.expect],
        "names": _strings(step.names),
    }


def _expectation(expectation: Expectation, words: Words) -> Json:
    return {
        "outcome": words.say(expectation.outcome),
        "means": words.say(expectation.means),
        "then": _share(expectation.then),
    }


def _replica(replica: ReplicaCoverage) -> Json:
    return {
        "name": clean(replica.name),
        "node": _text(replica.node),
        "subnet": _text(replica.subnet),
        "has_log": replica.has_log,
        "in_pod_list": replica.in_pod_list,
        "lines": replica.lines,
        "understood": replica.understood,
        "unknown_samples": [_citation(sample) for sample in replica.unknown_samples],
        "queries": replica.queries,
        "failures": replica.failures,
        "first": when(replica.first_ns),
        "last": when(replica.last_ns),
        "version": _text(replica.version),
        "cut": replica.cut,
        "restarts": replica.restarts,
    }


def _file(file: FileCoverage, words: Words) -> Json:
    return {
        "file": clean(file.file),
        "kind": file.kind,
        "framing": file.framing,
        "lines": file.lines,
        "understood": file.understood,
        "skipped": file.skipped,
        "blank": file.blank,
        "file_lines": file.file_lines,
        "unknown_samples": [_citation(sample) for sample in file.unknown_samples],
        "first": when(file.first_ns),
        "last": when(file.last_ns),
        "why_ignored": words.say(file.why_ignored) if file.why_ignored else None,
        "notes": [words.say(note) for note in file.notes],
    }


def _gap(gap: Gap, words: Words) -> Json:
    wanted, reason = words.gap(gap)
    command = clean(gap.command) if gap.command else None
    return {
        "id": gap.id,
        "wanted": wanted,
        "reason": reason,
        "cannot_rule_out": list(gap.cannot_rule_out),
        "command": command,
        "params": _strings(gap.params),
    }


def _citation(citation: Citation) -> Json:
    return {"file": clean(citation.file), "line": citation.line, "text": clean(citation.text)}


def _share(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


def _text(text: str | None) -> str | None:
    return None if text is None else clean(text)


def _strings(facts: Mapping[str, str | None]) -> dict[str, str | None]:
    return {key: _text(value) for key, value in facts.items()}
