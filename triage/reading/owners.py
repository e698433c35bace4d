"""Coverage of a stream in which the lines of several replicas lie: each has the lines that name it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from triage.model.observation import Entry, Stream
from triage.reading.lives import Life
from triage.reading.tally import Tally, greatest, least


class Told(Struct):
    """Lines of one replica."""

    lines: int = 0
    queries: int = 0
    first_ns: int | None = None
    last_ns: int | None = None

    def add(self, entry: Entry) -> None:
        """Count a line that tells its replica's address, or those that it stands for."""
        self._add(entry.meaning.weight if entry.meaning.over_s is None else 1, entry.line.at_ns, entry.until_ns)

    def add_life(self, life: Life, tally: Tally) -> None:
        """Count a whole life, with the lines in it that tell nothing."""
        self._add(life.n_lines, life.first_ns, life.last_ns)
        self.queries += sum(tally.counts.values())

    def _add(self, lines: int, first_ns: int | None, last_ns: int | None) -> None:
        self.lines += lines
        self.first_ns = least(self.first_ns, first_ns)
        self.last_ns = greatest(self.last_ns, last_ns if last_ns is not None else first_ns)


def shared(stream: Stream, told: Mapping[str, Told]) -> Iterator[Stream]:
    """The stream's rows: what is left is that of a replica which nothing names, lines not understood first."""
    left = stream.lines - sum(mine.lines for mine in told.values())
    of_rest = Told(left, stream.queries - sum(mine.queries for mine in told.values()), stream.first_ns, stream.last_ns)
    rows: list[tuple[str | None, Told]] = [(name, told[name]) for name in sorted(told)]
    strange = stream.lines - stream.understood
    for name, mine in [(None, of_rest), *rows] if left > 0 or not told else rows:
        here = min(strange, mine.lines)
        strange -= here
        yield replace(
            stream,
            replica=name,
            lines=mine.lines,
            understood=mine.lines - here,
            queries=mine.queries,
            unknown_samples=stream.unknown_samples if here else (),
            first_ns=mine.first_ns,
            last_ns=mine.last_ns,
        )
        stream = replace(stream, skipped=0, last_answers={}, unknown_samples=() if here else stream.unknown_samples)
