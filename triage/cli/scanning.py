"""How large logs are read: by whom, with a line of progress on a terminal, and what Ctrl-C then means."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO, TYPE_CHECKING, Annotated

import typer
from msgspec import Struct

from triage.cli.streams import tell

if TYPE_CHECKING:
    from types import FrameType

    from triage.reading import Watch, Workers

ClusterOption = Annotated[
    str | None,
    typer.Option("--cluster", metavar="ADDRESS", help="Count large logs on a Dask cluster: tcp://HOST:8786."),
]
WorkersOption = Annotated[
    int | None,
    typer.Option(
        "--workers", metavar="N", min=1, max=256, help="Count large logs with N threads; default: one a core."
    ),
]
_SHOW_AFTER_S = 0.5
_EVERY_S = 0.2


class Scanning(Struct, frozen=True):
    """The options of one run."""

    cluster: str | None = None
    workers: int | None = None
    quiet: bool = False

    @contextmanager
    def begin(self) -> Iterator[tuple[Workers | None, Watch]]:
        """Workers, and a watch that the first Ctrl-C stops; the second one ends the program."""
        from triage import reading

        progress = _Progress(sys.stderr) if not self.quiet and sys.stderr is not None and sys.stderr.isatty() else None
        watch = reading.Watch(progress.show if progress else None)

        def stop(number: int, frame: FrameType | None) -> None:
            watch.stopped = True
            signal.signal(signal.SIGINT, signal.default_int_handler)

        with ExitStack() as stack:
            workers = None
            if self.cluster is not None:
                workers = stack.enter_context(reading.cluster(self.cluster, tell))
            elif self.workers is not None:
                workers = stack.enter_context(reading.threads(self.workers))
            before = signal.signal(signal.SIGINT, stop)
            try:
                yield workers, watch
            finally:
                signal.signal(signal.SIGINT, before)
                if progress is not None:
                    progress.clear()


class _Progress:
    """One line that is written over and over: bytes, rate, time left."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._began = self._shown = time.monotonic()
        self._width = 0

    def show(self, done: int, total: int) -> None:
        """Write it anew, not too often."""
        now = time.monotonic()
        if now - self._began < _SHOW_AFTER_S or now - self._shown < _EVERY_S:
            return
        self._shown = now
        line = progress_line(done, total, now - self._began)
        self._stream.write("\r" + line.ljust(self._width))
        self._stream.flush()
        self._width = len(line)

    def clear(self) -> None:
        """Take it away."""
        if self._width:
            self._stream.write("\r" + " " * self._width + "\r")
            self._stream.flush()


def progress_line(done: int, total: int, seconds: float) -> str:
    """Bytes that were read, how fast, and the time that is left.

    >>> progress_line(1_200_000_000, 4_000_000_000, 0.6)
    '1.2 of 4.0 GB, 2.00 GB/s, 1 s left'
    """
    rate = done / seconds if seconds > 0 else 0.0
    left = f", {(total - done) / rate:.0f} s left" if rate > 0 else ""
    return f"{done / 1e9:.1f} of {total / 1e9:.1f} GB, {rate / 1e9:.2f} GB/s{left}"
