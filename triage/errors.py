"""What stops a run, and the exit codes.

What we *find* is data; an exception is only for what ends the run. Each carries the way out (`hint`) and its exit code.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every command; `docs/exit-codes.md` documents each (a test compares both)."""

    ANALYZED = 0
    FAILED = 1
    USAGE = 2
    NO_EVIDENCE = 3
    COVERAGE = 4
    DELIVERY = 5
    LIKELY_FOUND = 10
    WEAKER_FOUND = 11
    INTERRUPTED = 130


class TriageError(Exception):
    """Ends the run: what happened (`message`), what to do next (`hint`), and the exit code.

    Sub-classes set `exit_code`; everything else that reaches the command line is our bug (exit code 1).
    """

    exit_code: ExitCode = ExitCode.USAGE

    def __init__(self, message: str, *, hint: str, exit_code: ExitCode | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if exit_code is not None:
            self.exit_code = exit_code


class NoEvidenceError(TriageError):
    """Nothing among the given paths was recognised as evidence of any kind."""

    exit_code = ExitCode.NO_EVIDENCE


class RuleError(TriageError):
    """The rules cannot be used; `mistakes` holds every mistake as `file:line: what; cure`."""

    def __init__(self, mistakes: tuple[str, ...]) -> None:
        count = len(mistakes)
        super().__init__(
            f"{count} mistake{'s' if count != 1 else ''} in the rules:\n" + "\n".join(mistakes),
            hint="correct the lines above; `triage rules check` lists them again",
        )
        self.mistakes = mistakes
