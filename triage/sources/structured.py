"""JSON → plain data, within limits, and Kubernetes objects sorted by kind."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from triage.model.bundle import Kind
from triage.sources.wordlist import words

_KINDS: Mapping[str, Kind] = {
    "Pod": Kind.PODS,
    "Node": Kind.NODES,
    "Event": Kind.EVENTS,
    "ConfigMap": Kind.COREFILE,
}
_OBJECTS = words(
    "Service EndpointSlice Endpoints ReplicaSet Deployment DaemonSet Namespace NetworkPolicy HorizontalPodAutoscaler "
    "DNS ClusterOperator ClusterVersion Network Infrastructure Installation IPPool HelmChartConfig "
    "PodDisruptionBudget Lease"
)
_SECRETS = frozenset({"Secret", "Config", "TokenReview", "TokenRequest"})


class NotReadableError(ValueError):
    """The text is no JSON or YAML within the limits."""


def load_json(text: str) -> object:
    """Plain data of a JSON text.

    Raises:
        NotReadableError: not JSON, or nested too deeply.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotReadableError(str(error)[:200]) from None


def objects_in(data: object) -> Iterator[Mapping[str, object]]:
    """The Kubernetes objects of a text: a single one, a List, or several documents."""
    if isinstance(data, list):
        for item in data:
            yield from objects_in(item)
    if not isinstance(data, dict):
        return
    kind, items = data.get("kind"), data.get("items")
    if isinstance(items, list) and isinstance(kind, str) and kind.endswith("List"):
        for item in items:
            if isinstance(item, dict):
                yield item if "kind" in item else {"kind": kind.removesuffix("List") or "Unknown", **item}
    elif isinstance(items, list) and kind is None and "apiVersion" in data:
        yield from objects_in(items)
    elif isinstance(kind, str) and ("metadata" in data or "apiVersion" in data):
        yield data


def sort_objects(objects: Sequence[Mapping[str, object]]) -> dict[tuple[Kind, str], list[Mapping[str, object]]]:
    """Objects by the kind of document they become, with Kubernetes' kind or the reason why they are ignored."""
    groups: dict[tuple[Kind, str], list[Mapping[str, object]]] = {}
    for item in objects:
        groups.setdefault(_kind_of(item), []).append(item)
    return groups


def _kind_of(item: Mapping[str, object]) -> tuple[Kind, str]:
    name = str(item.get("kind"))
    if str(item.get("apiVersion")).startswith("triage."):
        return Kind.IGNORED, "ignored.own-file"
    if name in _SECRETS:
        return Kind.IGNORED, "ignored.secret"
    if name == "ConfigMap":
        return (Kind.COREFILE, name) if holds_corefile(item) else (Kind.IGNORED, "ignored.other-object")
    if name in _KINDS:
        return _KINDS[name], name
    return (Kind.OBJECTS, name) if name in _OBJECTS else (Kind.IGNORED, "ignored.other-object")


def holds_corefile(item: Mapping[str, object]) -> bool:
    """A ConfigMap with a Corefile or with parts that one imports (coredns-custom of AKS, K3s, DigitalOcean)."""
    data = item.get("data")
    if not isinstance(data, dict):
        return False
    metadata = item.get("metadata")
    name = str(metadata.get("name", "")) if isinstance(metadata, dict) else ""
    if any(str(key).lower().startswith("corefile") or str(key).endswith((".override", ".server")) for key in data):
        return True
    return "coredns" in name or "node-local-dns" in name or "nodelocaldns" in name
