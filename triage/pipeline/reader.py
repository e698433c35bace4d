"""Turns documents into records; each kind by the stage that knows it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, BinaryIO, TypedDict

from msgspec.structs import replace

from triage.model.bundle import Bundle, Document, Kind
from triage.model.config import ConfigMap, Configuration, Corefile, Edit, ResolvConf
from triage.model.observation import Observations, Stream
from triage.model.place import Event, Node, Pod, Topology
from triage.model.scrape import Scrape
from triage.model.tool import InterfaceAddress, ToolResult
from triage.pipeline.rules import messages

if TYPE_CHECKING:
    from triage.reading import Watch, Workers


def load_bundle(paths: Sequence[str], stdin: BinaryIO | None) -> Bundle:
    """Evidence of these paths; `-` is standard input."""
    from triage.sources.load import load

    return load(paths, stdin=stdin)


class Reader:
    """Turns documents into records; each kind by the stage that knows it."""

    def __init__(self, bundle: Bundle, subnets: Mapping[str, Sequence[str]] | None) -> None:
        self.bundle = bundle
        self.subnets = dict(subnets or {}) or _named_subnets(bundle)
        self.pods, self.nodes, self.events, self.corefiles, self.edits = self._objects()
        self.resolv_confs = tuple(self._resolv_confs())
        self.scrapes = tuple(self._scrapes())
        self.tools = tuple(self._tools())

    def observe(
        self,
        since_ns: int | None,
        until_ns: int | None,
        workers: Workers | None = None,
        watch: Watch | None = None,
        meanwhile: Callable[[], object] | None = None,
    ) -> tuple[Observations, Topology, Configuration]:
        """Read the logs; places and configuration are made again once the replicas that log are known.

        `meanwhile` is called while large logs are counted, if any are.
        """
        from triage import reading
        from triage.config.upstreams import zones_served
        from triage.parsing.query_log import parse_query
        from triage.parsing.recognise import Recogniser
        from triage.topology import replica_addresses

        named = [d.replica for d in self.bundle.of(Kind.LOG) if d.replica]
        topology = self._topology(named)
        configuration = self._configuration(topology, ())
        recogniser = Recogniser(messages())

        def ready() -> None:
            _ = recogniser.lookup
            if meanwhile is not None:
                meanwhile()

        observations = reading.read(
            self.bundle.documents,
            recognise=recogniser,
            parse_query=parse_query,
            zones=zones_served(configuration),
            replica_of_address=replica_addresses(topology),
            since_ns=since_ns,
            until_ns=until_ns,
            workers=workers,
            watch=watch,
            meanwhile=ready,
        )
        observations = replace(observations, streams=(*observations.streams, *self._silent(observations)))
        logged = sorted({*named, *(s.replica for s in observations.streams if s.replica)})
        topology = self._topology(logged)
        zone_of = self.zone_finder(configuration)
        seen = {
            (e.line.replica, zone_of(e.meaning.qname) if e.meaning.qname else ".", e.meaning.upstream)
            for e in observations.entries
            if e.meaning.upstream and e.meaning.plugin != "kubernetes"
        }
        return observations, topology, self._configuration(topology, sorted(seen, key=str))

    def _silent(self, observations: Observations) -> Iterator[Stream]:
        """Logs that were read and hold no line: a replica that is silent is not one that was not read."""
        told = {s.file for s in observations.streams}
        for d in self.bundle.of(Kind.LOG):
            if d.replica and d.file not in told:
                yield Stream(d.file, "plain", d.replica, 0, 0, 0, (), None, None, previous=d.previous)

    @staticmethod
    def zone_finder(configuration: Configuration):  # type: ignore[no-untyped-def]  # noqa: ANN205
        """Query name to the zone that serves it."""
        from triage.config.upstreams import zone_finder

        return zone_finder(configuration)

    def _topology(self, replicas: Sequence[str]) -> Topology:
        from triage import topology

        hints = [(d.replica, d.hints["node"], d.name) for d in self.bundle.documents if d.replica and "node" in d.hints]
        interfaces = [(t.address, t.citation.file) for t in self.tools if isinstance(t, InterfaceAddress)]
        return topology.build(
            self.pods,
            self.nodes,
            self.events,
            subnets=self.subnets,
            replicas=replicas,
            hints=hints,
            interfaces=interfaces,
        )

    def _configuration(self, topology: Topology, seen: Iterable[tuple[str | None, str, str]]) -> Configuration:
        from triage.config.upstreams import configure

        found = configure(self.corefiles, self.resolv_confs, topology, scrapes=self.scrapes, seen=seen)
        return replace(found, edits=self.edits)

    def _objects(
        self,
    ) -> tuple[tuple[Pod, ...], tuple[Node, ...], tuple[Event, ...], tuple[Corefile, ...], tuple[Edit, ...]]:
        documents = self.bundle.of(Kind.PODS, Kind.NODES, Kind.EVENTS, Kind.COREFILE, Kind.OBJECTS)
        if not documents:
            return (), (), (), (), ()
        from triage.config.corefile import read_corefile
        from triage.parsing import kubectl_text, objects

        pods: list[Pod] = []
        nodes: list[Node] = []
        events: list[Event] = []
        maps: list[tuple[Document, ConfigMap]] = []
        plain: list[Document] = []
        for d in documents:
            text = d.text()
            if d.data is not None:
                found = objects.read_objects(d.data, file=d.file, text=text, first_line=d.first_line)
                pods += found.pods
                nodes += found.nodes
                events += found.events
                maps += [(d, m) for m in found.configmaps]
                continue
            where = _Where(file=d.file, first_line=d.first_line)
            pods += kubectl_text.read_pods(text, **where) if d.kind is Kind.PODS else ()
            nodes += kubectl_text.read_nodes(text, **where) if d.kind is Kind.NODES else ()
            if d.kind is Kind.EVENTS or d.hints.get("form") == "describe":
                events += kubectl_text.read_events(text, **where)
            mine = kubectl_text.read_configmaps(text, **where) if d.kind is Kind.COREFILE else ()
            maps += [(d, m) for m in mine]
            if d.kind is Kind.COREFILE and not mine:
                plain.append(d)
        imports = {key: value for _, m in maps for key, value in m.data.items() if key != "Corefile"}
        corefiles = [
            read_corefile(m.data["Corefile"], imports=imports, **_place_of(d, m))
            for d, m in maps
            if "Corefile" in m.data
        ]
        corefiles += [read_corefile(d.text(), file=d.file, first_line=d.first_line, imports=imports) for d in plain]
        edits = [
            Edit(m.name, manager, at_ns, m.citation)
            for _, m in maps
            if "Corefile" in m.data or "coredns" in m.name
            for manager, at_ns in m.changes
        ]
        return tuple(pods), tuple(nodes), tuple(events), tuple(corefiles), tuple(edits)

    def _resolv_confs(self) -> Iterator[ResolvConf]:
        from triage.config.resolv_conf import read_resolv_conf

        for d in self.bundle.of(Kind.RESOLV_CONF):
            yield read_resolv_conf(d.text(), file=d.file, host=d.host, first_line=d.first_line)

    def _scrapes(self) -> Iterator[Scrape]:
        for d in self.bundle.of(Kind.SCRAPE):
            from triage.parsing.scrape import read_scrape

            yield read_scrape(d.text(), file=d.file, replica=d.replica)

    def _tools(self) -> Iterator[ToolResult]:
        for d in self.bundle.of(Kind.TOOL):
            from triage.parsing.tools import read_tool

            yield from read_tool(d.text(), command=d.command, host=d.host, file=d.file, first_line=d.first_line)


class _Where(TypedDict):
    """Where a text stands."""

    file: str
    first_line: int


def _place_of(document: Document, configmap: ConfigMap) -> _Where:
    """Where the Corefile of a ConfigMap stands; written in one line (JSON), it is a file of its own."""
    first_line = configmap.first_lines.get("Corefile")
    if first_line is None:
        return _Where(file=f"{document.file}/Corefile", first_line=1)
    return _Where(file=document.file, first_line=first_line)


def _named_subnets(bundle: Bundle) -> dict[str, Sequence[str]]:
    found: dict[str, Sequence[str]] = {}
    for d in bundle.of(Kind.SUBNETS):
        if isinstance(d.data, Mapping):
            for name, cidrs in d.data.items():
                found[str(name)] = [str(c) for c in cidrs] if isinstance(cidrs, list) else [str(cidrs)]
    return found
