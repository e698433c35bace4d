"""Which pods are CoreDNS, and of which layer: behind the DNS service, on every node, or an installer's own."""

from __future__ import annotations

from triage.model.late import late
from triage.model.place import Pod

CLUSTER, NODE_LOCAL, INFRASTRUCTURE = "cluster", "node-local", "infrastructure"

_CLUSTER_LABELS = {
    "k8s-app": ("kube-dns", "coredns", "core-dns"),
    "app.kubernetes.io/name": ("coredns", "rke2-coredns"),
    "app": ("coredns", "rke2-coredns"),
    "dns.operator.openshift.io/daemonset-dns": ("default",),
    "eks.amazonaws.com/component": ("coredns", "kube-dns"),
}
_NODE_LOCAL_LABELS = {"k8s-app": ("node-local-dns", "nodelocaldns"), "app": ("node-local-dns",)}
_CLUSTER_NAME = late(r"(?:[a-z0-9-]{0,200}-)?coredns(?:-[a-z0-9.-]{1,200})?|dns-default-[a-z0-9]{1,20}")
_NODE_LOCAL_NAME = late(r"(?:rke2-)?(?:node-?local-?dns|node-?cache)(?:-[a-z0-9.-]{1,200})?")
# They carry the name, sometimes the labels too, and answer no query.
_HELPERS = ("autoscaler", "helm-install", "helm-delete", "node-resolver", "operator", "exporter")
# OpenShift on premises runs one CoreDNS on each host for the installer's own names.
_INFRA_NAMESPACE = late(r"openshift-[a-z0-9]{1,40}-infra")


def layer_of(pod: Pod) -> str | None:
    """The DNS layer of a pod: `cluster`, `node-local`, `infrastructure`; None when it is no CoreDNS.

    >>> [layer_of(Pod(name)) for name in ("coredns-5f-q2w", "dns-default-x2gzk", "node-local-dns-7", "etcd-m1")]
    ['cluster', 'cluster', 'node-local', None]
    >>> layer_of(Pod("rke2-coredns-rke2-coredns-autoscaler-6b-x")) is None
    True
    """
    image = (pod.image or "").rpartition("/")[2]
    if any(word in pod.name for word in _HELPERS):
        return None
    if _labelled(pod, _NODE_LOCAL_LABELS) or _NODE_LOCAL_NAME.fullmatch(pod.name) or "node-cache" in image:
        return NODE_LOCAL
    if _INFRA_NAMESPACE.fullmatch(pod.namespace or "") or "-infra-coredns" in pod.labels.get("app", ""):
        return INFRASTRUCTURE if "coredns" in pod.name or "mdns" in pod.name else None
    if pod.name.startswith("kube-dns") and "coredns" not in image:
        return None  # the predecessor of CoreDNS, with the same label
    named = _CLUSTER_NAME.fullmatch(pod.name) and (not image or "dns" in image)
    return CLUSTER if _labelled(pod, _CLUSTER_LABELS) or named or "coredns" in image else None


def _labelled(pod: Pod, labels: dict[str, tuple[str, ...]]) -> bool:
    return any(pod.labels.get(key) in values for key, values in labels.items())
