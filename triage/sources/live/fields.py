"""Which fields of an object are kept: an allow-list, so that environment values and secrets never reach the disk."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

Form: TypeAlias = "Mapping[str, Form] | tuple[Form] | bool | Callable[[object], object]"
"""True keeps a value as it is, a mapping these fields, a tuple these of each item; a function makes the value."""

ANNOTATIONS = (
    "projectcalico.org/",
    "k8s.ovn.org/",
    "cloud.network.openshift.io/egress-ipconfig",
    "node.antrea.io/transport-addresses",
    "flannel.alpha.coreos.com/",
    "io.cilium.network.",
    "network.cilium.io/",
    "kube-router.io/pod-cidr",
    "kubeadm.alpha.kubernetes.io/cri-socket",
    "deployment.kubernetes.io/revision",
    "kubectl.kubernetes.io/default-container",
    "kubectl.kubernetes.io/restartedAt",
    "kubernetes.io/config.mirror",
)
"""Beginnings of the annotations that are kept: those that tell addresses, revisions, restarts."""
SECRETS = ("aws_access_key", "credentials", "secret", "password", "token", "client_secret")
"""Options of plugins in a Corefile that take one."""
_SECRET_LINE = re.compile(rf"^(\s*(?:{'|'.join(SECRETS)})[ \t]+)\S.*$", re.MULTILINE)
MASK = "***"


def keep_annotations(value: object) -> object:
    """Annotations with one of the beginnings that are kept."""
    return {k: v for k, v in value.items() if str(k).startswith(ANNOTATIONS)} if isinstance(value, dict) else {}


def _corefiles(value: object) -> object:
    return {k: mask(v) if isinstance(v, str) else "" for k, v in value.items()} if isinstance(value, dict) else {}


def mask(text: str) -> str:
    r"""A Corefile without the secrets that plugins take in it; the file stays readable as one.

    >>> mask("route53 example.org:Z1 {\n  aws_access_key AKIA s3cr3t\n}")
    'route53 example.org:Z1 {\n  aws_access_key ***\n}'
    >>> mask("tsig {\n  secret key.example. NTQ3\n}")
    'tsig {\n  secret ***\n}'
    """
    return _SECRET_LINE.sub(lambda m: m[1] + MASK, text)


_OWNERS: Form = ({"kind": True, "name": True},)
_META: dict[str, Form] = {
    "name": True, "namespace": True, "uid": True, "labels": True, "annotations": keep_annotations,
    "creationTimestamp": True, "deletionTimestamp": True, "ownerReferences": _OWNERS,
}  # fmt: skip
_ENDED: Form = {"reason": True, "exitCode": True, "signal": True, "startedAt": True, "finishedAt": True}
_STATE: Form = {"running": True, "waiting": {"reason": True}, "terminated": _ENDED}
_CONDITIONS: Form = ({
    "type": True, "status": True, "reason": True, "message": True,
    "lastTransitionTime": True, "lastHeartbeatTime": True,
},)  # fmt: skip
_POD: Form = {
    "kind": True,
    "metadata": _META,
    "spec": {
        "nodeName": True,
        "hostNetwork": True,
        "dnsPolicy": True,
        "priorityClassName": True,
        "containers": ({"name": True, "image": True, "resources": {"limits": True, "requests": True}},),
    },
    "status": {
        "phase": True, "reason": True, "podIP": True, "podIPs": True, "hostIP": True, "hostIPs": True,
        "startTime": True, "qosClass": True, "conditions": _CONDITIONS,
        "containerStatuses": ({
            "name": True, "ready": True, "started": True, "restartCount": True, "image": True,
            "state": _STATE, "lastState": _STATE,
        },),
    },
}  # fmt: skip
_NODE: Form = {
    "kind": True,
    "metadata": _META,
    "spec": {"podCIDR": True, "podCIDRs": True, "providerID": True, "unschedulable": True, "taints": True},
    "status": {
        "addresses": True,
        "conditions": _CONDITIONS,
        "capacity": {"cpu": True, "memory": True, "pods": True},
        "nodeInfo": {
            "kernelVersion": True, "kubeletVersion": True, "osImage": True, "containerRuntimeVersion": True,
            "architecture": True,
        },
    },
}  # fmt: skip
_ABOUT: Form = {"kind": True, "namespace": True, "name": True, "fieldPath": True}
_EVENT: Form = {
    "kind": True, "metadata": {"name": True, "namespace": True, "creationTimestamp": True},
    "involvedObject": _ABOUT, "reason": True, "message": True, "type": True, "count": True,
    "firstTimestamp": True, "lastTimestamp": True, "eventTime": True, "series": True,
    "source": {"component": True, "host": True}, "reportingComponent": True,
}  # fmt: skip
_CONFIGMAP: Form = {
    "kind": True,
    "metadata": {**_META, "managedFields": ({"manager": True, "operation": True, "time": True},)},
    "data": _corefiles,
}
_SERVICE: Form = {
    "kind": True, "metadata": _META,
    "spec": {
        "clusterIP": True, "clusterIPs": True, "selector": True, "ports": True, "type": True, "ipFamilies": True,
        "internalTrafficPolicy": True, "trafficDistribution": True,
    },
}  # fmt: skip
_SLICE: Form = {
    "kind": True, "metadata": _META, "addressType": True, "ports": True,
    "endpoints": ({
        "addresses": True, "conditions": True, "nodeName": True, "zone": True, "hints": True,
        "targetRef": {"kind": True, "name": True},
    },),
}  # fmt: skip
_REPLICASET: Form = {
    "kind": True,
    "metadata": _META,
    "spec": {"replicas": True},
    "status": {"replicas": True, "readyReplicas": True, "availableReplicas": True},
}

FORMS: Mapping[str, Form] = {
    "Pod": _POD,
    "Node": _NODE,
    "Event": _EVENT,
    "ConfigMap": _CONFIGMAP,
    "Service": _SERVICE,
    "EndpointSlice": _SLICE,
    "ReplicaSet": _REPLICASET,
}
"""Kind to the fields that are kept."""


def kept(kind: str, item: Mapping[str, object]) -> dict[str, object]:
    """An object with nothing but the fields that are allowed.

    >>> kept("Pod", {"metadata": {"name": "a"}, "spec": {"containers": [{"name": "c", "env": [{"value": "s3cr3t"}]}]}})
    {'kind': 'Pod', 'metadata': {'name': 'a'}, 'spec': {'containers': [{'name': 'c'}]}}
    """
    found = _KEPT[kind](item)
    return {"kind": kind, **(found if isinstance(found, dict) else {})} | {"kind": kind}


def _keeper(form: Form) -> Callable[[object], object]:
    """The form as one function: thousands of objects go through it."""
    if form is True:
        return lambda value: value
    if callable(form):
        return form
    if isinstance(form, tuple):
        each = _keeper(form[0])
        return lambda value: [each(item) for item in value] if isinstance(value, list) else []
    assert isinstance(form, Mapping)
    fields = [(key, None if inner is True else _keeper(inner)) for key, inner in form.items()]

    def keep(value: object) -> object:
        if not isinstance(value, dict):
            return None
        found: dict[str, object] = {}
        for key, inner in fields:
            field = value.get(key)
            if field is not None:
                found[key] = field if inner is None else inner(field)
        return found

    return keep


_KEPT = {kind: _keeper(form) for kind, form in FORMS.items()}
