"""`triage version` and `--version`."""

from __future__ import annotations

import platform

import typer

from triage.cli.streams import emit
from triage.model.version import VERSION


def print_version(asked: bool) -> None:
    """The eager option `--version`."""
    if asked:
        emit(f"coredns-triage {VERSION}\n")
        raise typer.Exit


def version() -> None:
    """Print the versions of the program, its rules and Python, and which kernel reads large logs."""
    from triage import pipeline

    rules = pipeline.load_rulebook(None).version
    emit(
        f"coredns-triage {VERSION}\nrules {rules}\npython {platform.python_version()}\n"
        f"kernel {pipeline.kernel_name()}\n"
    )
