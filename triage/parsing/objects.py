"""Kubernetes objects as plain data (JSON or YAML, one object or lists) → pods, nodes, events, ConfigMaps.

An object that is not shaped as its kind demands is left out and counted (`Objects.skipped`); nothing here raises.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, field

from triage.model.config import ConfigMap
from triage.model.observation import Citation
from triage.model.place import Event, Node, Pod, Termination
from triage.parsing.labels import az_of, pool_of, roles_of
from triage.parsing.plain import (
    MalformedError,
    as_addresses,
    as_dict,
    as_int,
    as_list,
    as_strings,
    as_text,
    mapping,
    name_of,
    time_ns,
)

_DNS_CONTAINERS = ("coredns", "dns", "node-cache")
_MAX_DEPTH = 6


class Objects(Struct, frozen=True):
    """What a document of Kubernetes objects holds."""

    pods: tuple[Pod, ...] = ()
    nodes: tuple[Node, ...] = ()
    events: tuple[Event, ...] = ()
    configmaps: tuple[ConfigMap, ...] = ()
    others: Mapping[str, int] = field(default_factory=dict)
    """Objects of kinds that nothing here reads, by kind."""
    skipped: int = 0
    """Items that could not be read at all."""


def read_objects(data: object, *, file: str, text: str | None = None, first_line: int = 1) -> Objects:
    """Read every object in `data`; `text` is the document's own text and gives citations their line.

    `first_line` is the line of the file at which the text begins.

    >>> pod = {"kind": "Pod", "metadata": {"name": "coredns-5f-q2w"}, "spec": {"nodeName": "kube-a1"}, "status": 7}
    >>> items = [pod, {"kind": "Pod"}, {"kind": "Service", "metadata": {}}]
    >>> found = read_objects({"kind": "List", "items": items}, file="pods.json")
    >>> [p.node for p in found.pods], dict(found.others), found.skipped
    (['kube-a1'], {'Service': 1}, 1)
    """
    cite = _Citer(file, text, first_line)
    readers = {"Pod": _pod, "Node": _node, "Event": _event, "ConfigMap": _configmap}
    found: dict[str, list[object]] = {kind: [] for kind in readers}
    others: dict[str, int] = {}
    skipped = 0
    for kind, item in _items(data, None, 0):
        if kind not in readers:
            others[kind] = others.get(kind, 0) + 1
            continue
        try:
            found[kind].append(readers[kind](mapping(item), cite))
        except MalformedError:
            skipped += 1
    return Objects(
        tuple(o for o in found["Pod"] if isinstance(o, Pod)),
        tuple(o for o in found["Node"] if isinstance(o, Node)),
        tuple(o for o in found["Event"] if isinstance(o, Event)),
        tuple(o for o in found["ConfigMap"] if isinstance(o, ConfigMap)),
        others,
        skipped,
    )


def pods_of(data: object, *, file: str, text: str | None = None) -> tuple[Pod, ...]:
    """The pods in `data`."""
    return read_objects(data, file=file, text=text).pods


def nodes_of(data: object, *, file: str, text: str | None = None) -> tuple[Node, ...]:
    """The nodes in `data`."""
    return read_objects(data, file=file, text=text).nodes


def events_of(data: object, *, file: str, text: str | None = None) -> tuple[Event, ...]:
    """The events in `data` (core/v1 and events.k8s.io/v1)."""
    return read_objects(data, file=file, text=text).events


def configmaps_of(data: object, *, file: str, text: str | None = None) -> tuple[ConfigMap, ...]:
    """The ConfigMaps in `data`."""
    return read_objects(data, file=file, text=text).configmaps


class _Citer:
    """Finds the line of the text that names an object."""

    def __init__(self, file: str, text: str | None, first_line: int) -> None:
        self.file, self.first = file, first_line
        self.lines = text.splitlines() if text else []
        self._named: dict[str, int] = {}
        for number, line in enumerate(self.lines, first_line):
            key, colon, value = line.strip().lstrip("- ").partition(":")
            if colon and key.strip("\"'") == "name":
                self._named.setdefault(value.strip().strip("\"',"), number)

    def cite(self, name: str) -> Citation:
        """The line `name: NAME`; the first line of the file when the text is not laid out in lines."""
        number = self._named.get(name)
        text = self.lines[number - self.first].strip()[:400] if number else name
        return Citation(self.file, number or self.first, text)

    def blocks(self, keys: Sequence[str]) -> dict[str, int]:
        """Key to the line after `key: |`, for keys that stand in the text once as block scalars."""
        begin: dict[str, list[int]] = {}
        for number, line in enumerate(self.lines, self.first):
            key, colon, value = line.strip().partition(":")
            if colon and value.strip()[:1] in ("|", ">"):
                begin.setdefault(key.strip("\"'"), []).append(number + 1)
        return {key: begin[key][0] for key in keys if len(begin.get(key, ())) == 1}


def _items(data: object, kind: str | None, depth: int) -> Iterator[tuple[str, object]]:
    """Every object with its kind: lists, lists of lists, `items` with or without a kind of their own."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(data, list):
        for item in data:
            yield from _items(item, kind, depth + 1)
        return
    if not isinstance(data, Mapping):
        yield kind or "?", data
        return
    own = data.get("kind") if isinstance(data.get("kind"), str) else None
    if "items" in data and (own is None or own.endswith("List")):
        of = own.removesuffix("List") if own and own != "List" else kind
        yield from _items(data["items"] or [], of or None, depth + 1)
    else:
        yield own or kind or _guessed(data), data


