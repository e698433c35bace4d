"""Documents that the kernel counts: plain files in parts, streams as a whole; and its tables as tallies.

The kernel hands back every line that it does not count (an event), and tells what it counted between them (a run), so
that lives of a process are followed as if each line had been read.
"""

from __future__ import annotations

import importlib
import io
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from types import ModuleType
from typing import BinaryIO, NamedTuple, TypeVar, cast

from msgspec import Struct, field

from triage.model.observation import LOST, Answer, Query, is_failed
from triage.reading.framing import Context, Peeled, unframe
from triage.reading.limits import Limits
from triage.reading.scanner import Kernel, Scanner
from triage.reading.tally import is_own

MAX_ZONES = 63
MAX_PARTS = 1024
MAX_GROUPS = 1024
MAX_FRAMES = 2048
_CHUNK = 1 << 20
_BLOCKS_AHEAD = 4
T = TypeVar("T")
Row = tuple[int, int, int, int, int, int, int | None, int | None, int | None, int | None, int]
"""Of `Scanner.runs`."""
Group = tuple[str, str, Answer]
"""qtype, rcode, answer."""


_REVISION = 5
"""Of the kernel's interface: one that an older tree left behind is not used."""


@lru_cache(maxsize=1)
def kernel() -> ModuleType | None:
    """The native scan, where it was built."""
    try:
        module = importlib.import_module("triage.reading._kernel")
    except ImportError:
        return None
    return module if module.REVISION == _REVISION else None


def kernel_name() -> str:
    """Who counts the lines of large documents: `native` or `python`."""
    return "python" if kernel() is None else "native"


class NotNative(Exception):  # noqa: N818  (no error: another way is taken)
    """The kernel cannot tell what the document says; the Python reader can."""


class Frame(NamedTuple):
    """What stands around the text of lines, and what it told."""

    replica: str | None
    container: str | None
    framing: str


class Read(NamedTuple):
    """What was taken of a document or a part of it."""

    n_bytes: int = 0
    stored_bytes: int = 0
    """The same, as it is stored: less when it is compressed."""
    trouble: str | None = None
    """Why a stream ended before its end (a gap's key)."""


class Task(NamedTuple):
    """Lines to be counted: those that begin in [start, stop) of a file, or all of a stream when `stop` is None."""

    open: Callable[[], BinaryIO]
    start: int = 0
    stop: int | None = None
    threads: int = 1
    """That count in this process."""


class Order(Struct, frozen=True):
    """What a task needs to know; it can be sent to another process."""

    replica: str | None
    year: int
    zones: tuple[bytes, ...]
    since_ns: int
    until_ns: int
    limits: Limits
    parse_query: Callable[[str], Query | None]
    not_dns: frozenset[str]
    native: bool = True
    """Whether the kernel counts, or its twin."""


class Answers(Struct):
    """What Python told a scanner: the numbers in its rows are places in these lists."""

    order: Order
    context: Context
    """That of the lines seen so far; a prefix before a sure line needs none."""
    parts: list[str | None] = field(default_factory=list)
    frames: list[Frame | None] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)

    def on_query(self, line: bytes) -> int:
        """The group of a query line, and from bit 16 whether it is kept, failed, CoreDNS' own word; -1: it is none."""
        query = self.order.parse_query(line.decode())
        if query is None:
            return -1
        said = query.rcode, query.answer
        kinds = (query.answer in LOST) << 16 | is_failed(*said) << 17 | is_own(*said) << 18
        return place(self.groups, (query.qtype, query.rcode, query.answer)) | kinds

    def on_frame(self, index: int, raw: bytes, at: int, at_ns: int | None) -> int:
        """The part to which lines of this frame belong; -1: they are read one by one."""
        del self.frames[index:]
        peeled = self._peeled(raw, at, at_ns)
        if peeled is None or peeled.container in self.order.not_dns:
            self.frames.append(None)
            return -1
        replica = peeled.replica or self.order.replica or peeled.host
        self.frames.append(Frame(replica, peeled.container, peeled.framing))
        return place(self.parts, replica)

    def _peeled(self, raw: bytes, at: int, at_ns: int | None) -> Peeled | None:
        try:
            line = raw.decode("ascii")
        except UnicodeDecodeError:
            return None
        found = unframe(line, self.context)
        if len(found) != 1 or found[0].at_ns != at_ns or found[0].partial or found[0].note is not None:
            return None
        whole = found[0].text if line.startswith("{") else line[at:]
        return found[0] if found[0].text == whole else None


def answers_to(order: Order) -> Answers:
    """None given yet."""
    return Answers(order, Context(order.year))


def place(rows: list[T], row: T) -> int:
    """Where the row stands, added if it is new."""
    try:
        return rows.index(row)
    except ValueError:
        rows.append(row)
        return len(rows) - 1


