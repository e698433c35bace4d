"""Lines and records of a bundle, without a judgement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from triage.model.bundle import Bundle, Kind
from triage.model.config import Configuration
from triage.model.entry import EntryRow
from triage.model.observation import Meaning, Observations
from triage.model.place import Place, Topology
from triage.pipeline.reader import Reader
from triage.pipeline.rules import load_messages

if TYPE_CHECKING:
    from triage.reading import Listed


Read = tuple[Observations, Topology, Configuration]


def observe(bundle: Bundle, *, subnets: Mapping[str, Sequence[str]] | None = None) -> Read:
    """What the logs of a bundle say, where its replicas run, and whom they ask."""
    return Reader(bundle, subnets).observe(None, None)


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

    topology = Reader(bundle, subnets)._topology([d.replica for d in bundle.of(Kind.LOG) if d.replica])
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
