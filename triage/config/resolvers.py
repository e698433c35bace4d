"""Which resolv.conf a replica reads: that of its node, as the kubelet copies it into the pod."""

from __future__ import annotations

from collections.abc import Sequence

from triage.model.config import ResolvConf
from triage.model.place import Topology

KUBELET_NAMESERVERS = 3
"""The kubelet copies no more nameservers into a pod (event `DNSConfigForming` when it cuts)."""


class Resolvers:
    """All resolv.conf files of nodes that were handed over."""

    def __init__(self, confs: Sequence[ResolvConf], topology: Topology) -> None:
        self._topology = topology
        usable = [conf for conf in confs if not conf.pod]
        self._by_host = {conf.host: conf for conf in usable if conf.host is not None}
        contents = {_content(conf) for conf in usable}
        self.shared = usable[0] if len(contents) == 1 else None
        """The file that holds for every node without one of its own: no other file says anything else."""

    def of_node(self, replica: str | None) -> ResolvConf | None:
        """The file of a replica's node, whose file name may give the node in full, without domain, or by address."""
        place = self._topology.places.get(replica) if replica else None
        name = place.get("node") if place else None
        if name is None or name in self._by_host:
            return self._by_host.get(name) if name else None
        node = self._topology.node(name)
        for address in node.internal_ips if node else ():
            if address in self._by_host:
                return self._by_host[address]
        files = [conf for host, conf in self._by_host.items() if _short(host) == _short(name)]
        names = {n.name for n in self._topology.nodes if _short(n.name) == _short(name)} | {name}
        return files[0] if len(files) == 1 and len(names) == 1 else None


def _content(conf: ResolvConf) -> tuple[str, ...]:
    return tuple(address for address, _ in conf.nameservers)


def _short(host: str) -> str:
    """The first label of a host name; addresses stay whole."""
    return host if host.replace(".", "").isdecimal() or ":" in host else host.partition(".")[0]
