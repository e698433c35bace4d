"""Addresses as Go prints them, brought into one form."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from triage.model.endpoint import join


def split_port(text: str) -> tuple[str, str | None]:
    """Host and port of `host:port` or `[host]:port`; port None when there is none.

    >>> split_port("[fd00::a]:53"), split_port("10.0.0.2:53"), split_port("fd00::a"), split_port(":53")
    (('fd00::a', '53'), ('10.0.0.2', '53'), ('fd00::a', None), ('', '53'))
    """
    if text.startswith("["):
        host, _, tail = text[1:].partition("]")
        return host, tail[1:] if tail.startswith(":") and tail[1:].isdecimal() else None
    host, colon, port = text.rpartition(":")
    if colon and ":" not in host and port.isdecimal():
        return host, port
    return text, None


@lru_cache(maxsize=4096)
def ip_of(text: str) -> str | None:
    """The IP address of `ip`, `ip:port` or `[ip]:port` in its short form; None for names and masked addresses.

    >>> ip_of("10.244.0.5:40112"), ip_of("[fd00:0::A]:53"), ip_of("X.X.X.X:53"), ip_of("<redacted>:53")
    ('10.244.0.5', 'fd00::a', None, None)
    """
    host, _ = split_port(text)
    if len(host) > 80 or not host.isascii():
        return None
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None


def endpoint_of(text: str) -> str | None:
    """`ip:port`, IPv6 in brackets; None for a name, a masked address or a missing port.

    >>> endpoint_of("10.9.9.9:53"), endpoint_of("[FD00::0A]:853")
    ('10.9.9.9:53', '[fd00::a]:853')
    >>> endpoint_of("dns.example.org:53"), endpoint_of("x.x.x.x:53")
    (None, None)
    """
    ip, (_, port) = ip_of(text), split_port(text)
    if ip is None or port is None:
        return None
    return join(ip, port)
