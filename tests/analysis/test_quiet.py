"""What is said where no line shows a fault, and how much of what is asked fails where one does."""

from __future__ import annotations

import pytest

from tests.analysis.made import S, cite, context, draft, group, inputs, places, queries, sign, stream
from triage.analysis import analyze
from triage.analysis.harm import failing_share
from triage.analysis.statements import evidence_of
from triage.model.observation import Answer
from triage.model.place import Event, Pod, Topology
from triage.model.report import Report
from triage.model.text import Text

PLACES = places({"coredns-a": {"node": "n1"}, "coredns-b": {"node": "n2"}}).places


def report_on(pods: tuple[Pod, ...], events: tuple[Event, ...] = ()) -> Report:
    topology = Topology(pods=pods, events=events, places=PLACES)
    given = inputs(topology=topology, streams=[stream("coredns-a"), stream("coredns-b")])
    return analyze(given, files=(), tool={}, cluster=None, asked=None)


def pod(name: str, status: str, *, ready: bool | None) -> Pod:
    return Pod(name, status=status, ready=ready, citation=cite(f"{name} {status}"))


@pytest.mark.parametrize(
    ("status", "ready", "is_down"),
    [
        ("Running", True, False),
        ("Running", None, False),
        ("Running", False, True),
        ("CrashLoopBackOff", False, True),
        ("Pending", False, True),
        ("Completed", False, False),
        ("Evicted", False, False),
        ("Terminating", False, False),
    ],
)
def test_a_replica_that_is_down_is_no_health(status: str, ready: bool | None, is_down: bool) -> None:
    report = report_on((pod("coredns-a", status, ready=ready), pod("coredns-b", "Running", ready=True)))
    first = report.hypotheses[0]
    assert first.cause == ("unknown" if is_down else "benign")
    assert report.affected == (("coredns-a",) if is_down else ())
    commands = [gap.command for gap in report.gaps if gap.id == "gap.pod-down"]
    assert commands == ["kubectl describe pod -n kube-system coredns-a"] * is_down


def test_a_pod_of_somebody_else_is_no_matter_of_dns() -> None:
    assert report_on((pod("shop-1", "CrashLoopBackOff", ready=False),)).hypotheses[0].cause == "benign"


def test_events_of_a_pod_that_is_down_are_shown() -> None:
    events = (Event("BackOff", "x", object_name="coredns-a", citation=cite("BackOff pod/coredns-a")),
              Event("BackOff", "x", object_name="shop-1", citation=cite("BackOff pod/shop-1")))  # fmt: skip
    report = report_on((pod("coredns-a", "CrashLoopBackOff", ready=False),), events)
    assert [c.text for e in report.hypotheses[0].evidence for c in e.citations] == [
        "coredns-a CrashLoopBackOff",
        "BackOff pod/coredns-a",
    ]


ERROR = {"message_id": "errors.timeout"}
ASKED = [queries("a", 90), queries("a", 10, Answer.FAILED), queries("b", 100)]


@pytest.mark.parametrize(
    ("signs", "counted", "expected"),
    [
        ([sign(**ERROR)], ASKED, 0.1),  # the query log knows all
        ([sign(at_s=i / 9, **ERROR) for i in range(20)], ASKED, 0.2),  # one look-up, twenty queries
        ([sign(**ERROR), *(sign(at_s=i / 9, probe=True, **ERROR) for i in range(20))], ASKED, 0.1),
        ([sign(weight=50.0, **ERROR)], ASKED, 0.5),
        ([sign(symptom="late-answers", weight=50.0)], ASKED, None),
        ([sign("c", **ERROR)], ASKED, None),  # nobody counted what it was asked
        ([sign("a", weight=20.0, **ERROR), sign("", **ERROR)], [queries("", 210)], 0.1),  # queries that tell no replica
    ],
)
def test_the_share_that_fails_counts_queries(signs, counted, expected) -> None:
    given = inputs(streams=[stream(r, 100) for r in ("a", "b")] + [stream(None, 100)], counted=counted)
    share = failing_share(context(group(*signs), given))
    assert share == (expected if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(("n", "named", "more"), [(2, 2, 0), (6, 6, 0), (7, 5, 2), (30, 5, 25)])
def test_replicas_that_are_not_named_are_counted(n: int, named: int, more: int) -> None:
    of = group(*(sign(f"r{i:02}", at_s=float(i) * S) for i in range(n)))
    [failures] = [e for e in evidence_of(draft("x", 0.5), context(of, inputs())) if e.id == "failures"]
    shown = failures.statement.params["replicas"]
    assert isinstance(shown, tuple)
    assert len([name for name in shown if isinstance(name, str)]) == named
    assert [text.params["n"] for text in shown if isinstance(text, Text)] == [more] * bool(more)
