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


PODS = (
    "NAME                      READY   STATUS    RESTARTS   AGE\n"
    "coredns-7f8ff9c97-aaaaa   1/1     Running   0          1d\n"
)


@pytest.mark.parametrize(
    ("file", "text", "since_ns", "healthy"),
    [
        pytest.param("pods.txt", PODS, None, False, id="a list of pods"),
        pytest.param("coredns-7f8ff9c97-aaaaa.log", "", None, False, id="an empty log"),
        pytest.param("coredns-7f8ff9c97-aaaaa.log", "hello\nworld of it\n", None, False, id="nothing understood"),
        pytest.param("coredns-7f8ff9c97-aaaaa.log", "", FAILS_NS, True, id="nothing told in the asked window"),
        pytest.param("coredns-7f8ff9c97-aaaaa.log", ".:53\n", None, True, id="a line"),
    ],
)
def test_what_tells_nothing_of_coredns_is_no_health(
    tmp_path: Path, file: str, text: str, since_ns: int | None, healthy: bool
) -> None:
    (tmp_path / "pods.txt").write_text(PODS)
    (tmp_path / file).write_text(text)
    report = asked(since_ns=since_ns, path=tmp_path)
    assert (report.hypotheses[0].cause, report.hypotheses[0].probability > 0.9) == ("benign", healthy)
    assert ("gap.unheard" in {gap.id for gap in report.gaps}) is not healthy
