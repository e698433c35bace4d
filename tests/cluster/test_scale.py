"""1,000 nodes and 300 replicas: the API server is real, nodes and logs are played by kwok."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster.scale import SUBNETS, Scale
from tests.lab import judge
from tests.lab.fabric import U1

pytestmark = pytest.mark.cluster
_PODS = "/api/v1/namespaces/kube-system/pods"


def test_replicas_played_by_kwok_are_judged_as_real_ones(scale: Scale, tmp_path: Path) -> None:
    api = scale.cluster.api
    (tmp_path / "nodes.json").write_bytes(api.text("GET", "/api/v1/nodes"))
    (tmp_path / "pods.json").write_bytes(api.text("GET", _PODS))
    asked = [("GET", f"{_PODS}/{pod.name}/log?timestamps=true&tailLines=50", None) for pod in scale.pods]
    for pod, log in zip(scale.pods, api.many(asked), strict=True):
        (tmp_path / f"{pod.name}.log").write_bytes(log)
    subnets = [f"--subnets={name}={prefix}" for name, prefix in SUBNETS.items()]
    first = judge.analyze(tmp_path, *subnets)["hypotheses"][0]
    assert (first["cause"], first["upstream"]) == ("upstream-unreachable-scoped", f"{U1}:53")
    assert (first["scope"]["kind"], first["scope"]["member"]) == ("subnet", "rack-2")
    assert set(first["scope"]["replicas"]) == {pod.name for pod in scale.pods if pod.hit}
