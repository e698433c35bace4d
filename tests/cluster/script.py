"""Evidence as the printed script saves it, with the kubectl of the release."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.cluster import programs
from tests.lab.box import ROOT


def save(kubeconfig: Path, folder: Path, *options: str) -> Path:
    """The folder that `triage collect --print-script` fills from a cluster."""
    printed = [sys.executable, "-m", "triage", "collect", "--print-script"]
    script = folder.with_suffix(".sh")
    script.write_bytes(subprocess.run(printed, cwd=ROOT, capture_output=True, check=True).stdout)
    environment = {"PATH": f"{programs.folder()}:{os.environ['PATH']}", "KUBECONFIG": str(kubeconfig)}
    done = subprocess.run(
        ["sh", str(script), "-o", str(folder), *options],
        env=environment | {"HOME": str(folder.parent)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if done.returncode:
        raise RuntimeError(f"exit {done.returncode}: {done.stderr}")
    return folder
