"""Corefile × resolv.conf × places × what was seen → the upstreams of each replica and zone."""

from __future__ import annotations

import pytest

from triage.config import configure, read_corefile, read_resolv_conf, zone_of
from triage.config.targets import endpoint
from triage.model.config import Configuration, ResolvConf
from triage.model.place import Fact, Node, Place, Pod, Topology
from triage.model.scrape import Scrape, UpstreamCounters

FILE = ".:53 {\n errors\n kubernetes\n forward . /etc/resolv.conf\n}\n"


def places(**nodes: str) -> Topology:
    """Replica a on node n1 and so on."""
    found = {name: Place(name, {"node": Fact(node, "pods.txt")}) for name, node in nodes.items()}
    return Topology(
        pods=tuple(Pod(name, node=node) for name, node in nodes.items()),
        nodes=tuple(
            Node(node, internal_ip=f"10.8.0.{i}", internal_ips=(f"10.8.0.{i}",))
            for i, node in enumerate(nodes.values(), 1)
        ),
        places=found,
    )


def conf(host: str | None, *servers: str) -> ResolvConf:
    text = "".join(f"nameserver {server}\n" for server in servers)
    return read_resolv_conf(text, file=f"{host or ''}resolv.conf", host=host)


def lists(configuration: Configuration) -> dict[tuple[str | None, str], tuple[tuple[str, ...], bool]]:
    return {(u.replica, u.zone): (u.upstreams, u.known) for u in configuration.upstreams}


RESOLVERS = [
    # what it is about, files, lists
    ("one file of no host holds for all", [(None, "10.0.0.2")], {None: (("10.0.0.2:53",), True)}),
    (
        "equal files hold for all, and each for its own node",
        [("n1", "10.0.0.2"), ("n2", "10.0.0.2")],
        {None: (("10.0.0.2:53",), True), "a": (("10.0.0.2:53",), True), "b": (("10.0.0.2:53",), True)},
    ),
    (
        "different files hold for their nodes only",
        [("n1", "10.0.0.2"), ("n2", "10.0.0.3")],
        {None: ((), False), "a": (("10.0.0.2:53",), True), "b": (("10.0.0.3:53",), True)},
    ),
    (
        "a file of no host is contradicted by a node's",
        [(None, "10.0.0.2"), ("n2", "10.0.0.3")],
        {None: ((), False), "b": (("10.0.0.3:53",), True)},
    ),
    (
        "a domain behind the node's name",
        [("n1.corp.example", "10.0.0.2"), ("n9", "10.0.0.9")],
        {None: ((), False), "a": (("10.0.0.2:53",), True)},
    ),
    (
        "a file named by the node's address",
        [("10.8.0.2", "10.0.0.2"), ("n9", "10.0.0.9")],
        {None: ((), False), "b": (("10.0.0.2:53",), True)},
    ),
    ("duplicates stay", [(None, "10.0.0.2", "10.0.0.2")], {None: (("10.0.0.2:53", "10.0.0.2:53"), True)}),
    (
        "the kubelet copies three",
        [(None, *(f"10.0.0.{i}" for i in range(1, 6)))],
        {None: (("10.0.0.1:53", "10.0.0.2:53", "10.0.0.3:53"), True)},
    ),
    ("IPv6", [(None, "2001:db8::2")], {None: (("[2001:db8::2]:53",), True)}),
    ("an empty file", [(None,)], {None: ((), True)}),
    ("no file", [], {None: ((), False)}),
]


@pytest.mark.parametrize(("files", "expected"), [row[1:] for row in RESOLVERS], ids=[row[0] for row in RESOLVERS])
def test_each_replica_reads_the_file_of_its_node(
    files: list[tuple[str | None, ...]], expected: dict[str | None, tuple[tuple[str, ...], bool]]
) -> None:
    confs = [conf(host, *(s for s in servers if s)) for host, *servers in files]
    found = configure([read_corefile(FILE, file="Corefile")], confs, places(a="n1", b="n2"))
    assert lists(found) == {(replica, "."): row for replica, row in expected.items()}


