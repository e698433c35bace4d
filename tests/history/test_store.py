"""The history with real processes: two at once, kill -9, a full disk."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from triage.errors import ExitCode, TriageError
from triage.history import History
from triage.model.past import Finding
from triage.model.report import Member

FOUND = Finding("f1", "conntrack", "10.0.0.2:53", "corp.example.", 0.9, "outage", (Member("node", "m01"),))
OTHER = Finding("f2", "resources", None, None, 0.8, "degraded")
WRITER = """
import sys
from pathlib import Path
from tests.history.test_store import FOUND
from triage.history import History
name, runs = sys.argv[2], int(sys.argv[3])
print("begun", flush=True)
for i in range(runs):
    History(Path(sys.argv[1])).record(name, i, [FOUND])
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "history.db"
    History(path).check()
    return path


def writer(file: Path, name: str, runs: int) -> subprocess.Popen:
    command = [sys.executable, "-c", WRITER, str(file), name, str(runs)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def whole(file: Path) -> bool:
    database = sqlite3.connect(file)
    try:
        return database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    finally:
        database.close()


def test_the_states_over_four_runs(file: Path) -> None:
    history = History(file)
    runs = [[FOUND], [FOUND, OTHER], [FOUND], []]
    told = [history.record("", at, found) for at, found in enumerate(runs)]
    assert [news.since_ns for news in told] == [None, 0, 1, 2]
    assert [[(d.state, d.finding.id) for d in news.differences] for news in told] == [
        [("new", "f1")],
        [("new", "f2"), ("same", "f1")],
        [("same", "f1"), ("gone", "f2")],
        [("gone", "f1")],
    ]
    assert [news.any for news in told] == [True] * 4
    assert not history.record("", 4, []).any


def test_what_flaps_is_news_until_it_is_known_to_flap(file: Path) -> None:
    history = History(file)
    told = [history.record("", at, [FOUND] if at % 2 == 0 else []) for at in range(7)]
    assert [news.any for news in told] == [True, True, True, True, False, False, False]
    assert [news.differences[0].flapping for news in told] == [False, False, False, False, True, True, True]
    (course,) = history.courses()
    assert (course.flapping, course.there, course.n_seen, course.n_runs) == (True, True, 4, 7)


def test_clusters_do_not_mix(file: Path) -> None:
    history = History(file)
    history.record("a", 1, [FOUND])
    assert history.record("b", 2, [FOUND]).since_ns is None
    assert [d.state for d in history.record("a", 3, [FOUND]).differences] == ["same"]
    assert [(c.cluster, c.first_ns, c.last_ns, c.n_seen) for c in history.courses()] == [("a", 1, 3, 2), ("b", 2, 2, 1)]


def test_the_file_is_private_and_old_runs_are_forgotten(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    monkeypatch.setattr("triage.history.store._KEPT_RUNS", 5)
    history = History(file)
    for at in range(9):
        history.record("", at, [FOUND])
    assert history.n_runs() == 5
    assert history.courses()[0].first_ns == 4


def test_eight_runs_at_once_lose_nothing(file: Path) -> None:
    writers = [writer(file, "c", 25) for _ in range(8)]
    assert [w.wait(timeout=300) for w in writers] == [0] * 8
    for w in writers:
        w.stdout.close()
    history = History(file)
    assert history.n_runs() == 200
    assert history.courses()[0].n_seen == 200
    assert whole(file)


def test_a_run_that_is_killed_leaves_the_others(file: Path) -> None:
    before = 0
    for nth in range(6):
        with writer(file, f"c{nth}", 100_000) as process:  # a cluster of its own: the oldest runs of each are dropped
            process.stdout.readline()
            while History(file).n_runs() <= before:
                assert process.poll() is None
            process.send_signal(signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL
        assert whole(file)
        runs = History(file).n_runs()
        assert runs > before
        before = runs
    assert History(file).record("c5", 1, [FOUND]).differences[0].state == "same"


FULL = """
import subprocess, sys
from pathlib import Path
from tests.history.test_store import FOUND, OTHER, whole
from triage.errors import TriageError
from triage.history import History
file = Path(sys.argv[1]) / "history.db"
History(file).check()
History(file).record("", 1, [FOUND])
with open(file.parent / "ballast", "wb", buffering=0) as ballast:
    try:
        while ballast.write(bytes(4096)) == 4096:
            pass
    except OSError:
        pass
failed = 0
for at in range(200):
    try:
        History(file).record("", 2 + at, [OTHER])
    except TriageError as error:
        failed += 1
        assert error.exit_code == 5, error
        kept = History(file).n_runs()
        assert whole(file)
        break
assert failed, "the disk was not full"
print(kept, History(file).n_runs())
command = [sys.executable, "-m", "triage", "analyze", "sample_logs/master-subnet", "--history", str(file)]
done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
print(done.returncode, done.stdout)
(file.parent / "ballast").unlink()
assert History(file).record("", 999, [FOUND]) and whole(file)
print(History(file).n_runs())
"""


def test_a_full_disk_keeps_what_was_there_and_the_report(tmp_path: Path) -> None:
    """On a file system of 256 KiB, in a mount namespace of its own."""
    unshare = shutil.which("unshare")
    mounts = [unshare or "", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"]), "--mount"]
    if not unshare or subprocess.run([*mounts, "true"], capture_output=True).returncode:
        assert not os.environ.get("CI"), "this machine cannot mount a small file system"
        pytest.skip("needs mount namespaces")
    script = 'mount -t tmpfs -o size=256k none "$1" && exec "$2" -c "$3" "$1"'
    command = [*mounts, "sh", "-c", script, "sh", str(tmp_path), sys.executable, FULL]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    before, *rest = done.stdout.splitlines()
    kept = before.split()
    assert kept[0] == kept[1] != "0"
    assert rest[0].startswith("5 Possible (41 %)"), "the report is there, and exit code 5"
    assert "error: the history" in done.stdout
    assert "database or disk is full" in done.stdout
    assert rest[-1] == str(int(kept[0]) + 1)


@pytest.mark.parametrize("content", [b"hello", b"x" * 5000, b"SQLite format 3\x00" + b"y" * 5000])
def test_another_file_is_no_history_and_stays(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(TriageError) as told:
        History(path).check()
    assert told.value.exit_code is ExitCode.USAGE
    assert path.read_bytes() == content


def test_another_database_is_no_history(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE t (x)")
    with pytest.raises(TriageError, match="no history"):
        History(path).check()


def test_a_file_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "no" / "file"):
        with pytest.raises(TriageError) as told:
            History(path).check()
        assert told.value.exit_code is ExitCode.USAGE
