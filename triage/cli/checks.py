"""`triage checks`: the next checks of a report as one script."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from triage.cli.options import RulesOption
from triage.cli.stored import hypothesis_of, stored_report
from triage.cli.streams import emit, tell
from triage.errors import TriageError

if TYPE_CHECKING:
    from triage.model.report import Hypothesis, Report


def checks(
    report: Annotated[str, typer.Argument(metavar="REPORT.json", help="A stored JSON report; - is standard input.")],
    rank: Annotated[
        str | None, typer.Option("--rank", metavar="N", help="Only the checks of this explanation.")
    ] = None,
    rules: RulesOption = None,
) -> None:
    """Print a POSIX script that runs the next checks on nodes; it only reads."""
    from triage import pipeline

    stored = stored_report(report)
    if stored.redaction.get("mode") == "full":
        raise TriageError(
            "the report's addresses and nodes are replaced, so no command of it would work",
            hint="use the report that was not redacted, or one of mode names",
        )
    chosen = _telling(stored) if rank is None else [hypothesis_of(stored, rank)]
    if not any(hypothesis.next_checks for hypothesis in chosen):
        tell("no check would tell more: the report names none")
        return
    emit(pipeline.check_script(chosen, pipeline.load_rulebook(rules)))


def _telling(report: Report) -> Sequence[Hypothesis]:
    """Every explanation of the first fault, and the leader of each further one."""
    leads = {h.group: h for h in reversed(report.hypotheses)}
    return [h for h in report.hypotheses if h.group == report.hypotheses[0].group or leads[h.group] is h]
