"""Gaps that no read of the API fills: rotated lines, the resolv.conf of a node, prefixes that nobody tells."""

from __future__ import annotations

import re

from triage.analysis.inputs import Inputs
from triage.model.bundle import Gap
from triage.model.shell import SAFE_NAME, node_log_command

_LATE_NS = 15 * 10**9
"""CoreDNS says something within this time of its start."""
_NAMED = 3
_POD = re.compile(r"[a-z0-9-]{1,240}-[a-z0-9]{6,10}-[a-z0-9]{5}")


def told(gaps: tuple[Gap, ...]) -> set[str]:
    """Replicas whose missing log a collection has explained already."""
    return {name for gap in gaps for name in gap.params.get("replicas", "").split(", ")} - {""}


def rotated(inputs: Inputs) -> list[Gap]:
    """Logs that begin long after their container although all was asked for: the kubelet gives the newest file only."""
    explained = told(tuple(inputs.gaps))
    late = [
        p
        for p in inputs.topology.pods
        if p.running_since_ns is not None
        and p.running_since_ns >= (inputs.since_ns or 0)
        and p.name not in explained
        and _begins_late(inputs, p.name, p.running_since_ns)
    ]
    if not late:
        return []
    first = late[0]
    command = node_log_command(first.node, first.namespace or "kube-system", first.name)
    names = {"names": some([p.name for p in late])}
    return [Gap("gap.rotated", names, ("upstream-unreachable",), command)]


def _begins_late(inputs: Inputs, replica: str, started_ns: int) -> bool:
    """Nothing of this life, or of its start, stands in what was read."""
    life = [s for s in inputs.observations.segments if s.replica == replica and not s.previous and s.first_ns]
    return bool(life) and all(not s.start_seen and (s.first_ns or 0) > started_ns + _LATE_NS for s in life)


def gone(inputs: Inputs) -> list[Gap]:
    """Pods of the same workload that events tell of and the pod list does not hold any more."""
    listed = {pod.name for pod in inputs.topology.pods}
    owners = {pod.owner or "" for pod in inputs.topology.pods if pod.name in inputs.topology.places}
    sets = [owner.removeprefix("ReplicaSet/") for owner in owners if owner.startswith("ReplicaSet/")]
    workloads = tuple(f"{name.rpartition('-')[0]}-" for name in sets)
    told_of = {e.object_name for e in inputs.topology.events if e.object_kind == "pod" and e.object_name}
    names = sorted(n for n in told_of - listed if n.startswith(workloads) and _POD.fullmatch(n)) if workloads else []
    return [Gap("gap.replicas-gone", {"names": some(names)}, ("upstream-unreachable", "resources"))] if names else []


def no_resolv_conf(inputs: Inputs) -> Gap:
    """The resolvers that CoreDNS inherits: on a node, in a file that no container shows."""
    nodes = sorted({p.node for p in inputs.topology.pods if p.node and p.name in inputs.topology.places})
    node = next((n for n in nodes if SAFE_NAME.match(n)), None)
    command = f"ssh {node} cat /run/systemd/resolve/resolv.conf /etc/resolv.conf" if node else None
    return Gap("gap.no-resolv-conf", {}, ("upstreams-inconsistent", "forward-loop"), command)


def no_subnets(inputs: Inputs, causes: tuple[str, ...]) -> Gap:
    """No prefix of node addresses: says how each one that might be assumed would part the replicas."""
    cuts = "; ".join(
        f"/{length}: " + ", ".join(f"{network} ({some(names)})" for network, names in cut.items())
        for length, cut in inputs.topology.assumed.items()
        if len(cut) <= _NAMED
    )
    if not cuts:
        return Gap("gap.no-subnets", {}, causes)
    return Gap("gap.no-subnets-assumed", {"cuts": cuts}, causes)


def some(names: list[str] | tuple[str, ...]) -> str:
    """The first names, and how many more there are."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" +{more}" if more > 0 else "")
