"""Running the program as people do, in this process or in another."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from triage.cli import main

ROOT = Path(__file__).resolve().parents[2]
LOG = """\
[INFO] plugin/reload: Running configuration MD5 = 4665410bf21c8b272fcfd562c482cb82
CoreDNS-1.9.3
linux/amd64, go1.18.2, 45b0a11
[ERROR] plugin/errors: 2 api.example.org. AAAA: read udp 10.32.0.7:42449->10.20.0.53:53: i/o timeout
"""


@dataclass(frozen=True)
class Result:
    """What a run left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def triage(capfd: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Run the command line in this process."""

    def run(*args: object) -> Result:
        capfd.readouterr()
        code = main([str(arg) for arg in args])
        out, err = capfd.readouterr()
        return Result(code, out, err)

    return run


@pytest.fixture
def program() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command line as a process of its own."""

    def run(args: Sequence[str], **more: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "triage", *args], capture_output=True, text=True, cwd=ROOT, env=os.environ, **more
        )

    return run


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    """A folder with the log of one replica."""
    folder = tmp_path / "evidence"
    folder.mkdir()
    (folder / "coredns-5d78c9869d-aaaaa.log").write_text(LOG, encoding="utf-8")
    return folder
