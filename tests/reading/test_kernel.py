"""The kernel says what the Python reader says, however a document is framed, damaged and split."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import random
import shlex
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bench.fuzz_kernel import once
from tests.reading.framings import FRAMINGS, WITHOUT_POD, Line, each, rfc3339
from tests.reading.test_hot import DOCKER, WRITERS
from triage.model.bundle import Document, Kind, document_of_text
from triage.model.observation import Observations
from triage.parsing.query_log import parse_query
from triage.reading import Limits, native, read

KERNEL = "triage.reading._kernel"
pytestmark = pytest.mark.skipif(native.kernel() is None and not os.environ.get("CI"), reason="the kernel was not built")

NS = 1_000_000_000
START_NS = 1_710_496_800_000_000_000
PODS = ("coredns-5d78c9869d-x2x4x", "coredns-5d78c9869d-x5x7x")
ZONES = frozenset({".", "cluster.local.", "corp.example.", "example."})
TINY = Limits(mend_bytes=0, entries_per_stream=40, faults=30, messages=12, failures=25, counts=40, names=20, clients=9)
WIDE = Limits(mend_bytes=0)
ODD = (
    ".:53",
    "CoreDNS-1.9.3",
    "linux/amd64, go1.18.2, 45b0a11",
    "[INFO] Reloading",
    "[INFO] plugin/reload: Running configuration SHA512 = 591cf328cccc12bc490481273e738df5",
    "[WARNING] plugin/kubernetes: starting server with unsynced Kubernetes API",
    "[ERROR] plugin/errors: 4 errors like '^read udp .* i/o timeout$' occurred in last 30s",
    "[ERROR] plugin/errors: 2 a.example. A: plugin/forward: no nameservers",
    "[ERROR] plugin/errors: 2 a.example. A: EOFfailed to create fsnotify watcher: too many open files",
    "[ERROR] plugin/errors: 2 x@y.example. A: EOF",
    "failed to create fsnotify watcher: too many open files",
    "panic: sync: negative WaitGroup counter",
    "goroutine 1 [running]:",
    "\t/usr/local/go/src/net/http/server.go:1868 +0xb9",
    "maxprocs: Leaving GOMAXPROCS=2: CPU quota undefined",
    '[INFO] 10.1.0.7:5 - 6 "A IN q\\"u.example. udp 33 false 512" NOERROR qr,rd,ra 94 0.5s',
    '[INFO] 10.1.0.7:5 - 6 "A IN a.example. https 33 false 512" NOERROR qr,rd,ra 94 0.5s',
    '[INFO] 10.1.0.7:5 - 6 "A IN a.example. udp 33 false 512" STRANGE qr,rd,ra 94 0.5s',
    '[INFO] 10.1.0.7:5 - 6 "A IN a.example. udp 33 false 512" NOERROR qr,rd,ra 94 1.2.3s',
    "",
    "   ",
    "ünïcode ✓",
    '[INFO] 10.1.0.7:5 - 6 "A\0 IN a.example. udp 33 false 512" NOERROR qr,rd,ra 94 0.5s',
)
SHARE = {"udp": "read udp {a}:{p}->{u}:53: i/o timeout", "tcp": "dial tcp {u}:53: connect: connection refused"}


def log(seed: int, n: int = 700) -> list[Line]:
    """Queries and errors, with everything between them that a log may have."""
    rng = random.Random(seed)
    at = START_NS
    odd_share = rng.choice([0.0, 0.01, 0.2])
    names = [
        f"{w}{i}.{z}"
        for w in "ab"
        for i in range(rng.choice([3, 40]))
        for z in ("example.", "svc.cluster.local.", "Test.", f"{'l' * rng.choice([50, 54, 55, 56, 57, 120])}.example.")
    ]
    names += [".", "a.", "cluster.local.", "example.", "x*y@z:1.example.", "_dns._udp.example.", "notexample."]
    made = []
    for i in range(n):
        at += rng.choice([NS // 7 + 13, NS * 20 + 1, -NS * 3, 0])
        name, client = rng.choice(names), rng.choice(["10.1.0.7", "10.1.3.8", "10.12.13.184", "[fd00::7]"])
        draw = rng.random()
        if draw < odd_share:
            text = rng.choice(ODD)
        elif draw < 0.3:
            words = rng.choice([*SHARE.values(), "EOF", "dns: overflow unpacking uint32", f"no next plugin {i % 5}"])
            words = words.format(a=rng.choice(["10.1.0.4", "fd00::4"]), p=rng.randint(1, 65535), u="10.9.9.9")
            qtype = rng.choice(["A", "AAAA", "HINFO"])
            name = f"{rng.randint(1, 10**18)}.{rng.randint(1, 10**18)}." if qtype == "HINFO" else name
            text = f"[ERROR] plugin/errors: 2 {name} {qtype}: {words}"
        else:
            tail = rng.choice(
                ["NOERROR qr,rd,ra 94 0.0371s", "NOERROR qr,aa,rd 94 0.000121s", "NXDOMAIN qr,aa,rd 94 0.000250001s",
                 "- - 0 0.000019s", "- - 0 6.1s", "SERVFAIL qr,rd 33 2.000123456s", "REFUSED qr,rd 33 0.0005s",
                 "NOERROR - 0 2s", "SERVFAIL qr,rd,ra 33 0.1234567891s",
                 f"NOERROR qr,aa,rd {rng.choice(['0', '00', '7'])} 0.01s",
                 f"NOERROR qr,aa,rd {rng.randint(40, 1232)} 0.000{rng.randint(1, 999999)}s"]
            )  # fmt: skip
            proto, qtype = rng.choice(["udp", "tcp"]), rng.choice(["A", "AAAA", "PTR", "TYPE64", "TYPE65", "a"])
            text = (
                f'[INFO] {client}:{rng.randint(1, 65535)} - {i} "{qtype} IN {name} {proto} {rng.choice([33, 99, 101])} '
                f'{rng.choice(["true", "false"])} {rng.choice([512, 1232])}" {tail}'
            )
        made.append((at, PODS[rng.random() < 0.3], text))
    return made


def damaged(raw: bytes, seed: int) -> bytes:
    rng = random.Random(seed)
    broken = bytearray(raw)
    for _ in range(rng.choice([0, 0, 3, 40])):
        at = rng.randrange(len(broken))
        how = rng.randrange(5)
        if how == 0:
            broken[at] = rng.randrange(256)
        elif how == 1:
            del broken[at : at + rng.randrange(1, 40)]
        elif how == 2:
            junk = [
                b"\n",
                b'"',
                b"\\",
                b"{",
                b"[",
                b"\0",
                b"\xff",
                b"\r\n",
                b"] ",
                b"failed to ",
                b" stdout P ",
                b"@",
                b"->",
            ]
            broken[at:at] = rng.choice(junk)
        elif how == 3:
            broken[at:at] = broken[: rng.randrange(300)]
        else:
            broken[at:at] = b"x" * rng.choice([500, 5000, 600_000])
    return bytes(broken)


def document(raw: bytes, path: Path | None, replica: str | None) -> Document:
    if path is None:
        return Document("a.log", Kind.LOG, "a.log", lambda: io.BytesIO(raw), None, replica=replica)
    path.write_bytes(raw)
    return Document("a.log", Kind.LOG, "a.log", _Open(path), len(raw), replica=replica)


class _Open:
    """Opens a file; it can be sent to another process."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self) -> io.BufferedReader:
        return self.path.open("rb")


