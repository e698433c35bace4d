"""`triage schema`: the JSON Schema of the report."""

from __future__ import annotations

from triage.cli.packaged import folder
from triage.cli.streams import emit


def schema() -> None:
    """Print the JSON Schema of `-o json` (triage.report/1)."""
    emit((folder("schemas") / "triage.report-1.json").read_text(encoding="utf-8"))
