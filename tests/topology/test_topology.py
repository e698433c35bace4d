"""Where replicas run, from what kind of list, and what is not claimed."""

from __future__ import annotations

import pytest

from triage.model.observation import Citation
from triage.model.place import Fact, Node, Pod, Topology
from triage.topology import build, candidate_subnets, layer_of, node_addresses_of, replica_addresses

MASTERS = {"masters": ["10.8.0.0/24"], "workers": ["10.8.1.0/24", "fd00:8::/64"]}


def node(name: str, ip: str | None = None, *more: str, **fields: object) -> Node:
    addresses = (*((ip,) if ip else ()), *more)
    return Node(name, internal_ip=ip, internal_ips=addresses, citation=Citation("nodes.txt", 2, name), **fields)  # type: ignore[arg-type]


def pod(name: str, at: str | None = None, ip: str | None = None, **fields: object) -> Pod:
    return Pod(name, node=at, pod_ip=ip, pod_ips=(ip,) if ip else (), citation=Citation("pods.txt", 2, name), **fields)  # type: ignore[arg-type]


SUBNETS = [
    # what it is about, pods, nodes, subnet, inferred
    ("InternalIP", [pod("coredns-a", "n1", "10.9.1.4")], [node("n1", "10.8.0.11")], "masters", False),
    ("never the pod's address", [pod("coredns-a", "n1", "10.8.0.77")], [node("n1")], None, None),
    ("never the pod's address, without nodes", [pod("coredns-a", "n1", "10.8.0.77")], [], None, None),
    ("hostIP", [pod("coredns-a", "n1", "10.9.1.4", host_ip="10.8.1.21")], [], "workers", False),
    ("hostIP without a node's name", [pod("coredns-a", None, "10.9.1.4", host_ip="10.8.1.21")], [], "workers", False),
    (
        "a host-network pod beside it",
        [pod("coredns-a", "n1"), pod("kube-proxy-x", "n1", "10.8.0.11")],
        [],
        "masters",
        True,
    ),
    (
        "a host-network pod by its field",
        [pod("coredns-a", "n1"), pod("x", "n1", "10.8.0.11", host_network=True)],
        [],
        "masters",
        False,
    ),
    (
        "no host-network pod",
        [pod("coredns-a", "n1"), pod("kube-proxy-x", "n1", "10.8.0.11", host_network=False)],
        [],
        None,
        None,
    ),
    (
        "the operator is not the agent",
        [pod("coredns-a", "n1"), pod("cilium-operator-x", "n1", "10.8.0.11")],
        [],
        None,
        None,
    ),
    ("a node named by its address", [pod("coredns-a", "10.8.1.21")], [], "workers", False),
    ("a node named as AWS does", [pod("coredns-a", "ip-10-8-1-21.eu-west-1.compute.internal")], [], "workers", True),
    ("IPv6", [pod("coredns-a", "n1")], [node("n1", "fd00:8::21")], "workers", False),
    ("dual stack, second address", [pod("coredns-a", "n1")], [node("n1", "10.77.0.1", "fd00:8::21")], "workers", False),
    ("outside all", [pod("coredns-a", "n1")], [node("n1", "10.77.0.1")], None, None),
]


@pytest.mark.parametrize(
    ("pods", "nodes", "subnet", "inferred"), [row[1:] for row in SUBNETS], ids=[r[0] for r in SUBNETS]
)
def test_subnet_is_that_of_the_nodes_address(
    pods: list[Pod], nodes: list[Node], subnet: str | None, inferred: bool | None
) -> None:
    fact = build(pods, nodes, subnets=MASTERS, replicas=[]).places["coredns-a"].facts.get("subnet")
    assert (fact and fact.value, fact and fact.inferred) == (subnet, inferred)


