"""The network of one run: nodes in two subnets and two azs, replicas behind them, upstreams, clients.

It is built inside namespaces that only this run's processes hold (see `box.py`): names are short and constant, a second
run has its own, and all of it is gone when the run's first process ends, however it ends.

    clients ── router ── upstreams
                 ├── m1, m2   subnet master, az eu-a and eu-b, one replica each
                 ├── w1       subnet worker, az eu-a, two replicas
                 └── w2       subnet worker, az eu-b, one replica
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Node:
    """A machine of the cluster; `key` names its namespace."""

    key: str
    name: str
    address: str
    subnet: str
    az: str
    pod_range: str

    @property
    def role(self) -> str:
        """As the column ROLES says it."""
        return "control-plane" if self.subnet == "master" else "<none>"


@dataclass(frozen=True, slots=True)
class Pod:
    """A place where a CoreDNS replica runs; `key` names its namespace."""

    key: str
    name: str
    address: str
    node: Node


SUBNETS = {"master": "10.196.129.0/24", "worker": "10.196.140.0/24"}
NODES = (
    Node("m1", "k8s-lab-m1", "10.196.129.11", "master", "eu-a", "10.244.1.0/24"),
    Node("m2", "k8s-lab-m2", "10.196.129.12", "master", "eu-b", "10.244.2.0/24"),
    Node("w1", "k8s-lab-w1", "10.196.140.21", "worker", "eu-a", "10.244.3.0/24"),
    Node("w2", "k8s-lab-w2", "10.196.140.22", "worker", "eu-b", "10.244.4.0/24"),
)
M1, M2, W1, W2 = NODES
PODS = (
    Pod("p1", "coredns-6d4b75cb6d-4kq7t", "10.244.1.2", M1),
    Pod("p2", "coredns-6d4b75cb6d-9hzrd", "10.244.2.2", M2),
    Pod("p3", "coredns-6d4b75cb6d-bx5lm", "10.244.3.2", W1),
    Pod("p4", "coredns-6d4b75cb6d-p2wcn", "10.244.3.3", W1),
    Pod("p5", "coredns-6d4b75cb6d-tj8vs", "10.244.4.2", W2),
)
UPSTREAMS = ("10.196.17.210", "10.196.17.211", "10.196.17.212")
U1, U2, U3 = UPSTREAMS
API_SERVER = "10.96.0.1"
CLIENTS = tuple(f"10.244.9.{n}" for n in range(5, 10))
PLACES = ("cluster", "subnet", "az", "node", "replica")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fault is put: all of its replicas are hit, no other."""

    kind: str
    member: str | None
    pods: tuple[Pod, ...]

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Nodes of the place; for a replica the node it shares with another."""
        return tuple(dict.fromkeys(pod.node for pod in self.pods))


def place_of(kind: str, pods: Sequence[Pod] = PODS) -> Place:
    """The member of each kind that the lab breaks: small enough that others stay whole.

    >>> place_of("az").member, [pod.node.key for pod in place_of("az").pods]
    ('eu-a', ['m1', 'w1', 'w1'])
    """
    if kind == "cluster":
        return Place(kind, None, tuple(pods))
    if kind == "subnet":
        return Place(kind, "master", tuple(p for p in pods if p.node.subnet == "master"))
    if kind == "az":
        return Place(kind, "eu-a", tuple(p for p in pods if p.node.az == "eu-a"))
    if kind == "node":
        return Place(kind, W1.name, tuple(p for p in pods if p.node is W1))
    pod = next(p for p in pods if p.node is W1)
    return Place("replica", pod.name, (pod,))


class Fabric:
    """Namespaces, links, addresses and routes; `inside(...)` runs a program in one of them."""

    def __init__(self, *, host_network: bool = False) -> None:
        self.host_network = host_network
        self.pods = host_pods() if host_network else PODS

    def build(self) -> None:
        """Lay everything out; the caller's own namespace becomes that of the clients."""
        spaces = ["router", "up", *(n.key for n in NODES)]
        links = [("cl", None, "router"), ("up", "up", "router"), *((n.key, n.key, "router") for n in NODES)]
        if not self.host_network:
            spaces += [p.key for p in PODS]
            links += [(p.key, p.key, p.node.key) for p in PODS]
        Path("/run/netns").mkdir(exist_ok=True)
        _ip(None, [f"netns add {name}" for name in spaces], batch=False)
        _ip(None, [_link(name, left, right) for name, left, right in links])
        for name in spaces:
            self.run(name, _SYSCTL)
        _ip(None, ["link set lo up", *_edge([*CLIENTS], "10.244.9.1")])
        _ip("up", ["link set lo up", *_edge([*UPSTREAMS, API_SERVER], "10.196.17.1")])
        _ip("router", list(_router_lines()))
        for node in NODES:
            _ip(node.key, list(self._node_lines(node)))
        if not self.host_network:
            for pod in PODS:
                _ip(pod.key, ["link set lo up", *_edge([pod.address], "169.254.1.1")])

    def _node_lines(self, node: Node) -> list[str]:
        lines = ["link set lo up", *_edge([node.address], ip_network(SUBNETS[node.subnet])[1].compressed)]
        for pod in () if self.host_network else (p for p in PODS if p.node is node):
            lines += [
                f"addr add 169.254.1.1/32 dev {pod.key}",
                f"link set {pod.key} up",
                f"route add {pod.address}/32 dev {pod.key} src {node.address}",
            ]
        return lines

    def space_of(self, pod: Pod) -> str:
        """The namespace in which a replica's process runs."""
        return pod.node.key if self.host_network else pod.key

    def inside(self, space: str | None, *command: str) -> list[str]:
        """The command line that runs a program in a namespace and keeps its process id."""
        return [*command] if space is None else ["nsenter", f"--net=/run/netns/{space}", "--", *command]

    def run(self, space: str, script: str) -> None:
        """Run shell text in a namespace to its end; its complaint is the error's text."""
        done = subprocess.run(self.inside(space, "sh", "-euc", script), capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{space}: {script}: {done.stderr.strip() or done.returncode}")

    def forward_rule(self, place: Place, target: str, words: str = "-j DROP") -> None:
        """A firewall rule for what the replicas of a place send to `target`, put where it holds for exactly them.

        cluster, subnet, az: the router, by the node's own link · node: the node · replica: the node, by the pod's link.
        """
        rules = [("router", f"to-{node.key}") for node in place.nodes]
        if place.kind in ("node", "replica") and not self.host_network:
            rules = [(pod.node.key, pod.key) for pod in place.pods]
        for space, link in rules:
            self.run(space, f"iptables -w -I FORWARD -i {link} -d {target} {words}")

    def reaches(self, space: str, address: str) -> bool:
        """Does anything at this address answer, be it with a refusal? A TCP connection tells."""
        probe = f"import socket; s = socket.socket(); s.settimeout(1); s.connect(({address!r}, 9))"
        done = subprocess.run(self.inside(space, sys.executable, "-c", probe), capture_output=True, check=False)
        return b"ConnectionRefusedError" in done.stderr

    def open_again(self) -> None:
        """Take every firewall rule away."""
        for space in ("router", "up", *(n.key for n in NODES)):
            self.run(space, "iptables -w -F; iptables -w -t raw -F")


def host_pods() -> tuple[Pod, ...]:
    """The replicas of a cluster whose CoreDNS uses the nodes' own network: one a node."""
    first = {pod.node: pod for pod in reversed(PODS)}
    return tuple(Pod(node.key, first[node].name, node.address, node) for node in NODES)


_SYSCTL = """cd /proc/sys/net/ipv4
echo 1 > ip_forward
# One ICMP error a second and destination is the kernel's default: retries then meet silence instead, and one fault
# prints now `connection refused`, now `i/o timeout`. Off, so that a run says the same each time.
echo 0 > icmp_ratelimit
# Newer kernels (6.14 on, as we read) limit each namespace over all destinations; CoreDNS up to 1.14.6 spins against it.
[ ! -w icmp_msgs_per_sec ] || { echo 100000 > icmp_msgs_per_sec; echo 10000 > icmp_msgs_burst; }
"""


def _link(name: str, left: str | None, right: str) -> str:
    where = f" netns {left}" if left else ""
    return f"link add eth0{where} type veth peer name {'to-' if right == 'router' else ''}{name} netns {right}"


def _edge(addresses: Sequence[str], gateway: str) -> list[str]:
    own = [f"addr add {address}/32 dev eth0" for address in addresses]
    return [
        *own,
        "link set eth0 up",
        f"route add {gateway}/32 dev eth0 src {addresses[0]}",
        f"route add default via {gateway} src {addresses[0]}",
    ]


def _router_lines() -> list[str]:
    lines = ["link set lo up"]
    for link, gateway, routes in [
        ("to-cl", "10.244.9.1", CLIENTS),
        ("to-up", "10.196.17.1", [*UPSTREAMS, API_SERVER]),
        *((f"to-{n.key}", ip_network(SUBNETS[n.subnet])[1].compressed, [n.address]) for n in NODES),
    ]:
        lines += [f"addr add {gateway}/32 dev {link}", f"link set {link} up"]
        lines += [f"route add {route}/32 dev {link}" for route in routes]
    lines += [f"route add {n.pod_range} via {n.address} dev to-{n.key} onlink" for n in NODES]
    return lines


def _ip(space: str | None, lines: Sequence[str], *, batch: bool = True) -> None:
    where = ["-n", space] if space else []
    if not batch:  # `ip netns add` cannot stand in a batch: it leaves its own namespace behind
        for line in lines:
            subprocess.run(["ip", *line.split()], check=True)
        return
    subprocess.run(["ip", *where, "-batch", "-"], input="\n".join(lines), text=True, check=True)
