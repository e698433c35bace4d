"""Products that answer DNS without a CoreDNS whose log could be read: which one this cluster has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from triage.sources.live.labels import is_old_kube_dns
from triage.sources.live.plain import Object, as_dict, labels_of

_DISTRIBUTIONS = (
    ("gke", ("-gke.",), ("cloud.google.com/gke-nodepool", "cloud.google.com/gke-os-distribution")),
    ("eks", ("-eks-",), ("eks.amazonaws.com/nodegroup", "eks.amazonaws.com/compute-type")),
    ("aks", (), ("kubernetes.azure.com/cluster", "kubernetes.azure.com/agentpool")),
    ("openshift", (), ("node.openshift.io/os_id",)),
    ("rke2", ("+rke2",), ()),
    ("k3s", ("+k3s",), ()),
    ("microk8s", (), ("microk8s.io/cluster",)),
)
"""Name, parts of a version, labels of nodes."""
_LOCAL_DNS = "kubernetes.azure.com/localdns-state"


def distribution_of(version: str | None, nodes: Iterable[Object]) -> str | None:
    """The distribution, by the API server's version, else by its nodes; a cloud's machines alone do not tell.

    >>> distribution_of("v1.33.1-gke.1386000", []), distribution_of("v1.33.1", [])
    ('gke', None)
    """
    versions = {version or ""}
    labels: set[str] = set()
    for node in nodes:
        labels.update(labels_of(node))
        versions.add(str(as_dict(as_dict(node.get("status")).get("nodeInfo")).get("kubeletVersion") or ""))
    for name, marks, keys in _DISTRIBUTIONS:
        if any(mark in v for mark in marks for v in versions) or labels.intersection(keys):
            return name
    return None


def products_of(
    pods: Sequence[Object], nodes: Sequence[Object], version: str | None, n_coredns: int
) -> tuple[str, ...]:
    """Products that answer DNS where no CoreDNS pod does (`n_coredns` is 0), and those that answer in front of it.

    >>> products_of([{"spec": {"containers": [{"name": "kubedns"}]}}], [], "v1.33.1-gke.1386000", 0)
    ('gke-kube-dns',)
    >>> products_of([], [{"metadata": {"labels": {"eks.amazonaws.com/compute-type": "auto"}}}], None, 0)
    ('eks-auto-mode',)
    """
    labels = [labels_of(node) for node in nodes]
    providers = {str(as_dict(node.get("spec")).get("providerID") or "").partition("://")[0] for node in nodes}
    on_gke = distribution_of(version, nodes) == "gke" or "gce" in providers
    found = []
    if any(is_old_kube_dns(pod) for pod in pods):
        found.append("gke-kube-dns" if on_gke else "kube-dns")
    elif on_gke and not n_coredns:
        found.append("gke-cloud-dns")
    if any(told.get("eks.amazonaws.com/compute-type") == "auto" for told in labels):
        found.append("eks-auto-mode")
    if any(told.get(_LOCAL_DNS) == "enabled" for told in labels):
        found.append("aks-localdns")
    return tuple(found)


PRODUCTS = ("gke-kube-dns", "gke-cloud-dns", "kube-dns", "eks-auto-mode", "aks-localdns")
"""Each has a gap in the catalogue that tells where its logs are."""
