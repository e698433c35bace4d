"""What lies outside the asked window is neither health nor trouble."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.analysis.asking import rulebook
from tests.conftest import ROOT
from triage import pipeline
from triage.model.report import Report

FOLDER = ROOT / "sample_logs" / "look-alike"
SECOND = 10**9
FAILS_NS, ENDS_NS = 1_710_295_275 * SECOND, 1_710_295_423 * SECOND
"""First failure, and the last line."""


def asked(since_ns: int | None = None, until_ns: int | None = None, path: Path = FOLDER) -> Report:
    bundle = pipeline.load_bundle([str(path)], None)
    return pipeline.analyze(bundle, rulebook(), now_ns=2 * 10**18, since_ns=since_ns, until_ns=until_ns, asked="window")


@pytest.mark.parametrize("window", [(ENDS_NS + 3600 * SECOND, None), (None, FAILS_NS - 86400 * SECOND)])
def test_logs_that_lie_outside_of_it_are_no_sign_of_health(window: tuple[int | None, int | None]) -> None:
    report = asked(*window)
    [first] = report.hypotheses
    assert (first.cause, first.probability < 0.5) == ("benign", True)
    assert "gap.window-empty" in {gap.id for gap in report.gaps}


def test_a_quiet_log_whose_times_reach_into_it_is_one(tmp_path: Path) -> None:
    (tmp_path / "coredns-5d7-a.log").write_text(
        "2024-03-13T02:00:00.000000001Z .:53\n2024-03-13T02:30:00.000000001Z [INFO] Reloading complete\n"
    )
    report = asked(FAILS_NS, ENDS_NS, tmp_path)
    assert report.hypotheses[0].probability > 0.9
    assert "gap.window-empty" not in {gap.id for gap in report.gaps}


def test_the_end_of_it_is_the_end_of_what_was_read() -> None:
    until_ns = FAILS_NS + 75 * SECOND
    report = asked(until_ns=until_ns)
    assert report.active is True
    assert report.window.end_ns is not None
    assert report.window.end_ns <= until_ns
    assert asked().window.end_ns > report.window.end_ns
