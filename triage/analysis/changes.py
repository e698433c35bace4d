"""What changed near the onset of a fault. It coincides in time; none of it is a proof."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set

from triage.analysis.exposure import Seen
from triage.analysis.inputs import Inputs
from triage.model.observation import Citation
from triage.model.text import Text, Value
from triage.model.timeline import Change

BEFORE_S = 1800.0
"""A change longer ago than half an hour is no news at the onset."""
AFTER_S = 120.0
"""A ConfigMap reaches the pod, and CoreDNS looks at it, up to so much later; stamps of different clocks differ."""
SHOWN = 8
HASH = "reload.running"
RELOADED = ("caddy.reloaded", "caddy.signal-reload")
EVENTS = frozenset(
    (
        *("BackOff", "Created", "Evicted", "Killing", "OOMKilling", "Preempted", "Scheduled", "ScalingReplicaSet"),
        *("NodeHasDiskPressure", "NodeHasInsufficientMemory", "NodeNotReady", "NodeNotSchedulable", "NodeReady"),
        *("NodeSchedulable", "Rebooted", "RegisteredNode", "Started", "Starting", "SystemOOM", "Unhealthy"),
        "TaintManagerEviction",
    )
)
"""Reasons of events that change where or how CoreDNS runs; CamelCase as the kubelet and the controllers write them."""


def changes_near(onset_ns: int, failing: Set[str], inputs: Inputs, seen: Mapping[str, Seen]) -> tuple[Change, ...]:
    """Changes from half an hour before the onset on, the nearest first; the same change of several replicas once."""
    first: dict[tuple[str, str], Change] = {}
    for change in (
        *_reloads(onset_ns, inputs),
        *_edits(onset_ns, inputs),
        *_lives(onset_ns, failing, inputs),
        *_ages(onset_ns, failing, inputs, seen),
        *_events(onset_ns, failing, inputs),
    ):
        if -AFTER_S <= change.before_s <= BEFORE_S:
            known = first.get((change.kind, change.subject))
            if known is None or abs(change.before_s) < abs(known.before_s):
                first[change.kind, change.subject] = change
    return tuple(sorted(first.values(), key=lambda c: (abs(c.before_s), c.kind, c.subject))[:SHOWN])


def _change(kind: str, subject: str, at_ns: int, onset_ns: int, citation: Citation | None, **params: Value) -> Change:
    before = (onset_ns - at_ns) / 1e9
    side = "before" if before >= 0 else "after"
    text = Text(
        f"change.{kind}",
        {"subject": subject, "when": Text(f"change.{side}", {"seconds": round(abs(before))}), **params},
    )
    return Change(at_ns, kind, subject, text, before, citation)


def _reloads(onset_ns: int, inputs: Inputs) -> Iterator[Change]:
    """A replica that took another configuration: its hash differs from the one before, or it says that it reloaded."""
    hashes: dict[str, str] = {}
    for entry in inputs.saying({HASH, *RELOADED}.__contains__):
        replica, at = entry.line.replica or "", entry.line.at_ns
        if entry.meaning.message_id == HASH:
            new = entry.meaning.fields.get("hash", "")
            old = hashes.get(replica)
            hashes[replica] = new
            if at is not None and old is not None and old != new:
                yield _change("reload", replica, at, onset_ns, entry.citation)
        elif at is not None:
            yield _change("reload", replica, at, onset_ns, entry.citation)


def _edits(onset_ns: int, inputs: Inputs) -> Iterator[Change]:
    """`managedFields` of the ConfigMaps that hold the Corefile."""
    for edit in inputs.configuration.edits:
        yield _change("configmap", edit.name, edit.at_ns, onset_ns, edit.citation, manager=edit.manager)


def _lives(onset_ns: int, failing: Set[str], inputs: Inputs) -> Iterator[Change]:
    """Starts and ends of the failing replicas, and what version they start."""
    versions: dict[str, str] = {}
    for s in inputs.observations.segments:
        replica = s.replica or ""
        if replica not in failing or s.first_ns is None or not s.start_seen:
            continue
        yield _change("start", replica, s.first_ns, onset_ns, None)
        if s.version and versions.setdefault(replica, s.version) != s.version:
            yield _change("version", replica, s.first_ns, onset_ns, None, version=s.version, old=versions[replica])
            versions[replica] = s.version
    for pod in inputs.topology.pods:
        if pod.name in failing and pod.last_termination and pod.last_termination.finished_ns is not None:
            end = pod.last_termination
            assert end.finished_ns is not None
            yield _change("ended", pod.name, end.finished_ns, onset_ns, pod.citation, reason=end.reason)
        if pod.name in failing and pod.started_ns is not None:
            yield _change("start", pod.name, pod.started_ns, onset_ns, pod.citation)


def _ages(onset_ns: int, failing: Set[str], inputs: Inputs, seen: Mapping[str, Seen]) -> Iterator[Change]:
    """Young pods and nodes. A list tells ages only; it is taken to be as old as the end of the logs."""
    ends = [last for s in seen.values() for _, last in s.spans]
    if not ends:
        return
    nodes = {place.get("node") for name, place in inputs.topology.places.items() if name in failing}
    for node in inputs.topology.nodes:
        if node.name in nodes and node.age_s is not None:
            yield _change("node-young", node.name, max(ends) - round(node.age_s * 1e9), onset_ns, node.citation)
    for pod in inputs.topology.pods:
        if pod.name in failing and pod.age_s is not None and pod.started_ns is None:
            yield _change("pod-young", pod.name, max(ends) - round(pod.age_s * 1e9), onset_ns, pod.citation)


def _events(onset_ns: int, failing: Set[str], inputs: Inputs) -> Iterator[Change]:
    """Events of the failing replicas and their nodes."""
    nodes = {place.get("node") for name, place in inputs.topology.places.items() if name in failing}
    for event in inputs.topology.events:
        name = event.object_name or ""
        if event.reason in EVENTS and event.last_ns is not None and (name in failing or name in nodes):
            yield _change("event", name, event.last_ns, onset_ns, event.citation, reason=event.reason)
