"""Addresses behind which CoreDNS itself answers: an upstream among them is a loop."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from functools import lru_cache

from triage.analysis.inputs import Inputs
from triage.model.endpoint import split

CLOUD_RESOLVERS = frozenset({"169.254.169.253", "169.254.169.254"})
"""Link-local addresses of the clouds' own resolvers."""


def own_addresses(inputs: Inputs) -> frozenset[str]:
    """Addresses of CoreDNS' pods, of the DNS Service as pods list it, and the defaults of distributions."""
    pods = {p.pod_ip for p in inputs.topology.pods if p.pod_ip and p.name in inputs.topology.places}
    services = {address for conf in inputs.configuration.resolv_confs if conf.pod for address, _ in conf.nameservers}
    usual = inputs.rulebook.parameters.get("addresses", {})
    defaults = usual.get("dns_service", []) if isinstance(usual, Mapping) else []
    return frozenset(pods | services | {str(d) for d in defaults})


def host_of(upstream: str) -> str:
    """The address of an `ip:port`.

    >>> host_of("[::1]:53"), host_of("10.0.0.1:53")
    ('::1', '10.0.0.1')
    """
    return split(upstream)[0].split("%")[0]


@lru_cache(maxsize=4096)
def asks_itself(upstream: str, local: str | None, own: frozenset[str]) -> bool:
    """Does a query to this upstream come back to CoreDNS: loopback, link-local, or its own address, on port 53?

    >>> asks_itself("127.0.0.53:53", None, frozenset()), asks_itself("127.0.0.1:5300", None, frozenset())
    (True, False)
    """
    host, port = host_of(upstream), split(upstream)[1]
    if port != "53":
        return False
    return host == local or is_kind(host, "own", own)


def is_kind(host: str, what: str, own: frozenset[str] = frozenset()) -> bool:
    """Is an address `loopback`, `link-local`, `own` (CoreDNS itself, loopback included), `public`, `private`, `ipv6`?

    >>> is_kind("127.0.0.53", "own"), is_kind("8.8.8.8", "public")
    (True, True)
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    link_local = address.is_link_local and address.version == 4 and host not in CLOUD_RESOLVERS
    return {
        "own": address.is_loopback or link_local or host in own,
        "loopback": address.is_loopback,
        "link-local": address.is_link_local,
        "public": address.is_global,
        "private": address.is_private and not address.is_loopback,
        "ipv6": address.version == 6,
    }[what]
