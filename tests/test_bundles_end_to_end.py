"""Whole bundles, made as their programs write them, from the command line to the verdict.

Each holds the same incident (the replica on elm-m1 cannot reach 10.9.9.9) among what else such bundles hold. Its
verdict must be that of the plain folder somebody would have saved by hand.
"""

from __future__ import annotations

import gzip
import json
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import yaml

from tests.sources.made import write
from triage.cli import main

HEX, UID = "4f" * 32, "0b9f7c1e-5a53-4b0e-9d6f-2f4f3c1d9a7{}"
BANNER = [
    ".:5353",
    "[INFO] plugin/reload: Running configuration SHA512 = " + "0c2c8f1a" * 16,
    "CoreDNS-1.11.3",
    "linux/amd64, go1.21.11, a6338e9",
]
NAMES = (
    "api.meadow.example.",
    "www.hill.test.",
    "cdn.brook.example.net.",
    "login.fen.example.org.",
    "db.marsh.example.com.",
)
TIMEOUT = "[ERROR] plugin/errors: 2 {0} A: read udp 10.1.0.7:{1}->10.9.9.9:53: i/o timeout"
QUERY = '[INFO] 10.1.{0}.9:4242 - {2} "A IN {1} udp 41 false 512" NOERROR qr,rd,ra 68 0.003{2:03}s'
NODES = ("elm-m1", "elm-n2", "elm-n3")
DECOY = "E0301 10:00:01.000000 1 x.go:1] [ERROR] plugin/errors: 2 a. A: read udp 1.1.1.1:1->2.2.2.2:53: i/o timeout\n"


def lines_of(replica: int) -> list[tuple[str, str]]:
    """Times and texts of one replica; number 0 fails."""
    texts = [*BANNER, *(QUERY.format(replica, NAMES[i % 5], i) for i in range(60))]
    if not replica:
        texts = [*BANNER, *(TIMEOUT.format(NAMES[i % 5], 20000 + i) for i in range(40))]
    return [(f"2026-03-01T10:{i // 60:02}:{i % 60:02}.{i:06}001Z", text) for i, text in enumerate(texts)]


def stamped(replica: int) -> str:
    return "".join(f"{at} {text}\n" for at, text in lines_of(replica))


def cri(replica: int) -> str:
    return "".join(f"{at} stdout F {text}\n" for at, text in lines_of(replica))


def pod(name: str, namespace: str, container: str, replica: int, label: Mapping[str, str]) -> dict:
    state = {"running": {"startedAt": "2026-03-01T09:59:59Z"}}
    image = "registry.example/kube-proxy:v1.29.4" if container == "kube-proxy" else "registry.example/coredns:v1.11.3"
    status = {"name": container, "ready": True, "restartCount": 0, "image": image, "state": state}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": dict(label), "uid": UID.format(replica)},
        "spec": {"nodeName": NODES[replica], "containers": [{"name": container, "image": image}]},
        "status": {
            "phase": "Running",
            "podIP": f"10.1.{replica}.7",
            "hostIP": f"10.0.{8 + replica}.11",
            "containerStatuses": [status],
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def node(replica: int) -> dict:
    name = NODES[replica]
    labels = {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": f"z{replica % 2}"}
    if "-m" in name:
        labels["node-role.kubernetes.io/control-plane"] = ""
    addresses = [{"type": "InternalIP", "address": f"10.0.{8 + replica}.11"}, {"type": "Hostname", "address": name}]
    info = {"kernelVersion": "6.1.0", "kubeletVersion": "v1.29.4", "osImage": "Debian GNU/Linux 12"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": {"podCIDR": f"10.1.{replica}.0/24"},
        "status": {"addresses": addresses, "nodeInfo": info, "conditions": [{"type": "Ready", "status": "True"}]},
    }


def items(kind: str, objects: list[dict]) -> dict:
    return {"apiVersion": "v1", "kind": kind, "items": objects}


K8S = [f"coredns-6d5c8f7b94-{end}" for end in ("2kqzt", "x8mld", "vv5rw")]
OCP = [f"dns-default-{end}" for end in ("2x7lm", "9kq4z", "vv5rw")]
K8S_PODS = [pod(name, "kube-system", "coredns", i, {"k8s-app": "kube-dns"}) for i, name in enumerate(K8S)]
OCP_PODS = [
    pod(name, "openshift-dns", "dns", i, {"dns.operator.openshift.io/daemonset-dns": "default"})
    for i, name in enumerate(OCP)
]
PROXY = pod("kube-proxy-x7lm2", "kube-system", "kube-proxy", 0, {"k8s-app": "kube-proxy"})
NODE_OBJECTS = [node(i) for i in range(3)]
CONFIGMAP = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "coredns", "namespace": "kube-system"},
    "data": {"Corefile": ".:53 {\n    errors\n    log\n    forward . 10.9.9.9\n    cache 30\n}\n"},
}
Files = dict[str, str | bytes]


