"""The judge itself: it must see every kind of wrong answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.lab.evidence import frame, table
from tests.lab.fabric import PODS, U1, place_of
from tests.lab.faults import case_of
from tests.lab.faults.form import QUIET, causes
from tests.lab.judge import wrong_lines
from tests.lab.replicas import Line
from tests.lab.verdict import Verdict, mistakes

_SUBNET = place_of("subnet").pods
_WANTED = Verdict(
    causes("upstream-unreachable-scoped"), 0.6, 0.99, (f"{U1}:53",), "place", never=causes("forward-loop")
)


def _said(cause: str, p: float, *places: tuple[str, str | None], upstream: str | None = f"{U1}:53") -> dict[str, Any]:
    named = [{"kind": kind, "member": member} for kind, member in places]
    scope = {**named[0], "indistinguishable": named[1:]} if named else None
    return {"cause": cause, "probability": p, "upstream": upstream, "scope": scope}


_RIGHT = _said("upstream-unreachable-scoped", 0.9, ("subnet", "master"), ("role", "control-plane"))


@pytest.mark.parametrize(
    ("hypotheses", "verdict", "word"),
    [
        ([_RIGHT], _WANTED, None),
        ([], QUIET, None),
        ([_said("benign", 0.8)], QUIET, None),
        ([_said("unknown", 0.5), _said("upstream-refused", 0.4)], QUIET, None),
        ([], _WANTED, "quiet"),
        ([_RIGHT], QUIET, "claims"),
        ([_said("upstream-refused", 0.9)], _WANTED, "first is"),
        ([{**_RIGHT, "probability": 0.5}], _WANTED, "hold only"),
        ([{**_RIGHT, "probability": 1.0}], _WANTED, "is more than"),
        ([{**_RIGHT, "upstream": "10.9.9.9:53"}], _WANTED, "upstream is"),
        ([_RIGHT], replace(_WANTED, upstream=(), innocent=(f"{U1}:53",)), "which is well"),
        ([_said("upstream-unreachable-scoped", 0.9)], _WANTED, "no scope"),
        ([_said("upstream-unreachable-scoped", 0.9, ("node", "k8s-lab-m1"))], _WANTED, "names node"),
        ([_said("upstream-unreachable-scoped", 0.9, ("subnet", "master"), ("az", "eu-a"))], _WANTED, "names az"),
        ([_RIGHT, _said("forward-loop", 0.3)], _WANTED, "claims forward-loop"),
        ([_RIGHT, _said("resources", 0.6)], _WANTED, "claims resources"),
    ],
)
def test_mistakes_are_seen(hypotheses: list[dict[str, Any]], verdict: Verdict, word: str | None) -> None:
    found = mistakes({"hypotheses": hypotheses}, verdict, _SUBNET, PODS)
    assert (found == []) if word is None else any(word in complaint for complaint in found), found


def test_a_second_fault_must_be_there() -> None:
    verdict = Verdict(causes("upstream-unreachable-scoped"), also=causes("upstream-refused"))
    assert mistakes({"hypotheses": [_RIGHT, _said("upstream-refused", 0.9)]}, verdict, _SUBNET, PODS) == []
    assert mistakes({"hypotheses": [_said("upstream-refused", 0.9), _RIGHT]}, verdict, _SUBNET, PODS) == []
    assert mistakes({"hypotheses": [_RIGHT]}, verdict, _SUBNET, PODS) != []


def test_lines_are_wanted_inside_the_place_and_nowhere_else() -> None:
    case = case_of("drop@replica-1.15.0")
    texts = {
        pod.name: [
            f"[ERROR] plugin/errors: 2 a.example.org. A: read udp {pod.address}:5->10.196.17.210:53: i/o timeout",
            '[INFO] 10.244.9.5:5 - 7 "A IN a.example.org. udp 37 false 512" SERVFAIL qr,rd 35 4.001s',
        ]
        for pod in PODS
    }
    addresses = {pod.name: pod.address for pod in PODS}
    nothing: dict[str, list[str]] = {name: [] for name in texts}
    hit = place_of("replica").pods[0].name
    record = {"hit": [hit], "addresses": addresses, "lines": {**nothing, hit: texts[hit]}}
    assert wrong_lines(case, record) == []
    assert wrong_lines(case, {**record, "lines": texts}) != []
    assert wrong_lines(case, {**record, "lines": nothing}) != []


def test_framings_hold_the_same_line() -> None:
    line = Line(1_700_000_000_000_000_001, "stderr", "text")
    assert frame(line, "plain") == "text"
    assert frame(line, "timestamps") == "2023-11-14T22:13:20.000000001Z text"
    assert frame(line, "cri") == "2023-11-14T22:13:20.000000001Z stderr F text"


def test_columns_are_those_of_kubectl() -> None:
    assert table([["NAME", "NODE"], ["coredns-x", "<none>"]]) == "NAME        NODE\ncoredns-x   <none>\n"
