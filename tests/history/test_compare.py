"""What counts as new, changed, the same and gone; what comes and goes."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from triage.history import compare, findings_of, flaps
from triage.model.past import Finding
from triage.model.report import Coverage, Hypothesis, Member, Report, Scope, Window
from triage.model.text import Text

NODE, SUBNET, AZ = Member("node", "m01"), Member("subnet", "master"), Member("az", "b")
OLD_POD, NEW_POD = Member("replica", "coredns-7f8ff9c97-6tlln"), Member("replica", "coredns-6d4b75cb6d-gk7p2")
OTHER_POD = Member("replica", "node-local-dns-x7k2p")


def finding(*places: Member, **more) -> Finding:
    return Finding("1", "conntrack", None, None, 0.9, "outage", places, **more)


@pytest.mark.parametrize(
    ("before", "now", "state"),
    [
        ((NODE,), (NODE,), "same"),
        ((NODE, SUBNET), (SUBNET, NODE), "same"),
        ((NODE,), (SUBNET, NODE), "same"),
        ((NODE,), (AZ,), "changed"),
        ((NODE,), (), "changed"),
        ((), (), "same"),
        ((Member("cluster", None),), (NODE,), "changed"),
        ((OLD_POD,), (NEW_POD,), "same"),
        ((OLD_POD,), (OTHER_POD,), "changed"),
    ],
)
def test_a_finding_changed_when_its_place_did(before: tuple, now: tuple, state: str) -> None:
    (difference,) = compare([finding(*before)], [finding(*now)])
    assert difference.state == state


def test_probability_and_severity_are_no_change() -> None:
    weaker = replace(finding(NODE), probability=0.4, severity="degraded", cause="node-network")
    assert [d.state for d in compare([finding(NODE)], [weaker])] == ["same"]


def test_new_ones_come_first_and_gone_ones_last() -> None:
    a, b, c = (replace(finding(NODE), id=name) for name in "abc")
    moved = replace(b, places=(AZ,))
    assert [(d.state, d.finding.id) for d in compare([a, b], [moved, c])] == [
        ("new", "c"),
        ("changed", "b"),
        ("gone", "a"),
    ]
    assert compare([], []) == ()


def hypothesis(identity: str, group: int, cause: str, probability: float) -> Hypothesis:
    scope = Scope("node", "m01", (), (SUBNET,))
    return Hypothesis(identity, 1, group, cause, Text("x"), probability, "outage", scope=scope)


def test_findings_are_the_leaders_of_groups_that_claim_something() -> None:
    hypotheses = (
        hypothesis("1", 1, "conntrack", 0.6),
        hypothesis("2", 1, "benign", 0.4),
        hypothesis("3", 2, "benign", 0.9),
        hypothesis("4", 2, "conntrack", 0.1),
        hypothesis("5", 3, "unknown", 0.8),
    )
    report = Report(0, {}, None, Window(), None, hypotheses, Coverage(), (), 0.0)
    found = findings_of(report)
    assert [f.id for f in found] == ["1", "5"]
    assert found[0].places == (NODE, SUBNET)


@pytest.mark.parametrize(
    ("seen", "flapping"),
    [("+-+-", True), ("-+-+", True), ("++--", False), ("+-+", False), ("", False), ("+-+-++++++++++++", False)],
)
def test_three_turns_lately_are_flapping(seen: str, flapping: bool) -> None:
    assert flaps([one == "+" for one in seen]) == flapping
