"""Secrets and targets from the environment, or from files that it names; never from a report."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from triage.errors import TriageError

PREFIX = "COREDNS_TRIAGE_"
HIDDEN = "***"
_SECRET = 6
"""Parts of a URL that have at least so many characters may be secrets."""


class Settings:
    """The environment's `COREDNS_TRIAGE_<NAME>`, or the file that `COREDNS_TRIAGE_<NAME>_FILE` names."""

    def __init__(self, environ: Mapping[str, str], *, rehearsal: bool = False) -> None:
        self._environ = environ
        self.rehearsal = rehearsal
        """Nothing is sent: secrets may be missing."""
        self._secrets: set[str] = set()

    def maybe(self, name: str) -> str | None:
        """A setting that may be missing; an empty one is missing."""
        value = self._raw(name)
        if value and not value.isprintable():
            raise TriageError(
                "{variable} must be one line of visible text", hint="look for line breaks in it", variable=PREFIX + name
            )
        return value or None

    def secret(self, name: str, what: str) -> str:
        """A secret that must be there; from now on `mask` hides it. A rehearsal does without."""
        value = self.maybe_secret(name)
        if value is None and self.rehearsal:
            return HIDDEN
        if value is None:
            raise TriageError(
                "{what} is missing",
                hint="put it into {variable}, or name a file that holds it in {variable}_FILE",
                what=what,
                variable=PREFIX + name,
            )
        return value

    def maybe_secret(self, name: str) -> str | None:
        """A secret that may be missing."""
        value = self.maybe(name)
        return None if value is None else self.hide(value)

    def secrets(self, name: str) -> list[str]:
        """Several URLs that hold secrets, with white space between them; their parts are hidden, too."""
        urls = (self._raw(name) or "").split()
        for part in (part for url in urls for part in re.split(r"[/:@?&=]+", url)):
            if len(part) >= _SECRET:
                self.hide(part)
        return [self.hide(url) for url in urls]

    def hide(self, secret: str) -> str:
        """Let `mask` hide this from now on; the same text back."""
        if secret != HIDDEN:
            self._secrets.add(secret)
        return secret

    def mask(self, text: str) -> str:
        """The text without secrets."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, HIDDEN)
        return text

    def _raw(self, name: str) -> str | None:
        value = self._environ.get(PREFIX + name) or self._of_file(PREFIX + name + "_FILE")
        return value.strip() if value else None

    def _of_file(self, variable: str) -> str | None:
        path = self._environ.get(variable)
        if not path:
            return None
        try:
            return Path(path).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise TriageError(
                "{variable} names a file that cannot be read: {path}",
                hint="mount the secret, or correct the path",
                variable=variable,
                path=path,
            ) from error
