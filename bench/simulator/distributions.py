"""What distributions of Kubernetes call things: data that `world` draws from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Distribution:
    """Names, address ranges and habits of one way to install Kubernetes."""

    name: str
    weight: float
    node_style: str
    """Which namer of `world` makes the node names."""
    cloud: bool
    """Zones are labelled, control-plane nodes are hidden, nodes sit in subnets of their zone or pool."""
    namespace: str = "kube-system"
    workload: str = "coredns"
    container: str = "coredns"
    daemonset: bool = False
    pod_net: str = "10.244"
    service_net: str = "10.96"
    systems: tuple[tuple[str, str], ...] = (("Debian GNU/Linux 12 (bookworm)", "6.1.0-28-amd64"),)
    """OS image and kernel, as `kubectl get nodes -o wide` prints them."""
    runtime: str = "containerd://1.7.20"
    image: str = "registry.k8s.io/coredns/coredns:v{version}"
    pool_label: str | None = None
    imports: tuple[str, ...] = ()
    """Import patterns of the default Corefile; without a match they warn at each reload tick."""
    cache_s: int = 30
    policy: str | None = None
    few_replicas: bool = False
    port: int = 53


_UBUNTU = (
    ("Ubuntu 22.04.4 LTS", "5.15.0-113-generic"),
    ("Ubuntu 24.04.1 LTS", "6.8.0-45-generic"),
    ("Ubuntu 20.04.6 LTS", "5.4.0-190-generic"),
)

DISTRIBUTIONS: tuple[Distribution, ...] = (
    Distribution(
        "kubeadm",
        30,
        "numbered",
        cloud=False,
        systems=(*_UBUNTU, ("Rocky Linux 9.4 (Blue Onyx)", "5.14.0-427.el9.x86_64")),
    ),
    Distribution("kubespray", 8, "numbered", cloud=False, pod_net="10.233", service_net="10.233", systems=_UBUNTU),
    Distribution(
        "k3s",
        9,
        "edge",
        cloud=False,
        pod_net="10.42",
        service_net="10.43",
        runtime="containerd://1.7.21-k3s1",
        few_replicas=True,
        image="rancher/mirrored-coredns-coredns:{version}",
        imports=("/etc/coredns/custom/*.override", "/etc/coredns/custom/*.server"),
    ),
    Distribution(
        "rke2",
        8,
        "numbered",
        cloud=False,
        workload="rke2-coredns-rke2-coredns",
        pod_net="10.42",
        service_net="10.43",
        runtime="containerd://1.7.20-k3s1",
        image="rancher/hardened-coredns:v{version}-build20240910",
        systems=(("SUSE Linux Enterprise Server 15 SP5", "5.14.21-150500.55.73-default"), *_UBUNTU),
    ),
    Distribution(
        "openshift",
        8,
        "openshift",
        cloud=False,
        namespace="openshift-dns",
        workload="dns-default",
        container="dns",
        daemonset=True,
        pod_net="10.129",
        service_net="172.30",
        runtime="cri-o://1.28.9",
        cache_s=900,
        policy="sequential",
        port=5353,
        image="quay.io/openshift-release-dev/ocp-v4.0-art-dev@sha256:6d5f7a3c",
        systems=(("Red Hat Enterprise Linux CoreOS 415.92.202407091355-0", "5.14.0-284.73.1.el9_2.x86_64"),),
    ),
    Distribution(
        "aks",
        13,
        "aks",
        cloud=True,
        service_net="10.0",
        pool_label="kubernetes.azure.com/agentpool",
        image="mcr.microsoft.com/oss/kubernetes/coredns:v{version}",
        imports=("custom/*.override", "custom/*.server"),
        systems=(("Ubuntu 22.04.4 LTS", "5.15.0-1068-azure"), ("CBL-Mariner/Linux", "5.15.158.2-1.cm2")),
    ),
    Distribution(
        "eks",
        14,
        "eks",
        cloud=True,
        service_net="172.20",
        pool_label="eks.amazonaws.com/nodegroup",
        image="602401143452.dkr.ecr.{region}.amazonaws.com/eks/coredns:v{version}-eksbuild.3",
        systems=(
            ("Amazon Linux 2", "5.10.220-209.869.amzn2.x86_64"),
            ("Amazon Linux 2023.5.20240722", "6.1.97-104.177.amzn2023.x86_64"),
        ),
    ),
    Distribution(
        "gke-like",
        6,
        "gke",
        cloud=True,
        service_net="34.118",
        pool_label="cloud.google.com/gke-nodepool",
        systems=(("Container-Optimized OS from Google", "6.1.90+"),),
    ),
    Distribution(
        "generic",
        6,
        "random",
        cloud=False,
        pod_net="192.168",
        service_net="10.152",
        systems=(("Flatcar Container Linux by Kinvolk 3815.2.5", "6.1.96-flatcar"),),
    ),
)

REGIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "aks": ("westeurope", ("westeurope-1", "westeurope-2", "westeurope-3")),
    "eks": ("ap-northeast-1", ("ap-northeast-1a", "ap-northeast-1c", "ap-northeast-1d")),
    "gke": ("europe-north1", ("europe-north1-a", "europe-north1-b", "europe-north1-c")),
}
HALLS: tuple[tuple[str, ...], ...] = (
    ("hall-1", "hall-2"),
    ("east", "west"),
    ("fra-a", "fra-b", "fra-c"),
    ("r1", "r2", "r3"),
    ("dc-north", "dc-south"),
)
"""Availability zones of people who run their own data centres."""
PUBLIC_RESOLVERS = ("8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9", "149.112.112.112", "208.67.222.222")
CLOUD_RESOLVER = {"aks": "168.63.129.16", "gke": "169.254.169.254"}
