"""Names and addresses: common zones, leaking search lists, upstreams that are CoreDNS itself."""

from __future__ import annotations

import math

import pytest

from triage.analysis.names import common_suffix, domain, labels, leaks_cluster_zone, spread_of
from triage.analysis.own import asks_itself, host_of, is_kind

OWN = frozenset({"10.96.0.10", "10.244.0.7"})


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], None),
        (["www.example.org."], "www.example.org."),
        (["a.example.org.", "b.example.org."], "example.org."),
        (["a.example.org.", "b.example.net."], None),
        (["a.corp.example.", "b.c.corp.example.", "corp.example."], "corp.example."),
        (["localhost."], "localhost."),
        ([r"a\.b.example.org.", r"c.a\.b.example.org."], r"a\.b.example.org."),
    ],
)
def test_common_suffix(names: list[str], expected: str | None) -> None:
    assert common_suffix(names) == expected
    assert common_suffix(names[::-1]) == expected


@pytest.mark.parametrize(
    ("name", "of_name", "n_labels"),
    [
        ("www.shop.example.org.", "example.org.", 4),
        ("example.org.", "example.org.", 2),
        ("localhost.", "localhost.", 1),
        (".", ".", 0),
        (r"a.x\.y.example.org.", "example.org.", 4),
    ],
)
def test_domain(name: str, of_name: str, n_labels: int) -> None:
    assert domain(name) == of_name
    assert len(labels(name)) == n_labels


@pytest.mark.parametrize(
    ("name", "zones", "leaks"),
    [
        ("db.prod.svc.cluster.local.corp.example.", ["cluster.local."], True),
        ("db.prod.svc.cluster.local.", ["cluster.local."], False),
        ("www.example.org.", ["cluster.local."], False),
        ("db.prod.svc.k8s.corp.example.", ["k8s.corp."], True),
        ("4.3.2.1.in-addr.arpa.corp.example.", ["in-addr.arpa."], False),
    ],
)
def test_leaks(name: str, zones: list[str], leaks: bool) -> None:
    assert leaks_cluster_zone(name, zones) is leaks


@pytest.mark.parametrize(
    ("names", "n_lookups", "n_asked", "more_telling_than"),
    [
        (["a.corp.example.", "b.corp.example."], 40, None, (["a.corp.example.", "b.corp.example."], 2, None)),
        (["a.corp.example."], 8, 400, (["a.corp.example."], 8, None)),
        (["a.corp.example."], 8, 400, (["a.corp.example."], 8, 16)),
    ],
)
def test_more_failures_in_one_zone_are_less_by_chance(names, n_lookups, n_asked, more_telling_than) -> None:
    assert spread_of(names, n_lookups, n_asked).by_chance < spread_of(*more_telling_than).by_chance


def test_one_look_up_says_nothing_of_zones() -> None:
    spread = spread_of(["a.corp.example."], 1, None)
    assert spread.by_chance == 1
    assert spread.log(0.3) == pytest.approx(0)
    assert spread.zone_part(0.3) == pytest.approx(0.3)


def test_names_of_many_zones_speak_against_a_zone() -> None:
    spread = spread_of(["a.example.org.", "b.example.net."], 2, None)
    assert spread.zone_part(0.3) == 0
    assert spread.log(0.3) == pytest.approx(math.log(1 - 0.27))
    assert spread.log(0.3) < spread.log(0.05) < 0


@pytest.mark.parametrize(
    ("upstream", "local", "itself"),
    [
        ("127.0.0.53:53", None, True),
        ("127.0.0.1:5300", None, False),
        ("10.96.0.10:53", None, True),
        ("10.244.0.9:53", "10.244.0.9", True),
        ("10.9.0.53:53", "10.244.0.9", False),
        ("169.254.169.253:53", None, False),
        ("[::1]:53", None, True),
        ("not an address:53", None, False),
    ],
)
def test_asks_itself(upstream: str, local: str | None, itself: bool) -> None:
    assert asks_itself(upstream, local, OWN) is itself


@pytest.mark.parametrize(
    ("host", "kinds"),
    [
        ("8.8.8.8", {"public"}),
        ("10.9.0.53", {"private"}),
        ("127.0.0.53", {"own", "loopback"}),
        ("10.96.0.10", {"own", "private"}),
        ("2001:4860:4860::8888", {"public", "ipv6"}),
        ("fd00::53", {"private", "ipv6"}),
        ("no address", set()),
    ],
)
def test_kinds_of_addresses(host: str, kinds: set[str]) -> None:
    known = ("own", "loopback", "link-local", "public", "private", "ipv6")
    assert {kind for kind in known if is_kind(host, kind, OWN)} == kinds


@pytest.mark.parametrize(
    ("upstream", "host"),
    [("10.0.0.1:53", "10.0.0.1"), ("[fd00::1]:853", "fd00::1"), ("[fe80::1%eth0]:53", "fe80::1")],
)
def test_host_of(upstream: str, host: str) -> None:
    assert host_of(upstream) == host
