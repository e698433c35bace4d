"""`ip:port` as text, the one form in which servers are named everywhere."""

from __future__ import annotations


def join(address: str, port: str = "53") -> str:
    """Address and port, IPv6 in brackets.

    >>> join("10.0.0.2"), join("fd00::2", "853")
    ('10.0.0.2:53', '[fd00::2]:853')
    """
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def split(endpoint: str) -> tuple[str, str]:
    """Address without brackets, and port, of what `join` makes.

    >>> split("10.0.0.2:53"), split("[fd00::2]:853")
    (('10.0.0.2', '53'), ('fd00::2', '853'))
    """
    host, _, port = endpoint.rpartition(":")
    return host.strip("[]"), port
