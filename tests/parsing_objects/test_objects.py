"""Kubernetes objects as JSON and YAML give them, whole, cut and broken."""

from __future__ import annotations

import json
import random

import pytest
import yaml

from triage.model.place import Node, Pod, Termination
from triage.parsing.objects import Objects, configmaps_of, events_of, nodes_of, pods_of, read_objects

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "name": "coredns-5f-q2w",
        "namespace": "kube-system",
        "labels": {"k8s-app": "kube-dns"},
        "ownerReferences": [{"kind": "ReplicaSet", "name": "coredns-5f"}],
    },
    "spec": {
        "nodeName": "kube-a1",
        "hostNetwork": False,
        "containers": [{"name": "sidecar", "image": "x:1"}, {"name": "coredns", "image": "coredns:v1.9.3"}],
    },
    "status": {
        "phase": "Running",
        "hostIP": "10.8.0.11",
        "podIP": "10.9.1.4",
        "podIPs": [{"ip": "10.9.1.4"}, {"ip": "FD01::4"}],
        "startTime": "2025-06-03T02:11:12Z",
        "containerStatuses": [
            {"name": "sidecar", "ready": True, "restartCount": 1},
            {
                "name": "coredns",
                "ready": False,
                "restartCount": 4,
                "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                "lastState": {
                    "terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": "2025-06-03T02:12:12Z"}
                },
            },
        ],
    },
}
NODE = {
    "kind": "Node",
    "metadata": {
        "name": "kube-a1",
        "labels": {
            "node-role.kubernetes.io/master": "",
            "node-role.kubernetes.io/control-plane": "",
            "failure-domain.beta.kubernetes.io/zone": "eu-1a",
            "eks.amazonaws.com/nodegroup": "blue",
        },
        "annotations": {"projectcalico.org/IPv4Address": "10.8.0.11/24"},
    },
    "spec": {"podCIDR": "10.9.1.0/24", "podCIDRs": ["10.9.1.0/24", "fd01::/64"]},
    "status": {
        "addresses": [
            {"type": "ExternalIP", "address": "203.0.113.7"},
            {"type": "InternalIP", "address": "10.8.0.11"},
            {"type": "InternalIP", "address": "fd00:8::b"},
        ],
        "conditions": [{"type": "MemoryPressure", "status": "False"}, {"type": "Ready", "status": "Unknown"}],
        "nodeInfo": {"kernelVersion": "6.1.0", "kubeletVersion": "v1.29.3"},
    },
}
CORE_EVENT = {
    "kind": "Event",
    "metadata": {"name": "coredns-5f-q2w.17"},
    "involvedObject": {"kind": "Pod", "name": "coredns-5f-q2w"},
    "reason": "BackOff",
    "type": "Warning",
    "message": "Back-off restarting",
    "count": 12,
    "lastTimestamp": "2025-06-03T02:12:12Z",
}
NEW_EVENT = {
    "kind": "Event",
    "apiVersion": "events.k8s.io/v1",
    "metadata": {"name": "coredns-5f-q2w.18"},
    "regarding": {"kind": "Pod", "name": "coredns-5f-q2w"},
    "reason": "BackOff",
    "type": "Warning",
    "note": "Back-off restarting",
    "series": {"count": 12, "lastObservedTime": "2025-06-03T02:12:12.000000Z"},
    "eventTime": "2025-06-03T01:00:00.000000Z",
}


def test_a_pod() -> None:
    (pod,) = pods_of(POD, file="pods.json")
    assert (pod.name, pod.namespace, pod.node, pod.host_ip) == ("coredns-5f-q2w", "kube-system", "kube-a1", "10.8.0.11")
    assert (pod.pod_ip, pod.pod_ips) == ("10.9.1.4", ("10.9.1.4", "fd01::4"))
    assert (pod.status, pod.ready, pod.restarts) == ("CrashLoopBackOff", False, 5)
    assert pod.last_termination == Termination("OOMKilled", 137, 1748916732000000000)
    assert (pod.started_ns, pod.owner, pod.image) == (1748916672000000000, "ReplicaSet/coredns-5f", "coredns:v1.9.3")
    assert (pod.host_network, pod.labels) == (False, {"k8s-app": "kube-dns"})


def test_a_node() -> None:
    (node,) = nodes_of(NODE, file="nodes.json")
    assert (node.internal_ip, node.internal_ips) == ("10.8.0.11", ("10.8.0.11", "fd00:8::b"))
    assert (node.roles, node.az, node.pool) == (("control-plane", "master"), "eu-1a", "blue")
    assert (node.kernel, node.version, node.ready) == ("6.1.0", "v1.29.3", False)
    assert node.pod_cidrs == ("10.9.1.0/24", "fd01::/64")


