"""What names tell: the pod of a log file, the node of a resolv.conf, whether a log is of the previous run."""

from __future__ import annotations

import re

from triage.model.late import late
from triage.sources.wordlist import words

_DNS_WORD = r"(?:core-?dns|node-?local-?dns|kube-?dns|dns-default|node-?cache|dns)"
_LABEL = r"[a-z0-9](?:[a-z0-9.-]{0,80}?[a-z0-9])?"
_ENDINGS = r"(?:[a-z2-9]{5}|[a-z0-9]{5})"

# Pods are named <name>-<hash of the template>-<5> (Deployment), <name>-<5> (DaemonSet), <name>-<n> (StatefulSet).
_DEPLOYMENT = late(rf"(?P<owner>{_LABEL})-(?P<hash>[a-z0-9]{{6,10}})-(?P<end>[a-z0-9]{{5}})")
_DAEMONSET = late(rf"(?P<owner>{_LABEL})-(?P<end>[a-z0-9]{{5}})")
_STATEFULSET = late(rf"(?P<owner>{_LABEL})-(?P<end>\d{{1,3}})")
_DNS_POD_INSIDE = late(
    rf"(?<![a-z0-9])((?:[a-z0-9]+-){{0,4}}{_DNS_WORD}(?:-[a-z0-9]+){{0,4}}?(?:-[a-z0-9]{{6,10}})?-[a-z0-9]{{5}})(?![a-z0-9-])"
)
_SUFFIXES = (".log", ".txt", ".logs", ".out", ".json", ".jsonl", ".ndjson", ".prom", ".metrics", ".md", ".csv")
_PREVIOUS = late(r"(?:[._-](?:previous|prev|last|old-container)|\.p)$")
_WORDS_OF_5 = frozenset(
    {"debug", "error", "trace", "alert", "today", "stern", "shell", "query", "table", "nodes", "first", "after"}
)
_GENERIC = words(
    "coredns core-dns dns kube-dns kubedns node-local-dns nodelocaldns node-cache log logs all "
    "all-replicas replicas current previous "
    "output out stdout stderr stdin all-pods pods merged everything kubectl kubectl-logs k8s coredns-log "
    "coredns-logs dns-log dns-logs "
    "hassio_dns messages syslog journal paste ticket terminal session notes readme input data text evidence incident"
)


def stem_of(name: str) -> tuple[str, bool]:
    """Base name without endings, and whether it says `previous`.

    >>> stem_of("logs/coredns-7f8ff9c97-6tlln.previous.log")
    ('coredns-7f8ff9c97-6tlln', True)
    """
    stem = name.rsplit("/", 1)[-1].rsplit("!", 1)[-1]
    lowered = stem.lower()
    for ending in (".gz", ".bz2", ".xz", ".zst", *_SUFFIXES):
        if lowered.endswith(ending):
            stem = stem[: -len(ending)]
            lowered = stem.lower()
    match = _PREVIOUS.search(lowered)
    return (stem[: match.start()], True) if match else (stem, False)


def pod_in(stem: str) -> str | None:
    """The pod that a file's stem names; None when it names none.

    >>> (pod_in("coredns-7f8ff9c97-6tlln"),
    ...  pod_in("rke2-coredns-rke2-coredns-957b7f74ff-7tfdv"),
    ...  pod_in("dns-default-tk29t"))
    ('coredns-7f8ff9c97-6tlln', 'rke2-coredns-rke2-coredns-957b7f74ff-7tfdv', 'dns-default-tk29t')
    >>> pod_in("logs-from-coredns-in-coredns-5d78c9869d-q7x2m"), pod_in("coredns"), pod_in("all-replicas"), pod_in("0")
    ('coredns-5d78c9869d-q7x2m', None, None, None)
    """
    lowered = stem.lower()
    if lowered in _GENERIC:
        return None
    for marker in ("-in-", "__", "_", "@", " "):
        for piece in lowered.split(marker)[::-1]:
            if piece != lowered and (found := pod_in(piece)):
                return found
    if is_pod_name(lowered):
        return lowered
    match = _DNS_POD_INSIDE.search(lowered)
    return match[1] if match and is_pod_name(match[1]) else None


def is_pod_name(name: str) -> bool:
    """True for names of the shape that pods of a Deployment, DaemonSet or StatefulSet have.

    >>> [is_pod_name(n) for n in ("coredns-xpg29", "edge-dns-1", "coredns-old", "coredns-error", "kube-dns")]
    [True, True, False, False, False]
    """
    if len(name) > 253:
        return False
    if _DEPLOYMENT.fullmatch(name):
        return True
    match = _DAEMONSET.fullmatch(name)
    if match:
        return match["end"] not in _WORDS_OF_5 and not match["end"].isdigit()
    return _STATEFULSET.fullmatch(name) is not None


def is_dns_pod(pod: str) -> bool:
    """True for a pod of CoreDNS or of NodeLocal DNSCache, by its name.

    >>> (is_dns_pod("rke2-coredns-rke2-coredns-957b7f74ff-7tfdv"),
    ...  is_dns_pod("coredns-autoscaler-7f8ff9c97-6tlln"),
    ...  is_dns_pod("node-resolver-2x7lm"))
    (True, False, False)
    """
    lowered = pod.lower()
    if any(
        word in lowered
        for word in ("autoscaler", "node-resolver", "external-dns", "dns-operator", "dnsutils", "dns-test")
    ):
        return False
    return re.search(r"core-?dns|node-?local-?dns|kube-?dns|dns-default|node-?cache", lowered) is not None


def container_of(name: str | None) -> str | None:
    """The container that a pod's or a file's name implies: node caches and OpenShift's DNS call theirs differently.

    >>> container_of("node-local-dns-q7x2m"), container_of("dns-default-tk29t"), container_of("coredns-7f8ff9c97-6tlln")
    ('node-cache', 'dns', None)
    """
    lowered = (name or "").lower()
    if re.search(r"node-?local-?dns|node-?cache", lowered):
        return "node-cache"
    return "dns" if lowered.startswith("dns-default-") else None


def stream_name(stem: str) -> str | None:
    """What to call a stream whose file names no pod: its stem, unless everybody's files are called so."""
    return None if stem.lower() in _GENERIC or stem.isdigit() or not stem else stem


def speaks_of_dns(stem: str) -> bool:
    """True when the name suggests a DNS server's log."""
    return re.search(r"dns|node-?cache", stem.lower()) is not None


def host_of_resolv_conf(name: str) -> str | None:
    """The node in `<node>.resolv.conf` and kin; None for a plain `resolv.conf`.

    >>> (host_of_resolv_conf("k8s-pre-m01.resolv.conf"),
    ...  host_of_resolv_conf("resolv.conf"),
    ...  host_of_resolv_conf("resolv.conf.10.0.8.14"))
    ('k8s-pre-m01', None, '10.0.8.14')
    """
    base = name.rsplit("/", 1)[-1].rsplit("!", 1)[-1].removesuffix(".txt")
    match = re.fullmatch(r"(?P<before>.*?)[._-]?resolv(?:e|er)?[._-]conf(?:[._-](?P<after>.+))?", base, re.IGNORECASE)
    if match is None:
        return None
    host = match["before"] or match["after"]
    return host if host and host.lower() not in {"etc", "node", "pod", "host", "bak", "orig", "stub"} else None
