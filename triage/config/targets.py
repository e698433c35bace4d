"""Targets of a forward → `ip:port`, the only spelling of upstreams in this program."""

from __future__ import annotations

import ipaddress

from triage.config.plugins import DEFAULT_PORTS
from triage.model.endpoint import join


def endpoint(target: str, *, tls: bool = False) -> str | None:
    """`ip:port` of a target that is an address or a URL of one; None for files, host names and placeholders.

    >>> [endpoint(t) for t in ("10.0.0.2", "10.0.0.2:5353", "2001:db8::1", "[2001:db8::1]:5353", "/etc/resolv.conf")]
    ['10.0.0.2:53', '10.0.0.2:5353', '[2001:db8::1]:53', '[2001:db8::1]:5353', None]
    >>> [endpoint(t) for t in ("tls://9.9.9.9", "tls://9.9.9.9%dns.example:8853", "https://10.0.0.2/dns-query")]
    ['9.9.9.9:853', '9.9.9.9:8853', '10.0.0.2:443']
    """
    scheme, mark, rest = target.partition("://")
    if not mark:
        scheme, rest = "tls" if tls else "dns", target
    elif scheme == "https":
        rest = rest.partition("/")[0]
    host, port = _split(rest)
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return join(str(address), port or DEFAULT_PORTS.get(scheme, "53"))


def is_file(target: str) -> bool:
    """True for a target that CoreDNS opens as a file with nameserver lines."""
    return "://" not in target and "/" in target


def _split(text: str) -> tuple[str, str | None]:
    """Host and port, if a port stands there."""
    if text.startswith("["):
        host, _, tail = text[1:].partition("]")
        return host, tail[1:] if tail.startswith(":") and tail[1:].isdecimal() else None
    host, colon, port = text.rpartition(":")
    if colon and port.isdecimal() and (":" not in host or "%" in host):
        return host, port
    return text, None
