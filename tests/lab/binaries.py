"""The CoreDNS programs of the lab: built once with `go install`, kept outside the tree."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

OLD = "1.9.3"
"""Of 2022, still met in clusters: 6 s a failed query, klog lines, the cause of API trouble is named."""
NEW = "1.15.0"
"""The newest that installs: 4 s a failed query, soft ICMP errors visible, failed queries cached."""
VERSIONS = (OLD, NEW)


def cache_folder() -> Path:
    """Where binaries are kept: `$XDG_CACHE_HOME/coredns-triage`, else `~/.cache/coredns-triage`."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "coredns-triage"


def path_of(version: str) -> Path:
    """The program of this version, built or not."""
    return cache_folder() / "bin" / f"v{version}" / "coredns"


def build(version: str) -> Path:
    """The program of this version; `go install` runs only if it is missing (about 5 CPU minutes each).

    Static (`CGO_ENABLED=0`), so that it also runs inside a container image that holds nothing else. Releases before
    1.10 fail at link time with a present Go unless `-checklinkname=0` is given: golang.org/x/net of that time reaches
    into `syscall.recvmsg`.
    """
    program = path_of(version)
    program.parent.mkdir(parents=True, exist_ok=True)
    with (program.parent / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if program.exists():
            return program
        if shutil.which("go") is None:
            raise FileNotFoundError(f"no Go to build CoreDNS {version}: install Go or put the program at {program}")
        subprocess.run(
            ["go", "install", "-ldflags=-checklinkname=0", f"github.com/coredns/coredns@v{version}"],
            env={**os.environ, "GOBIN": str(program.parent), "CGO_ENABLED": "0"},
            cwd=program.parent,
            check=True,
        )
    return program
