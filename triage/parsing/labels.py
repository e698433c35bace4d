"""Node labels that tell az, pool and roles, of every provider whose documentation names them."""

from __future__ import annotations

from collections.abc import Mapping

AZ_LABELS = (
    "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/zone",  # until Kubernetes 1.17
    "failure-domain.kubernetes.io/zone",
    "topology.gke.io/zone",
    "topology.ebs.csi.aws.com/zone",
    "topology.disk.csi.azure.com/zone",
)
"""The first that is there counts."""

POOL_LABELS = (
    "kubernetes.azure.com/agentpool",
    "agentpool",
    "eks.amazonaws.com/nodegroup",
    "alpha.eksctl.io/nodegroup-name",
    "cloud.google.com/gke-nodepool",
    "karpenter.sh/nodepool",
    "karpenter.sh/provisioner-name",  # until karpenter 0.32
    "kops.k8s.io/instancegroup",
    "worker.gardener.cloud/pool",
    "hypershift.openshift.io/nodePool",
    "machine.openshift.io/cluster-api-machineset",
    "doks.digitalocean.com/node-pool",
    "lke.linode.com/pool-id",
    "k8s.scaleway.com/pool-name",
    "vke.vultr.com/node-pool",
    "kubernetes.civo.com/civo-node-pool",
    "ibm-cloud.kubernetes.io/worker-pool-name",
    "node.exoscale.net/nodepool-id",
    "alibabacloud.com/nodepool-id",
    "node.alibabacloud.com/nodepool-id",
    "tke.cloud.tencent.com/nodepool-id",
    "cce.cloud.com/cce-nodepool",
    "cluster.x-k8s.io/deployment-name",
    "nodepool",
)
"""The first that is there counts."""

_ROLE_PREFIX = "node-role.kubernetes.io/"


def az_of(labels: Mapping[str, str]) -> str | None:
    """The az; None when no label tells, or for Azure's `0`, which means none.

    >>> az_of({"topology.kubernetes.io/zone": "eu-central-1a"}), az_of({"topology.kubernetes.io/zone": "0"})
    ('eu-central-1a', None)
    """
    value = next((labels[key] for key in AZ_LABELS if labels.get(key)), None)
    return None if value == "0" else value


def pool_of(labels: Mapping[str, str]) -> str | None:
    """The node pool (node group, instance group)."""
    return next((labels[key] for key in POOL_LABELS if labels.get(key)), None)


def roles_of(labels: Mapping[str, str]) -> tuple[str, ...]:
    """Roles as `kubectl get nodes` prints them: the ends of the role labels, in alphabetical order.

    >>> roles_of({"node-role.kubernetes.io/master": "", "kubernetes.io/role": "etcd"})
    ('etcd', 'master')
    """
    names = {key.removeprefix(_ROLE_PREFIX) for key in labels if key.startswith(_ROLE_PREFIX)}
    if labels.get("kubernetes.io/role"):
        names.add(labels["kubernetes.io/role"])
    return tuple(sorted(names - {""}))
