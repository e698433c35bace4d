"""Wires the stages: the only module that knows them all."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypedDict

from triage.errors import NoEvidenceError
from triage.model.bundle import Bundle, Document, Kind
from triage.model.collection import Collected, Login, Progress, Schedule, Wish
from triage.model.config import ConfigMap, Configuration, Corefile, Edit, ResolvConf
from triage.model.entry import EntryRow
from triage.model.message import Message
from triage.model.observation import Ledger, Meaning, Observations, Stream
from triage.model.past import Difference
from triage.model.place import Event, Node, Place, Pod, Topology
from triage.model.report import Coverage, FileCoverage, Hypothesis, Report, Window
from triage.model.rule import Rulebook
from triage.model.scrape import Scrape
from triage.model.text import Catalogue, Text
from triage.model.tool import InterfaceAddress, ToolResult

if TYPE_CHECKING:
    from triage.analysis import Inputs
    from triage.deliver import Parcel
    from triage.reading import Listed, Watch, Workers
    from triage.redact import Mode, Pseudonyms
    from triage.sources.live.reads import Reader
    from triage.sources.live.rights import Verdict


def load_bundle(paths: Sequence[str], stdin: BinaryIO | None) -> Bundle:
    """Evidence of these paths; `-` is standard input."""
    from triage import sources

    return sources.load(paths, stdin=stdin)


def load_rulebook(folder: Path | None) -> Rulebook:
    """The rules that came with the program, with those of `folder` over them."""
    from triage import rulebook
    from triage.analysis import MEASURES, PLACEHOLDERS

    measures = {name: arguments for name, (_, arguments) in MEASURES.items()}
    return rulebook.load(rulebook.rules_folder(), overlay=folder, measures=measures, names=PLACEHOLDERS)


def load_messages() -> tuple[Message, ...]:
    """What CoreDNS and the programs around it can say."""
    from triage.rulebook import rules_folder
    from triage.rulebook.messages import load_messages as load

    return load(rules_folder() / "messages")


def catalogue(rulebook: Rulebook, lang: str) -> Catalogue:
    """Texts in a language; what it lacks is said in English."""
    english = Catalogue("en", rulebook.texts["en"])
    return english if lang == "en" or lang not in rulebook.texts else Catalogue(lang, rulebook.texts[lang], english)


def phrases(lang: str) -> Mapping[str, str]:
    """What the program says on stderr in a language, by the English sentence."""
    from triage.rulebook import rules_folder
    from triage.rulebook.phrases import load_phrases

    return load_phrases(rules_folder(), lang)


def print_script() -> str:
    """The POSIX script that saves an evidence folder where nothing can be installed."""
    from triage.sources.kubectl_script import script

    return script()


def connect(login: Login, concurrency: int) -> Reader:
    """A way to read the cluster that these flags mean; asks it nothing yet."""
    if login.via == "api":
        from triage.sources import cluster

        return cluster.connect(login, concurrency)
    from triage.sources import kubectl

    return kubectl.connect(login)


def collect(reader: Reader, wish: Wish, folder: Path, *, tool: str, started: str, progress: Progress) -> Collected:
    """Save what can be had from a cluster into a folder, which is a bundle; Ctrl-C ends it with what there is."""
    from triage.sources.live.collect import collect as run

    return run(reader, wish, folder, tool=tool, started=started, progress=progress, stopped=threading.Event())


def context_names(kubeconfig: str | None, environ: Mapping[str, str]) -> Sequence[str]:
    """Contexts of the kubeconfigs that a login would use."""
    from triage.sources.kubeconfig import kubeconfigs, merged

    config = merged(kubeconfigs(Login(kubeconfig), environ)).value
    return [str(context.value["name"]) for context in config.get("contexts") or ()]


def namespace_names(login: Login) -> Sequence[str]:
    """Namespaces of a cluster, in one request."""
    from triage.sources.live.plain import name_of
    from triage.sources.live.reads import list_items

    items = list_items(connect(login, 1), ("api", "v1", "namespaces"), threading.Event())
    return [name_of(item) for item in items]


def rights_manifests(namespaces: Sequence[str], *, metrics: bool, account: str | None) -> str:
    """The least rights that a collection needs, as YAML to apply."""
    from triage.sources.live.rights import manifests

    return manifests(namespaces, metrics=metrics, account=account)


def cronjob_manifests(wish: Schedule) -> str:
    """A CronJob with all that it needs, as YAML to apply."""
    from triage.sources.live.cronjob import manifests

    return manifests(wish)


def verify_rights(reader: Reader, namespaces: Sequence[str], *, metrics: bool) -> Sequence[Verdict]:
    """Which of these rights we have.

    Raises NoEvidenceError when the API server does not answer that.
    """
    from triage.sources.live.reads import Fault
    from triage.sources.live.rights import verify

    try:
        return list(verify(reader, namespaces, metrics=metrics))
    except Fault as fault:
        raise NoEvidenceError(
            "the API server does not answer: {why}",
            hint="check --context, network and proxy; or try --request-timeout 2m, or --via kubectl",
            why=fault,
        ) from fault


def check_script(hypotheses: Sequence[Hypothesis], rulebook: Rulebook) -> str:
    """The POSIX script that runs the next checks of these hypotheses of a stored report."""
    from triage.analysis import refill
    from triage.render.check_script import render_check_script

    return render_check_script(hypotheses, rulebook, refill)


_ATTACHED = (("json", "application/json"),)
"""Forms that go along as files, with their media types."""


def parcel(
    report: Report, catalogue: Catalogue, *, source: str, cluster: str | None, shown: Report | None = None
) -> Parcel:
    """A report, ready to be sent as `shown`: with names replaced; what tells it from others is taken before.

    `source` is the text that it was stored as, whose digest tells one report from another.
    """
    from triage.deliver.parcel import File, parcel_of
    from triage.render import RENDERERS, Style, sentences
    from triage.render.words import Words

    visible = report if shown is None else shown

    def form(name: str) -> str:
        return RENDERERS[name](visible, catalogue, Style())

    return parcel_of(
        report,
        source=source,
        title=sentences.verdict(visible, Words(catalogue)),
        form=form,
        comment=form,
        files=lambda stem: tuple(File(f"{stem}.{name}", kind, form(name).encode()) for name, kind in _ATTACHED),
        say=lambda key, **params: catalogue.say(Text(key, params)),
        cluster=cluster,
    )


def analyze(
    bundle: Bundle,
    rulebook: Rulebook,
    *,
    now_ns: int,
    since_ns: int | None = None,
    until_ns: int | None = None,
    asked: str | None = None,
    subnets: Mapping[str, Sequence[str]] | None = None,
    workers: Workers | None = None,
    watch: Watch | None = None,
) -> Report:
    """The report on a bundle. Large logs are counted by `workers`, else by threads; `watch` may end that early.

    Raises NoEvidenceError when no document is evidence of any kind.
    """
    from triage import analysis
    from triage.redact import redact_report

    span = {"since_ns": since_ns, "until_ns": until_ns}
    inputs = analysis_inputs(bundle, rulebook, now_ns=now_ns, **span, subnets=subnets, workers=workers, watch=watch)
    files = file_coverage(bundle, inputs.observations)
    report = analysis.analyze(
        inputs, files=files, tool=_tool(rulebook), cluster=dict(bundle.context) or None, asked=asked
    )
    return redact_report(report, "none", evidence=bundle.redaction)


def analysis_inputs(
    bundle: Bundle,
    rulebook: Rulebook,
    *,
    now_ns: int,
    since_ns: int | None = None,
    until_ns: int | None = None,
    subnets: Mapping[str, Sequence[str]] | None = None,
    workers: Workers | None = None,
    watch: Watch | None = None,
) -> Inputs:
    """Everything that the analysis works on, read from a bundle.

    Raises NoEvidenceError when no document is evidence of any kind.
    """
    from triage.analysis import Inputs

    if not bundle.of(*(k for k in Kind if k not in {Kind.IGNORED, Kind.PROSE})):
        raise NoEvidenceError(
            "nothing here is evidence of any kind",
            hint="hand over CoreDNS logs (kubectl logs --timestamps), or what `triage collect --print-script` saves",
        )
    reader = _Reader(bundle, subnets)
    observations, topology, configuration = reader.observe(since_ns, until_ns, workers, watch)
    return Inputs(
        observations,
        configuration,
        topology,
        rulebook,
        reader.zone_finder(configuration),
        reader.scrapes,
        reader.tools,
        bundle.gaps,
        now_ns,
    )


def redact_bundle(bundle: Bundle, mode: Mode, pseudonyms: Pseudonyms | None = None) -> Bundle:
    """The bundle with names and addresses replaced; its own lists tell which names are nodes, pods and zones."""
    from triage import redact

    reader = _Reader(bundle, None)
    entities = {
        *((pod.name, "pods") for pod in reader.pods),
        *((pod.namespace or "", "namespaces") for pod in reader.pods),
        *((pod.node or "", "nodes") for pod in reader.pods),
        *((node.name, "nodes") for node in reader.nodes),
        *((node.labels.get("kubernetes.io/hostname", ""), "nodes") for node in reader.nodes),
        *((place or "", "places") for node in reader.nodes for place in (node.az, node.pool)),
        *((name, "places") for name in reader.subnets),
        *((event.object_name or "", _KINDS.get(event.object_kind or "", "objects")) for event in reader.events),
    }
    zones = {zone for corefile in reader.corefiles for zone in _single_zones(corefile)}
    searched = {name for conf in reader.resolv_confs for name in conf.search if "." not in name.strip(".")}
    words = {word.strip(".") for word in zones | searched} - {""}
    return redact.redact_bundle(bundle, mode, pseudonyms, entities=sorted(entities), words=words)


def compare(old: Report, new: Report) -> tuple[Difference, ...]:
    """What is new in a report, changed its place, is still there, or is gone."""
    from triage import history

    return history.compare(history.findings_of(old), history.findings_of(new))


def save_redacted(raw: Path, folder: Path, mode: Mode, pseudonyms: Pseudonyms) -> None:
    """A redacted copy of a collected bundle in a new folder; its manifest tells the mode."""
    from triage.sources.live.folder import copy_bundle

    copy_bundle(redact_bundle(load_bundle([str(raw)], None), mode, pseudonyms), folder)


_KINDS = {"pod": "pods", "node": "nodes"}


def _single_zones(corefile: Corefile) -> set[str]:
    """Zones of one label, which look like any word of a Corefile."""
    zones = {zone.strip(".") for b in corefile.blocks for zone in (*b.zones, *(f.zone for f in b.forwards))}
    return {zone for zone in zones if "." not in zone} - {d.name for b in corefile.blocks for d in b.directives}


def no_evidence_report(bundle: Bundle, rulebook: Rulebook, *, now_ns: int) -> Report:
    """A valid report that says what was looked at and that nothing of it was evidence."""
    files = file_coverage(bundle, Observations())
    return Report(now_ns, _tool(rulebook), None, Window(), None, (), Coverage((), files), bundle.gaps, 0.0)


Read = tuple[Observations, Topology, Configuration]


def observe(bundle: Bundle, *, subnets: Mapping[str, Sequence[str]] | None = None) -> Read:
    """What the logs of a bundle say, where its replicas run, and whom they ask."""
    return _Reader(bundle, subnets).observe(None, None)


def entries(
    bundle: Bundle,
    *,
    since_ns: int | None = None,
    until_ns: int | None = None,
    subnets: Mapping[str, Sequence[str]] | None = None,
) -> Iterator[EntryRow]:
    """Every line that was read as a log line, one by one and not kept, in the order of files and lines."""
    from triage import reading
    from triage.parsing.query_log import parse_query
    from triage.parsing.recognise import Recogniser
    from triage.topology import replica_addresses

    topology = _Reader(bundle, subnets)._topology([d.replica for d in bundle.of(Kind.LOG) if d.replica])
    recogniser = Recogniser(load_messages(), remember=8192)
    lines = reading.listing(
        bundle.documents,
        recognise=recogniser,
        parse_query=parse_query,
        replica_of_address=replica_addresses(topology),
        since_ns=since_ns,
        until_ns=until_ns,
        limits=reading.Limits(memo=8192),
    )
    for line in lines:
        meaning = recogniser.of_query(line.query) if line.query is not None else line.meaning
        assert meaning is not None
        yield _entry_row(line, meaning, topology.places.get(line.replica or ""))


def _entry_row(line: Listed, meaning: Meaning, place: Place | None) -> EntryRow:
    from triage.redact.secrets import hide
    from triage.render.clean import clean

    def said(text: str | None) -> str | None:
        return clean(text) if text else None

    return EntryRow(
        file=clean(line.file),
        line=line.number,
        replica=said(line.replica),
        node=said(place.get("node")) if place else None,
        subnet=said(place.get("subnet")) if place else None,
        az=said(place.get("az")) if place else None,
        at_ns=line.at_ns,
        level=said(meaning.level),
        plugin=said(meaning.plugin),
        message_id=meaning.message_id,
        cause=meaning.label,
        failure_kind=meaning.kind.value if meaning.kind else None,
        upstream=said(meaning.upstream),
        local_addr=said(meaning.local_addr),
        qname=said(meaning.qname),
        qtype=said(meaning.qtype),
        rcode=said(meaning.rcode) if meaning.rcode != "-" else None,
        weight=meaning.weight * line.times,
        text=clean(hide(line.text)),
    )


def kernel_name() -> str:
    """Which scan runs: `native` or `python`."""
    from triage import reading

    return reading.kernel_name()


def _tool(rulebook: Rulebook) -> Mapping[str, str]:
    try:
        ours = version("coredns-triage")
    except PackageNotFoundError:
        ours = "0+unknown"
    return {"version": ours, "rules": rulebook.version, "kernel": kernel_name()}


def file_coverage(bundle: Bundle, observations: Observations) -> tuple[FileCoverage, ...]:
    """One row a document: its kind, and for logs what became of its lines."""
    ledger = {row.document: row for row in observations.ledger}
    return tuple(_file_row(document, ledger.get(document.name), observations) for document in bundle.documents)


def _file_row(document: Document, row: Ledger | None, observations: Observations) -> FileCoverage:
    why = Text(document.why_ignored) if document.why_ignored else None
    if row is None:
        lines = None if document.kind in {Kind.IGNORED, Kind.LOG} else _newlines(document.text())
        return FileCoverage(document.name, document.kind.value, why_ignored=why, file_lines=lines)
    learnt = {n for s in observations.streams if s.file == document.file for n in s.notes if n in _OF_STREAMS}
    return FileCoverage(
        document.name,
        document.kind.value,
        framing=row.framing,
        lines=row.lines,
        understood=row.understood,
        unknown_samples=row.unknown_samples,
        skipped=row.skipped,
        notes=tuple(Text(n) for n in sorted({*row.notes, *learnt})),
        first_ns=row.first_ns,
        last_ns=row.last_ns,
        file_lines=row.file_lines,
        blank=row.blank,
    )


_OF_STREAMS = frozenset({"note.replica-from-address", "note.merged-replicas-unknown", "note.several-starts"})
"""What only a look at all documents tells."""


def _newlines(text: str) -> int:
    return text.count("\n") + (not text.endswith("\n") and bool(text))


class _Reader:
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
    ) -> tuple[Observations, Topology, Configuration]:
        """Read the logs; places and configuration are made again once the replicas that log are known."""
        from triage import reading
        from triage.config.upstreams import zones_served
        from triage.parsing.query_log import parse_query
        from triage.parsing.recognise import Recogniser
        from triage.topology import replica_addresses

        named = [d.replica for d in self.bundle.of(Kind.LOG) if d.replica]
        topology = self._topology(named)
        configuration = self._configuration(topology, ())
        observations = reading.read(
            self.bundle.documents,
            recognise=Recogniser(load_messages()),
            parse_query=parse_query,
            zones=zones_served(configuration),
            replica_of_address=replica_addresses(topology),
            since_ns=since_ns,
            until_ns=until_ns,
            workers=workers,
            watch=watch,
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
        from triage.config.corefile import read_corefile
        from triage.parsing import kubectl_text, objects

        pods: list[Pod] = []
        nodes: list[Node] = []
        events: list[Event] = []
        maps: list[tuple[Document, ConfigMap]] = []
        plain: list[Document] = []
        for d in self.bundle.of(Kind.PODS, Kind.NODES, Kind.EVENTS, Kind.COREFILE, Kind.OBJECTS):
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