def test_a_pods_own_file_says_nothing_about_upstreams() -> None:
    text = "nameserver 10.96.0.10\nsearch a.svc.cluster.local svc.cluster.local cluster.local\n"
    pod = read_resolv_conf(text, file="resolv.conf", host=None)
    assert lists(configure([read_corefile(FILE, file="Corefile")], [pod], Topology())) == {(None, "."): ((), False)}


def test_outside_kubernetes_every_nameserver_is_read_up_to_fifteen() -> None:
    corefile = read_corefile(". {\n forward . /etc/resolv.conf\n}", file="Corefile")
    found = configure([corefile], [conf(None, *(f"10.0.0.{i}" for i in range(20)))], Topology())
    assert len(found.upstreams[0].upstreams) == 15


SEEN = [
    ("no file: what lines name", [], [("a", ".", "10.0.0.9:53")], {"a": (("10.0.0.9:53",), False), None: ((), False)}),
    (
        "lines that agree change nothing",
        [(None, "10.0.0.2")],
        [("a", ".", "10.0.0.2:53")],
        {None: (("10.0.0.2:53",), True)},
    ),
    (
        "lines that contradict the file win for that replica",
        [(None, "10.0.0.2")],
        [("a", ".", "10.0.0.9:53")],
        {None: (("10.0.0.2:53",), True), "a": (("10.0.0.9:53",), False)},
    ),
    (
        "a fourth nameserver that is asked was not cut",
        [(None, "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4")],
        [("a", ".", "10.0.0.4:53")],
        {
            None: (("10.0.0.1:53", "10.0.0.2:53", "10.0.0.3:53"), True),
            "a": (("10.0.0.1:53", "10.0.0.2:53", "10.0.0.3:53", "10.0.0.4:53"), True),
        },
    ),
]


@pytest.mark.parametrize(("files", "seen", "expected"), [row[1:] for row in SEEN], ids=[row[0] for row in SEEN])
def test_lines_fill_in_and_correct(
    files: list[tuple[str | None, ...]],
    seen: list[tuple[str | None, str, str]],
    expected: dict[str | None, tuple[tuple[str, ...], bool]],
) -> None:
    confs = [conf(host, *(s for s in servers if s)) for host, *servers in files]
    found = configure([read_corefile(FILE, file="Corefile")], confs, places(a="n1", b="n2"), seen=seen)
    assert lists(found) == {(replica, "."): row for replica, row in expected.items()}


def test_counters_tell_upstreams_but_not_those_of_other_zones() -> None:
    corefile = read_corefile(FILE + "corp.example {\n forward . 10.0.0.7\n}\n", file="Corefile")
    counters = tuple(UpstreamCounters(upstream) for upstream in ("10.0.0.7:53", "10.0.0.9:53"))
    found = configure([corefile], [], places(a="n1"), scrapes=[Scrape("a", "a.prom", upstreams=counters)])
    assert lists(found) == {
        (None, "."): ((), False),
        ("a", "."): (("10.0.0.9:53",), False),
        (None, "corp.example."): (("10.0.0.7:53",), True),
    }


def test_without_a_corefile_lines_alone_give_lists() -> None:
    found = configure(
        [], [], places(a="n1"), seen=[("a", ".", "10.0.0.9:53"), (None, ".", "10.0.0.8:53"), ("a", ".", "10.0.0.7:53")]
    )
    assert lists(found) == {("a", "."): (("10.0.0.9:53", "10.0.0.7:53"), False), (None, "."): (("10.0.0.8:53",), False)}
    assert (found.errors_visible, found.query_log) == (None, None)


EFFECTIVE = [
    ("corp.example {\n forward . 10.0.0.2\n}", {"corp.example.": "10.0.0.2:53"}),
    (
        ". {\n forward corp.example 10.0.0.2\n forward . 10.0.0.3\n}",
        {"corp.example.": "10.0.0.2:53", ".": "10.0.0.3:53"},
    ),
    # The first forward that matches wins: what stands below `.` is never asked.
    (". {\n forward . 10.0.0.3\n forward corp.example 10.0.0.2\n}", {".": "10.0.0.3:53"}),
    (
        ". {\n forward . 10.0.0.3 {\n  except corp.example\n }\n forward corp.example 10.0.0.2\n}",
        {".": "10.0.0.3:53", "corp.example.": "10.0.0.2:53"},
    ),
    ("corp.example {\n forward other.example 10.0.0.2\n}", {}),
    (
        "a.example b.example {\n forward . 10.0.0.2:5353\n}",
        {"a.example.": "10.0.0.2:5353", "b.example.": "10.0.0.2:5353"},
    ),
    (". {\n forward . tls://9.9.9.9\n}", {".": "9.9.9.9:853"}),
    (". {\n proxy . 10.0.0.2\n}", {".": "10.0.0.2:53"}),
]


