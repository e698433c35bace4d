"""Logins as people have them, places without the right to see nodes, depth, Ctrl-C, and clusters without CoreDNS."""

from __future__ import annotations

import contextlib
import io
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster import live, script, users
from tests.cluster import proxy as proxies
from tests.cluster.api import wait_for
from tests.cluster.cluster import Cluster
from tests.cluster.dns import REPLICAS, Dns
from tests.cluster.incident import HIT, NAMED
from tests.cluster.proxy import Fault
from tests.cluster.users import User
from tests.lab.box import ROOT
from tests.lab.fabric import U1
from tests.lab.verdict import Verdict, mistakes
from triage import pipeline
from triage.cli import completion, main
from triage.errors import ExitCode
from triage.model.collection import Login, Wish
from triage.sources import login

pytestmark = pytest.mark.cluster
FIRST, SECOND = REPLICAS
_VERDICT = Verdict(
    frozenset({"upstream-unreachable-scoped"}), 0.5, 0.95, (f"{U1}:53",), "place", may=frozenset({"node-network"})
)


@pytest.fixture(scope="module")
def reader(founding: Dns) -> User:
    return users.create(founding.cluster)


def called(*arguments: str) -> tuple[int, str, str]:
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as said:
        code = main(list(arguments))
    return code, out.getvalue(), said.getvalue()


def collected(tmp_path: Path, *options: str, name: str = "bundle") -> tuple[int, str]:
    folder = tmp_path / name
    code, _, said = called("collect", *options, "--output-file", str(folder))
    if not code:
        assert {path.parts[-3] for path in folder.glob("logs/*/*/*/current.log")} == {pod.name for pod in REPLICAS}
    return code, said


def parts(kubeconfig: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(kubeconfig.read_text())
    return found


# Logins.


def test_a_list_of_kubeconfigs_is_merged_as_kubectl_merges_it(
    reader: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = parts(reader.kubeconfig)
    context = {"name": "mine", "context": whole["contexts"][0]["context"] | {"namespace": "default"}}
    pieces = {
        "a": {"contexts": [context], "current-context": "mine"},
        "b": {"clusters": whole["clusters"], "current-context": "another"},
        "c": {"users": whole["users"]},
    }
    for name, content in pieces.items():
        (tmp_path / name).write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "Config", **content}))
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(str(tmp_path / name) for name in [*pieces, "missing"]))
    code, said = collected(tmp_path)
    assert (code, said.splitlines()[0].split()[:2]) == (0, ["context", "mine"])


def test_a_login_plugin_is_run(reader: User, tmp_path: Path) -> None:
    config = parts(reader.kubeconfig)
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": reader.token},
    }
    (tmp_path / "token.json").write_text(json.dumps(credential))
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": "cat", "args": [str(tmp_path / "token.json")]}
    config["users"] = [
        {"name": u["name"], "user": {"exec": {**plugin, "interactiveMode": "Never"}}} for u in config["users"]
    ]
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    code, said = collected(tmp_path, "--kubeconfig", str(path))
    assert code == 0
    assert "by the plugin cat" in said
    assert reader.token not in said
    assert collected(tmp_path, "--kubeconfig", str(path), "--via", "kubectl", name="k")[0] == 0


@pytest.fixture
def tunnel() -> Iterator[tuple[int, list[str]]]:
    """A proxy that knows CONNECT only; what it was asked for."""
    asked: list[str] = []
    with socket.create_server(("127.0.0.1", 0), backlog=50) as listener:

        def pump(one: socket.socket) -> None:
            head = one.recv(4096).decode()
            asked.append(head.split()[1])
            host, _, port = asked[-1].rpartition(":")
            with one, socket.create_connection((host, int(port))) as other:
                one.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                pairs = {one: other, other: one}
                while ready := select.select(list(pairs), [], [], 30)[0]:
                    for source in ready:
                        data = source.recv(65536)
                        if not data:
                            return
                        pairs[source].sendall(data)

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=pump, args=[listener.accept()[0]], daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1], asked


