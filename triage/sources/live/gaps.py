"""Reads that failed → gaps of the report: each names the right or the node, and the command that would fill it.

Troubles travel in the manifest of a bundle. A bundle is foreign: commands are made here from names that are checked.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence

from msgspec.structs import asdict

from triage.model.bundle import Gap
from triage.model.collection import Trouble
from triage.model.shell import node_log_command

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,252}")
_RESOURCE = re.compile(r"[a-z]{1,40}(?:/[a-z]{1,20})?")
_MAX = 10_000
_NAMED = 3
_SAID = 160
_LISTED = 50

_PLACE = ("upstream-unreachable-scoped", "node-network")
CAUSES: Mapping[str, tuple[str, ...]] = {
    "pods/log": ("upstream-unreachable", *_PLACE),
    "pods": _PLACE,
    "nodes": _PLACE,
    "events": ("resources", "inotify-exhausted"),
    "configmaps": ("corefile-invalid", "forward-loop", "upstreams-inconsistent"),
    "pods/proxy": ("forward-overload",),
    "services": ("node-network",),
    "endpointslices": ("node-network",),
    "replicasets": ("corefile-invalid",),
}
"""Resource to the causes that stay possible without it."""
_OF_NODE = frozenset({"server", "unreachable", "timeout", "cut", "slow"})
"""Reasons that a kubelet has a part in."""


def as_data(trouble: Trouble) -> dict[str, object]:
    """A trouble for the manifest, without what is empty."""
    return {key: value for key, value in asdict(trouble).items() if value not in (None, "", False)}


def from_data(entries: object) -> tuple[Trouble, ...]:
    """Troubles of a manifest; entries that are none are left out.

    >>> from_data([{"reason": "denied", "verb": "list", "resource": "nodes"}, {"reason": "$(x)"}, 7])[0].resource
    'nodes'
    """
    names = Trouble.__struct_fields__
    found = []
    for entry in entries if isinstance(entries, list) else ():
        known = {k: v for k, v in entry.items() if k in names} if isinstance(entry, dict) else {}
        if all(isinstance(known.get(k), str) for k in ("reason", "verb", "resource")) and _honest(known):
            found.append(Trouble(**{**known, "said": str(known.get("said", ""))[:_SAID]}))
        if len(found) == _MAX:
            break
    return tuple(found)


def _honest(entry: Mapping[str, object]) -> bool:
    names = [entry[k] for k in ("namespace", "name", "container", "node", "uid") if entry.get(k) is not None]
    words = (entry["reason"], entry["verb"])
    return (
        all(isinstance(n, str) and _NAME.fullmatch(n) for n in names)
        and all(isinstance(w, str) and re.fullmatch(r"[a-z-]{1,20}", w) for w in words)
        and _RESOURCE.fullmatch(str(entry["resource"])) is not None
        and isinstance(entry.get("previous", False), bool)
    )


def gaps_of(troubles: Sequence[Trouble]) -> list[Gap]:
    """One gap for each right, node or log; many logs that fail alike are one gap with their number."""
    groups: dict[tuple[str | None, ...], list[Trouble]] = {}
    for trouble in troubles:
        groups.setdefault(_group(trouble), []).append(trouble)
    return [_gap(found) for found in groups.values()]


def _group(t: Trouble) -> tuple[str | None, ...]:
    if t.reason in {"denied", "unauthorized"}:
        return (t.reason, t.verb, t.resource, t.namespace, t.name if t.resource == "configmaps" else None)
    if t.resource == "pods/log" and t.reason in _OF_NODE and t.node:
        return ("node", t.node, t.reason, t.name if t.reason in {"cut", "slow"} else None)
    if t.reason in {"stopped", "throttled"}:
        return (t.reason, t.resource)
    if t.resource.startswith("pods/"):
        return (t.reason, t.resource, t.namespace, t.name, str(t.previous))
    return (t.reason, t.verb, t.resource, t.namespace, t.name)


def _gap(found: Sequence[Trouble]) -> Gap:
    first = found[0]
    key = "unauthorized" if first.reason == "unauthorized" else _key(first)
    params = {
        "what": _what(found), "verb": first.verb, "resource": first.resource, "where": _where(first),
        "node": first.node or "?", "said": first.said[:_SAID] or first.reason,
    }  # fmt: skip
    filled = {k: params[k] for k in _PARAMS.get(key, ("what", "said"))}
    if first.resource == "pods/log":
        filled["replicas"] = ", ".join(list(dict.fromkeys(str(t.name) for t in found if not t.previous))[:_LISTED])
    return Gap(f"gap.{key}", filled, CAUSES.get(first.resource, ()), _command(key, first))


def _key(t: Trouble) -> str:
    if t.resource == "pods/log" and t.reason in _OF_NODE and t.node:
        return "log-cut" if t.reason == "cut" else "node-away"
    if t.reason == "refused":
        return "read-refused-by-server"
    return f"read-{t.reason}" if t.reason in _READ else "read-server"


_READ = frozenset(
    {"denied", "missing", "expired", "throttled", "server", "unreachable", "timeout", "cut", "stopped", "limit"}
    | {"slow", "not-kept", "pending"}
)
_PARAMS: Mapping[str, tuple[str, ...]] = {
    "read-denied": ("what", "verb", "resource", "where"),
    "node-away": ("what", "node", "said"),
    "log-cut": ("what", "node"),
    "read-stopped": ("what",),
    "read-limit": ("what",),
    "read-not-kept": ("what",),
    "read-pending": ("what",),
}


def _what(found: Sequence[Trouble]) -> str:
    """In the words of the API: `nodes`, `configmaps coredns in kube-system`, `log of a, b and 7 more`."""
    first = found[0]
    if first.resource == "pods/log" and first.reason not in {"denied", "unauthorized"}:
        names = list(dict.fromkeys(f"{t.name} (previous)" if t.previous else str(t.name) for t in found))
        rest = len(names) - _NAMED
        return f"log of {', '.join(names[:_NAMED])}" + (f" +{rest}" if rest > 0 else "")
    name = f" {first.name}" if first.resource in {"configmaps", "pods/proxy"} and first.name else ""
    return f"{first.resource}{name}" + (f" in {first.namespace}" if first.namespace else "")


def _where(t: Trouble) -> str:
    return f"-n {t.namespace}" if t.namespace else "--all-namespaces" if t.resource == "pods" else "(cluster-wide)"


def _command(key: str, t: Trouble) -> str | None:
    """How to get it after all: for a right the role to ask for, for a log the file on its node."""
    if t.reason == "denied":
        return "triage manifests rbac"
    if t.resource == "pods/log" and t.name and t.namespace and key != "unauthorized":
        return log_command(t) if key in {"node-away", "log-cut"} else _kubectl(t)
    if t.resource == "configmaps" and t.name:
        return f"kubectl get configmap -n {shlex.quote(t.namespace or '')} {shlex.quote(t.name)} -o yaml"
    if key == "unauthorized" or t.resource.startswith("pods/"):
        return None
    return f"kubectl get {t.resource}" + (f" -n {shlex.quote(t.namespace)}" if t.namespace else "") + " -o yaml"


def _kubectl(t: Trouble) -> str:
    container = f" -c {shlex.quote(t.container)}" if t.container else ""
    previous = " --previous" if t.previous else ""
    pod = f"{shlex.quote(t.namespace or '')} {shlex.quote(t.name or '')}"
    return f"kubectl logs -n {pod}{container} --timestamps{previous}"


def log_command(t: Trouble) -> str:
    """The log on the disk of its node, which is there even when the kubelet is not."""
    return node_log_command(t.node, t.namespace or "", t.name or "") or _kubectl(t)
