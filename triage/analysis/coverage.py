"""What was read of each replica and file, and the gaps: what is missing, and what that keeps possible."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence

from triage.analysis.exposure import Seen, is_outside, is_unheard
from triage.analysis.group import Group
from triage.analysis.inputs import Inputs
from triage.analysis.unseen import gone, no_resolv_conf, no_subnets, rotated, told
from triage.model.bundle import Gap
from triage.model.observation import Stream
from triage.model.report import ClientCoverage, ReplicaCoverage
from triage.model.shell import SAFE_NAME

UPSTREAM_CAUSES = ("upstream-unreachable", "upstream-refused", "upstreams-inconsistent")
_NETWORKS = 20
"""Networks of clients that a report tells."""
PLACE_CAUSES = ("upstream-unreachable-scoped", "node-network")


def replica_coverage(inputs: Inputs, seen: Mapping[str, Seen], groups: Sequence[Group]) -> tuple[ReplicaCoverage, ...]:
    """One row a replica, also for those of the pod list whose log nobody handed over."""
    streams: dict[str, list[Stream]] = {}
    for stream in inputs.observations.streams:
        streams.setdefault(stream.replica or "", []).append(stream)
    failures: dict[str, int] = {}
    for group in groups:
        for kin, n in group.failures.items():
            failures[kin.replica] = failures.get(kin.replica, 0) + n
    versions = {s.replica or "": s.version for s in inputs.observations.segments if s.version}
    listed = {p.name: p for p in inputs.topology.pods}
    rows = []
    for name in inputs.replicas:
        mine = streams.get(name, [])
        firsts = [s.first_ns for s in mine if s.first_ns is not None]
        lasts = [s.last_ns for s in mine if s.last_ns is not None]
        place = inputs.topology.places.get(name)
        rows.append(
            ReplicaCoverage(
                name=name,
                node=place.get("node") if place else None,
                subnet=place.get("subnet") if place else None,
                lines=sum(s.lines for s in mine),
                understood=sum(s.understood for s in mine),
                queries=sum(s.queries for s in mine),
                failures=failures.get(name, 0),
                unknown_samples=tuple(c for s in mine for c in s.unknown_samples)[:3],
                first_ns=min(firsts) if firsts else None,
                last_ns=max(lasts) if lasts else None,
                version=versions.get(name),
                cut=seen[name].cut,
                has_log=bool(mine),
                in_pod_list=name in listed,
                restarts=listed[name].restarts if name in listed else None,
            )
        )
    return tuple(rows)


def client_coverage(inputs: Inputs) -> tuple[ClientCoverage, ...]:
    """Who asked, by networks: whose queries failed most goes first."""
    found: dict[str, tuple[int, int]] = {}
    for row in inputs.observations.clients:
        queries, failed = found.get(row.network, (0, 0))
        found[row.network] = (queries + row.queries, failed + row.failed)
    rows = [ClientCoverage(network, *counts) for network, counts in found.items()]
    return tuple(sorted(rows, key=lambda c: (-c.failed, -c.queries, c.network))[:_NETWORKS])


def gaps_of(inputs: Inputs, seen: Mapping[str, Seen]) -> tuple[Gap, ...]:
    """Everything we wanted and do not have, the most telling first."""
    found: list[Gap] = []
    named = [r for r in inputs.replicas if r]
    pods, nodes = inputs.topology.pods, inputs.topology.nodes
    if not any(p.node for p in pods):
        found.append(Gap("gap.no-pod-list", {}, PLACE_CAUSES, f"kubectl get pods -n {namespace_of(inputs)} -o wide"))
    elif not any(p.get("subnet") for p in inputs.topology.places.values()):
        missing = Gap("gap.no-node-list", {}, PLACE_CAUSES, "kubectl get nodes -o wide")
        found.append(no_subnets(inputs, PLACE_CAUSES) if nodes or inputs.topology.assumed else missing)
    unread = [r for r in named if not seen[r].has_log and r not in told(tuple(inputs.gaps))]
    found.extend(Gap("gap.no-log", {"replica": r}, PLACE_CAUSES, _log_command(inputs, r)) for r in unread[:5])
    if len(unread) > 5:
        found.append(Gap("gap.no-logs-more", {"n": str(len(unread) - 5)}, PLACE_CAUSES))
    if is_outside(seen):
        found.append(Gap("gap.window-empty", {}, PLACE_CAUSES))
    elif is_unheard(inputs):
        command = f"kubectl logs -n {namespace_of(inputs)} -l k8s-app=kube-dns --prefix --timestamps --tail=-1"
        found.insert(0, Gap("gap.unheard", {}, UPSTREAM_CAUSES, command))
    if caches := [c for c in inputs.topology.unread_caches if c not in named]:
        found.append(
            Gap("gap.no-cache-logs", {"n": str(len(caches))}, UPSTREAM_CAUSES, _log_command(inputs, caches[0]))
        )
    found.extend(
        Gap("gap.stream-cut", {"replica": r or "?"}, UPSTREAM_CAUSES, _log_command(inputs, r))
        for r in named
        if seen[r].cut
    )
    if any(s.lines for s in inputs.observations.streams) and not any(s.spans for s in seen.values()):
        read = [r for r in named if seen[r].has_log]
        found.append(Gap("gap.no-clock", {}, (), _log_command(inputs, read[0]) if read else None))
    if seen and not any(s.queries for s in seen.values()) and not is_outside(seen):
        found.append(Gap("gap.no-query-log", {}, ("upstream-error-answer", "upstreams-inconsistent")))
    if not inputs.configuration.resolv_confs and not any(
        u.known and u.upstreams for u in inputs.configuration.upstreams
    ):
        found.append(no_resolv_conf(inputs))
    return (*inputs.gaps, *found, *rotated(inputs), *gone(inputs), *_coarse(inputs))


def _coarse(inputs: Inputs) -> Iterator[Gap]:
    """Tables that were full, so that lines were counted in a coarser one only."""
    if inputs.minutes > 1:
        yield Gap("gap.full-minutes", {"n": str(inputs.minutes)})
    for table, lines in inputs.observations.overflow.items():
        yield Gap(f"gap.full-{table}", {"n": str(lines)})


def namespace_of(inputs: Inputs, replica: str | None = None) -> str:
    """Of this pod, else of any replica of CoreDNS; where no pod list tells, the one that installers use."""
    pods = [p for p in inputs.topology.pods if p.namespace and SAFE_NAME.match(p.namespace)]
    mine = [p for p in pods if p.name == replica] or [p for p in pods if p.name in inputs.topology.places]
    return next((p.namespace for p in mine if p.namespace), "kube-system")


def _log_command(inputs: Inputs, replica: str) -> str | None:
    """The command that reads a replica's whole log with times; None for a name that no pod can have."""
    if not SAFE_NAME.match(replica):
        return None
    return f"kubectl logs -n {namespace_of(inputs, replica)} {shlex.quote(replica)} --timestamps --tail=-1"