def test_the_proxy_of_a_kubeconfig_is_used(reader: User, tmp_path: Path, tunnel: tuple[int, list[str]]) -> None:
    port, asked = tunnel
    config = parts(reader.kubeconfig)
    config["clusters"][0]["cluster"]["proxy-url"] = f"http://127.0.0.1:{port}"
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    assert collected(tmp_path, "--kubeconfig", str(path))[0] == 0
    assert set(asked) == {f"127.0.0.1:{reader.cluster.port}"}


def test_the_account_of_a_pod_is_used(reader: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text(reader.token)
    (tmp_path / "ca.crt").write_bytes(reader.cluster.authority.read_bytes())
    monkeypatch.setattr(login, "SERVICE_ACCOUNT", tmp_path)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(reader.cluster.port))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    code, said = collected(tmp_path)
    assert code == 0
    assert "service account of this pod" in said
    assert f"system:serviceaccount:default:{reader.name}" in said


@pytest.mark.parametrize("via", ["api", "kubectl"])
def test_somebody_may_be_impersonated(founding: Dns, tmp_path: Path, via: str) -> None:
    options = ["--kubeconfig", str(founding.cluster.kubeconfig), "--via", via]
    assert collected(tmp_path, *options, "--as", "nobody", "--as-group", "system:masters")[0] == 0
    code, said = collected(tmp_path, *options, "--as", "nobody", name="other")
    assert code == ExitCode.NO_EVIDENCE
    assert "nobody, impersonated by" in said
    assert "not allowed to read CoreDNS" in said


def test_a_token_that_has_expired_is_named(reader: User, tmp_path: Path) -> None:
    old = users.with_token(reader.cluster, "expired", users.expired(reader.cluster, reader.token))
    code, said = collected(tmp_path, "--kubeconfig", str(old))
    assert (code, "does not accept the login" in said) == (ExitCode.NO_EVIDENCE, True)


def test_contexts_and_namespaces_are_completed(
    reader: User, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(reader.kubeconfig))
    name = parts(reader.kubeconfig)["contexts"][0]["name"]
    completion.main(["diagnose", "--context", name[:1]])
    assert capsys.readouterr().out == f"{name}\n:4\n"
    monkeypatch.setenv("KUBECONFIG", str(reader.cluster.kubeconfig))
    completion.main(["collect", "-n", "kube-s"])
    assert capsys.readouterr().out == "kube-system\n:4\n"
    monkeypatch.setenv("KUBECONFIG", "/nowhere")
    completion.main(["collect", "--namespace", ""])
    assert capsys.readouterr() == (":4\n", "")


# Places.


def test_without_the_right_to_list_nodes_addresses_come_from_pods(founding: Dns, tmp_path: Path) -> None:
    rules = [{**rule, "resources": [r for r in rule["resources"] if r != "nodes"]} for rule in users.EVERYTHING]
    kubeconfig = users.create(founding.cluster, rules).kubeconfig
    report = live.report_of("diagnose", *NAMED, kubeconfig=kubeconfig)
    assert mistakes(report, _VERDICT, HIT, REPLICAS) == []
    assert any("403" in gap and "list nodes" in gap for gap in live.gaps(report))
    assert {r["subnet"] for r in report["coverage"]["replicas"]} == {"master", "worker"}


def test_a_map_in_the_cluster_names_the_subnets(founding: Dns, reader: User) -> None:
    names = dict(option.removeprefix("--subnets=").split("=") for option in NAMED)
    content = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "coredns-triage-subnets"}}
    founding.cluster.api.apply(founding.path("configmaps"), content | {"data": {"subnets.yaml": yaml.safe_dump(names)}})
    try:
        report = live.report_of("diagnose", kubeconfig=reader.kubeconfig)
    finally:
        founding.cluster.api("DELETE", founding.path("configmaps") + "/coredns-triage-subnets")
    assert {r["subnet"] for r in report["coverage"]["replicas"]} == {"master", "worker"}


def test_where_nobody_names_the_subnets_each_assumption_is_told(reader: User) -> None:
    found = live.gaps(live.report_of("diagnose", kubeconfig=reader.kubeconfig))
    (assumed,) = [gap for gap in found if "assumed prefix" in gap]
    assert f"/24: 10.196.129.0/24 ({FIRST.name}), 10.196.140.0/24 ({SECOND.name})" in assumed


