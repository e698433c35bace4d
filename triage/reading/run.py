"""Documents to partial results: which of them the kernel counts, in which tasks, and who runs these."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from concurrent.futures import TimeoutError as Late
from contextlib import AbstractContextManager, nullcontext
from time import monotonic
from typing import Literal

from triage.errors import ExitCode, TriageError
from triage.model.bundle import Document
from triage.reading import decode, records
from triage.reading.gone import TROUBLE, Gone, opened
from triage.reading.limits import Limits
from triage.reading.native import (
    MAX_ZONES,
    Counted,
    NotNative,
    Order,
    Read,
    Result,
    Task,
    answers_to,
    has_parts,
    kernel,
    running_bytes,
    scan_task,
    scanner_of,
    stop_running,
)
from triage.reading.scan import NOT_DNS, Job, Partial, scan
from triage.reading.settle import Crowd
from triage.reading.watch import Watch
from triage.reading.window import Slice
from triage.reading.workers import Workers, cores, threads

_PART_BYTES = 64 << 20
_PART_BYTES_OF_TWIN = 32 << 20
_PARTS = 32
"""Tasks of a worker at most, if the parts are not too small."""
_FIRST_PARTS = 2
"""The next task is this part of what is left for a worker: large ones first, since tables of parts are added up."""
_AHEAD = 2
"""Tasks of a worker that are begun, or done and not yet taken."""
_TRIES = 3
_LONGEST_S = 900.0
"""A task that takes longer is lost."""
_GLANCE_S = 0.2
_LAST_S = 2.0
"""For tasks of this process to end once the watch is stopped."""
_FOREVER = 1 << 63
Way = Literal["native", "python", "lines"]
"""How large documents are read: by the kernel, by its twin, or line by line as small ones are."""


def scan_all(
    documents: Sequence[Document],
    job: Job,
    workers: Workers | None,
    way: Way | None,
    crowd: Crowd | None = None,
    meanwhile: Callable[[], object] | None = None,
) -> list[Partial]:
    """Read all documents; tasks of the kernel or its twin run beside the reading of others, tables join the `crowd`.

    Where no executor was given the kernel has threads, its twin processes: its threads would wait for each other.
    `meanwhile` is called once the first tasks are on their way.
    """
    job.watch.total_bytes = sum(map(_stored_bytes, documents))
    way = way or ("python" if kernel() is None else "native")
    n = workers.n if workers is not None else cores()
    native = way == "native"
    total = behind = sum(d.size_bytes or 0 for d in documents)
    least_bytes = max(_PART_BYTES if native else _PART_BYTES_OF_TWIN, total // (_PARTS * n))
    plans: dict[int, list[Task]] = {}
    for i, d in enumerate(documents if way != "lines" else ()):
        behind -= d.size_bytes or 0
        if tasks := plan(d, job, n, least_bytes, behind):
            plans[i] = tasks
    if not plans:
        return [_read(d, job) for d in documents]
    queued = [(i, _order(documents[i], job, native=native), t) for i in plans for t in plans[i]]
    with (
        nullcontext(workers) if workers is not None else _pool(n, queued, documents, job.limits, native=native) as pool
    ):
        queue = _Queue(pool, queued, job.watch)
        try:
            if meanwhile is not None:
                meanwhile()
            return [
                _one(d, job, queue, i, crowd, native=native) if i in plans else _read(d, job)
                for i, d in enumerate(documents)
            ]
        finally:
            queue.cancel()


def _pool(
    n: int, queued: Sequence[tuple[int, Order, Task]], documents: Sequence[Document], limits: Limits, *, native: bool
) -> AbstractContextManager[Workers]:
    """Threads of this process, or processes where they are worth their start."""
    n_bytes = sum(documents[i].size_bytes or limits.process_bytes for i in {i for i, *_ in queued})
    n = min(n, len(queued))
    if native or n < 2 or n_bytes < limits.process_bytes:
        return threads(n)
    from triage.reading.processes import processes

    return processes(n)


def _stored_bytes(document: Document) -> int:
    return (document.size_bytes if document.stored_bytes is None else document.stored_bytes) or 0


def _read(document: Document, job: Job) -> Partial:
    partial = scan(document, job)
    job.watch.done_bytes += partial.n_bytes if document.stored_bytes is None else document.stored_bytes
    job.watch.tick()
    return partial


def plan(document: Document, job: Job, workers: int, least_bytes: int, behind: int) -> list[Task]:
    """The tasks for a document; none when it is read line by line. `behind` are the bytes of those that come later."""
    limits = job.limits
    if document.size_bytes is not None and document.size_bytes <= limits.mend_bytes:
        return []
    if len(job.zones) > MAX_ZONES or not all(zone.isascii() for zone in job.zones):
        return []
    with opened(document.open) as stream:
        head = stream.read(decode.HEAD_BYTES)
        while len(head) < decode.HEAD_BYTES and (more := stream.read(decode.HEAD_BYTES - len(head))):
            head += more
        parts = isinstance(document.open, Slice) or has_parts(stream)
    if len(head) < decode.HEAD_BYTES or not records.is_lines(head):
        return []
    size = document.size_bytes
    if not parts or size is None:
        return [Task(document.open, threads=min(workers, cores()))]
    part = document.open
    opener, begin = (part.whole, part.start) if isinstance(part, Slice) else (part, 0)
    at, end, tasks = begin, begin + size, []
    while at < end:
        step = limits.part_bytes or max(least_bytes, (end - at + behind) // (_FIRST_PARTS * workers))
        if not limits.part_bytes and end - at < 1.5 * step:
            step = end - at
        tasks.append(Task(opener, at, min(at + step, end)))
        at += step
    return tasks


def _order(document: Document, job: Job, *, native: bool) -> Order:
    zones = sorted((z for z in job.zones if z != "."), key=lambda z: (-len(z), z))
    return Order(
        document.replica,
        job.year,
        tuple(zone.encode() for zone in zones),
        -_FOREVER if job.since_ns is None else job.since_ns,
        _FOREVER - 1 if job.until_ns is None else job.until_ns,
        job.limits,
        job.parse_query,
        NOT_DNS,
        native,
    )


def _one(document: Document, job: Job, queue: _Queue, index: int, crowd: Crowd | None, *, native: bool) -> Partial:
    counted = Counted(
        _order(document, job, native=native),
        queue.of(index),
        first_line=document.first_line,
        n_bytes=document.size_bytes,
    )
    try:
        partial = scan(document, job, counted=counted)
    except NotNative:
        queue.drop(index)
        return scan(document, job)
    if crowd is not None:
        crowd.add(counted)
    return partial


def _lost(error: Exception) -> TriageError:
    """Why a task was not done, however often it was tried."""
    if isinstance(error, BrokenExecutor):
        return TriageError(
            "processes that read the logs are killed again and again",
            hint="often memory is short: give it more, or fewer logs at a time",
            exit_code=ExitCode.FAILED,
        )
    return TriageError(
        "a part of the logs could not be counted: {why}",
        hint="workers must stay, and reach the same files; without --cluster it is done here",
        exit_code=ExitCode.FAILED,
        why=f"{type(error).__name__} {error}"[:200],
    )


def _is_gone(task: Task) -> bool:
    """Whether nobody finds its file any more; a worker elsewhere may have others than we."""
    with opened(task.open) as stream:
        return isinstance(stream, Gone)


def _nothing(order: Order) -> Result:
    answers = answers_to(order)
    return Result(scanner_of(answers), answers, Read(trouble=TROUBLE))


class _Queue:
    """Tasks of all documents in their order, a few of them submitted ahead."""

    def __init__(self, workers: Workers, tasks: Sequence[tuple[int, Order, Task]], watch: Watch) -> None:
        self._executor: Executor = workers.executor
        self._waiting = deque(tasks)
        self._ahead = workers.n * _AHEAD
        self._watch = watch
        self._begun: dict[int, deque[tuple[Order, Task, Future[Result]]]] = {}
        self._whole: set[Future[Result]] | None = None
        """Once it is stopped: what was done before. All others hold a beginning only."""
        self._until = 0.0
        self._fill()

    def _fill(self) -> None:
        while self._waiting and sum(map(len, self._begun.values())) < self._ahead:
            index, order, task = self._waiting.popleft()
            future = self._executor.submit(scan_task, order, task)
            self._begun.setdefault(index, deque()).append((order, task, future))

    def of(self, index: int) -> Iterator[Result]:
        """The results of a document, in their order; those until now when the watch is stopped."""
        while begun := self._begun.get(index):
            order, task, future = begun[0]
            result = self._result(order, task, future)
            begun.popleft()
            if result is None:
                return
            self._fill()
            yield result
            if self._whole is not None and future not in self._whole:
                return

    def _result(self, order: Order, task: Task, future: Future[Result]) -> Result | None:
        for left in reversed(range(_TRIES)):
            try:
                result = self._wait(future)
            except Exception as error:
                if isinstance(error, FileNotFoundError) and _is_gone(task):
                    return _nothing(order)
                if isinstance(error, (Late, CancelledError)) or left == 0:
                    raise _lost(error) from error
                future = self._executor.submit(scan_task, order, task)
                continue
            if result is not None:
                self._watch.done_bytes += result.read.stored_bytes
                self._watch.tick(running_bytes())
            return result
        raise AssertionError

    def _wait(self, future: Future[Result]) -> Result | None:
        """The result; of its beginning, or None, when the watch was stopped before."""
        began = monotonic()
        while not self._watch.stopped:
            try:
                return future.result(timeout=_GLANCE_S)
            except Late:
                if future.done() or monotonic() - began > _LONGEST_S:
                    raise
                self._watch.tick(running_bytes())
        self._halt()
        try:
            return None if future.cancel() else future.result(timeout=max(0.0, self._until - monotonic()))
        except (Late, CancelledError):
            return None

    def _halt(self) -> None:
        """What waits is not begun, what runs here ends where it is."""
        if self._whole is None:
            self._whole = {future for begun in self._begun.values() for *_, future in begun if future.done()}
            self._waiting.clear()
            self._until = monotonic() + _LAST_S
            stop_running()

    def drop(self, index: int) -> None:
        """Forget a document."""
        for _, _, future in self._begun.pop(index, ()):
            future.cancel()
        self._waiting = deque(task for task in self._waiting if task[0] != index)
        self._fill()

    def cancel(self) -> None:
        """Forget all of them."""
        self._waiting.clear()
        for index in list(self._begun):
            self.drop(index)
        stop_running()