ANNOTATIONS = [
    ({"projectcalico.org/IPv4Address": "10.8.0.11/22"}, "10.8.0.0/22"),
    ({"k8s.ovn.org/node-primary-ifaddr": '{"ipv4":"10.8.0.11/24","ipv6":"fd00::b/64"}'}, "10.8.0.0/24"),
    ({"k8s.ovn.org/host-cidrs": '["192.168.5.5/16","10.8.0.11/23"]'}, "10.8.0.0/23"),
    (
        {"k8s.ovn.org/l3-gateway-config": '{"default":{"ip-addresses":["10.8.0.11/25"],"next-hops":["10.8.0.1"]}}'},
        "10.8.0.0/25",
    ),
    (
        {"cloud.network.openshift.io/egress-ipconfig": '[{"interface":"eni-1","ifaddr":{"ipv4":"10.8.0.0/17"}}]'},
        "10.8.0.0/17",
    ),
    ({"projectcalico.org/IPv4Address": "10.8.0.11/32"}, None),
    ({"projectcalico.org/IPv4Address": "172.30.0.5/24"}, None),  # not the interface that the node is known by
    ({"flannel.alpha.coreos.com/public-ip": "10.8.0.11"}, None),
    ({"k8s.ovn.org/l3-gateway-config": "{{{"}, None),
    ({"projectcalico.org/IPv4Address": "10.8.0.11/99"}, None),
    ({}, None),
]


@pytest.mark.parametrize(("annotations", "subnet"), ANNOTATIONS)
def test_annotations_with_a_prefix_name_the_subnet(annotations: dict[str, str], subnet: str | None) -> None:
    topology = build(
        [pod("coredns-a", "n1")], [node("n1", "10.8.0.11", annotations=annotations)], subnets={}, replicas=[]
    )
    fact = topology.places["coredns-a"].facts.get("subnet")
    assert (fact and fact.value) == subnet
    assert fact is None or fact.origin.startswith("annotation ")
    assert [s.cidrs for s in topology.subnets] == ([(subnet,)] if subnet else [])


def test_a_given_name_stands_before_an_annotation_and_the_narrowest_before_the_wider() -> None:
    nodes = [node("n1", "10.8.0.11", annotations={"projectcalico.org/IPv4Address": "10.8.0.11/23"})]
    given = {"all": ["10.0.0.0/8"], "masters": ["10.8.0.0/24"]}
    topology = build([pod("coredns-a", "n1")], nodes, subnets=given, replicas=[])
    assert topology.places["coredns-a"].get("subnet") == "masters"
    assert topology.conflicts == (
        "subnet masters: 10.8.0.0/24 (subnets.yaml) / 10.8.0.0/23 (annotation projectcalico.org/IPv4Address)",
    )


def test_interfaces_tell_the_prefix_of_the_address_they_carry() -> None:
    topology = build(
        [pod("coredns-a", "n1")],
        [node("n1", "10.8.0.11")],
        subnets={},
        replicas=[],
        interfaces=[("10.9.0.1/16", "ip addr"), ("10.8.0.11/21", "ip addr on n1")],
    )
    assert topology.places["coredns-a"].facts["subnet"] == Fact("10.8.0.0/21", "ip addr on n1")


ROLES = [
    # what it is about, roles of n1 and n2 (None: not told), role of each
    (("control-plane", "master"), ("master",), "control-plane", "control-plane"),
    (("master",), (), "master", "worker"),
    (("controlplane", "etcd"), ("worker",), "control-plane", "worker"),
    (("control-plane", "infra"), ("infra", "worker"), "control-plane,infra", "infra,worker"),
    (("agent",), None, "agent", None),
]


@pytest.mark.parametrize(("first", "second", "role_1", "role_2"), ROLES)
def test_roles_have_one_spelling(
    first: tuple[str, ...], second: tuple[str, ...] | None, role_1: str, role_2: str | None
) -> None:
    nodes = [node("n1", roles=first), node("n2", roles=second or (), roles_told=second is not None)]
    topology = build([pod("coredns-a", "n1"), pod("coredns-b", "n2")], nodes, subnets={}, replicas=[])
    assert [topology.places[name].get("role") for name in ("coredns-a", "coredns-b")] == [role_1, role_2]
    second_role = topology.places["coredns-b"].facts.get("role")
    assert second_role is None or second_role.inferred == (not second)


