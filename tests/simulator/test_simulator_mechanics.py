"""The forward plugin of the simulator does what real ones were measured to do."""

from __future__ import annotations

import random
import re
from itertools import pairwise
from typing import Any

import pytest

from bench.simulator.apiserver import api_lines, failure
from bench.simulator.coredns import Process, Query
from bench.simulator.corefile import Settings
from bench.simulator.faults import Fault, Network
from bench.simulator.health import Clock
from bench.simulator.lines import Asked
from bench.simulator.releases import RELEASES, by_version
from bench.simulator.world import Node, Replica

UPS = tuple(f"10.9.0.{i}:53" for i in range(1, 6))
NODE = Node("n1", "10.1.0.4", "worker", "s", None, None, ("os", "kernel"), UPS)
REPLICA = Replica("coredns-1", NODE, "10.244.1.9")


class Bench:
    """One process that asks the first `n` upstreams, of which some do not work."""

    def __init__(
        self,
        version: str,
        n: int,
        *faults: Fault,
        seed: int = 1,
        sizes: dict[str, int] | None = None,
        **settings: object,
    ) -> None:
        rng = random.Random(seed)
        release = by_version(version)
        self.clock = Clock()
        net = Network(faults, rng, dict.fromkeys(UPS, 0.005), 0.0, frozenset(), release.soft_icmp)
        options: dict[str, Any] = {"explicit": UPS[:n], "query_log": "all", "cache_s": 0, **settings}
        known = {(f"{c}.example.", "A"): "NOERROR" for c in "abcdefgh"}
        self.process = Process(
            REPLICA, 0.0, release, Settings(**options), net, self.clock, rng, known, sizes or {}, frozenset()
        )
        self.ends: list[tuple[float, str]] = []

    def ask(self, t: float, name: str = "a.example.", proto: str = "udp") -> None:
        asked = Asked("10.244.1.7", 4000, 7, "A", name, proto, 512)
        self.clock.at(
            t, lambda now: self.process.ask(Query(asked, now, lambda end, rcode: self.ends.append((end, rcode))))
        )

    def in_a_row(self, count: int) -> list[float]:
        """Seconds that each of so many queries takes, each asked when the one before is done."""
        took: list[float] = []

        def again(began: float) -> None:
            def done(end: float, _: str) -> None:
                took.append(end - began)
                if len(took) < count:
                    self.clock.at(end + 0.001, again)

            self.process.ask(Query(Asked("10.244.1.7", 4000, 7, "A", "a.example.", "udp", 512), began, done))

        self.clock.at(0.0, again)
        self.clock.run(120.0)
        return [round(x, 1) for x in took]

    @property
    def errors(self) -> list[str]:
        self.clock.run(200.0)
        return [x.text for x in self.process.lines if "plugin/errors" in x.text]

    @property
    def queries(self) -> list[str]:
        self.clock.run(200.0)
        return [x.text for x in self.process.lines if " IN " in x.text]


def fault(mode: str = "drop", *upstreams: str, **more: object) -> Fault:
    return Fault(0, mode, ("cluster", None), frozenset({"coredns-1"}), ("x",), upstreams or UPS, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("version", "took"), [("1.9.3", [6.0, 4.0, 2.0]), ("1.14.6", [6.0, 4.0, 2.0]), ("1.14.7", [4.0, 4.0, 2.0])]
)
def test_single_silent_upstream_takes_as_long_as_measured(version: str, took: list[float]) -> None:
    assert Bench(version, 1, fault()).in_a_row(3) == took


def test_single_silent_upstream_is_named_once_a_query() -> None:
    bench = Bench("1.9.3", 1, fault())
    bench.ask(0.0)
    assert len(bench.errors) == 1
    assert re.fullmatch(
        r"\[ERROR\] plugin/errors: 2 a\.example\. A: read udp 10\.244\.1\.9:\d+->10\.9\.0\.1:53: i/o timeout",
        bench.errors[0],
    )


def test_healthy_second_upstream_hides_the_dead_one() -> None:
    bench = Bench("1.11.1", 2, fault("drop", UPS[0]), policy="sequential")
    bench.ask(0.0)
    assert bench.errors == []
    assert [round(float(q.split()[-1][:-1]), 1) for q in bench.queries] == [2.0]
    assert bench.ends[0][1] == "NOERROR"


@pytest.mark.parametrize(("n", "last"), [(1, 0), (2, 0), (3, 2), (4, 2), (5, 2)])
def test_line_names_the_last_upstream_that_fits_into_five_seconds(n: int, last: int) -> None:
    bench = Bench("1.9.3", n, fault(), policy="sequential")
    bench.ask(0.0)
    assert f"->{UPS[last]}:" in bench.errors[0]


