"""Replicas, lives, copies, windows: what a stream is."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from msgspec.structs import replace

from tests.reading.conftest import document
from triage.model.observation import Observations
from triage.reading import Limits

HASH = "[INFO] plugin/reload: Running configuration SHA512 = 0123abcd\n"
START = f".:53\n{HASH}CoreDNS-1.9.3\nlinux/amd64, go1.18.2, 45b0a11\n"


def failed(address: str, n: int = 1) -> str:
    return f"[ERROR] plugin/errors: 2 n{n}.example. A: read udp {address}:4242->10.9.9.9:53: i/o timeout\n"


def query(n: int = 1, rcode: str = "NOERROR") -> str:
    return f'[INFO] 10.1.0.{n}:5 - {n} "A IN n{n}.example. udp 41 false 512" {rcode} qr,rd,ra 68 0.037s\n'


def test_logs_put_one_behind_the_other_are_told_apart_by_address(observe: Callable[..., Observations]) -> None:
    text = START + query(1) + failed("10.0.0.7") + START + query(2) + failed("10.0.1.7")
    seen = observe({"all.log": text}, replica_of_address={"10.0.0.7": "coredns-a", "10.0.1.7": "coredns-b"})
    assert [(s.replica, s.version) for s in seen.segments] == [("coredns-a", "1.9.3"), ("coredns-b", "1.9.3")]
    assert {q.replica for q in seen.queries} == {"coredns-a", "coredns-b"}
    assert {e.line.replica for e in seen.entries} == {"coredns-a", "coredns-b"}
    assert {n for s in seen.streams for n in s.notes} == {"note.replica-from-address", "note.several-starts"}
    assert [(s.replica, s.lines, s.queries) for s in seen.streams] == [("coredns-a", 6, 1), ("coredns-b", 6, 1)]


def test_addresses_are_names_when_nobody_knows_better(observe: Callable[..., Observations]) -> None:
    seen = observe({"all.log": failed("10.0.0.7") + failed("10.0.1.7") + failed("10.0.0.7", 2)})
    assert [e.line.replica for e in seen.entries] == ["10.0.0.7", "10.0.1.7", "10.0.0.7"]


def test_interleaved_lines_without_address_belong_to_nobody(observe: Callable[..., Observations]) -> None:
    seen = observe({"all.log": failed("10.0.0.7") + query(1) + failed("10.0.1.7")})
    assert {q.replica for q in seen.queries} == {None}
    assert "note.merged-replicas-unknown" in seen.streams[0].notes


@pytest.mark.parametrize("others", ["", failed("127.0.0.1"), failed("[fd00::7]").replace("[fd00::7]", "fd00::7")])
def test_one_address_is_one_replica(others: str, observe: Callable[..., Observations]) -> None:
    seen = observe({"one.log": START + query(1) + failed("10.0.0.7") + others})
    assert {s.replica for s in seen.segments} == {None}
    seen = observe({"one.log": START + query(1) + failed("10.0.0.7")}, replica_of_address={"10.0.0.7": "coredns-a"})
    assert {q.replica for q in seen.queries} == {s.replica for s in seen.segments} == {"coredns-a"}


def test_the_name_of_the_document_stands_before_addresses(observe: Callable[..., Observations]) -> None:
    seen = observe({"r.log": failed("10.0.0.7") + failed("10.0.1.7")}, replica="r")
    assert {e.line.replica for e in seen.entries} == {"r"}


def test_lives_of_a_process(observe: Callable[..., Observations]) -> None:
    text = (
        query(1)
        + "[INFO] SIGTERM: Shutting down servers then terminating\n"
        + "maxprocs: Leaving GOMAXPROCS=2: CPU quota undefined\n"
        + "[INFO] plugin/kubernetes: waiting for Kubernetes API before starting server\n"
        + "dns://.:1053\n"
        + START.replace("1.9.3", "1.12.0")
        + query(2)
        + "[INFO] Reloading\n[INFO] plugin/reload: Running configuration SHA512 = ffff00\n[INFO] Reloading complete\n"
        + "failed to create fsnotify watcher: too many open files"
    )
    segments = observe({"r.log": text}, replica="r").segments
    assert [(s.start_seen, s.version, s.config_hash, s.cut, s.n_lines, s.zones) for s in segments] == [
        (False, None, None, False, 2, ()),
        (True, "1.12.0", "ffff00", True, 12, ("dns://.:1053", ".:53")),
    ]


def test_old_versions_print_their_banner_twice_in_one_life(observe: Callable[..., Observations]) -> None:
    own = "2019-05-05T12:00:00.123Z [INFO] "
    text = (
        f".:53\n{own}CoreDNS-1.3.1\n{own}linux/amd64, go1.11.4, 6b\n"
        f"CoreDNS-1.3.1\nlinux/amd64, go1.11.4, 6b\n{own}plugin/reload: Running configuration MD5 = aeb3c5\n"
    )
    [segment] = observe({"r.log": text}, replica="r").segments
    assert (segment.version, segment.start_seen, segment.config_hash) == ("1.3.1", True, "aeb3c5")


def stamped(lines: str, second: int = 0, pod: str = "coredns-a") -> str:
    clocks = (f"10:{n // 60:02}:{n % 60:02}.123456{n % 1000:03}" for n in range(second + 1, 3600))
    return "".join(
        f"[pod/{pod}/coredns] 2024-03-15T{c}Z {line}\n" for c, line in zip(clocks, lines.splitlines(), strict=False)
    )


LOG = START + "".join(
    query(n % 40, random.Random(n).choice(["NOERROR", "NXDOMAIN"])) + failed("10.0.0.7", n) for n in range(60)
)


def tables(seen: Observations) -> Any:
    names = [(n.replica, n.qname, n.rcode, n.count, n.first_ns, n.last_ns) for n in seen.names]
    return (
        seen.queries,
        names,
        [(e.line.text, e.line.at_ns, e.line.replica, e.meaning) for e in seen.entries],
        seen.failures,
    )


def test_the_same_file_twice_counts_once(observe: Callable[..., Observations]) -> None:
    once = observe([document("a.log", LOG, replica="r")])
    twice = observe([document("a.log", LOG, replica="r"), document("b/a.log", LOG, replica="r")])
    assert tables(twice) == tables(once)
    assert [s.notes for s in twice.streams] == [(), ("note.copy",)]


def test_a_previous_log_that_is_a_copy_counts_once(observe: Callable[..., Observations]) -> None:
    documents = [document("a.log", LOG, replica="r"), document("a.previous.log", LOG, replica="r", previous=True)]
    assert tables(observe(documents)) == tables(observe(documents[:1]))


def test_equal_start_lines_of_two_replicas_are_no_copies(observe: Callable[..., Observations]) -> None:
    seen = observe([document("a.log", START, replica="a"), document("b.log", START, replica="b")])
    assert [s.lines for s in seen.streams] == [4, 4]


def test_overlapping_files_of_a_replica_count_once(observe: Callable[..., Observations]) -> None:
    lines = stamped(LOG).splitlines(keepends=True)
    whole = observe([document("a.log", "".join(lines))])
    parts = [document("a.log", "".join(lines[:80])), document("b.log", "".join(lines[50:]))]
    for documents in (parts, parts[::-1]):
        seen = observe(documents)
        assert tables(seen) == tables(whole)
        assert any("note.duplicate-lines" in s.notes for s in seen.streams)


def test_equal_lines_without_fine_clock_are_two_lines(observe: Callable[..., Observations]) -> None:
    line = "2024-03-15T10:00:00Z " + failed("10.0.0.7")
    seen = observe([document("a.log", line + line, replica="r"), document("b.log", line, replica="r")])
    assert len(seen.entries) == 3


@pytest.mark.parametrize("cut", [1, 4, 5, 50, 123])
def test_splitting_a_file_changes_nothing(cut: int, observe: Callable[..., Observations]) -> None:
    lines = stamped(LOG).splitlines(keepends=True)
    whole = observe([document("a.log", "".join(lines))])
    head = document("a.log#1", "".join(lines[:cut]), file="a.log")
    tail = document("a.log#2", "".join(lines[cut:]), file="a.log", first_line=cut + 1)
    split = observe([tail, head])
    assert replace(split, ledger=()) == replace(whole, ledger=())
    assert sum(row.lines for row in split.ledger) == whole.ledger[0].lines


def test_the_order_of_documents_changes_nothing(observe: Callable[..., Observations]) -> None:
    documents = [
        document("a.log", stamped(LOG), replica=None),
        document("b.log", stamped(LOG, pod="coredns-b")),
        document("c.log", START + failed("10.0.5.5") + failed("10.0.6.6")),
        document("d.log", query(3, "SERVFAIL"), replica="d"),
    ]
    seen = observe(documents)
    for seed in range(5):
        random.Random(seed).shuffle(documents)
        assert observe(documents) == seen


def test_lines_outside_the_window_are_not_counted(observe: Callable[..., Observations]) -> None:
    since = 1_710_496_800_000_000_000
    text = "".join(f"2024-03-15T{h:02}:00:00.000000001Z {query(h)}" for h in range(24)) + failed("10.0.0.7")
    seen = observe({"a.log": text}, replica="r", since_ns=since, until_ns=since + 3 * 3600 * 10**9)
    assert sum(q.count for q in seen.queries) == 3
    assert len(seen.entries) == 1
    assert "note.outside-window" in seen.streams[0].notes


def test_the_last_answer_of_each_kind_is_cited(observe: Callable[..., Observations]) -> None:
    text = query(1) + query(2) + query(3).replace(" qr,rd,ra 68 0.037s", " qr,aa,rd 68 0.0001s") + failed("10.0.0.7")
    [stream] = observe({"a.log": text}, replica="r").streams
    assert {answer.value: cite.line for answer, cite in stream.last_answers.items()} == {"upstream": 2, "local": 3}


def test_names_are_kept_with_their_good_answers(observe: Callable[..., Observations]) -> None:
    text = query(1) + query(1, "NXDOMAIN") + query(2) + query(1)
    seen = observe({"a.log": text}, replica="r")
    assert [(n.qname, n.rcode, n.count, n.citation.line) for n in seen.names] == [
        ("n1.example.", "NOERROR", 2, 1),
        ("n1.example.", "NXDOMAIN", 1, 2),
    ]


def test_what_coredns_itself_answers_needs_no_room_for_names(observe: Callable[..., Observations]) -> None:
    own = "".join(query(n).replace(" qr,rd,ra 68 0.037s", " qr,aa,rd 68 0.0001s") for n in range(300))
    seen = observe({"a.log": own + query(1) + query(1, "NXDOMAIN")}, replica="r", limits=Limits(names=10))
    assert [(n.qname, n.rcode, n.count) for n in seen.names] == [
        ("n1.example.", "NOERROR", 1),
        ("n1.example.", "NXDOMAIN", 1),
    ]
    assert "names" not in seen.overflow


def test_other_containers_and_programs_are_no_replicas(observe: Callable[..., Observations]) -> None:
    text = (
        stamped(LOG)
        + "[pod/coredns-a/kube-rbac-proxy] E0315 10:00:00.1 1 x.go:1] tls\n"
        + "[pod/kube-proxy-1/kube-proxy] 2024-03-15T10:00:00.000000001Z something else\n"
    )
    seen = observe({"all.log": text})
    assert {s.replica for s in seen.streams if s.lines} == {"coredns-a"}
    assert {n for s in seen.streams for n in s.notes} == {"note.other-container", "note.other-program"}


@pytest.mark.parametrize("layout", ["==> coredns-{} [0a1b] <==\n", "==> /logs/coredns-{}.log <==\n"])
def test_heads_of_tail_tell_the_replica(layout: str, observe: Callable[..., Observations]) -> None:
    text = layout.format("a1") + failed("10.0.0.7") + "\n" + layout.format("b2") + failed("10.0.1.7")
    assert [e.line.replica for e in observe({"t.log": text}).entries] == ["coredns-a1", "coredns-b2"]


@pytest.mark.parametrize(
    ("second", "lives"),
    [
        (61, 1),  # within the pauses of such a log
        (3600, 2),  # lines are missing between
        (-30, 2),  # both were written at the same time: of two containers, or two excerpts
    ],
)
def test_a_life_goes_on_in_the_next_file(second: int, lives: int, observe: Callable[..., Observations]) -> None:
    def stamped_from(start_s: int, texts: str) -> str:
        begin = datetime(2024, 3, 15, 10, 30, tzinfo=UTC) + timedelta(seconds=start_s)
        stamps = (begin + timedelta(seconds=i) for i in count())
        return "".join(
            f"{at:%Y-%m-%dT%H:%M:%S}Z {text}\n" for at, text in zip(stamps, texts.splitlines(), strict=False)
        )

    head, tail = START + query(1), query(2) + query(3)
    files = {"a/r.log": stamped_from(0, head), "b/r.log": stamped_from(second, tail)}
    segments = observe(files, replica="r").segments
    assert len(segments) == lives
    assert (segments[0].version, segments[0].start_seen) == ("1.9.3", True)
    assert sum(s.n_lines for s in segments) == 7
    cut = {
        "a/r.log": files["a/r.log"] + "failed to create fsnotify watcher: too many open files",
        "b/r.log": files["b/r.log"],
    }
    assert len(observe(cut, replica="r").segments) == 2
    fresh = {"a/r.log": files["a/r.log"], "b/r.log": stamped_from(61, START + query(2))}
    assert len(observe(fresh, replica="r").segments) == 2
