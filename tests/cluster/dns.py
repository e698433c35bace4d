"""CoreDNS in a namespace, laid out as installers do it: every object that a collector may want to read."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tests.cluster import daemons, programs
from tests.cluster.api import ApiError, wait_for
from tests.cluster.cluster import Cluster, is_ready
from tests.lab.fabric import Pod, host_pods
from tests.lab.laboratory import COREFILE, KUBERNETES

REPLICAS = tuple(pod for pod in host_pods() if pod.node in daemons.REAL)
"""One a real node; their names are those of the lab, their addresses are the runtime's."""
PRODUCTION = COREFILE.replace("    log\n", "").replace("    prometheus", f"{KUBERNETES}    prometheus")
"""No query log, as most clusters have it."""
_LABELS = {"k8s-app": "kube-dns", "pod-template-hash": "6d4b75cb6d"}
_SELECTED = {"k8s-app": "kube-dns"}
_RULES = [
    {"apiGroups": [""], "resources": ["endpoints", "services", "pods", "namespaces"], "verbs": ["list", "watch"]},
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
]
_SLICES = ("endpointslices", "discovery.k8s.io/v1")
_PORTS = ((53, "UDP"), (53, "TCP"), (9153, "TCP"))
_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


@dataclass(frozen=True, slots=True)
class Access:
    """How the pods reach the API server, and who they are to it; as it should be, unless a field says otherwise."""

    rights: bool = True
    """Without, their account may list nothing."""
    audience: str | None = None
    """For whom their token is; somebody else's is none for the API server."""
    authority: bytes | None = None
    """The certificate by which they know the API server."""
    address: str | None = None
    """Where they look for it."""


_GOOD = Access()


