"""Which check separates most, and what stands in its command."""

from __future__ import annotations

import math
import shlex

import pytest

from tests.analysis.asking import rulebook, story
from tests.analysis.made import draft
from triage.analysis.checks import fill, information, refill
from triage.model.rule import Check, Outcome
from triage.render.shell import Ask, reading_parts


def check(**outcomes: dict[str, float]) -> Check:
    """A check whose outcomes have these probabilities by cause."""
    found = tuple(Outcome(name, name, name, p) for name, p in outcomes.items())
    return Check("c", "true", "anywhere", "reads", found)


EVEN = (draft("a", 0.5), draft("b", 0.5))
PERFECT = check(yes={"a": 1.0, "b": 0.0}, no={"a": 0.0, "b": 1.0})


@pytest.mark.parametrize(
    ("asked", "drafts", "bits"),
    [
        (PERFECT, EVEN, 1.0),
        (check(yes={"otherwise": 0.5}, no={"otherwise": 0.5}), EVEN, 0.0),
        (PERFECT, (draft("a", 1.0),), 0.0),
        (check(yes={"a": 1.0, "otherwise": 0.0}), EVEN, 1.0),
        (
            check(yes={"a": 0.9, "b": 0.1}, no={"a": 0.1, "b": 0.9}),
            EVEN,
            1 + 0.9 * math.log2(0.9) + 0.1 * math.log2(0.1),
        ),
        (PERFECT, (draft("a", 0.25), draft("b", 0.25)), 1.0),
    ],
)
def test_information(asked: Check, drafts, bits: float) -> None:
    assert information(asked, drafts) == pytest.approx(bits)


def test_information_is_bounded_by_what_is_open() -> None:
    drafts = (draft("a", 0.7), draft("b", 0.2), draft("c", 0.1))
    entropy = -sum(d.probability * math.log2(d.probability) for d in drafts)
    sharp = check(a={"a": 1, "otherwise": 0}, b={"b": 1, "otherwise": 0}, c={"c": 1, "otherwise": 0})
    assert information(sharp, drafts) == pytest.approx(entropy)
    assert 0 <= information(PERFECT, drafts) <= entropy


@pytest.mark.parametrize(
    ("command", "names", "expected"),
    [
        (
            "dig @{upstream_ip} {qname}",
            {"upstream_ip": "10.0.0.1", "qname": "a.example."},
            ["dig", "@10.0.0.1", "a.example."],
        ),
        ("dig {qname}", {"qname": "a.$(reboot).example."}, ["dig", "a.$(reboot).example."]),
        ("dig {qname}", {"qname": "a'b.`id`."}, ["dig", "a'b.`id`."]),
        ("dig {qname}", {"qname": "a\nreboot"}, ["dig", "a\nreboot"]),
        ("dig {qname}", {}, None),
        ("dig {}", {"qname": "a."}, None),
    ],
)
def test_fill_quotes_every_name(command: str, names: dict[str, str], expected: list[str] | None) -> None:
    filled = fill(command, names)
    assert filled is None if expected is None else shlex.split(filled or "") == expected


ASKING = [(rule.id, c.id) for rule in rulebook().rules.values() for c in rule.checks if "dig " in c.command]


@pytest.mark.parametrize(("cause", "asked"), ASKING)
@pytest.mark.parametrize(("port", "more"), [("53", []), ("5353", ["-p", "5353"]), ("853", ["-p", "853", "+tls"])])
def test_a_command_asks_the_port_that_the_upstream_has(cause: str, asked: str, port: str, more: list[str]) -> None:
    names = {"upstream_ip": "10.0.0.1", "servers": "10.0.0.1 10.0.0.2", "qname": "a.example.", "zone": "example."}
    names |= {"second_name": "b.example.", "api_address": "10.96.0.1:443", "upstream_port": port}
    rule = next(c for c in rulebook().rules[cause].checks if c.id == asked)
    words = shlex.split(fill(rule.command, names) or "")
    assert "dig" in words
    for at in (i for i, word in enumerate(words) if word == "dig"):
        assert words[at + 1 : at + 1 + len(more)] == more
        assert words[at + 1 + len(more)] == "+tcp" or words[at + 1 + len(more)].startswith("+tries")
    parts = reading_parts(fill(rule.command, names) or "") or ()
    assert {part.port for part in parts if isinstance(part, Ask)} <= {port}


def test_a_port_is_quoted_like_every_name() -> None:
    names = {"upstream_ip": "10.0.0.1", "upstream_port": "5;id"}
    assert shlex.split(fill("dig @{upstream_ip} a.", names) or "") == ["dig", "-p", "5;id", "@10.0.0.1", "a."]


@pytest.mark.parametrize(
    ("names", "offered"),
    [
        ({"upstream_ip": "10.0.0.1", "qname": "a.example."}, True),
        ({"upstream_ip": "fd00::1", "qname": "a.example."}, True),
        ({"upstream_ip": "ns.example.org", "qname": "a.example."}, False),
        ({"upstream_ip": "10.0.0.1", "qname": "-f/etc/shadow"}, False),
        ({"upstream_ip": "10.0.0.1", "qname": "a b"}, False),
        ({"upstream_ip": "10.0.0.1;id", "qname": "a.example."}, False),
        ({"upstream_ip": "10.0.0.1", "qname": "a.example.\n"}, False),
        ({"upstream_ip": "10.0.0.1"}, False),
    ],
)
def test_refill_believes_no_name(names: dict[str, str], offered: bool) -> None:
    asked = Check("ask", "dig @{upstream_ip} {qname}", "anywhere", "reads", (), needs=("upstream_ip", "qname"))
    assert (refill(asked, names) is not None) is offered


@pytest.mark.parametrize("name", ["master-subnet", "look-alike", "mixed-resolvers", "pasted-terminal"])
def test_checks_come_by_what_they_tell_for_their_cost(name: str) -> None:
    """One that fills a gap comes before all others."""
    for h in story(name).hypotheses:
        rule = rulebook().rule_of(h.cause)
        assert rule is not None
        known = {c.id: c for c in rule.checks}
        order = [(known[s.id].fills is None, -(s.gain_bits or 0) / known[s.id].cost) for s in h.next_checks]
        assert order == sorted(order, key=lambda row: (row[0], round(row[1], 2)))


def test_after_a_check_its_outcomes_say_what_becomes_of_the_claim() -> None:
    first = story("master-subnet").hypotheses[0]
    then = {e.outcome.key.rsplit(".", 1)[-1]: e.then for e in first.next_checks[0].expect}
    assert max(then, key=lambda key: then[key] or 0) == "place"
    assert (then["place"] or 0) > 0.9 > first.probability > (then["nowhere"] or 0) > (then["everywhere"] or 0)
