"""What stops a run, and the exit codes.

What we *find* is data; an exception is only for what ends the run. Each carries the way out (`hint`) and its exit code.
"""

from __future__ import annotations

from collections.abc import Callable
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

    `names` fill the `{name}` places of both sentences; they are kept apart, so that `rules/phrases/` can translate.
    Sub-classes set `exit_code`; everything else that reaches the command line is our bug (exit code 1).

    >>> TriageError("no file {path}", hint="name another one than {path}", path="a{b}").message
    'no file a{b}'
    """

    exit_code: ExitCode = ExitCode.USAGE

    def __init__(self, message: str, *, hint: str, exit_code: ExitCode | None = None, **names: object) -> None:
        self.message, self.hint = (text.format_map(names) if names else text for text in (message, hint))
        super().__init__(self.message)
        self.templates = (message, hint)
        self.names = names
        if exit_code is not None:
            self.exit_code = exit_code

    def said(self, translated: Callable[[str], str]) -> tuple[str, str]:
        """Message and hint in another language: `translated` knows its templates, and names that are words of ours.

        A name may be another error: what it says stands in the sentence.
        """

        def word(name: object) -> object:
            if isinstance(name, TriageError):
                return name.said(translated)[0]
            return translated(name) if isinstance(name, str) else name

        names = {key: word(name) for key, name in self.names.items()}
        message, hint = (translated(t).format_map(names) if names else translated(t) for t in self.templates)
        return message, hint


class NoEvidenceError(TriageError):
    """Nothing among the given paths was recognised as evidence of any kind."""

    exit_code = ExitCode.NO_EVIDENCE


class RuleError(TriageError):
    """The rules cannot be used; `mistakes` holds every mistake as `file:line: what; cure`."""

    def __init__(self, mistakes: tuple[str, ...]) -> None:
        super().__init__(
            "mistakes in the rules ({n}):\n{mistakes}",
            hint="correct the lines above; `triage rules check` lists them again",
            n=len(mistakes),
            mistakes="\n".join(mistakes),
        )
        self.mistakes = mistakes


class DeliveryError(TriageError):
    """A target did not take the report; the report itself exists."""

    exit_code = ExitCode.DELIVERY
