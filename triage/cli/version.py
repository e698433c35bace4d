"""`triage version` and `--version`."""

from __future__ import annotations

import platform

import typer

from triage.cli.streams import emit


def program_version() -> str:
    """The version of the installed distribution; `0+unknown` when it runs without an installation."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed("coredns-triage")
    except PackageNotFoundError:
        return "0+unknown"


def print_version(asked: bool) -> None:
    """The eager option `--version`."""
    if asked:
        emit(f"coredns-triage {program_version()}\n")
        raise typer.Exit


def version() -> None:
    """Print the versions of the program, its rules and Python, and which kernel reads large logs."""
    from triage import pipeline

    rules = pipeline.load_rulebook(None).version
    emit(
        f"coredns-triage {program_version()}\nrules {rules}\npython {platform.python_version()}\n"
        f"kernel {pipeline.kernel_name()}\n"
    )
