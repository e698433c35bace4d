"""When a fault was on, faults of different times, and what changed near the onset."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.analysis.asking import ask
from tests.analysis.made import MINUTE, S, context, group, inputs, sign
from triage.analysis.episodes import episodes_of, times_of
from triage.analysis.measures import rate_per_min
from triage.model.report import Report
from triage.model.timeline import Timeline

NOON = int(datetime(2026, 3, 4, 12, tzinfo=UTC).timestamp())
COREFILE = ".:53 {\n    errors\n    log\n    forward . 10.9.0.53\n    reload\n}\n"
BANNER = (
    ".:53\n[INFO] plugin/reload: Running configuration SHA512 = {hash}\nCoreDNS-1.11.1\n"
    "linux/amd64, go1.20.7, ae2bbc2\n"
)


def minutes(*times: float) -> list[tuple[float, float]]:
    """Spans of a minute as pairs of first and last second."""
    return [(60 * t, 60 * t + 60) for t in times]


@pytest.mark.parametrize(
    ("failing_s", "read_s", "expected"),
    [
        pytest.param([], (0, 3600), [], id="nothing failed"),
        pytest.param([(600, 900)], (0, 3600), [(600, 900)], id="onset and end inside"),
        pytest.param([(600, 3600)], (0, 3600), [(600, 3600)], id="still going"),
        pytest.param([(0, 3600)], (0, 3600), [(0, 3600)], id="all the time"),
        pytest.param([(600, 900), (2400, 2700)], (0, 3600), [(600, 900), (2400, 2700)], id="intermittent"),
    ],
)
def test_episodes_lie_between_change_points(
    failing_s: list[tuple[float, float]], read_s: tuple[int, int], expected: list[tuple[float, float]]
) -> None:
    signs = [
        sign(qname=f"n{at}.example.org.", at_s=float(at)) for a, b in failing_s for at in range(int(a), int(b) + 1, 12)
    ]
    found = episodes_of(times_of(signs), (read_s[0] * S, read_s[1] * S))
    assert [(e.first_ns // S, e.last_ns // S) for e in found] == expected


def test_a_single_failure_long_before_is_no_onset() -> None:
    signs = [sign(qname="early.example.org.", at_s=30.0)]
    signs += [sign(qname=f"n{i}.example.org.", at_s=3000.0 + 11 * i) for i in range(40)]
    found = episodes_of(times_of(signs), (0, 60 * MINUTE))
    assert [e.first_ns for e in found] == [3000 * S]


def test_signs_without_times_have_no_episode() -> None:
    assert episodes_of(times_of([sign(), sign(qname="b.example.org.")]), None) == ()


def stamp(at_s: float) -> str:
    return datetime.fromtimestamp(NOON + at_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def log(
    *, fails_s: list[tuple[float, float]], until_s: int = 3600, started_s: int = 0, reload_s: float | None = None
) -> str:
    """A replica that is asked every 5 s; in the spans every query goes unanswered."""
    lines = [(float(started_s), line) for line in BANNER.format(hash="a" * 128).splitlines()]
    if reload_s is not None:
        lines += [
            (reload_s, "[INFO] Reloading"),
            (reload_s, f"[INFO] plugin/reload: Running configuration SHA512 = {'b' * 128}"),
            (reload_s, "[INFO] Reloading complete"),
        ]
    for at in range(started_s, until_s, 5):
        name = f"n{at % 97}.example{at % 7}.org."
        if any(a <= at <= b for a, b in fails_s):
            asked = f'[INFO] 10.1.0.9:40000 - {at} "A IN {name} udp 40 false 512" - - 0 2.001s'
            lines += [
                (float(at), asked),
                (float(at), f"[ERROR] plugin/errors: 2 {name} A: read udp 10.1.0.2:4->10.9.0.53:53: i/o timeout"),
            ]
        else:
            lines.append(
                (float(at), f'[INFO] 10.1.0.9:40000 - {at} "A IN {name} udp 40 false 512" NOERROR qr,rd,ra 80 0.003s')
            )
    return "".join(f"{stamp(at)} {text}\n" for at, text in sorted(lines, key=lambda line: line[0]))


def report_of(path: Path, logs: dict[str, str], **more: str) -> Report:
    path.mkdir(exist_ok=True)
    (path / "Corefile").write_text(COREFILE)
    for name, text in logs.items():
        (path / f"{name}.log").write_text(text)
    for name, text in more.items():
        (path / name.replace("__", ".")).write_text(text)
    return ask(path)


def timeline_of(report: Report) -> Timeline:
    assert report.timelines
    return report.timelines[0]


def test_faults_of_other_replicas_at_other_times_are_kept_apart(tmp_path: Path) -> None:
    early, late = [(300.0, 700.0)], [(2400.0, 3000.0)]
    found = report_of(tmp_path, {"coredns-a": log(fails_s=early), "coredns-b": log(fails_s=late)})
    leaders = [h for h in found.hypotheses if h.cause.startswith("upstream-unreachable") and h.probability > 0.5]
    assert len({h.group for h in leaders}) == 2
    spans = sorted((t.onset_ns // S - NOON, (t.end_ns or 0) // S - NOON) for t in found.timelines)
    assert spans == [(300, 700), (2400, 3000)]
    assert {h.scope.member for h in leaders if h.scope} == {"coredns-a", "coredns-b"}


def test_the_same_replicas_failing_twice_are_one_intermittent_fault(tmp_path: Path) -> None:
    spans = [(300.0, 700.0), (2400.0, 3000.0)]
    found = report_of(tmp_path, {"coredns-a": log(fails_s=spans), "coredns-b": log(fails_s=spans)})
    assert len(found.timelines) == 1
    assert len(timeline_of(found).episodes) == 2
    assert found.active is False


@pytest.mark.parametrize(
    ("begin", "end", "active"), [(1200.0, 3600.0, True), (1200.0, 1500.0, False), (75.0, 3600.0, True)]
)
def test_onset_and_whether_it_goes_on(tmp_path: Path, begin: float, end: float, active: bool) -> None:
    found = report_of(tmp_path, {"coredns-a": log(fails_s=[(begin, end)]), "coredns-b": log(fails_s=[])})
    line = timeline_of(found)
    assert (line.onset_ns // S - NOON, line.onset_seen, found.active) == (begin, True, active)
    assert (line.end_ns is None) is active


def test_what_was_read_may_begin_in_the_middle(tmp_path: Path) -> None:
    assert not timeline_of(report_of(tmp_path, {"coredns-a": log(fails_s=[(0.0, 1500.0)])})).onset_seen


def configmap(at_s: float) -> str:
    return json.dumps(
        {
            "kind": "ConfigMap",
            "apiVersion": "v1",
            "metadata": {
                "name": "coredns",
                "namespace": "kube-system",
                "managedFields": [{"manager": "kubectl-edit", "operation": "Update", "time": stamp(at_s)[:19] + "Z"}],
            },
            "data": {"Corefile": COREFILE},
        }
    )


def test_changes_near_the_onset_are_told_and_those_long_before_are_not(tmp_path: Path) -> None:
    fails = [(1200.0, 3600.0)]
    near = report_of(
        tmp_path / "near",
        {"coredns-a": log(fails_s=fails, reload_s=1150), "coredns-b": log(fails_s=[], reload_s=1155)},
        coredns__json=configmap(1100),
    )
    kinds = {(c.kind, c.subject, round(c.before_s)) for c in timeline_of(near).changes}
    assert {("reload", "coredns-a", 50), ("configmap", "coredns", 100)} <= kinds
    far = report_of(
        tmp_path / "far",
        {"coredns-a": log(fails_s=[(3300.0, 3600.0)], reload_s=100), "coredns-b": log(fails_s=[])},
        coredns__json=configmap(50),
    )
    assert not {c.kind for c in timeline_of(far).changes} & {"reload", "configmap"}


def test_a_change_is_no_proof(tmp_path: Path) -> None:
    """The leader stays what the lines say; the change is shown beside it."""
    fails = [(1200.0, 3600.0)]
    with_change = report_of(tmp_path, {"coredns-a": log(fails_s=fails, reload_s=1150), "coredns-b": log(fails_s=[])})
    assert with_change.hypotheses[0].cause == "upstream-unreachable-scoped"


def test_a_zone_that_another_replica_is_answered_is_alive(tmp_path: Path) -> None:
    """All failing names end in one zone; the other replica got answers for the same names meanwhile."""
    names = [f"h{i}.shop.example." for i in range(40)]
    asked = '[INFO] 10.1.0.9:40000 - 7 "A IN {name} udp 40 false 512" {end}'
    fails, works = "- - 0 2.001s", "NOERROR qr,rd,ra 80 0.003s"
    error = "[ERROR] plugin/errors: 2 {name} A: read udp 10.1.0.2:4->10.9.0.53:53: i/o timeout"
    lines = [
        f"{stamp(15 * i)} {text.format(name=name, end=fails)}"
        for i, name in enumerate(names)
        for text in (asked, error)
    ]
    others = [f"{stamp(15 * i)} {asked.format(name=name, end=works)}" for i, name in enumerate(names)]
    alone = report_of(tmp_path / "alone", {"coredns-a": "\n".join(lines) + "\n"})
    beside = report_of(
        tmp_path / "beside", {"coredns-a": "\n".join(lines) + "\n", "coredns-b": "\n".join(others) + "\n"}
    )
    assert alone.hypotheses[0].zone == "shop.example."
    assert beside.hypotheses[0].cause == "upstream-unreachable-scoped"
    assert all(h.zone is None for h in beside.hypotheses)


@pytest.mark.parametrize("year", ["0001-01-01T00:00:0", "9999-12-31T23:59:5"])
def test_stamps_at_the_ends_of_time_are_times_like_others(tmp_path: Path, year: str) -> None:
    """Kubernetes writes 0001-01-01T00:00:00Z for a time that nobody set."""
    error = "[ERROR] plugin/errors: 2 q.acme.example. A: read udp 10.1.0.2:5->10.9.0.53:53: i/o timeout"
    lines = [f"{stamp} {error}\n" for i in range(1, 4) for stamp in (f"{year}{i}Z", f"2026-11-25T10:00:0{i}Z")]
    found = report_of(tmp_path, {"coredns-a": "".join(lines)})
    assert found.hypotheses
    assert found.timelines or found.hypotheses[0].cause == "benign"


def crowded(path: Path, fails_s: list[tuple[float, float]], failed: str) -> Report:
    """More failures of one name than are kept one by one: eight replicas that are asked each second."""
    path.mkdir(exist_ok=True)
    answered = '[INFO] 10.1.0.9:40000 - 7 "A IN a.example.org. udp 40 false 512" NOERROR qr,rd,ra 80 0.003s'
    for i in range(8):
        lines = (
            f"{stamp(at)} {failed if any(a <= at <= b for a, b in fails_s) else answered}\n".replace(
                "10.1.0.", f"10.1.{i}."
            )
            for at in range(30 * 60)
        )
        (path / f"coredns-{i}.log").write_text("".join(lines))
    return ask(path)


IN_ERRORS = "[ERROR] plugin/errors: 2 a.example.org. A: read udp 10.1.0.2:4->10.9.0.53:53: i/o timeout"
IN_QUERIES = '[INFO] 10.1.0.9:40000 - 7 "A IN a.example.org. udp 40 false 512" - - 0 2.001s'


@pytest.mark.parametrize("failed", [IN_ERRORS, IN_QUERIES])
@pytest.mark.parametrize("fails_s", [[(0.0, 1800.0)], [(0.0, 600.0), (1200.0, 1800.0)]])
def test_failures_beyond_those_kept_have_the_times_of_all(
    tmp_path: Path, failed: str, fails_s: list[tuple[float, float]]
) -> None:
    assert episodes_each(crowded(tmp_path, fails_s, failed)) == [len(fails_s)]


def test_answers_that_an_upstream_refuses_in_two_outages_are_two_episodes(tmp_path: Path) -> None:
    asked = '[INFO] 10.1.0.9:40000 - 7 "A IN h{n}.example.org. udp 40 false 512" {rcode} qr,rd,ra 80 0.003s'
    lines = (
        f"{stamp(at)} {asked.format(n=at % 40, rcode='REFUSED' if at // 300 in {2, 8} else 'NOERROR')}\n"
        for at in range(3600)
    )
    (tmp_path / "coredns-a.log").write_text("".join(lines))
    [line] = ask(tmp_path).timelines
    assert [((e.first_ns - NOON * S) // S, (e.last_ns - NOON * S) // S) for e in line.episodes] == [
        (600, 899),
        (2400, 2699),
    ]


@pytest.mark.parametrize("failed", [IN_ERRORS, IN_QUERIES])
def test_an_end_within_a_minute_is_that_of_the_last_failure(tmp_path: Path, failed: str) -> None:
    """Each replica has more failures than fit; those that are but counted are known by the minute."""
    [line] = crowded(tmp_path, [(610.0, 1190.0)], failed).timelines
    assert [((e.first_ns - NOON * S) // S, (e.last_ns - NOON * S) // S) for e in line.episodes] == [(610, 1190)]


def test_late_answers_all_the_time_are_one_episode_without_a_line_to_cite(tmp_path: Path) -> None:
    asked = '[INFO] 10.1.0.9:40000 - 7 "A IN h{n}.example.org. udp 40 false 512" NOERROR qr,rd,ra 80 {took}s'
    lines = (f"{stamp(at)} {asked.format(n=at % 40, took=('0.003', '2.004')[at % 2])}\n" for at in range(3600))
    (tmp_path / "coredns-a.log").write_text("".join(lines))
    found = ask(tmp_path)
    assert episodes_each(found) == [1]
    assert all(c.file for h in found.hypotheses for e in h.evidence for c in e.citations)


def test_flipping_answers_all_the_time_are_one_episode(tmp_path: Path) -> None:
    """Of a name only the first and the last of such answers, and their number, are known."""
    asked = '[INFO] 10.1.0.9:40000 - 7 "A IN h{n}.example.org. udp 40 false 512" {rcode} qr,rd,ra 80 0.003s'
    lines = (
        f"{stamp(at)} {asked.format(n=at % 40, rcode=('NOERROR', 'NXDOMAIN')[at % 7 > 3])}\n" for at in range(3600)
    )
    (tmp_path / "coredns-a.log").write_text("".join(lines))
    found = ask(tmp_path)
    assert found.hypotheses[0].cause == "upstreams-inconsistent"
    assert episodes_each(found) == [1]


def episodes_each(report: Report) -> list[int]:
    """How many episodes each fault has."""
    return [len(line.episodes) for line in report.timelines]


def test_failed_queries_that_a_sample_leaves_out_are_no_health(tmp_path: Path) -> None:
    found = crowded(tmp_path, [(0.0, 1800.0)], IN_QUERIES)
    assert found.hypotheses[0].title.key != "analysis.nothing"
    assert [r.failures for r in found.coverage.replicas] == [1800] * 8


@pytest.mark.parametrize("per_minute", [0.5, 31_000.0])
def test_a_rate_is_printed_in_digits(per_minute: float) -> None:
    weight = 4 * per_minute * 100
    many = (sign(qname=f"n{i}.example.org.", at_s=60.0 * 100 * i, weight=weight) for i in range(3))
    found = rate_per_min(context(group(*many), inputs()))
    assert abs(float(str(found.params["rate"])) / per_minute * 2 / 3 - 1) < 0.05
    assert "e" not in str(found.params["rate"])