@dataclass(frozen=True, slots=True)
class Dns:
    """CoreDNS in one namespace of a cluster."""

    cluster: Cluster
    namespace: str
    pods: tuple[Pod, ...]

    def path(self, kind: str, group: str = "") -> str:
        """The address of objects of this kind in the namespace."""
        return f"/{f'apis/{group}' if group else 'api/v1'}/namespaces/{self.namespace}/{kind}"

    def pod(self, name: str) -> dict[str, Any]:
        """A pod as it is now."""
        found: dict[str, Any] = self.cluster.api("GET", f"{self.path('pods')}/{name}")
        return found

    def status(self, name: str) -> dict[str, Any]:
        """The status of a pod's container; empty as long as there is none."""
        statuses = self.pod(name)["status"].get("containerStatuses", [])
        return statuses[0] if statuses else {}

    def addresses(self) -> list[str]:
        """Of all pods, in their order."""
        return [self.pod(pod.name)["status"]["podIP"] for pod in self.pods]

    def log(self, name: str, query: str = "") -> str:
        """The log of a pod, as the API server gives it."""
        return self.cluster.api.text("GET", f"{self.path('pods')}/{name}/log?{query}").decode("utf-8", "replace")

    def wait_log(self, name: str, text: str, limit_s: float = 30.0) -> str:
        """The log of a pod once it contains this."""
        found: str = wait_for(lambda: (log := self.log(name)) and text in log and log, f"{text!r} of {name}", limit_s)
        return found

    def wait_ready(self) -> None:
        """Every pod is ready; then its addresses become the Service's."""
        for pod in self.pods:
            wait_for(lambda name=pod.name: is_ready(self.pod(name)), f"{self.namespace}/{pod.name}")
        self.cluster.api.apply(self.path(*_SLICES), self._slice())

    def edit_corefile(self, text: str, owner: str = "kubectl-edit") -> None:
        """Change the ConfigMap, as an editor does; `managedFields` say who."""
        self.cluster.api.apply(
            self.path("configmaps"), _object("v1", "ConfigMap", "coredns", data={"Corefile": text}), owner
        )

    def _slice(self) -> dict[str, Any]:
        labels = {"kubernetes.io/service-name": "kube-dns", **_SELECTED}
        endpoints = [
            {
                "addresses": [address],
                "conditions": {"ready": True, "serving": True, "terminating": False},
                "nodeName": pod.node.name,
                "targetRef": {"kind": "Pod", "name": pod.name, "namespace": self.namespace},
            }
            for pod, address in zip(self.pods, self.addresses(), strict=True)
        ]
        ports = [{"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "metrics", "port": 9153, "protocol": "TCP"}]
        more = {"addressType": "IPv4", "endpoints": endpoints, "ports": ports}
        return _object("discovery.k8s.io/v1", "EndpointSlice", "kube-dns-x7k2p", labels, **more)


@contextlib.contextmanager
def deployed(
    cluster: Cluster,
    namespace: str = "kube-system",
    corefile: str = PRODUCTION,
    pods: Sequence[Pod] = REPLICAS,
    *,
    memory: str = "170Mi",
    wait: bool = True,
    access: Access = _GOOD,
    image: str = programs.COREDNS,
) -> Iterator[Dns]:
    """CoreDNS in a namespace for a while; its pods and their Service's addresses are gone at the end."""
    dns = Dns(cluster, namespace, tuple(pods))
    with contextlib.suppress(ApiError):
        cluster.api("POST", "/api/v1/namespaces", _object("v1", "Namespace", namespace))
    spec = _pod_spec(memory, image, access)
    _surroundings(dns, corefile, spec, access)
    try:
        for pod in pods:
            cluster.api("POST", dns.path("pods"), _object("v1", "Pod", pod.name, _LABELS, spec=_bound(spec, pod)))
        if wait:
            dns.wait_ready()
        yield dns
    finally:
        remove(dns)


def remove(dns: Dns) -> None:
    """Delete everything of it; wait until the kubelets have ended the pods."""
    for kind, group in (
        ("deployments", "apps/v1"),
        ("replicasets", "apps/v1"),
        ("endpointslices", "discovery.k8s.io/v1"),
    ):
        dns.cluster.api("DELETE", dns.path(kind, group))
    for pod in dns.pods:
        with contextlib.suppress(ApiError):
            dns.cluster.api("DELETE", f"{dns.path('pods')}/{pod.name}?gracePeriodSeconds=1")
    names = {pod.name for pod in dns.pods}
    left = lambda: {pod["metadata"]["name"] for pod in dns.cluster.api("GET", dns.path("pods"))["items"]} & names  # noqa: E731
    wait_for(lambda: not left(), f"the end of the pods in {dns.namespace}")


def _surroundings(dns: Dns, corefile: str, pod_spec: dict[str, Any], access: Access) -> None:
    """Account, rights, ConfigMaps, Service, Deployment and its ReplicaSets: today's and the one before."""
    apply = dns.cluster.api.apply
    version = "rbac.authorization.k8s.io/v1"
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:coredns"}
    subject = {"kind": "ServiceAccount", "name": "coredns", "namespace": dns.namespace}
    apply(f"/apis/{version}/clusterroles", _object(version, "ClusterRole", "system:coredns", rules=_RULES))
    binding = _object(version, "ClusterRoleBinding", f"coredns-{dns.namespace}", roleRef=role, subjects=[subject])
    if access.rights:
        apply(f"/apis/{version}/clusterrolebindings", binding)
    apply(dns.path("serviceaccounts"), _object("v1", "ServiceAccount", "coredns"))
    authority = (access.authority or dns.cluster.authority.read_bytes()).decode()
    root = _object("v1", "ConfigMap", "kube-root-ca.crt", data={"ca.crt": authority})
    apply(dns.path("configmaps"), root, "kube-controller-manager")
    dns.edit_corefile(corefile, "kubeadm")
    address = {"clusterIP": "10.96.0.10"} if dns.namespace == "kube-system" else {}
    ports = [{"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "dns-tcp", "port": 53, "protocol": "TCP"}]
    service = {"selector": _SELECTED, "ports": ports, **address}
    apply(dns.path("services"), _object("v1", "Service", "kube-dns", _SELECTED, spec=service))
    template = {"metadata": {"labels": _SELECTED}, "spec": pod_spec}
    spec = {"replicas": len(dns.pods), "selector": {"matchLabels": _SELECTED}, "template": template}
    owner = apply(dns.path("deployments", "apps/v1"), _object("apps/v1", "Deployment", "coredns", _SELECTED, spec=spec))
    for hashed, replicas in (("6d4b75cb6d", len(dns.pods)), ("5d78c9869d", 0)):
        chosen = {**_SELECTED, "pod-template-hash": hashed}
        own = {"replicas": replicas, "selector": {"matchLabels": chosen}}
        own["template"] = {"metadata": {"labels": chosen}, "spec": template["spec"]}
        content = _object("apps/v1", "ReplicaSet", f"coredns-{hashed}", chosen, spec=own)
        content["metadata"]["ownerReferences"] = [_owner(owner)]
        apply(dns.path("replicasets", "apps/v1"), content, "kube-controller-manager")


def _bound(pod_spec: dict[str, Any], pod: Pod) -> dict[str, Any]:
    """The same on its node, as the scheduler leaves it."""
    return {"nodeName": pod.node.name, **pod_spec}


def _pod_spec(memory: str, image: str, access: Access) -> dict[str, Any]:
    def probe(path: str, port: int) -> dict[str, Any]:
        return {"httpGet": {"path": path, "port": port}, "periodSeconds": 1, "timeoutSeconds": 5, "failureThreshold": 5}

    audience = {"audience": access.audience} if access.audience else {}
    address = [{"name": "KUBERNETES_SERVICE_HOST", "value": access.address}] if access.address else []
    token = [
        {"serviceAccountToken": {"path": "token", "expirationSeconds": 3607, **audience}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}]}},
    ]
    container = {
        "name": "coredns",
        "image": image,
        "imagePullPolicy": "Never",
        "args": ["-conf", "/etc/coredns/Corefile"],
        **({"env": address} if address else {}),
        "ports": [
            {"containerPort": port, "protocol": kind} for port, kind in ((53, "UDP"), (53, "TCP"), (9153, "TCP"))
        ],
        "resources": {"limits": {"memory": memory}, "requests": {"memory": memory, "cpu": "10m"}},
        "volumeMounts": [
            {"name": "config-volume", "mountPath": "/etc/coredns", "readOnly": True},
            {"name": "token", "mountPath": _ACCOUNT, "readOnly": True},
        ],
        "readinessProbe": probe("/ready", 8181),
        "livenessProbe": probe("/health", 8080) | {"initialDelaySeconds": 60},
    }
    config = {"name": "coredns", "items": [{"key": "Corefile", "path": "Corefile"}]}
    return {
        "serviceAccountName": "coredns",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "dnsPolicy": "Default",
        "containers": [container],
        "volumes": [{"name": "config-volume", "configMap": config}, {"name": "token", "projected": {"sources": token}}],
    }


def _object(version: str, kind: str, name: str, labels: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "labels": labels or {}}, **more}


def _owner(content: dict[str, Any]) -> dict[str, Any]:
    known = {key: content["metadata"][key] for key in ("name", "uid")}
    return {"apiVersion": content["apiVersion"], "kind": content["kind"], "controller": True, **known}
