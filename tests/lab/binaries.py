"""The programs that the tests run: each built once with Go, kept outside the tree."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Sequence
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
    """The CoreDNS of this version, built or not."""
    return cache_folder() / "bin" / f"v{version}" / "coredns"


def build(version: str) -> Path:
    """The CoreDNS of this version; `go install` runs only if it is missing (about 5 CPU minutes each).

    Releases before 1.10 fail at link time with a present Go unless `-checklinkname=0` is given: golang.org/x/net of
    that time reaches into `syscall.recvmsg`.
    """
    program = path_of(version)
    command = ["go", "install", "-ldflags=-checklinkname=0", f"github.com/coredns/coredns@v{version}"]
    compile_once(program.parent, ["coredns"], command)
    return program


def compile_once(folder: Path, names: Sequence[str], command: Sequence[str], source: Path | None = None) -> None:
    """Run a command of Go in `source` that makes programs of these names; they are put into `folder` if any is missing.

    Static (`CGO_ENABLED=0`), so that they also run inside a container image that holds nothing else.
    """
    fresh = folder / "fresh"
    fresh.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if all((folder / name).exists() for name in names):
            return
        if shutil.which("go") is None:
            raise FileNotFoundError(f"no Go to build {', '.join(names)}: install Go or put them into {folder}")
        environment = {**os.environ, "GOBIN": str(fresh), "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false"}
        subprocess.run(command, env=environment, cwd=source or fresh, check=True)
        for name in names:  # a program that stands in `folder` is whole
            (fresh / name).replace(folder / name)
