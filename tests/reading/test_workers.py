"""The same answer from threads, processes and a real Dask cluster, also when a worker is killed in mid-run."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.reading.test_kernel import ALL, PODS, ZONES, _Open, log, pytestmark
from triage.errors import TriageError
from triage.model.bundle import Document, Kind
from triage.model.observation import Observations
from triage.parsing.query_log import parse_query
from triage.reading import Limits, Watch, Workers, cluster, read

__all__ = ["pytestmark"]
distributed = pytest.importorskip("distributed") if not os.environ.get("CI") else __import__("distributed")
LIMITS = Limits(mend_bytes=0, part_bytes=20_000)


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> list[Document]:
    folder = tmp_path_factory.mktemp("logs")
    found = []
    for i, pod in enumerate(PODS):
        path = folder / f"{pod}.log"
        path.write_text(ALL["timestamps"](log(i, 1500)), encoding="utf-8")
        found.append(Document(path.name, Kind.LOG, path.name, _Open(path), path.stat().st_size, replica=pod))
    return found


@pytest.fixture(scope="module")
def expected(documents: list[Document], recogniser: Callable[..., Any]) -> Observations:
    return run(documents, recogniser, None)


def run(documents: list[Document], recognise: Callable[..., Any], workers: Workers | None) -> Observations:
    return read(documents, recognise=recognise, parse_query=parse_query, zones=ZONES, limits=LIMITS, workers=workers)


@pytest.mark.parametrize("kind", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_every_executor_gives_the_same(
    documents: list[Document], recogniser: Callable[..., Any], expected: Observations, kind: type[Executor]
) -> None:
    more = {"mp_context": get_context("spawn")} if kind is ProcessPoolExecutor else {}
    with kind(2, **more) as executor:  # type: ignore[call-arg]
        assert run(documents, recogniser, Workers(executor, 2)) == expected


class Unlucky(Executor):
    """An executor whose workers are lost now and then."""

    def __init__(self, losses: int) -> None:
        self.losses = losses

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.losses -= 1
        if self.losses >= 0:
            future.set_exception(RuntimeError("the worker is gone"))
        else:
            future.set_result(fn(*args, **kwargs))
        return future


def test_a_lost_task_is_done_again(
    documents: list[Document], recogniser: Callable[..., Any], expected: Observations
) -> None:
    assert run(documents, recogniser, Workers(Unlucky(2), 2)) == expected


def test_a_task_that_is_always_lost_ends_the_run_with_a_reason(
    documents: list[Document], recogniser: Callable[..., Any]
) -> None:
    with pytest.raises(TriageError, match="the worker is gone"):
        run(documents, recogniser, Workers(Unlucky(10**6), 2))


@pytest.fixture
def dask() -> Iterator[Any]:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as local:
        yield local


def test_a_cluster_gives_the_same_and_survives_a_killed_worker(
    documents: list[Document], recogniser: Callable[..., Any], expected: Observations, dask: Any
) -> None:
    told: list[str] = []
    victim = next(iter(dask.workers.values())).pid
    killed = threading.Event()

    def kill() -> None:
        time.sleep(0.05)
        os.kill(victim, signal.SIGKILL)
        killed.set()

    with cluster(dask.scheduler_address, told.append) as workers:
        assert run(documents, recogniser, workers) == expected
        threading.Thread(target=kill).start()
        for _ in range(20):
            assert run(documents, recogniser, workers) == expected
            if killed.is_set():
                break
        assert killed.is_set()
        assert run(documents, recogniser, workers) == expected
    assert told == []


def test_nobody_answers_at_the_address() -> None:
    with pytest.raises(TriageError, match="no Dask scheduler"), cluster("tcp://127.0.0.1:1", print):
        pass


def test_a_file_that_workers_do_not_have(tmp_path: Path, recogniser: Callable[..., Any]) -> None:
    path = tmp_path / "a.log"
    path.write_text(ALL["timestamps"](log(1)), encoding="utf-8")
    opener = _Open(path)

    class Elsewhere(Executor):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            path.rename(tmp_path / "ours")
            future: Future[Any] = Future()
            try:
                future.set_result(fn(*args, **kwargs))
            except OSError as error:
                future.set_exception(error)
            (tmp_path / "ours").rename(path)
            return future

    document = Document("a.log", Kind.LOG, "a.log", opener, path.stat().st_size, replica="r")
    with pytest.raises(TriageError, match="FileNotFoundError"):
        run([document], recogniser, Workers(Elsewhere(), 2))


def test_a_reading_that_is_stopped_says_what_it_left_out(
    documents: list[Document], recogniser: Callable[..., Any], expected: Observations
) -> None:
    watch = Watch()

    class Stopping(Executor):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            future.set_result(fn(*args, **kwargs))
            watch.stopped = watch.done_bytes > 0
            return future

    seen = read(
        documents,
        recognise=recogniser,
        parse_query=parse_query,
        zones=ZONES,
        limits=LIMITS,
        workers=Workers(Stopping(), 1),
        watch=watch,
    )
    total = sum(d.size_bytes or 0 for d in documents)
    assert seen.overflow["interrupted"] == total - watch.done_bytes > 0
    assert 0 < sum(s.lines for s in seen.streams) < sum(s.lines for s in expected.streams)


class _Fatal:
    """Opens a log; a process of its own is killed by that while `mark` is there, `for_ever` or once."""

    def __init__(self, path: Path, mark: Path, *, for_ever: bool) -> None:
        self.path, self.mark, self.for_ever = path, mark, for_ever

    def __call__(self) -> Any:
        apart = multiprocessing.parent_process() is not None
        assert (signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())) == apart, "Ctrl-C is for the first one"
        if apart and self.mark.exists():
            if not self.for_ever:
                self.mark.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        return self.path.open("rb")


@pytest.mark.parametrize("for_ever", [False, True])
def test_a_process_of_the_twin_is_killed(
    documents: list[Document], recogniser: Callable[..., Any], tmp_path: Path, for_ever: bool
) -> None:
    def seen(given: list[Document], limits: Limits) -> Observations:
        return read(given, recognise=recogniser, parse_query=parse_query, zones=ZONES, limits=limits, way="python")

    mark, apart = tmp_path / "mark", replace(LIMITS, process_bytes=0)
    mark.touch()
    given = [replace(d, open=_Fatal(tmp_path / d.file, mark, for_ever=for_ever)) for d in documents]
    for d in documents:
        (tmp_path / d.file).write_bytes(d.read())
    if for_ever:
        with pytest.raises(TriageError, match="killed again and again"):
            seen(given, apart)
    else:
        assert seen(given, apart) == seen(documents, LIMITS)
        assert not mark.exists()


TWO = """
import os, sys, threading
from triage.reading.processes import processes
if sys.argv[1] == "beside-a-thread":
    threading.Thread(target=threading.Event().wait, daemon=True).start()
with processes(2) as workers:
    print(workers.executor.submit(os.getpid).result() != os.getpid(), flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("how", ["alone", "beside-a-thread"])
def test_processes_end_with_the_one_that_began_them(how: str) -> None:
    """Its output, which they inherit, is at its end once they are gone."""
    first = subprocess.Popen([sys.executable, "-c", TWO, how], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with first:
        assert first.stdout is not None
        assert first.stdout.readline() == "True\n"
        first.kill()
        assert first.communicate(timeout=60)[0] == ""
