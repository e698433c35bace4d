"""`triage render`: a stored report in another form."""

from __future__ import annotations

from typing import Annotated

import typer

from triage.cli.language import catalogue
from triage.cli.options import (
    Colour,
    ColourOption,
    LangOption,
    OutputFileOption,
    QuietOption,
    RulesOption,
    WriteOption,
)
from triage.cli.redaction import Redaction, RedactionMapOption, RedactOption
from triage.cli.reporting import Target, show
from triage.cli.stored import stored_report
from triage.errors import TriageError

NAMES = (
    "text", "wide", "json", "markdown", "github", "gitlab", "jira",
    "jira-wiki", "slack", "email", "html", "yaml", "csv", "prometheus",
)  # fmt: skip
"""Of `triage.render.FORMS`, which take time to load."""


def render(
    report: Annotated[str, typer.Argument(metavar="REPORT.json", help="A stored JSON report; - is standard input.")],
    output: Annotated[str, typer.Option("--output", "-o", metavar="FORM", help=f"Form: {', '.join(NAMES)}.")] = "text",
    write: WriteOption = None,
    output_file: OutputFileOption = None,
    colour: ColourOption = Colour.AUTO,
    lang: LangOption = None,
    rules: RulesOption = None,
    redact: RedactOption = None,
    redaction_map: RedactionMapOption = None,
    quiet: QuietOption = False,
) -> None:
    """Print a stored report in another form: for tickets, chats, mails, browsers, spreadsheets or machines."""
    from triage import pipeline

    if output not in NAMES:
        known = ", ".join(NAMES)
        raise TriageError("there is no form '{output}'", hint="choose one of: {known}", output=output, known=known)
    target = Target(output, output_file, tuple(write or ()), colour, quiet, Redaction(redact, redaction_map))
    target.check()
    words = catalogue(pipeline.load_rulebook(rules))
    show(stored_report(report, words), words, target)
