"""Several lists of the same pods and nodes → one record each, and the facts in which they disagree."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from msgspec.structs import replace

from triage.model.place import Node, Pod

_Record = TypeVar("_Record", Pod, Node)

_POD_CONFLICTS = ("node", "pod_ip", "host_ip")
_NODE_CONFLICTS = ("internal_ip", "az", "pool")


def merge_pods(pods: Sequence[Pod]) -> tuple[tuple[Pod, ...], tuple[str, ...]]:
    """One record per pod, and sentences about contradictions. Of restart counts the highest is the latest.

    >>> merge_pods([Pod("a", node="n1"), Pod("a", node="n2", pod_ip="10.9.1.4", restarts=3)])[1]
    ('pod a: node n1 (?) / n2 (?)',)
    """
    spaces = {p.name: p.namespace for p in pods if p.namespace}
    merged, conflicts = _merge(pods, lambda p: (p.name, p.namespace or spaces.get(p.name)), "pod", _POD_CONFLICTS)
    counts: dict[str, int] = {}
    for pod in pods:
        if pod.restarts is not None:
            counts[pod.name] = max(pod.restarts, counts.get(pod.name, 0))
    return tuple(replace(p, restarts=counts.get(p.name, p.restarts)) for p in merged), conflicts


def merge_nodes(nodes: Sequence[Node]) -> tuple[tuple[Node, ...], tuple[str, ...]]:
    """One record per node, and sentences about contradictions."""
    return _merge(nodes, lambda n: n.name, "node", _NODE_CONFLICTS)


def _merge(
    records: Sequence[_Record], key: Callable[[_Record], Hashable], word: str, watched: Sequence[str]
) -> tuple[tuple[_Record, ...], tuple[str, ...]]:
    merged: dict[Hashable, _Record] = {}
    conflicts: list[str] = []
    for record in records:
        first = merged.setdefault(key(record), record)
        if first is not record:
            conflicts += _differences(first, record, word, watched)
            merged[key(record)] = _filled(first, record)
    return tuple(merged.values()), tuple(dict.fromkeys(conflicts))


def _differences(first: _Record, other: _Record, word: str, watched: Sequence[str]) -> list[str]:
    found = []
    for name in watched:
        a, b = getattr(first, name), getattr(other, name)
        if a and b and a != b:
            found.append(f"{word} {first.name}: {name} {a} ({_file(first)}) / {b} ({_file(other)})")
    return found


def _filled(first: _Record, other: _Record) -> _Record:
    """The first record, with what it does not tell taken from the other."""
    gaps = {}
    for name in first.__struct_fields__:
        mine, theirs = getattr(first, name), getattr(other, name)
        if mine in (None, (), {}) and theirs not in (None, (), {}):
            gaps[name] = theirs
    if isinstance(first, Node):
        gaps["roles_told"] = first.roles_told or getattr(other, "roles_told", True)
    return replace(first, **gaps)


def _file(record: Pod | Node) -> str:
    return record.citation.file if record.citation else "?"
