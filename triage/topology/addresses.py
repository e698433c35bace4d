"""Addresses of nodes: from node lists, from pods on the host network, from names that are addresses."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence

from triage.model.late import late
from triage.model.place import Fact, Node, Pod

# Pods that always share their node's network: static pods of the control plane and the agents of the network itself.
_HOST_NETWORK = late(
    r"(?:kube-(?:apiserver|controller-manager|scheduler|proxy|flannel-ds|router)|etcd|calico-node|canal|cilium"
    r"|aws-node|weave-net|kindnet|rke2-canal|antrea-agent|node-local-dns|nodelocaldns)-[a-z0-9.-]{1,200}"
)
_NOT_HOST_NETWORK = late(r"(?:cilium-(?:operator|envoy-?|test)|etcd-operator).*")
_AWS_NAME = late(r"ip-(\d{1,3})-(\d{1,3})-(\d{1,3})-(\d{1,3})(?:\..*)?")


def node_addresses(nodes: Sequence[Node], pods: Sequence[Pod]) -> Mapping[str, tuple[Fact, ...]]:
    """Addresses of every node that a list names or a pod runs on, the most trustworthy first.

    >>> pods = [Pod("kube-proxy-x", node="n1", pod_ip="10.8.0.11"), Pod("coredns-a", node="n1", pod_ip="10.9.1.4")]
    >>> {name: [f.value for f in facts] for name, facts in node_addresses([Node("10.8.0.12")], pods).items()}
    {'10.8.0.12': ['10.8.0.12'], 'n1': ['10.8.0.11']}
    """
    found: dict[str, list[Fact]] = {node.name: _listed(node) for node in nodes}
    for pod in pods:
        if pod.node:
            found.setdefault(pod.node, []).extend(_told_by(pod))
    for node, facts in found.items():
        facts += _told_by_name(node)
    return {node: _distinct(facts) for node, facts in found.items()}


def _listed(node: Node) -> list[Fact]:
    origin = f"InternalIP in {node.citation.file}" if node.citation else "InternalIP"
    return [Fact(ip, origin) for ip in (node.internal_ips or ((node.internal_ip,) if node.internal_ip else ()))]


def _told_by(pod: Pod) -> list[Fact]:
    if pod.host_ip:
        return [Fact(pod.host_ip, f"hostIP of pod {pod.name}")]
    by_name = bool(_HOST_NETWORK.fullmatch(pod.name)) and not _NOT_HOST_NETWORK.fullmatch(pod.name)
    if pod.pod_ip and (pod.host_network or (by_name and pod.host_network is None)):
        return [Fact(pod.pod_ip, f"address of the host-network pod {pod.name}", inferred=not pod.host_network)]
    return []


def _told_by_name(node: str) -> list[Fact]:
    """Nodes named by their address, and AWS' `ip-10-0-0-7.…`."""
    match = _AWS_NAME.fullmatch(node)
    text = ".".join(match.groups()) if match else node
    try:
        return [Fact(str(ipaddress.ip_address(text)), "name of the node", inferred=bool(match))]
    except ValueError:
        return []


def _distinct(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    first: dict[str, Fact] = {}
    for fact in facts:
        first.setdefault(fact.value, fact)
    return tuple(first.values())
