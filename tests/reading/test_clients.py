"""Queries by networks of clients, as counted from lines of a query log."""

from __future__ import annotations

from collections.abc import Callable

from triage.model.bundle import Kind, document_of_text
from triage.model.observation import ClientCount
from triage.parsing.query_log import parse_query
from triage.reading import Limits, read

_MINUTE = 28_508_220
"""2024-03-15T09:00Z, in minutes since the epoch."""


def _line(minute: int, client: str, answer: str) -> str:
    return (
        f'2024-03-15T09:{minute:02}:07Z [INFO] {client}:4242 - 7 "A IN a.example. udp 41 false 512" {answer} 0.002s\n'
    )


def _clients(text: str, recogniser: Callable[..., object], **limits: int) -> tuple[ClientCount, ...]:
    document = document_of_text("coredns-a.log", Kind.LOG, text)
    return read([document], recognise=recogniser, parse_query=parse_query, limits=Limits(**limits)).clients  # type: ignore[arg-type]


def test_queries_are_counted_by_minute_and_network(recogniser: Callable[..., object]) -> None:
    text = (
        _line(0, "10.244.3.7", "NOERROR qr,rd,ra 94")
        + _line(0, "10.244.3.200", "SERVFAIL qr,rd 33")
        + _line(1, "10.244.3.7", "NOERROR qr,rd,ra 94")
        + _line(1, "10.244.9.7", "- - 0")
        + _line(1, "[fd00:1::7]", "NOERROR qr,rd,ra 94")
        + _line(1, "[fd00:1::8]", "NXDOMAIN qr,rd,ra 94")
    )
    assert _clients(text, recogniser) == (
        ClientCount(None, _MINUTE, "10.244.3.0/24", 2, 1),
        ClientCount(None, _MINUTE + 1, "10.244.3.0/24", 1, 0),
        ClientCount(None, _MINUTE + 1, "10.244.9.0/24", 1, 1),
        ClientCount(None, _MINUTE + 1, "fd00:1::/64", 2, 0),
    )


def test_minutes_widen_before_networks_are_left_out(recogniser: Callable[..., object]) -> None:
    text = "".join(_line(m, f"10.244.{n}.7", "NOERROR qr,rd,ra 94") for m in range(60) for n in range(4))
    rows = _clients(text, recogniser, clients=20)
    assert sum(row.queries for row in rows) == 240
    assert {row.network for row in rows} == {f"10.244.{n}.0/24" for n in range(4)}
    assert len(rows) <= 20
    assert {row.minutes for row in rows} == {16}