class Run(NamedTuple):
    """Lines of one replica that were counted between two events."""

    replica: str | None
    number: int
    """Line where they begin."""
    queries: int
    errors: int
    outside: int
    """Lines of errors outside the asked window."""
    first_ns: int | None
    last_ns: int | None
    outside_first_ns: int | None
    outside_last_ns: int | None
    filtered: bool
    """True when any line was outside the window."""


def scanner_of(answers: Answers) -> Scanner:
    """An empty scanner."""
    module, order = kernel(), answers.order
    if not order.native:
        from triage.reading.twin import Twin

        return Twin(answers)
    assert module is not None
    limits = order.limits
    made: Scanner = module.Scanner(
        answers.on_frame,
        answers.on_query,
        zones=order.zones,
        since=order.since_ns,
        until=order.until_ns,
        named=order.replica is not None,
        names=limits.names,
        counts=limits.counts,
        groups=limits.messages,
        kept=max(limits.faults, limits.failures),
        events=limits.event_bytes,
        clients=limits.clients,
    )
    return made


class Result(Struct):
    """What a task found; it travels between processes as bytes."""

    scanner: Scanner
    answers: Answers
    read: Read

    def __reduce__(self) -> tuple[Callable[..., Result], tuple[object, ...]]:
        """As bytes of the kernel's own format."""
        return _received, (self.scanner.dump(), self.answers, self.read)


def _received(dumped: bytes, answers: Answers, read: Read) -> Result:
    scanner = scanner_of(answers)
    scanner.load(dumped)
    return Result(scanner, answers, read)


class _Running:
    """A task of this process that is being counted."""

    def __init__(self, scanner: Scanner, stream: BinaryIO, task: Task, *, native: bool) -> None:
        self.scanner, self.stream, self.task = scanner, stream, task
        self.by_place = native and task.stop is not None and is_plain_file(stream)
        """Whether the kernel reads the file itself."""
        self.fed_bytes = 0
        self.stopped = False

    def stop(self) -> None:
        """End it where it is."""
        self.stopped = True
        if self.by_place:
            cast(Kernel, self.scanner).stop()

    def read(self) -> Read:
        """How far it is."""
        start, stop = self.task.start, self.task.stop
        if stop is not None:
            at = self.scanner.state()["position"] if self.by_place else start + self.fed_bytes
            taken = min(max(0, at - start), stop - start)
            return Read(taken, taken)
        stored = getattr(self.stream, "stored_bytes", self.fed_bytes)
        return Read(self.fed_bytes, stored, getattr(self.stream, "broken", None))

    def end(self) -> Read:
        """How far it came: less than it was to be, when the file became shorter meanwhile."""
        read, stop = self.read(), self.task.stop
        if stop is None or self.stopped or read.n_bytes >= stop - self.task.start:
            return read
        return read._replace(trouble="gap.file-shrank")


_running: dict[int, _Running] = {}


def scan_task(order: Order, task: Task) -> Result:
    """Count the lines of a task."""
    answers = answers_to(order)
    scanner = scanner_of(answers)
    with task.open() as stream:
        running = _running[id(scanner)] = _Running(scanner, stream, task, native=order.native)
        try:
            if task.stop is not None and running.by_place:
                cast(Kernel, scanner).scan(stream.fileno(), task.start, task.stop)
            else:
                _feed(running)
        finally:
            del _running[id(scanner)]
        return Result(scanner, answers, running.end())


def _blocks(stream: BinaryIO, threads: int) -> Iterator[bytes]:
    """Blocks of a stream; where a thread of ours is idle, it decompresses or fetches the next ones meanwhile."""
    with ThreadPoolExecutor(1) as pool:
        coming: deque[Future[bytes]] = deque()
        while True:
            while len(_running) < threads and len(coming) < _BLOCKS_AHEAD:
                coming.append(pool.submit(stream.read, _CHUNK))
            chunk = coming.popleft().result() if coming else stream.read(_CHUNK)
            if not chunk:
                return
            yield chunk


def _feed(running: _Running) -> None:
    """Read a stream, or a part of one that can be entered anywhere."""
    scanner, stream, task = running.scanner, running.stream, running.task
    chunks = _blocks(stream, task.threads if task.stop is None else 1)
    at, skipping = max(task.start - 1, 0), task.start > 0
    if skipping:
        stream.seek(at)
    while not running.stopped and (chunk := next(chunks, b"")):
        begin = 0
        running.fed_bytes += len(chunk)
        if skipping:
            begin = chunk.find(b"\n") + 1
            skipping = begin == 0
            if task.stop is not None and not skipping and at + begin >= task.stop:
                break
        if not skipping:
            last = -1
            if task.stop is not None and at + len(chunk) >= task.stop:
                last = chunk.find(b"\n", max(begin, task.stop - 1 - at))
            scanner.feed(chunk[begin : last + 1] if last >= 0 else chunk[begin:], False)
            if last >= 0:
                break
        at += len(chunk)
    if not running.stopped:
        scanner.feed(b"", True)