def test_upstreams_that_are_marked_down_are_named_at_random() -> None:
    bench = Bench("1.9.3", 2, fault(), policy="sequential")
    for i in range(40):
        bench.ask(float(i))
    named = [UPS[0] in e for e in bench.errors]
    assert all(named[:2])
    assert 0 < sum(named[20:]) < 20


def test_refusal_spins_until_the_health_check_marks_it_down_and_not_at_all_in_newer_releases() -> None:
    assert 0.9 < Bench("1.9.3", 1, fault("refused")).in_a_row(1)[0] < 1.3
    assert Bench("1.14.7", 1, fault("refused")).in_a_row(1) == [0.0]


def test_limited_icmp_mixes_refusals_and_timeouts() -> None:
    bench = Bench("1.14.7", 1, fault("refused", icmp_limited=True))
    for i in range(60):
        bench.ask(i * 0.1)
    texts = {e.rsplit(": ", 1)[1] for e in bench.errors}
    assert texts == {"connection refused", "i/o timeout"}


@pytest.mark.parametrize(("version", "count"), [("1.9.3", 10), ("1.14.7", 10), ("1.15.0", 2)])
def test_loop_probes_after_a_start(version: str, count: int) -> None:
    bench = Bench(version, 1, fault(), cache_s=30)
    bench.clock.at(0.0, bench.process.probe)
    lines = bench.errors
    assert len(lines) == count
    assert len({line.split()[3] for line in lines}) == 1
    starts = [x.at_s for x in bench.process.lines if "plugin/errors" in x.text]
    assert 3.9 < starts[0] < 6.1


def test_answered_probe_is_asked_once() -> None:
    bench = Bench("1.9.3", 1)
    bench.clock.at(0.0, bench.process.probe)
    assert bench.errors == []
    assert len(bench.queries) == 1


def test_failures_are_cached_from_1_15_on() -> None:
    for version, count in (("1.14.7", 2), ("1.15.0", 1)):
        bench = Bench(version, 1, fault(), cache_s=30)
        bench.ask(0.0)
        bench.ask(5.0)
        assert len(bench.errors) == count
    assert bench.queries[-1].endswith("s")
    assert " SERVFAIL qr,rd " in bench.queries[-1]


@pytest.mark.parametrize(
    ("version", "look"),
    [
        ("1.3.1", "SERVFAIL qr,rd 27 6"),
        ("1.8.0", "NOERROR - 0 6"),
        ("1.9.3", "- - 0 6"),
        ("1.14.6", "SERVFAIL qr,rd 27 6"),
        ("1.14.7", "SERVFAIL qr,rd 27 4"),
    ],
)
def test_look_of_a_failed_query(version: str, look: str) -> None:
    bench = Bench(version, 1, fault())
    bench.ask(0.0)
    assert f'false 512" {look}.0' in bench.queries[0]


@pytest.mark.parametrize(("version", "rcode"), [("1.8.0", 2), ("1.9.3", 5)])
def test_too_many_queries_at_once_are_turned_away(version: str, rcode: int) -> None:
    bench = Bench(version, 1, fault(), max_concurrent=3)
    for i in range(5):
        bench.ask(i * 0.01)
    early = [x.text for x in bench.process.lines] or bench.errors
    turned_away = [e for e in early if "concurrent" in e]
    assert turned_away == [f"[ERROR] plugin/errors: {rcode} a.example. A: concurrent queries exceeded maximum 3"] * 2


def test_slow_answers_count_as_in_flight() -> None:
    bench = Bench("1.9.3", 1, fault("slow", delay_s=1.0), max_concurrent=3)
    for i in range(5):
        bench.ask(i * 0.01)
    assert sum("concurrent" in e for e in bench.errors) == 2


def test_consolidated_lines_become_one_summary() -> None:
    bench = Bench("1.11.1", 1, fault(), consolidate_s=30)
    for i in range(7):
        bench.ask(float(i))
    assert bench.errors == ["[ERROR] plugin/errors: 7 errors like '.* i/o timeout$' occurred in last 30s"]
    assert bench.process.lines[-1].signs == ((0, 7),)


def test_blocked_tcp_shows_only_for_truncated_answers() -> None:
    bench = Bench("1.9.3", 1, fault("tcp"), sizes={"b.example.": 2000})
    bench.ask(0.0, "a.example.")
    bench.ask(1.0, "b.example.", "udp")
    bench.ask(2.0, "b.example.", "tcp")
    assert len(bench.errors) == 1
    assert [rcode for _, rcode in bench.ends[:2]] == ["NOERROR", "TC"]
    assert bench.errors[0].endswith("dial tcp 10.9.0.1:53: i/o timeout")


