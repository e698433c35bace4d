"""The fit finds what made the records, and the stored numbers belong to the rules of today."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from bench.calibrate.fit import fit, log_score, probabilities
from bench.calibrate.records import Record, neutral, numbers_hash
from triage import pipeline
from triage.analysis.rank import Calibration

ROOT = Path(__file__).parents[2]
CAUSES = ("upstream-unreachable", "benign", "unknown")


def drawn(truth: Calibration, n: int, seed: int) -> list[Record]:
    """Records whose cause was drawn from the probabilities of `truth`."""
    rng = np.random.default_rng(seed)
    found = []
    for i in range(n):
        parts = np.zeros((len(CAUSES), 5))
        parts[:, 0] = np.log([0.3, 0.14, 0.04])
        parts[:, 1:4] = rng.normal(0.0, 2.0, (len(CAUSES), 3))
        parts[1, 4] = 1.0
        record = Record(f"r{i}", "drawn", CAUSES, parts, np.zeros(len(CAUSES)), False, "errors", 5, 2)
        right = np.zeros(len(CAUSES))
        right[rng.choice(len(CAUSES), p=probabilities(record, truth))] = 1.0
        found.append(Record(record.name, "drawn", CAUSES, parts, right, False, "errors", 5, 2))
    return found


@pytest.mark.parametrize("truth", [Calibration(), Calibration(1.1, 0.6, 0.8, 2.0)])
def test_the_fit_finds_what_made_the_records(truth: Calibration) -> None:
    records = drawn(truth, 3000, seed=1)
    found = fit(records)
    for name in ("symptoms", "counts", "terms"):
        # Drawn towards 1, so half of the way counts for the far ones.
        assert abs(getattr(found.calibration, name) - getattr(truth, name)) < 0.2
    assert found.after <= found.before
    assert (
        log_score(drawn(truth, 1000, seed=2), found.calibration) < log_score(drawn(truth, 1000, seed=2), truth) + 0.02
    )


def test_few_records_leave_the_rules_as_they_were_judged() -> None:
    found = fit(drawn(Calibration(3.0, 0.1, 0.1), 8, seed=3)).calibration
    assert 0.3 < found.counts < 3.0


def test_the_stored_numbers_belong_to_the_rules_of_today() -> None:
    stored = (ROOT / "rules" / "calibration.yaml").read_text(encoding="utf-8")
    told = re.search(r'numbers_of_rules: "(\w+)"', stored)
    assert told is not None
    assert told[1] == numbers_hash(neutral()), "numbers of rules have changed: make calibrate"
    table = pipeline.load_rulebook(None).parameters["calibration"]
    assert Calibration.of(pipeline.load_rulebook(None)) == Calibration(
        **{k: table[k] for k in Calibration.__struct_fields__}
    )


def test_the_page_tells_the_stored_numbers() -> None:
    page = (ROOT / "docs" / "calibration.md").read_text(encoding="utf-8")
    calibration = Calibration.of(pipeline.load_rulebook(None))
    for name in Calibration.__struct_fields__:
        assert f"| {name} | {getattr(calibration, name):.2f} |" in page
