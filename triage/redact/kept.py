"""What is no secret and keeps its meaning only when it stays: suffixes, files, versions, keys of public projects."""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LABELS = _words(
    "www example svc pod cluster local localdomain localhost in-addr ip6 arpa _tcp _udp _tls _dns-sd kubernetes "
    "default kube-system kube-dns coredns node-local-dns"
)
_LAST = _words(
    "com net org edu gov mil int info biz dev app cloud internal intranet lan home corp private test example "
    "invalid onion alt server override"
)
NAMES = _words(
    "corefile.base readme.md collect.sh checks.sh sysctl.d resolv.conf.d resource.type "
    "client.timeout tls.config response.writeheader e.g i.e a.k.a"
)
"""Whole words that look like names: files, Go names in messages, abbreviations."""
_PROJECTS = re.compile(
    r"(?:.+\.)?(?:kubernetes\.io|k8s\.io|coredns\.io|openshift\.io|projectcalico\.org|k8s\.ovn\.org|cilium\.io|antrea\.io|"
    r"coreos\.com|kube-router\.io|azure\.com|eks\.amazonaws\.com|csi\.aws\.com|eksctl\.io|cloud\.google\.com|gke\.io|"
    r"karpenter\.sh|gardener\.cloud|doks\.digitalocean\.com|lke\.linode\.com|scaleway\.com|vke\.vultr\.com|civo\.com|"
    r"exoscale\.net|alibabacloud\.com|tencent\.com|cce\.cloud\.com|k3s\.io|rke2\.io|cattle\.io|github\.com|golang\.org|"
    r"gopkg\.in|go\.uber\.org|mcr\.microsoft\.com)|(?:docker|quay|ghcr|gcr|k8s\.gcr)\.io"
)
"""Hosts in keys of labels, import paths and images: only beside a slash."""
_API_GROUPS = re.compile(
    r"[a-z]+(?:\.[a-z]+)*\.(?:k8s\.io|kubernetes\.io)|[a-z]{3,30}\.(?:apps|batch|policy|autoscaling|extensions)|k8s\.io|"
    r"kubernetes\.io|io\.(?:cilium|kubernetes)\.[a-z0-9.-]+"
)
_TYPES = re.compile(r"\*?v\d\w*\.[A-Z]\w*")
_VERSION = re.compile(r"(?:go|v|[A-Za-z]{1,20}[-_]v?)?\d+\.\d[\w.+-]*")
_NETWORK = re.compile(r"(?:\d{1,3}\.){1,3}x")
_CALL = re.compile(r"(?:runtime|main|panic|net|http|sync|syscall|time|context|os|reflect|testing)\.")
_PATH = re.compile(r"(?:spec|status|metadata|items|data|subsets)(?:\.[A-Za-z*\d]+)+")
_FIELD = re.compile(
    r"(?:spec|status|metadata|involvedObject)\.(?:nodeName|podIP|hostIP|phase|name|namespace|kind|podCIDRs?)"
)
_KERNEL = re.compile(
    r"net\.(?:core|ipv4|ipv6|netfilter)\.[a-z0-9_.-]+|net\.nf_[a-z_]+|(?:user|fs)\.(?:max_)?inotify[a-z_.]*|"
    r"fs\.(?:file-max|file-nr|nr_open)|kernel\.(?:threads-max|pid_max|[a-z]+_[a-z_]+)|vm\.[a-z]+_[a-z_]+"
)
ENDINGS = _words(
    "log logs txt out json jsonl ndjson yaml yml prom metrics conf go csv tsv gz bz2 xz zst tar tgz "
    "zip service socket sock timer pem crt cer db txtar html previous prev current"
)
"""Last labels that make a file or unit of what would be a name."""
WORDS = _words(
    "a an the all any coredns core dns kube kubedns kubernetes k8s rke2 rke k3s default node local "
    "nodelocaldns cache proxy apiserver etcd scheduler controller manager autoscaler operator resolver "
    "exporter infra helm install delete system master masters worker workers control plane controlplane "
    "cluster server agent pod pods nodes log logs current previous resolv conf checks test tests tools utils "
    "dnsutils external business edge ingress monitoring openshift events event replicas replica subnets "
    "subnet corefile custom upstream host localhost minikube kind docker-desktop flannel calico cilium canal "
    "weave metrics version manifest report evidence stdin terminal paste ticket none unknown node-local-dns "
    "kube-system kube-public kube-node-lease control-plane kube-dns dns-default kube-proxy openshift-dns "
    "openshift-dns-operator all-replicas readme md sh collect"
)
"""Words that name nobody's node, pod, subnet or file."""


def is_kept_label(label: str, *, last: bool = False) -> bool:
    """Does a label stay? At the end of a name, common and national suffixes do too.

    >>> is_kept_label("svc"), is_kept_label("com"), is_kept_label("com", last=True), is_kept_label("de", last=True)
    (True, False, True, True)
    """
    if label in _LABELS or not label or label == "*":
        return True
    return last and (label in _LAST or (len(label) == 2 and label.isascii() and label.isalpha()))


def is_probe(name: str) -> bool:
    """Does CoreDNS' loop plugin ask for it: two long numbers in front of a zone? Random, so no secret.

    >>> is_probe("7778252015801341736.3866254065006489622.cluster.local."), is_probe("4.3.2.1.e164.arpa.")
    (True, False)
    """
    first, _, rest = name.partition(".")
    second = rest.partition(".")[0]
    return first.isdigit() and second.isdigit() and max(len(first), len(second)) > 11


def is_no_name(token: str, before: str, after: str) -> bool:
    """Is a text with dots something else than a DNS name? `before`, `after`: the characters beside it.

    >>> [is_no_name(t, "", "") for t in ("1.11.1", "0.000123s", "v1.Service", "net.ipv4.tcp_rmem", "a.corp.example")]
    [True, True, True, True, False]
    >>> is_no_name("node-role.kubernetes.io", "", "/"), is_no_name("spec.nodeName", ".", "")
    (True, True)
    """
    if token.rstrip(".").lower() in NAMES:
        return True
    if token.endswith("."):
        return token.replace(".", "").isdigit()  # the loop plugin's probe asks for two numbers
    if before == "." and _PATH.fullmatch(token):
        return True
    if after == "(" and (before == "/" or _CALL.match(token)):
        return True
    if (after == "/" or before in ("/", "@")) and _PROJECTS.fullmatch(token):
        return True
    if _VERSION.fullmatch(token):
        last = token.rpartition(".")[2]
        return any(char.isdigit() for char in last) or len(last) < 2
    return any(form.fullmatch(token) for form in (_TYPES, _FIELD, _KERNEL, _API_GROUPS, _NETWORK))
