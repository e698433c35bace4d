"""Kubernetes objects as plain data (JSON or YAML, one object or lists) → pods, nodes, events, ConfigMaps.

An object that is not shaped as its kind demands is left out and counted (`Objects.skipped`); nothing here raises.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from triage.model.config import ConfigMap
from triage.model.observation import Citation
from triage.model.place import Event, Node, Pod, Termination
from triage.parsing.labels import az_of, pool_of, roles_of

_DNS_CONTAINERS = ("coredns", "dns", "node-cache")
_MAX_DEPTH = 6


@dataclass(frozen=True, slots=True)
class Objects:
    """What a document of Kubernetes objects holds."""

    pods: tuple[Pod, ...] = ()
    nodes: tuple[Node, ...] = ()
    events: tuple[Event, ...] = ()
    configmaps: tuple[ConfigMap, ...] = ()
    others: Mapping[str, int] = field(default_factory=dict)
    """Objects of kinds that nothing here reads, by kind."""
    skipped: int = 0
    """Items that could not be read at all."""


class _MalformedError(Exception):
    """An object lacks what makes it one of its kind."""


def read_objects(data: object, *, file: str, text: str | None = None) -> Objects:
    """Read every object in `data`; `text` is the document's own text and gives citations their line.

    >>> pod = {"kind": "Pod", "metadata": {"name": "coredns-5f-q2w"}, "spec": {"nodeName": "kube-a1"}, "status": 7}
    >>> items = [pod, {"kind": "Pod"}, {"kind": "Service", "metadata": {}}]
    >>> found = read_objects({"kind": "List", "items": items}, file="pods.json")
    >>> [p.node for p in found.pods], dict(found.others), found.skipped
    (['kube-a1'], {'Service': 1}, 1)
    """
    cite = _Citer(file, text)
    readers = {"Pod": _pod, "Node": _node, "Event": _event, "ConfigMap": _configmap}
    found: dict[str, list[object]] = {kind: [] for kind in readers}
    others: dict[str, int] = {}
    skipped = 0
    for kind, item in _items(data, None, 0):
        if kind not in readers:
            others[kind] = others.get(kind, 0) + 1
            continue
        try:
            found[kind].append(readers[kind](_mapping(item), cite))
        except _MalformedError:
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

    def __init__(self, file: str, text: str | None) -> None:
        self.file = file
        self.lines = text.splitlines() if text else []
        self._named: dict[str, int] = {}
        for number, line in enumerate(self.lines, 1):
            key, colon, value = line.strip().lstrip("- ").partition(":")
            if colon and key.strip("\"'") == "name":
                self._named.setdefault(value.strip().strip("\"',"), number)

    def cite(self, name: str) -> Citation:
        """The line `name: NAME`; the first line of the file when the text is not laid out in lines."""
        number = self._named.get(name)
        return Citation(self.file, number or 1, self.lines[number - 1].strip()[:400] if number else name)

    def blocks(self, keys: Sequence[str]) -> dict[str, int]:
        """Key to the line after `key: |`, for keys that stand in the text once as block scalars."""
        begin: dict[str, list[int]] = {}
        for number, line in enumerate(self.lines, 1):
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
    spec, status = _dict(data.get("spec")), _dict(data.get("status"))
    if "nodeName" in spec or "containers" in spec or "podIP" in status:
        return "Pod"
    if "addresses" in status or "nodeInfo" in status:
        return "Node"
    if "involvedObject" in data or "regarding" in data:
        return "Event"
    return "ConfigMap" if isinstance(data.get("data"), Mapping) else "?"


def _pod(item: Mapping[str, object], cite: _Citer) -> Pod:
    meta, spec, status = _dict(item.get("metadata")), _dict(item.get("spec")), _dict(item.get("status"))
    name = _name(meta)
    listed = [_text(_dict(entry).get("ip")) for entry in _list(status.get("podIPs"))]
    addresses = _addresses([_text(status.get("podIP")), *listed])
    containers = [_dict(c) for c in _list(status.get("containerStatuses"))]
    restarts = [n for c in containers if (n := _int(c.get("restartCount"))) is not None]
    ready = [c.get("ready") for c in containers if isinstance(c.get("ready"), bool)]
    owners = [_dict(o) for o in _list(meta.get("ownerReferences"))]
    host_network = spec.get("hostNetwork")
    return Pod(
        name=name,
        namespace=_text(meta.get("namespace")),
        node=_text(spec.get("nodeName")),
        pod_ip=addresses[0] if addresses else None,
        host_ip=next(iter(_addresses([_text(status.get("hostIP"))])), None),
        status=_status(meta, status, containers),
        ready=all(ready) if ready else None,
        restarts=sum(restarts) if restarts else None,
        started_ns=time_ns(status.get("startTime")),
        last_termination=_termination(_dns_first(containers)),
        labels=_strings(meta.get("labels")),
        owner=f"{_text(owners[0].get('kind'))}/{_text(owners[0].get('name'))}" if owners else None,
        image=_image(spec),
        host_network=host_network if isinstance(host_network, bool) else None,
        citation=cite.cite(name),
        pod_ips=addresses,
    )


def _status(
    meta: Mapping[str, object], status: Mapping[str, object], containers: Sequence[Mapping[str, object]]
) -> str | None:
    """The word in kubectl's STATUS column."""
    word = _text(status.get("reason")) or _text(status.get("phase"))
    for container in containers:
        state = _dict(container.get("state"))
        for key in ("waiting", "terminated"):
            word = _text(_dict(state.get(key)).get("reason")) or word
    return "Terminating" if meta.get("deletionTimestamp") else word


