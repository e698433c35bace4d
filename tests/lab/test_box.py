"""The box is tight, and nothing of it is left."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lab import batch, binaries, box
from tests.lab.faults import case_of


def _links_and_mounts() -> tuple[str, str]:
    links = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True).stdout
    return links, Path("/proc/self/mounts").read_text(encoding="utf-8")


def _namespaces_of(mark: str) -> set[str]:
    """Namespaces of process ids, other than ours, in which a program has this word in its command line."""
    found = set()
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and mark.encode() in (entry / "cmdline").read_bytes():
                found.add(str((entry / "ns/pid").readlink()))
    return found - {str(Path("/proc/self/ns/pid").readlink())}


def _processes_in(namespaces: set[str]) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and str((entry / "ns/pid").readlink()) in namespaces:
                found.append(f"{entry.name} {(entry / 'cmdline').read_bytes()!r}")
    return found


def _wait(condition: Callable[[], object], limit_s: float) -> None:
    end = time.monotonic() + limit_s
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)


@pytest.mark.lab
def test_nothing_is_left_when_the_starter_is_killed(tmp_path: Path) -> None:
    binaries.build(binaries.NEW)
    before = _links_and_mounts()
    script = (
        "from pathlib import Path; from tests.lab import batch; from tests.lab.faults import case_of;"
        f"batch.run_one(case_of('drop@subnet-{binaries.NEW}'), Path({str(tmp_path)!r}), ['log'])"
    )
    starter = subprocess.Popen([sys.executable, "-c", script], cwd=box.ROOT)
    _wait(lambda: _namespaces_of(str(tmp_path)), 20)
    inside = _namespaces_of(str(tmp_path))
    assert inside, "the run never started"
    _wait(lambda: any("coredns" in process for process in _processes_in(inside)), 10)
    assert any("coredns" in process for process in _processes_in(inside))
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    _wait(lambda: not _processes_in(inside), 5)
    assert _processes_in(inside) == []
    assert _links_and_mounts() == before


@pytest.mark.lab
def test_the_machine_sees_nothing_of_a_run(tmp_path: Path) -> None:
    binaries.build(binaries.NEW)
    before = _links_and_mounts()
    said = tmp_path / "said.txt"  # not `log`: that is the folder of the level
    process = box.start("tests.lab.run", f"healthy@cluster-{binaries.NEW}", str(tmp_path), "log", log=said)
    during = set()
    try:
        for _ in range(20):
            if process.poll() is None:
                during.add(_links_and_mounts())
            time.sleep(0.1)
    finally:
        assert process.stdin
        process.stdin.close()
        process.wait(10)
    assert during == {before}


@pytest.mark.lab
def test_no_namespace_has_a_way_out(tmp_path: Path) -> None:
    process = box.start("tests.lab.tightness", log=tmp_path / "log")
    assert process.wait(60) == 0, (tmp_path / "log").read_text(encoding="utf-8")


@pytest.mark.lab
def test_a_second_run_has_a_world_of_its_own(tmp_path: Path) -> None:
    binaries.build(binaries.NEW)
    case = case_of(f"healthy@cluster-{binaries.NEW}")
    runs = batch.Batch([case], tmp_path / "a", ["log"], judged=False)
    others = batch.Batch([case], tmp_path / "b", ["log"], judged=False)
    assert [b.result(case).complaint for b in (runs, others)] == ["", ""]
    runs.close()
    others.close()
