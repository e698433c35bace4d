"""Which pods are CoreDNS: the labels that distributions give, and the container to read in them."""

from __future__ import annotations

from collections.abc import Sequence

from triage.sources.live.plain import Object, as_dict, as_list, labels_of, meta_of

NAMESPACES = ("kube-system", "openshift-dns")
"""Where distributions keep CoreDNS."""

DNS_LABELS: tuple[tuple[str, str], ...] = (
    ("k8s-app", "kube-dns"),  # kubeadm, k3s, RKE2, EKS, AKS, GKE, kops, kubespray, MicroK8s
    ("k8s-app", "coredns"),  # the Helm chart with isClusterService false
    ("app.kubernetes.io/name", "coredns"),  # the Helm chart
    ("app.kubernetes.io/name", "rke2-coredns"),
    ("dns.operator.openshift.io/daemonset-dns", "default"),
    ("eks.amazonaws.com/component", "coredns"),
    ("k8s-app", "node-local-dns"),  # NodeLocal DNSCache, as the addon and as kubespray name it
    ("k8s-app", "nodelocaldns"),
    ("app", "coredns"),
)
"""The printed script has the same list (a test compares both)."""

MAPS = (
    "coredns",
    "coredns-custom",
    "coredns-triage-subnets",
    "rke2-coredns-rke2-coredns",
    "dns-default",
    "node-local-dns",
    "nodelocaldns",
)
"""ConfigMaps of the distributions, for rights by name; which of them are read follows from what the pods mount."""

CONTAINERS = ("coredns", "dns", "node-cache")
"""Names of the container that is CoreDNS: everywhere, in OpenShift, in NodeLocal DNSCache."""
DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
_OLD_KUBE_DNS = frozenset({"kubedns", "dnsmasq"})
"""Containers of CoreDNS' predecessor, which carries the same label."""


def selectors() -> tuple[str, ...]:
    """The labels as selectors, one for each key.

    >>> selectors()[0]
    'k8s-app in (kube-dns,coredns,node-local-dns,nodelocaldns)'
    """
    values: dict[str, list[str]] = {}
    for key, value in DNS_LABELS:
        values.setdefault(key, []).append(value)
    return tuple(f"{key} in ({','.join(names)})" for key, names in values.items())


def has_dns_label(item: Object) -> bool:
    """True for a pod, or what belongs to it, with one of the labels."""
    labels = labels_of(item)
    return any(labels.get(key) == value for key, value in DNS_LABELS)


def is_old_kube_dns(pod: Object) -> bool:
    """True for kube-dns, the predecessor of CoreDNS.

    >>> is_old_kube_dns({"spec": {"containers": [{"name": "kubedns"}, {"name": "sidecar"}]}})
    True
    """
    return bool(_OLD_KUBE_DNS.intersection(container_names(pod)))


def container_names(pod: Object) -> Sequence[str]:
    """Names of the pod's containers, without those that run before it starts."""
    return [str(as_dict(c).get("name")) for c in as_list(as_dict(pod.get("spec")).get("containers"))]


def container_of(pod: Object, wanted: str | None = None) -> str | None:
    """The container to read: the one that was asked for, CoreDNS by its name, kubectl's default, else the first.

    >>> container_of({"spec": {"containers": [{"name": "kube-rbac-proxy"}, {"name": "dns"}]}})
    'dns'
    """
    names = container_names(pod)
    if wanted:
        return wanted if wanted in names else None
    default = as_dict(meta_of(pod).get("annotations")).get(DEFAULT_CONTAINER)
    found = [name for name in (*CONTAINERS, default) if name in names]
    return str((found or names)[0]) if found or names else None
