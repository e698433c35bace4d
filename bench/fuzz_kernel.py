"""Feed damaged logs to the kernel, best to one built with sanitizers: python bench/fuzz_kernel.py SECONDS [SEED].

    gcc -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fPIC -shared $(python3-config --includes) \
        triage/reading/_kernel.c -o triage/reading/_kernel.abi3.so
    LD_PRELOAD="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libubsan.so)" ASAN_OPTIONS=detect_leaks=0 \
        python bench/fuzz_kernel.py 60

Each result also goes through bytes and back, and is added to another one.
"""

from __future__ import annotations

import contextlib
import os
import random
import sys
import tempfile
import time
from pathlib import Path

from triage.parsing.query_log import parse_query
from triage.reading.limits import Limits
from triage.reading.native import Counted, NotNative, Order, Read, Result, answers_to, kernel, scanner_of
from triage.reading.scan import NOT_DNS

NAMES = [b"a.example.", b"B.Example.", b"x" * 300 + b".", b"c.svc.cluster.local.", b"q\\.x."]
FRAMES = [
    b"",
    b"2024-03-15T10:%02d:00.123456789Z ",
    b"2024-03-15T10:%02d:01Z stdout F ",
    b"[pod/a-1/coredns] 2024-03-15T10:%02d:02.5Z ",
]
WORDS = [b"read udp 10.0.0.7:4242->10.9.9.9:53: i/o timeout", b"EOF", b"dial tcp [fd00::1]:53: refused", b"x" * 900]


def line(rng: random.Random) -> bytes:
    frame = rng.choice(FRAMES)
    frame = frame % rng.randrange(60) if b"%" in frame else frame
    name = rng.choice(NAMES)
    draw = rng.random()
    if draw < 0.1:
        return frame + bytes(rng.randrange(256) for _ in range(rng.randrange(200)))
    if draw < 0.35:
        return frame + b"[ERROR] plugin/errors: 2 %b A: %b" % (name, rng.choice(WORDS))
    client = rng.choice(["10.1.0.7", f"10.1.{rng.randrange(99)}.9", "[fd00::7]", "1", "1.2.3.4.5.6.7.8.99"])
    text = (
        f"[INFO] {client}:{rng.randrange(99999)} - {rng.randrange(9999)} "
        f'"{rng.choice(["A", "AAAA", "TYPE65"])} IN {name.decode()} udp 41 false 512" '
        f"{rng.choice(['NOERROR qr,rd,ra 94', '- - 0', 'SERVFAIL qr,rd 33'])} {rng.random() * 3:.9f}s"
    ).encode()
    if rng.random() < 0.2:
        escaped = text.replace(b'"', b'\\"')
        return b'{"log":"' + escaped + b'\\n","stream":"stdout","time":"2024-03-15T10:00:00.5Z"}'
    return frame + text


def damaged(raw: bytes, rng: random.Random) -> bytes:
    broken = bytearray(raw)
    for _ in range(rng.choice([0, 1, 5, 50])):
        at = rng.randrange(len(broken) + 1)
        how = rng.randrange(4)
        if how == 0 and at < len(broken):
            broken[at] = rng.randrange(256)
        elif how == 1:
            del broken[at : at + rng.randrange(60)]
        elif how == 2:
            broken[at:at] = bytes(rng.randrange(256) for _ in range(rng.randrange(40)))
        else:
            broken[at:at] = broken[: rng.randrange(2000)]
    return bytes(broken)


def once(rng: random.Random, path: Path) -> None:
    limits = Limits(names=rng.choice([3, 30, 9999]), counts=rng.choice([3, 50, 9999]), messages=rng.choice([2, 9999]),
                    faults=rng.choice([2, 9999]), failures=5, event_bytes=rng.choice([2000, 1 << 20]))  # fmt: skip
    order = Order("r", 2024, (b"cluster.local.", b"example."), -(1 << 63), (1 << 63) - 1, limits, parse_query, NOT_DNS)
    raw = damaged(
        b"".join(line(rng) + rng.choice([b"\n", b"\r\n", b"\n\n"]) for _ in range(rng.randrange(1, 400))), rng
    )
    results = []
    module = kernel()
    assert module is not None
    module.use_width(rng.choice([128, 256, 512]))
    if rng.random() < 0.5:
        path.write_bytes(raw)
        step = rng.choice([1 + len(raw) // 3, 7000, len(raw) + 1])
        fd = os.open(path, os.O_RDONLY)
        for at in range(0, len(raw), step):
            answers = answers_to(order)
            scanner = scanner_of(answers)
            scanner.scan(fd, at, min(at + step, len(raw)))
            results.append(Result(scanner, answers, Read()))
        os.close(fd)
    else:
        answers = answers_to(order)
        scanner = scanner_of(answers)
        while raw:
            n = rng.randrange(1, 5000)
            scanner.feed(raw[:n], False)
            raw = raw[n:]
        scanner.feed(b"", True)
        results.append(Result(scanner, answers, Read()))
    received = []
    for result in results:
        rebuild, parts = result.__reduce__()
        received.append(rebuild(*parts))
    counted = Counted(order, iter(received), first_line=1, n_bytes=0)
    try:
        list(counted.events())
    except NotNative:
        return
    s = counted.scanner
    s.settle(*(rng.randrange(8) for _ in range(8)))
    for rows in (
        s.names,
        s.counts,
        s.groups,
        s.messages,
        s.kept,
        s.asked,
        s.lasts,
        s.clients,
        s.runs,
        s.frames,
        s.dump,
    ):
        rows()
    with contextlib.suppress(ValueError):
        scanner_of(answers_to(order)).load(damaged(s.dump()[:200], rng)[:150])


if __name__ == "__main__":
    assert kernel() is not None
    seconds, seed = float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    end, n = time.monotonic() + seconds, 0
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < end:
            once(random.Random(seed + n), Path(folder, "a.log"))
            n += 1
    print(f"{n} logs, seeds {seed} to {seed + n - 1}, nothing found")
