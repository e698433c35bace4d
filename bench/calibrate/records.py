"""What the fit looks at: the parts of every cause's weight, in the first group of evidence whose truth is known."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from bench.simulator.judge import QUIET
from bench.simulator.story import make_story, read_folder
from triage import pipeline
from triage.analysis.assemble import judge
from triage.analysis.exposure import seen_of
from triage.analysis.inputs import Inputs
from triage.analysis.rank import ranked, weigh
from triage.analysis.signs import signs_of
from triage.errors import NoEvidenceError
from triage.model.rule import Rulebook

NOW_NS = 1_795_600_000 * 10**9
PARTS = ("prior", "symptoms", "counts", "terms", "benign")


@dataclass(frozen=True, slots=True)
class Record:
    """The first group of one story."""

    name: str
    source: str
    """`simulator`, or the name of the folder."""
    causes: tuple[str, ...]
    parts: NDArray[np.float64]
    """One row a cause, columns as in `PARTS`; the last is 1 for `benign`."""
    accepted: NDArray[np.float64]
    """1 for each cause that the truth accepts."""
    quiet: bool
    """Nothing is wrong in truth."""
    level: str
    n_signs: int
    n_replicas: int


@cache
def neutral() -> Rulebook:
    """The rules without a calibration."""
    rulebook = pipeline.load_rulebook(None)
    return replace(rulebook, parameters={k: v for k, v in rulebook.parameters.items() if k != "calibration"})


def numbers_hash(rulebook: Rulebook) -> str:
    """Hash over every number that a calibration depends on; texts may change without a new fit."""
    rules = {
        rule.id: [
            rule.prior,
            rule.zone_share,
            sorted(rule.symptoms.items()),
            sorted(rule.scopes.items()),
            [[t.id, t.measure, t.p_if_cause, t.p_otherwise, t.group, t.counted, str(t.levels)] for t in rule.terms],
        ]
        for rule in rulebook.rules.values()
    }
    parameters = {k: v for k, v in rulebook.parameters.items() if k != "calibration"}
    return hashlib.sha256(json.dumps([rules, parameters], sort_keys=True).encode()).hexdigest()[:16]


def record_of(source: tuple[str, str]) -> Record | None:
    """The record of a seed (`simulator`, "17") or of a story (its set, its path).

    None where there is nothing to learn: no sign of trouble, or a truth that nobody can see in the evidence.
    """
    kind, where = source
    if kind == "simulator":
        story = make_story(int(where))
        name, files, expect = story.name, story.files, story.expect
    else:
        name, (files, expect) = Path(where).stem, read_folder(Path(where))
    with tempfile.TemporaryDirectory() as folder:
        for file, text in files.items():
            Path(folder, file).write_text(text, encoding="utf-8", newline="")
        try:
            return _record(name, kind, expect, folder)
        except NoEvidenceError:
            return None


def _record(name: str, source: str, expect: Mapping[str, Any], folder: str) -> Record | None:
    first = expect.get("first") or ()
    accepted = {c.removesuffix("-scoped") for c in ([first] if isinstance(first, str) else first)}
    if expect.get("decidable") in (False, "no") or not accepted:
        return None
    rulebook = neutral()
    inputs = pipeline.analysis_inputs(pipeline.load_bundle([folder], None), rulebook, now_ns=NOW_NS)
    judged = judge(signs_of(inputs), inputs, seen_of(inputs))
    if not judged:
        return None
    context = judged[0][0]
    weights = [w for w, _ in ranked(weigh(context, rulebook))]
    causes = tuple(w.rule.id for w in weights)
    quiet = bool(accepted & {"benign", "none"})
    parts = [
        [
            w.log_prior,
            w.log_symptoms,
            w.log_counts - context.localization.none,
            w.log_terms,
            float(w.rule.id == "benign"),
        ]
        for w in weights
    ]
    right = [float(c in accepted or (c == "benign" and quiet)) for c in causes]
    if not any(right) or (quiet and accepted - QUIET):
        return None
    return Record(
        name,
        source,
        causes,
        np.array(parts),
        np.array(right),
        quiet,
        _level(inputs),
        len(context.group.signs),
        sum(unit.replica for unit in context.units),
    )


def _level(inputs: Inputs) -> str:
    """What was observed beside errors lines, which every folder may hold."""
    held = ["query log"] if inputs.observations.queries else []
    held += ["scrapes"] if inputs.scrapes else []
    held += ["direct checks"] if inputs.direct_answers else []
    return " + ".join(held) or "errors"
