"""Where bundles of others keep the logs of pods: a path tells namespace, pod, container, and which run.

One row a layout; each was read in the source of the program that writes it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct, field

from triage.model.late import late
from triage.sources import names


class PodLog(Struct, frozen=True):
    """What a path tells about a container's log."""

    pod: str
    container: str | None
    namespace: str | None
    previous: bool
    layout: str
    ignored: str | None = None
    """Why this log is none of ours (catalogue key)."""
    hints: Mapping[str, str] = field(default_factory=dict)


_AT = "(?:^|/)"
_NS = r"(?P<ns>[a-z0-9][a-z0-9-]{0,62})"
_POD = r"(?P<pod>[a-z0-9][a-z0-9.-]{0,252})"
_C = r"(?P<c>[a-z0-9][a-z0-9-]{0,62}?)"
_UID = r"[0-9a-f-]{32,36}"
_WHICH = r"(?P<which>current|previous)(?:\.insecure)?\.log"

_LAYOUTS: tuple[tuple[str, re.Pattern[str]], ...] = (
    # oc adm inspect, also as must-gather
    ("must-gather", late(rf"{_AT}namespaces/{_NS}/pods/{_POD}/{_C}/(?P=c)/logs/(?:{_WHICH}|rotated/[^/]+)$")),
    # nirs/kubectl-gather
    ("kubectl-gather", late(rf"{_AT}namespaces/{_NS}/pods/{_POD}/{_C}/{_WHICH}$")),
    # replicatedhq/troubleshoot, clusterResources; its logs collectors write NAME/POD/CONTAINER.log (the last row)
    ("support-bundle", late(rf"{_AT}cluster-resources/pods/logs/{_NS}/{_POD}/{_C}?(?P<which>-previous)?\.log$")),
    # our own bundle
    ("bundle", late(rf"{_AT}logs/{_NS}/{_POD}/{_C}/{_WHICH}$")),
    # the kubelet's folder; the log collector of Amazon EKS copies pods' folders without `pods/` above
    ("var-log-pods", late(rf"{_AT}{_NS}_{_POD}_{_UID}/{_C}/(?P<restart>\d{{1,6}})\.log(?:\.[^/]+)?$")),
    ("var-log-containers", late(rf"{_AT}{_POD}_{_NS}_{_C}-[0-9a-f]{{64}}\.log$")),
    # sos report -k kubernetes.podlogs: the file is named after the command
    ("sos", late(rf"{_AT}cluster-info/{_NS}/podlogs/{_POD}/[^/]+_-c_{_C}$")),
    # rancherlabs/support-tools, v2.x logs collector
    ("rancher", late(rf"{_AT}(?:rke2?|k3s|kubeadm|k8s|pod)/podlogs/{_NS}-(?=[a-z0-9]){_POD}$")),
    ("folder-of-pod", late(rf"{_AT}{_POD}/{_C}(?P<which>[._-]previous)?\.log$")),
)  # fmt: skip

_RANCHER_NAMESPACES = ("kube-system", "kube-public", "default")
_DNS_CONTAINERS = frozenset({"coredns", "dns", "node-cache"})
_OTHER_CONTAINERS = late(
    r"rbac-proxy|node-resolver|autoscaler|-monitor$|^render-|^metrics|^init|sidecar|^dnsmasq$|^kubedns$"
)
# On-premises OpenShift runs a CoreDNS on every node for the cluster's own names, before and beside dns-default.
_INFRA = late(r"openshift-[a-z]+-infra")
_SOS = late(r"(?:^|/)sosreport-(?P<host>[\w.-]+?)(?:-\d{5,10})?-\d{4}-\d\d-\d\d-\w{5,10}/")


def pod_log_of(path: str) -> PodLog | None:
    """What a path tells about a pod's log; None for files that are no pod's log by their path.

    >>> p = pod_log_of("mg/namespaces/openshift-dns/pods/dns-default-2x7lm/dns/dns/logs/previous.log")
    >>> p.pod, p.container, p.namespace, p.previous, p.ignored
    ('dns-default-2x7lm', 'dns', 'openshift-dns', True, None)
    >>> pod_log_of("namespaces/openshift-dns/pods/dns-default-2x7lm/kube-rbac-proxy/current.log").ignored
    'ignored.other-pod'
    >>> pod_log_of("logs/coredns-7f8ff9c97-6tlln.log") is None
    True
    """
    for layout, pattern in _LAYOUTS:
        match = pattern.search(path)
        if match is None:
            continue
        found = _read(layout, match, path)
        if found is not None:
            return found
    return None


