"""Candidate scopes, their prior, and the classes that the evidence cannot tell apart."""

from __future__ import annotations

import math

import numpy as np
import pytest

from triage.analysis.classes import ScopeClass, classes_of
from triage.analysis.localize import ScopeLikelihood, log_priors, posterior
from triage.analysis.scopes import SOME, Candidate, Unit, candidates, ways

UNITS = [
    Unit("a", {"subnet": "s1", "node": "n1", "replica": "a"}, k=9),
    Unit("b", {"subnet": "s1", "node": "n2", "replica": "b"}, k=0),
    Unit("c", {"subnet": "s2", "node": "n3", "replica": "c"}, k=0),
]
WEIGHTS = {"cluster": 0.4, "subnet": 0.3, "node": 0.2, "replica": 0.1}


def inside(units: list[Unit]) -> dict[tuple[str, str | None], list[float]]:
    return {c.key: list(c.inside) for c in candidates(units)}


def unit(name: str, k: float = 0, **attrs: str) -> Unit:
    return Unit(name, attrs, k=k)


@pytest.mark.parametrize(
    ("units", "expected"),
    [
        ([unit("a", 1)], {("cluster", None): [1]}),
        (
            [unit("a", 1, node="n1"), unit("b", 0, node="n2")],
            {("cluster", None): [1, 1], ("node", "n1"): [1, 0]},
        ),
        (
            [unit("a", 1, subnet="s"), unit("b", 0, subnet="s"), unit("c", 0)],
            {("cluster", None): [1, 1, 1], ("subnet", "s"): [1, 1, 0.5]},
        ),
        (
            [unit("a", 1, node="n1"), unit("b", 0)],
            {("cluster", None): [1, 1], ("node", "n1"): [1, 0]},
        ),
        (
            [unit("a", 1, az="x"), unit("b", 1, az="y"), unit("c", 0, az="z")],
            {("cluster", None): [1, 1, 1], ("az", "x"): [1, 0, 0], ("az", "y"): [0, 1, 0], (SOME, None): [1, 1, 0]},
        ),
    ],
)
def test_candidates_hold_a_failure(units, expected) -> None:
    assert inside(units) == expected


def test_a_check_that_failed_makes_its_place_a_candidate() -> None:
    checked = Unit("check:n9", {"node": "n9"}, k=0, checked=True, replica=False)
    assert ("node", "n9") in inside([*UNITS, checked])


@pytest.mark.parametrize(
    ("kind", "n", "failing", "expected"),
    [("node", 4, 1, 0), (SOME, 4, 2, math.log(6)), (SOME, 10, 3, math.log(120)), ("cluster", 4, 4, 0)],
)
def test_a_nameless_set_shares_its_prior_with_all_of_its_size(kind, n, failing, expected) -> None:
    held = np.array([1.0] * failing + [0.0] * (n - failing))
    assert ways(Candidate(kind, None, held)) == pytest.approx(expected)


def likelihoods(**logs: float) -> list[ScopeLikelihood]:
    """`subnet_s1=-2.0` …; which units are inside follows from the name."""
    held = {c.key: c for c in candidates(UNITS)}
    found = []
    for name, log in logs.items():
        kind, _, member = name.partition("_")
        found.append(ScopeLikelihood(held[kind, member or None], log))
    return found


def test_priors_add_up_and_keep_the_odds_of_the_rule() -> None:
    priors = np.exp(log_priors(likelihoods(cluster=0, subnet_s1=0, node_n1=0), WEIGHTS))
    assert priors.sum() == pytest.approx(1)
    assert priors[0] / priors[1] == pytest.approx(0.4 / 0.3)
    assert priors[1] / priors[2] == pytest.approx(0.3 / 0.2)


def test_members_of_a_kind_share_its_prior() -> None:
    units = [Unit("a", {"node": "n1"}, k=5), Unit("b", {"node": "n2"}, k=5), Unit("c", {"node": "n3"}, k=0)]
    scopes = [ScopeLikelihood(c, 0.0) for c in candidates(units) if c.kind != SOME]
    priors = np.exp(log_priors(scopes, {"cluster": 0.5, "node": 0.5}))
    assert priors == pytest.approx([0.5, 0.25, 0.25])


def test_a_kind_that_the_rule_does_not_name_is_unlikely() -> None:
    priors = np.exp(log_priors(likelihoods(cluster=0, node_n1=0), {"cluster": 1.0}))
    assert priors[1] < 0.01


def classes(**logs: float) -> tuple[ScopeClass, ...]:
    scopes = likelihoods(**logs)
    return classes_of(scopes, posterior(scopes, WEIGHTS), UNITS)


def names(found: ScopeClass) -> set[tuple[str, str | None]]:
    return {(found.scope.kind, found.scope.member), *((m.kind, m.member) for m in found.scope.indistinguishable)}


@pytest.mark.parametrize(
    ("logs", "expected"),
    [
        ({"cluster": 0, "node_n1": 0}, [{("cluster", None), ("node", "n1")}]),
        ({"cluster": -9, "subnet_s1": 0, "node_n1": 0}, [{("subnet", "s1"), ("node", "n1")}]),
        ({"cluster": -1, "subnet_s1": 0, "node_n1": 0.2}, [{("subnet", "s1"), ("node", "n1")}, {("cluster", None)}]),
        ({"cluster": 0, "node_n1": -30}, [{("cluster", None)}]),
        ({"subnet_s1": 0, "node_n1": -2}, [{("subnet", "s1")}, {("node", "n1")}]),
    ],
)
def test_scopes_of_one_likelihood_are_one_class(logs, expected) -> None:
    assert [names(c) for c in classes(**logs)] == expected


@pytest.mark.parametrize("logs", [{"cluster": 0, "subnet_s1": 1, "node_n1": 2}, {"cluster": -40, "node_n1": 0}])
def test_shares_of_classes_add_up(logs) -> None:
    assert sum(c.share for c in classes(**logs)) == pytest.approx(1)


def test_a_class_with_the_cluster_is_not_narrow_and_is_led_by_it() -> None:
    (whole,) = classes(cluster=0, subnet_s1=0, node_n1=0)
    assert not whole.narrow
    assert whole.scope.kind == "cluster"
    narrow = classes(cluster=-20, subnet_s1=0, node_n1=0)[0]
    assert narrow.narrow
    assert narrow.scope.kind == "subnet"
    assert set(narrow.scope.replicas) == {"a", "b"}
