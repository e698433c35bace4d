"""The command line: the only package that knows Typer, argv, the environment, stdout and exit codes."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import Sequence
from typing import NoReturn

from triage.errors import ExitCode

made: list[object] = []
"""What the last command worked on. It goes with its process: to take it apart piece by piece takes time."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; Ctrl-C is an exit code, too, while the program loads."""
    made.clear()
    try:
        from triage.cli.door import main as through

        return through(argv)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED


def run() -> NoReturn:
    """The program: it ends with its process, and leaves what it made.

    Where threads of others still run (a client of Dask) it is left to Python.
    """
    code = main()
    if threading.active_count() == 1:
        atexit._run_exitfuncs()
        try:
            for stream in (sys.stdout, sys.stderr):
                if stream is not None:  # closed by the caller
                    stream.flush()
        except OSError:
            sys.exit(code)  # Python says it as ever
        os._exit(code)
    sys.exit(code)
