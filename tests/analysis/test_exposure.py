"""Who could have shown a failure, how often, and how many independent failures there were."""

from __future__ import annotations

import pytest

from tests.analysis.made import UPSTREAM, S, group, inputs, places, queries, sign, stream
from triage.analysis.exposure import Seen, ages_of, asked_upstream, coverage, seen_of, units_of
from triage.analysis.noise import noise_of
from triage.model.config import Configuration, UpstreamList
from triage.model.observation import Answer, Citation
from triage.model.place import Pod, Topology
from triage.model.tool import DigResult
from triage.parsing.tables import age_s

FORWARD = Answer.UPSTREAM


@pytest.mark.parametrize(
    ("has_log", "spans", "cut", "queries", "window", "expected"),
    [
        (False, (), False, 0, (0, 100), 0.0),
        (True, (), False, 0, (0, 100), 1.0),
        (True, ((0, 50),), False, 0, (0, 100), 0.5),
        (True, ((0, 20), (80, 100)), False, 0, (0, 100), 0.4),
        (True, ((0, 1000),), False, 0, (10, 100), 1.0),
        (True, ((200, 300),), False, 0, (0, 100), 0.0),
        (True, ((0, 50),), False, 0, (20, 20), 1.0),
        (True, ((0, 50),), False, 0, (60, 60), 0.0),
        (True, ((0, 50),), False, 0, None, 1.0),
    ],
)
def test_coverage(has_log, spans, cut, queries, window, expected) -> None:
    assert coverage(Seen(has_log, spans, cut, False, queries), window) == pytest.approx(expected)


def test_a_cut_stream_is_less_than_a_whole_one() -> None:
    cut, whole = (coverage(Seen(True, (), c, True, 0), None) for c in (True, False))
    assert 0 < cut < whole == 1


@pytest.mark.parametrize(
    ("signs", "expected"),
    [
        ((sign(), sign(), sign(), sign()), 1),
        ((sign(), sign(qname="api.example.org.")), 2),
        ((sign(at_s=1), sign(at_s=2), sign(at_s=3)), 1),
        ((sign(at_s=1), sign(at_s=21), sign(at_s=41)), 3),
        ((sign(weight=40.0),), 10),
        ((sign(replica="a"), sign(replica="b")), 1),
    ],
)
def test_lines_of_one_look_up_count_once(signs, expected) -> None:
    assert group(*signs).by_replica["a"] == expected


QUERIES = [
    queries("a", 30),
    queries("a", 4, Answer.FAILED),
    queries("a", 2, Answer.REJECTED, minute=5),
    queries("a", 99, Answer.LOCAL),
    queries("a", 77, Answer.CACHE),
    queries("b", 50, Answer.LOCAL),
    queries("c", 6, Answer.FAILED),
    queries("d", 8, zone="corp.example."),
]


@pytest.mark.parametrize(
    ("replica", "zone", "window", "expected"),
    [
        ("a", None, None, (36, 6)),
        ("a", None, (0, 59 * S), (34, 4)),
        ("a", "corp.example.", None, (0, 0)),
        ("b", None, None, (0, 0)),
        ("c", None, None, None),
        ("d", None, None, (0, 0)),
        ("d", "corp.example.", None, (8, 0)),
    ],
)
def test_asked_upstream(replica, zone, window, expected) -> None:
    """Answers from the cache or of CoreDNS itself ask nobody; a log of failures only (`c`) has no denominator."""
    assert asked_upstream(inputs(counted=QUERIES), zone, window).get(replica) == expected


@pytest.mark.parametrize(
    ("signs", "expected"),
    [
        ((sign(at_s=1), sign(at_s=5)), 1),
        ((sign(at_s=1), sign("a", "www.example.net.", at_s=5)), 2),
        ((sign(at_s=1), sign(at_s=4000)), 2),
        ((sign(qname=None, probe=True, symptom="probe-silent"),), 1),
    ],
)
def test_noise_comes_in_events_of_one_domain(signs, expected) -> None:
    assert noise_of(group(*signs), inputs())["a"] == pytest.approx(expected, rel=0.6)
    assert noise_of(group(*signs), inputs())["a"] >= expected