def test_mirror_pods_tell_control_plane_nodes_without_a_node_list() -> None:
    pods = [pod("coredns-a", "m1"), pod("coredns-b", "w1"), pod("kube-apiserver-m1", "m1", "10.8.0.11")]
    topology = build(pods, [], subnets=MASTERS, replicas=[])
    roles = {name: place.facts["role"] for name, place in topology.places.items()}
    assert {name: (fact.value, fact.inferred) for name, fact in roles.items()} == {
        "coredns-a": ("control-plane", True),
        "coredns-b": ("worker", True),
    }
    without = build(pods[:2], [], subnets=MASTERS, replicas=[])
    assert all("role" not in place.facts for place in without.places.values())


def test_other_facts_come_from_the_node_with_their_origin() -> None:
    labelled = node("n1", az="eu-1a", pool="blue", kernel="6.1.0", pod_cidrs=("10.9.1.0/24", "fd01::/64"))
    facts = build([pod("coredns-a", "n1")], [labelled], subnets={}, replicas=[]).places["coredns-a"].facts
    assert {kind: (fact.value, fact.origin) for kind, fact in facts.items() if kind != "role"} == {
        "node": ("n1", "pods.txt"),
        "az": ("eu-1a", "nodes.txt"),
        "pool": ("blue", "nodes.txt"),
        "kernel": ("6.1.0", "nodes.txt"),
        "pod-range": ("10.9.1.0/24", "podCIDR in nodes.txt"),
    }


LAYERS = [
    (Pod("coredns-5f-q2w"), "cluster"),
    (Pod("rke2-coredns-rke2-coredns-5f-q2w"), "cluster"),
    (Pod("dns-default-x2gzk"), "cluster"),
    (Pod("resolver-0", labels={"k8s-app": "kube-dns"}, image="registry/dns:1"), "cluster"),
    (Pod("resolver-0", image="registry.k8s.io/coredns/coredns:v1.9.3"), "cluster"),
    (Pod("kube-dns-5f-q2w", labels={"k8s-app": "kube-dns"}, image="k8s-dns-kube-dns:1.14"), None),
    (Pod("coredns-autoscaler-5f-q2w"), None),
    (Pod("helm-install-rke2-coredns-8xk"), None),
    (Pod("node-resolver-7xk", labels={"dns.operator.openshift.io/daemonset-node-resolver": ""}), None),
    (Pod("nodelocaldns-7xk"), "node-local"),
    (Pod("node-local-dns-7xk", labels={"k8s-app": "node-local-dns"}), "node-local"),
    (Pod("coredns-master-0", namespace="openshift-kni-infra"), "infrastructure"),
    (Pod("coredns-plugin-shop", image="shop/front:2"), None),
    (Pod("etcd-m1"), None),
    (Pod("metrics-server-5f-q2w"), None),
]


@pytest.mark.parametrize(("given", "layer"), LAYERS, ids=[p.name for p, _ in LAYERS])
def test_coredns_pods_are_told_from_others(given: Pod, layer: str | None) -> None:
    assert layer_of(given) == layer


def test_replicas_are_those_that_log_and_those_of_the_lists() -> None:
    pods = [pod("coredns-a", "n1"), pod("etcd-m1", "n1"), pod("node-local-dns-x", "n1"), pod("coredns-b", None)]
    assert list(build(pods, [], subnets={}, replicas=["coredns-gone"]).places) == [
        "coredns-gone",
        "coredns-a",
        "coredns-b",
    ]
    caches = build(pods, [], subnets={}, replicas=["node-local-dns-y"]).places
    assert {name: place.layer for name, place in caches.items()} == {
        "node-local-dns-y": "node-local",
        "coredns-a": "cluster",
        "node-local-dns-x": "node-local",
        "coredns-b": "cluster",
    }


def test_a_hint_places_a_replica_only_where_no_pod_list_does() -> None:
    hints = [("coredns-a", "n2", "path of its log"), ("coredns-b", "n2", "path of its log")]
    topology = build([pod("coredns-a", "n1")], [], subnets={}, replicas=["coredns-b"], hints=hints)
    assert topology.places["coredns-a"].get("node") == "n1"
    assert topology.places["coredns-b"].facts["node"] == Fact("n2", "path of its log")
    assert topology.conflicts == ("pod coredns-a: node n1 (pods.txt) / n2 (path of its log)",)


