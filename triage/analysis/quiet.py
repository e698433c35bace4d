"""What to say where nothing shows a fault: health, as far as was read, or pods that are down without a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from triage.analysis.coverage import namespace_of
from triage.analysis.exposure import Seen, is_outside, is_unheard
from triage.analysis.hypotheses import fingerprint
from triage.analysis.inputs import Inputs
from triage.analysis.statements import SHOWN
from triage.analysis.unseen import some
from triage.model.bundle import Gap
from triage.model.place import Pod
from triage.model.report import Evidence, Hypothesis
from triage.model.shell import SAFE_NAME
from triage.model.text import Text

_ENDED = frozenset({"Completed", "Evicted", "Succeeded", "Failed", "Shutdown", "NodeShutdown", "Terminating"})


def down(inputs: Inputs) -> tuple[Pod, ...]:
    """Pods of CoreDNS that are listed as not ready, and are to be."""
    places = inputs.topology.places
    return tuple(p for p in inputs.topology.pods if p.name in places and p.ready is False and p.status not in _ENDED)


def why_down(inputs: Inputs) -> list[Gap]:
    """What would tell why pods are not ready."""
    pods = [p for p in down(inputs) if SAFE_NAME.match(p.name)]
    if not pods:
        return []
    causes = ("corefile-invalid", "forward-loop", "listen-failed", "resources", "node-network")
    names = {"names": some([p.name for p in pods])}
    name = pods[0].name
    return [Gap("gap.pod-down", names, causes, f"kubectl describe pod -n {namespace_of(inputs, name)} {name}")]


def nothing(inputs: Inputs, seen: Mapping[str, Seen]) -> Hypothesis:
    """No sign of trouble: `benign`, as far as was read. A pod that is down has a cause, but nobody knows which."""
    quiet = inputs.numbers("quiet")
    if pods := down(inputs):
        return _down(pods, inputs, quiet["pod_down"])
    outside, unheard = is_outside(seen), is_unheard(inputs)
    share = quiet["caches_unread" if inputs.topology.unread_caches or outside or unheard else "benign"]
    title = Text("analysis.outside" if outside else "analysis.unheard" if unheard else "analysis.nothing")
    return Hypothesis(fingerprint("benign", None, None, None), 1, 1, "benign", title, share, "none")


def _down(pods: Sequence[Pod], inputs: Inputs, share: float) -> Hypothesis:
    """Pods that are not ready, with what events say of them."""
    states = (Text("analysis.pod-state", {"pod": p.name, "status": p.status or "?"}) for p in pods[:SHOWN])
    listed = [p.citation for p in pods if p.citation]
    names = {p.name for p in pods}
    events = [e.citation for e in inputs.topology.events if e.object_name in names and e.citation]
    evidence = [
        Evidence(id, Text(f"analysis.{id}", {"n": len(cited)}), "for", None, 0.0, tuple(cited[:SHOWN]))
        for id, cited in (("pods-down", listed), ("pod-events", events))
        if cited
    ]
    title, name = Text("analysis.down", {"states": tuple(states)}), fingerprint("unknown", None, None, None)
    return Hypothesis(name, 1, 1, "unknown", title, share, "degraded", evidence=tuple(evidence))
