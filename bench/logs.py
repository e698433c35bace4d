"""Write made-up CoreDNS logs of any size, the same bytes for the same arguments: python bench/logs.py DIR --size 1G.

A few minutes are written line by line, then repeated with later clocks, so that gigabytes take seconds.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

MINUTES = 6
PER_MINUTE = 15_000
START = datetime(2026, 1, 1, tzinfo=UTC)
UPSTREAMS = ("10.196.17.210:53", "10.196.17.211:53")
WORDS = (
    "api",
    "auth",
    "cart",
    "config",
    "db",
    "feed",
    "kafka",
    "mail",
    "mongo",
    "order",
    "pay",
    "redis",
    "search",
    "web",
)
ENDS = ("amazonaws.com", "googleapis.com", "github.com", "docker.io", "example.com", "corp.example")
SUFFIX = {"K": 10**3, "M": 10**6, "G": 10**9}
ERRORS = (
    (70, "read udp {a}:{p}->{u}: i/o timeout"),
    (8, "read udp {a}:{p}->{u}: read: connection refused"),
    (4, "read udp {a}:{p}->{u}: read: no route to host"),
    (4, "dial tcp {u}: i/o timeout"),
    (3, "dial udp {u}: connect: network is unreachable"),
    (3, "EOF"),
    (2, "dns: overflow unpacking uint32"),
    (2, "no healthy proxies"),
)


def names(rng: random.Random, n: int) -> list[tuple[str, str]]:
    """Names and who answers them: `in` the cluster, `nx` nobody, `out` an upstream."""
    found = []
    for _ in range(n):
        word, draw = rng.choice(WORDS), rng.random()
        if draw < 0.5:
            found.append((f"{word}-{rng.randrange(40)}.{rng.choice(WORDS)}.svc.cluster.local.", "in"))
        elif draw < 0.75:
            found.append((f"{word}{rng.randrange(40)}.{rng.choice(ENDS)}.{rng.choice(WORDS)}.svc.cluster.local.", "nx"))
        else:
            found.append((f"{word}{rng.randrange(60)}.{rng.choice(ENDS)}.", "out"))
    return found


def block(kind: str, replica: int) -> Iterator[tuple[str, str]]:
    """Clock and text of the lines of the first minutes of one replica."""
    rng = random.Random(f"{kind} {replica}")
    asked = names(random.Random("names"), 5000)
    weights = [1 / (i + 5) ** 0.9 for i in range(len(asked))]
    clients = [f"10.244.{random.Random(i).randrange(60)}.{2 + i % 250}" for i in range(1800)]
    share = 1.0 if kind == "errors" else 0.018
    for minute in range(MINUTES):
        at = START + timedelta(minutes=minute)
        picked = rng.choices(asked, weights, k=PER_MINUTE)
        for i, (name, who) in enumerate(picked):
            stamp = f"{at:%Y-%m-%dT%H:%M}:{i * 60 // PER_MINUTE:02}.{i * 66_661 % 10**9:09}Z"
            port, client, qtype = rng.randrange(1024, 65536), rng.choice(clients), rng.choice(("A", "A", "AAAA"))
            if rng.random() < share:
                words = rng.choices([w for _, w in ERRORS], [n for n, _ in ERRORS])[0]
                words = words.format(a=f"10.244.{replica}.9", p=port, u=rng.choice(UPSTREAMS))
                yield stamp, f"[ERROR] plugin/errors: 2 {name} {qtype}: {words}"
                continue
            draw = rng.random()
            if who == "out":
                rcode = "NXDOMAIN" if draw < 0.03 else "SERVFAIL" if draw < 0.034 else "NOERROR"
                flags, took, size = "qr,rd,ra", 0.0004 + draw**6 * 0.08, 60 + int(draw * 300)
            else:
                rcode = "NXDOMAIN" if who == "nx" else "NOERROR"
                flags, took, size = "qr,aa,rd", 0.00004 + draw * draw * 0.0004, 2 * len(name) + 40
            yield (
                stamp,
                f'[INFO] {client}:{port} - {rng.randrange(65536)} "{qtype} IN {name} udp {len(name) + 16} false '
                f'{512 if draw < 0.7 else 1232}" {rcode} {flags} {size} {took:.9f}s',
            )


def framed(stamp: str, text: str, framing: str) -> str:
    if framing == "docker":
        body = json.dumps(text + "\n").replace(">", "\\u003e")
        return f'{{"log":{body},"stream":"stdout","time":"{stamp}"}}\n'
    return f"{stamp} stdout F {text}\n" if framing == "cri" else f"{stamp} {text}\n"


def write(folder: Path, *, kind: str, size: int, replicas: int, framing: str) -> None:
    """One file a replica, all of the same length but for a line."""
    folder.mkdir(parents=True, exist_ok=True)
    minute = [f"{START + timedelta(minutes=m):%Y-%m-%dT%H:%M}:".encode() for m in range(MINUTES)]
    for replica in range(replicas):
        first = "".join(framed(*line, framing) for line in block(kind, replica)).encode()
        left, shift = size // replicas, 0
        with (folder / f"coredns-7f8ff9c97-{replica:05}.log").open("wb") as out:
            while left > 0:
                piece = first
                for m in range(MINUTES):
                    later = START + timedelta(minutes=m + shift)
                    piece = piece.replace(minute[m], f"{later:%Y-%m-%dT%H:%M}:".encode())
                if len(piece) > left:
                    piece = piece[: piece.index(b"\n", left - 1) + 1]
                out.write(piece)
                left -= len(piece)
                shift += MINUTES


def bytes_of(text: str) -> int:
    return int(float(text[:-1]) * SUFFIX[text[-1]]) if text[-1] in SUFFIX else int(text)


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path)
    options.add_argument("--kind", choices=("queries", "errors"), default="queries")
    options.add_argument("--size", type=bytes_of, default=bytes_of("1G"), help="of all files together: 200M, 4G")
    options.add_argument("--replicas", type=int, default=8)
    options.add_argument("--framing", choices=("timestamps", "cri", "docker"), default="timestamps")
    given = vars(options.parse_args())
    write(given.pop("folder"), **given)
