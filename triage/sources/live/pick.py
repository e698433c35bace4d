"""What is looked at of an object while collecting, and which objects beside the logs are worth keeping."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from triage.sources.live.labels import DEFAULT_CONTAINER, container_names, has_dns_label
from triage.sources.live.plain import Object, as_dict, as_list, labels_of, meta_of, name_of

NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,252}")
"""Names become names of files: what is no name of Kubernetes is left alone."""
_EXTRA_MAPS = ("coredns-custom",)
"""ConfigMaps that a CoreDNS may import without its pods naming them."""


def light_pod(pod: Object) -> Object:
    """A pod with as little as the plan of the reads needs; thousands of them are held."""
    spec, status, meta = as_dict(pod.get("spec")), as_dict(pod.get("status")), meta_of(pod)
    statuses = [as_dict(s) for s in as_list(status.get("containerStatuses"))]
    default = as_dict(meta.get("annotations")).get(DEFAULT_CONTAINER)
    return {
        "metadata": {
            "name": meta.get("name"),
            "uid": meta.get("uid"),
            "labels": meta.get("labels"),
            "ownerReferences": meta.get("ownerReferences"),
            "annotations": {DEFAULT_CONTAINER: default},
        },
        "spec": {
            "nodeName": spec.get("nodeName"),
            "containers": [{"name": name} for name in container_names(pod)],
            "maps": map_names(pod),
        },
        "status": {"restarts": {str(s.get("name")): s.get("restartCount") for s in statuses}},
    }


def light_node(node: Object) -> Object:
    """What tells the distribution."""
    return {
        "metadata": {"labels": labels_of(node)},
        "spec": {"providerID": as_dict(node.get("spec")).get("providerID")},
        "status": {"nodeInfo": as_dict(node.get("status")).get("nodeInfo")},
    }


def restarts(pod: Object, container: str) -> int:
    """How often a container of a light pod was restarted."""
    count = as_dict(as_dict(pod.get("status")).get("restarts")).get(container)
    return count if isinstance(count, int) else 0


def map_names(pod: Object) -> list[str]:
    """ConfigMaps that a pod mounts as they are; projected volumes hold the CA of the cluster."""
    volumes = map(as_dict, as_list(as_dict(pod.get("spec")).get("volumes")))
    names = [as_dict(volume.get("configMap")).get("name") for volume in volumes]
    return [name for name in names if isinstance(name, str) and NAME.fullmatch(name)]


def maps_of(pods: Sequence[Object]) -> list[str]:
    """ConfigMaps that light pods mount, and those that are imported where they exist."""
    mounted = [str(name) for pod in pods for name in as_list(as_dict(pod.get("spec")).get("maps"))]
    return list(dict.fromkeys([*mounted, *_EXTRA_MAPS]))


def _any(pods: Sequence[Object], item: Object) -> bool:
    return True


def _selects(pods: Sequence[Object], service: Object) -> bool:
    selector = as_dict(as_dict(service.get("spec")).get("selector"))
    return bool(selector) and any(selector.items() <= labels_of(pod).items() for pod in pods)


def _holds(pods: Sequence[Object], item: Object) -> bool:
    """An EndpointSlice of a service of CoreDNS, also one that has lost all endpoints."""
    names = {name_of(pod) for pod in pods}
    targets = [as_dict(as_dict(e).get("targetRef")).get("name") for e in as_list(item.get("endpoints"))]
    return has_dns_label(item) or bool(names.intersection(map(str, targets)))


def _owns(pods: Sequence[Object], item: Object) -> bool:
    """A ReplicaSet of CoreDNS, also one whose pods are gone."""
    owners = {str(as_dict(o).get("name")) for pod in pods for o in as_list(meta_of(pod).get("ownerReferences"))}
    return has_dns_label(item) or name_of(item) in owners


LISTS: Mapping[str, tuple[tuple[str, ...], str, Callable[[Sequence[Object], Object], bool]]] = {
    "events": (("api", "v1"), "Event", _any),
    "services": (("api", "v1"), "Service", _selects),
    "endpointslices": (("apis", "discovery.k8s.io", "v1"), "EndpointSlice", _holds),
    "replicasets": (("apis", "apps", "v1"), "ReplicaSet", _owns),
}
"""Resource to its API group, kind, and which of its objects are kept, given the pods of CoreDNS."""