def plain(names: list[str], pods: list[dict], log: Callable[[int], str], *, config: bool = True) -> Files:
    """What somebody would have saved by hand."""
    files = {f"{name}.log": log(i) for i, name in enumerate(names)}
    files |= {
        "pods.json": json.dumps(items("PodList", pods)),
        "nodes.json": json.dumps(items("NodeList", NODE_OBJECTS)),
    }
    return files | ({"coredns.yaml": yaml.safe_dump(CONFIGMAP)} if config else {})


def must_gather() -> Files:
    root = "must-gather.local.5551/quay-io-openshift-release-dev-sha256-9ab"
    dns = f"{root}/namespaces/openshift-dns"
    files = {
        "must-gather.local.5551/event-filter.html": "<html><td>Readiness probe failed with 503</td></html>\n",
        "must-gather.local.5551/timestamp": "2026-03-01 10:30:00.000000000 +0000 UTC\n",
        f"{root}/version": "openshift/must-gather\n4.15.8\n",
        f"{dns}/core/pods.yaml": yaml.safe_dump(items("PodList", OCP_PODS)),
        f"{root}/namespaces/openshift-console/core/pods.yaml": yaml.safe_dump(items("PodList", [PROXY])),
        f"{root}/namespaces/openshift-console/pods/console-5d8c7b6f9-q2w3e/console/console/logs/current.log": DECOY,
    }
    for i, name in enumerate(OCP):
        files[f"{dns}/pods/{name}/dns/dns/logs/current.log"] = stamped(i)
        files[f"{dns}/pods/{name}/dns/dns/logs/previous.log"] = ""
        files[f"{dns}/pods/{name}/dns/dns/logs/previous.insecure.log"] = ""
        files[f"{dns}/pods/{name}/{name}.yaml"] = yaml.safe_dump(OCP_PODS[i])
        files[f"{dns}/pods/{name}/kube-rbac-proxy/kube-rbac-proxy/logs/current.log"] = DECOY
        files[f"{dns}/pods/node-resolver-9k2v{i}/dns-node-resolver/dns-node-resolver/logs/current.log"] = DECOY
        files[f"{root}/cluster-scoped-resources/core/nodes/{NODES[i]}.yaml"] = yaml.safe_dump(NODE_OBJECTS[i])
    return files


def inspection() -> Files:
    """`oc adm inspect` with logs that the kubelet rotated."""
    root = "inspect.local.77/namespaces/openshift-dns"
    files: Files = {f"{root}/core/pods.yaml": yaml.safe_dump(items("PodList", OCP_PODS))}
    files["inspect.local.77/cluster-scoped-resources/core/nodes.yaml"] = yaml.safe_dump(items("NodeList", NODE_OBJECTS))
    for i, name in enumerate(OCP):
        lines = stamped(i).splitlines(keepends=True)
        logs = f"{root}/pods/{name}/dns/dns/logs"
        files[f"{logs}/rotated/0.log.20260301-100020.gz"] = gzip.compress("".join(lines[:20]).encode())
        files[f"{logs}/current.log"] = "".join(lines[20:])
    return files


def support_bundle() -> Files:
    root = "support-bundle-2026-03-01T10_30_00"
    files = {
        f"{root}/version.yaml": "apiVersion: troubleshoot.sh/v1beta2\nkind: SupportBundle\n",
        f"{root}/cluster-info/cluster_version.json": '{"info": {"major": "1", "gitVersion": "v1.29.4"}}',
        f"{root}/cluster-resources/pods/kube-system.json": json.dumps(items("PodList", [*K8S_PODS, PROXY])),
        f"{root}/cluster-resources/nodes.json": json.dumps(items("NodeList", NODE_OBJECTS)),
        f"{root}/cluster-resources/configmaps/kube-system.json": json.dumps(items("ConfigMapList", [CONFIGMAP])),
        f"{root}/cluster-resources/namespaces.json": json.dumps(items("NamespaceList", [])),
        f"{root}/cluster-resources/pods/logs/kube-system/kube-proxy-x7lm2/kube-proxy.log": DECOY,
        f"{root}/analysis.json": "[]",
    }
    for i, name in enumerate(K8S):
        files[f"{root}/cluster-resources/pods/logs/kube-system/{name}/coredns.log"] = stamped(i)
    return files


def cluster_info_dump() -> Files:
    files = {
        "nodes.json": json.dumps(items("NodeList", NODE_OBJECTS)),
        "kube-system/pods.json": json.dumps(items("PodList", [*K8S_PODS, PROXY])),
        "kube-system/events.json": json.dumps(items("EventList", [])),
        "kube-system/services.json": json.dumps(items("ServiceList", [])),
        "default/pods.json": json.dumps(items("PodList", [])),
        "kube-system/kube-proxy-x7lm2/logs.txt": dumped("kube-proxy-x7lm2", "kube-proxy", DECOY),
    }
    return files | {f"kube-system/{name}/logs.txt": dumped(name, "coredns", stamped(i)) for i, name in enumerate(K8S)}


def dumped(name: str, container: str, log: str) -> str:
    place = f"logs for container {container} of pod kube-system/{name} ====\n"
    return f"==== START {place}{log}==== END {place}"


