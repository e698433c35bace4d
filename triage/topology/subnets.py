"""The subnet of a node: by name from `subnets.yaml`, else the network an annotation or interface names.

A pod's address never tells a node's subnet: overlay networks give pods addresses of their own.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from triage.model.place import Fact, Node, Subnet
from triage.topology.annotations import Network, network_of, networks

ASSUMED_LENGTHS = (24, 23, 22, 21, 20)
_ASSUMED_LENGTH_6 = 64


class NamedNetworks(Struct, frozen=True):
    """`subnets.yaml`, read: each network with its name, the longest prefix first."""

    rows: tuple[tuple[Network, str], ...]
    origin: str

    def name_of(self, address: str) -> tuple[str, Network] | None:
        """Name and network of the narrowest subnet that holds an address."""
        ip = ipaddress.ip_address(address)
        return next(((name, net) for net, name in self.rows if ip.version == net.version and ip in net), None)


def named_networks(subnets: Mapping[str, Sequence[str]], origin: str) -> tuple[NamedNetworks, tuple[str, ...]]:
    """Read `name: [CIDR, …]`; CIDRs that are none, and two names for one network, are told as conflicts."""
    rows: dict[Network, str] = {}
    wrong: list[str] = []
    for name, cidrs in subnets.items():
        for cidr in [cidrs] if isinstance(cidrs, str) else cidrs:
            network = network_of(str(cidr))
            if network is None:
                wrong.append(f"subnet {name}: {cidr} is no CIDR ({origin})")
            elif rows.setdefault(network, str(name)) != str(name):
                wrong.append(f"network {network}: subnet {rows[network]} / {name} ({origin})")
    ordered = sorted(rows.items(), key=lambda row: (-row[0].prefixlen, row[1], str(row[0])))
    return NamedNetworks(tuple(ordered), origin), tuple(wrong)


def subnet_of(
    node: Node | None, addresses: Sequence[Fact], named: NamedNetworks, interfaces: Mapping[str, tuple[Network, str]]
) -> tuple[Fact | None, Network | None]:
    """The subnet of a node with its network: a name if one is given, else the CIDR itself; None when nothing tells.

    `interfaces` maps an address to the network of the interface that carries it, with its origin.
    """
    for address in addresses:
        found = named.name_of(address.value)
        if found:
            name, network = found
            return Fact(name, f"{named.origin}, {address.origin}", address.inferred), network
    prefix = prefix_of(node, addresses, interfaces)
    return (Fact(str(prefix[0]), prefix[1]), prefix[0]) if prefix else (None, None)


def prefix_of(
    node: Node | None, addresses: Sequence[Fact], interfaces: Mapping[str, tuple[Network, str]]
) -> tuple[Network, str] | None:
    """The network of a node by an annotation, else by an interface that carries its address; with its origin."""
    known = [ipaddress.ip_address(a.value) for a in addresses]
    for network, key in networks(node) if node else ():
        if not known or any(ip.version == network.version and ip in network for ip in known):
            return network, f"annotation {key}"
    return next((interfaces[str(ip)] for ip in known if str(ip) in interfaces), None)


def candidate_subnets(addresses: Mapping[str, Sequence[Fact]]) -> Mapping[int, tuple[Subnet, ...]]:
    """Assumed prefix length → the networks it would cut the nodes into; lengths that give the same cut are left out.

    For use when no subnet is known at all, and only when the reader agrees: nothing in the evidence supports them.

    >>> nodes = {"n1": [Fact("10.8.0.11", "a")], "n2": [Fact("10.8.1.21", "a")], "n3": [Fact("10.8.1.22", "a")]}
    >>> {length: [s.name for s in subnets] for length, subnets in candidate_subnets(nodes).items()}
    {24: ['10.8.0.0/24', '10.8.1.0/24'], 23: ['10.8.0.0/23']}
    """
    offers: dict[int, tuple[Subnet, ...]] = {}
    seen: set[frozenset[frozenset[str]]] = set()
    for length in ASSUMED_LENGTHS:
        cut: dict[Network, set[str]] = {}
        for node, facts in addresses.items():
            if facts:
                cut.setdefault(assumed_network(facts[0].value, length), set()).add(node)
        parts = frozenset(frozenset(nodes) for nodes in cut.values())
        if cut and parts not in seen:
            seen.add(parts)
            offers[length] = tuple(Subnet(str(net), (str(net),), f"assumed /{net.prefixlen}") for net in _in_order(cut))
    return offers


def assumed_network(address: str, length: int) -> Network:
    """The network of an address under an assumed IPv4 prefix length (IPv6: /64)."""
    ip = ipaddress.ip_address(address)
    return ipaddress.ip_network(f"{ip}/{length if ip.version == 4 else _ASSUMED_LENGTH_6}", strict=False)


def _in_order(found: Iterable[Network]) -> list[Network]:
    return sorted(found, key=lambda net: (net.version, int(net.network_address)))
