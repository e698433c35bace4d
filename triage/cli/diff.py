"""`triage diff`: two stored reports side by side."""

from __future__ import annotations

from typing import Annotated

import typer

from triage.cli.language import catalogue
from triage.cli.options import LangOption, Records, RecordsOption, RulesOption
from triage.cli.stored import stored_report
from triage.cli.streams import emit


def diff(
    old: Annotated[str, typer.Argument(metavar="OLD.json", help="A stored JSON report; - is standard input.")],
    new: Annotated[str, typer.Argument(metavar="NEW.json", help="A later one.")],
    output: RecordsOption = Records.TEXT,
    lang: LangOption = None,
    rules: RulesOption = None,
) -> None:
    """Tell what is new in a report, what changed its place, what is still there, and what is gone."""
    from triage import pipeline
    from triage.render.news import differences_json, render_differences

    before, now = stored_report(old), stored_report(new)
    differences = pipeline.compare(before, now)
    if output is Records.JSON:
        emit(differences_json(differences, before.generated_ns, now.generated_ns))
    else:
        emit(render_differences(differences, catalogue(pipeline.load_rulebook(rules))))