# What is not there.


def test_a_pod_without_a_node_has_no_log(founding: Dns, reader: User, tmp_path: Path) -> None:
    pods = founding.path("pods")
    spec = {"containers": [{"name": "coredns", "image": "x"}], "schedulerName": "nobody"}
    name = "coredns-6d4b75cb6d-00000"
    labels = {"k8s-app": "kube-dns"}
    founding.cluster.api("POST", pods, {"metadata": {"name": name, "labels": labels}, "spec": spec})
    try:
        reports = [live.report_of("diagnose", "--via", via, kubeconfig=reader.kubeconfig) for via in ("api", "kubectl")]
        reports.append(live.report_of("analyze", str(script.save(reader.kubeconfig, tmp_path / "evidence"))))
    finally:
        founding.cluster.api("DELETE", f"{pods}/{name}?gracePeriodSeconds=0")
    for report in reports:
        assert [r["name"] for r in report["coverage"]["replicas"] if not r["has_log"]] == [name]
        assert [gap for gap in live.gaps(report) if name in gap] == [
            f"log of {name}: the pod runs on no node yet, so that there is no log"
        ]


def test_replicas_that_are_gone_are_told_by_their_events(founding: Dns, reader: User) -> None:
    gone = "coredns-5d78c9869d-x2x4k"
    event = {
        "metadata": {"name": f"{gone}.1"},
        "involvedObject": {"kind": "Pod", "namespace": "kube-system", "name": gone},
        "reason": "Killing",
        "message": "Stopping container coredns",
        "type": "Normal",
    }
    for pod in REPLICAS:  # as the controller of ReplicaSets writes it
        owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "coredns-6d4b75cb6d", "uid": "0"}
        founding.cluster.api.merge(f"{founding.path('pods')}/{pod.name}", {"metadata": {"ownerReferences": [owner]}})
    founding.cluster.api("POST", founding.path("events"), event)
    try:
        report = live.report_of("diagnose", kubeconfig=reader.kubeconfig)
    finally:
        founding.cluster.api("DELETE", f"{founding.path('events')}/{gone}.1")
    assert any(gone in gap and "gone" in gap for gap in live.gaps(report))


# Depth, selection, interruption.


@pytest.mark.parametrize("lines", [1, 3])
def test_older_lines_are_put_in_front_of_the_newest(founding: Dns, reader: User, tmp_path: Path, lines: int) -> None:
    connected = pipeline.connect(Login(str(reader.kubeconfig)), 2)
    folder = tmp_path / "bundle"
    folder.mkdir()
    quiet = lambda done, n_logs, size: None  # noqa: E731
    found = pipeline.collect(connected, Wish(newest_lines=lines), folder, tool="", started="", progress=quiet)
    assert found.troubles == ()
    for pod in REPLICAS:
        text = (folder / f"logs/kube-system/{pod.name}/coredns/current.log").read_text()
        assert text == founding.log(pod.name, "timestamps=true")[: len(text)]
        assert text.count("\n") > 3


