"""What leaves: redacted bundles, parcels for tickets and chats."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from triage.model.bundle import Bundle
from triage.model.config import Corefile
from triage.model.report import Report
from triage.model.text import Catalogue, Text
from triage.pipeline.reader import Reader, load_bundle

if TYPE_CHECKING:
    from triage.deliver import Parcel
    from triage.redact import Mode, Pseudonyms


_COMMENT = 6_000
"""Characters of a comment on a ticket: that has a whole report already."""
_ATTACHED = (("html", "text/html"), ("json", "application/json"))
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

    def comment(name: str) -> str:
        return replace(RENDERERS[name], limit=_COMMENT)(visible, catalogue, Style())

    return parcel_of(
        report,
        source=source,
        title=sentences.verdict(visible, Words(catalogue)),
        form=form,
        comment=comment,
        files=lambda stem: tuple(File(f"{stem}.{name}", kind, form(name).encode()) for name, kind in _ATTACHED),
        say=lambda key, **params: catalogue.say(Text(key, params)),
        cluster=cluster,
    )


def redact_bundle(bundle: Bundle, mode: Mode, pseudonyms: Pseudonyms | None = None) -> Bundle:
    """The bundle with names and addresses replaced; its own lists tell which names are nodes, pods and zones."""
    from triage import redact

    reader = Reader(bundle, None)
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


def save_redacted(raw: Path, folder: Path, mode: Mode, pseudonyms: Pseudonyms) -> None:
    """A redacted copy of a collected bundle in a new folder; its manifest tells the mode."""
    from triage.sources.live.folder import copy_bundle

    copy_bundle(redact_bundle(load_bundle([str(raw)], None), mode, pseudonyms), folder)


_KINDS = {"pod": "pods", "node": "nodes"}


def _single_zones(corefile: Corefile) -> set[str]:
    """Zones of one label, which look like any word of a Corefile."""
    zones = {zone.strip(".") for b in corefile.blocks for zone in (*b.zones, *(f.zone for f in b.forwards))}
    return {zone for zone in zones if "." not in zone} - {d.name for b in corefile.blocks for d in b.directives}
