"""The kernel's twin says what is said when each line is read for itself, wherever its blocks and parts end."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.reading.framings import Line, rfc3339
from tests.reading.test_hot import DOCKER
from tests.reading.test_kernel import ALL, NS, PODS, START_NS, TINY, WIDE, damaged, document, log, said
from triage.model.observation import Observations
from triage.reading import native, odd

ESCAPED = "docker-json with escapes"
WRITTEN = {**ALL, ESCAPED: lambda lines: ALL[DOCKER](lines).replace("->", "-\\u003e").replace("&", "\\u0026")}


def queries(seed: int, n: int = 1200) -> list[Line]:
    """Usual lines with some between them that only look so."""
    rng = random.Random(seed)
    share = rng.choice([0.0, 0.002, 0.05, 0.5])
    digits = rng.choice([(9,), (9, 8, 3), (0, 1, 9)])
    at, made = START_NS, []
    for i in range(n):
        at += rng.choice([0, 13, NS // 50, NS // 3, NS * 40]) * rng.choice([1, 1, 1, 1, -1])
        client = rng.choice(["10.1.0.7", "10.1.13.208", "100.100.100.100", "1.2.3.4"])
        tail = rng.choice(["NOERROR qr,rd,ra 94", "NXDOMAIN qr,aa,rd 94", "SERVFAIL qr,rd 0", "- - 0", "NOERROR qr 00"])
        took = f"{rng.choice([0.00005, 0.00025, 0.0009, 0.0011, 0.7, 9.99]):.{rng.choice([1, 5, 9])}f}"
        name = rng.choice(["a.example.", "b.svc.cluster.local.", "x" * 50 + ".corp.example.", "Ab.Example.", "."])
        port, ident = rng.choice([5, 53, 53535]), rng.choice([0, 7, 65535])
        text = f'[INFO] {client}:{port} - {ident} "A IN {name} udp 33 false 512" {tail} {took}s'
        if rng.random() < share:
            text = rng.choice(
                [
                    text.replace(client, rng.choice(["[fd00::7]", "::1", "10.1.0.1:7", "10.1..7", ""])),
                    text.replace(f":{port} ", rng.choice([":x ", ": ", ":1234567 ", ":12345678 "])),
                    text.replace("s", "", 1)[::-1].replace("s", "", 1)[::-1],
                    text.replace(f" {took}s", rng.choice([" 10.5s", " 3s", " .5s", " 1.s", " 0.1234567890s", " 1:5s"])),
                    text.replace(
                        '"A IN', rng.choice(['"A CH', '"A  IN', "'A IN", '"A IN IN', '"TYPE65534 IN', '"A\tIN'])
                    ),
                    text.replace(" - ", rng.choice(["  - ", " + ", " -- ", " -\t"])),
                    text.replace("[INFO]", rng.choice(["[INFO] ", "[DEBUG]", "x[INFO]", "[INFO][INFO]", "INFO"])),
                    text + rng.choice([" ", "\r", "  x", "\t", "s"]),
                    text.replace("udp 33", rng.choice(["udp", "udp 33 33", "https 33", "tcp x"])),
                    f"[ERROR] plugin/errors: 2 {name} A: read udp 10.1.0.4:{port}->10.9.9.9:53: i/o timeout",
                    "[INFO] Reloading",
                    "failed to create fsnotify watcher: too many open files",
                    "",
                ]
            )
        made.append((at, PODS[i % 2], text, rng.choice(digits)))
    return [(at // 10 ** (9 - d) * 10 ** (9 - d), pod, text) for at, pod, text, d in made]


def agree(
    raw: bytes, recogniser: Callable[..., object], path: Path | None, chunk: int, **more: object
) -> tuple[Observations, Observations]:
    documents = [document(raw, path, more.pop("replica", None))]  # type: ignore[arg-type]
    lines = said(documents, recogniser, **more, way="lines")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "_CHUNK", chunk)
        twin = said(documents, recogniser, **more, way="python")
    for field in Observations.__struct_fields__:
        assert getattr(twin, field) == getattr(lines, field), field
    return lines, twin


@settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 10**9),
    framing=st.sampled_from(sorted(ALL)),
    part=st.sampled_from([0, 5000, 20_000]),
    chunk=st.sampled_from([3000, 1 << 20]),
    tiny=st.booleans(),
    named=st.booleans(),
    write=st.sampled_from([log, queries]),
    encoding=st.sampled_from(["utf-8"] * 6 + ["utf-8-sig", "utf-16", "gb18030"]),
    as_file=st.booleans(),
    window=st.sampled_from([None, (START_NS + 100 * NS, START_NS + 900 * NS)]),
)
def test_blocks_and_lines_agree(
    tmp_path_factory: pytest.TempPathFactory,
    recogniser: Callable[..., object],
    seed: int,
    framing: str,
    part: int,
    chunk: int,
    tiny: bool,
    named: bool,
    write: Callable[[int], list[Line]],
    encoding: str,
    as_file: bool,
    window: tuple[int, int] | None,
) -> None:
    raw = damaged(ALL[framing](write(seed)).encode(encoding), seed)
    path = tmp_path_factory.mktemp("twin") / "a.log" if as_file else None
    since_ns, until_ns = window or (None, None)
    # Where nobody tells the replica, lives that are read line by line reach their caps each for itself.
    limits = replace(TINY if tiny and named else WIDE, part_bytes=part)
    replica = PODS[0] if named else None
    agree(raw, recogniser, path, chunk, limits=limits, replica=replica, since_ns=since_ns, until_ns=until_ns)


@pytest.mark.parametrize("short", [0, 3, 9])
def test_clocks_of_any_length_are_read_by_columns(recogniser: Callable[..., object], short: int) -> None:
    """None of these lines is an event but the first one of the frame."""
    made = [(at, pod, text) for at, pod, text in queries(3, 2000)]
    text = "".join(f"{rfc3339(at, short).replace('.Z', 'Z')} {line}\n" for at, _, line in made)
    agree(text.encode(), recogniser, None, 1 << 20, limits=WIDE, replica=PODS[0])


def test_a_client_of_any_bytes_is_no_address(recogniser: Callable[..., object]) -> None:
    made = [f"{rfc3339(at)} {text}\n".encode() for at, _, text in queries(3, 2000)]
    for i in range(len(made) // 2, len(made), 7):
        made[i] = made[i].replace(b"] 1", b"] \xe4").replace(b"NOERROR", b"NOTIMP")
    agree(b"".join(made), recogniser, None, 1 << 20, limits=WIDE, replica=PODS[0])


def test_replicas_of_one_stream_share_its_caps(recogniser: Callable[..., object]) -> None:
    """One of them alone reaches the cap of kept lines."""
    errors = [
        (START_NS + i * NS, PODS[i % 3 == 0], f"[ERROR] plugin/errors: 2 n{i}.example. A: EOF") for i in range(999)
    ]
    raw = ALL["stern-all-namespaces"](errors).encode()
    for kept in (30, 300, 500):
        agree(raw, recogniser, None, 1 << 20, limits=replace(WIDE, faults=kept), replica=PODS[0])


ODD_ERRORS = [
    "2 {n} A: read udp 10.1.0.4:{p}->10.9.9.9:53: i/o timeout",
    "2 {n} AAAA: read udp [fd00::4]:{p}->[fd00::9]:53: i/o timeout",
    "2 {n} A: dial tcp 10.9.9.9:53: connect: connection refused",
    "2 {n} HINFO: read udp 10.1.0.4:{p}->10.9.9.9:53: i/o timeout",
    "2 7.{n} HINFO: read udp 10.1.0.4:{p}->10.9.9.9:53: i/o timeout",
    "2 {n} A: write udp 10.1.0.4:{p}->10.9.9.9:53: 1.1.1.1:7->2.2.2.2:53",
    "2 {n} A: :{p}-> udp 10.1.0.4:{p}->10.9.9.9:53: no",
    "2 {n} A: a -> b {p}",
    '2 {n} A: read udp 10.1.0.4:x->10.9.9.9:53: \\\\ "{p}"',
    "2 {n}:5 A: EOF",
    "2 {n} A: see plugin/errors: {p}",
    "x {n} A: EOF",
    "123456 {n} A: EOF",
    "2  A: EOF",
    "2 {n} A:",
    "2 {n} A: EOF ",
    "2 {n}\tA: EOF",
    "2 {n} A: \u00e9 EOF",
    "2 " + "y" * 500 + " A: EOF",
    "2 {n} A: " + "z" * 600,
    "2 {n} A: <none> & more",
    "2 {n} A: a\x01b",
]


@pytest.mark.parametrize("framing", sorted(WRITTEN))
def test_lines_of_errors_agree(recogniser: Callable[..., object], framing: str) -> None:
    rng = random.Random(framing)
    made = [
        (
            START_NS + i * NS // 2,
            PODS[i % 2],
            "[ERROR] plugin/errors: "
            + rng.choice(ODD_ERRORS[: 1 if i % 3 else None]).format(
                n=f"n{i % 7}.example.", p=rng.choice([5, 53535, 7])
            ),
        )
        for i in range(3000)
    ]
    raw = WRITTEN[framing](made).encode()
    for limits, since_ns in ((WIDE, START_NS + 100 * NS), (replace(WIDE, faults=50, messages=20), None)):
        agree(raw, recogniser, None, 30_000, limits=limits, replica=PODS[0], since_ns=since_ns)


@pytest.mark.parametrize("framing", ["timestamps", "cri", DOCKER, ESCAPED, "plain"])
def test_usual_lines_are_never_looked_at_one_by_one(
    recogniser: Callable[..., object], monkeypatch: pytest.MonkeyPatch, framing: str
) -> None:
    text = "[ERROR] plugin/errors: 2 a.example. A: read udp 10.1.0.4:5->10.9.9.9:53: i/o timeout"
    asked = '[INFO] 10.1.0.7:53 - 7 "A IN a.example. udp 33 false 512" NOERROR qr,rd,ra 94 0.0007s'
    raw = WRITTEN[framing]([(START_NS + i, PODS[0], asked if i % 2 else text) for i in range(2000)]).encode()
    looked = []
    monkeypatch.setattr(odd, "framed", lambda line: looked.append(line) or None)
    said([document(raw, None, PODS[0])], recogniser, limits=WIDE, way="python")
    assert len(looked) < 10
