"""`--history`, `triage diff` and `triage history` on the command line."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT
from triage.history import History

MASTER, OTHER, HEALTHY = "sample_logs/master-subnet", "sample_logs/look-alike", "sample_logs/healthy"


@pytest.fixture(autouse=True)
def _a_fixed_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1772359200")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


def test_a_run_without_news_is_one_short_line(triage, file: Path) -> None:
    first = triage("analyze", MASTER, "--history", file)
    assert first.out == triage("analyze", MASTER).out
    again = triage("analyze", MASTER, "--history", file)
    assert again.out == "No news since the run of 2026-03-01T10:00:00Z: 2 faults still there\n"
    assert len(again.out) <= 200
    assert (first.code, again.code, again.err) == (0, 0, "")


def test_healthy_twice_is_no_news(triage, file: Path) -> None:
    triage("analyze", HEALTHY, "--history", file)
    again = triage("analyze", HEALTHY, "--history", file, "--lang", "zh")
    assert again.out == "自 2026-03-01T10:00:00Z 的运行以来没有变化：0 个故障仍然存在\n"


def test_news_stand_above_the_report(triage, file: Path) -> None:
    triage("analyze", MASTER, "--history", file)
    told = triage("analyze", OTHER, "--history", file)
    head, _, report = told.out.partition("\n\n")
    assert head.splitlines()[0] == "Since the run of 2026-03-01T10:00:00Z:"
    assert [line.split()[0] for line in head.splitlines()[2:] if line[0] != " "] == ["new", "gone", "gone"]
    assert report == triage("analyze", OTHER).out


def test_other_forms_files_and_exit_codes_are_as_without_a_history(triage, file: Path, tmp_path: Path) -> None:
    for _ in range(2):
        out = tmp_path / "r.json"
        told = triage("analyze", OTHER, "--history", file, "-o", "json", "--write", out, "--fail-on", "likely")
        assert told.code == 10
        assert told.out == triage("analyze", OTHER, "-o", "json").out == out.read_text()
    assert triage("analyze", OTHER, "--history", file, "--fail-on", "likely").code == 10


def test_a_text_that_is_written_beside_is_whole(triage, file: Path, tmp_path: Path) -> None:
    beside = tmp_path / "r.txt"
    for _ in range(2):
        triage("analyze", MASTER, "--history", file, "--write", beside)
    assert beside.read_text() == triage("analyze", MASTER).out


def test_a_redacted_text_names_nothing_above(triage, file: Path) -> None:
    triage("analyze", MASTER, "--history", file)
    told = triage("analyze", OTHER, "--history", file, "--redact", "full")
    assert told.out.splitlines()[0] == "Since the run of 2026-03-01T10:00:00Z: new: 1, gone: 2"
    assert "10.20.30.53" not in told.out
    assert "10.196.17.210" not in told.out


def test_no_evidence_is_no_run(triage, file: Path, tmp_path: Path) -> None:
    triage("analyze", MASTER, "--history", file)
    (tmp_path / "empty").mkdir()
    assert triage("analyze", tmp_path / "empty", "--history", file).code == 3
    assert "1 run, 2 faults" in triage("history", file).out


def test_a_file_that_is_no_history_is_refused_before_any_work(triage, tmp_path: Path) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("dear diary, " * 100)
    told = triage("analyze", MASTER, "--history", other)
    assert (told.code, told.out) == (2, "")
    assert "is no history" in told.err
    assert triage("history", tmp_path / "missing").code == 2


def test_history_lists_what_was_found(triage, file: Path) -> None:
    for story in (MASTER, OTHER, MASTER, OTHER):
        triage("analyze", story, "--history", file)
    table = triage("history", file).out.splitlines()
    assert table[0] == "4 runs, 3 faults"
    assert [line.split()[0] for line in table[1:2]] == ["ID"]
    assert sum("comes and goes" in line for line in table) == 3
    data = json.loads(triage("history", file, "-o", "json").out)
    assert (data["schema"], data["runs"]) == ("triage.history/1", 4)
    row = next(f for f in data["findings"] if f["finding"]["upstream"] == "10.20.30.53:53")
    assert {k: row[k] for k in ("first", "there", "flapping", "n_seen", "n_runs")} == {
        "first": "2026-03-01T10:00:00Z", "there": True, "flapping": True, "n_seen": 2, "n_runs": 3,
    }  # fmt: skip


@pytest.fixture
def reports(triage, tmp_path: Path) -> list[Path]:
    files = []
    for number, story in enumerate((MASTER, OTHER)):
        files.append(tmp_path / f"{number}.json")
        triage("analyze", story, "-o", "json", "--output-file", files[-1])
    return files


def test_diff_as_text(triage, reports: list[Path]) -> None:
    told = triage("diff", *reports)
    assert (told.code, told.err) == (0, "")
    assert [line.split()[0] for line in told.out.splitlines() if line[0] != " "] == ["STATE", "new", "gone", "gone"]
    assert max(map(len, told.out.splitlines())) <= 80
    assert [
        line.split()[0] for line in triage("diff", reports[0], reports[0]).out.splitlines()[1:] if line[0] != " "
    ] == ["still"] * 2


def test_diff_as_json(triage, reports: list[Path]) -> None:
    data = json.loads(triage("diff", *reports, "-o", "json").out)
    assert data["schema"] == "triage.diff/1"
    assert [(f["state"], f["now"] is None, f["before"] is None) for f in data["findings"]] == [
        ("new", False, True), ("gone", True, False), ("gone", True, False),
    ]  # fmt: skip


def test_a_moved_fault_is_changed(triage, reports: list[Path], tmp_path: Path) -> None:
    data = json.loads(reports[0].read_text())
    for h in data["hypotheses"]:
        if h["scope"]:
            h["scope"].update(kind="az", member="b", indistinguishable=[])
    moved = tmp_path / "moved.json"
    moved.write_text(json.dumps(data))
    told = triage("diff", reports[0], moved).out
    assert "changed" in told
    assert "subnet/master -> az/b" in told


def test_diff_of_what_is_no_report_is_told(triage, reports: list[Path], tmp_path: Path) -> None:
    (tmp_path / "x").write_text("{}")
    for pair in ((reports[0], tmp_path / "x"), (tmp_path / "missing", reports[0])):
        told = triage("diff", *pair)
        assert (told.code, told.out) == (2, "")


def test_the_report_does_not_wait_for_another_run(file: Path) -> None:
    History(file).check()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        command = [sys.executable, "-m", "triage", "analyze", MASTER, "--history", str(file)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as run:
            assert run.stdout is not None
            lines = [run.stdout.readline() for _ in range(20)]
            assert lines[0].startswith("Possible (41 %)")
            assert run.poll() is None, "it waits to keep the run"
            other.execute("ROLLBACK")
            run.stdout.read()
            assert run.wait(timeout=60) == 0
    assert History(file).n_runs() == 1


def test_a_run_that_saw_no_line_of_its_window_is_not_kept(triage, file: Path) -> None:
    """What lies outside of it is not gone."""
    folder = ROOT / "sample_logs" / "look-alike"
    assert triage("analyze", folder, "--history", file).code == 0
    told = triage("analyze", folder, "--history", file, "--since-time", "2025-01-01T00:00:00Z").out
    assert told.startswith("Possible (45 %): no line lies in the asked window")
    assert History(file).n_runs() == 1