def said(documents: list[Document], recognise: Callable[..., object], **more: object) -> Observations:
    return read(documents, recognise=recognise, parse_query=parse_query, zones=ZONES, **more)  # type: ignore[arg-type]


CRLF = "timestamps with CRLF"
ALL = {
    **{name: WRITERS[name] for name in (*FRAMINGS, *WITHOUT_POD, "plain", "prefix", DOCKER)},
    CRLF: each(lambda t, _, x: f"{rfc3339(t)} {x}\r"),
    "cri parts": each(lambda t, _, x: f"{rfc3339(t)} stdout {'P' if hash(x) % 40 == 0 else 'F'} {x}"),
}


PLAIN = 0
"""As a width: the kernel as it is where processors have other instructions."""


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The kernel without any instructions of x86."""
    source, built = Path(native.__file__).with_name("_kernel.c"), tmp_path_factory.mktemp("plain") / "_kernel.so"
    compiler = shlex.split(sysconfig.get_config_var("CC"))
    options = ["-O1", "-fPIC", "-shared", "-U__SSE2__", "-Wall", f"-I{sysconfig.get_path('include')}"]
    subprocess.run([*compiler, *options, source, "-o", built], check=True)
    spec = importlib.util.spec_from_file_location(KERNEL, built)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.use_width(512) == 128
    return module


@settings(deadline=None, max_examples=50, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 10**9),
    framing=st.sampled_from(sorted(ALL)),
    part=st.sampled_from([0, 1, 333, 5000, 20_000]),
    tiny=st.booleans(),
    named=st.booleans(),
    encoding=st.sampled_from(["utf-8"] * 6 + ["utf-8-sig", "utf-16", "gb18030"]),
    as_file=st.booleans(),
    width=st.sampled_from([PLAIN, 128, 256, 512]),
    window=st.sampled_from([None, (START_NS + 100 * NS, START_NS + 900 * NS)]),
)
def test_kernel_and_python_agree(
    tmp_path_factory: pytest.TempPathFactory,
    recogniser: Callable[..., object],
    plain: ModuleType,
    seed: int,
    framing: str,
    part: int,
    tiny: bool,
    named: bool,
    encoding: str,
    as_file: bool,
    width: int,
    window: tuple[int, int] | None,
) -> None:
    raw = damaged(ALL[framing](log(seed)).encode(encoding), seed)
    path = tmp_path_factory.mktemp("kernel") / "a.log" if as_file else None
    documents = [document(raw, path, PODS[0] if named else None)]
    since_ns, until_ns = window or (None, None)
    limits = TINY if tiny and named else WIDE  # lives of which nobody told the replica have caps of their own
    python = said(documents, recogniser, limits=limits, way="lines", since_ns=since_ns, until_ns=until_ns)
    if part == 1:  # a task a line would be 60,000 of them
        part = len(raw) // 50 + 1
    with using(plain if width == PLAIN else native.kernel(), width):
        by = replace(limits, part_bytes=part)
        counted = said(documents, recogniser, limits=by, since_ns=since_ns, until_ns=until_ns)
    for field in Observations.__struct_fields__:
        assert getattr(counted, field) == getattr(python, field), field
    assert counted == python


@contextlib.contextmanager
def using(module: ModuleType | None, width: int) -> Iterator[None]:
    """This kernel, with registers of so many bits at most."""
    assert module is not None
    installed = sys.modules[KERNEL]
    sys.modules[KERNEL] = module
    native.kernel.cache_clear()
    assert native.kernel() is module
    module.use_width(width)
    try:
        yield
    finally:
        module.use_width(512)
        sys.modules[KERNEL] = installed
        native.kernel.cache_clear()


@settings(deadline=None, max_examples=15, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**9), n=st.integers(2, 4), names=st.sampled_from([5, 60, 400]), again=st.booleans())
def test_kernel_and_python_agree_on_documents_that_do_not_fit_together(
    recogniser: Callable[..., object], seed: int, n: int, names: int, again: bool
) -> None:
    """Also when some of them are copies, or hold lines of others, and are read again without these."""
    documents = []
    for i in range(n):
        raw = ALL["timestamps"](log(seed + i, 1000)).encode()
        lines = raw.splitlines(keepends=True)
        pieces = [b"".join(lines[:800]), b"".join(lines[200:]), raw] if again and i % 2 else [raw]
        documents += [
            document_of_text(f"{i}.{k}.log", Kind.LOG, piece.decode(), replica=f"coredns-5d78c9869d-{i:05}")
            for k, piece in enumerate(pieces)
        ]
    limits = Limits(mend_bytes=0, faults=names, messages=40, failures=names, counts=names, names=names, clients=9)
    python = said(documents, recogniser, limits=limits, way="lines")
    for way in ("native", "python"):
        assert said(documents, recogniser, limits=limits, way=way) == python


GOOD = '[INFO] 10.1.0.7:4242 - 77 "A IN a.example. udp 33 true 512" NOERROR qr,rd,ra 94 0.0371s'


@pytest.mark.parametrize("before", ["", "2024-03-15T10:00:17.1Z stdout F " + GOOD])
@pytest.mark.parametrize(
    "behind", ["2024-03-15T10:00:5x.1Z stdout F cd", "2024-03-15T10:00:20.1Z stdout F[INFO] cd", "2024 stdout P cd"]
)
def test_a_damaged_record_does_not_end_a_line_that_was_cut(
    recogniser: Callable[..., object], before: str, behind: str
) -> None:
    lines = [f"2024-03-15T10:0{i // 60 % 10}:{i % 60:02}.1Z {GOOD}" for i in range(900)]
    lines += [before] if before else []
    lines += ["2024-03-15T10:00:18.1Z stdout P [INFO] ab", behind, f"2024-03-15T10:16:31.1Z stdout F {GOOD}"]
    raw = ("\n".join(lines) + "\n").encode()
    there = said([document(raw, None, "coredns-1")], recogniser, limits=WIDE, way="lines")
    for way in ("native", "python"):
        assert said([document(raw, None, "coredns-1")], recogniser, limits=WIDE, way=way) == there


@pytest.mark.parametrize("behind", ["[pod/c-{n}/coredns] ", "c-{n} coredns ", "node{n} coredns[1]: ", "std{std} F "])
@pytest.mark.parametrize("width", [PLAIN, 128, 256, 512])
def test_what_stands_behind_the_clock_may_differ_in_digits_only(
    recogniser: Callable[..., object], plain: ModuleType, behind: str, width: int
) -> None:
    asked = GOOD.partition("NOERROR")[0]
    two = [
        f"2024-03-15T10:00:00.1Z {behind.format(n=n, std=std)}{asked}{rcode} qr,rd,ra 94 0.0371s\n"
        for n, std, rcode in ((1, "out", "NOERROR"), (2, "err", "SERVFAIL"))
    ]
    lines = [two[i // 50 % 2] for i in range(3000)]
    documents = [document("".join(lines).encode(), None, None)]
    there = said(documents, recogniser, limits=WIDE, way="lines")
    with using(plain if width == PLAIN else native.kernel(), width):
        assert said(documents, recogniser, limits=WIDE, way="native") == there
    assert said(documents, recogniser, limits=WIDE, way="python") == there


def test_a_client_that_is_no_address(recogniser: Callable[..., object]) -> None:
    raw = "".join(f"{GOOD.replace('10.1.0.7', client)}\n" * 400 for client in (".", ".5", "5.", "1..2")).encode()
    there = said([document(raw, None, "coredns-1")], recogniser, limits=WIDE, way="lines")
    for way in ("native", "python"):
        assert said([document(raw, None, "coredns-1")], recogniser, limits=WIDE, way=way) == there


def test_the_fuzzer_runs(tmp_path: Path) -> None:
    for seed in range(60):
        once(random.Random(seed), tmp_path / "a.log")
