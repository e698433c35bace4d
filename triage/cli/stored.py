"""Reading a stored report from a file or standard input."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from triage.cli.streams import stdin_bytes
from triage.errors import TriageError

if TYPE_CHECKING:
    from triage.model.report import Hypothesis, Report
    from triage.model.text import Catalogue

_MOST_BYTES = 64 * 2**20


def stored_report(path: str, catalogue: Catalogue | None = None) -> Report:
    """The report in a JSON file; `-` is standard input. With a catalogue its sentences can be said in that language."""
    return report_of(stored_text(path), path, catalogue)


def report_of(text: str, path: str, catalogue: Catalogue | None = None) -> Report:
    """The report that stands in the text of such a file."""
    from triage.render.stored import read_stored

    file = "standard input" if path == "-" else path
    return read_stored(text, file=file, template=catalogue.template) if catalogue else read_stored(text, file=file)


def stored_text(path: str) -> str:
    """The text of such a file."""
    try:
        if path == "-":
            raw = stdin_bytes().read(_MOST_BYTES + 1)
        else:
            with Path(path).open("rb") as stream:
                raw = stream.read(_MOST_BYTES + 1)
    except OSError as error:
        raise TriageError(
            "{path} cannot be read: {why}",
            hint="name a report that `triage analyze PATH -o json --output-file REPORT.json` wrote",
            path=path,
            why=error.strerror or error,
        ) from error
    if len(raw) > _MOST_BYTES:
        raise TriageError("{path} is larger than any report", hint="name the JSON report, not the evidence", path=path)
    return raw.decode("utf-8-sig", errors="replace")


def hypothesis_of(report: Report, wanted: str | None) -> Hypothesis:
    """The hypothesis of an id or a rank; the first one when nothing is wanted."""
    if not report.hypotheses:
        raise TriageError("the report holds no explanation: nothing was wrong", hint="analyse further evidence")
    if wanted is None:
        return report.hypotheses[0]
    found = next((h for h in report.hypotheses if wanted in (h.id, f"{h.rank}")), None)
    if found is not None:
        return found
    near = get_close_matches(wanted, [h.id for h in report.hypotheses], n=3, cutoff=0.4)
    raise TriageError(
        "no explanation of the report is called '{wanted}'",
        hint="choose a rank from 1 to {n}, or an id such as {known}",
        wanted=wanted,
        n=len(report.hypotheses),
        known=", ".join(near or [report.hypotheses[0].id]),
    )
