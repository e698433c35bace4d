"""From log documents to observations."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain

from msgspec.structs import replace

from triage.model.bundle import Document, Kind
from triage.model.late import late
from triage.model.observation import Meaning, Observations, Query
from triage.reading import decode, merge
from triage.reading.gone import opened
from triage.reading.limits import Limits
from triage.reading.run import Way, scan_all
from triage.reading.scan import Job, Partial, line_key, scan
from triage.reading.settle import Crowd, settle
from triage.reading.texts import Reader, Text
from triage.reading.watch import Watch
from triage.reading.window import folded, narrowed
from triage.reading.workers import Workers

_YEAR = late(r"(?:19|20)\d\d(?:(?<!\d\d{4})(?=[-/]\d\d[-/]\d\d[T ])|(?<=/[A-Z][a-z]{2}/\d{4})(?=:\d\d:))", re.ASCII)
"""What stands before the year is looked at behind it: so the search leaps from digit to digit."""
_LEAP_YEAR = 2000


def read(
    documents: Sequence[Document],
    *,
    recognise: Callable[[str], Meaning],
    parse_query: Callable[[str], Query | None],
    zones: frozenset[str] = frozenset(),
    replica_of_address: Mapping[str, str] = {},
    since_ns: int | None = None,
    until_ns: int | None = None,
    limits: Limits = Limits(),  # noqa: B008  (frozen)
    assumed_year: int | None = None,
    workers: Workers | None = None,
    watch: Watch | None = None,
    way: Way | None = None,
    meanwhile: Callable[[], object] | None = None,
) -> Observations:
    """Read all log documents; the result does not depend on their order, nor on how a file is split at newlines.

    `recognise` tells the meaning of a text that is no query line; equal texts are asked once (up to `limits.memo`).
    `zones` are those that the configuration serves. `replica_of_address` names the replica of a pod address, for
    streams that tell no replica. Lines outside `since_ns` and `until_ns` are not counted, lines without a clock always
    are. Clocks without a year get the latest year seen in any document, else `assumed_year`, else 2000, and a note.
    Large documents are counted by the kernel where it was built, else by its twin, unless `way` says which: with
    threads or processes, or on `workers`. While they are, `meanwhile` is called once, before anything is recognised.
    Once `watch` is stopped the answer is what was read until then, and `overflow` counts the bytes that were not.
    """
    logs = sorted((d for d in documents if d.kind is Kind.LOG), key=lambda d: d.name)
    job = Job(recognise, parse_query, zones, since_ns, until_ns, limits, year_of(logs, assumed_year), watch or Watch())
    logs = list(narrowed(logs, job))
    crowd = Crowd(limits)
    kept, copies, again = _scanned(scan_all(logs, job, workers, way, crowd, meanwhile), job)
    if again and crowd.thinned and not job.watch.stopped:  # by rows that are gone
        kept, copies, _ = _scanned(scan_all(logs, job, workers, way), job)
    settle([*kept, *copies], job)
    observations = merge.merge(kept, copies, replica_of_address, limits)
    observations = replace(observations, ledger=folded(observations.ledger, logs))
    if job.watch.stopped:
        left = max(0, job.watch.total_bytes - job.watch.done_bytes)
        observations = replace(observations, overflow={**observations.overflow, "interrupted": left})
    return observations


def _scanned(partials: Sequence[Partial], job: Job) -> tuple[list[Partial], list[Partial], bool]:
    """What is kept, copies, and whether a document had to be read again by itself."""
    first, copies = merge.drop_copies(partials)
    kept = _without_repeats(first, job)
    kept = [scan(p.document, job) if merge.needs_lives(p) else p for p in kept]
    return kept, copies, any(before is not now for before, now in zip(first, kept, strict=True))


def texts(document: Document, *, limits: Limits = Limits(), year: int = _LEAP_YEAR) -> Iterator[Text]:  # noqa: B008
    r"""The lines of one document without framing, in their order, for who wants each of them.

    >>> from triage.model.bundle import document_of_text
    >>> doc = document_of_text("a.log", Kind.LOG, "2024-03-15T10:00:00.5Z stdout F [INFO] Reloading\n")
    >>> [(t.number, t.text, t.at_ns, t.framing) for t in texts(doc)]
    [(1, '[INFO] Reloading', 1710496800500000000, 'cri')]
    """
    return iter(Reader(document, limits, year=year, grade=lambda _: 0))


def year_of(documents: Sequence[Document], assumed: int | None = None) -> int:
    """The year of clocks that show none: the latest in the first lines of any document, else as assumed, else 2000."""
    years: set[int] = set()
    for document in documents:
        with opened(document.open) as stream:
            head = stream.read(decode.HEAD_BYTES)
        text = head.decode(decode.encoding_of(head), errors="replace")
        years.update(map(int, set(_YEAR.findall(text))))
    return max(years, default=assumed or _LEAP_YEAR)


def _without_repeats(partials: list[Partial], job: Job) -> list[Partial]:
    """Read again, without the lines that they share, documents of one replica whose times overlap.

    Only clocks with nanoseconds make equal lines the same line.
    """
    seen: list[Partial] = []
    for partial in partials:
        rivals = [p for p in seen if p.fine_clock and _overlap(p, partial)] if partial.fine_clock else []
        if rivals:
            exclude = _keys(rivals, partial, job)
            partial = scan(partial.document, job, exclude) if exclude else partial
        seen.append(partial)
    return seen


def _spans(partial: Partial) -> dict[str | None, tuple[int, int]]:
    return {
        p.replica: (p.first_ns, p.last_ns) for p in partial.parts if p.first_ns is not None and p.last_ns is not None
    }


def _overlap(a: Partial, b: Partial) -> set[str | None]:
    """Replicas of both documents whose times overlap."""
    ours, theirs = _spans(a), _spans(b)
    return {r for r in ours.keys() & theirs.keys() if ours[r][0] <= theirs[r][1] and theirs[r][0] <= ours[r][1]}


def _keys(rivals: Sequence[Partial], partial: Partial, job: Job) -> dict[str | None, set[int]]:
    """Lines of the rivals that `partial` could repeat, by replica."""
    spans = _spans(partial)
    found: dict[str | None, set[int]] = {}
    budget = job.limits.duplicate_lines
    for text, rival in chain.from_iterable(((t, r) for t in _reader(r, job)) for r in rivals):
        replica = text.replica or rival.document.replica or text.host
        span = spans.get(replica)
        if text.at_ns is None or span is None or not span[0] <= text.at_ns <= span[1] or budget <= 0:
            continue
        found.setdefault(replica, set()).add(line_key(text.at_ns, text.text))
        budget -= 1
    return found


def _reader(partial: Partial, job: Job) -> Reader:
    return Reader(partial.document, job.limits, year=job.year, grade=lambda _: 0)
