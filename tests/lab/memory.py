"""A memory limit for a replica: a cgroup where one can be made, else a stand-in that kills at the same size."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from pathlib import Path

from tests.lab.fabric import Pod
from tests.lab.laboratory import Lab

_ROOTS = ((Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes"), (Path("/sys/fs/cgroup"), "memory.max"))
_PREFIX = "coredns-triage-lab-"


def wrap(lab: Lab, pod: Pod, limit_bytes: int) -> tuple[str, ...]:
    """Words before the command of CoreDNS that put it under the limit."""
    for root, name in _ROOTS:
        group = root / f"{_PREFIX}{os.urandom(6).hex()}"
        try:
            group.mkdir()
            (group / name).write_text(str(limit_bytes))
        except OSError:
            with contextlib.suppress(OSError):
                group.rmdir()
            continue
        return ("sh", "-c", f'echo $$ > {group}/cgroup.procs; exec "$@"', "sh")
    threading.Thread(target=_watch, args=(lab, pod, limit_bytes), daemon=True).start()
    return ()


def _watch(lab: Lab, pod: Pod, limit_bytes: int) -> None:
    """Stand-in for the kernel: end the process when its resident memory passes the limit."""
    while True:
        time.sleep(0.02)
        replica = lab.replicas.get(pod.name)
        if replica is None or not replica.running or replica.process is None:
            continue
        with contextlib.suppress(OSError, IndexError):
            pages = int(Path(f"/proc/{replica.process.pid}/statm").read_text().split()[1])
            if pages * os.sysconf("SC_PAGE_SIZE") > limit_bytes:
                os.kill(replica.process.pid, signal.SIGKILL)


def sweep() -> None:
    """Remove groups that runs left empty; one with a process in it belongs to a run that goes on."""
    for root, _ in _ROOTS:
        for group in root.glob(f"{_PREFIX}*"):
            with contextlib.suppress(OSError):
                group.rmdir()
