"""Encodings, line ends, NUL bytes, megabytes, rubbish."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.reading.conftest import document, fake_recognise
from tests.reading.framings import FRAMINGS, WITHOUT_POD
from tests.reading.test_framing import PODS, lines
from triage.model.observation import Observations
from triage.parsing.query_log import parse_query
from triage.reading import Limits, read

TEXT = (
    ".:53\n[INFO] plugin/reload: Running configuration SHA512 = 0123abcd\nCoreDNS-1.9.3\n"
    '[INFO] 10.1.0.4:5 - 6 "A IN shop.example. udp 41 false 512" NXDOMAIN qr,rd,ra 68 0.037s\n'
    "[ERROR] plugin/errors: 2 a.example. A: read udp 10.0.0.7:4242->10.9.9.9:53: i/o timeout\n"
)
QUERY = '[INFO] 10.0.0.1:5 - 6 "A '
SAVED = {
    "crlf": TEXT.replace("\n", "\r\n").encode(),
    "bom": b"\xef\xbb\xbf" + TEXT.encode(),
    "utf-16": TEXT.replace("\n", "\r\n").encode("utf-16"),
    "utf-16-le without bom": TEXT.encode("utf-16-le"),
    "utf-16-be without bom": TEXT.encode("utf-16-be"),
    "nul bytes": b"\0\0\0" + TEXT.encode() + b"\0" * 64,
    "no last newline": TEXT.rstrip("\n").encode(),
}


@pytest.mark.parametrize("saved", SAVED)
def test_the_way_a_file_was_saved_changes_nothing(saved: str, observe: Callable[..., Observations]) -> None:
    seen, told = observe({"a.log": SAVED[saved]}, replica="r"), observe({"a.log": TEXT.encode()}, replica="r")
    assert (seen.entries, seen.queries, seen.names, seen.segments) == (
        told.entries,
        told.queries,
        told.names,
        told.segments,
    )
    assert seen.streams[0].notes == (("note.utf16",) if saved.startswith("utf-16") else ())


def test_chinese_consoles(observe: Callable[..., Observations]) -> None:
    text = "以下是日志：\n" + TEXT
    seen = observe({"a.log": text.encode("gb18030")}, replica="r")
    assert seen.entries == observe({"a.log": text.encode()}, replica="r").entries
    assert seen.streams[0].notes == ("note.gb18030",)


def test_exports_saved_on_windows(observe: Callable[..., Observations]) -> None:
    told = observe({"a.log": FRAMINGS["elastic-csv"](lines()).encode()})
    for framing in ("elastic-csv", "elastic-hits"):
        raw = FRAMINGS[framing](lines()).encode("utf-16")
        assert observe({"a.log": raw}).queries == told.queries


@pytest.mark.parametrize("size", [90_000, 600_000, 3_000_000])
def test_a_long_line_does_not_hang(size: int, observe: Callable[..., Observations]) -> None:
    for filler in (
        "x",
        " ",
        "x ",
        ".",
        ":",
        '"',
        '\\"',
        "[ERROR] ",
        "failed to create fsnotify ",
        "a@b:/",
        "> ",
        "[pod/",
        "{",
        "- ",
        "\\n",
        "1 ",
        '\\"[ERROR] ',
        QUERY,
    ):
        begun = time.process_time()
        seen = observe(
            {"a.log": TEXT + filler * (size // len(filler)) + "\n" + TEXT}, limits=Limits(line_chars=200_000)
        )
        assert time.process_time() - begun < 5, filler
        assert sum(q.count for q in seen.queries) == 2
        assert ("note.long-lines" in seen.streams[0].notes) == (size > 200_000)


@pytest.mark.parametrize(("pieces", "is_cut"), [(9, False), (11, True), (5_000, True)])
def test_a_line_of_many_records_is_cut_where_a_long_one_is(
    observe: Callable[..., Observations], pieces: int, is_cut: bool
) -> None:
    stamp = "2026-01-01T00:00:00.000000001Z stdout"
    text = f"{stamp} P [INFO] plugin/x: " + "y" * 100 + "\n" + f"{stamp} P {'z' * 100}\n" * pieces + f"{stamp} F end\n"
    seen = observe({"a.log": text + f"{stamp} F CoreDNS-1.11.1\n"}, limits=Limits(line_chars=1_100))
    assert ("note.long-lines" in seen.streams[0].notes) == is_cut
    assert [segment.version for segment in seen.segments] == ["1.11.1"]


def test_a_cut_json_answer_gives_what_is_readable(observe: Callable[..., Observations]) -> None:
    whole = FRAMINGS["google-cloud"](lines())
    seen = observe({"a.json": whole[: len(whole) * 2 // 3]})
    assert 0 < len(seen.entries) < 14


def test_pretty_printed_records_one_behind_the_other(observe: Callable[..., Observations]) -> None:
    one_a_line = FRAMINGS["stern-json"](lines())
    pretty = "\n".join(json.dumps(json.loads(line), indent=2) for line in one_a_line.splitlines())
    assert observe({"a.json": pretty}).queries == observe({"a.json": one_a_line}).queries


def test_citations_in_json_answers_are_lines_of_the_file(observe: Callable[..., Observations]) -> None:
    text = FRAMINGS["elastic-hits"](lines())
    for entry in observe({"a.json": text}).entries:
        assert json.dumps(entry.line.text)[1:-1] in text.split("\n")[entry.line.number - 1]


def _read(raw: bytes) -> Observations:
    return read(
        [document("a.log", raw)],
        recognise=fake_recognise,
        parse_query=parse_query,
        limits=Limits(entries_per_stream=50, failures=5, memo=20, names=5, counts=5, messages=5, faults=5),
    )


@given(st.binary(max_size=2000))
@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_random_bytes_never_raise(raw: bytes) -> None:
    seen = _read(raw)
    assert all(s.understood <= s.lines for s in seen.streams)


@pytest.mark.parametrize("seed", range(40))
def test_mutated_logs_never_raise(seed: int) -> None:
    rng = random.Random(seed)
    writers = {**FRAMINGS, **WITHOUT_POD}
    raw = bytearray(writers[rng.choice(sorted(writers))](lines(PODS)).encode())
    for _ in range(rng.randint(1, 30)):
        at = rng.randrange(len(raw))
        how = rng.randrange(4)
        if how == 0:
            raw[at] = rng.randrange(256)
        elif how == 1:
            del raw[at : at + rng.randrange(1, 40)]
        elif how == 2:
            raw[at:at] = rng.choice([b"\n", b'"', b"\\", b"{", b"[", b"\0", b"\xff", b"failed to create fsnotify "])
        else:
            raw[at:at] = raw[: rng.randrange(200)]
    seen = _read(bytes(raw))
    assert all(s.understood <= s.lines for s in seen.streams)


def test_tables_are_capped_and_the_overflow_is_counted(observe: Callable[..., Observations]) -> None:
    text = "".join(
        f'[INFO] 10.1.0.4:5 - 6 "A IN n{n}.example. udp 41 false 512" - - 0 2.0s\n[ERROR] plugin/x: line {n}\n'
        for n in range(300)
    )
    seen = observe({"a.log": text}, limits=Limits(entries_per_stream=50, failures=20, names=10))
    assert len(seen.entries) <= 100
    assert 0 < len(seen.failures) <= 20
    assert 0 < len(seen.names) <= 10
    assert sum(q.count for q in seen.queries) == 300
    assert seen.overflow["failures"] + len(seen.failures) == 300
    assert seen.overflow["entries"] + len(seen.entries) == 300
    assert seen.overflow["names"] + sum(n.count for n in seen.names) == 300
