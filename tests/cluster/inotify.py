"""No inotify instances left on this machine for a moment: `python -m tests.cluster.inotify`.

A process of its own holds the lowered limit and puts the old one back when its standard input ends, which it also does
when whoever started it is killed.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.lab.box import ROOT

_LIMIT = Path("/proc/sys/fs/inotify/max_user_instances")


@contextlib.contextmanager
def exhausted() -> Iterator[None]:
    """While this lasts nobody on the machine gets a new instance: keep it short."""
    command = [sys.executable, "-m", "tests.cluster.inotify"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        if holder.stdout.readline() != b"lowered\n":
            raise RuntimeError("the limit could not be lowered")
        yield


def main() -> None:
    """Lower, wait, restore."""
    before = _LIMIT.read_text(encoding="ascii")
    try:
        _LIMIT.write_text("0", encoding="ascii")
        print("lowered", flush=True)
        sys.stdin.read()
    finally:
        _LIMIT.write_text(before, encoding="ascii")


if __name__ == "__main__":
    main()
