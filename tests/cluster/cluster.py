"""A running cluster as tests see it: started in a box, spoken to through a port of 127.0.0.1, gone at the end."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.cluster import daemons, machine, programs
from tests.cluster.api import Api, wait_for
from tests.lab import box
from tests.lab.certificates import Authority
from tests.lab.fabric import Node

_CGROUPS = Path("/sys/fs/cgroup")
_PREFIX = "coredns-triage-cluster-"


class Cluster:
    """A cluster in a folder; `attach` finds one that another process runs."""

    def __init__(self, folder: Path) -> None:
        self.paths = daemons.Paths(folder)
        self.port = int((folder / "port").read_text(encoding="utf-8"))
        self.machine = machine.connect(folder)
        self.api = Api(self.port, self.authority, pair=self.paths.pair("admin"))

    @property
    def authority(self) -> Path:
        """The certificate by which the API server is known."""
        return self.paths.secrets / "ca.crt"

    @property
    def kubeconfig(self) -> Path:
        """Of an administrator; good outside the box."""
        return self.paths.root / "kubeconfig"

    def start_node(self, node: Node) -> None:
        """Start the kubelet of a node and wait until it is ready, with the labels that installers give."""
        self.machine.start(f"kubelet-{node.key}")
        path = f"/api/v1/nodes/{node.name}"
        wait_for(lambda: is_ready(self.api("GET", path)), f"node {node.name}")
        labels = {"topology.kubernetes.io/zone": node.az, "topology.kubernetes.io/region": "eu"}
        if node.role != "<none>":
            labels[f"node-role.kubernetes.io/{node.role}"] = ""
        self.api.merge(path, {"metadata": {"labels": labels}})


def is_ready(resource: dict[str, Any]) -> bool:
    """Does a node or pod say that it is ready?"""
    conditions = resource.get("status", {}).get("conditions", [])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


@contextlib.contextmanager
def running(folder: Path, nodes: Sequence[Node] = daemons.REAL) -> Iterator[Cluster]:
    """A new cluster with these nodes ready; nothing of it is left at the end but the files in the folder."""
    programs.build()
    if (folder / "port").exists():  # of a cluster that was here before
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    sweep()
    with socket.create_server(("127.0.0.1", 0), backlog=200) as listener:
        port = listener.getsockname()[1]
        _settings(daemons.Paths(folder), port)
        cgroup = f"{_PREFIX}{os.getpid()}-{port}"
        for root in _hierarchies():
            for node in nodes:
                (root / cgroup / node.key).mkdir(parents=True)
        arguments = (str(folder), str(listener.fileno()), cgroup)
        process = box.start("tests.cluster.machine", *arguments, log=folder / "machine.log", keep=[listener.fileno()])
    try:
        cluster = wait_for(lambda: Cluster(folder), "the machine")
        cluster.machine.boot([node.key for node in nodes])
        wait_for(lambda: cluster.api.text("GET", "/readyz"), "the API server")
        for node in nodes:
            cluster.start_node(node)
        yield cluster
    finally:
        if process.stdin:
            process.stdin.close()
        process.kill()
        process.wait()
        sweep(cgroup)


def _settings(paths: daemons.Paths, port: int) -> None:
    """Certificates, keys and kubeconfigs."""
    shutil.rmtree(paths.secrets, ignore_errors=True)
    paths.secrets.mkdir(mode=0o700)
    authority = Authority("cluster")
    (paths.secrets / "ca.crt").write_bytes(authority.pem)
    authority.issue(paths.secrets, daemons.SERVER_NAMES)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (paths.secrets / "account.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    inside = f"https://{daemons.API_SERVER}"
    for node in daemons.REAL:
        pair = authority.admit(paths.secrets, f"system:node:{node.name}", "system:nodes")
        paths.write(
            f"{node.key}.kubeconfig", daemons.kubeconfig(inside, authority.pem, daemons.with_certificate(*pair))
        )
    simulated = [f"10.197.{subnet}.{host}" for subnet in range(4) for host in range(1, 251)]
    authority.issue(paths.secrets, ["kwok", *simulated])
    admin = daemons.with_certificate(*authority.admit(paths.secrets, "admin", "system:masters"))
    paths.write("kwok.kubeconfig", daemons.kubeconfig(inside, authority.pem, admin))
    (paths.root / "kubeconfig").write_text(daemons.kubeconfig(f"https://127.0.0.1:{port}", authority.pem, admin))
    (paths.root / "port").write_text(str(port))


def _hierarchies() -> list[Path]:
    """Where groups of processes are made: one folder a controller, or one for all of them (version 2)."""
    if (_CGROUPS / "cgroup.controllers").exists():
        return [_CGROUPS]
    return sorted({path.resolve() for path in _CGROUPS.iterdir() if path.is_dir()})


def sweep(cgroup: str | None = None) -> None:
    """Remove the groups of a cluster that has ended: this one's, or those of starters that are gone."""
    for root in _hierarchies():
        for top in root.glob(f"{_PREFIX}*"):
            gone = not Path("/proc", top.name.removeprefix(_PREFIX).partition("-")[0]).exists()
            if top.name == cgroup or (cgroup is None and gone):
                for group in sorted((p for p in top.rglob("*") if p.is_dir()), reverse=True):
                    group.rmdir()
                top.rmdir()
