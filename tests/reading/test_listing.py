"""Lines one by one are the lines that `read` counts."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from itertools import islice

import pytest

from tests.inputs import INPUTS, folder_of
from triage import pipeline
from triage.model.bundle import Document, Kind
from triage.parsing.query_log import parse_query
from triage.parsing.recognise import Recogniser
from triage.reading import Limits, listing

QUERY = '[INFO] 10.0.0.7:4242 - 7 "A IN n{}.example. udp 41 false 512" NOERROR qr,rd,ra 68 0.0{}s\n'


@pytest.mark.parametrize("name", INPUTS[::3])
def test_lines_are_those_that_are_counted(name: str, tmp_path) -> None:
    bundle = pipeline.load_bundle([str(folder_of(name, tmp_path))], None)
    observations, _, _ = pipeline.observe(bundle)
    read, understood, queries, unknown = Counter(), Counter(), Counter(), Counter()
    for row in pipeline.entries(bundle):
        times = max(row.weight, 1) if row.message_id == "log.query" else 1
        read[row.file] += times
        understood[row.file] += times * (row.message_id != "unknown")
        queries[row.file] += times * (row.message_id == "log.query")
        unknown[row.file] += row.message_id == "unknown"
    streams = observations.streams
    files = {s.file for s in streams}
    assert read == Counter({f: sum(s.lines for s in streams if s.file == f) for f in files})
    assert understood == Counter({f: sum(s.understood for s in streams if s.file == f) for f in files})
    assert queries == Counter({f: sum(s.queries for s in streams if s.file == f) for f in files})
    assert +unknown == read - understood


RESTART = b".:53\nCoreDNS-1.9.3\n[ERROR] plugin/errors: 2 a%d. A: read udp 10.0.0.7:1->10.9.9.9:53: i/o timeout\n"


class _Endless:
    """A log of so many bytes that never stands anywhere."""

    def __init__(self, size_bytes: int) -> None:
        self.left, self.number, self.rest = size_bytes, 0, b""

    def __enter__(self) -> _Endless:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def read(self, size: int = -1) -> bytes:
        parts = [self.rest]
        have = len(self.rest)
        while have < size and self.left > 0:
            self.number += 1
            line = QUERY.format(self.number, self.number % 97).encode()
            if self.number % 50 == 0:
                line = RESTART % self.number
            parts.append(line)
            have += len(line)
            self.left -= len(line)
        raw = b"".join(parts)
        self.rest = raw[size:]
        return raw[:size]


def test_memory_does_not_grow_with_the_log() -> None:
    peaks = []
    for megabytes in (2, 6):
        document = Document("a.log", Kind.LOG, "a.log", lambda n=megabytes: _Endless(n << 20), None)
        recognise = Recogniser(pipeline.load_messages(), remember=100)
        lines = listing([document], recognise=recognise, parse_query=parse_query, limits=Limits(memo=500))
        next(islice(lines, 1000, None))
        tracemalloc.start()
        n = sum(1 for _ in lines)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert n > megabytes * 9_000
    assert peaks[1] < peaks[0] * 1.2
