"""The effective upstreams of each (replica, zone)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from triage.config.forward import MAX_UPSTREAMS
from triage.config.observed import Observed
from triage.config.resolvers import KUBELET_NAMESERVERS, Resolvers
from triage.config.targets import endpoint, is_file
from triage.config.visibility import cluster_zones, errors_visible, log_classes
from triage.config.zones import is_within
from triage.model.config import Configuration, Corefile, Forward, ResolvConf, ServerBlock, UpstreamList
from triage.model.endpoint import join
from triage.model.observation import Citation
from triage.model.place import Topology
from triage.model.scrape import Scrape
from triage.model.zones import longest

_NODE_CACHE_MARKS = ("__PILLAR__", "169.254.20.10", "169.254.25.10")


def configure(
    corefiles: Sequence[Corefile],
    resolv_confs: Sequence[ResolvConf],
    topology: Topology,
    *,
    scrapes: Sequence[Scrape] = (),
    seen: Iterable[tuple[str | None, str, str]] = (),
) -> Configuration:
    r"""Join Corefiles, resolv.conf files and places; where they do not tell, take what lines and counters show.

    `seen` are (replica, zone, upstream) of log lines. Lists from lines or counters have `known` False.

    >>> from triage.config import read_corefile, read_resolv_conf
    >>> corefile = read_corefile(". {\n forward . /etc/resolv.conf\n}", file="Corefile")
    >>> conf = read_resolv_conf("nameserver 10.0.0.2", file="resolv.conf", host=None)
    >>> [(u.replica, u.zone, u.upstreams, u.known) for u in configure([corefile], [conf], Topology()).upstreams]
    [(None, '.', ('10.0.0.2:53',), True)]
    """
    observed = Observed(seen, scrapes)
    resolvers = Resolvers(resolv_confs, topology)
    rows: dict[tuple[str | None, str], UpstreamList] = {}
    for corefile, replicas in _audiences(corefiles, topology):
        in_pod = bool(topology.pods) or any(block.has("kubernetes") for block in corefile.blocks)
        for row in _Lists(corefile, replicas, resolvers, observed, in_pod).rows():
            rows.setdefault((row.replica, row.zone), row)
    blocks = [block for corefile in _of_replicas(corefiles) for block in corefile.blocks]
    return Configuration(
        corefiles=tuple(corefiles),
        resolv_confs=tuple(resolv_confs),
        upstreams=(*rows.values(), *observed.without_list(tuple(rows.values()))),
        cluster_zones=cluster_zones(blocks) or Configuration().cluster_zones,
        errors_visible=errors_visible(blocks),
        query_log=bool(log_classes(blocks)) if blocks else None,
        query_log_classes=log_classes(blocks),
    )


def zone_finder(configuration: Configuration) -> Callable[[str], str]:
    """A function qname → the longest zone of forwards and server blocks that holds it; `.` for the rest."""
    zones = zones_served(configuration)
    return lru_cache(maxsize=1 << 14)(lambda qname: longest(qname, zones))


def zones_served(configuration: Configuration) -> frozenset[str]:
    """The zones of forwards and server blocks."""
    blocks = (block for corefile in configuration.corefiles for block in corefile.blocks)
    return frozenset({row.zone for row in configuration.upstreams} | {zone for block in blocks for zone in block.zones})


def zone_of(configuration: Configuration, qname: str) -> str:
    """The longest zone of forwards and server blocks that holds a name; for many names take `zone_finder` once."""
    return zone_finder(configuration)(qname)


class _Lists(Struct, frozen=True):
    """The lists of one Corefile."""

    corefile: Corefile
    replicas: tuple[str | None, ...]
    """For whom; None stands first, for the list that holds for all."""
    resolvers: Resolvers
    observed: Observed
    in_pod: bool

    def rows(self) -> Iterator[UpstreamList]:
        """Per zone one row for all, then one for each replica that differs from it or has a file of its own."""
        forwards = list(effective_forwards(self.corefile.blocks))
        fixed = {e for _, forward in forwards for target in forward.to if (e := endpoint(target, tls=forward.tls))}
        for zone, forward in forwards:
            general: UpstreamList | None = None
            for replica in self.replicas:
                row = self._row(replica, zone, forward, fixed)
                own = self._reads_file(forward) and self.resolvers.of_node(replica) is not None
                if general is None or own or (row.upstreams and row.upstreams != general.upstreams):
                    yield row
                general = general or row

    def _row(self, replica: str | None, zone: str, forward: Forward, fixed: set[str]) -> UpstreamList:
        row = self._configured(replica, zone, forward)
        elsewhere = fixed - set(row.upstreams)
        found = self.observed.of(replica, zone, elsewhere)
        strange = [u for u in found if u not in row.upstreams and u not in elsewhere]
        if row.known and not (strange and self._reads_file(forward)):
            return row
        # No file, or one that was changed after the pod began: then the replica still asks what its lines name.
        return replace(row, upstreams=found, known=False, citation=None) if found else row

    def _configured(self, replica: str | None, zone: str, forward: Forward) -> UpstreamList:
        """The list as configuration gives it; `known` is False when a target could not be followed."""
        upstreams: list[str] = []
        known, citation = bool(forward.to), forward.citation
        for target in forward.to:
            address = endpoint(target, tls=forward.tls)
            if address:
                upstreams.append(address)
                continue
            listed = self._listed(replica, target, zone) if is_file(target) else None
            known = known and listed is not None
            if listed:
                upstreams += [join(ip, "853" if forward.tls else "53") for ip, _ in listed]
                citation = listed[0][1]
        return UpstreamList(
            replica,
            zone,
            tuple(upstreams[:MAX_UPSTREAMS]),
            forward.policy,
            forward.max_concurrent,
            forward.tls,
            known,
            citation,
        )

    def _listed(self, replica: str | None, path: str, zone: str) -> tuple[tuple[str, Citation], ...] | None:
        """Nameservers of the file that a replica reads; None when nobody handed it over."""
        if not path.endswith("resolv.conf"):
            return None
        conf = self.resolvers.of_node(replica) or self.resolvers.shared
        if conf is None:
            return None
        cut = conf.nameservers[:KUBELET_NAMESERVERS]
        seen = self.observed.of(replica, zone)
        beyond = any(join(ip, "53") in seen for ip, _ in conf.nameservers[KUBELET_NAMESERVERS:])
        return cut if self.in_pod and not beyond else conf.nameservers

    def _reads_file(self, forward: Forward) -> bool:
        return any(is_file(target) for target in forward.to)


def effective_forwards(blocks: Sequence[ServerBlock]) -> Iterator[tuple[str, Forward]]:
    """Zone and the forward that serves it, for every zone of every block.

    Within a block the first forward whose FROM holds the name wins, whatever is longer (CoreDNS 1.9.4 and later).
    """
    for block in blocks:
        for block_zone in block.zones:
            before: list[Forward] = []
            for forward in block.forwards:
                zone = _narrower(block_zone, forward.zone)
                if zone is not None and not any(_takes(earlier, zone) for earlier in before):
                    yield zone, forward
                before.append(forward)


def _narrower(block_zone: str, source: str) -> str | None:
    """Names that reach a forward are in its block's zone and in its FROM."""
    if is_within(source, block_zone):
        return source
    return block_zone if is_within(block_zone, source) else None


