"""A great cluster: nodes and replicas that kwok plays, logs that it serves from files; the API server is real."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster.api import wait_for
from tests.cluster.cluster import Cluster, is_ready
from tests.lab import clients
from tests.lab.fabric import U1

_AZS = ("eu-a", "eu-b", "eu-c")
_HOSTS = 250
SUBNETS = {f"rack-{number}": f"10.197.{number}.0/24" for number in range(4)}
"""Of the nodes, 250 in each."""
_STAGES = """
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: node-ready}
spec:
  resourceRef: {apiGroup: v1, kind: Node}
  selector: {matchExpressions: [{key: .status.phase, operator: NotIn, values: [Running]}]}
  next: {statusTemplate: "phase: Running"}
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: pod-ready}
spec:
  resourceRef: {apiGroup: v1, kind: Pod}
  selector: {matchExpressions: [{key: .status.phase, operator: In, values: [Pending]}]}
  next:
    statusTemplate: |
      {{ $now := Now | Quote }}
      conditions:
      - {type: Ready, status: "True", lastTransitionTime: {{ $now }}}
      containerStatuses:
      - {name: coredns, image: {{ (index .spec.containers 0).image | Quote }}, ready: true, restartCount: 0,
         imageID: "", containerID: {{ printf "kwok://%s" .metadata.name | Quote }},
         state: {running: {startedAt: {{ $now }}}}}
      hostIP: {{ index .metadata.annotations "lab.test/host" | Quote }}
      podIP: {{ index .metadata.annotations "lab.test/address" | Quote }}
      podIPs: [{ip: {{ index .metadata.annotations "lab.test/address" | Quote }}}]
      phase: Running
      startTime: {{ $now }}
"""


@dataclass(frozen=True, slots=True)
class Simulated:
    """A replica that kwok plays; the upstream does not answer those of rack-2."""

    number: int
    nodes: int

    @property
    def name(self) -> str:
        """Of the pod."""
        return f"coredns-6d4b75cb6d-{self.number:05d}"

    @property
    def node(self) -> int:
        """The number of its node: replicas are spread evenly."""
        return (self.number * 7) % self.nodes

    @property
    def address(self) -> str:
        """Of the pod."""
        return f"10.244.{100 + self.number // _HOSTS}.{1 + self.number % _HOSTS}"

    @property
    def hit(self) -> bool:
        """Is it in the broken subnet, rack-2?"""
        return self.node // _HOSTS == 2

    def log(self, lines: int, start: dt.datetime) -> Iterator[str]:
        """Its log as the runtime keeps it: one line a second."""
        for number, (name, kind) in enumerate(clients.names(lines, f"p{self.number}n")):
            at = (start + dt.timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
            yield f"{at} stdout F {self._line(number, name, kind)}\n"

    def _line(self, number: int, name: str, kind: str) -> str:
        port = 30000 + (number * 37 + self.number) % 30000
        if self.hit and number % 2:
            return f"[ERROR] plugin/errors: 2 {name} {kind}: read udp {self.address}:{port}->{U1}:53: i/o timeout"
        asked = f'[INFO] 10.244.9.{number % 200}:{port} - {number} "{kind} IN {name} udp 54 false 512"'
        return f"{asked} NOERROR qr,rd,ra 76 0.0012s"


@dataclass(frozen=True, slots=True)
class Scale:
    """A great cluster and its replicas."""

    cluster: Cluster
    pods: tuple[Simulated, ...]


def fill(cluster: Cluster, nodes: int = 1000, replicas: int = 300, lines: int = 1000) -> Scale:
    """Put nodes and running replicas with logs into a cluster; they stay as long as it does."""
    pods = tuple(Simulated(number, nodes) for number in range(replicas))
    folder = cluster.paths.root / "simulated"
    folder.mkdir()
    start = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=lines)
    for pod in pods:
        (folder / f"{pod.name}.log").write_text("".join(pod.log(lines, start)), encoding="utf-8")
    rules = [_STAGES, *(json.dumps(_served(pod, folder)) for pod in pods)]
    cluster.paths.write("kwok.yaml", "\n---\n".join(rules))
    cluster.machine.start("kwok")
    cluster.api.many([("POST", "/api/v1/nodes", _node(number)) for number in range(nodes)])
    cluster.api.many([("POST", "/api/v1/namespaces/kube-system/pods", _pod(pod)) for pod in pods])
    wait_for(lambda: _running(cluster, pods), "the simulated replicas")
    return Scale(cluster, pods)


def _running(cluster: Cluster, pods: Sequence[Simulated]) -> bool:
    found = cluster.api("GET", "/api/v1/namespaces/kube-system/pods?labelSelector=k8s-app%3Dkube-dns")["items"]
    return sum(map(is_ready, found)) >= len(pods)


def _served(pod: Simulated, folder: Path) -> dict[str, Any]:
    log = {"containers": ["coredns"], "logsFile": str(folder / f"{pod.name}.log"), "follow": False}
    meta = {"name": pod.name, "namespace": "kube-system"}
    return {"apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "Logs", "metadata": meta, "spec": {"logs": [log]}}


def _host(number: int) -> str:
    return f"10.197.{number // _HOSTS}.{1 + number % _HOSTS}"


def _node(number: int) -> dict[str, Any]:
    name = f"node-{number:04d}"
    labels = {"type": "kwok", "kubernetes.io/hostname": name, "topology.kubernetes.io/zone": _AZS[number % 3]}
    system = {
        "kubeletVersion": "v1.36.3",
        "kernelVersion": "6.1.0-28-amd64",
        "osImage": "Debian GNU/Linux 12 (bookworm)",
        "containerRuntimeVersion": "containerd://1.7.24",
        "operatingSystem": "linux",
        "architecture": "amd64",
    }
    empty = dict.fromkeys(("machineID", "systemUUID", "bootID", "kubeProxyVersion"), "")
    status = {
        "addresses": [{"type": "InternalIP", "address": _host(number)}, {"type": "Hostname", "address": name}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10247}},
        "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
        "capacity": {"cpu": "8", "memory": "32Gi", "pods": "110"},
        "nodeInfo": {**empty, **system},
    }
    meta = {"name": name, "labels": labels}
    return {"apiVersion": "v1", "kind": "Node", "metadata": meta, "status": status}


def _pod(pod: Simulated) -> dict[str, Any]:
    labels = {"k8s-app": "kube-dns", "pod-template-hash": "6d4b75cb6d"}
    notes = {"lab.test/address": pod.address, "lab.test/host": _host(pod.node)}
    container = {"name": "coredns", "image": "registry.k8s.io/coredns/coredns:v1.15.0"}
    spec = {"nodeName": f"node-{pod.node:04d}", "containers": [container]}
    meta = {"name": pod.name, "labels": labels, "annotations": notes}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}
