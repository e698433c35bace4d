"""`triage.load` and the frames of evidence."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

import triage
from tests.inputs import INPUTS, ROOT, STORIES, folder_of

FRAMES = {
    "entries": triage.ENTRY_COLUMNS,
    "observations": triage.OBSERVATION_COLUMNS,
    "replicas": triage.REPLICA_COLUMNS,
    "coverage": triage.COVERAGE_COLUMNS,
}
SOME = [*STORIES, *INPUTS[len(STORIES) :: 12]]


def test_import_loads_nothing_and_analysis_no_frames() -> None:
    code = """
import sys
import triage
heavy = {m.split(".")[0] for m in sys.modules} & {"pandas", "numpy", "yaml", "typer", "rich", "kubernetes"}
assert not heavy, heavy
assert [m for m in sys.modules if m.startswith("triage.")] == []
assert "analyze" in dir(triage)
report = triage.analyze("sample_logs/master-subnet")
report.to_json()
assert "pandas" not in sys.modules
report.to_frame()
assert "pandas" in sys.modules
try:
    triage.nonsense
except AttributeError:
    print("done")
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("done\n", "")


def test_every_name_is_there() -> None:
    assert all(getattr(triage, name) is not None for name in triage.__all__)


@pytest.mark.parametrize("name", SOME)
def test_every_frame_keeps_its_contract(name: str, tmp_path: Path) -> None:
    evidence = triage.load(folder_of(name, tmp_path))
    for call, columns in FRAMES.items():
        triage.check_frame(getattr(evidence, call)(), columns)


def test_frames_without_a_row_keep_it_too(tmp_path: Path) -> None:
    evidence = triage.load(tmp_path)
    assert repr(evidence) == "Evidence(nothing)"
    for call, columns in FRAMES.items():
        frame = getattr(evidence, call)()
        assert frame.empty
        triage.check_frame(frame, columns)


@pytest.mark.parametrize("name", SOME)
def test_frames_tell_one_story(name: str, tmp_path: Path) -> None:
    evidence = triage.load(folder_of(name, tmp_path))
    lines, observations = evidence.entries(), evidence.observations()
    assert observations.lines.sum() == len(lines)
    assert observations.weight.sum() == lines.weight.sum()
    coverage, replicas = evidence.coverage(), evidence.replicas()
    assert len(coverage) == len(evidence.documents)
    assert coverage.lines.fillna(0).sum() == replicas.lines.sum()
    assert coverage.understood.fillna(0).sum() == replicas.understood.sum()
    assert coverage.unknown.fillna(0).sum() == len(evidence.entries(unknown=True))


def test_times_are_exact_and_utc(tmp_path: Path) -> None:
    (tmp_path / "coredns-5d78c9869d-aaaaa.log").write_text(
        "2026-03-01T10:00:00.123456789Z [INFO] Reloading\n"
        "2026-03-01T12:00:59.5+02:00 [INFO] Reloading\n"
        "[INFO] Reloading\n"
    )
    evidence = triage.load(tmp_path)
    at = evidence.entries()["at"]
    assert at[0] == pd.Timestamp("2026-03-01T10:00:00.123456789Z")
    assert at[1] == pd.Timestamp("2026-03-01T10:00:59.5Z")
    assert at[2] is pd.NaT
    first, other = evidence.observations().itertuples()
    assert (first.minute, first.lines, first.first, first.last) == (pd.Timestamp("2026-03-01T10:00Z"), 2, at[0], at[1])
    assert (other.minute, other.lines, other.line) == (pd.NaT, 1, 3)


def test_entries_are_those_of_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    from triage.cli import main

    folder = ROOT / "sample_logs" / "mixed-resolvers-flipping"
    assert main(["entries", str(folder)]) == 0
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    frame = triage.load(folder).entries()
    assert [r["text"] for r in printed] == frame.text.tolist()
    assert [r["qname"] for r in printed] == [None if v is pd.NA else v for v in frame.qname]
    assert [pd.Timestamp(r["at"]) for r in printed] == frame["at"].tolist()


