"""Zone names as CoreDNS normalises them."""

from __future__ import annotations

import ipaddress


def zones_of(text: str) -> tuple[str, ...]:
    """A zone as a Corefile writes it → lower case with trailing dot; a CIDR → its reverse zones.

    >>> zones_of("Example.ORG"), zones_of(""), zones_of("10.1.4.0/23")
    (('example.org.',), ('.',), ('4.1.10.in-addr.arpa.', '5.1.10.in-addr.arpa.'))
    """
    if "/" in text:
        try:
            return _reverse(ipaddress.ip_network(text, strict=False))
        except ValueError:
            pass
    name = text.lower().strip()
    return (name if name.endswith(".") else f"{name}.",)


def is_within(name: str, zone: str) -> bool:
    """True when a name (lower case, trailing dot) is the zone or below it."""
    return zone == "." or name == zone or name.endswith(f".{zone}")


def _reverse(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> tuple[str, ...]:
    """The reverse zones that cover a network: one per octet (IPv6: nibble) above its prefix."""
    step = 8 if network.version == 4 else 4
    length = -(-network.prefixlen // step) * step
    parts = length // step
    found = []
    for part in network.subnets(new_prefix=length):
        labels = part.network_address.reverse_pointer.split(".")
        found.append(".".join([*labels[len(labels) - 2 - parts : -2], *labels[-2:]]) + ".")
    return tuple(found)
