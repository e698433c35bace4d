"""Documents read by the Python reader in processes of their own: threads would wait for each other."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.synchronize import Event

from triage.errors import ExitCode, TriageError
from triage.model.bundle import Document
from triage.reading.scan import Job, Partial, scan
from triage.reading.watch import Watch

_TRIES = 3
_GLANCE_S = 0.2
_watch = Watch()
"""Of a process that reads for another one."""


def scan_apart(documents: Sequence[Document], job: Job, n: int) -> dict[str, Partial]:
    """Partial results by the names of documents; what a lost process had begun is read again.

    Raises:
        TriageError: processes are lost again and again.
    """
    found: dict[str, Partial] = {}
    for _ in range(_TRIES):
        try:
            _scan_all([d for d in documents if d.name not in found], job, n, found)
        except BrokenProcessPool:
            continue
        return found
    raise TriageError(
        "processes that read the logs are killed again and again",
        hint="often memory is short: give it more, or fewer logs at a time",
        exit_code=ExitCode.FAILED,
    )


def _scan_all(documents: Sequence[Document], job: Job, n: int, found: dict[str, Partial]) -> None:
    context = multiprocessing.get_context("spawn")
    stop, sent = context.Event(), replace(job, watch=Watch())
    with ProcessPoolExecutor(n, context, _begin, (stop,)) as pool:
        with _without_interrupts():
            waiting: dict[Future[Partial], Document] = {pool.submit(_scan, d, sent): d for d in documents}
        while waiting:
            for future in wait(waiting, _GLANCE_S, "FIRST_COMPLETED").done:
                document = waiting.pop(future)
                found[document.name] = future.result()
                job.watch.done_bytes += found[document.name].n_bytes
            job.watch.tick()
            if job.watch.stopped:
                stop.set()


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Processes that begin in it never see Ctrl-C, which reaches all of a terminal: the first one decides."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(stop: Event) -> None:
    threading.Thread(target=_await, args=(stop,), daemon=True).start()


def _await(stop: Event) -> None:
    stop.wait()
    _watch.stopped = True


def _scan(document: Document, job: Job) -> Partial:
    return scan(document, replace(job, watch=_watch))