def test_a_log_that_is_too_large_is_cut_and_told(reader: User, tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    code, _, _ = called(
        "collect", "-q", "--kubeconfig", str(reader.kubeconfig), "--limit-bytes", "300", "--output-file", str(folder)
    )
    assert code == 0
    errors = json.loads((folder / "manifest.json").read_text())["errors"]
    assert {(e["reason"], e["name"]) for e in errors} == {("limit", pod.name) for pod in REPLICAS}


def test_a_selector_means_what_it_means_to_kubectl(reader: User, tmp_path: Path) -> None:
    options = ["--kubeconfig", str(reader.kubeconfig), "-n", "kube-system"]
    assert collected(tmp_path, *options, "-l", "k8s-app in (kube-dns),pod-template-hash!=x")[0] == 0
    code, said = collected(tmp_path, *options, "-l", "k8s-app=other", name="none")
    assert (code, "no CoreDNS pod was found" in said) == (ExitCode.NO_EVIDENCE, True)


def test_ctrl_c_keeps_what_was_collected(founding: Dns, reader: User, tmp_path: Path) -> None:
    with proxies.between(founding.cluster) as proxy:
        proxy.faults.append(Fault(f"/pods/{SECOND.name}/log", wait_s=600))
        folder = tmp_path / "kept"
        process = subprocess.Popen(
            [sys.executable, "-m", "triage", "diagnose", "-o", "json", "--bundle", str(folder), "--request-timeout=0"],
            cwd=ROOT,
            env={**os.environ, "KUBECONFIG": str(proxy.kubeconfig(reader))},
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        wanted = (f"/pods/{FIRST.name}/log", f"/pods/{SECOND.name}/log", "/replicasets")
        wait_for(lambda: all(w in str(proxy.seen) for w in wanted) and proxy.at_once == 1, "all other answers")
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    assert process.returncode == ExitCode.INTERRUPTED
    report = json.loads(out)
    assert [r["name"] for r in report["coverage"]["replicas"] if r["has_log"]] == [FIRST.name]
    assert any("interrupted" in gap and SECOND.name in gap for gap in live.gaps(report))
    assert json.loads((folder / "manifest.json").read_text())["interrupted"] is True
    assert json.loads((folder / "report.json").read_text())["schema"] == "triage.report/1"


def test_a_terminal_sees_the_progress(reader: User, tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    with open(ours, "rb", buffering=0) as terminal:  # noqa: PTH123 - a descriptor
        command = [sys.executable, "-m", "triage", "collect", "--output-file", str(tmp_path / "b")]
        environment = {**os.environ, "KUBECONFIG": str(reader.kubeconfig)}
        subprocess.run(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=theirs, check=True, timeout=60
        )
        os.close(theirs)
        seen = b""
        with contextlib.suppress(OSError):
            while piece := terminal.read(4096):
                seen += piece
    assert b"logs 2 of 2, " in seen
    assert seen.startswith(b"context ")


# Clusters without a CoreDNS to read.

PRODUCTS = [
    ({"cloud.google.com/gke-nodepool": "a"}, "kubedns", "GKE runs kube-dns", "Cloud Logging"),
    ({"cloud.google.com/gke-nodepool": "a"}, None, "Cloud DNS", 'resource.type="dns_query"'),
    ({"eks.amazonaws.com/compute-type": "auto"}, None, "EKS Auto Mode", "journal"),
    ({"kubernetes.azure.com/localdns-state": "enabled"}, None, "AKS LocalDNS", "journalctl -u localdns"),
]


@pytest.mark.parametrize(("labels", "container", "product", "where"), PRODUCTS, ids=[row[2] for row in PRODUCTS])
def test_a_product_without_coredns_is_named(
    cluster: Cluster, labels: dict[str, str], container: str | None, product: str, where: str
) -> None:
    api, pods = cluster.api, "/api/v1/namespaces/kube-system/pods"
    names = [node["metadata"]["name"] for node in api("GET", "/api/v1/nodes")["items"]]
    for name in names:
        api.merge(f"/api/v1/nodes/{name}", {"metadata": {"labels": labels}})
    if container:
        spec = {"containers": [{"name": container, "image": "x"}], "schedulerName": "nobody"}
        api("POST", pods, {"metadata": {"name": "kube-dns-1", "labels": {"k8s-app": "kube-dns"}}, "spec": spec})
    try:
        code, out, said = called("diagnose", "-o", "json", "--kubeconfig", str(cluster.kubeconfig))
    finally:
        for name in names:
            api.merge(f"/api/v1/nodes/{name}", {"metadata": {"labels": dict.fromkeys(labels)}})
        if container:
            api("DELETE", f"{pods}/kube-dns-1?gracePeriodSeconds=0")
    assert code == ExitCode.NO_EVIDENCE
    assert product in said
    assert where in said
    report = json.loads(out)
    assert [gap["id"].partition("-")[0] for gap in report["gaps"]] == ["gap.product"]


def test_a_cluster_without_any_dns_says_so(cluster: Cluster) -> None:
    code, _, said = called("diagnose", "--kubeconfig", str(cluster.kubeconfig))
    assert (code, "no CoreDNS pod was found" in said) == (ExitCode.NO_EVIDENCE, True)
