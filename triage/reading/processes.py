"""Processes for the kernel's twin: its threads would wait for each other."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import ParamSpec, TypeVar

from triage.reading.workers import Workers

P = ParamSpec("P")
T = TypeVar("T")


@contextmanager
def processes(n: int) -> Iterator[Workers]:
    """Processes of their own; where one is lost, what comes next is done by others."""
    pool = _Processes(n)
    try:
        yield Workers(pool, n)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


class _Processes(Executor):
    def __init__(self, n: int) -> None:
        self._n = n
        self._pool = self._begun()

    def _begun(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("fork" if _is_alone() else "spawn")
        return ProcessPoolExecutor(self._n, context, _end_with_parent)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        with _without_interrupts():
            try:
                return self._pool.submit(fn, *args, **kwargs)
            except BrokenProcessPool:
                self._pool = self._begun()
                return self._pool.submit(fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._pool.shutdown(wait, cancel_futures=cancel_futures)


def _is_alone() -> bool:
    """Whether this process has no other thread, so that a copy of it is sound: it begins at once."""
    try:
        return len(list(Path("/proc/self/task").iterdir())) == 1
    except OSError:
        return False


def _end_with_parent() -> None:
    """End this process when the one that began it is gone, however that ended."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Processes that begin in it never see Ctrl-C, which reaches all of a terminal: the first one decides."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
