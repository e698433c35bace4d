"""What query logs say of faults that are short, or that answers come in spite of."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.analysis.asking import ask
from tests.reading.framings import rfc3339

S = 10**9
START_NS = 1_767_225_600 * S
DOMAINS = ("amazonaws.com", "azure.net", "cdn.net", "corp.example", "docker.io", "github.com", "partner.org")
N = 9_000
STEP_NS = S // 5
UPSTREAM = "10.196.17.210:53"


def query(at: str, name: str, outcome: str, seconds: float) -> str:
    return f'{at} [INFO] 10.244.1.9:4242 - 7 "A IN {name} udp 40 false 512" {outcome} 60 {seconds:.9f}s\n'


def timeout(at: str, name: str) -> str:
    return f"{at} [ERROR] plugin/errors: 2 {name} A: read udp 10.244.1.4:4242->{UPSTREAM}: i/o timeout\n" + query(
        at, name, "SERVFAIL qr,rd", 4.0012
    )


def late(at: str, name: str) -> str:
    return query(at, name, "NOERROR qr,rd,ra", 2.0012)


def log(
    path: Path, odd: Callable[[int], bool], write: Callable[[str, str], str], domains: Sequence[str] = DOMAINS
) -> Path:
    """Half an hour of one replica: five queries a second for names of many domains."""
    rng = random.Random(1)
    with path.open("w") as out:
        for i in range(N):
            at = rfc3339(START_NS + i * STEP_NS)
            name = f"n{rng.randrange(300)}.{rng.choice(domains)}."
            out.write(write(at, name) if odd(i) else query(at, name, "NOERROR qr,rd,ra", 0.003))
    return path


@pytest.mark.parametrize("begin", [0, N // 2, N - 300])
@pytest.mark.parametrize("one_in", [1, 2, 5])
def test_a_minute_in_which_many_queries_fail_is_no_noise(tmp_path: Path, begin: int, one_in: int) -> None:
    report = ask(log(tmp_path / "coredns-a.log", lambda i: begin <= i < begin + 300 and i % one_in == 0, timeout))
    first = report.hypotheses[0]
    assert (first.cause, first.upstream) == ("upstream-unreachable", UPSTREAM)
    assert first.probability > 0.8


def test_a_domain_that_is_all_of_the_traffic_is_not_dead_while_most_of_it_is_answered(tmp_path: Path) -> None:
    odd = {"odd": lambda i: i >= N - 300 and i % 5 == 0, "write": timeout, "domains": ("amazonaws.com",)}
    first = ask(log(tmp_path / "coredns-a.log", **odd)).hypotheses[0]
    assert (first.cause, first.zone) == ("upstream-unreachable", None)
    assert first.probability > 0.8


@pytest.mark.parametrize("begin", [0, N // 2, N - 10])
def test_a_few_that_fail_together_may_be_noise(tmp_path: Path, begin: int) -> None:
    report = ask(log(tmp_path / "coredns-a.log", lambda i: begin <= i < begin + 10 and i % 4 == 0, timeout))
    assert sum(h.probability for h in report.hypotheses if h.cause == "benign") > 0.3


@pytest.mark.parametrize("one_in", [2_000, 500])
def test_an_upstream_that_answers_nearly_all_in_time_is_not_said_to_be_silent(tmp_path: Path, one_in: int) -> None:
    report = ask(log(tmp_path / "coredns-a.log", lambda i: i % one_in == 0, late))
    assert max(h.probability for h in report.hypotheses if h.cause not in {"benign", "unknown"}) < 0.6


def test_an_upstream_whose_every_answer_is_late_has_a_fault(tmp_path: Path) -> None:
    report = ask(log(tmp_path / "coredns-a.log", lambda _: True, late))
    assert report.hypotheses[0].cause not in {"benign", "unknown"}
