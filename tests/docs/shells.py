"""Pages whose `console` fences show what commands print: a real shell runs them, and the page is filled in anew."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.docs.pages import ROOT

_FENCE = re.compile(r"```console\n(.*?)```", re.DOTALL)


def filled(page: Path, work: Path) -> str:
    """The page with the outputs of today; its commands run one after the other in `work`, beside `sample_logs`."""
    (work / "sample_logs").symlink_to(ROOT / "sample_logs")

    def run(fence: re.Match[str]) -> str:
        commands = [line[2:] for line in fence[1].splitlines() if line.startswith("$ ")]
        return "```console\n" + "".join(f"$ {command}\n{_printed(command, work)}" for command in commands) + "```"

    return _FENCE.sub(run, page.read_text(encoding="utf-8"))


def _printed(command: str, work: Path) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environ = {"PATH": path, "HOME": str(work), "LC_ALL": "C.UTF-8", "SOURCE_DATE_EPOCH": "1764064800"}
    done = subprocess.run(["sh", "-c", command], cwd=work, env=environ, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, ""), f"{command}: {done.stderr}"
    assert done.stdout.endswith("\n") or not done.stdout, f"{command}: the next one would stand in its last line"
    return done.stdout