@pytest.mark.parametrize(("text", "expected"), EFFECTIVE)
def test_zones_of_forwards(text: str, expected: dict[str, str]) -> None:
    found = configure([read_corefile(text, file="Corefile")], [], Topology())
    assert {u.zone: ",".join(u.upstreams) for u in found.upstreams} == expected


def test_zone_of_picks_the_longest_zone() -> None:
    text = ". {\n forward . 10.0.0.1\n forward x.example 10.0.0.1\n}\ncorp.example {\n file db\n}\n"
    found = configure([read_corefile(text, file="Corefile")], [], Topology())
    names = {"a.CORP.example": "corp.example.", "xcorp.example.": ".", "corp.example.": "corp.example.", "a.b.": "."}
    assert {name: zone_of(found, name) for name in names} == names


VISIBLE = [
    ("errors", True),
    ("", False),
    ('errors {\n consolidate 5m ".*" debug\n}', False),
    ('debug\nerrors {\n consolidate 5m ".*" debug\n}', True),
    ('errors {\n consolidate 5m ".*" warning show_first\n}', True),
]


@pytest.mark.parametrize(("directives", "visible"), VISIBLE)
def test_errors_can_be_seen_or_not(directives: str, visible: bool) -> None:
    corefile = read_corefile(f". {{\n{directives}\nforward . 10.0.0.2\n}}", file="Corefile")
    assert configure([corefile], [], Topology()).errors_visible is visible


LOGS = [
    ("log", ("all",)),
    ("log . {\n class denial error\n}", ("denial", "error")),
    ("log\nlog a.example {\n class error\n}", ("all", "error")),
    ("", ()),
]


@pytest.mark.parametrize(("directive", "classes"), LOGS)
def test_classes_of_the_query_log(directive: str, classes: tuple[str, ...]) -> None:
    corefile = read_corefile(f". {{\n{directive}\nforward . 10.0.0.2\n}}", file="Corefile")
    found = configure([corefile], [], Topology())
    assert (found.query_log, found.query_log_classes) == (bool(classes), classes)


def test_cluster_zones_come_from_the_kubernetes_plugin() -> None:
    corefile = read_corefile(".:53 {\n kubernetes k8s.corp 10.96.0.0/16 {\n  ttl 30\n }\n}\n", file="Corefile")
    assert configure([corefile], [], Topology()).cluster_zones == ("k8s.corp.", "96.10.in-addr.arpa.")
    assert "cluster.local." in configure([], [], Topology()).cluster_zones


def test_the_node_caches_corefile_is_not_that_of_the_replicas() -> None:
    cache = read_corefile(".:53 {\n bind 169.254.20.10\n forward . 10.96.0.10\n}", file="node-cache")
    cluster = read_corefile(".:53 {\n errors\n forward . 10.0.0.2\n}", file="Corefile")
    topology = Topology(places={"a": Place("a", {}), "c": Place("c", {}, "node-local")})
    found = configure([cache, cluster], [], topology)
    assert lists(found) == {(None, "."): (("10.0.0.2:53",), True), ("c", "."): (("10.96.0.10:53",), True)}
    assert found.errors_visible is True
    assert lists(configure([cache], [], topology)) == {(None, "."): (("10.96.0.10:53",), True)}


@pytest.mark.parametrize(
    "target", ["dns.example", "tls://dns.example", "__PILLAR__UPSTREAM__SERVERS__", "", ":53", "10.0.0.300"]
)
def test_what_is_no_address_is_no_endpoint(target: str) -> None:
    assert endpoint(target) is None
