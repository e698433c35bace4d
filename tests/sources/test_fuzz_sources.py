"""Whatever bytes come in, `load` answers with documents: no exception, no hang, nothing lost without a word."""

from __future__ import annotations

import io
import random
import time

import pytest

from tests.sources import made
from triage.model.bundle import Kind
from triage.sources.limits import Limits
from triage.sources.load import load

SEEDS: dict[str, bytes] = {
    "log": made.LOG.encode() * 5,
    "paste": (
        f"[root@m1 ~]# kubectl logs {made.POD_A}\n{made.LOG}{made.KUBELET}"
        f"[root@m1 ~]# cat /etc/resolv.conf\n{made.RESOLV}"
        f"$ kubectl describe cm coredns\n{made.DESCRIBED}```\n{made.PODS}```\n"
        f"Is this known to anybody here, please?\n{made.NODES}"
    ).encode(),
    "yaml": made.CONFIGMAP.encode(),
    "scrape": made.SCRAPE.encode() * 4,
    "utf-16": made.LOG.encode("utf-16"),
    "tar": made.tar_bytes({f"{made.POD_A}.log": made.LOG, "pods.txt": made.PODS}, "w"),
    "gzip": made.tar_bytes({f"{made.POD_A}.log": made.LOG, "cm.yaml": made.CONFIGMAP}, "w:gz"),
    "xz": made.tar_bytes({f"{made.POD_A}.log": made.LOG}, "w:xz"),
}
PIECES = (
    b"\0",
    b"\xff\xfe",
    b"```\n",
    b"> ",
    b"$ ",
    b"[root@x ~]# ",
    b"{",
    b"[",
    b"- ",
    b"\x1b[31m",
    b"\n",
    b"==> a <==\n",
    b"'",
    b'"',
    b"\xe4\xb8\xad",
)


def mutated(raw: bytes, random_: random.Random) -> bytes:
    """One to six changes: bytes flipped, cut out, doubled, moved, or something typical put in."""
    data = bytearray(raw)
    for _ in range(random_.randint(1, 6)):
        at = random_.randrange(len(data) + 1)
        to = min(len(data), at + random_.choice((1, 8, 80, 800)))
        change = random_.randrange(5)
        if change == 0 and at < len(data):
            data[at] = random_.randrange(256)
        elif change == 1:
            del data[at:to]
        elif change == 2:
            data[at:at] = data[at:to]
        elif change == 3:
            data[at:at] = random_.choice(PIECES) * random_.choice((1, 2, 50))
        else:
            data = data[to:] + data[:at]
    return bytes(data)


@pytest.mark.parametrize("name", SEEDS)
def test_mutations_never_raise(name: str) -> None:
    random_ = random.Random(f"sources-{name}")
    for _ in range(120):
        raw = mutated(SEEDS[name], random_)
        bundle = load(["-"], stdin=io.BytesIO(raw), limits=Limits(ratio_free_bytes=1 << 20))
        assert bundle.documents or bundle.gaps or not raw.strip(b"\0\n\r\t ")
        for document in bundle.documents:
            assert (document.kind is Kind.IGNORED) == (document.why_ignored is not None)
            document.read()


@pytest.mark.parametrize(
    "line",
    [
        b"[" * 2_000_000,
        b"a@" * 1_000_000,
        b"[root@" + b"x" * 2_000_000,
        b" " * 2_000_000 + b"{",
        b"A: " * 700_000,
        b'"A IN ' + b"x" * 2_000_000,
        b"nameserver " * 200_000,
        b"- " * 1_000_000,
        b"# " * 1_000_000,
        b"a." * 1_000_000 + b":53",
        b"1d " * 500_000,
    ],
    ids=lambda line: line[:8].decode(),
)
@pytest.mark.parametrize("around", [b"", made.LOG.encode()], ids=["alone", "in-a-log"])
def test_lines_of_megabytes_do_not_hang(line: bytes, around: bytes) -> None:
    start = time.process_time()
    load(["-"], stdin=io.BytesIO(around + line + b"\n" + around))
    assert time.process_time() - start < 5


def test_many_lines_of_every_kind_take_linear_time() -> None:
    start = time.process_time()
    load(["-"], stdin=io.BytesIO(SEEDS["paste"] * 1500), limits=Limits(max_parts=2000))
    assert time.process_time() - start < 20
