"""Output of `kubectl describe pod|node|configmap`: an outline of `Key: value` lines, indented."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice

from msgspec import Struct

from triage.model.config import ConfigMap
from triage.model.late import late
from triage.model.observation import Citation
from triage.model.place import Event, Node, Pod, Termination
from triage.parsing.labels import az_of, pool_of
from triage.parsing.tables import age_s, told

_KEY = late(r"( *)([A-Za-z][^:=]{0,62}?):(?: +(.*)|$)")
_EVENT = late(
    r"\s+(?P<type>Normal|Warning)\s+(?P<reason>\S+)\s+(?P<last>\S+)(?:\s+\(x(?P<count>\d+) over [^()\s]{1,20}\))?"
    r"\s+(?P<source>\S+(?:, \S+)?)\s+(?P<message>.*)"
)
_DATA_KEY = late(r"([\w.-]{1,253}):")
_MAX_LINE = 4000
_MAX_LINES = 300_000


class _Line(Struct, frozen=True):
    indent: int
    key: str
    """Empty for lines that continue the key above."""
    value: str
    number: int
    text: str


class _Described(Struct, frozen=True):
    """One described object: the lines of its outline and the citation of its name."""

    name: str
    lines: Sequence[_Line]
    citation: Citation

    def value(self, key: str) -> str | None:
        """Value of a key at the left margin."""
        return next((told(line.value) for line in self.lines if line.indent == 0 and line.key == key), None)

    def under(self, key: str) -> Sequence[_Line]:
        """The lines below a key at the left margin."""
        at = next((i for i, line in enumerate(self.lines) if line.indent == 0 and line.key == key), None)
        return () if at is None else _below(self.lines, at)

    def pairs(self, key: str, mark: str) -> Mapping[str, str]:
        """A list of `name=value` or `name: value`, the first of which stands on the key's own line."""
        own = self.value(key)
        listed = [own] if own else []
        listed += [line.text.strip() for line in self.under(key)]
        split = (text.partition(mark) for text in listed if mark in text)
        return {name.strip(): value.strip() for name, _, value in split}


def is_description(text: str) -> bool:
    """True when a text begins as `kubectl describe` output does."""
    head = (line for line in text[:20000].splitlines() if line.strip())
    return any(re.match(r"Name: {2,}\S", line) for line in islice(head, 40))


def pods(text: str, *, file: str, first_line: int = 1) -> tuple[Pod, ...]:
    """Every described pod."""
    return tuple(_pod(d) for d in _described(text, file, first_line) if d.value("Node") or d.under("Containers"))


def nodes(text: str, *, file: str, first_line: int = 1) -> tuple[Node, ...]:
    """Every described node."""
    return tuple(_node(d) for d in _described(text, file, first_line) if d.under("Addresses") or d.under("Capacity"))


def events(text: str, *, file: str, first_line: int = 1) -> tuple[Event, ...]:
    """Rows of every `Events:` table; each belongs to the object described above it."""
    found = []
    for described in _described(text, file, first_line):
        is_node = bool(described.under("Addresses"))
        for line in described.under("Events"):
            match = _EVENT.fullmatch(line.text)
            if match:
                found.append(_event(match, described.name, "node" if is_node else "pod", file, line))
    return tuple(found)


def configmaps(text: str, *, file: str, first_line: int = 1) -> tuple[ConfigMap, ...]:
    """Every described ConfigMap: `Data`, `====`, then each key with `----` below it."""
    found = []
    for described in _described(text, file, first_line):
        lines = [(line.number, line.text) for line in described.lines]
        start = next((i for i, (_, t) in enumerate(lines) if t.strip() == "Data" and _ruled(lines, i, "===")), None)
        if start is not None:
            data, first_lines = _data(lines[start + 2 :])
            space = described.value("Namespace")
            found.append(ConfigMap(described.name, space, data, described.citation, first_lines))
    return tuple(found)


def _described(text: str, file: str, first_line: int) -> Iterator[_Described]:
    block: list[_Line] = []
    for number, raw in islice(enumerate(text.splitlines(), first_line), _MAX_LINES):
        line = _line(raw[:_MAX_LINE].rstrip(), number)
        if line.indent == 0 and line.key == "Name" and line.value:
            yield from _closed(block, file)
            block = []
        block.append(line)
    yield from _closed(block, file)


def _closed(block: Sequence[_Line], file: str) -> Iterator[_Described]:
    if block and block[0].key == "Name":
        yield _Described(block[0].value, tuple(block), Citation(file, block[0].number, block[0].text[:400]))


def _line(text: str, number: int) -> _Line:
    match = _KEY.match(text)
    if match is None:
        return _Line(len(text) - len(text.lstrip()), "", text.strip(), number, text)
    return _Line(len(match[1]), match[2], (match[3] or "").strip(), number, text)


def _below(lines: Sequence[_Line], at: int) -> Sequence[_Line]:
    """Lines after `at` that are indented deeper."""
    end = at + 1
    while end < len(lines) and (lines[end].indent > lines[at].indent or not lines[end].text):
        end += 1
    return lines[at + 1 : end]


