"""The program as a user runs it against a cluster: its own process, its own kubeconfig."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.cluster import programs
from tests.lab.box import ROOT

_ORIGIN = {"file", "files", "texts", "context"}
"""Fields of a report that tell by which way the evidence came, and the names in its sentences, told a second time."""


def triage(*arguments: str, kubeconfig: Path | None = None, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run `triage`; the time of the report is fixed, so that reports can be compared."""
    known = {"PATH": f"{programs.folder()}:{os.environ['PATH']}", "SOURCE_DATE_EPOCH": "1800000000", "HOME": "/nowhere"}
    known |= {"KUBECONFIG": str(kubeconfig)} if kubeconfig else {}
    return subprocess.run(
        [sys.executable, "-m", "triage", *arguments],
        cwd=ROOT,
        env=known | environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def report_of(*arguments: str, kubeconfig: Path | None = None) -> dict[str, Any]:
    """The JSON report of a run that must succeed."""
    done = triage(*arguments, "-o", "json", kubeconfig=kubeconfig)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def without_origin(value: Any) -> Any:
    """A report without the fields that tell its origin."""
    if isinstance(value, Mapping):
        return {k: without_origin(v) for k, v in value.items() if k not in _ORIGIN}
    return [without_origin(v) for v in value] if isinstance(value, list) else value


def gaps(report: Mapping[str, Any]) -> set[str]:
    """What was wanted and is missing, and why."""
    return {f"{gap['wanted']}: {gap['reason']}" for gap in report["gaps"]}