def _dns_first(containers: Sequence[Mapping[str, object]]) -> Sequence[Mapping[str, object]]:
    return sorted(containers, key=lambda c: c.get("name") not in _DNS_CONTAINERS)


def _termination(containers: Sequence[Mapping[str, object]]) -> Termination | None:
    for container in containers:
        for key in ("lastState", "state"):
            ended = _dict(_dict(container.get(key)).get("terminated"))
            if ended:
                return Termination(
                    _text(ended.get("reason")) or "", _int(ended.get("exitCode")), time_ns(ended.get("finishedAt"))
                )
    return None


def _image(spec: Mapping[str, object]) -> str | None:
    images = [_text(c.get("image")) for c in _dns_first([_dict(c) for c in _list(spec.get("containers"))])]
    return images[0] if images else None


def _node(item: Mapping[str, object], cite: _Citer) -> Node:
    meta, spec, status = _dict(item.get("metadata")), _dict(item.get("spec")), _dict(item.get("status"))
    name, labels = _name(meta), _strings(meta.get("labels"))
    told = [_dict(a) for a in _list(status.get("addresses"))]
    addresses = _addresses([_text(a.get("address")) for a in told if a.get("type") == "InternalIP"])
    info = _dict(status.get("nodeInfo"))
    cidrs = [_text(c) for c in _list(spec.get("podCIDRs"))] or [_text(spec.get("podCIDR"))]
    conditions = [_dict(c) for c in _list(status.get("conditions"))]
    ready = next((c.get("status") for c in conditions if c.get("type") == "Ready"), None)
    return Node(
        name=name,
        internal_ip=addresses[0] if addresses else None,
        roles=roles_of(labels),
        az=az_of(labels),
        pool=pool_of(labels),
        kernel=_text(info.get("kernelVersion")),
        ready=ready == "True" if ready is not None else None,
        labels=labels,
        annotations=_strings(meta.get("annotations")),
        pod_cidrs=tuple(c for c in cidrs if c),
        version=_text(info.get("kubeletVersion")),
        citation=cite.cite(name),
        internal_ips=addresses,
        roles_told=isinstance(meta.get("labels"), Mapping),
    )


def _event(item: Mapping[str, object], cite: _Citer) -> Event:
    regarding = _dict(item.get("involvedObject")) or _dict(item.get("regarding"))
    reason = _text(item.get("reason"))
    if reason is None:
        raise _MalformedError
    series = _dict(item.get("series"))
    times = (
        item.get("lastTimestamp"),
        series.get("lastObservedTime"),
        item.get("deprecatedLastTimestamp"),
        item.get("eventTime"),
    )
    counts = (item.get("count"), series.get("count"), item.get("deprecatedCount"))
    kind = _text(regarding.get("kind"))
    return Event(
        reason=reason,
        message=(_text(item.get("message")) or _text(item.get("note")) or "").strip(),
        type=_text(item.get("type")),
        object_kind=kind.lower() if kind else None,
        object_name=_text(regarding.get("name")),
        last_ns=next((ns for t in times if (ns := time_ns(t)) is not None), None),
        count=next((n for c in counts if (n := _int(c)) is not None), 1),
        citation=cite.cite(_text(_dict(item.get("metadata")).get("name")) or reason),
    )


def _configmap(item: Mapping[str, object], cite: _Citer) -> ConfigMap:
    meta = _dict(item.get("metadata"))
    data = _strings(item.get("data"))
    fields = [_dict(f) for f in _list(meta.get("managedFields"))]
    changes = [(_text(f.get("manager")) or "?", ns) for f in fields if (ns := time_ns(f.get("time"))) is not None]
    return ConfigMap(
        name=_name(meta),
        namespace=_text(meta.get("namespace")),
        data=data,
        citation=cite.cite(_name(meta)),
        first_lines=cite.blocks(tuple(data)),
        changes=tuple(sorted(changes, key=lambda change: -change[1])),
    )


def time_ns(value: object) -> int | None:
    """An RFC 3339 time, or the date that YAML made of it, in ns since the epoch.

    >>> time_ns("2025-06-03T02:11:12.5Z"), time_ns("yesterday")
    (1748916672500000000, None)
    """
    try:
        stamp = (
            value if isinstance(value, datetime) else datetime.fromisoformat(value) if isinstance(value, str) else None
        )
        if stamp is None:
            return None
        stamp = stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)
        return int(stamp.timestamp()) * 1_000_000_000 + stamp.microsecond * 1000
    except (ValueError, OverflowError):
        return None


def _name(meta: Mapping[str, object]) -> str:
    name = _text(meta.get("name"))
    if not name:
        raise _MalformedError
    return name


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise _MalformedError
    return value


def _dict(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _int(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _strings(value: object) -> dict[str, str]:
    """A map of texts; numbers and booleans that YAML read from unquoted values become their text again."""
    plain = (str, int, float, bool)
    return {str(k): str(v) for k, v in _dict(value).items() if isinstance(v, plain)}


def _addresses(values: Sequence[str | None]) -> tuple[str, ...]:
    found = []
    for value in values:
        try:
            found.append(str(ipaddress.ip_address(value or "")))
        except ValueError:
            continue
    return tuple(dict.fromkeys(found))
