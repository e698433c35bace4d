"""The log of one container: the newest lines first, older ones later, and whether it came whole.

What the API calls success may be none: an error sentence with status 200, or a stream that was cut behind the API
server and ends as if it were complete. So where a log may lack its end, the last line that exists is asked for, and
must have come.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct
from msgspec.structs import replace

from triage.model.collection import Trouble, Wish
from triage.sources.live.reads import Fault, Reader, Stop, path_of, persist, read_all
from triage.sources.live.stamps import stamp, stamp_ns

_NOT_KEPT = re.compile(rb"\s*unable to retrieve container logs for [a-z-]+://\S*\s*")
"""The kubelet's whole answer while it removes a container; it comes with status 200."""
_AGAIN_S = (3.0, 4.0)
"""Waits before a log that is being moved is asked for again: it takes the kubelet 5 to 6 seconds."""
_DEADLINE_S = 300.0
"""For the whole of one log; of a stream that drips we keep what came."""
_TAIL = 64 * 1024
_FRESH_NS = 2 * 10**9
"""A last line this close to the time of the read needs no proof that it is the last one."""
_FEW = 20
"""Logs up to this number are all asked for their last line."""
_BEHIND_NS = 60 * 10**9
_TROUBLED = (b"[ERROR]", b" SERVFAIL ")


class Target(Struct, frozen=True):
    """One log to read."""

    namespace: str
    pod: str
    container: str
    previous: bool = False
    node: str | None = None
    uid: str | None = None

    @property
    def file(self) -> str:
        """Where it stands in the bundle."""
        return f"logs/{self.namespace}/{self.pod}/{self.container}/{'previous' if self.previous else 'current'}.log"

    def trouble(self, reason: str, said: str = "") -> Trouble:
        """What is missing of it."""
        return Trouble(
            reason,
            "get",
            "pods/log",
            self.namespace,
            self.pod,
            self.container,
            self.node,
            self.uid,
            self.previous,
            said,
        )


class LogRead(Struct, frozen=True):
    """What we have of a log."""

    target: Target
    first: str | None = None
    """Time of the first line; None where it has none."""
    last: str | None = None
    lines: int = 0
    size_bytes: int = 0
    more: bool = False
    """True while older lines wait to be read."""
    last_ns: int | None = None
    doubtful: bool = False
    """True while nothing tells that its last line is the last one that exists."""
    failures: int = 0
    """Signs of trouble in it: where depth matters first."""
    troubles: tuple[Trouble, ...] = ()


class _Part(Struct):
    """What came of one read."""

    lines: int = 0
    size: int = 0
    failures: int = 0
    head: bytes = b""
    """The first line, or its beginning."""
    tail: bytes = b""
    """The end, long enough for the last line."""
    fault: Fault | None = None
    """Why it ended early."""
    confirmed: bool = False
    last_ns: int | None = None
    """Of a read whose bytes are on the disk only."""

    def add(self, piece: bytes) -> None:
        if b"\n" not in self.head and len(self.head) < _TAIL:
            joined = (self.head + piece)[:_TAIL]
            self.head = joined[: joined.find(b"\n") + 1] or joined
        self.lines += piece.count(b"\n")
        self.failures += sum(piece.count(word) for word in _TROUBLED)
        self.size += len(piece)
        self.tail = (self.tail + piece)[-_TAIL:]

    @property
    def last(self) -> bytes:
        """The last line that came, whole or not."""
        return self.tail.rstrip(b"\n").rpartition(b"\n")[2]

    @property
    def broken_off(self) -> bool:
        return bool(self.tail) and not self.tail.endswith(b"\n")

    @property
    def ends_ns(self) -> int | None:
        """Time of the last line."""
        return self.last_ns if self.last_ns is not None else stamp_ns(self.last)

    def ends_before(self, ends_ns: int | None) -> bool:
        """True when the last line is broken off, or lines that existed did not come."""
        mine = self.ends_ns
        return self.broken_off or (ends_ns is not None and (mine is None or mine < ends_ns))


