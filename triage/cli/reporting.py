"""From a report to stdout, files and the exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from triage.cli.options import Colour, FailOn, Output
from triage.cli.redaction import Redaction
from triage.cli.streams import emit, style_for, tell, write_file
from triage.errors import ExitCode, TriageError
from triage.render.style import Style

if TYPE_CHECKING:
    from triage.model.past import News
    from triage.model.report import Report
    from triage.model.text import Catalogue
    from triage.render import Form

_NOT_UNDERSTOOD = 0.05
"""Share of lines that `--strict-coverage` lets pass."""


class Target(Struct, frozen=True):
    """Where and how a report is shown."""

    output: str = Output.TEXT
    output_file: Path | None = None
    write: Sequence[Path] = ()
    colour: Colour = Colour.AUTO
    quiet: bool = False
    redaction: Redaction = field(default_factory=Redaction)

    def check(self) -> None:
        """Refuse what cannot be written before any work is done."""
        for path in self.write:
            form_of_file(path)
        self.redaction.check([*self.write, *([self.output_file] if self.output_file else [])])

    @property
    def wants_json(self) -> bool:
        """True when one of the outputs is JSON."""
        return self.output == Output.JSON or any(form_of_file(path).name == "json" for path in self.write)


def form_of_file(path: Path) -> Form:
    """The form that the ending of a file names."""
    from triage.render import FORMS, form_of

    form = form_of(path.name)
    if form is None:
        endings = ", ".join(sorted(form.ending for form in FORMS))
        raise TriageError(
            "--write {path}: the ending says no form", hint="choose one of: {known}", path=path, known=endings
        )
    return form


def show(report: Report, catalogue: Catalogue, target: Target, news: News | None = None) -> None:
    """Print the report, or write it to `output_file`, and write the further files; each redacted as its form asks.

    `news` go before a text for people; when nothing is new, they are all that is printed in form `text`.
    """
    from triage.render import RENDERERS
    from triage.render.news import render_news

    def said(form: str, style: Style, news: News | None = None) -> str:
        names = target.redaction.mode(form) == "none"
        above = render_news(news, catalogue, names=names) if news and form in {"text", "wide"} else ""
        if news and not news.any and form == "text":
            return above
        return above + RENDERERS[form](target.redaction.report(report, form), catalogue, style)

    form = str(target.output)
    if target.output_file is None or str(target.output_file) == "-":
        emit(said(form, style_for(sys.stdout, target.colour, os.environ), news))
    else:
        _write(target.output_file, said(form, Style(), news), form, target)
    for path in target.write:
        form = form_of_file(path).name
        _write(path, said(form, Style()), form, target)
    target.redaction.save()


def _write(path: Path, text: str, form: str, target: Target) -> None:
    write_file(path, text)
    if not target.quiet:
        tell(target.redaction.wrote(form), path=path)


def exit_code(report: Report, fail_on: FailOn, *, strict_coverage: bool) -> ExitCode:
    """The exit code of an analysed report; a finding that was asked for goes before missing coverage.

    A cause by which no query fails is nothing to be woken for.
    """
    from triage.model.report import confidence_of

    causes = [h for h in report.hypotheses if h.cause not in {"benign", "unknown"}]
    best = max((round(h.probability, 4) for h in causes if h.severity != "none"), default=0.0)
    if fail_on is not FailOn.NONE and confidence_of(best) in {"certain", "likely"}:
        return ExitCode.LIKELY_FOUND
    best = max((round(h.probability, 4) for h in causes), default=0.0)
    if fail_on is FailOn.ANY and confidence_of(best) != "unlikely":
        return ExitCode.WEAKER_FOUND
    return ExitCode.COVERAGE if strict_coverage and too_little_read(report) else ExitCode.ANALYZED


def too_little_read(report: Report) -> bool:
    """A replica of the pod list has no log, or too many lines were not understood."""
    coverage = report.coverage
    if any(r.in_pod_list and not r.has_log for r in coverage.replicas):
        return True
    return coverage.lines - coverage.understood > _NOT_UNDERSTOOD * coverage.lines
