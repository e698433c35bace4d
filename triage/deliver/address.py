"""Which address of a host may be connected to: looked up once, checked, and then nothing else is connected to."""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias
from urllib.parse import SplitResult, urlsplit

from triage.errors import DeliveryError, TriageError

Resolve: TypeAlias = Callable[[str, int], list[str]]
"""Host and port to addresses; raises OSError."""

_NAT64 = IPv6Network("64:ff9b::/96")
_IN_CLUSTER = (".svc", ".cluster.local")


def web(place: str, what: str) -> SplitResult:
    """The parts of a https address that somebody gave as a target."""
    try:
        parts = urlsplit(place)
        good = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good or not place.isascii() or not place.isprintable() or " " in place:
        raise TriageError(
            "'{place}' is no address of {what}", hint="write it as https://HOST/…", place=_head(place), what=what
        )
    if parts.scheme != "https":
        raise TriageError("'{place}' is not encrypted", hint="only https is used for sending", place=_head(place))
    if "@" in parts.netloc:
        raise TriageError(
            "the address holds a user name or password", hint="secrets come from the environment or from files only"
        )
    return parts


def _head(place: str) -> str:
    """An address without what may be secret in it: user, path and query.

    >>> _head("http://me:pw@hooks.example.com/services/s3cret"), _head("NET-1")
    ('http://hooks.example.com/…', 'NET-1')
    """
    scheme, mark, rest = place.partition("://")
    host, slash, _ = rest.rpartition("@")[2].partition("/") if "@" in rest.partition("/")[0] else rest.partition("/")
    return f"{scheme}{mark}{host}{'/…' if slash else ''}"


def look_up(host: str, port: int) -> list[str]:
    """All addresses of a host, in the order in which the system would try them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(row[4][0]) for row in found))


def checked(host: str, port: int, allowed: Collection[str], resolve: Resolve) -> list[str]:
    """The addresses of a host, each allowed to be connected to.

    Raises DeliveryError when one of them is not public and the host was not allowed by name.
    """
    host = host.lower().rstrip(".")
    try:
        addresses = resolve(host, port)
    except (OSError, UnicodeError) as error:
        raise DeliveryError(
            "the name {host} cannot be resolved: {why}",
            hint="send again when names resolve, or from a machine with another resolver",
            host=host,
            why=error,
        ) from error
    if host in allowed:
        return addresses
    inside = host.endswith(_IN_CLUSTER) or not all(is_public(address) for address in addresses)
    if inside:
        raise DeliveryError(
            "{host} is at {addresses}: not a public address, so nothing was sent",
            hint="add --allow-host {host} if the report may go there",
            host=host,
            addresses=", ".join(addresses),
        )
    return addresses


def is_public(address: str) -> bool:
    """Is this address reachable for everybody; of one that carries another inside, both.

    >>> [is_public(a) for a in ("93.184.215.14", "10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1", "64:ff9b::a00:1")]
    [True, False, False, False, False]
    """
    ip = ip_address(address.partition("%")[0])
    return all(_global(part) for part in (ip, *_inside(ip)))


def _global(ip: IPv4Address | IPv6Address) -> bool:
    return ip.is_global and not ip.is_multicast and not ip.is_unspecified


def _inside(ip: IPv4Address | IPv6Address) -> list[IPv4Address]:
    """IPv4 addresses that an IPv6 address leads to."""
    if isinstance(ip, IPv4Address):
        return []
    found = [ip.ipv4_mapped, ip.sixtofour, ip.teredo[1] if ip.teredo else None]
    found += [IPv4Address(int(ip) & 0xFFFFFFFF)] if ip in _NAT64 else []
    return [part for part in found if part is not None]