def _guessed(data: Mapping[str, object]) -> str:
    """Kind of an object that does not tell it, as in a list that was cut by a query language."""
    spec, status = as_dict(data.get("spec")), as_dict(data.get("status"))
    if "nodeName" in spec or "containers" in spec or "podIP" in status:
        return "Pod"
    if "addresses" in status or "nodeInfo" in status:
        return "Node"
    if "involvedObject" in data or "regarding" in data:
        return "Event"
    return "ConfigMap" if isinstance(data.get("data"), Mapping) else "?"


def _pod(item: Mapping[str, object], cite: _Citer) -> Pod:
    meta, spec, status = as_dict(item.get("metadata")), as_dict(item.get("spec")), as_dict(item.get("status"))
    name = name_of(meta)
    listed = [as_text(as_dict(entry).get("ip")) for entry in as_list(status.get("podIPs"))]
    addresses = as_addresses([as_text(status.get("podIP")), *listed])
    containers = [as_dict(c) for c in as_list(status.get("containerStatuses"))]
    restarts = [n for c in containers if (n := as_int(c.get("restartCount"))) is not None]
    ready = [c.get("ready") for c in containers if isinstance(c.get("ready"), bool)]
    owners = [as_dict(o) for o in as_list(meta.get("ownerReferences"))]
    host_network = spec.get("hostNetwork")
    return Pod(
        name=name,
        namespace=as_text(meta.get("namespace")),
        node=as_text(spec.get("nodeName")),
        pod_ip=addresses[0] if addresses else None,
        host_ip=next(iter(as_addresses([as_text(status.get("hostIP"))])), None),
        status=_status(meta, status, containers),
        ready=all(ready) if ready else None,
        restarts=sum(restarts) if restarts else None,
        started_ns=time_ns(status.get("startTime")),
        last_termination=_termination(_dns_first(containers)),
        running_since_ns=_running_since(_dns_first(containers)),
        labels=as_strings(meta.get("labels")),
        owner=f"{as_text(owners[0].get('kind'))}/{as_text(owners[0].get('name'))}" if owners else None,
        image=_image(spec),
        host_network=host_network if isinstance(host_network, bool) else None,
        citation=cite.cite(name),
        pod_ips=addresses,
    )


def _status(
    meta: Mapping[str, object], status: Mapping[str, object], containers: Sequence[Mapping[str, object]]
) -> str | None:
    """The word in kubectl's STATUS column."""
    word = as_text(status.get("reason")) or as_text(status.get("phase"))
    for container in containers:
        state = as_dict(container.get("state"))
        for key in ("waiting", "terminated"):
            word = as_text(as_dict(state.get(key)).get("reason")) or word
    return "Terminating" if meta.get("deletionTimestamp") else word


