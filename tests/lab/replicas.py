"""CoreDNS replicas as the kubelet runs them: started, watched, restarted, their lines stamped when they arrive."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tests.lab.fabric import Fabric, Pod

_POLL_S = 0.02
# `mount` is the box's own; the last word replaces the shell, so the process id stays that of CoreDNS.
_ENTER = 'mount --bind "$0/etc" /etc; [ ! -d "$0/run" ] || mount --bind "$0/run" /run; exec "$@"'


@dataclass(frozen=True, slots=True)
class Line:
    """One line as the runtime saw it."""

    at_ns: int
    stream: str
    text: str


@dataclass
class Replica:
    """One CoreDNS pod; `lines` are of its present container, `previous` of the one before."""

    pod: Pod
    folder: Path
    version: str
    command: list[str]
    created_ns: int = 0
    restarts: int = 0
    restarted_ns: int = 0
    lines: list[Line] = field(default_factory=list)
    previous: list[Line] | None = None
    status: str = "Running"
    process: subprocess.Popen[bytes] | None = None
    environment: dict[str, str] = field(default_factory=dict)
    _readers: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Start the container, for the first time or again."""
        if self.process is not None:
            self.previous, self.lines = self.lines, []
            self.restarts, self.restarted_ns = self.restarts + 1, time.time_ns()
        self.created_ns = self.created_ns or time.time_ns()
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment,
            cwd="/",
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        streams = (("stdout", self.process.stdout), ("stderr", self.process.stderr))
        self._readers = [threading.Thread(target=self._tee, args=(*s, self.lines), daemon=True) for s in streams]
        for reader in self._readers:
            reader.start()

    @staticmethod
    def _tee(stream: str, pipe: IO[bytes], lines: list[Line]) -> None:
        for raw in pipe:
            lines.append(Line(time.time_ns(), stream, raw.decode("utf-8", "replace").rstrip("\n")))

    @property
    def running(self) -> bool:
        """Is the process alive?"""
        return self.process is not None and self.process.poll() is None

    def wait_exit(self, limit_s: float) -> int:
        """The exit code, once all lines are read."""
        assert self.process
        code = self.process.wait(limit_s)
        for reader in self._readers:
            reader.join(2)
        return code

    def stop(self, number: int = signal.SIGTERM, limit_s: float = 8.0) -> None:
        """End the container by a signal and wait until it is gone."""
        if self.running:
            assert self.process
            os.kill(self.process.pid, number)
        self.wait_exit(limit_s)

    def all_lines(self) -> list[Line]:
        """Lines of both containers, the former first."""
        return [*(self.previous or []), *self.lines]

    def says(self, pattern: str) -> bool:
        """Is there a line like this?"""
        find = re.compile(pattern).search
        return any(find(line.text) for line in self.all_lines())


def make(fabric: Fabric, pod: Pod, folder: Path, program: Path, version: str, wrap: Sequence[str] = ()) -> Replica:
    """A replica that is not started yet; `folder` holds its `etc` (and `run`), `wrap` stands before its command."""
    enter = ["unshare", "--mount", "sh", "-ec", _ENTER, str(folder), *wrap]
    command = fabric.inside(fabric.space_of(pod), *enter, str(program), "-conf", "/etc/coredns/Corefile")
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "KUBERNETES_SERVICE_PORT": "443"}
    return Replica(pod, folder, version, command, environment=environment | {"KUBERNETES_SERVICE_HOST": "10.96.0.1"})


def wait_until(watched: Sequence[Replica], pattern: str, limit_s: float, *, enough: int | None = None) -> None:
    """Wait until each of these replicas (or `enough` of them) says it or has ended. `{pod}` is its address."""
    end = time.monotonic() + limit_s
    left = list(watched)
    while left and time.monotonic() < end:
        left = [r for r in left if r.running and not r.says(pattern.replace("{pod}", re.escape(r.pod.address)))]
        if enough is not None and len(watched) - len(left) >= enough:
            return
        time.sleep(_POLL_S)