@pytest.mark.parametrize("event", [CORE_EVENT, NEW_EVENT], ids=["core", "events.k8s.io"])
def test_events_of_both_apis(event: object) -> None:
    (found,) = events_of(event, file="events.json")
    assert (found.reason, found.type, found.message, found.count) == ("BackOff", "Warning", "Back-off restarting", 12)
    assert (found.object_kind, found.object_name, found.last_ns) == ("pod", "coredns-5f-q2w", 1748916732000000000)


WRAPPED = {
    "one object": POD,
    "list": {"kind": "List", "items": [POD]},
    "typed list": {"kind": "PodList", "items": [{k: v for k, v in POD.items() if k != "kind"}]},
    "list without a kind": {"items": [{k: v for k, v in POD.items() if k != "kind"}]},
    "several documents": [POD],
    "list of lists": [{"kind": "PodList", "items": [POD]}, {"kind": "PodList", "items": None}],
}


@pytest.mark.parametrize("data", WRAPPED.values(), ids=WRAPPED)
def test_pods_in_every_wrapping(data: object) -> None:
    assert [p.node for p in pods_of(data, file="pods.yaml")] == ["kube-a1"]


def test_yaml_and_json_give_the_same_and_cite_the_line_of_the_name() -> None:
    text = json.dumps({"kind": "List", "items": [NODE, POD]}, indent=2)
    as_yaml = yaml.safe_dump({"kind": "List", "items": [NODE, POD]})
    for written in (text, as_yaml):
        found = read_objects(yaml.safe_load(written), file="all", text=written, first_line=10)
        records: list[Pod | Node] = [*found.pods, *found.nodes]
        for record in records:
            assert record.citation is not None
            assert record.name in written.splitlines()[record.citation.line - 10]
            assert record.name in record.citation.text


CONFIGMAP = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: coredns
  namespace: kube-system
  managedFields:
  - {manager: kubeadm, operation: Update, time: 2025-06-01T00:00:00Z}
  - {manager: kubectl-edit, operation: Update, time: "2025-06-03T02:11:12Z"}
data:
  Corefile: |
    .:53 {
        errors
    }
  flat: "x"
"""


def test_a_configmap_tells_its_texts_lines_and_changes() -> None:
    (configmap,) = configmaps_of(yaml.safe_load(CONFIGMAP), file="coredns.yaml", text=CONFIGMAP)
    assert (configmap.name, configmap.namespace) == ("coredns", "kube-system")
    assert configmap.data["Corefile"] == ".:53 {\n    errors\n}\n"
    assert configmap.first_lines == {"Corefile": 11}
    assert configmap.changes == (("kubectl-edit", 1748916672000000000), ("kubeadm", 1748736000000000000))


BROKEN: list[tuple[object, int, int]] = [
    (None, 0, 1),
    (7, 0, 1),
    ("text", 0, 1),
    ([], 0, 0),
    ({}, 0, 0),
    ({"kind": "Pod"}, 0, 1),
    ({"kind": "Pod", "metadata": {"name": ""}}, 0, 1),
    ({"kind": "Pod", "metadata": {"name": 7}}, 0, 1),
    ({"kind": "PodList", "items": [None, POD, "x"]}, 1, 2),
    ({"kind": "Event", "involvedObject": {}}, 0, 1),
]


@pytest.mark.parametrize(("data", "pods", "skipped"), BROKEN)
def test_what_is_no_object_is_counted(data: object, pods: int, skipped: int) -> None:
    found = read_objects(data, file="x")
    assert (len(found.pods), found.skipped + sum(found.others.values())) == (pods, skipped + (data == {}))


def test_other_kinds_are_counted_by_kind() -> None:
    items = [{"kind": "Service"}, {"kind": "Service"}, {"kind": "Deployment"}]
    assert read_objects({"kind": "List", "items": items}, file="x") == Objects(others={"Service": 2, "Deployment": 1})


def test_objects_with_anything_in_any_field_are_read_without_an_exception() -> None:
    chance = random.Random(3)
    values: list[object] = [
        None,
        7,
        -1.5,
        True,
        "",
        "x",
        "\x00",
        [],
        [None],
        {},
        {"a": 1},
        10**30,
        "2025-99-99T00:00:00Z",
    ]

    def damaged(value: object) -> object:
        if chance.random() < 0.15:
            return chance.choice(values)
        if isinstance(value, dict):
            return {k: damaged(v) for k, v in value.items()}
        return [damaged(v) for v in value] if isinstance(value, list) else value

    for _ in range(1500):
        found = read_objects([damaged(o) for o in (POD, NODE, CORE_EVENT, NEW_EVENT)], file="x")
        counted = len(found.pods) + len(found.nodes) + len(found.events) + len(found.configmaps) + found.skipped
        assert counted + sum(found.others.values()) <= 4
