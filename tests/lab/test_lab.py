"""Real faults: the lines that CoreDNS prints, and what the program says about the evidence."""

from __future__ import annotations

import pytest

from tests.lab.batch import Batch
from tests.lab.evidence import LEVELS
from tests.lab.fabric import PLACES
from tests.lab.faults import CASES, FAULTS
from tests.lab.faults.form import Case
from tests.lab.judge import pods_of, wrong_lines
from tests.lab.known import KNOWN
from tests.lab.verdict import mistakes

_ALL = pytest.mark.parametrize("case", CASES.values(), ids=lambda case: case.id)


@pytest.mark.lab
@_ALL
def test_coredns_prints_the_lines_that_are_expected(case: Case, lab_batch: Batch) -> None:
    outcome = lab_batch.result(case)
    assert outcome.record is not None, outcome.complaint
    assert wrong_lines(case, outcome.record) == []


@pytest.mark.lab
@pytest.mark.parametrize("level", LEVELS)
@_ALL
def test_the_verdict_is_what_an_expert_would_accept(
    case: Case, level: str, lab_batch: Batch, request: pytest.FixtureRequest
) -> None:
    if (case.id, level) in KNOWN:
        request.applymarker(pytest.mark.xfail(reason=KNOWN[case.id, level], strict=False))
    outcome = lab_batch.result(case)
    assert outcome.record is not None, outcome.complaint
    report = outcome.reports[level]
    assert isinstance(report, dict), report
    verdict = case.fault.verdicts(case.place, case.version)[level]
    assert mistakes(report, verdict, *pods_of(case)) == [], outcome.folder / level


def test_known_misses_are_few_and_of_the_table() -> None:
    assert {case for case, _ in KNOWN} <= set(CASES)
    assert len(KNOWN) <= 0.05 * len(CASES) * len(LEVELS)


def test_the_table_is_wide_enough() -> None:
    assert len(CASES) >= 60
    for fault in ("drop", "refused", "no-route"):
        assert set(FAULTS[fault].places) == set(PLACES)