def _takes(forward: Forward, zone: str) -> bool:
    return is_within(zone, forward.zone) and not any(is_within(zone, excluded) for excluded in forward.except_zones)


def _audiences(corefiles: Sequence[Corefile], topology: Topology) -> Iterator[tuple[Corefile, tuple[str | None, ...]]]:
    """Each Corefile with the replicas that read it; a node cache's Corefile is not that of the cluster's replicas."""
    caches = tuple(name for name, place in topology.places.items() if place.layer == "node-local")
    others = tuple(name for name in topology.places if name not in caches)
    only = len(corefiles) == len([c for c in corefiles if is_node_cache(c)])
    for corefile in corefiles:
        if not is_node_cache(corefile):
            yield corefile, (None, *others)
        elif only:
            yield corefile, (None, *topology.places)
        elif caches:
            yield corefile, caches


def _of_replicas(corefiles: Sequence[Corefile]) -> Sequence[Corefile]:
    """The Corefiles of cluster replicas; those of node caches only when there are no others."""
    return [c for c in corefiles if not is_node_cache(c)] or corefiles


def is_node_cache(corefile: Corefile) -> bool:
    """True for the Corefile of NodeLocal DNSCache: it binds the link-local address or has its template's marks."""
    words = (word for b in corefile.blocks for d in b.directives if d.name in ("bind", "forward") for word in d.args)
    return any(mark in word for word in words for mark in _NODE_CACHE_MARKS)