def test_subnets_can_be_given() -> None:
    evidence = triage.load("sample_logs/master-subnet", subnets={"everything": ["10.196.0.0/16"]})
    assert set(evidence.replicas().subnet) == {"everything"}


def test_analysis_is_that_of_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    from triage.cli import main

    folder = str(ROOT / "sample_logs" / "master-subnet")
    assert main(["analyze", folder, "-o", "json"]) == 0
    now = datetime.fromtimestamp(1764064800, UTC)
    report = triage.analyze(triage.load(folder), now=now)
    assert report.to_json() == capsys.readouterr().out
    assert triage.analyze(Path(folder), now=now).to_json() == report.to_json()
    assert triage.analyze([folder], now=now.isoformat()).to_json() == report.to_json()


def test_report_frames_keep_their_contract() -> None:
    report = triage.analyze("sample_logs/master-subnet")
    frame, evidence = report.to_frame(), report.evidence_frame()
    triage.check_frame(frame, triage.HYPOTHESIS_COLUMNS)
    triage.check_frame(evidence, triage.EVIDENCE_COLUMNS)
    assert frame.title.tolist() == [str(h.title) for h in report.hypotheses]
    assert frame["rank"].tolist() == list(range(1, len(frame) + 1))
    assert set(evidence["hypothesis"]) <= set(frame.id)
    assert len(evidence) == sum(len(h.evidence) for h in report.hypotheses)
    first = report.hypotheses[0]
    assert str(first.evidence[0].statement) == evidence.statement[0]
    assert f"{first.title}" in report.to_text().replace("\n", " ")
    assert report.to_markdown().startswith("## ")
    assert first.cause in repr(report)
    assert triage.analyze("sample_logs/healthy").hypotheses[0].cause == "benign"


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda p: triage.load(p / "nowhere"), "no such file"),
        (lambda p: triage.load("-"), "standard input"),
        (lambda p: triage.load([]), "no path"),
        (lambda p: triage.load(), "no path"),
        (lambda p: triage.analyze(p, since="yesterday"), "no time"),
        (lambda p: triage.analyze(p, now=datetime(2026, 1, 1)), "no time"),  # noqa: DTZ001
        (lambda p: triage.analyze(p, since="2026-01-02T00:00:00Z", until="2026-01-01T00:00:00Z"), "ends before"),
        (lambda p: triage.analyze(p, rules=p / "nowhere"), "no folder"),
    ],
)
def test_what_stops_a_call_says_the_way_out(tmp_path: Path, call, says: str) -> None:
    with pytest.raises(triage.TriageError, match=says) as caught:
        call(tmp_path)
    assert caught.value.hint


def test_no_evidence(tmp_path: Path) -> None:
    with pytest.raises(triage.NoEvidenceError):
        triage.analyze(tmp_path)


def test_a_window_counts_its_lines_only(tmp_path: Path) -> None:
    line = "2026-03-01T10:{:02}:00Z [ERROR] plugin/errors: 2 a{}. A: read udp 10.0.0.7:4->10.9.9.9:53: i/o timeout\n"
    (tmp_path / "coredns-5d78c9869d-aaaaa.log").write_text("".join(line.format(i, i) for i in range(30)))
    report = triage.analyze(tmp_path, since="2026-03-01T10:10:00Z", until="2026-03-01T10:20:00Z")
    assert report.record.coverage.replicas[0].lines == 11
    assert report.record.window.asked == "since 2026-03-01T10:10:00Z until 2026-03-01T10:20:00Z"


def test_several_paths_come_one_by_one_or_as_a_list() -> None:
    a, b = "sample_logs/master-subnet/pods.txt", Path("sample_logs/master-subnet/subnets.yaml")
    both = [d.file for d in triage.load(a, b).documents]
    assert len(both) == 2
    assert [d.file for d in triage.load([a, b]).documents] == both