def sos_reports() -> Files:
    """A sos report is of one machine: one for each node, and the pod list beside them."""
    files = {
        "pods.json": json.dumps(items("PodList", K8S_PODS)),
        "nodes.json": json.dumps(items("NodeList", NODE_OBJECTS)),
    }
    for i, name in enumerate(K8S):
        root = f"sosreport-{NODES[i]}-2026-03-01-abcdef{i}"
        files[f"{root}/var/log/pods/kube-system_{name}_{UID.format(i)}/coredns/0.log"] = cri(i)
        files[f"{root}/var/log/pods/kube-system_kube-proxy-x7lm{i}_{UID.format(i + 3)}/kube-proxy/0.log"] = DECOY
        files[f"{root}/sos_commands/networking/ip_-o_addr"] = "1: lo    inet 127.0.0.1/8 scope host lo\n"
        files[f"{root}/version.txt"] = "sosreport: 4.7.1\n"
        files[f"{root}/var/log/messages"] = "Mar  1 10:00:00 elm systemd[1]: Started Session 1 of User root.\n"
    return files


def var_log_pods() -> Files:
    files = {
        "pods.json": json.dumps(items("PodList", K8S_PODS)),
        "nodes.json": json.dumps(items("NodeList", NODE_OBJECTS)),
    }
    for i, name in enumerate(K8S):
        files[f"var/log/pods/kube-system_{name}_{UID.format(i)}/coredns/0.log"] = cri(i)
        files[f"var/log/pods/kube-system_kube-proxy-x7lm{i}_{UID.format(i + 3)}/kube-proxy/0.log"] = DECOY
    return files


BUNDLES: dict[str, tuple[Callable[[], Files], Callable[[], Files], list[str]]] = {
    "must-gather": (must_gather, lambda: plain(OCP, OCP_PODS, stamped, config=False), OCP),
    "inspection": (inspection, lambda: plain(OCP, OCP_PODS, stamped, config=False), OCP),
    "support-bundle": (support_bundle, lambda: plain(K8S, [*K8S_PODS, PROXY], stamped), K8S),
    "cluster-info-dump": (cluster_info_dump, lambda: plain(K8S, [*K8S_PODS, PROXY], stamped, config=False), K8S),
    "sos": (sos_reports, lambda: plain(K8S, K8S_PODS, cri, config=False), K8S),
    "var-log-pods": (var_log_pods, lambda: plain(K8S, K8S_PODS, cri, config=False), K8S),
}


def report_of(path: Path, capsys: pytest.CaptureFixture[str]) -> dict:
    assert main(["analyze", str(path), "-o", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def packed(folder: Path, target: Path, mode: str) -> Path:
    with tarfile.open(target, mode) as tar:  # type: ignore[call-overload]
        for path in sorted(folder.iterdir()):
            tar.add(path, path.name)
    return target


@pytest.mark.parametrize("form", ["folder", "tar.gz", "tar.xz"])
@pytest.mark.parametrize("bundle", BUNDLES)
def test_verdict_is_that_of_the_plain_folder(
    bundle: str, form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made, by_hand, replicas = BUNDLES[bundle]
    given = write(tmp_path / "given", made())
    if form != "folder":
        given = packed(given, tmp_path / f"given.{form}", form.replace("tar.", "w:"))
    found = report_of(given, capsys)
    expected = report_of(write(tmp_path / "by-hand", by_hand()), capsys)
    assert [r["name"] for r in found["coverage"]["replicas"]] == sorted(replicas)
    assert all(r["has_log"] and r["lines"] == r["understood"] for r in found["coverage"]["replicas"])
    logs = [f for f in found["coverage"]["files"] if f["kind"] == "log" and f["lines"]]
    assert sum(f["lines"] for f in logs) == sum(len(lines_of(i)) for i in range(3))
    assert verdict(found) == verdict(expected)
    first = found["hypotheses"][0]
    assert (first["cause"], first["upstream"]) == ("upstream-unreachable-scoped", "10.9.9.9:53")
    assert first["scope"]["replicas"] == [replicas[0]]
    assert first["probability"] == pytest.approx(expected["hypotheses"][0]["probability"], abs=1e-6)


def verdict(report: dict) -> list[tuple]:
    """Causes, servers and places in their order; groups that claim nothing are left out."""
    return [
        (h["cause"], h["upstream"], h["zone"], h["scope"], h["group"], round(h["probability"], 4))
        for h in report["hypotheses"]
        if h["probability"] >= 0.05
    ]


def test_a_truncated_archive_gives_what_was_readable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = packed(write(tmp_path / "given", support_bundle()), tmp_path / "given.tar", "w")
    raw = whole.read_bytes()
    whole.write_bytes(raw[: len(raw) * 2 // 3])
    report = report_of(whole, capsys)
    assert "gap.archive-broken" in {gap["id"] for gap in report["gaps"]}
    assert any(r["lines"] for r in report["coverage"]["replicas"])
