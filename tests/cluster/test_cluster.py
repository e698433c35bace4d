"""The cluster itself: real parts, and nothing left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster import cluster, daemons, programs
from tests.cluster.cluster import Cluster

pytestmark = pytest.mark.cluster


def test_the_nodes_are_real_kubelets_of_the_release(cluster: Cluster) -> None:
    nodes = cluster.api("GET", "/api/v1/nodes")["items"]
    real = {node["metadata"]["name"]: node["status"]["nodeInfo"]["kubeletVersion"] for node in nodes}
    assert {real[node.name] for node in daemons.REAL} == {f"v{programs.version()}"}
    assert cluster.api("GET", "/version")["gitVersion"] == f"v{programs.version()}"
    assert cluster.machine.failed() == []


def test_the_groups_of_a_starter_that_is_gone_are_swept() -> None:
    roots = [root / "coredns-triage-cluster-0-1" / "m1" for root in cluster._hierarchies()]
    for root in roots:
        root.mkdir(parents=True)
    cluster.sweep()
    assert [root for root in roots if Path(root).parent.exists()] == []
