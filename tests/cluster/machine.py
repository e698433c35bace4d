"""The inside of the box: its first process, which holds the network and the programs and does what it is asked.

    python -m tests.cluster.machine FOLDER SOCKET CGROUP

It forwards what arrives on the inherited SOCKET, which listens outside, to the API server, and offers the methods of
`Machine` on a Unix socket in FOLDER (`connect`).
"""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.managers import BaseManager
from pathlib import Path
from typing import Any, cast

from tests.cluster import daemons, programs
from tests.lab import binaries, box, clients
from tests.lab.fabric import API_SERVER, NODES, place_of
from tests.lab.laboratory import Lab

_KEY = b"cluster"
_CHUNK = 1 << 18


class Machine:
    """What tests may do to the world around the cluster; arguments and answers cross a socket."""

    def __init__(self, folder: Path, cgroup: str) -> None:
        self._paths = daemons.Paths(folder)
        self._cgroup = cgroup
        self._lab = Lab(binaries.NEW, host_network=True)
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    # programs
    def boot(self, keys: Sequence[str]) -> None:
        """Network, upstreams, etcd, API server; on these nodes runtimes with their images, kubelets come later."""
        daemons.SOCKETS.mkdir()
        self._lab.fabric.build()
        # The API server speaks to kubelets from its own address: a fault of an upstream must not cut it off.
        self._lab.fabric.run("up", f"ip route change default via 10.196.17.1 src {API_SERVER}")
        self._lab.fabric.run("up", f"ip route add local {daemons.SIMULATED} dev lo")  # all of them are kwok
        self._lab.start_upstreams()
        self.start("etcd")
        self.start("api-server")
        for key in keys:
            self.start(f"containerd-{key}")
        with ThreadPoolExecutor() as pool:
            list(pool.map(self._load_images, keys))

    def _load_images(self, key: str) -> None:
        control = ["ctr", "--address", f"{daemons.SOCKETS / key}.sock", "--namespace", "k8s.io"]
        _wait(lambda: subprocess.run([*control, "version"], capture_output=True, check=False).returncode == 0)
        for image in sorted(programs.folder().glob("*.tar")):
            subprocess.run([*control, "image", "import", str(image)], check=True, stdout=subprocess.DEVNULL)

    def start(self, name: str, *more: str) -> None:
        """Start a program of the cluster, with further options: etcd, api-server, kwok, containerd-m1, kubelet-m1 …"""
        kind, _, key = name.partition("-")
        node = next((node for node in NODES if node.key == key), None)
        if node is None:
            command = {"etcd": daemons.etcd, "api-server": daemons.api_server, "kwok": daemons.kwok}[name](self._paths)
        elif kind == "containerd":
            command = daemons.containerd(self._paths, node)
        else:
            command = daemons.kubelet(self._paths, node, self._cgroup, self._lab.resolv_conf(node))
        self._spawn(name, self._lab.fabric.inside(node.key if node else "up", *command, *more))

    def _spawn(self, name: str, command: Sequence[str]) -> None:
        with (self._paths.root / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._paths.root
            )

    def stop(self, name: str) -> None:
        """End a program and wait until it is gone."""
        process = self._running.pop(name)
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def kill(self, key: str, container: str) -> None:
        """End a container on a node as the kernel would: no word of farewell; the kubelet starts another one."""
        control = ["ctr", "--address", f"{daemons.SOCKETS / key}.sock", "--namespace", "k8s.io"]
        subprocess.run([*control, "task", "kill", "--signal", "SIGKILL", container], check=True)

    def failed(self) -> list[str]:
        """Programs that have ended although nobody asked them to."""
        return [name for name, process in self._running.items() if process.poll() is not None]

    # the world around
    def drop(self, kind: str, target: str, words: str = "-j DROP") -> None:
        """Packets from a place of this kind (as `fabric.place_of` has it) to an address vanish from now on.

        `words` say otherwise for iptables: whose packets, and that they are refused.
        """
        self._lab.fabric.forward_rule(place_of(kind, self._lab.pods), target, words)

    def mend(self) -> None:
        """Every packet passes again."""
        self._lab.fabric.open_again()

    def compact(self) -> None:
        """Make the store forget all history: continue tokens and versions of before are gone (410)."""
        newest = int(self._store("range", {"key": "AA=="})["header"]["revision"])
        self._store("compaction", {"revision": newest})

    def _store(self, method: str, body: dict[str, object]) -> dict[str, Any]:
        with urllib.request.urlopen(f"{daemons.ETCD}/v3/kv/{method}", json.dumps(body).encode(), timeout=10) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def answer(self, upstream: str, mode: str) -> None:
        """How an upstream behaves from now on: a word of `tests/lab/upstream.py`."""
        self._lab.set_mode(upstream, mode=mode)

    def ask(self, addresses: Sequence[str], n: int, label: str = "a") -> list[str]:
        """`n` new names to each of these addresses; what came back, by name."""
        return [got.rcode for got in clients.ask_all(clients.asks_for(addresses, n, label, spread_s=1.0))]


class _Control(BaseManager):
    """Methods of a `Machine`, from one process to another."""


def connect(folder: Path) -> Machine:
    """The machine of a running cluster."""
    _Control.register("machine")
    control = _Control(address=str(folder / "control"), authkey=_KEY)
    control.connect()
    return cast(Machine, control.machine())  # type: ignore[attr-defined]


def forward(listener: socket.socket, target: tuple[str, int]) -> None:
    """Carry each connection that arrives to the target, both ways, for ever."""
    while True:
        near, _ = listener.accept()
        threading.Thread(target=_carry_both, args=(near, target), daemon=True).start()


def _carry_both(near: socket.socket, target: tuple[str, int]) -> None:
    with near:
        try:
            far = socket.create_connection(target, timeout=5)
        except OSError:
            return
        with far:
            far.settimeout(None)
            back = threading.Thread(target=_carry, args=(far, near), daemon=True)
            back.start()
            _carry(near, far)
            back.join()


def _carry(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(_CHUNK):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _wait(happened: Callable[[], bool], limit_s: float = 60.0) -> None:
    end = time.monotonic() + limit_s
    while not happened():
        if time.monotonic() > end:
            raise TimeoutError("gave up waiting")
        time.sleep(0.1)


def main() -> None:
    """Seal the box, hide the folders in which kubelet and runtime would leave traces, and serve."""
    folder, listener, cgroup = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    box.seal()
    for shared in ("/var/lib", "/var/log"):
        box.mount("none", shared, "tmpfs")
    machine = Machine(folder, cgroup)
    with socket.socket(fileno=listener) as outside:
        threading.Thread(target=forward, args=(outside, (API_SERVER, 443)), daemon=True).start()
        _Control.register("machine", callable=lambda: machine)
        (folder / "control").unlink(missing_ok=True)
        _Control(address=str(folder / "control"), authkey=_KEY).get_server().serve_forever()


if __name__ == "__main__":
    main()
