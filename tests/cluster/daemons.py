"""How each program of the cluster is started: command lines and configuration, all files below one folder."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster import programs
from tests.lab.fabric import API_SERVER, M1, NODES, W1, Node

REAL = (M1, W1)
"""Nodes with a kubelet and a containerd of their own, in two subnets; the others are there for the network only."""
SOCKETS = Path("/run/cluster")
"""On the box's private tmpfs: short names, gone with the box."""
ETCD = f"http://{API_SERVER}:2379"
_AUDIT = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata", "userGroups": ["system:serviceaccounts"]}, {"level": "None"}],
}
SIMULATED = "10.197.0.0/16"
"""Addresses of nodes that kwok plays."""
SERVER_NAMES = ("127.0.0.1", API_SERVER, "localhost", "kubernetes.default.svc", *(node.address for node in NODES))
"""What the one server certificate of the cluster is good for."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Files of one cluster: certificates and settings, logs of the programs, and what they store."""

    root: Path

    @property
    def secrets(self) -> Path:
        """Certificates, keys and settings."""
        return self.root / "settings"

    @property
    def audit(self) -> Path:
        """The audit log of the API server: one line a request of a service account."""
        return self.root / "audit.log"

    def pair(self, name: str) -> tuple[Path, Path]:
        """Certificate and key of this name."""
        return self.secrets / f"{name}.crt", self.secrets / f"{name}.key"

    def write(self, name: str, content: str | Mapping[str, Any]) -> Path:
        """A settings file: text, or a mapping as JSON, which is YAML."""
        path = self.secrets / name
        path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1), encoding="utf-8")
        return path


def etcd(paths: Paths) -> list[str]:
    """The store; inside the box everybody reaches it."""
    peer = "http://127.0.0.1:2380"
    command = [str(programs.folder() / "etcd"), f"--data-dir={paths.root / 'etcd'}", "--unsafe-no-fsync"]
    command += [f"--listen-client-urls={ETCD}", f"--advertise-client-urls={ETCD}"]
    return [*command, f"--listen-peer-urls={peer}", "--log-level=warn"]


def api_server(paths: Paths) -> list[str]:
    """The API server at the address that every pod knows, 10.96.0.1:443.

    `ListFromCacheSnapshot` off: 1.36 would serve expired continue tokens from its cache, where older ones say 410.
    """
    chain, key = paths.pair("127.0.0.1")
    admin, admin_key = paths.pair("admin")
    account = paths.secrets / "account.key"
    options = {
        "etcd-servers": ETCD,
        "secure-port": 443,
        "bind-address": "0.0.0.0",
        "advertise-address": API_SERVER,
        "endpoint-reconciler-type": "none",
        "tls-cert-file": chain,
        "tls-private-key-file": key,
        "client-ca-file": paths.secrets / "ca.crt",
        "service-cluster-ip-range": "10.96.0.0/16",
        "kubelet-client-certificate": admin,
        "kubelet-client-key": admin_key,
        "kubelet-certificate-authority": paths.secrets / "ca.crt",
        "kubelet-preferred-address-types": "InternalIP",
        "service-account-issuer": "https://kubernetes.default.svc",
        "service-account-key-file": account,
        "service-account-signing-key-file": account,
        "authorization-mode": "Node,RBAC",
        "disable-admission-plugins": "ServiceAccount",
        "feature-gates": "ListFromCacheSnapshot=false",
        "audit-policy-file": paths.write("audit.json", _AUDIT),
        "audit-log-path": paths.audit,
        "audit-log-mode": "blocking",
    }
    return [str(programs.folder() / "kube-apiserver"), *(f"--{name}={value}" for name, value in options.items())]


