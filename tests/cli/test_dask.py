"""`triage analyze --cluster` on a real Dask cluster of processes, one of which is killed in mid-run."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from triage.model.version import VERSION

ROOT = Path(__file__).resolve().parents[2]
distributed = pytest.importorskip("distributed") if not os.environ.get("CI") else __import__("distributed")


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("logs")
    subprocess.run([sys.executable, ROOT / "bench/logs.py", folder, "--size", "24M", "--replicas", "8"], check=True)
    return folder


def begin(logs: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "triage", "analyze", str(logs), "-o", "json", *more]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@contextmanager
def dask(workers: int = 2) -> Iterator[Any]:
    more = {"threads_per_worker": 1, "processes": True, "dashboard_address": None, "host": "127.0.0.1"}
    with distributed.LocalCluster(n_workers=workers, **more) as cluster:
        yield cluster


def test_a_worker_is_killed_in_mid_run(logs: Path) -> None:
    here, told = begin(logs).communicate(timeout=300)
    assert told == ""
    with dask() as cluster:
        victim = next(iter(cluster.workers.values())).pid
        run = begin(logs, "--cluster", cluster.scheduler_address)
        while not any(t.state == "processing" for t in list(cluster.scheduler.tasks.values())):
            assert run.poll() is None, run.stderr.read() if run.stderr else ""
            time.sleep(0.001)
        os.kill(victim, signal.SIGKILL)
        there, told = run.communicate(timeout=300)
    assert (run.returncode, told) == (0, "")
    assert json.loads(there) == json.loads(here)


def test_another_version_on_workers_is_said_in_one_line(logs: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "triage", tmp_path / "triage", ignore=shutil.ignore_patterns("__pycache__"))
    version = tmp_path / "triage/model/version.py"
    version.write_text(version.read_text().replace(VERSION, "99.9"))
    worker = [sys.executable, "-m", "dask", "worker", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1"]
    with dask(0) as cluster:
        environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
        there = subprocess.Popen(
            [*worker, cluster.scheduler_address], env=environment, cwd=tmp_path, stderr=subprocess.DEVNULL
        )
        try:
            run = begin(logs, "--cluster", cluster.scheduler_address)
            _, told = run.communicate(timeout=300)
        finally:
            there.terminate()
            there.wait(60)
    assert run.returncode == 0
    [line] = told.splitlines()
    assert "versions differ on 1 of 1 workers: coredns-triage 99.9 there" in line


def test_ctrl_c_does_not_wait_for_workers_that_are_gone(logs: Path) -> None:
    with dask() as cluster:
        run = begin(logs, "--cluster", cluster.scheduler_address)
        while not cluster.scheduler.tasks:
            assert run.poll() is None
            time.sleep(0.001)
        cluster.scale(0)
        run.send_signal(signal.SIGINT)
        out, told = run.communicate(timeout=300)
    assert run.returncode == 130, told
    assert "gap.full-interrupted" in {gap["id"] for gap in json.loads(out)["gaps"]}
