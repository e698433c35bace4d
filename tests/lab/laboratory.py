"""One run inside its box: the network, the servers, the replicas, and what a fault may do to them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.lab import binaries, clients, replicas
from tests.lab.box import ROOT
from tests.lab.certificates import Authority
from tests.lab.fabric import API_SERVER, U1, Fabric, Node, Pod
from tests.lab.replicas import Replica

SCRATCH = Path("/run/lab")
"""On the box's private tmpfs: gone with the box."""
COREFILE = """.:53 {
    errors
    log
    health
    ready
    prometheus :9153
    loop
    reload
    cache 30
    forward . /etc/resolv.conf
}
"""
KUBERNETES = """    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }
"""


class Lab:
    """What a fault sees: it changes `corefile`, `nameservers`, `servers` before the start, anything after it."""

    def __init__(self, version: str, *, host_network: bool = False) -> None:
        self.version = version
        self.program = binaries.path_of(version)
        self.fabric = Fabric(host_network=host_network)
        self.pods = self.fabric.pods
        self.corefile = COREFILE
        self.nameservers: dict[str, tuple[str, ...]] = {}
        """Node key to the servers of its resolv.conf; without an entry it is the first upstream."""
        self.servers: dict[str, dict[str, Any]] = {U1: {"mode": "answer"}}
        self.wrap: dict[str, tuple[str, ...]] = {}
        """Pod key to words before the command of CoreDNS."""
        self.files: dict[str, bytes] = {}
        """Further files of each replica, by name under its root."""
        self.replicas: dict[str, Replica] = {}
        self.hit: tuple[Pod, ...] | None = None
        """Whom the fault hits, where that is not its place."""
        self._load_label = 0
        self._helpers: list[subprocess.Popen[bytes]] = []
        self._upstream: subprocess.Popen[bytes] | None = None

    # the world around
    def start_upstreams(self) -> None:
        """Start the name servers and wait until they listen."""
        self._upstream = self.helper("tests.lab.upstream", json.dumps(self.servers), space="up")

    def set_mode(self, address: str, **spec: object) -> None:
        """Change how an upstream behaves, from now on."""
        assert self._upstream is not None
        assert self._upstream.stdin is not None
        self._upstream.stdin.write(json.dumps({address: spec}).encode() + b"\n")
        self._upstream.stdin.flush()
        time.sleep(0.1)

    def stop_upstreams(self) -> None:
        """Nothing listens any more."""
        assert self._upstream
        self._upstream.kill()
        self._upstream.wait()

    def start_api(self, mode: str) -> None:
        """A stub of the API server (`apiserver.py`), and what a replica needs to talk to it."""
        authority = Authority("kubernetes")
        folder = SCRATCH / "api"
        folder.mkdir(parents=True)
        names = ["10.0.0.1"] if mode == "wrong-name" else [API_SERVER, "kubernetes.default.svc"]
        chain, key = authority.issue(folder, names)
        account = "run/secrets/kubernetes.io/serviceaccount"
        self.files |= {
            f"{account}/ca.crt": authority.pem,
            f"{account}/token": b"t",
            f"{account}/namespace": b"kube-system",
        }
        if mode not in ("refused", "dropped"):
            self.helper("tests.lab.apiserver", API_SERVER, str(chain), str(key), mode, space="up")

    def helper(self, module: str, *arguments: str, space: str) -> subprocess.Popen[bytes]:
        """Start a program of the lab in a namespace and wait for its `ready`."""
        process = subprocess.Popen(
            self.fabric.inside(space, sys.executable, "-m", module, *arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        assert process.stdout
        if process.stdout.readline() != b"ready\n":
            raise RuntimeError(f"{module} did not start")
        self._helpers.append(process)
        return process

    # replicas
    def prepare(self, pod: Pod) -> Replica:
        """Lay out the files of a replica."""
        folder = SCRATCH / pod.key
        files = {
            "etc/coredns/Corefile": self.corefile.encode(),
            "etc/resolv.conf": self.resolv_conf(pod.node).encode(),
            **self.files,
        }
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        replica = replicas.make(self.fabric, pod, folder, self.program, self.version, self.wrap.get(pod.key, ()))
        self.replicas[pod.name] = replica
        return replica

    def resolv_conf(self, node: Node) -> str:
        """The node's /etc/resolv.conf."""
        servers = self.nameservers.get(node.key, (U1,))
        return "".join(f"nameserver {address}\n" for address in servers) + "search lab.example\noptions timeout:2\n"

    def start(self, pods: Sequence[Pod] | None = None, *, limit_s: float = 12.0) -> None:
        """Start replicas side by side and wait until each serves (or has ended) and its loop probe was answered."""
        started = [self.prepare(pod) for pod in (self.pods if pods is None else pods)]
        with ThreadPoolExecutor(len(started)) as pool:
            list(pool.map(Replica.start, started))
        replicas.wait_until(started, r"^(\[INFO\] )?CoreDNS-", limit_s)

    def wait_probes(self) -> None:
        """Wait until the `loop` plugin has its answer everywhere, so that a fault begins after a clean start."""
        replicas.wait_until(list(self.replicas.values()), r'"HINFO IN ', 4.0)

    def edit_corefile(self, text: str) -> None:
        """Change the Corefile of every replica, as an edited ConfigMap does."""
        self.corefile = text
        for replica in self.replicas.values():
            (replica.folder / "etc/coredns/Corefile").write_text(text, encoding="utf-8")

    def of(self, pods: Sequence[Pod]) -> list[Replica]:
        """The replicas of these pods."""
        return [self.replicas[pod.name] for pod in pods if pod.name in self.replicas]

    # clients
    def ask(
        self, n: int = 12, *, pods: Sequence[Pod] | None = None, spread_s: float = 1.0, timeout_s: float = 9.0
    ) -> list[clients.Got]:
        """New names to each of these replicas (all), and wait for the answers."""
        self._load_label += 1
        addresses = [pod.address for pod in (self.pods if pods is None else pods)]
        asks = clients.asks_for(addresses, n, "abcdefgh"[self._load_label], spread_s=spread_s)
        return clients.ask_all(asks, timeout_s=timeout_s)

    def ask_names(
        self,
        names: Sequence[str],
        qtype: str = "A",
        *,
        pods: Sequence[Pod] | None = None,
        rounds: int = 1,
        every_s: float = 0.2,
        edns: int | None = None,
        timeout_s: float = 9.0,
    ) -> list[clients.Got]:
        """The same names several times to each of these replicas."""
        to = [pod.address for pod in (self.pods if pods is None else pods)]
        asks = [
            clients.Ask(a, name, qtype, after_s=r * every_s, edns=edns)
            for r in range(rounds)
            for a in to
            for name in names
        ]
        return clients.ask_all(asks, timeout_s=timeout_s)

    def wait(self, pattern: str, pods: Sequence[Pod] | None = None, limit_s: float = 8.0, *, one: bool = False) -> None:
        """Wait for a line in each (or in one) of these replicas; whether it came is judged later."""
        chosen = list(self.replicas.values()) if pods is None else self.of(pods)
        replicas.wait_until(chosen, pattern, limit_s, enough=1 if one else None)

    def scrape(self) -> dict[str, str]:
        """Replica to the text of its /metrics, of those that answer."""
        running = [r.pod for r in self.replicas.values() if r.running]
        with ThreadPoolExecutor(max(1, len(running))) as pool:
            texts = pool.map(lambda pod: clients.scrape(pod.address), running)
            return {pod.name: text for pod, text in zip(running, texts, strict=True) if text is not None}