def _within(lines: Sequence[_Line], key: str) -> tuple[str | None, Sequence[_Line]]:
    """Value of the first line with this key, and the lines below it."""
    at = next((i for i, line in enumerate(lines) if line.key == key), None)
    return (None, ()) if at is None else (told(lines[at].value), _below(lines, at))


def _pod(described: _Described) -> Pod:
    node, _, host_ip = (described.value("Node") or "").partition("/")
    containers = described.under("Containers")
    waiting = _within(_within(containers, "State")[1], "Reason")[0]
    listed = [line.value for line in described.under("IPs") if line.key == "IP"]
    addresses = tuple(dict.fromkeys(a for a in map(_address, [described.value("IP") or "", *listed]) if a))
    restarts = [int(line.value) for line in containers if line.key == "Restart Count" and line.value.isdecimal()]
    ready = [line.value for line in containers if line.key == "Ready"]
    return Pod(
        name=described.name,
        namespace=described.value("Namespace"),
        node=told(node),
        pod_ip=addresses[0] if addresses else None,
        host_ip=_address(host_ip),
        status=waiting or described.value("Status"),
        ready=all(word == "True" for word in ready) if ready else None,
        restarts=sum(restarts) if restarts else None,
        started_ns=time_ns(described.value("Start Time")),
        last_termination=_termination(containers),
        labels=described.pairs("Labels", "="),
        owner=described.value("Controlled By"),
        image=_within(containers, "Image")[0],
        host_network=True if addresses and addresses[0] == _address(host_ip) else None,
        citation=described.citation,
        pod_ips=addresses,
    )


def _termination(containers: Sequence[_Line]) -> Termination | None:
    state, last = _within(containers, "Last State")
    if state != "Terminated":
        return None
    code = _within(last, "Exit Code")[0] or ""
    finished = time_ns(_within(last, "Finished")[0])
    return Termination(_within(last, "Reason")[0] or "", int(code) if code.isdecimal() else None, finished)


def _node(described: _Described) -> Node:
    labels = described.pairs("Labels", "=")
    roles = described.value("Roles")
    addresses = [_address(line.value) for line in described.under("Addresses") if line.key == "InternalIP"]
    internal = tuple(a for a in addresses if a)
    cidrs = described.value("PodCIDRs") or described.value("PodCIDR") or ""
    ready = next((line.text.split()[1:2] for line in described.under("Conditions") if _is_ready(line)), None)
    info = described.under("System Info")
    return Node(
        name=described.name,
        internal_ip=internal[0] if internal else None,
        roles=tuple(roles.split(",")) if roles else (),
        az=az_of(labels),
        pool=pool_of(labels),
        kernel=_within(info, "Kernel Version")[0],
        ready=ready == ["True"] if ready else None,
        labels=labels,
        annotations=described.pairs("Annotations", ": "),
        pod_cidrs=tuple(c.strip() for c in cidrs.split(",") if c.strip()),
        version=_within(info, "Kubelet Version")[0],
        citation=described.citation,
        internal_ips=internal,
    )


def _is_ready(line: _Line) -> bool:
    return line.text.split()[:1] == ["Ready"]


def _event(match: re.Match[str], name: str, kind: str, file: str, line: _Line) -> Event:
    return Event(
        reason=match["reason"],
        message=match["message"].strip(),
        type=match["type"],
        object_kind=kind,
        object_name=name,
        age_s=age_s(match["last"]),
        count=int(match["count"] or 1),
        citation=Citation(file, line.number, line.text.strip()[:400]),
    )


def _data(lines: Sequence[tuple[int, str]]) -> tuple[dict[str, str], dict[str, int]]:
    """Texts by key, and the line where each begins."""
    data: dict[str, list[str]] = {}
    first_lines: dict[str, int] = {}
    key, skip = "", False
    for i, (number, text) in enumerate(lines):
        match = _DATA_KEY.fullmatch(text)
        if text in ("BinaryData", "Events:  <none>") or text.startswith("Events:"):
            break
        if skip:
            skip = False
        elif match and _ruled(lines, i, "---"):
            key, skip = match[1], True
            data[key] = []
            first_lines[key] = number + 2
        elif key:
            data[key].append(text)
    return {k: "\n".join(v).rstrip("\n") + "\n" for k, v in data.items()}, first_lines


def _ruled(lines: Sequence[tuple[int, str]], at: int, rule: str) -> bool:
    return at + 1 < len(lines) and lines[at + 1][1].startswith(rule)


def time_ns(text: str | None) -> int | None:
    """A time as `kubectl describe` prints it (RFC 1123 with offset), in ns since the epoch.

    >>> time_ns("Tue, 03 Jun 2025 10:11:12 +0800")
    1748916672000000000
    """
    try:
        stamp = datetime.strptime(text.strip(), "%a, %d %b %Y %H:%M:%S %z") if text else None
    except ValueError:
        return None
    return int(stamp.timestamp()) * 1_000_000_000 if stamp else None


def _address(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text.strip()))
    except ValueError:
        return None
