"""The command line: the only package that knows Typer, argv, the environment, stdout and exit codes."""

from __future__ import annotations

from collections.abc import Sequence

from triage.errors import ExitCode


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; Ctrl-C is an exit code, too, while the program loads."""
    try:
        from triage.cli.door import main as through

        return through(argv)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