def containerd(paths: Paths, node: Node) -> list[str]:
    """The runtime of a node; its pods have addresses of the node's pod range."""
    network = {
        "type": "bridge",
        "bridge": "cni0",
        "isGateway": True,
        "ipMasq": False,
        "ipam": {
            "type": "host-local",
            "dataDir": str(paths.root / node.key / "addresses"),
            "ranges": [[{"subnet": node.pod_range}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    }
    networks = paths.secrets / f"{node.key}.networks"
    networks.mkdir(exist_ok=True)
    (networks / "10-lab.conflist").write_text(
        json.dumps({"cniVersion": "0.4.0", "name": "lab", "plugins": [network]}), encoding="utf-8"
    )
    settings = f"""version = 2
root = "{paths.root / node.key / "containerd"}"
state = "/run/containerd-{node.key}"
[grpc]
  address = "{SOCKETS / node.key}.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{programs.PAUSE}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{programs.PLUGINS}"
    conf_dir = "{networks}"
"""
    return ["containerd", "--config", str(paths.write(f"{node.key}.containerd.toml", settings))]


def kubelet(paths: Paths, node: Node, cgroup: str, resolv_conf: str) -> list[str]:
    """The kubelet of a node; its pods inherit `resolv_conf`; on one node small logs are rotated, on the others none."""
    chain, key = paths.pair("127.0.0.1")
    data = paths.root / node.key
    settings = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": node.address,
        "port": 10250,
        "healthzPort": 0,
        "tlsCertFile": str(chain),
        "tlsPrivateKeyFile": str(key),
        "authorization": {"mode": "AlwaysAllow"},
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": False},
            "x509": {"clientCAFile": str(paths.secrets / "ca.crt")},
        },
        "containerRuntimeEndpoint": f"unix://{SOCKETS / node.key}.sock",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{cgroup}/{node.key}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "enforceNodeAllocatable": [],
        "podLogsDir": str(data / "logs"),
        "containerLogMaxSize": "200Ki" if node is W1 else "1Gi",
        "containerLogMonitorInterval": "3s",
        "resolvConf": str(paths.write(f"{node.key}.resolv.conf", resolv_conf)),
        "localStorageCapacityIsolation": False,
        "makeIPTablesUtilChains": False,
    }
    options = {
        "config": paths.write(f"{node.key}.kubelet.json", settings),
        "kubeconfig": paths.secrets / f"{node.key}.kubeconfig",
        "hostname-override": node.name,
        "node-ip": node.address,
        "root-dir": data / "kubelet",
        "cert-dir": data / "kubelet-certificates",
    }
    return [str(programs.folder() / "kubelet"), *(f"--{name}={value}" for name, value in options.items())]


def kwok(paths: Paths) -> list[str]:
    """The kubelet of all simulated nodes; it listens at every address of their range."""
    chain, key = paths.pair("kwok")
    options = {
        "config": paths.secrets / "kwok.yaml",
        "kubeconfig": paths.secrets / "kwok.kubeconfig",
        "manage-all-nodes": "false",
        "manage-nodes-with-label-selector": "type=kwok",
        "node-ip": API_SERVER,
        "node-port": 10247,
        "server-address": "0.0.0.0:10247",
        "tls-cert-file": chain,
        "tls-private-key-file": key,
    }
    return [str(programs.folder() / "kwok"), *(f"--{name}={value}" for name, value in options.items())]


def kubeconfig(server: str, authority: bytes, user: Mapping[str, str]) -> str:
    """A kubeconfig with everything inside it; `user` are the fields of its one user."""
    cluster = {"server": server, "certificate-authority-data": base64.b64encode(authority).decode()}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "lab",
        "clusters": [{"name": "lab", "cluster": cluster}],
        "users": [{"name": "lab", "user": dict(user)}],
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "lab"}}],
    }
    return json.dumps(config, indent=1)


def with_certificate(chain: Path, key: Path) -> dict[str, str]:
    """The fields of a user who shows a certificate."""
    pairs = (("client-certificate-data", chain), ("client-key-data", key))
    return {name: base64.b64encode(path.read_bytes()).decode() for name, path in pairs}
