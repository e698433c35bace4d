"""Node annotations that tell an address of the node with its prefix length, or the node's pod range."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator

from triage.model.late import late
from triage.model.place import Node

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

ADDRESS_ANNOTATIONS = (
    "projectcalico.org/IPv4Address",  # "10.0.0.7/24"
    "projectcalico.org/IPv6Address",
    "k8s.ovn.org/node-primary-ifaddr",  # {"ipv4":"10.0.0.7/24"}
    "k8s.ovn.org/host-cidrs",  # ["10.0.0.7/24"]
    "k8s.ovn.org/l3-gateway-config",  # {"default":{"ip-addresses":["10.0.0.7/24"], …}}
    "cloud.network.openshift.io/egress-ipconfig",  # [{"ifaddr":{"ipv4":"10.0.0.0/17"}, …}]
    "node.antrea.io/transport-addresses",
    "flannel.alpha.coreos.com/public-ip",  # mostly without a prefix, then it tells nothing
    "io.cilium.network.ipv4-node-range",
)
"""In this order; the first that holds an address of the node counts."""

POD_RANGE_ANNOTATIONS = (
    "io.cilium.network.ipv4-pod-cidr",
    "network.cilium.io/ipv4-pod-cidr",
    "kube-router.io/pod-cidr",
    "k8s.ovn.org/node-subnets",
)

_PREFIX = late(r"[0-9a-fA-F:.]{2,45}/\d{1,3}")
_MAX_VALUE = 20_000


def networks(node: Node) -> Iterator[tuple[Network, str]]:
    """Networks that annotations of a node name, with the annotation's key.

    Prefixes of a single address (`/32`) say nothing about a subnet and are left out.

    >>> node = Node("kube-a1", annotations={"k8s.ovn.org/host-cidrs": '["10.8.0.11/22"]'})
    >>> [(str(network), key) for network, key in networks(node)]
    [('10.8.0.0/22', 'k8s.ovn.org/host-cidrs')]
    """
    for key in ADDRESS_ANNOTATIONS:
        for text in _PREFIX.findall(_value(node, key)):
            network = network_of(text)
            if network is not None and network.num_addresses > 2:
                yield network, key


def pod_range(node: Node) -> tuple[str, str] | None:
    """The node's pod range as CIDR, with the annotation's key; None when no annotation tells."""
    for key in POD_RANGE_ANNOTATIONS:
        for text in _PREFIX.findall(_value(node, key)):
            network = network_of(text)
            if network is not None:
                return str(network), key
    return None


def network_of(text: str) -> Network | None:
    """`a.b.c.d/len` (or an IPv6 one) → its network; None when it is none."""
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None


def _value(node: Node, key: str) -> str:
    """An annotation's text; of OVN's gateway configuration only the default network, without its next hops."""
    value = node.annotations.get(key, "")[:_MAX_VALUE]
    if key != "k8s.ovn.org/l3-gateway-config":
        return value
    try:
        default = json.loads(value)["default"]
        return str(default.get("ip-addresses") or default.get("ip-address"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ""
