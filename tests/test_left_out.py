"""What this machine cannot run is told with its number, and fails under CI."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
_TOLD = re.compile(r"cluster: (\d+|all) tests left out, this machine lacks \S+")


@pytest.mark.parametrize(("ci", "code"), [({}, {0, 5}), ({"CI": "1"}, {pytest.ExitCode.USAGE_ERROR})])
def test_a_machine_without_the_parts_of_the_cluster_says_so(ci: dict[str, str], code: set[int], tmp_path: Path) -> None:
    """On a path where there is neither containerd nor Go."""
    known = {name: value for name, value in os.environ.items() if name != "CI"}
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "tests/cluster"]
    environment = {**known, **ci, "PATH": str(tmp_path)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode in code, done.stderr
    found = _TOLD.search(done.stdout + done.stderr)
    assert found
    assert found[1] == "all" or int(found[1]) > 100
