"""Bundles of others, made here as their programs write them: all CoreDNS logs are found, nothing else is a replica."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.sources import made
from triage.model.bundle import Kind
from triage.sources.load import load

UID = "0b9f7c1e-5a53-4b0e-9d6f-2f4f3c1d9a77"
HEX = "4f" * 32
A, B = made.POD_A, made.POD_B
OTHER = "I0101 00:00:00.000000 1 x.go:1] [ERROR] plugin/errors: 2 a. A: read udp 1.1.1.1:1->2.2.2.2:53: i/o timeout\n"
POD_YAML = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {A}, namespace: kube-system}}\n"
NODE_YAML = "apiVersion: v1\nkind: Node\nmetadata: {name: elm-m1}\n"
NODE_LIST = json.dumps({"kind": "NodeList", "apiVersion": "v1", "items": [{"metadata": {"name": "elm-m1"}}]})
SOS = "sosreport-elm-m1-2026-03-01-abcdefg"


def periscope(pod: str, container: str, log: str) -> str:
    return json.dumps({"name": pod, "containerName": container, "containerLog": log})


def dumped(pod: str, container: str, log: str) -> str:
    place = f"logs for container {container} of pod kube-system/{pod} ====\n"
    return f"==== START {place}{log}==== END {place}"


# replica, container, namespace, previous, node, layout
Row = tuple[str, str | None, str | None, bool, str | None, str | None]

MG = "must-gather.local.42/registry-sha256-ab/namespaces"
LAYOUTS: dict[str, tuple[dict[str, str], list[Row]]] = {
    "must-gather": (
        {
            f"{MG}/openshift-dns/pods/dns-default-2x7lm/dns/dns/logs/current.log": made.LOG,
            f"{MG}/openshift-dns/pods/dns-default-2x7lm/dns/dns/logs/previous.log": made.BANNER,
            f"{MG}/openshift-dns/pods/dns-default-2x7lm/kube-rbac-proxy/kube-rbac-proxy/logs/current.log": OTHER,
            f"{MG}/openshift-dns/pods/node-resolver-9k2vq/dns-node-resolver/dns-node-resolver/logs/current.log": OTHER,
            f"{MG}/openshift-kni-infra/pods/coredns-elm-m1/coredns/coredns/logs/current.log": made.BANNER + OTHER,
            f"{MG}/openshift-kni-infra/pods/coredns-elm-m1/coredns-monitor/coredns-monitor/logs/current.log": OTHER,
            f"{MG}/openshift-console/pods/console-5d8c7b6f9-q2w3e/console/console/logs/current.log": OTHER,
            f"{MG}/openshift-console/core/pods.yaml": POD_YAML,
        },
        [
            ("coredns-elm-m1", "coredns", "openshift-kni-infra", False, "elm-m1", "must-gather"),
            ("dns-default-2x7lm", "dns", "openshift-dns", False, None, "must-gather"),
            ("dns-default-2x7lm", "dns", "openshift-dns", True, None, "must-gather"),
        ],
    ),
    "kubectl-gather": (
        {
            f"gather/hub/namespaces/kube-system/pods/{A}/coredns/current.log": made.LOG,
            f"gather/hub/namespaces/kube-system/pods/{A}/coredns/previous.log": made.BANNER,
            "gather/hub/namespaces/kube-system/pods/kube-proxy-x7lm2/kube-proxy/current.log": OTHER,
        },
        [
            (A, "coredns", "kube-system", False, None, "kubectl-gather"),
            (A, "coredns", "kube-system", True, None, "kubectl-gather"),
        ],
    ),
    "support-bundle": (
        {
            f"support-bundle-1/cluster-resources/pods/logs/kube-system/{A}/coredns.log": made.LOG,
            f"support-bundle-1/cluster-resources/pods/logs/kube-system/{A}/coredns-previous.log": made.BANNER,
            "support-bundle-1/cluster-resources/pods/logs/kube-system/kube-proxy-x7lm2/kube-proxy.log": OTHER,
            f"support-bundle-1/dns/{B}/coredns.log": made.BANNER,
        },
        [
            (A, "coredns", "kube-system", False, None, "support-bundle"),
            (A, "coredns", "kube-system", True, None, "support-bundle"),
            (B, "coredns", None, False, None, "folder-of-pod"),
        ],
    ),
    "bundle": (
        {
            f"coredns-triage-x/logs/kube-system/{A}/coredns/current.log": made.LOG,
            "coredns-triage-x/logs/kube-system/node-local-dns-q7x2m/node-cache/current.log": made.BANNER,
            "coredns-triage-x/manifest.json": json.dumps({"schema": "triage.bundle/1", "cluster": {"context": "prod"}}),
        },
        [
            (A, "coredns", "kube-system", False, None, "bundle"),
            ("node-local-dns-q7x2m", "node-cache", "kube-system", False, None, "bundle"),
        ],
    ),
    "sos": (
        {
            f"{SOS}/var/log/pods/kube-system_{A}_{UID}/coredns/3.log": made.LOG,
            f"{SOS}/var/log/pods/kube-system_{A}_{UID}/coredns/2.log": made.BANNER,
            f"{SOS}/var/log/pods/kube-system_kube-proxy-x7lm2_{UID}/kube-proxy/0.log": OTHER,
            f"{SOS}/sos_commands/kubernetes/cluster-info/kube-system/podlogs/{B}/"
            f"kubectl_--namespace_kube-system_logs_{B}_-c_coredns": made.TIMEOUT,
        },
        [
            (A, "coredns", "kube-system", False, "elm-m1", "var-log-pods"),
            (A, "coredns", "kube-system", True, "elm-m1", "var-log-pods"),
            (B, "coredns", "kube-system", False, "elm-m1", "sos"),
        ],
    ),
    "var-log": (
        {
            f"containers/{A}_kube-system_coredns-{HEX}.log": made.LOG,
            f"containers/kube-proxy-x7lm2_kube-system_kube-proxy-{HEX}.log": OTHER,
            f"pods/kube-system_{B}_{UID}/coredns/0.log.20260301-100000": made.BANNER,
        },
        [
            (A, "coredns", "kube-system", False, None, "var-log-containers"),
            (B, "coredns", "kube-system", False, None, "var-log-pods"),
        ],
    ),
    "eks": (
        {
            f"eks_i-0abc_2026-03-01/var_log/{A}_kube-system_coredns-{HEX}.log": made.LOG,
            f"eks_i-0abc_2026-03-01/var_log/kube-system_{B}_{UID}/coredns/0.log": made.BANNER,
            f"eks_i-0abc_2026-03-01/var_log/kube-system_aws-node-x7lm2_{UID}/aws-node/0.log": OTHER,
            "eks_i-0abc_2026-03-01/kubelet/kubeconfig.yaml": "apiVersion: v1\nkind: Config\nclusters: []\n",
        },
        [
            (A, "coredns", "kube-system", False, None, "var-log-containers"),
            (B, "coredns", "kube-system", False, None, "var-log-pods"),
        ],
    ),
    "rancher": (
        {
            f"elm-m1-2026-03-01/rke2/podlogs/kube-system-rke2-{A}": made.LOG,
            f"elm-m1-2026-03-01/rke2/podlogs/kube-system-rke2-{A}-previous": made.BANNER,
            "elm-m1-2026-03-01/rke2/podlogs/cattle-system-rancher-5d8c7b6f9-q2w3e": OTHER,
        },
        [
            (f"rke2-{A}", None, "kube-system", False, None, "rancher"),
            (f"rke2-{A}", None, "kube-system", True, None, "rancher"),
        ],
    ),
    "aks-periscope": (
        {
            f"podscontainerlogs/{A}-coredns": periscope(A, "coredns", made.LOG),
            "podscontainerlogs/kube-proxy-x7lm2-kube-proxy": periscope("kube-proxy-x7lm2", "kube-proxy", OTHER),
        },
        [(A, "coredns", None, False, None, "aks-periscope")],
    ),
    "cluster-info-dump": (
        {
            f"dump/kube-system/{A}/logs.txt": dumped(A, "coredns", made.LOG),
            "dump/kube-system/kube-proxy-x7lm2/logs.txt": dumped("kube-proxy-x7lm2", "kube-proxy", OTHER),
            "dump/nodes.json": NODE_LIST,
        },
        [(A, "coredns", "kube-system", False, None, None)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("packed", [False, True], ids=["folder", "tar.gz"])
def test_all_coredns_logs_and_no_others(tmp_path: Path, layout: str, packed: bool) -> None:
    files, expected = LAYOUTS[layout]
    path = tmp_path / "given.tar.gz"
    if packed:
        path.write_bytes(made.tar_bytes(dict(files)))
    else:
        path = made.write(tmp_path / "given", files)
    found = [
        (d.replica, d.container, d.namespace, d.previous, d.hints.get("node"), d.hints.get("layout"))
        for d in load([str(path)]).documents
        if d.kind is Kind.LOG
    ]
    assert sorted(found, key=str) == sorted(expected, key=str)


def test_the_layer_for_the_nodes_own_names_is_told_apart(tmp_path: Path) -> None:
    made.write(tmp_path, LAYOUTS["must-gather"][0])
    layers = {d.replica: d.hints.get("layer") for d in load([str(tmp_path)]).documents if d.kind is Kind.LOG}
    assert layers == {"coredns-elm-m1": "node-dns", "dns-default-2x7lm": None}


def test_files_of_a_sos_report_are_its_machines(tmp_path: Path) -> None:
    made.write(tmp_path, {"sosreport-elm-m1-2026-03-01-abcdefg/etc/resolv.conf": made.RESOLV})
    (resolv,) = load([str(tmp_path)]).documents
    assert (resolv.kind, resolv.host) == (Kind.RESOLV_CONF, "elm-m1")


def test_objects_of_namespaces_without_dns_are_not_parsed(tmp_path: Path) -> None:
    files = {
        f"{MG}/openshift-console/core/pods.yaml": POD_YAML,
        f"{MG}/kube-system/core/pods.yaml": POD_YAML,
        "must-gather.local.42/x/cluster-scoped-resources/core/nodes/elm-m1.yaml": NODE_YAML,
    }
    made.write(tmp_path, files)
    found = {d.file.rsplit("/", 3)[-3]: d.why_ignored or d.kind.value for d in load([str(tmp_path)]).documents}
    assert found == {"openshift-console": "ignored.other-namespace", "kube-system": "pods", "core": "nodes"}


def test_links_of_the_kubelet_are_followed(tmp_path: Path) -> None:
    pod_folder = f"pods/kube-system_{A}_{UID}/coredns"
    made.write(tmp_path, {f"{pod_folder}/0.log": made.LOG})
    (tmp_path / "containers").mkdir()
    (tmp_path / "containers" / f"{A}_kube-system_coredns-{HEX}.log").symlink_to(tmp_path / pod_folder / "0.log")
    for given in ("containers", "pods", "."):
        logs = [d for d in load([str(tmp_path / given)]).documents if d.kind is Kind.LOG]
        assert [(d.replica, d.container, d.namespace) for d in logs] == [(A, "coredns", "kube-system")], given


def test_our_own_files_tell_the_cluster(tmp_path: Path) -> None:
    made.write(tmp_path, LAYOUTS["bundle"][0] | {"version.json": '{"serverVersion": {"gitVersion": "v1.27.3"}}'})
    assert load([str(tmp_path)]).context == {"context": "prod", "server_version": "v1.27.3"}