CONFLICTS = [
    (
        [pod("coredns-a", "n1"), Pod("coredns-a", node="n2", citation=Citation("pods.json", 1, ""))],
        [],
        "pod coredns-a: node n1 (pods.txt) / n2 (pods.json)",
    ),
    (
        [],
        [node("n1", az="a"), Node("n1", az="b", citation=Citation("nodes.json", 1, ""))],
        "node n1: az a (nodes.txt) / b (nodes.json)",
    ),
    (
        [pod("coredns-a", "n1", host_ip="10.8.1.9")],
        [node("n1", "10.8.0.11")],
        "node n1: address 10.8.0.11 (InternalIP in nodes.txt) / 10.8.1.9 (hostIP of pod coredns-a)",
    ),
    ([], [node("n1", "10.8.0.11", "fd00:8::1")], "node n1: subnet masters (10.8.0.11) / workers (fd00:8::1)"),
]


@pytest.mark.parametrize(("pods", "nodes", "sentence"), CONFLICTS, ids=[c[2][:20] for c in CONFLICTS])
def test_contradictions_are_told(pods: list[Pod], nodes: list[Node], sentence: str) -> None:
    assert sentence in build(pods, nodes, subnets=MASTERS, replicas=[]).conflicts


def test_subnets_that_are_none_are_told_and_left_out() -> None:
    topology = build([], [], subnets={"a": ["10.8.0.0/24", "ten"], "b": ["10.8.0.0/24"]}, replicas=[])
    assert topology.conflicts == (
        "subnet a: ten is no CIDR (subnets.yaml)",
        "network 10.8.0.0/24: subnet a / b (subnets.yaml)",
    )
    assert [s.name for s in topology.subnets] == ["a"]


def test_two_lists_of_a_pod_become_one_with_the_latest_restart_count() -> None:
    lists = [pod("coredns-a", "n1", restarts=2), Pod("coredns-a", pod_ip="10.9.1.4", pod_ips=("10.9.1.4",), restarts=5)]
    (merged,) = build(lists, [], subnets={}, replicas=[]).pods
    assert (merged.node, merged.pod_ip, merged.restarts) == ("n1", "10.9.1.4", 5)
    two = build([Pod("coredns-a", namespace="x"), Pod("coredns-a", namespace="y")], [], subnets={}, replicas=[])
    assert len(two.pods) == 2


def test_addresses_of_replicas_are_those_of_one_replica_only() -> None:
    pods = [
        Pod("coredns-a", pod_ip="10.9.1.4", pod_ips=("10.9.1.4", "fd01::4")),
        Pod("coredns-b", pod_ip="10.9.1.9", pod_ips=("10.9.1.9",)),
        Pod("coredns-c", pod_ip="10.9.1.9", pod_ips=("10.9.1.9",)),
        Pod("etcd-m1", pod_ip="10.8.0.11", pod_ips=("10.8.0.11",)),
    ]
    assert replica_addresses(build(pods, [], subnets={}, replicas=[])) == {
        "10.9.1.4": "coredns-a",
        "fd01::4": "coredns-a",
    }


def test_candidate_subnets_are_offered_and_used_only_when_asked() -> None:
    pods = [pod("coredns-a", "n1"), pod("coredns-b", "n2")]
    nodes = [node("n1", "10.8.0.11"), node("n2", "10.8.3.21"), node("n3", "10.8.2.22")]
    topology = build(pods, nodes, subnets={}, replicas=[])
    assert all("subnet" not in place.facts for place in topology.places.values())
    offers = candidate_subnets(node_addresses_of(topology))
    assert {length: [s.name for s in subnets] for length, subnets in offers.items()} == {
        24: ["10.8.0.0/24", "10.8.2.0/24", "10.8.3.0/24"],
        23: ["10.8.0.0/23", "10.8.2.0/23"],
        22: ["10.8.0.0/22"],
    }
    assumed = build(pods, nodes, subnets={}, replicas=[], assume_prefix=23)
    assert assumed.places["coredns-b"].facts["subnet"] == Fact("10.8.2.0/23", "assumed /23", inferred=True)
    known = build(pods, nodes, subnets=MASTERS, replicas=[], assume_prefix=23)
    assert "subnet" not in known.places["coredns-b"].facts


def test_nothing_known_gives_an_empty_topology() -> None:
    assert build([], [], subnets={}, replicas=[]) == Topology()