@pytest.mark.parametrize(
    "signs",
    [
        (sign(symptom="upstream-refused"),),
        (sign("a", "db.prod.svc.cluster.local.corp.example."),),
        tuple(sign("a", f"www.example{i}.org.") for i in range(9)),
    ],
)
def test_refusals_leaks_and_many_domains_are_no_lame_names(signs) -> None:
    assert noise_of(group(*signs), inputs()) == {}


def test_insistence_makes_more_noise_but_less_than_as_many_names() -> None:
    few = [sign(at_s=60 * i) for i in range(9)]
    many = [sign(at_s=60 * i) for i in range(400)]
    events = noise_of(group(*few), inputs())["a"], noise_of(group(*many), inputs())["a"]
    assert events[0] < events[1] < 400


PLACES = places({"a": {"node": "n1"}, "b": {"node": "n2"}, "c": {"node": "n3"}})


def unit_of(name: str, **more):
    given = inputs(topology=PLACES, **more)
    return next(u for u in units_of(given, group(sign("a")), seen_of(given)) if u.name == name)


def test_a_replica_that_nobody_read_could_show_nothing() -> None:
    unit = unit_of("b", streams=[stream("a")])
    assert (unit.k, unit.n, unit.coverage) == (0, None, 0)


def test_a_silent_log_could_have_shown_it() -> None:
    unit = unit_of("b", streams=[stream("a"), stream("b")])
    assert (unit.k, unit.n, unit.coverage) == (0, None, 1)


def test_a_query_log_gives_a_denominator() -> None:
    unit = unit_of(
        "b", streams=[stream("a"), stream("b", 50)], counted=[queries("b", 40), queries("b", 10, Answer.LOCAL)]
    )
    assert (unit.k, unit.n) == (0, 40)


def test_never_asked_is_zero_of_zero() -> None:
    unit = unit_of("b", streams=[stream("a"), stream("b", 50)], counted=[queries("b", 50, Answer.LOCAL)])
    assert (unit.k, unit.n) == (0, 0)


@pytest.mark.parametrize(
    ("failing", "silent", "expected"),
    [
        ("2s", "1s", 1.0),
        ("2d", "47h", 1.0),
        ("8h", "7h59m", 1.0),
        ("2m10s", "2m4s", 125 / 130),
        ("20d", "9d", 0.5),
        ("9d", "20d", 1.0),
        ("0s", "0s", 1.0),
    ],
)
def test_ages_count_to_the_end_of_the_unit_that_is_printed(failing, silent, expected) -> None:
    pods = tuple(Pod(name, age_s=age_s(age)) for name, age in (("a", failing), ("b", silent)))
    given = inputs(topology=Topology(pods=pods))
    assert ages_of(given, group(sign("a"))).get("b", 1.0) == pytest.approx(expected)


def test_a_replica_that_lists_other_servers_says_nothing() -> None:
    lists = (UpstreamList("b", ".", ("10.9.0.99:53",)), UpstreamList("c", ".", (UPSTREAM,)))
    more = {"streams": [stream("a"), stream("b"), stream("c")], "configuration": Configuration(upstreams=lists)}
    assert [unit_of(name, **more).asks for name in "abc"] == [True, False, True]


@pytest.mark.parametrize(
    ("status", "failure", "expected"), [("NOERROR", None, False), ("NXDOMAIN", None, False), (None, "timeout", True)]
)
def test_a_direct_question_is_a_unit_of_its_own(status, failure, expected) -> None:
    from triage.model.observation import FailureKind

    dig = DigResult(
        "dig", "n2", UPSTREAM, "www.example.com.", "A", status, failure and FailureKind(failure), Citation("d", 1, "")
    )
    given = inputs(topology=PLACES, streams=[stream("a")], tools=[dig])
    unit = units_of(given, group(sign("a")), seen_of(given))[-1]
    assert (unit.replica, unit.checked) == (False, expected)
