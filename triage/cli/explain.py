"""`triage explain`: the arithmetic behind a probability, or a cause in plain words."""

from __future__ import annotations

import os
import sys
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import typer

from triage.cli.language import catalogue
from triage.cli.options import Colour, ColourOption, LangOption, RulesOption
from triage.cli.stored import hypothesis_of, stored_report
from triage.cli.streams import emit, style_for
from triage.errors import TriageError


def explain(
    what: Annotated[
        str, typer.Argument(metavar="REPORT.json|CAUSE", help="A stored JSON report (- is standard input), or a cause.")
    ],
    which: Annotated[
        str | None, typer.Argument(metavar="ID|RANK", help="Explanation of the report; the first one otherwise.")
    ] = None,
    colour: ColourOption = Colour.AUTO,
    lang: LangOption = None,
    rules: RulesOption = None,
) -> None:
    """Explain how a probability of a report comes about, or what a cause is."""
    from triage import pipeline
    from triage.render.explain import render_explain
    from triage.render.explain_cause import render_cause

    rulebook = pipeline.load_rulebook(rules)
    words, style = catalogue(rulebook), style_for(sys.stdout, colour, os.environ)
    rule = rulebook.rule_of(what)
    if rule is not None and which is None and not Path(what).exists():
        emit(render_cause(rule, rulebook, words, style))
        return
    if what != "-" and not Path(what).exists():
        near = get_close_matches(what, rulebook.rules, n=3, cutoff=0.5)
        raise TriageError(
            "'{what}' is neither a file nor a cause",
            hint="did you mean {known}?" if near else "choose one of: {known}",
            what=what,
            known=", ".join(near or rulebook.rules),
        )
    report = stored_report(what, words)
    emit(render_explain(report, hypothesis_of(report, which), words, style))
