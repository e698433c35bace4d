"""Commands of gaps name what the evidence names: the namespace of the pods."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

import triage

LINE = "[ERROR] plugin/errors: 2 a.example. A: read udp 10.0.0.1:3->10.0.0.2:53: i/o timeout\n"


@pytest.mark.parametrize(
    ("namespace", "named"), [("dns", "dns"), ("kube-system", "kube-system"), ("x; reboot", "kube-system")]
)
def test_the_namespace_is_that_of_the_pods(tmp_path: Path, namespace: str, named: str) -> None:
    pods = [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": f"coredns-{n}", "namespace": namespace, "labels": {"k8s-app": "kube-dns"}},
            "spec": {"nodeName": f"node-{n}", "containers": [{"name": "coredns"}]},
        }
        for n in "ab"
    ]
    (tmp_path / "pods.yaml").write_text(yaml.safe_dump_all(pods))
    (tmp_path / "coredns-a.log").write_text(LINE)
    commands = [gap.command for gap in triage.analyze(triage.load(tmp_path)).gaps if gap.command]
    assert f"kubectl logs -n {named} coredns-b --timestamps --tail=-1" in commands
    assert not any("reboot" in command for command in commands)
