"""The parts of a collection that need no cluster: labels, fields, gaps of a foreign manifest, words of kubectl."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from triage.model.bundle import Kind
from triage.model.collection import Trouble
from triage.model.place import Pod
from triage.sources.live.fields import kept
from triage.sources.live.gaps import as_data, from_data, gaps_of
from triage.sources.live.labels import container_of, has_dns_label, is_old_kube_dns
from triage.sources.live.logs import LogRead, Target, suspects
from triage.sources.live.words import fault_of
from triage.sources.load import load
from triage.topology import layer_of
from triage.topology.identify import CLUSTER, NODE_LOCAL

DISTRIBUTIONS = {
    "kubeadm, k3s, EKS, AKS": ({"k8s-app": "kube-dns"}, ["coredns"], "coredns"),
    "RKE2": ({"k8s-app": "kube-dns", "app.kubernetes.io/name": "rke2-coredns"}, ["coredns"], "coredns"),
    "OpenShift": ({"dns.operator.openshift.io/daemonset-dns": "default"}, ["dns", "kube-rbac-proxy"], "dns"),
    "EKS add-on": ({"eks.amazonaws.com/component": "coredns"}, ["coredns"], "coredns"),
    "Helm chart": ({"app.kubernetes.io/name": "coredns", "app.kubernetes.io/instance": "x"}, ["coredns"], "coredns"),
    "Helm chart, not the cluster's": ({"k8s-app": "coredns"}, ["coredns"], "coredns"),
    "NodeLocal DNSCache": ({"k8s-app": "node-local-dns"}, ["node-cache"], "node-cache"),
    "kubespray": ({"k8s-app": "nodelocaldns"}, ["node-cache"], "node-cache"),
}


@pytest.mark.parametrize(("labels", "names", "container"), DISTRIBUTIONS.values(), ids=DISTRIBUTIONS)
def test_every_distribution_is_known_by_its_labels(labels: dict[str, str], names: list[str], container: str) -> None:
    pod = {"metadata": {"name": "x", "labels": labels}, "spec": {"containers": [{"name": name} for name in names]}}
    assert has_dns_label(pod)
    assert not is_old_kube_dns(pod)
    assert container_of(pod) == container
    assert layer_of(Pod("x", labels=labels)) in {CLUSTER, NODE_LOCAL}, "what is collected is placed as well"


@pytest.mark.parametrize("label", ["coredns-autoscaler", "kube-dns-autoscaler", "kube-proxy", "metrics-server"])
def test_neighbours_are_not_coredns(label: str) -> None:
    assert not has_dns_label({"metadata": {"labels": {"k8s-app": label}}})


def test_of_several_containers_the_annotated_one_is_read() -> None:
    meta = {"annotations": {"kubectl.kubernetes.io/default-container": "b"}}
    pod = {"metadata": meta, "spec": {"containers": [{"name": "a"}, {"name": "b"}]}}
    assert (container_of(pod), container_of(pod, "a"), container_of(pod, "c")) == ("b", "a", None)


def test_environment_and_secrets_are_not_kept() -> None:
    container = {"name": "coredns", "image": "i", "env": [{"name": "K", "value": "s3cr3t"}], "args": ["--token=s3cr3t"]}
    state = {"terminated": {"reason": "Error", "exitCode": 1, "message": "s3cr3t"}}
    pod = {
        "metadata": {"name": "a", "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "s3cr3t"}},
        "spec": {"nodeName": "n", "containers": [container], "volumes": [{"secret": {"secretName": "s3cr3t"}}]},
        "status": {"containerStatuses": [{"name": "coredns", "restartCount": 0, "ready": False, "lastState": state}]},
    }
    stored = json.dumps(kept("Pod", pod))
    assert "s3cr3t" not in stored
    assert '"restartCount": 0' in stored
    assert '"ready": false' in stored
    corefile = (
        "etcd {\n  credentials user s3cr3t\n}\ntsig {\n  secret k. s3cr3t\n}\nazure {\n  client_secret s3cr3t\n}\n"
    )
    assert "s3cr3t" not in json.dumps(kept("ConfigMap", {"data": {"Corefile": corefile}}))


def test_a_hostile_manifest_gives_no_command(tmp_path: Path) -> None:
    evil = "n; rm -rf ~"
    errors = [
        {
            "reason": "server",
            "verb": "get",
            "resource": "pods/log",
            "namespace": "kube-system",
            "name": "a",
            "node": evil,
        },
        {"reason": evil, "verb": "get", "resource": "nodes"},
        {"reason": "denied", "verb": "list", "resource": "../../x"},
        {"reason": "cut", "verb": "get", "resource": "pods/log", "namespace": "$(id)", "name": "a"},
        "no object",
        None,
    ]
    manifest = {
        "schema": "triage.bundle/1",
        "errors": errors,
        "products": ["nobody-knows", 7],
        "cluster": {"context": 3},
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    bundle = load([str(tmp_path)])
    assert bundle.gaps == ()
    assert [d.kind for d in bundle.documents] == [Kind.IGNORED]


def test_troubles_travel_in_the_manifest() -> None:
    trouble = Trouble("cut", "get", "pods/log", "dns", "a-1", "coredns", "n1", "0a-1", previous=True, said="x" * 500)
    (back,) = from_data(json.loads(json.dumps([as_data(trouble)])))
    assert (back.name, back.node, back.previous, len(back.said)) == ("a-1", "n1", True, 160)


def test_what_fails_alike_is_one_gap() -> None:
    denied = [Trouble("denied", "get", "pods/log", "dns", f"p{n}", "c", f"n{n}") for n in range(300)]
    away = [Trouble("server", "get", "pods/log", "dns", f"q{n}", "c", "n1", "u") for n in range(5)]
    one, other = gaps_of([*denied, *away])
    assert (one.id, one.params["what"], one.command) == ("gap.read-denied", "pods/log in dns", "triage manifests rbac")
    assert (other.id, other.params["node"], other.params["what"]) == ("gap.node-away", "n1", "log of q0, q1, q2 +2")
    assert other.params["replicas"] == "q0, q1, q2, q3, q4"


WORDS = {
    'Error from server (Forbidden): nodes is forbidden: User "x" cannot list': "denied",
    'Error from server (NotFound): pods "a" not found': "missing",
    'Error from server (BadRequest): previous terminated container "c" in pod "p" not found': "refused",
    "Error from server (TooManyRequests): the server has received too many requests": "throttled",
    "Error from server (Expired): The provided continue parameter is too old": "expired",
    'Error from server: Get "https://10.0.0.1:10250/containerLogs/x": dial tcp: connection refused': "server",
    "error: You must be logged in to the server (Unauthorized)": "unauthorized",
    "Unable to connect to the server: dial tcp 10.0.0.1:6443: i/o timeout": "timeout",
    "The connection to the server 127.0.0.1:9 was refused - did you specify the right host or port?": "unreachable",
    "Unable to connect to the server: dial tcp: lookup api on 10.0.0.2:53: no such host": "unreachable",
    "E1125 21:00:00.000000   1 memcache.go:265] noise\nError from server (Forbidden): x": "denied",
    "unable to retrieve container logs for containerd://5cd9": "not-kept",
    "": "server",
}


@pytest.mark.parametrize("said", WORDS)
def test_what_kubectl_says_is_understood(said: str) -> None:
    assert fault_of(said).reason == WORDS[said]


def test_of_many_logs_the_early_ends_are_doubted_and_every_previous_one() -> None:
    logs = [LogRead(Target("d", f"p{n}", "c"), last_ns=10**15, doubtful=True) for n in range(30)]
    early = LogRead(Target("d", "early", "c"), last_ns=10**14, doubtful=True)
    before = LogRead(Target("d", "p1", "c", previous=True), last_ns=10**15, doubtful=True)
    nameless = LogRead(Target("d", "no-clock", "c"), doubtful=True)
    assert suspects([*logs, early, before, nameless]) == [early, before, nameless]
