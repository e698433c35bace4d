"""The place of each replica."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence

from triage.model.place import Event, Fact, Node, Place, Pod, Subnet, Topology
from triage.topology.addresses import node_addresses
from triage.topology.annotations import Network, network_of, pod_range
from triage.topology.identify import CLUSTER, NODE_LOCAL, layer_of
from triage.topology.merge import merge_nodes, merge_pods
from triage.topology.roles import roles_of
from triage.topology.subnets import (
    NamedNetworks,
    assumed_network,
    candidate_subnets,
    named_networks,
    prefix_of,
    subnet_of,
)


def build(
    pods: Sequence[Pod],
    nodes: Sequence[Node],
    events: Sequence[Event] = (),
    *,
    subnets: Mapping[str, Sequence[str]],
    replicas: Sequence[str],
    hints: Iterable[tuple[str, str, str]] = (),
    interfaces: Iterable[tuple[str, str]] = (),
    subnets_origin: str = "subnets.yaml",
    assume_prefix: int | None = None,
) -> Topology:
    """Place every replica that logs (`replicas`) or pod lists name.

    `hints` are (replica, node, origin) told by paths or wrappers of logs; `interfaces` are (`address/length`, origin)
    from `ip addr`. `assume_prefix` cuts nodes without any known subnet by a prefix length, marked as inferred.

    >>> pods = [Pod("coredns-5f-q2w", node="kube-a1", pod_ip="10.9.1.4")]
    >>> nodes = [Node("kube-a1", internal_ip="10.8.0.11", roles=("master",))]
    >>> topology = build(pods, nodes, subnets={"masters": ["10.8.0.0/24"]}, replicas=["coredns-5f-zzz"])
    >>> {name: {kind: fact.value for kind, fact in p.facts.items()} for name, p in topology.places.items()}
    {'coredns-5f-zzz': {}, 'coredns-5f-q2w': {'node': 'kube-a1', 'subnet': 'masters', 'role': 'master'}}
    """
    merged_pods, pod_conflicts = merge_pods(pods)
    merged_nodes, node_conflicts = merge_nodes(nodes)
    named, wrong = named_networks(subnets, subnets_origin)
    atlas = _Atlas(merged_pods, merged_nodes, named, interfaces, assume_prefix)
    by_name = {pod.name: pod for pod in merged_pods}
    told = {replica: Fact(node, origin) for replica, node, origin in hints}
    places = {name: atlas.place(name, by_name.get(name), told.get(name)) for name in _replicas(merged_pods, replicas)}
    conflicts = (*pod_conflicts, *node_conflicts, *wrong, *_contradicted(told, by_name), *atlas.conflicts())
    return Topology(
        merged_pods,
        merged_nodes,
        tuple(events),
        atlas.subnets(),
        places,
        conflicts,
        node_places=atlas.node_places(),
        assumed=atlas.assumed(places),
        unread_caches=tuple(p.name for p in merged_pods if layer_of(p) == NODE_LOCAL and p.name not in replicas),
    )


def replica_addresses(topology: Topology) -> Mapping[str, str]:
    """Pod address → replica, for lines that name only an address; addresses of two replicas are left out."""
    owners: dict[str, set[str]] = {}
    for pod in topology.pods:
        if pod.name in topology.places:
            for address in pod.pod_ips or ((pod.pod_ip,) if pod.pod_ip else ()):
                owners.setdefault(address, set()).add(pod.name)
    return {address: min(names) for address, names in owners.items() if len(names) == 1}


def node_addresses_of(topology: Topology) -> Mapping[str, tuple[Fact, ...]]:
    """Node → its addresses with their origin, of all nodes that lists name or pods run on."""
    return node_addresses(topology.nodes, topology.pods)


class _Atlas:
    """What is known of every node, so that each replica can be looked up."""

    def __init__(
        self,
        pods: Sequence[Pod],
        nodes: Sequence[Node],
        named: NamedNetworks,
        interfaces: Iterable[tuple[str, str]],
        assume_prefix: int | None,
    ) -> None:
        self._nodes = {node.name: node for node in nodes}
        self._addresses = node_addresses(nodes, pods)
        self._named = named
        self._roles = roles_of(nodes, pods)
        self._found: dict[str, tuple[Fact | None, Network | None]] = {}
        self._carried = _carried(interfaces)
        for name, addresses in self._addresses.items():
            self._found[name] = subnet_of(self._nodes.get(name), addresses, named, self._carried)
        if assume_prefix is not None and not any(fact for fact, _ in self._found.values()):
            self._assume(assume_prefix)

    def place(self, replica: str, pod: Pod | None, hint: Fact | None) -> Place:
        """Everything known of where a replica runs."""
        layer = layer_of(pod or Pod(replica)) or CLUSTER
        origin = pod.citation.file if pod and pod.citation else "pod list"
        node = Fact(pod.node, origin) if pod and pod.node else hint or self._by_address(pod)
        if node is not None:
            return Place(replica, {"node": node, **self._facts(node.value)}, layer)
        if pod and pod.host_ip:  # a list without nodes that shows their addresses
            subnet, _ = subnet_of(None, [Fact(pod.host_ip, f"hostIP in {origin}")], self._named, self._carried)
            return Place(replica, {"subnet": subnet} if subnet else {}, layer)
        return Place(replica, {}, layer)

    def _by_address(self, pod: Pod | None) -> Fact | None:
        """The one node that has the pod's hostIP."""
        if pod is None or pod.host_ip is None:
            return None
        owners = [name for name, facts in self._addresses.items() if any(f.value == pod.host_ip for f in facts)]
        return Fact(owners[0], f"hostIP of pod {pod.name}", inferred=True) if len(owners) == 1 else None

    def node_places(self) -> dict[str, Place]:
        """The place of every node, with or without a replica: checks run there."""
        names = sorted({*self._nodes, *self._addresses})
        return {name: Place(name, {"node": Fact(name, "node list"), **self._facts(name)}) for name in names}

    def _facts(self, name: str) -> dict[str, Fact]:
        node = self._nodes.get(name)
        origin = node.citation.file if node and node.citation else "node list"
        facts: dict[str, Fact | None] = {
            "az": Fact(node.az, origin) if node and node.az else None,
            "subnet": self._found[name][0] if name in self._found else None,
            "role": self._roles.get(name),
            "pool": Fact(node.pool, origin) if node and node.pool else None,
            "kernel": Fact(node.kernel, origin) if node and node.kernel else None,
            "pod-range": _pod_range(node, origin) if node else None,
        }
        return {kind: fact for kind, fact in facts.items() if fact is not None}

    def _assume(self, length: int) -> None:
        for name, addresses in self._addresses.items():
            if addresses:
                network = assumed_network(addresses[0].value, length)
                self._found[name] = Fact(str(network), f"assumed /{network.prefixlen}", inferred=True), network

    def assumed(self, places: Mapping[str, Place]) -> dict[int, dict[str, tuple[str, ...]]]:
        """What assumed prefix lengths would make of the replicas, where no subnet is known."""
        if any("subnet" in place.facts for place in places.values()):
            return {}
        nodes = {name: node for name, place in places.items() if (node := place.get("node"))}
        on = {node: self._addresses.get(node, ()) for node in nodes.values()}
        return {
            length: {
                subnet.name: tuple(r for r, node in nodes.items() if _lies_in(on[node], subnet.cidrs[0]))
                for subnet in subnets
            }
            for length, subnets in candidate_subnets(on).items()
        }

    def subnets(self) -> tuple[Subnet, ...]:
        """Subnets by name: all that were given, then those that annotations, interfaces or assumptions tell."""
        given: dict[str, list[str]] = {}
        for cidr, name in self._named.rows:
            given.setdefault(name, []).append(str(cidr))
        found = {name: Subnet(name, tuple(cidrs), self._named.origin) for name, cidrs in sorted(given.items())}
        for fact, network in self._found.values():
            if fact is not None:
                found.setdefault(fact.value, Subnet(fact.value, (str(network),), fact.origin))
        return tuple(found.values())

    def conflicts(self) -> list[str]:
        """Nodes with two addresses, addresses in two named subnets, and annotations that cut subnets otherwise."""
        found = []
        for node, addresses in self._addresses.items():
            firm = [a for a in addresses if not a.inferred and ":" not in a.value]
            if len({a.origin.partition(" ")[0] for a in firm}) > 1:  # InternalIP here, hostIP there
                found.append(f"node {node}: address " + " / ".join(f"{a.value} ({a.origin})" for a in firm))
            named = {a.value: hit[0] for a in addresses if (hit := self._named.name_of(a.value))}
            if len(set(named.values())) > 1:
                found.append(f"node {node}: subnet " + " / ".join(f"{name} ({ip})" for ip, name in named.items()))
            found += self._cut_otherwise(node, addresses)
        return list(dict.fromkeys(found))

    def _cut_otherwise(self, node: str, addresses: Sequence[Fact]) -> list[str]:
        named = self._found[node][1] if node in self._found else None
        told, origin = prefix_of(self._nodes.get(node), addresses, self._carried) or (named, "")
        fact = self._found[node][0] if node in self._found else None
        if fact is None or named is None or told is None or told == named or told.version != named.version:
            return []
        return [f"subnet {fact.value}: {named} ({self._named.origin}) / {told} ({origin})"]


