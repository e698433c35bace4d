"""`triage.localize` on tables of any names."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

import triage


def table(**columns: list) -> pd.DataFrame:
    return pd.DataFrame(columns)


SUBNET = table(subnet=["a", "a", "b", "b"], node=["n1", "n2", "n3", "n4"], k=[31, 28, 0, 1], n=[400, 380, 410, 395])
NODE = table(subnet=["a", "a", "b", "b"], node=["n1", "n2", "n3", "n4"], k=[31, 0, 0, 1], n=[400, 380, 410, 395])
ALL = table(subnet=["a", "a", "b", "b"], node=["n1", "n2", "n3", "n4"], k=[31, 28, 35, 30], n=[400, 380, 410, 395])
QUIET = table(subnet=["a", "a", "b", "b"], node=["n1", "n2", "n3", "n4"], k=[0, 1, 0, 1], n=[400, 380, 410, 395])
TRUTH = {"subnet": (SUBNET, "subnet", "a"), "node": (NODE, "node", "n1"), "all": (ALL, "cluster", None)}


def first(found: pd.DataFrame) -> tuple[str, object]:
    return found.kind[0], found.member[0]


@pytest.mark.parametrize("name", [*TRUTH, "quiet"])
def test_answer_keeps_its_contract(name: str) -> None:
    frame = TRUTH[name][0] if name in TRUTH else QUIET
    found = triage.localize(frame)
    triage.check_frame(found, triage.SCOPE_COLUMNS)
    assert found.probability.sum() == pytest.approx(1, abs=1e-9)
    assert found.probability.is_monotonic_decreasing
    assert {"cluster", "none"} <= {*found.kind, *(kind for also in found.also for kind, _ in also)}
    assert found.n_rows.tolist() == [len(rows) for rows in found.rows]


@pytest.mark.parametrize("name", TRUTH)
def test_the_place_is_found(name: str) -> None:
    frame, kind, member = TRUTH[name]
    assert first(triage.localize(frame)) == (kind, member)


def test_noise_is_no_fault() -> None:
    assert first(triage.localize(QUIET)) == ("none", None)
    busy = ALL.assign(k=[4, 3, 5, 4])
    assert first(triage.localize(busy, noise=0.01)) == ("none", None)


@pytest.mark.parametrize("name", TRUTH)
def test_without_queries(name: str) -> None:
    frame, kind, member = TRUTH[name]
    found = triage.localize(frame, queries=None)
    assert first(found) == (kind, member)
    assert found.queries.isna().all()
    assert found.equals(triage.localize(frame.drop(columns="n")))


@pytest.mark.parametrize("name", TRUTH)
def test_names_of_columns_and_order_of_rows_do_not_matter(name: str) -> None:
    frame, _, member = TRUTH[name]
    found = triage.localize(frame)
    other = frame.rename(columns={"subnet": "az", "node": "host name", "k": "bad", "n": "all"})[::-1]
    renamed = triage.localize(other, failures="bad", queries="all", by=["az", "host name"])
    assert renamed.member[0] == member
    assert sorted(renamed.rows[0]) == sorted(found.rows[0])
    assert renamed.probability.max() == pytest.approx(found.probability.max(), abs=1e-9)


def test_values_come_back_as_they_were() -> None:
    frame = SUBNET.assign(subnet=[1, 1, 2, 2]).set_index(pd.Index(["w", "x", "y", "z"]))
    found = triage.localize(frame)
    assert first(found) == ("subnet", 1)
    assert found.rows[0] == ("w", "x")
    assert triage.localize(frame.astype({"subnet": "category"})).rows[0] == ("w", "x")


def test_what_cannot_be_told_apart_is_one_row() -> None:
    found = triage.localize(table(subnet=["a", "b"], node=["n1", "n2"], k=[9, 0], n=[100, 100]))
    assert {(found.kind[0], found.member[0]), *found.also[0]} == {("subnet", "a"), ("node", "n1")}
    assert found.probability[0] > 0.8


def test_rows_that_share_nothing_are_some() -> None:
    frame = table(rack=["a", "b", "a", "b", "c", "c"], k=[40, 41, 0, 0, 0, 39], n=[400] * 6)
    found = triage.localize(frame, by="rack")
    assert first(found) == ("some", None)
    assert found.rows[0] == (0, 1, 5)


def test_silence_of_who_was_not_asked_says_nothing() -> None:
    asked = triage.localize(SUBNET)
    for k, n in ((0, 0), (np.nan, np.nan)):
        more = pd.concat([SUBNET, table(subnet=["a"], node=["n5"], k=[k], n=[n])], ignore_index=True)
        found = triage.localize(more)
        assert first(found) == first(asked)
        assert found.probability[0] == pytest.approx(asked.probability[0], abs=0.05)


def test_unknown_places_are_no_value() -> None:
    frame = SUBNET.assign(subnet=["a", None, "b", "b"])
    found = triage.localize(frame)
    assert (None, None) not in {(m, m) for m in found.member[found.kind == "subnet"]}
    assert first(found)[1] != "b"


def test_a_thousand_cells_in_time() -> None:
    random = np.random.default_rng(7)
    cells = pd.DataFrame({"az": np.arange(1200) % 4, "subnet": np.arange(1200) % 40, "node": np.arange(1200) % 600})
    cells["n"] = random.integers(50, 150, 1200)
    cells["k"] = random.binomial(cells.n, np.where((cells.subnet == 7) | (cells.node == 100), 0.5, 0.001))
    began = time.process_time()
    found = triage.localize(cells, by=["az", "subnet", "node"])
    assert time.process_time() - began < 5
    assert found.probability.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("change", "options", "says"),
    [
        ({}, {"failures": "bad"}, "no column 'bad'"),
        ({}, {"queries": "asked"}, "no column 'asked'"),
        ({}, {"by": ["rack"]}, "no column 'rack'"),
        ({}, {"by": []}, "by names 0"),
        ({}, {"by": ["node", "node"]}, "by names 2"),
        ({"k": [-1, 0, 0, 0]}, {}, "no count"),
        ({"k": ["x", 0, 0, 0]}, {}, "no count"),
        ({"k": [np.inf, 0, 0, 0]}, {}, "no count"),
        ({"k": [401, 0, 0, 0]}, {}, "401 of 400"),
        ({}, {"prior": 1.0}, "probabilities"),
        ({}, {"noise": 0.0}, "probabilities"),
    ],
)
def test_what_is_wrong_is_said(change: dict, options: dict, says: str) -> None:
    with pytest.raises(triage.TriageError, match=says) as caught:
        triage.localize(SUBNET.assign(**change), **options)
    assert caught.value.hint


def test_no_row_is_said() -> None:
    with pytest.raises(triage.TriageError, match="no row"):
        triage.localize(SUBNET[:0])