def _dns_first(containers: Sequence[Mapping[str, object]]) -> Sequence[Mapping[str, object]]:
    return sorted(containers, key=lambda c: c.get("name") not in _DNS_CONTAINERS)


def _termination(containers: Sequence[Mapping[str, object]]) -> Termination | None:
    for container in containers:
        for key in ("lastState", "state"):
            ended = as_dict(as_dict(container.get(key)).get("terminated"))
            if ended:
                return Termination(
                    as_text(ended.get("reason")) or "", as_int(ended.get("exitCode")), time_ns(ended.get("finishedAt"))
                )
    return None


def _running_since(containers: Sequence[Mapping[str, object]]) -> int | None:
    states = [as_dict(as_dict(c.get("state")).get("running")) for c in containers[:1]]
    return time_ns(states[0].get("startedAt")) if states else None


def _image(spec: Mapping[str, object]) -> str | None:
    images = [as_text(c.get("image")) for c in _dns_first([as_dict(c) for c in as_list(spec.get("containers"))])]
    return images[0] if images else None


def _node(item: Mapping[str, object], cite: _Citer) -> Node:
    meta, spec, status = as_dict(item.get("metadata")), as_dict(item.get("spec")), as_dict(item.get("status"))
    name, labels = name_of(meta), as_strings(meta.get("labels"))
    told = [as_dict(a) for a in as_list(status.get("addresses"))]
    addresses = as_addresses([as_text(a.get("address")) for a in told if a.get("type") == "InternalIP"])
    info = as_dict(status.get("nodeInfo"))
    cidrs = [as_text(c) for c in as_list(spec.get("podCIDRs"))] or [as_text(spec.get("podCIDR"))]
    conditions = [as_dict(c) for c in as_list(status.get("conditions"))]
    ready = next((c.get("status") for c in conditions if c.get("type") == "Ready"), None)
    return Node(
        name=name,
        internal_ip=addresses[0] if addresses else None,
        roles=roles_of(labels),
        az=az_of(labels),
        pool=pool_of(labels),
        kernel=as_text(info.get("kernelVersion")),
        ready=ready == "True" if ready is not None else None,
        labels=labels,
        annotations=as_strings(meta.get("annotations")),
        pod_cidrs=tuple(c for c in cidrs if c),
        version=as_text(info.get("kubeletVersion")),
        citation=cite.cite(name),
        internal_ips=addresses,
        roles_told=isinstance(meta.get("labels"), Mapping),
    )


def _event(item: Mapping[str, object], cite: _Citer) -> Event:
    regarding = as_dict(item.get("involvedObject")) or as_dict(item.get("regarding"))
    reason = as_text(item.get("reason"))
    if reason is None:
        raise MalformedError
    series = as_dict(item.get("series"))
    times = (
        item.get("lastTimestamp"),
        series.get("lastObservedTime"),
        item.get("deprecatedLastTimestamp"),
        item.get("eventTime"),
    )
    counts = (item.get("count"), series.get("count"), item.get("deprecatedCount"))
    kind = as_text(regarding.get("kind"))
    return Event(
        reason=reason,
        message=(as_text(item.get("message")) or as_text(item.get("note")) or "").strip(),
        type=as_text(item.get("type")),
        object_kind=kind.lower() if kind else None,
        object_name=as_text(regarding.get("name")),
        last_ns=next((ns for t in times if (ns := time_ns(t)) is not None), None),
        count=next((n for c in counts if (n := as_int(c)) is not None), 1),
        citation=cite.cite(as_text(as_dict(item.get("metadata")).get("name")) or reason),
    )


def _configmap(item: Mapping[str, object], cite: _Citer) -> ConfigMap:
    meta = as_dict(item.get("metadata"))
    data = as_strings(item.get("data"))
    fields = [as_dict(f) for f in as_list(meta.get("managedFields"))]
    changes = [(as_text(f.get("manager")) or "?", ns) for f in fields if (ns := time_ns(f.get("time"))) is not None]
    return ConfigMap(
        name=name_of(meta),
        namespace=as_text(meta.get("namespace")),
        data=data,
        citation=cite.cite(name_of(meta)),
        first_lines=cite.blocks(tuple(data)),
        changes=tuple(sorted(changes, key=lambda change: -change[1])),
    )
