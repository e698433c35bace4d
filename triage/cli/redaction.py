"""`--redact` and its map file: which outputs are redacted, and how pseudonyms stay the same from run to run."""

from __future__ import annotations

import os
from collections.abc import Collection
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triage.cli.streams import write_file
from triage.errors import TriageError

if TYPE_CHECKING:
    from triage.model.report import Report
    from triage.redact import Mode, Pseudonyms

FOR_THE_TEAM = frozenset({"text", "wide", "json", "yaml", "csv", "prometheus", "html"})
"""Forms that nobody else reads unless they are handed on: the others are for tickets and chats."""
_WROTE = {
    "none": "wrote {path}; names and addresses stand in it as they are",
    "names": "wrote {path}; query names are replaced in it, addresses are not",
    "full": "wrote {path}; names and addresses are replaced in it",
}
_MOST_BYTES = 256 * 2**20


class Redact(StrEnum):
    """What to replace (a test compares with `triage.redact.MODES`)."""

    NONE = "none"
    NAMES = "names"
    FULL = "full"


RedactOption = Annotated[
    Redact | None,
    typer.Option(
        "--redact",
        metavar="MODE",
        show_default=False,
        help="Replace nothing (none), query names (names), or addresses, nodes and pods too (full). "
        "Default: names in forms for tickets and chats, else none. Secrets are always hidden.",
    ),
]
RedactionMapOption = Annotated[
    Path | None,
    typer.Option(
        "--redaction-map",
        metavar="FILE",
        help="Key and originals of the replaced names; made when missing. With the same file names stay the same. "
        "Who has it can undo the redaction.",
    ),
]


class Redaction:
    """Redacts what is printed or written, everything in one run by one key."""

    def __init__(self, redact: Redact | None = None, map_file: Path | None = None) -> None:
        self._redact = redact
        self._file = map_file

    def mode(self, form: str) -> Mode:
        """The mode of an output in this form."""
        return self._redact.value if self._redact else "none" if form in FOR_THE_TEAM else "names"

    def check(self, outputs: Collection[Path]) -> None:
        """Refuse a map that would be an output, or lie in one; read it, or make it."""
        if self._file is None:
            return
        place = self._file.resolve()
        if any(output.resolve() in (place, *place.parents) for output in outputs):
            raise TriageError(
                "--redaction-map {file} lies in the output",
                hint="keep the map where the output does not go",
                file=self._file,
            )
        assert self._pseudonyms

    def report(self, report: Report, form: str) -> Report:
        """The report as an output in this form shows it."""
        from triage.redact import redact_report

        mode = self.mode(form)
        return redact_report(report, mode, None if mode == "none" else self._pseudonyms)

    @property
    def of_bundles(self) -> bool:
        """Is evidence redacted that is saved? Not by default: the analysis of a colleague may need it."""
        return self._redact not in (None, Redact.NONE)

    def save_bundle(self, raw: Path, folder: Path) -> None:
        """A redacted copy of the bundle `raw` in `folder`."""
        from triage import pipeline

        pipeline.save_redacted(raw, folder, self.mode("text"), self._pseudonyms)
        self.save()

    def wrote(self, form: str) -> str:
        """What to tell of a file in this form."""
        return _WROTE[self.mode(form)]

    def save(self) -> None:
        """Write what was replaced into the map."""
        if self._file is not None:
            write_file(self._file, self._pseudonyms.dump())

    @cached_property
    def _pseudonyms(self) -> Pseudonyms:
        from triage.redact import Pseudonyms, read_pseudonyms

        if self._file is None:
            return Pseudonyms()
        new = Pseudonyms()
        try:
            # Two runs that begin at once agree on the key of the one that made the file.
            with os.fdopen(os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
                stream.write(new.dump())
        except FileExistsError:
            pass
        except OSError as error:
            raise self._unusable(error) from error
        else:
            return new
        try:
            with self._file.open("rb") as stream:
                raw = stream.read(_MOST_BYTES)
        except OSError as error:
            raise self._unusable(error) from error
        return read_pseudonyms(raw.decode("utf-8", "replace"), file=str(self._file))

    def _unusable(self, error: OSError) -> TriageError:
        return TriageError(
            "--redaction-map {file}: {why}",
            hint="name a file that you may write",
            file=self._file,
            why=error.strerror or error,
        )
