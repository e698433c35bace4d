"""`triage rules`: the knowledge behind the causes: list, show, check, test, and begin a new one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triage.cli.language import spoken
from triage.cli.options import RulesOption
from triage.cli.streams import emit
from triage.errors import ExitCode, RuleError, TriageError
from triage.render.layout import table

if TYPE_CHECKING:
    from triage.rulebook.check import Checked

app = typer.Typer(
    help="List, show, check, test and begin the rules behind the causes.", no_args_is_help=True, rich_markup_mode=None
)
CauseArgument = Annotated[str, typer.Argument(metavar="CAUSE", help="Id of the cause.")]


@app.command("list")
def list_rules(rules: RulesOption = None) -> None:
    """List the causes, the most frequent first."""
    from triage import pipeline
    from triage.rulebook.show import listing

    rows = listing(pipeline.load_rulebook(rules), spoken())
    head = ["CAUSE", "PRIOR", "SEVERITY", "TERMS", "CHECKS", "TITLE"]
    emit(_lines(table(head, [[r.id, f"{r.prior:g}", r.severity, f"{r.terms}", f"{r.checks}", r.title] for r in rows])))


@app.command("show")
def show_rule(
    cause: Annotated[str | None, typer.Argument(metavar="CAUSE", help="Id of the cause.")] = None,
    measures: Annotated[bool, typer.Option("--measures", help="Show what a rule can ask of the evidence.")] = False,
    rules: RulesOption = None,
) -> None:
    """Show a rule with its numbers and texts, or all measures."""
    from triage import pipeline
    from triage.rulebook.show import show, texts_in

    if measures:
        emit(_lines(_measures()))
        return
    rulebook = pipeline.load_rulebook(rules)
    if cause is None or cause not in rulebook.rules:
        raise TriageError(
            "there is no rule '{cause}'",
            hint="choose one of: {known}",
            cause=cause or "",
            known=", ".join(rulebook.rules),
        )
    emit(show(rulebook.rules[cause], texts_in(rulebook, spoken())))


@app.command("check")
def check_rules(rules: RulesOption = None) -> None:
    """Check all rules and cases for mistakes."""
    checked = _checked(rules)
    if checked.mistakes:
        raise RuleError(checked.mistakes)
    real = sum(case.real for case in checked.cases)
    emit(f"{len(checked.rulebook.rules)} rules, {len(checked.cases)} cases ({real} from real incidents): no mistake\n")


@app.command("test")
def try_rules(
    causes: Annotated[list[str] | None, typer.Argument(metavar="CAUSE", help="Only the cases of these.")] = None,
    rules: RulesOption = None,
) -> None:
    """Run the cases beside the rules."""
    from triage.rulebook.cases import run_cases

    checked = _checked(rules)
    if checked.mistakes:
        raise RuleError(checked.mistakes)
    unknown = set(causes or ()) - set(checked.rulebook.rules)
    if unknown:
        raise TriageError("there is no rule '{cause}'", hint="`triage rules list` shows them", cause=min(unknown))
    failed: dict[str, int] = dict.fromkeys(causes or checked.rulebook.rules, 0)
    for case, wrong in run_cases((c for c in checked.cases if c.cause in failed), _Analysis(rules)):
        failed[case.cause] += bool(wrong)
        for what in wrong:
            emit(f"{case.file}: {what}\n")
    counts = checked.counts()
    rows = [
        [cause, f"{counts[cause].hits}", f"{counts[cause].look_alikes}", f"{counts[cause].real}", f"{bad}"]
        for cause, bad in failed.items()
    ]
    emit(_lines(table(["CAUSE", "HITS", "LOOK-ALIKES", "REAL", "FAILED"], rows)))
    raise typer.Exit(ExitCode.USAGE if any(failed.values()) else ExitCode.ANALYZED)


@app.command("new")
def new_rule(
    cause: CauseArgument,
    rules: Annotated[Path, typer.Option("--rules", metavar="DIR", help="Folder of rules to put it in.")] = Path(
        "rules"
    ),
) -> None:
    """Begin a rule: a folder with a rule and two cases to fill in."""
    from triage.rulebook.skeleton import new_rule as begin

    emit(_lines([f"{path}" for path in begin(rules, cause)]))


class _Analysis:
    """Analyses the evidence of a case; the rules are read once."""

    def __init__(self, rules: Path | None) -> None:
        from triage import pipeline

        self.rulebook = pipeline.load_rulebook(rules)
        self.catalogue = pipeline.catalogue(self.rulebook, "en")

    def __call__(self, folder: Path) -> Mapping[str, object]:
        from triage import pipeline
        from triage.render.json_v1 import report_json
        from triage.render.words import Words

        report = pipeline.analyze(pipeline.load_bundle([str(folder)], None), self.rulebook, now_ns=0)
        return report_json(report, Words(self.catalogue))


def _checked(overlay: Path | None) -> Checked:
    from triage.analysis import MEASURES, PLACEHOLDERS
    from triage.rulebook import rules_folder
    from triage.rulebook.check import check

    measures = {name: arguments for name, (_, arguments) in MEASURES.items()}
    return check(rules_folder(), overlay=overlay, measures=measures, names=PLACEHOLDERS)


def _measures() -> list[str]:
    from triage.analysis import MEASURES

    rows = []
    for name, (function, arguments) in sorted(MEASURES.items()):
        about = (function.__doc__ or "").strip().splitlines()
        rows.append([name, ", ".join(sorted(arguments)), about[0] if about else ""])
    return table(["MEASURE", "ARGUMENTS", "ASKS"], rows)


def _lines(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"
