"""`triage explain`: the arithmetic behind a probability, or a cause in plain words."""

from __future__ import annotations

import os
import sys
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import typer

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
    lang: LangOption = "en",
    rules: RulesOption = None,
) -> None:
    """Explain how a probability of a report comes about, or what a cause is."""
    from triage import pipeline
    from triage.render.explain import render_explain
    from triage.render.explain_cause import render_cause

    rulebook = pipeline.load_rulebook(rules)
    if lang not in rulebook.texts:
        raise TriageError(f"no texts in language '{lang}'", hint=f"choose one of: {', '.join(sorted(rulebook.texts))}")
    catalogue, style = pipeline.catalogue(rulebook, lang), style_for(sys.stdout, colour, os.environ)
    rule = rulebook.rule_of(what)
    if rule is not None and which is None and not Path(what).exists():
        emit(render_cause(rule, rulebook, catalogue, style))
        return
    if what != "-" and not Path(what).exists():
        near = get_close_matches(what, rulebook.rules, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"causes: {', '.join(rulebook.rules)}"
        raise TriageError(f"'{what}' is neither a file nor a cause", hint=hint)
    report = stored_report(what)
    emit(render_explain(report, hypothesis_of(report, which), catalogue, style))
