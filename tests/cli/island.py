"""A network of its own with one DNS server in it, for scripts that ask: `python -m tests.cli.island`, see `asked`.

Nothing leaves it: the process has only the loopback interface of a fresh network namespace.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_SPACE = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--net"]
_UP, _SET_ADDRESS, _SET_FLAGS = 0x1, 0x8916, 0x8914
_RCODES = {"answers": 0, "NXDOMAIN": 3, "REFUSED": 5}


@dataclass(frozen=True)
class Run:
    """What one run of the script left behind."""

    code: int
    out: str
    err: str


def possible() -> bool:
    """May this machine make network namespaces?"""
    return bool(shutil.which("unshare")) and not subprocess.run([*_SPACE, "true"], capture_output=True).returncode


def asked(
    folder: Path, server: str, mode: str, runs: Sequence[tuple[Sequence[str], str]], *, port: int = 53
) -> list[Run]:
    """Run commands side by side in `folder`, each with its PATH, where `server` answers by `mode`.

    Modes: answers, NXDOMAIN, REFUSED (the rcode), silent, closed (nobody listens), away (no route).
    """
    order = {"server": server, "port": port, "mode": mode, "runs": [*map(list, runs)], "folder": str(folder)}
    done = subprocess.run(
        [*_SPACE, sys.executable, "-m", "tests.cli.island", json.dumps(order)],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return [Run(*row) for row in json.loads(done.stdout)]


def _interface(name: str, address: str) -> None:
    """Give the loopback interface an address and switch it on."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        row = struct.pack("16sH2s4s8x", name.encode(), socket.AF_INET, b"", socket.inet_aton(address))
        fcntl.ioctl(control, _SET_ADDRESS, row)
        fcntl.ioctl(control, _SET_FLAGS, struct.pack("16sH14x", name.encode(), _UP))


def _serve(server: socket.socket, mode: str) -> None:
    while True:
        query, client = server.recvfrom(4096)
        if mode == "silent":
            continue
        rcode = _RCODES[mode]
        question = query[12 : query.index(b"\0", 12) + 5]
        records = [] if rcode else [b"\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4\xc0\0\2\x50"]
        head = query[:2] + bytes([0x81, 0x80 | rcode]) + struct.pack(">HHHH", 1, len(records), 0, 0)
        server.sendto(head + question + b"".join(records), client)


def _main(order: Mapping[str, object]) -> None:
    if [name for _, name in socket.if_nameindex()] != ["lo"]:
        raise RuntimeError("not in a network namespace of its own")
    _interface("lo", "127.0.0.1")
    if order["mode"] != "away":
        _interface("lo:1", str(order["server"]))
    if order["mode"] not in ("away", "closed"):
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind((str(order["server"]), int(str(order["port"]))))
        threading.Thread(target=_serve, args=(server, order["mode"]), daemon=True).start()
    runs = order["runs"]
    started = [
        subprocess.Popen(
            command, cwd=str(order["folder"]), env={"PATH": path}, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for command, path in runs
    ]  # fmt: skip
    rows = []
    for process in started:
        out, err = process.communicate()
        rows.append((process.returncode, out, err))
    print(json.dumps(rows), flush=True)
    os._exit(0)


if __name__ == "__main__":
    _main(json.loads(sys.argv[1]))
