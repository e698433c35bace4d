"""Which servers are asked without the proxy of the environment, as Go programs decide it."""

from __future__ import annotations

import ipaddress


def is_direct(host: str, port: int | None, excluded: str) -> bool:
    """True for ourselves, and for what NO_PROXY names: addresses, networks, names with all below them, `*`.

    >>> [is_direct(host, 6443, "10.0.0.0/8, example.com,.b:6443") for host in ("10.1.2.3", "a.example.com", "a.b")]
    [True, True, True]
    >>> [is_direct(host, 6443, "10.0.0.0/8,x.corp:443") for host in ("11.1.2.3", "x.corp", "localhost", "::1")]
    [False, False, True, True]
    """
    host = host.lower().rstrip(".")
    address = _address(host)
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    return any(_names(entry.strip().lower(), host, port, address) for entry in excluded.split(","))


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None


def _names(entry: str, host: str, port: int | None, address: object) -> bool:
    if entry == "*":
        return True
    if address is not None and "/" in entry:
        try:
            return address in ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
    if _address(entry) is None:
        name, _, wanted = entry.partition(":") if not entry.startswith("[") else entry.partition("]:")
        if wanted and wanted != str(port):
            return False
        entry = name
    found = _address(entry)
    if found is not None or address is not None:
        return found == address
    suffix = entry.removeprefix("*").lstrip(".")
    return bool(suffix) and (host == suffix or host.endswith(f".{suffix}"))