class LogReader:
    """Reads logs into a folder."""

    def __init__(self, reader: Reader, wish: Wish, folder: Path, stopped: threading.Event) -> None:
        self._reader, self._wish, self._folder, self._stopped = reader, wish, folder, stopped
        self.bytes_read = 0
        """Of all logs so far, for the progress."""

    def newest(self, target: Target) -> LogRead:
        """Save the newest lines of a log. Raises Fault when there is none, and Stop."""
        for wait in (*_AGAIN_S, None):
            asked_ns = time.time_ns()
            part = self._tail(target)
            if part.lines > 1 or not _NOT_KEPT.fullmatch(part.head):
                if part.broken_off and part.fault is None:
                    part = self._confirmed(target, part)
                last_ns = stamp_ns(part.last)
                fresh = last_ns is not None and abs(asked_ns - last_ns) < _FRESH_NS
                return self._read(target, part, last_ns, doubtful=not (fresh or part.fault or part.confirmed))
            (self._folder / target.file).unlink()
            if wait is not None and self._stopped.wait(wait):
                raise Stop
        raise Fault("not-kept", part.head.decode("ascii", errors="replace"))

    def confirm(self, have: LogRead) -> LogRead:
        """Ask for the last line that exists; when it did not come, read the newest lines once more. Raises Stop."""
        part = self._confirmed(have.target, _Part(size=have.size_bytes, last_ns=have.last_ns))
        if part.confirmed and not part.lines:
            return replace(have, doubtful=False)
        if not part.lines:
            reason, said = (part.fault.reason, part.fault.said) if part.fault else ("cut", "")
            return replace(have, doubtful=False, troubles=(*have.troubles, have.target.trouble(reason, said)))
        return self._read(have.target, part, stamp_ns(part.last), doubtful=False)

    def older(self, have: LogRead) -> LogRead:
        """Put what stands before the newest lines in front of them; what fails leaves these as they are."""
        newest = self._folder / have.target.file
        older = newest.with_suffix(".older")
        with newest.open("rb") as stream:
            first_line = stream.readline(_TAIL)
        try:
            part = self._save(have.target, older, until=first_line)
        except (Fault, Stop) as error:
            older.unlink(missing_ok=True)
            reason, said = (error.reason, error.said) if isinstance(error, Fault) else ("stopped", "")
            return replace(have, more=False, troubles=(*have.troubles, have.target.trouble(reason, said)))
        starts, began = stamp_ns(part.head), stamp_ns(first_line)
        if not part.size or starts is None or began is None or starts >= began:
            older.unlink()  # rotated away in between: the newest lines are all there is
            return replace(have, more=False)
        with older.open("ab") as out, newest.open("rb") as stream:
            if part.broken_off:
                out.write(b"\n")
            shutil.copyfileobj(stream, out, 1 << 20)
        older.replace(newest)
        troubles = have.troubles
        if part.fault is not None or part.broken_off:
            fault = part.fault or Fault("cut")
            troubles = (*troubles, have.target.trouble(fault.reason, fault.said))
        return replace(
            have, first=stamp(part.head), lines=have.lines + part.lines, size_bytes=newest.stat().st_size,
            more=False, failures=have.failures + part.failures, troubles=troubles,
        )  # fmt: skip

    def _tail(self, target: Target, file: Path | None = None) -> _Part:
        to, lines = file or self._folder / target.file, self._wish.newest_lines
        return persist(lambda: self._save(target, to, tailLines=lines), self._stopped)

    def _confirmed(self, target: Target, part: _Part) -> _Part:
        """The read itself, or another one, if it reaches the last line that exists; else it is marked as cut."""
        file = self._folder / target.file
        again = file.with_suffix(".again")
        try:
            ends_ns = self._last_line_ns(target)
            if part.ends_before(ends_ns):
                other = self._tail(target, again)
                if other.ends_before(part.ends_ns):  # it broke off even earlier
                    again.unlink()
                else:
                    again.replace(file)
                    part = other
            if part.ends_before(ends_ns):
                part.fault = part.fault or Fault("cut")
            else:
                part.confirmed = True
        except Fault as fault:  # the kubelet went away in between: nobody can say whether this was all
            part.fault = fault
        return part

    def _read(self, target: Target, part: _Part, last_ns: int | None, *, doubtful: bool) -> LogRead:
        fault = part.fault
        return LogRead(
            target,
            first=stamp(part.head),
            last=stamp(part.last),
            last_ns=last_ns,
            lines=part.lines + part.broken_off,
            size_bytes=part.size,
            more=part.lines >= self._wish.newest_lines and fault is None,
            doubtful=doubtful,
            failures=part.failures,
            troubles=(target.trouble(fault.reason, fault.said),) if fault else (),
        )

    def _last_line_ns(self, target: Target) -> int | None:
        body = read_all(self._reader, log_path(target, self._wish, tailLines=1), self._stopped, _TAIL)
        return stamp_ns(body)

    def _save(self, target: Target, file: Path, until: bytes = b"", tailLines: int | None = None) -> _Part:  # noqa: N803
        """Stream a log to a file, up to the line `until`. A fault after the first bytes is noted; what came is kept."""
        limit = self._wish.limit_bytes
        path = log_path(target, self._wish, tailLines=tailLines, limitBytes=limit)
        part = _Part()
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._reader.open(path) as body, open_private(file) as out:
            try:
                for piece in _until(_batched(self._paced(body)), until):
                    part.add(piece)
                    out.write(piece)
                    self.bytes_read += len(piece)
            except Fault as fault:
                if not part.size:
                    file.unlink()
                    raise
                part.fault = fault
        if part.size >= limit:
            part.fault = part.fault or Fault("limit")
        return part

    def _paced(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Pieces until somebody stops us, or it takes too long."""
        ends_s = time.monotonic() + _DEADLINE_S
        for piece in pieces:
            if self._stopped.is_set():
                raise Fault("stopped")
            yield piece
            if time.monotonic() > ends_s:
                raise Fault("slow", f"not read to its end within {_DEADLINE_S:g} s")


def log_path(target: Target, wish: Wish, **query: int | None) -> str:
    """The request for a log, always with timestamps: CoreDNS prints none."""
    return path_of(
        "api", "v1", "namespaces", target.namespace, "pods", target.pod, "log",
        container=target.container, timestamps="true", previous="true" if target.previous else None,
        sinceTime=wish.since, **query,
    )  # fmt: skip


def _until(pieces: Iterator[bytes], end: bytes) -> Iterator[bytes]:
    """Pieces up to the bytes `end`; all of them when it is empty.

    >>> list(_until(iter([b"ab", b"cd", b"ef"]), b"de"))
    [b'a', b'bc', b'']
    """
    if not end:
        yield from pieces
        return
    held = b""
    for piece in pieces:
        held += piece
        at = held.find(end)
        if at >= 0:
            yield held[:at]
            return
        if len(held) >= len(end):
            ready = len(held) - len(end) + 1
            yield held[:ready]
            held = held[ready:]
    yield held


def suspects(logs: Sequence[LogRead]) -> list[LogRead]:
    """Logs that may lack their end: of a few all, of many those that end earlier than half of the others.

    >>> logs = [LogRead(Target("d", f"p{n}", "c"), last_ns=n * 10**9, doubtful=True) for n in range(100)]
    >>> [log.target.pod for log in suspects([*logs, *[replace(log, last_ns=10**12) for log in logs]])][:2]
    ['p0', 'p1']
    >>> len(suspects(logs)), len(suspects(logs[:5]))
    (0, 5)
    """
    doubtful = [log for log in logs if log.doubtful]
    ends = sorted(log.last_ns for log in logs if log.last_ns is not None and not log.target.previous)
    if len(doubtful) <= _FEW or not ends:
        return doubtful
    early_ns = ends[len(ends) // 2] - _BEHIND_NS
    return [log for log in doubtful if log.target.previous or log.last_ns is None or log.last_ns < early_ns]


def _batched(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Larger pieces: the kubelet sends each line as one. What came before a fault is handed on before it."""
    held: list[bytes] = []
    size = 0
    try:
        for piece in pieces:
            held.append(piece)
            size += len(piece)
            if size >= _TAIL:
                yield b"".join(held)
                held, size = [], 0
    except Fault:
        if held:
            yield b"".join(held)
        raise
    if held:
        yield b"".join(held)


def open_private(file: Path) -> BinaryIO:
    """A new file that only its owner may read."""
    return os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb")
