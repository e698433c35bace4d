"""Folders that travel with the program: inside the package after an installation, beside it in a clone."""

from __future__ import annotations

from pathlib import Path

from triage.errors import TriageError

_PACKAGE = Path(__file__).resolve().parent.parent
_BESIDE = {"stories": "sample_logs", "schemas": "schemas"}


def folder(name: str) -> Path:
    """The folder `triage.<name>`, or the one beside the package: `pip install -e .` has only that."""
    for candidate in (_PACKAGE / name, _PACKAGE.parent / _BESIDE[name]):
        if candidate.is_dir():
            return candidate
    raise TriageError("this installation lacks its {name}", hint="install coredns-triage again", name=name)