def _read(layout: str, match: re.Match[str], path: str) -> PodLog | None:
    groups = match.groupdict()
    namespace, pod, container = groups.get("ns"), match["pod"], groups.get("c")
    previous = "previous" in (groups.get("which") or "")
    if layout == "rancher":
        namespace, pod, previous = _rancher(f"{namespace}-{pod}")
    if layout == "folder-of-pod" and not (names.is_dns_pod(pod) and names.is_pod_name(pod)):
        return None
    hints = {"layout": layout}
    if groups.get("restart"):
        hints["restart"] = match["restart"]
    node = _node_of(path, namespace, pod)
    if node:
        hints["node"] = node
    infra = namespace is not None and _INFRA.fullmatch(namespace) is not None
    if infra:
        hints["layer"] = "node-dns"
    ignored = "ignored.other-pod" if is_other_log(pod, container) else None
    return PodLog(pod, container, namespace, previous, layout, ignored, hints)


def is_other_log(pod: str, container: str | None) -> bool:
    """True for the log of another program than CoreDNS, by the names of pod and container.

    >>> (is_other_log("kube-proxy-x7lm2", None),
    ...  is_other_log("dns-default-x7lm2", "kube-rbac-proxy"),
    ...  is_other_log("edge-dns-1", None))
    (True, True, False)
    """
    if container is not None and container not in _DNS_CONTAINERS and _OTHER_CONTAINERS.search(container):
        return True
    return not names.is_dns_pod(pod) and container not in _DNS_CONTAINERS and not names.speaks_of_dns(pod)


def _rancher(name: str) -> tuple[str | None, str, bool]:
    """`<namespace>-<pod>[-previous]`, where nothing tells the two apart but what namespaces are called."""
    previous = name.endswith("-previous")
    name = name.removesuffix("-previous")
    for namespace in _RANCHER_NAMESPACES:
        if name.startswith(namespace + "-"):
            return namespace, name[len(namespace) + 1 :], previous
    return None, name, previous


def _node_of(path: str, namespace: str | None, pod: str) -> str | None:
    """The node of a pod's log: the machine of a sos report; the rest of a static pod's name."""
    if namespace is not None and _INFRA.fullmatch(namespace) and pod.startswith("coredns-"):
        return pod.removeprefix("coredns-")
    return host_of_bundle(path)


def host_of_bundle(path: str) -> str | None:
    """The machine whose files a sos report holds.

    >>> host_of_bundle("sosreport-k8s-pre-m01-2024-03-01-abcdefg/etc/resolv.conf"), host_of_bundle("etc/resolv.conf")
    ('k8s-pre-m01', None)
    """
    match = _SOS.search(path)
    return match["host"] if match else None


# Objects of every namespace would cost minutes to parse and say nothing about DNS.
_NAMESPACED = late(
    r"(?:^|/)namespaces/(?P<ns>[a-z0-9-]{1,63})/|(?:^|/)cluster-resources/[a-z-]+/(?P<file>[a-z0-9-]{1,63})\.(?:json|ya?ml)$"
)
_DNS_NAMESPACES = late(r"kube-system|openshift-dns|openshift-[a-z]+-infra|default|.*dns.*")


def is_other_namespace(path: str) -> bool:
    """True for a file of a namespace that holds no DNS, in a layout with a folder a namespace.

    >>> (is_other_namespace("mg/namespaces/openshift-console/core/pods.yaml"),
    ...  is_other_namespace("mg/namespaces/openshift-dns/core/pods.yaml"))
    (True, False)
    """
    match = _NAMESPACED.search(path)
    if match is None:
        return False
    namespace = match["ns"] or match["file"]
    return _DNS_NAMESPACES.fullmatch(namespace) is None