def test_first_dial_into_a_drop_is_silent_for_thirty_seconds() -> None:
    bench = Bench("1.9.3", 1, fault("tcp"))
    bench.ask(0.0, "a.example.", "tcp")
    bench.clock.run(100)
    assert 29.9 < bench.ends[0][0] < 30.1


@pytest.mark.parametrize(("version", "reason"), [("1.14.7", "i/o timeout"), ("1.15.0", "no route to host")])
def test_dead_host_reads_differently_from_1_15_on(version: str, reason: str) -> None:
    bench = Bench(version, 1, fault("hostdown"))
    bench.ask(0.0)
    assert bench.errors[0].endswith(reason)


def test_answers_that_are_errors_make_no_errors_line() -> None:
    bench = Bench("1.11.1", 1, fault("rcode", detail="SERVFAIL"))
    bench.ask(0.0)
    assert bench.errors == []
    assert " SERVFAIL qr,rd,ra " in bench.queries[0]


def test_cache_answers_for_thirty_seconds() -> None:
    bench = Bench("1.11.1", 1, cache_s=30)
    for t in (0.0, 10.0, 29.0, 31.0):
        bench.ask(t)
    assert ["aa" in q.split('"')[2] for q in bench.queries] == [False, True, True, False]


def test_upstream_that_recovers_is_used_again() -> None:
    bench = Bench("1.9.3", 1, fault(windows=((0.0, 20.0),)))
    for t in (0.0, 10.0, 19.0, 25.0):
        bench.ask(t)
    assert len(bench.errors) == 3
    assert bench.ends[-1][1] == "NOERROR"


# --------------------------------------------------------------------------------------- client-go
def api(version: str, mode: str, *, starts: float) -> list[str]:
    broken = fault(mode, windows=((100.0, 400.0),))
    lines = api_lines(
        (broken,),
        "coredns-1",
        (starts, 1000.0),
        by_version(version),
        Settings(),
        "10.96.0.1:443",
        1.7e9,
        random.Random(2),
    )
    return [x.text for x in sorted(lines, key=lambda x: x.at_s)]


@pytest.mark.parametrize(
    ("mode", "silent"), [("api-timeout", True), ("api-refused", True), ("api-noroute", False), ("api-forbidden", False)]
)
def test_newer_releases_retry_a_silent_api_server_without_a_line(mode: str, silent: bool) -> None:
    for version, expected in (("1.11.1", False), ("1.14.3", silent)):
        lines = [x for x in api(version, mode, starts=150.0) if "plugin/ready" not in x]
        assert (lines == []) is expected, version


def test_running_replica_does_not_notice_a_refusing_api_server() -> None:
    assert api("1.11.1", "api-refused", starts=0.0) == []
    assert api("1.11.1", "api-timeout", starts=0.0)


KLOG = r"E\d{4} \d\d:\d\d:\d\d\.\d{6}       1 reflector\.go:138\] "
REFLECTOR = r"pkg/mod/k8s\.io/client-go@v0\.\d+\.\d+/tools/cache/reflector\.go:\d+"
LISTED = r"failed to list \*v1\.Service: R"
PLUGIN = r"\[ERROR\] plugin/kubernetes: "
VALUES = rf' logger="UnhandledError" reflector="{REFLECTOR}" type="\*v1\.Service"'


@pytest.mark.parametrize(
    ("version", "last"),
    [
        ("1.9.3", rf"{KLOG}{REFLECTOR}: Failed to watch \*v1\.Service: {LISTED}"),
        ("1.11.1", rf"{PLUGIN}{REFLECTOR}: Failed to watch \*v1\.Service: {LISTED}"),
        ("1.12.0", rf"{PLUGIN}Unhandled Error"),
        ("1.13.1", rf"{PLUGIN}Failed to watch"),
        ("1.14.1", rf"{PLUGIN}Failed to watch: {LISTED}"),
        ("1.15.0", rf"{PLUGIN}Failed to watch: {LISTED}{VALUES}"),
    ],
)
def test_shape_of_a_failed_list(version: str, last: str) -> None:
    assert re.fullmatch(last, failure(0.0, "Service", "R", by_version(version), 1.7e9, ())[-1].text)


def test_releases_are_in_order_and_none_is_newer_than_its_evidence() -> None:
    releases = [r for r, _ in RELEASES]
    assert releases == sorted(releases, key=lambda r: r.version)
    assert all(a.published <= b.published for a, b in pairwise(releases))
