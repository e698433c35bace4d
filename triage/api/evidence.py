"""Evidence that was loaded, and what its logs say as frames."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from triage import pipeline
from triage.api.columns import COVERAGE_COLUMNS, ENTRY_COLUMNS, OBSERVATION_COLUMNS, REPLICA_COLUMNS, frame_of
from triage.errors import TriageError
from triage.model.bundle import Bundle, Document
from triage.model.entry import EntryRow
from triage.model.observation import Stream
from triage.model.report import FileCoverage
from triage.redact import Mode, Pseudonyms, Redactor
from triage.render.words import Words

if TYPE_CHECKING:
    import pandas as pd

PathLike = str | os.PathLike[str]
_MINUTE_NS = 60_000_000_000
_PLACES = ("node", "subnet", "az", "role", "pool", "kernel", "pod-range")


class Evidence:
    """What was handed over. Frames are made anew by every call; times are UTC, texts hold no control characters."""

    def __init__(self, bundle: Bundle, subnets: Mapping[str, Sequence[str]] | None = None) -> None:
        self.bundle = bundle
        """The documents as records of `triage.model.bundle`, with the gaps that were met."""
        self.subnets = subnets

    def redacted(self, mode: Mode) -> Evidence:
        """The same evidence with names replaced: it leads to the same verdict with the same probabilities.

        >>> import triage
        >>> triage.analyze(triage.load("sample_logs/master-subnet").redacted("full")).hypotheses[0].cause
        'upstream-unreachable-scoped'
        """
        pseudonyms = Pseudonyms()
        networks = Redactor(mode, pseudonyms)
        subnets = self.subnets and {name: [networks.text(c) for c in cidrs] for name, cidrs in self.subnets.items()}
        return Evidence(pipeline.redact_bundle(self.bundle, mode, pseudonyms), subnets)

    @property
    def documents(self) -> tuple[Document, ...]:
        """Every file, member of an archive, or part of a pasted text, of a known kind or ignored with a reason."""
        return self.bundle.documents

    def __repr__(self) -> str:
        kinds = Counter(document.kind.value for document in self.documents)
        return f"Evidence({', '.join(f'{n} {kind}' for kind, n in sorted(kinds.items())) or 'nothing'})"

    def entries(self, *, unknown: bool = False) -> pd.DataFrame:
        """Every understood line of the logs (`unknown`: the others): `ENTRY_COLUMNS`, in the order of files and lines.

        >>> import triage
        >>> frame = triage.load("sample_logs/master-subnet").entries()
        >>> frame.loc[frame.level == "ERROR", ["line", "node", "upstream", "failure_kind"]].values.tolist()
        [[5, 'k8s-pre-m01', '10.196.17.210:53', 'timeout']]
        """
        return frame_of(ENTRY_COLUMNS, self._rows(unknown=unknown))

    def observations(self) -> pd.DataFrame:
        """How often each message stands in each replica and minute: `OBSERVATION_COLUMNS`."""
        found: dict[tuple[object, ...], _Tally] = {}
        for row in self._rows(unknown=False):
            minute = None if row.at_ns is None else row.at_ns // _MINUTE_NS * _MINUTE_NS
            what = (row.message_id, row.level, row.plugin, row.cause, row.failure_kind)
            key = (row.replica, minute, *what, row.upstream, row.qtype, row.rcode)
            found.setdefault(key, _Tally(row)).add(row)
        return frame_of(OBSERVATION_COLUMNS, [(*key, *tally.cells()) for key, tally in found.items()])

    def replicas(self) -> pd.DataFrame:
        """Every replica known by a log or a pod list, where it runs and what was read of it: `REPLICA_COLUMNS`."""
        observations, topology, _ = self._read
        streams: dict[str, list[Stream]] = {name: [] for name in topology.places}
        for stream in observations.streams:
            streams.setdefault(stream.replica or "", []).append(stream)
        versions = {s.replica or "": s.version for s in observations.segments if s.version}
        listed = {pod.name for pod in topology.pods}
        rows = []
        for name, mine in sorted(streams.items()):
            place = topology.places.get(name)
            firsts = [s.first_ns for s in mine if s.first_ns is not None]
            lasts = [s.last_ns for s in mine if s.last_ns is not None]
            rows.append(
                (
                    name or None,
                    *(place.get(kind) if place else None for kind in _PLACES),
                    place.layer if place else "cluster",
                    bool(mine),
                    name in listed,
                    sum(s.lines for s in mine),
                    sum(s.understood for s in mine),
                    sum(s.queries for s in mine),
                    min(firsts, default=None),
                    max(lasts, default=None),
                    versions.get(name),
                )
            )
        return frame_of(REPLICA_COLUMNS, rows)

    def coverage(self) -> pd.DataFrame:
        """What became of every document, read or not: `COVERAGE_COLUMNS`."""
        words = Words(pipeline.catalogue(pipeline.load_rulebook(None), "en"))
        files = pipeline.file_coverage(self.bundle, self._read[0])
        return frame_of(COVERAGE_COLUMNS, [_coverage_row(file, words) for file in files])

    @cached_property
    def _read(self) -> pipeline.Read:
        return pipeline.observe(self.bundle, subnets=self.subnets)

    def _rows(self, *, unknown: bool) -> Iterator[EntryRow]:
        rows = pipeline.entries(self.bundle, subnets=self.subnets)
        return (row for row in rows if (row.message_id == "unknown") is unknown)


class _Tally:
    """Lines of one observation."""

    def __init__(self, row: EntryRow) -> None:
        self.row = row
        self.lines = self.weight = 0
        self.times: list[int] = []

    def add(self, row: EntryRow) -> None:
        """Count a line."""
        self.lines += 1
        self.weight += row.weight
        if row.at_ns is not None:
            self.times = [min([*self.times[:1], row.at_ns]), max([*self.times[1:], row.at_ns])]

    def cells(self) -> tuple[object, ...]:
        """Counts, times and citation."""
        first, last = self.times or (None, None)
        return self.lines, self.weight, first, last, self.row.file, self.row.line, self.row.text


def _coverage_row(file: FileCoverage, words: Words) -> tuple[object, ...]:
    unknown = file.lines - file.understood if file.lines is not None and file.understood is not None else None
    return (
        file.file,
        file.kind,
        file.framing,
        file.lines,
        file.understood,
        unknown,
        file.skipped,
        file.first_ns,
        file.last_ns,
        words.say(file.why_ignored) if file.why_ignored else None,
        "; ".join(words.say(note) for note in file.notes) or None,
    )


def load(*paths: PathLike | Iterable[PathLike], subnets: Mapping[str, Sequence[str]] | None = None) -> Evidence:
    """Read an evidence folder, an archive or files.

    Args:
        paths: one or several, also as a list.
        subnets: name to CIDRs of **node** addresses; they stand before those that the evidence tells.

    Raises:
        TriageError: a path does not exist or cannot be read; `hint` says what to do.

    >>> import triage
    >>> triage.load("sample_logs/master-subnet")
    Evidence(2 log, 1 nodes, 1 pods, 1 prose, 2 resolv-conf, 1 subnets)
    """
    given = [one for path in paths for one in ([path] if isinstance(path, str | os.PathLike) else path)]
    if "-" in given:
        raise TriageError("standard input is for the command line", hint="write the text to a file and name that")
    return Evidence(pipeline.load_bundle([os.fspath(path) for path in given], None), subnets)