def _replicas(pods: Sequence[Pod], logged: Sequence[str]) -> list[str]:
    """Replicas of logs, then CoreDNS pods of the lists; node caches only where logs of node caches were handed over."""
    layers = {pod.name: layer_of(pod) for pod in pods}
    wanted = {CLUSTER}
    if any((layers.get(name) or layer_of(Pod(name))) == NODE_LOCAL for name in logged):
        wanted.add(NODE_LOCAL)
    return list(dict.fromkeys([*logged, *(pod.name for pod in pods if layers[pod.name] in wanted)]))


def _carried(interfaces: Iterable[tuple[str, str]]) -> dict[str, tuple[Network, str]]:
    """Address → network of the interface that carries it, with its origin."""
    carried: dict[str, tuple[Network, str]] = {}
    for text, origin in interfaces:
        network = network_of(text)
        if network is not None and network.num_addresses > 2:
            carried.setdefault(text.partition("/")[0], (network, origin))
    return carried


def _pod_range(node: Node, origin: str) -> Fact | None:
    if node.pod_cidrs:
        return Fact(node.pod_cidrs[0], f"podCIDR in {origin}")
    annotated = pod_range(node)
    return Fact(annotated[0], f"annotation {annotated[1]}") if annotated else None


def _lies_in(addresses: Sequence[Fact], cidr: str) -> bool:
    network = network_of(cidr)
    return bool(addresses) and network is not None and ipaddress.ip_address(addresses[0].value) in network


def _contradicted(hints: Mapping[str, Fact], pods: Mapping[str, Pod]) -> list[str]:
    found = []
    for name, hint in hints.items():
        pod = pods.get(name)
        if pod and pod.node and pod.node != hint.value:
            file = pod.citation.file if pod.citation else "pod list"
            found.append(f"pod {name}: node {pod.node} ({file}) / {hint.value} ({hint.origin})")
    return found
