"""Processes for the kernel's twin: its threads would wait for each other."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
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
        return ProcessPoolExecutor(self._n, multiprocessing.get_context("spawn"))

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        with _without_interrupts():
            try:
                return self._pool.submit(fn, *args, **kwargs)
            except BrokenProcessPool:
                self._pool = self._begun()
                return self._pool.submit(fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._pool.shutdown(wait, cancel_futures=cancel_futures)


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Processes that begin in it never see Ctrl-C, which reaches all of a terminal: the first one decides."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
