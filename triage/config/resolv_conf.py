"""A resolv.conf as miekg/dns reads it for `forward`: every nameserver line counts, `search` and `options` do not."""

from __future__ import annotations

import ipaddress

from triage.model.config import ResolvConf
from triage.model.observation import Citation

_MAX_LINES = 10_000


def read_resolv_conf(text: str, *, file: str, host: str | None, first_line: int = 1) -> ResolvConf:
    r"""Read a resolv.conf; duplicates stay, comments and what is no address are left out.

    >>> conf = read_resolv_conf("; x\nnameserver 10.0.0.2\nnameserver fe80::1%eth0 # y\nsearch a.example b.example\n",
    ...                         file="n1.resolv.conf", host="n1")
    >>> [address for address, _ in conf.nameservers], conf.search, conf.pod
    (['10.0.0.2', 'fe80::1'], ('a.example', 'b.example'), False)
    """
    nameservers: list[tuple[str, Citation]] = []
    search: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines()[:_MAX_LINES], first_line):
        words = line[:4000].split()
        if len(words) < 2:
            continue
        address = _address(words[1])
        if words[0] == "nameserver" and address:
            nameservers.append((address, Citation(file, number, line.strip()[:400])))
        elif words[0] in ("search", "domain"):
            search = tuple(words[1:]) if words[0] == "search" else (words[1],)
        elif words[0] == "options":
            options += tuple(words[1:])
    return ResolvConf(file, host, tuple(nameservers), search, options, _is_pods(search))


def _address(text: str) -> str | None:
    """An IP without its zone id (`%eth0`), which CoreDNS cuts since 1.11.3."""
    try:
        return str(ipaddress.ip_address(text.partition("%")[0]))
    except ValueError:
        return None


def _is_pods(search: tuple[str, ...]) -> bool:
    """The kubelet gives pods with `dnsPolicy: ClusterFirst` the search list `NAMESPACE.svc.ZONE svc.ZONE ZONE`."""
    first = search[0] if search else ""
    return ".svc." in first and first.partition(".")[2] in search[1:]
