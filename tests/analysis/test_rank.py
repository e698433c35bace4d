"""Terms of rules: two numbers, correlated groups, bounds, words of strength."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tests.analysis.asking import ask
from tests.analysis.made import context, group, inputs, sign, stream
from triage.analysis.rank import GROUP_CAP, log_ratio, weigh_terms
from triage.analysis.statements import strength_of
from triage.model.rule import Level, Term

GRADED = Term("g", "m", levels=(Level(1, 0.4, 0.1), Level(5, 0.3, 0.3), Level(math.inf, 0.1, 0.4)))
YES_NO = Term("y", "m", p_if_cause=0.9, p_otherwise=0.3)


@pytest.mark.parametrize(
    ("term", "value", "expected"),
    [
        (YES_NO, None, 0),
        (YES_NO, 1.0, math.log(0.9 / 0.3)),
        (YES_NO, 0.0, math.log(0.1 / 0.7)),
        (GRADED, 1.0, math.log(4)),
        (GRADED, 3.0, 0),
        (GRADED, 1e9, math.log(0.25)),
        (GRADED, None, 0),
    ],
)
def test_log_ratio(term: Term, value: float | None, expected: float) -> None:
    assert log_ratio(term, value) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("ratio", "word"),
    [(1.0, "weak"), (3.1, "weak"), (3.2, "moderate"), (9.9, "moderate"), (10.1, "strong"), (0.05, "strong")],
)
def test_strength(ratio: float, word: str) -> None:
    assert strength_of(math.log(ratio)) == word


def weighed(*terms: Term) -> dict[str, float]:
    """Terms measured on a group of three names without a query log."""
    signs = [sign("a", f"{name}.example.org.") for name in ("x", "y", "z")]
    found = weigh_terms(terms, context(group(*signs), inputs(streams=[stream("a")])))
    return {w.term.id: w.log_ratio for w in found}


def term(name: str, p: float, q: float, **more: object) -> Term:
    return Term(name, "distinct_names", p_if_cause=p, p_otherwise=q, **more)  # type: ignore[arg-type]


def test_of_a_correlated_group_only_the_strongest_counts() -> None:
    found = weighed(term("weak", 0.6, 0.5, group="g"), term("strong", 0.2, 0.8, group="g"), term("alone", 0.6, 0.5))
    assert found == {"weak": 0.0, "strong": pytest.approx(math.log(0.25)), "alone": pytest.approx(math.log(1.2))}


def test_equal_terms_of_a_group_count_once() -> None:
    found = weighed(term("one", 0.8, 0.2, group="g"), term("two", 0.8, 0.2, group="g"))
    assert sorted(found.values()) == [0.0, pytest.approx(math.log(4))]


def test_no_term_counts_without_bound() -> None:
    assert weighed(term("sure", 0.999, 0.0001))["sure"] == pytest.approx(GROUP_CAP)
    assert weighed(term("never", 0.0001, 0.999))["never"] == pytest.approx(-GROUP_CAP)


def test_what_is_only_shown_or_not_tested_counts_nothing() -> None:
    untested = Term("rate", "rate_per_min", levels=(Level(math.inf, 0.9, 0.1),))
    assert weighed(term("shown", 0.9, 0.1, counted=False), untested) == {"shown": 0.0, "rate": 0.0}


def test_odd_answers_to_a_few_queries_come_after_the_outage_of_many(tmp_path: Path) -> None:
    asked = '{at} [INFO] 10.1.0.9:40000 - 7 "A IN {name} udp 40 false 512" {end}\n'
    lines = []
    for n in range(1200):
        at = f"2026-03-04T12:{n // 60:02}:{n % 60:02}Z"
        name, end = f"n{n % 97}.example{n % 7}.org.", "NOERROR qr,rd,ra 80 0.003s"
        if n % 5 == 0:
            end = "- - 0 2.001s"
        elif n % 50 == 1:
            name, end = "flips.example.org.", "NXDOMAIN qr,rd,ra 80 0.003s" if n % 100 == 1 else end
        lines.append(asked.format(at=at, name=name, end=end))
    (tmp_path / "coredns-a.log").write_text("".join(lines))
    leaders = {h.group: h.cause for h in reversed(ask(tmp_path).hypotheses)}
    assert leaders == {1: "upstream-unreachable", 2: "upstreams-inconsistent"}


def test_an_api_server_that_few_lines_miss_comes_after_an_outage(tmp_path: Path) -> None:
    """While every cluster name is answered its harm is small, however sure it is."""
    asked = '{at} [INFO] 10.1.0.9:40000 - 7 "A IN {name} udp 40 false 512" {end}\n'
    api = (
        "{at} [ERROR] plugin/kubernetes: pkg/mod/k8s.io/client-go@v0.29.3/tools/cache/reflector.go:229: Failed to "
        'watch *v1.Service: failed to list *v1.Service: Get "https://10.96.0.1:443/api/v1/services": dial tcp '
        "10.96.0.1:443: i/o timeout\n"
    )
    for replica in "ab":
        lines = []
        for n in range(3000):
            at = f"2026-03-04T12:{n // 60:02}:{n % 60:02}Z"
            name, end = f"api-{n % 30}.shop.svc.cluster.local.", "NOERROR qr,aa,rd 80 0.0001s"
            if n % 4 == 0:
                name, end = (
                    f"n{n % 97}.example{n % 7}.org.",
                    "- - 0 2.001s" if n % 16 == 0 else "NOERROR qr,rd,ra 80 0.003s",
                )
            lines.append(asked.format(at=at, name=name, end=end))
            if n % 600 == 300:
                lines.append(api.format(at=at))
        (tmp_path / f"coredns-{replica}.log").write_text("".join(lines))
    assert ask(tmp_path).hypotheses[0].cause == "upstream-unreachable"