def running_bytes() -> int:
    """Bytes, as they are stored, that tasks of this process have read and not yet handed over."""
    return sum(running.read().stored_bytes for running in list(_running.values()))


def stop_running() -> None:
    """End the tasks of this process where they are."""
    for running in list(_running.values()):
        running.stop()


def is_plain_file(stream: object) -> bool:
    """Whether parts of it can be read by their places in a file."""
    return isinstance(stream, io.BufferedReader) and isinstance(stream.raw, io.FileIO)


def has_parts(stream: BinaryIO) -> bool:
    """Whether it can be entered anywhere at little cost: a plain file, or one in an object store."""
    return is_plain_file(stream) or (hasattr(stream, "blocksize") and stream.seekable())


class Counted:
    """A document's results, in their order, as one."""

    def __init__(self, order: Order, results: Iterable[Result], *, first_line: int, n_bytes: int | None) -> None:
        self.answers = answers_to(order)
        self._scanner: Scanner | None = None
        self.n_lines = 0
        self.n_bytes = n_bytes or 0
        self.troubles: set[str] = set()
        """Why streams ended before their end."""
        self.fine_clock = False
        self.frame_lines: dict[int, int] = {}
        self._sized = n_bytes is not None
        self._results = results
        self._shift = first_line - 1
        self._runs: list[Run] = []

    @property
    def scanner(self) -> Scanner:
        """The tables of all results taken so far."""
        if self._scanner is None:
            self._scanner = scanner_of(self.answers)
        return self._scanner

    def compact(self) -> None:
        """Give back the room of rows that are gone."""
        ours, thinned = self.answers, self.scanner
        self._scanner = scanner_of(ours)
        sizes = ((ours.parts, MAX_PARTS), (ours.groups, MAX_GROUPS), (ours.frames, MAX_FRAMES))
        self._scanner.absorb(thinned, *(_table(list(range(len(rows))), size) for rows, size in sizes))

    def events(self) -> Iterator[tuple[int, str]]:
        """The lines that the kernel did not count; `take_runs` then tells what it counted before."""
        is_open = False
        for result in self._results:
            state = result.scanner.state()
            if state["gave_up"] or is_open:
                raise NotNative
            is_open = state["open"] > 0
            before = self._shift + self.n_lines
            runs = iter(result.scanner.runs())
            run = next(runs, None)
            for index, (number, raw) in enumerate(result.scanner.events()):
                while run is not None and run[0] <= index:
                    self._runs.append(_run(run, before, result.answers))
                    run = next(runs, None)
                yield before + number, _decoded(raw, is_first=before + number == self._shift + 1)
            while run is not None:
                self._runs.append(_run(run, before, result.answers))
                run = next(runs, None)
            self._absorb(result, state["lines"])
        self.fine_clock = bool(self.scanner.state()["fine"])

    def take_runs(self) -> list[Run]:
        """What was counted since the last call."""
        runs, self._runs = self._runs, []
        return runs

    def _absorb(self, result: Result, lines: int) -> None:
        """Add the tables of a result to those before; the first one's are ours from then on."""
        if self._scanner is None:
            self._scanner, self.answers = result.scanner, result.answers
            self.frame_lines = dict(enumerate(result.scanner.frames()))
        else:
            self._add(result)
        self.n_lines += lines
        if not self._sized:
            self.n_bytes += result.read.n_bytes
        if result.read.trouble is not None:
            self.troubles.add(result.read.trouble)

    def _add(self, result: Result) -> None:
        theirs, ours = result.answers, self.answers
        frames = [place(ours.frames, frame) for frame in theirs.frames]
        parts = [place(ours.parts, part) for part in theirs.parts]
        groups = [place(ours.groups, group) for group in theirs.groups]
        if len(ours.parts) > MAX_PARTS or len(ours.groups) > MAX_GROUPS:
            raise NotNative
        for index, n in enumerate(result.scanner.frames()):
            self.frame_lines[frames[index]] = self.frame_lines.get(frames[index], 0) + n
        self.scanner.absorb(
            result.scanner, _table(parts, MAX_PARTS), _table(groups, MAX_GROUPS), _table(frames, MAX_FRAMES)
        )


def _table(places: list[int], size: int) -> bytes:
    return array("I", places + [0] * (size - len(places))).tobytes()


def _run(row: Row, before: int, answers: Answers) -> Run:
    _, part, begin, queries, errors, outside, first_ns, last_ns, out_first_ns, out_last_ns, filtered = row
    times = (first_ns, last_ns, out_first_ns, out_last_ns)
    return Run(answers.parts[part], before + begin, queries, errors, outside, *times, bool(filtered))


def _decoded(raw: bytes, *, is_first: bool) -> str:
    """As `decode.lines` gives it."""
    line = raw.decode("utf-8", errors="replace").replace("\0", "")
    if is_first:
        line = line.removeprefix("\ufeff")
    return line[:-1] if line.endswith("\r") else line
