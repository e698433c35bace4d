"""Throughput of the redaction on a made query log, in MB/s of processor time: python bench/redact.py [MB]."""

from __future__ import annotations

import random
import sys
import time

from msgspec.structs import replace

from triage.model.bundle import Bundle, Kind, document_of_text
from triage.redact import Pseudonyms, redact_bundle

HOSTS = ("db", "web", "api", "cache", "mail", "auth")
ZONES = (
    "prod.svc.cluster.local.",
    "stage.svc.cluster.local.",
    "corp.example.",
    "shop.example.org.",
    "eu.corp.example.",
)


def log(megabytes: float, dice: random.Random) -> str:
    """Lines as CoreDNS writes them: nine queries, one failure."""
    lines, size = [], 0
    number = dice.randrange
    while size < megabytes * 1e6:
        at = f"2026-03-01T10:{number(60):02}:{number(60):02}.{number(10**9):09}Z"
        client = f"10.244.{number(8)}.{number(250)}:{number(1024, 65536)}"
        name = f"{dice.choice(HOSTS)}.{dice.choice(ZONES)}"
        if dice.random() < 0.1:
            text = f"[ERROR] plugin/errors: 2 {name} A: read udp {client}->10.0.0.2:53: i/o timeout"
        else:
            asked = f'"A IN {name} udp {number(40, 90)} false 512"'
            answered = f"NOERROR qr,aa,rd {number(60, 400)} 0.{number(10**6, 10**8):09}s"
            text = f"[INFO] {client} - {number(65536)} {asked} {answered}"
        lines.append(f"{at} {text}\n")
        size += len(lines[-1])
    return "".join(lines)


def main() -> None:
    """Print a line a mode."""
    megabytes = float(sys.argv[1]) if len(sys.argv) > 1 else 64.0
    text = log(megabytes, random.Random(1))
    document = replace(document_of_text("coredns-a.log", Kind.LOG, text), replica="coredns-7f8ff9c97-6tlln")
    for mode in ("names", "full"):
        best = 0.0
        for _ in range(3):
            bundle = redact_bundle(Bundle((document,)), mode, Pseudonyms(b"key"))
            began = time.process_time()
            with bundle.documents[0].open() as stream:
                while stream.read(1 << 20):
                    pass
            best = max(best, len(text) / 1e6 / (time.process_time() - began))
        print(f"{mode:6} {best:6.1f} MB/s of {len(text) / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
