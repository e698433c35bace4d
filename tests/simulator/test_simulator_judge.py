"""The scorer says right and wrong where it should, with answers made by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest

from bench.simulator.judge import Answer, answers, judge
from bench.simulator.score import calibration, reliability, run_story, table, wilson

SUBNET = {"kind": "subnet", "member": "ctl"}
NODE = {"kind": "node", "member": "n1"}


def expect(**more: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "kind": "drop-subnet",
        "decidable": "yes",
        "first": ["upstream-unreachable-scoped"],
        "first_causes": ["upstream-unreachable-scoped"],
        "upstream": "10.9.0.1:53",
        "scope": SUBNET,
        "scopes_ok": [SUBNET, NODE],
        "absent": ["forward-loop"],
        "second": None,
        "cidrs": {"ctl": ["10.1.0.0/24"]},
        "truth": {"faults": [{"cause": "upstream-unreachable"}]},
    }
    return base | more


CONTROL = expect(
    kind="control",
    first=["benign", "none"],
    first_causes=[],
    upstream=None,
    scope=None,
    scopes_ok=[],
    truth={"faults": []},
)


def answer(
    cause: str = "upstream-unreachable-scoped",
    p: float = 0.9,
    upstream: str | None = "10.9.0.1:53",
    *places: tuple[str, str | None],
    group: int = 1,
) -> Answer:
    return Answer(cause, p, group, upstream, frozenset(places))


def test_the_whole_truth() -> None:
    v = judge(
        "s", expect(), [answer("upstream-unreachable-scoped", 0.9, "10.9.0.1:53", ("subnet", "ctl"), ("node", "n1"))]
    )
    assert (v.right, v.upstream, v.scope, v.exact, v.jaccard) == (True, True, True, True, 1.0)
    assert v.log == pytest.approx(-math.log(0.9))


def test_a_cidr_stands_for_its_subnet_and_other_kinds_do_not_count() -> None:
    v = judge(
        "s",
        expect(),
        [answer("upstream-unreachable-scoped", 0.9, None, ("subnet", "10.1.0.0/24"), ("role", "control-plane"))],
    )
    assert (v.upstream, v.scope, v.exact, v.jaccard) == (False, True, False, 0.5)


def test_silence_where_a_fault_shows_is_a_miss_of_everything() -> None:
    v = judge("s", expect(), [])
    assert (v.right, v.upstream, v.scope, v.exact, v.jaccard) == (False, False, False, False, 0.0)


@pytest.mark.parametrize(("p", "alarm"), [(0.5, True), (0.49, False)])
def test_false_alarm_on_a_control(p: float, alarm: bool) -> None:
    assert judge("s", CONTROL, [answer("benign", 0.9, None), answer(p=p, group=2)]).false_alarm is alarm


def test_undecidable_stories_punish_claims_only() -> None:
    hidden = expect(decidable="no", first=["benign", "none"], upstream=None, scope=None, scopes_ok=[])
    assert judge("s", hidden, [answer(p=0.4)]).right
    bold = judge("s", hidden, [answer(p=0.8)])
    assert (bold.right, bold.unsupported, bold.false_alarm) == (False, True, None)


def test_second_fault_with_its_place() -> None:
    second = {"cause": ["inotify-exhausted"], "upstream": None, "scope": NODE, "scopes_ok": [NODE], "decidable": "yes"}
    both = [
        answer("upstream-unreachable-scoped", 0.9, "10.9.0.1:53", ("subnet", "ctl")),
        answer("inotify-exhausted", 0.95, None, ("node", "n1"), group=2),
    ]
    v = judge("s", expect(second=second, first=["upstream-unreachable-scoped", "inotify-exhausted"]), both)
    assert (v.right, v.second, v.second_scope) == (True, True, True)
    turned = judge("s", expect(second=second, first=["upstream-unreachable-scoped", "inotify-exhausted"]), both[::-1])
    assert (turned.right, turned.scope, turned.second, turned.second_scope) == (True, True, True, True)


def test_ruled_out_causes_and_errors_are_told() -> None:
    assert judge("s", expect(), [answer(p=0.7), answer("forward-loop", 0.2)]).absent == ["forward-loop"]
    broken = judge("s", CONTROL, [], "exit 1")
    assert (broken.right, broken.false_alarm) == (False, True)
    assert broken.log == pytest.approx(-math.log(0.001))


def test_reports_are_read() -> None:
    scope = {"kind": "node", "member": "n1", "indistinguishable": [{"kind": "replica", "member": "r1"}]}
    report = {
        "hypotheses": [
            {"cause": "x", "probability": 0.4, "group": 2, "upstream": None, "scope": scope},
            {"cause": "y", "probability": 0.1, "group": 2, "scope": None},
        ]
    }
    assert answers(report) == [
        Answer("x", 0.4, 2, None, frozenset({("node", "n1"), ("replica", "r1")})),
        Answer("y", 0.1, 2),
    ]


def test_a_perfect_program_is_inside_its_band_and_a_boaster_is_not() -> None:
    rows = [judge("s", expect(), [answer(p=0.75)] if i % 4 else [answer("conntrack", 0.75)]) for i in range(400)]
    found, _, limit = calibration(rows)
    assert found < limit
    boasts = [judge("s", expect(), [answer(p=0.99)] if i % 2 else [answer("conntrack", 0.99)]) for i in range(400)]
    found, _, limit = calibration(boasts)
    assert found > limit


def test_reliability_is_cut_by_what_could_be_seen() -> None:
    truth = {"faults": [{"cause": "x", "evidence": {"r1": 3, "r2": 1}}], "level": "errors", "known_replicas": 2}
    rows = [judge("s", expect(truth=truth), [answer(p=0.8)]) for _ in range(4)]
    lines = list(reliability(rows))
    assert [line[:24].strip() for line in lines[1:]] == ["level errors", "signs 2 to 4", "replicas 2 to 4"]
    assert lines[1].split()[2:5] == ["4", "0.800", "1.000"]


def test_a_seed_is_asked_in_a_folder_without_its_expectation() -> None:
    seen: list[str] = []

    def ask(folder: str) -> list[Answer]:
        from pathlib import Path

        seen.extend(p.name for p in Path(folder).iterdir())
        return []

    verdict = run_story(("5", "control"), ask)
    assert verdict.story == "control-00005"
    assert seen
    assert "expect.yaml" not in seen

    def fails(folder: str) -> list[Answer]:
        raise ValueError(folder)

    assert run_story(("5", "control"), fails).error
    assert "control" in "\n".join(table([verdict]))


def test_wilson_interval_of_nothing_found() -> None:
    low, high = wilson(0, 1000)
    assert low == pytest.approx(0)
    assert high == pytest.approx(0.0038, abs=1e-4)
