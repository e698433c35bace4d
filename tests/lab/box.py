"""A sealed box for one run: its own processes, mounts and networks, gone when the run ends, however it ends.

The kernel does the cleaning. The run is process 1 of its own process namespace, so its end is the end of every
CoreDNS, server and helper in it; network namespaces are named on a private tmpfs and live as long as somebody holds
them, so they, their links, rules and mounts go in the same moment. The run watches its standard input: when the
program that started it dies, even by SIGKILL, the pipe closes and the run ends. Nothing needs a name that could
collide, and nothing needs to be swept up afterwards.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from tests.lab.binaries import cache_folder

ROOT = Path(__file__).resolve().parents[2]
_BOX = ("unshare", "--fork", "--pid", "--kill-child", "--mount", "--net", "--mount-proc")
_ENVIRONMENT = {"PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), "LANG": "C.UTF-8", "HOME": "/"}
_TOOLS = ("unshare", "nsenter", "setpriv", "prlimit", "ip", "iptables", "nft")


def missing() -> list[str]:
    """What this machine lacks for the lab, in words; empty when it can run."""
    lacks = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if os.geteuid() != 0:
        return [*lacks, "root"]
    if not lacks:
        tried = subprocess.run([*_BOX, "sh", "-ec", "mount -t tmpfs none /run"], capture_output=True, check=False)
        if tried.returncode:
            lacks.append("the right to make namespaces")
    return lacks


def start(module: str, *arguments: str, log: Path, keep: Sequence[int] = ()) -> subprocess.Popen[bytes]:
    """Start `python -m module` as the first process of a new box; closing its standard input ends it.

    `keep` are open files that it inherits: a socket stays in the network in which it was made.
    """
    with log.open("wb") as output:
        return subprocess.Popen(
            [*_BOX, sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env=_ENVIRONMENT | {"XDG_CACHE_HOME": str(cache_folder().parent)},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=keep,
        )


def seal() -> None:
    """Called first inside: make sure that we are in a box, hide the machine's `/run`, end with our starter."""
    links = [link["ifname"] for link in ip_json(None, "link")]
    if os.getpid() != 1 or links != ["lo"]:
        raise RuntimeError(f"not in a box: process {os.getpid()}, links {links}")
    mount("none", "/run", "tmpfs")
    Path("/run/netns").mkdir()
    threading.Thread(target=_end_with_starter, daemon=True).start()


def _end_with_starter() -> None:
    while os.read(0, 4096):
        pass
    os._exit(130)


def mount(source: str, target: str, kind: str) -> None:
    """Mount inside the box: `unshare --mount` made it private, so the machine never sees it."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(source.encode(), target.encode(), kind.encode(), 0, None):
        raise OSError(ctypes.get_errno(), f"mount {kind} on {target}")


def ip_json(space: str | None, *words: str) -> list[dict[str, object]]:
    """What `ip -j …` says in a namespace."""
    where = ["-n", space] if space else []
    done = subprocess.run(["ip", "-j", *where, *words], capture_output=True, check=True)
    answer: list[dict[str, object]] = json.loads(done.stdout or b"[]")
    return [row for row in answer if row]


def ways_out(spaces: Sequence[str | None]) -> list[str]:
    """Everything that could carry a packet out of the box: links whose other end we do not hold, foreign kinds."""
    found, ends = [], 0
    for space in spaces:
        for link in ip_json(space, "-d", "link"):
            info = link.get("linkinfo")
            kind = info.get("info_kind") if isinstance(info, dict) else link.get("link_type")
            if kind == "veth":
                ends += 1
            elif kind != "loopback":
                found.append(f"{space}: {link['ifname']} is a {kind}")
    router_default = [r for r in ip_json("router", "route") if r.get("dst") == "default"]
    if ends % 2:
        found.append(f"{ends} ends of links: one is outside")
    return found + ["the router has a default route" for _ in router_default]
