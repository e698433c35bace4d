"""Of a large plain file that is sorted by time only what a window asks for is read, found by halving.

Its first lines are read as well: they tell the version. Lines before the window are numbered by their newlines, those
after it are not looked at. Sorted is what probes all over the file say; where a probe finds a line without a clock, or
time going back, all of the file is read.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, NamedTuple, cast

from msgspec import Struct
from msgspec.structs import replace

from triage.model.bundle import Document
from triage.model.observation import Ledger
from triage.reading import decode, records
from triage.reading.framing import Context, unframe
from triage.reading.gone import opened
from triage.reading.native import is_plain_file
from triage.reading.scan import Job
from triage.reading.tally import greatest, least

_HEAD_BYTES = 2 * decode.HEAD_BYTES
_PROBES = 64
_PROBE_BYTES = 1 << 14
_GRAIN_BYTES = 1 << 16
_SLACK_NS = 60_000_000_000
"""Read beyond both ends of the window; time may go back by the half of it."""
_FOREVER_NS = 1 << 63
_CHUNK = 1 << 20
_HEAD = "#head"
_NOTE = "note.read-by-time"


class Slice(Struct, frozen=True):
    """Opens a part of a plain file."""

    whole: Callable[[], BinaryIO]
    start: int
    stop: int

    def __call__(self) -> BinaryIO:
        """The bytes from start to stop."""
        return cast(BinaryIO, io.BufferedReader(_Part(self.whole(), self.start, self.stop), _CHUNK))


class _Part(io.RawIOBase):
    def __init__(self, whole: BinaryIO, start: int, stop: int) -> None:
        self._whole, self._left = whole, stop - start
        whole.seek(start)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        piece = self._whole.read(min(len(buffer), self._left))
        buffer[: len(piece)] = piece
        self._left -= len(piece)
        return len(piece)

    def close(self) -> None:
        self._whole.close()
        super().close()


class _Span(NamedTuple):
    """Places of a file, each at the begin of a line."""

    head: int
    """Where its first lines end."""
    start: int
    stop: int


def narrowed(documents: Sequence[Document], job: Job) -> Iterator[Document]:
    """The documents; of those that are sorted by time their first lines and what the window asks for."""
    for document in documents:
        span = None
        if document.size_bytes is not None and (job.since_ns is not None or job.until_ns is not None):
            with opened(document.open) as stream:
                span = _span(stream, document.size_bytes, document, job)
        if span is None:
            yield document
            continue
        n = 0
        if span.start:
            yield replace(
                document, name=document.name + _HEAD, open=Slice(document.open, 0, span.head), size_bytes=None
            )
            n = _newlines(document, span.start)
        body = Slice(document.open, span.start, span.stop)
        size = span.stop - span.start
        yield replace(document, open=body, size_bytes=size, first_line=document.first_line + n)


def folded(rows: Sequence[Ledger], documents: Sequence[Document]) -> tuple[Ledger, ...]:
    """Rows of first lines are added to those of their documents, and what was not read is noted."""
    parts = {d.name for d in documents if isinstance(d.open, Slice)}
    rows = [replace(r, notes=tuple(sorted({*r.notes, _NOTE}))) if r.document in parts else r for r in rows]
    heads = {row.document.removesuffix(_HEAD): row for row in rows if row.document.endswith(_HEAD)}
    kept = [row for row in rows if not row.document.endswith(_HEAD)]
    return tuple(_added(row, heads[row.document]) if row.document in heads else row for row in kept)


def _added(body: Ledger, head: Ledger) -> Ledger:
    return replace(
        body,
        file_lines=body.file_lines + head.file_lines,
        lines=body.lines + head.lines,
        understood=body.understood + head.understood,
        skipped=body.skipped + head.skipped,
        blank=body.blank + head.blank,
        unknown_samples=(head.unknown_samples + body.unknown_samples)[:3],
        first_ns=least(body.first_ns, head.first_ns),
        last_ns=greatest(body.last_ns, head.last_ns),
        notes=tuple(sorted({*body.notes, *head.notes})),
    )


def _span(stream: BinaryIO, size: int, document: Document, job: Job) -> _Span | None:
    """What is to be read; None: all of it."""
    least_bytes = max(job.limits.mend_bytes, _HEAD_BYTES)
    if size < max(4 * least_bytes, job.limits.window_bytes) or not is_plain_file(stream):
        return None
    if not records.is_lines(stream.read(decode.HEAD_BYTES)):
        return None
    clock = _Clock(stream, document, job.year)
    if not clock.is_sorted(size):
        return None
    head = clock.line_at(_HEAD_BYTES)
    start = 0 if job.since_ns is None else clock.place_of(job.since_ns - _SLACK_NS, size)
    stop = size if job.until_ns is None else clock.place_of(job.until_ns + _SLACK_NS, size)
    if start is None or stop is None:
        return None
    start, stop = clock.line_at(start), clock.line_at(min(size, stop + _GRAIN_BYTES))
    start = min(start, clock.line_at(max(0, stop - 2 * least_bytes)))
    stop = max(stop, clock.line_at(min(size, start + 2 * least_bytes)))
    if start <= head:
        start = 0
    return None if stop - start > 0.75 * size else _Span(head, start, stop)


def _newlines(document: Document, stop: int) -> int:
    n = 0
    with Slice(document.open, 0, stop)() as stream:
        while chunk := stream.read(_CHUNK):
            n += chunk.count(b"\n")
    return n


class _Clock:
    """Times of lines by their place in a file."""

    def __init__(self, stream: BinaryIO, document: Document, year: int) -> None:
        self._stream = stream
        self._named = document.replica is not None
        self._context = Context(year)

    def is_sorted(self, size: int) -> bool:
        """Whether each probed line tells its time and its replica, and none goes back."""
        latest: int | None = None
        last = max(0, size - _PROBE_BYTES)  # a log put behind another one shows there
        for place in (*(last * probe // _PROBES for probe in range(_PROBES)), last):
            times = self._times(place)
            if not times:
                return False
            for at_ns in times:
                if at_ns is None or (latest is not None and at_ns < latest - _SLACK_NS // 2):
                    return False
                latest = greatest(latest, at_ns)
        return True

    def place_of(self, at_ns: int, size: int) -> int | None:
        """A place before which all lines are earlier; not far before the first one that is not.

        None where a line on the way there has no clock, or is earlier than one before it.
        """
        low, high = 0, size
        first, last = -_FOREVER_NS, _FOREVER_NS
        while high - low > _GRAIN_BYTES:
            middle = (low + high) // 2
            found = self._times(middle)
            times = [at for at in found if at is not None and first <= at <= last]
            if not times or len(times) < len(found):
                return None
            if times[0] < at_ns:
                low, first = middle, max(times) - _SLACK_NS // 2
            else:
                high, last = middle, min(times) + _SLACK_NS // 2
        return low

    def line_at(self, place: int) -> int:
        """Begin of the first line that begins there or behind."""
        if place <= 0:
            return 0
        self._stream.seek(place - 1)
        skipped = self._stream.readline(_CHUNK)
        return place - 1 + len(skipped)

    def _times(self, place: int) -> list[int | None]:
        """Of the lines that begin in the bytes from there on and end in them."""
        self._stream.seek(self.line_at(place))
        raw = self._stream.read(_PROBE_BYTES)
        return [self._time(line) for line in raw.decode("utf-8", errors="replace").split("\n")[:-1]]

    def _time(self, line: str) -> int | None:
        found = unframe(line.rstrip("\r"), self._context)
        if len(found) != 1 or not (self._named or found[0].replica):
            return None
        return found[0].at_ns
