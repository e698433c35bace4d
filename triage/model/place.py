"""Where replicas run: pods, nodes, subnets, and the place of each replica with the origin of every fact."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from triage.model.observation import Citation

PLACE_KINDS = ("az", "subnet", "role", "pool", "kernel", "pod-range", "node", "replica")
"""Kinds of scope below the cluster, widest first."""


class Fact(Struct, frozen=True):
    """A value and where it was read."""

    value: str
    origin: str
    """For people: `nodes.txt`, `annotation projectcalico.org/IPv4Address`, `hostIP of the pod` …"""
    inferred: bool = False
    """True when it follows from something else (role from mirror pods, subnet from a /24 guess)."""


class Termination(Struct, frozen=True):
    """Why a container ended the last time."""

    reason: str
    """`OOMKilled`, `Error`, `Completed` …"""
    exit_code: int | None = None
    finished_ns: int | None = None


class Pod(Struct, frozen=True):
    """A pod of a pod list."""

    name: str
    namespace: str | None = None
    node: str | None = None
    pod_ip: str | None = None
    host_ip: str | None = None
    status: str | None = None
    """As `kubectl get pods` prints it: Running, CrashLoopBackOff, OOMKilled …"""
    ready: bool | None = None
    restarts: int | None = None
    age_s: float | None = None
    """At the time of the list."""
    last_restart_s: float | None = None
    """Seconds before the list was made, from `4 (7d ago)`."""
    started_ns: int | None = None
    last_termination: Termination | None = None
    running_since_ns: int | None = None
    """When the container of CoreDNS started the last time."""
    labels: Mapping[str, str] = field(default_factory=dict)
    owner: str | None = None
    image: str | None = None
    host_network: bool | None = None
    citation: Citation | None = None
    pod_ips: tuple[str, ...] = ()
    """Every pod address, `pod_ip` first; more than one in dual-stack clusters."""


class Node(Struct, frozen=True):
    """A node of a node list."""

    name: str
    internal_ip: str | None = None
    roles: tuple[str, ...] = ()
    az: str | None = None
    pool: str | None = None
    kernel: str | None = None
    ready: bool | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    pod_cidrs: tuple[str, ...] = ()
    age_s: float | None = None
    version: str | None = None
    citation: Citation | None = None
    internal_ips: tuple[str, ...] = ()
    """Every InternalIP, `internal_ip` first; more than one in dual-stack clusters."""
    roles_told: bool = True
    """False when the source shows no roles at all, so that empty `roles` say nothing."""


class Event(Struct, frozen=True):
    """A Kubernetes Event."""

    reason: str
    message: str
    type: str | None = None
    object_kind: str | None = None
    object_name: str | None = None
    last_ns: int | None = None
    age_s: float | None = None
    count: int = 1
    citation: Citation | None = None


class Subnet(Struct, frozen=True):
    """A named IP network of **node** addresses."""

    name: str
    cidrs: tuple[str, ...]
    origin: str


class Place(Struct, frozen=True):
    """The place of one replica; a kind that is not known is absent (never a guess without a mark)."""

    replica: str
    facts: Mapping[str, Fact]
    """Kind (`PLACE_KINDS`) to value."""
    layer: str = "cluster"
    """`cluster`: a replica behind the cluster's DNS service; `node-local`: a NodeLocal DNSCache in front of them;
    `infrastructure`: an installer's own CoreDNS on the host network (OpenShift on premises), which pods never ask."""

    def get(self, kind: str) -> str | None:
        """The member of this kind, or None."""
        fact = self.facts.get(kind)
        return fact.value if fact else None


class Topology(Struct, frozen=True):
    """All places, and what they were made from."""

    pods: tuple[Pod, ...] = ()
    nodes: tuple[Node, ...] = ()
    events: tuple[Event, ...] = ()
    subnets: tuple[Subnet, ...] = ()
    places: Mapping[str, Place] = field(default_factory=dict)
    """Replica name to place; every replica known by log or pod list has one."""
    conflicts: tuple[str, ...] = ()
    """Contradicting facts, as sentences of names and values only (`node x: az a (nodes.txt) / b (pods.json)`)."""

    node_places: Mapping[str, Place] = field(default_factory=dict)
    """Node name to its place (`Place.replica` is then the node's name), also of nodes without a replica."""
    unread_caches: tuple[str, ...] = ()
    """Pods of a node-local DNS layer of which no log was handed over: clients may fail there unseen."""

    assumed: Mapping[int, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    """Where no subnet is known: prefix length that one might assume → network → replicas in it."""

    def pod(self, name: str) -> Pod | None:
        """The pod of this name."""
        return next((p for p in self.pods if p.name == name), None)

    def node(self, name: str | None) -> Node | None:
        """The node of this name."""
        return next((n for n in self.nodes if n.name == name), None) if name else None
