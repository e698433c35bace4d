"""Adding a framing changes nothing but time and replica."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.reading.framings import COARSE, FRAMINGS, NS, WITHOUT_POD, Line
from triage.model.observation import Meaning, Observations
from triage.parsing.query_log import parse_query
from triage.reading import Limits
from triage.rulebook.messages import load_messages

START_NS = 1_710_496_800 * NS + 123_456_789
PODS = ("coredns-7f8ff9c97-6tlln", "coredns-7f8ff9c97-wqmw8")
TEXTS = (
    ".:53",
    "[INFO] plugin/reload: Running configuration SHA512 = 0123456789abcdef",
    "CoreDNS-1.11.1",
    "linux/amd64, go1.20.7, ae2bbc2",
    '[INFO] 10.244.5.9:51763 - 40021 "AAAA IN api.example.org. udp 33 false 512" NXDOMAIN qr,rd,ra 94 0.004310211s',
    '[INFO] [fd00::9]:51763 - 7 "A IN a\\"b.example.org. udp 33 false 512" - - 0 6.002s',
    "[ERROR] plugin/errors: 2 api.example.org. AAAA: read udp 10.244.3.17:42449->10.9.9.9:53: i/o timeout",
    '[WARNING] plugin/kubernetes: Kubernetes API connection failure: Get "https://10.96.0.1:443/version": EOF',
    '[FATAL] plugin/loop: Loop (127.0.0.1:1 -> :53) detected for zone ".", see <x> & y. Query: "HINFO 1.2."',
)


def lines(pods: Sequence[str] = PODS) -> list[Line]:
    return [(START_NS + (2 * i + j) * NS, pod, text) for i, text in enumerate(TEXTS) for j, pod in enumerate(pods)]


def comparable(seen: Observations) -> Any:
    """Everything but citations: numbers of lines differ between framings."""
    entries = sorted((e.line.replica, e.line.at_ns or 0, e.line.text, str(e.meaning)) for e in seen.entries)
    failures = [(f.replica, f.at_ns, f.qname, f.rcode, f.client, f.duration_s) for f in seen.failures]
    names = [(n.replica, n.qname, n.rcode, n.answer, n.count, n.first_ns, n.last_ns) for n in seen.names]
    segments = sorted(
        (s.replica, s.first_ns or 0, str((s.version, s.config_hash, s.n_lines, s.zones))) for s in seen.segments
    )
    return entries, seen.queries, failures, names, segments


@pytest.fixture
def told(observe: Callable[..., Observations]) -> Any:
    return comparable(observe({"all.log": FRAMINGS["prefix+timestamps"](lines())}))


def test_the_reference_says_all(told: Any) -> None:
    entries, queries, failures, names, segments = told
    assert [e[2] for e in entries].count("CoreDNS-1.11.1") == 2
    assert len(entries) == 14
    assert sum(q.count for q in queries) == 4
    assert {f[2] for f in failures} == {'a\\"b.example.org.'}
    assert {n[1] for n in names} == {"api.example.org.", 'a\\"b.example.org.'}
    assert all("1.11.1" in s[2] for s in segments)


@pytest.mark.parametrize("framing", FRAMINGS)
def test_framing_with_pods_says_the_same(framing: str, observe: Callable[..., Observations], told: Any) -> None:
    seen = observe({"all.log": FRAMINGS[framing](lines())})
    assert comparable(seen) == told
    assert {s.replica for s in seen.streams} == set(PODS)
    assert not any(s.unknown_samples or s.skipped for s in seen.streams)


@pytest.mark.parametrize("outer", ["fluent-bit", "stern-json", "loki-jsonl", "google-cloud", "azure-csv", "logcli"])
@pytest.mark.parametrize("inner", ["timestamps", "cri", "docker-json", "journal-json"])
def test_a_frame_inside_a_frame(outer: str, inner: str, observe: Callable[..., Observations], told: Any) -> None:
    nested = [(t, p, WITHOUT_POD[inner]([(t, p, x)]).rstrip("\n")) for t, p, x in lines()]
    assert comparable(observe({"all.log": FRAMINGS[outer](nested)})) == told


@pytest.mark.parametrize("framing", WITHOUT_POD)
def test_framing_without_pods_says_the_same(framing: str, observe: Callable[..., Observations]) -> None:
    one = lines(PODS[:1])
    seen = observe({"one.log": WITHOUT_POD[framing](one)}, replica=PODS[0])
    assert comparable(seen) == comparable(observe({"all.log": FRAMINGS["prefix+timestamps"](one)}))


@pytest.mark.parametrize("framing", COARSE)
def test_framing_with_seconds(framing: str, observe: Callable[..., Observations]) -> None:
    write, note = COARSE[framing]
    one = [(t // NS * NS, p, x) for t, p, x in lines(PODS[:1])]
    seen = observe({"one.log": write(one)}, replica=PODS[0], assumed_year=2024)
    assert comparable(seen) == comparable(observe({"all.log": FRAMINGS["prefix+timestamps"](one)}))
    assert {n for s in seen.streams for n in s.notes} == ({note} if note else set())


@pytest.mark.parametrize("first", ["cri", "docker-json", "timestamps"])
@pytest.mark.parametrize("second", ["cri", "docker-json", "timestamps"])
def test_framing_that_changes_half_way(first: str, second: str, observe: Callable[..., Observations]) -> None:
    one = lines(PODS[:1])
    text = WITHOUT_POD[first](one[:5]) + WITHOUT_POD[second](one[5:])
    seen = observe({"one.log": text}, replica=PODS[0])
    assert comparable(seen) == comparable(observe({"one.log": WITHOUT_POD["timestamps"](one)}, replica=PODS[0]))


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (
            '{"time":"2026-10-20T10:00:00Z","level":"ERROR","msg":"2 a.example. A: EOF","plugin":"errors"}',
            "[ERROR] plugin/errors: 2 a.example. A: EOF",
        ),
        ('{"time":"2026-10-20T10:00:00Z","level":"WARN","msg":"x\\n","plugin":"health"}', "[WARNING] plugin/health: x"),
        (
            '{"time":"2026-10-20T10:00:00Z","level":"INFO","msg":"[ERROR] Restart failed: x"}',
            "[ERROR] Restart failed: x",
        ),
    ],
)
def test_own_json_log_becomes_the_text_line(line: str, text: str, observe: Callable[..., Observations]) -> None:
    for framed in (line, f"2026-10-20T10:00:00.000000001Z stdout F {line}", f"[pod/p-1/coredns] {line}"):
        assert [e.line.text for e in observe({"a.log": framed}).entries] == [text]


def test_own_json_log_of_several_lines_and_queries(observe: Callable[..., Observations]) -> None:
    log = (
        '{"time":"2026-10-20T10:00:00Z","level":"INFO","msg":"cluster.local.:53\\nexample.test.:53"}\n'
        '{"time":"2026-10-20T10:00:00Z","level":"INFO","msg":"CoreDNS-1.15.0\\nlinux/amd64, go1.27.3, abc"}\n'
        '{"time":"2026-10-20T10:00:01Z","level":"INFO","msg":"custom a.example.test. qr,rd 7","plugin":"log",'
        '"client_ip":"10.1.1.7","client_port":5,"qname":"a.example.test.","qtype":"A","qclass":"IN","protocol":"udp",'
        '"id":1,"opcode":0,"request_size":32,"dnssec_ok":false,"bufsize":512,"rcode":"SERVFAIL","response_size":32,'
        '"duration_seconds":4.00177276}\n'
    )
    seen = observe({"a.log": log}, replica="r")
    assert [(s.version, s.zones, s.n_lines) for s in seen.segments] == [
        ("1.15.0", ("cluster.local.:53", "example.test.:53"), 5)
    ]
    [failure] = seen.failures
    assert (failure.qname, failure.rcode, failure.client, failure.duration_s) == (
        "a.example.test.",
        "SERVFAIL",
        "10.1.1.7",
        4.00177276,
    )


def test_docker_joins_what_it_cut_at_16_kib(observe: Callable[..., Observations]) -> None:
    import json

    text = "[ERROR] plugin/errors: 2 a.example. A: " + "x" * 20_000 + " i/o timeout"
    parts = [text[:16384], text[16384:] + "\n"]
    log = "".join(json.dumps({"log": p, "stream": "stderr", "time": "2024-03-15T10:00:00Z"}) + "\n" for p in parts)
    assert [e.line.text for e in observe({"a.log": log}).entries] == [text]


def test_lines_cut_by_the_runtime_are_joined_for_each_stream(observe: Callable[..., Observations]) -> None:
    log = (
        "2024-03-15T10:00:00.1Z stdout P [INFO] Relo\n"
        "2024-03-15T10:00:00.2Z stderr F [ERROR] other\n"
        "2024-03-15T10:00:00.3Z stdout F ading\n"
    )
    seen = observe({"a.log": log})
    assert [(e.line.text, e.line.number) for e in seen.entries] == [("[INFO] Reloading", 1), ("[ERROR] other", 2)]


def test_every_message_is_recognised_in_every_framing(
    observe: Callable[..., Observations], recogniser: Callable[[str], Meaning]
) -> None:
    """Adding a framing changes nothing but time and replica, for everything that CoreDNS can say."""
    folder = Path(__file__).parents[2] / "rules" / "messages"
    said = [e for m in load_messages(folder) for e in m.examples if "\n" not in e and recogniser(e).understood]
    said = [e for e in said if parse_query(e) is None and not e.startswith(("{", '"')) and e == e.strip()]
    assert len(said) > 800
    log = [(START_NS + i * NS, PODS[0], x) for i, e in enumerate(said) for x in (e, "[INFO] Reloading")]
    told = [recogniser(x).message_id for _, _, x in log]
    for framing, write in {**FRAMINGS, **WITHOUT_POD}.items():
        seen = observe({"all.log": write(log)}, recognise=recogniser, replica=PODS[0], limits=Limits(mend_bytes=0))
        assert [e.meaning.message_id for e in seen.entries] == told, framing


def test_a_long_line_in_braces_is_read_once(observe: Callable[..., Observations]) -> None:
    """Looking for a label from each of its letters would take hours."""
    labels = '{pod="coredns-7f8ff9c97-6tlln" ' + "x" * 900_000 + "}"
    seen = observe({"a.log": f"{TEXTS[0]}\n2024-03-15T10:00:00Z {labels} {TEXTS[4]}\n"})
    assert [s.lines for s in seen.streams if s.replica == PODS[0]] == [1]
