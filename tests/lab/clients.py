"""Real queries of real clients, asked from the clients' namespace: one process, one thread a query."""

from __future__ import annotations

import itertools
import socket
import time
import urllib.request
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import dns.exception
import dns.message
import dns.query
import dns.rcode

from tests.lab.fabric import CLIENTS

_WORDS = ("shop", "mail", "api", "cdn", "login", "static", "www", "pay", "files", "news", "img", "auth")
_DOMAINS = ("example.org", "example.com", "example.net", "test.example")


@dataclass(frozen=True, slots=True)
class Ask:
    """One question to one replica."""

    to: str
    name: str
    qtype: str = "A"
    after_s: float = 0.0
    edns: int | None = None
    """Buffer size, or None for a client without EDNS."""


@dataclass(frozen=True, slots=True)
class Got:
    """What came back."""

    ask: Ask
    rcode: str
    """By name; `timeout` or `refused` when nothing came."""
    seconds: float


def names(n: int, label: str) -> list[tuple[str, str]]:
    """`n` questions without repeats, A and AAAA by turns, over several domains.

    >>> names(3, "b")
    [('shop-b0.example.org.', 'A'), ('shop-b0.example.org.', 'AAAA'), ('mail-b1.example.com.', 'A')]
    """
    pairs = itertools.islice(zip(itertools.cycle(_WORDS), itertools.cycle(_DOMAINS), itertools.count()), n)
    return [(f"{w}-{label}{i}.{d}.", t) for w, d, i in pairs for t in ("A", "AAAA")][:n]


def ask_all(asks: Sequence[Ask], *, timeout_s: float = 9.0) -> list[Got]:
    """Put all questions at their times and wait for every answer."""
    start = time.monotonic()
    with ThreadPoolExecutor(max(1, len(asks))) as pool:
        return list(
            pool.map(lambda pair: _ask(pair[1], CLIENTS[pair[0] % len(CLIENTS)], start, timeout_s), enumerate(asks))
        )


def _ask(ask: Ask, source: str, start: float, timeout_s: float) -> Got:
    time.sleep(max(0.0, start + ask.after_s - time.monotonic()))
    query = dns.message.make_query(ask.name, ask.qtype, use_edns=ask.edns is not None, payload=ask.edns or 512)
    began = time.monotonic()
    try:
        reply, _ = dns.query.udp_with_fallback(query, ask.to, timeout=timeout_s, source=source, ignore_errors=True)
        rcode = dns.rcode.to_text(reply.rcode())
    except dns.exception.Timeout:
        rcode = "timeout"
    except (OSError, EOFError) as error:
        rcode = "refused" if isinstance(error, ConnectionRefusedError) else type(error).__name__
    return Got(ask, rcode, time.monotonic() - began)


def flood(to: str, n: int) -> None:
    """`n` different questions as fast as they can be sent; nobody waits for the answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((CLIENTS[0], 0))
        for i in range(n):
            sock.sendto(dns.message.make_query(f"n{i}.flood.example.org.", "A").to_wire(), (to, 53))
            if i % 50 == 49:
                time.sleep(0.002)


def scrape(address: str) -> str | None:
    """The text of a replica's `/metrics`; None when it does not answer."""
    try:
        with urllib.request.urlopen(f"http://{address}:9153/metrics", timeout=1.5) as answer:
            text: str = answer.read().decode()
            return text
    except OSError:
        return None


def asks_for(addresses: Iterable[str], n: int, label: str, *, spread_s: float = 0.0) -> list[Ask]:
    """`n` questions to each address, spread evenly over `spread_s`."""
    questions = names(n, label)
    return [
        Ask(to, name, qtype, after_s=spread_s * i / max(1, n - 1))
        for to in addresses
        for i, (name, qtype) in enumerate(questions)
    ]
