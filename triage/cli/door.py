"""The one door out: the only place where an error becomes an exit code and a sentence on stderr."""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from triage.cli.language import listen, translated
from triage.cli.streams import forgiving_stdout, tell
from triage.errors import ExitCode, TriageError

_RECORDS = 500_000
"""Records made before cycles are looked for: a run makes many records, and hardly a cycle."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code (`docs/exit-codes.md`)."""
    if "_complete-" in Path(sys.argv[0]).name:  # the plugin's single file, linked under the name that kubectl asks
        from triage.cli import completion

        return completion.main(argv)
    gc.set_threshold(_RECORDS)
    from triage.cli.app import program

    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's threads spin, and nobody here multiplies matrices
    args = list(sys.argv[1:] if argv is None else argv)
    forgiving_stdout()
    listen(os.environ)
    try:
        program(args)(args, prog_name=program_name(sys.argv[0]))
    except TriageError as error:
        message, hint = error.said(translated)
        tell("error: {message}\n hint: {hint}", message=message, hint=hint)
        return error.exit_code
    except SystemExit as stop:  # Typer's own: --help, wrong usage, typer.Exit
        return stop.code if isinstance(stop.code, int) else ExitCode.FAILED
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            tell("error: the output cannot be written: {why}", why=error.strerror)
            return ExitCode.DELIVERY
        return _bug(error, args)
    return ExitCode.ANALYZED


def program_name(called: str) -> str:
    """How to call the program in help: as a kubectl plugin, kubectl shows dashes for the underscores of the file.

    >>> program_name("/usr/bin/kubectl-coredns_triage"), program_name("/opt/triage"), program_name("__main__.py")
    ('kubectl coredns-triage', 'triage', 'triage')
    """
    name = Path(called).name
    if name.startswith("kubectl-"):
        return "kubectl " + name.removeprefix("kubectl-").replace("_", "-")
    return "coredns-triage" if name == "coredns-triage" else "triage"


def _bug(error: Exception, args: Sequence[str]) -> int:
    tell("error: this is a bug in coredns-triage: {kind}: {error}", kind=type(error).__name__, error=error)
    if os.environ.get("TRIAGE_DEBUG") or any(arg in {"-v", "-vv", "--verbose"} for arg in args):
        import traceback

        tell("".join(traceback.format_exception(error)).rstrip())
    else:
        tell(" hint: run it again with TRIAGE_DEBUG=1 and report what it prints")
    return ExitCode.FAILED
