"""The command line: the only package that knows Typer, argv, the environment, stdout and exit codes."""

from triage.cli.door import main

__all__ = ["main"]
