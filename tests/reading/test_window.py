"""A window of a sorted file is found by halving, and says what a reading of the whole file says of that window."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.reading.framings import rfc3339
from tests.reading.test_kernel import NS, PODS, START_NS, ZONES, _Open
from triage.model.bundle import Document, Kind
from triage.model.observation import Observations
from triage.parsing.query_log import parse_query
from triage.reading import Limits, read

MINUTE_NS = 60 * NS


def lines(seed: int, n: int, *, odd: bool) -> list[tuple[int, str]]:
    """Clocks that go on, queries and errors; `odd` ones put in between what no clock has, or has the wrong one."""
    rng, at, made = random.Random(seed), START_NS, [(START_NS, "CoreDNS-1.9.3")]
    for i in range(n):
        at += rng.randrange(NS)
        stamp = at
        if odd and rng.random() < 0.02:
            stamp -= rng.choice([1, 100, 100_000]) * NS
        name = f"n{rng.randrange(60)}.example."
        text = (
            f"[ERROR] plugin/errors: 2 {name} A: read udp 10.1.0.4:{i % 9000}->10.9.9.9:53: i/o timeout"
            if rng.random() < 0.2
            else f'[INFO] 10.1.0.7:{i % 9000} - {i} "A IN {name} udp 33 false 512" NXDOMAIN qr,rd,ra 94 0.01s'
        )
        if odd and rng.random() < 0.02:
            text = rng.choice(["goroutine 1 [running]:", "", "\tmain.go:7 +0x1"])
            stamp = rng.choice([0, stamp])
        made.append((stamp, text))
    return made


WAYS = ("native", "python", "lines")


def written(path: Path, rows: list[tuple[int, str]]) -> Document:
    path.write_text("".join(f"{rfc3339(at)} {text}\n" if at else f"{text}\n" for at, text in rows), encoding="utf-8")
    return Document(path.name, Kind.LOG, path.name, _Open(path), path.stat().st_size, replica=PODS[0])


def seen(document: Document, recognise: Callable[..., Any], *, narrow: bool, way: str, **span: int) -> Observations:
    limits = Limits(mend_bytes=0, window_bytes=0) if narrow else Limits(mend_bytes=0, window_bytes=1 << 60)
    return read([document], recognise=recognise, parse_query=parse_query, zones=ZONES, limits=limits, way=way, **span)


def told(found: Observations) -> tuple[object, ...]:
    """What a report of the window uses."""
    failures = [(f.at_ns, f.qname, f.citation.line) for f in found.failures]
    entries = [e for e in found.entries if e.line.at_ns is not None and e.line.text.startswith("[ERROR]")]
    return found.queries, found.names, failures, entries, {s.version for s in found.segments if s.version}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), odd=st.booleans(), begin=st.floats(0, 1), length=st.floats(0, 0.4))
@pytest.mark.parametrize("way", WAYS)
def test_a_window_says_what_the_whole_file_says(
    tmp_path: Path, recogniser: Callable[..., Any], way: str, seed: int, odd: bool, begin: float, length: float
) -> None:
    rows = lines(seed, 6_000, odd=odd)
    document = written(tmp_path / "a.log", rows)
    first = START_NS + int(begin * 3000 * NS)
    span = {"since_ns": first, "until_ns": first + int(length * 3000 * NS)}
    narrow = seen(document, recogniser, narrow=True, way=way, **span)
    assert told(narrow) == told(seen(document, recogniser, narrow=False, way=way, **span))


def test_only_the_window_is_read(tmp_path: Path, recogniser: Callable[..., Any]) -> None:
    document = written(tmp_path / "a.log", lines(1, 20_000, odd=False))
    span = {"since_ns": START_NS + 60 * MINUTE_NS, "until_ns": START_NS + 62 * MINUTE_NS}
    for way in WAYS:
        [row] = seen(document, recogniser, narrow=True, way=way, **span).ledger
        assert 0 < row.file_lines < 8_000
        assert "note.read-by-time" in row.notes


@pytest.mark.parametrize("what", ["goroutine 1 [running]:" + " x" * 40, "\tmain.go:7 +0x1" + " y" * 42])
@pytest.mark.parametrize("place", range(9, 128, 12))
def test_lines_without_a_clock_between_the_probes_cost_no_line(
    tmp_path: Path, recogniser: Callable[..., Any], what: str, place: int
) -> None:
    rows = lines(1, 100_000, odd=False)
    at = place * len(rows) // 128
    end, begin = rows[at + 500][0], rows[at - 5_000][0]
    rows[at - 60 : at + 60] = [(0, what)] * 120
    document = written(tmp_path / "a.log", rows)
    span = {"since_ns": begin, "until_ns": end}
    narrow = seen(document, recogniser, narrow=True, way="native", **span)
    assert told(narrow) == told(seen(document, recogniser, narrow=False, way="native", **span))


def test_a_short_log_behind_a_long_one_is_seen(tmp_path: Path, recogniser: Callable[..., Any]) -> None:
    """Two logs put one behind the other: what the second one says of the window stands at the end."""
    rows = lines(1, 40_000, odd=False)
    middle = rows[20_000][0]
    late = "[ERROR] plugin/errors: 2 late.example. A: read udp 10.1.0.4:7->10.9.9.9:53: i/o timeout"
    document = written(tmp_path / "a.log", [*rows, *((middle + n * NS, late) for n in range(200))])
    found = seen(document, recogniser, narrow=True, way="native", since_ns=middle, until_ns=middle + 300 * NS)
    assert sum("late.example." in entry.line.text for entry in found.entries) == 200
