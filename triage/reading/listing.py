"""Every line on its own: judged as `scan` judges it, then handed on and forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from triage.model.bundle import Document, Kind
from triage.model.observation import Meaning, Query
from triage.reading.hot import QUERY
from triage.reading.limits import Limits
from triage.reading.read import year_of
from triage.reading.scan import Job, Part, Scan
from triage.reading.tally import Seen
from triage.reading.texts import Text


class Listed(NamedTuple):
    """A line that was read as a log line, and what it says: a query, or a meaning."""

    file: str
    number: int
    """1-based line of the file."""
    text: str
    at_ns: int | None
    replica: str | None
    """Told by framing or document; else by the pod address in the line."""
    times: int
    """How often it was there; 0 for a line that goes on with the one before it (a stack)."""
    query: Query | None
    meaning: Meaning | None


class _Listing(Scan):
    """Keeps no line, no count and no life longer than until the next line."""

    def __init__(self, document: Document, job: Job) -> None:
        super().__init__(document, job, {})
        self._found: Listed | None = None
        self._opened = Meaning("unknown")

    def lines(self) -> Iterator[Listed]:
        """Lines in their order; those of prose, decoration and other containers are left out."""
        for text in self.reader:
            if text.decoration:
                continue
            part = self._part(text)
            match = text.query or QUERY.fullmatch(text.text)
            if match is None or not self._common_query(part, text, match):
                self._other(part, text)
            if self._found is not None:
                yield self._found
                self._found = None
            del part.lives.all[:-1], part.tallies[:-1]

    def _listed(
        self, part: Part, text: Text, line: str, times: int, query: Query | None, meaning: Meaning | None
    ) -> None:
        self._found = Listed(self.document.file, text.number, line, text.at_ns, part.replica, times, query, meaning)

    def _watch(self, part: Part, key: object, found: tuple[Query, str], text: Text) -> Seen:
        if part.lives.see_query(text.number):
            part.begin()
        return Seen(*found)

    def _count(self, part: Part, seen: Seen, text: Text, client: str | None, duration_s: float | None) -> None:
        self._listed(part, text, text.text, text.times, seen.query, None)

    def _continue(self, part: Part, text: Text) -> None:
        self._listed(part, text, text.text.rstrip(), 0, None, self._opened)

    def _keep(self, part: Part, text: Text, line: str, meaning: Meaning) -> None:
        if part.in_trace:
            self._opened = meaning
        self._listed(part, text, line, text.times, None, meaning)


def listing(
    documents: Sequence[Document],
    *,
    recognise: Callable[[str], Meaning],
    parse_query: Callable[[str], Query | None],
    replica_of_address: Mapping[str, str] = {},
    since_ns: int | None = None,
    until_ns: int | None = None,
    limits: Limits = Limits(),  # noqa: B008  (frozen)
) -> Iterator[Listed]:
    """The lines of all log documents, those not understood too, in the order of documents and lines.

    Arguments as of `read`, which counts the same lines. Two things need a look at more than one line, so only `read`
    knows them: lines that stand in two documents, and streams of other programs.
    """
    logs = sorted((d for d in documents if d.kind is Kind.LOG), key=lambda d: d.name)
    job = Job(recognise, parse_query, frozenset(), since_ns, until_ns, limits, year_of(logs))
    for document in logs:
        for line in _Listing(document, job).lines():
            address = line.meaning.local_addr if line.replica is None and line.meaning is not None else None
            yield line._replace(replica=replica_of_address.get(address)) if address is not None else line
