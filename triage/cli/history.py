"""`--history` and `triage history`: what earlier runs found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triage.cli.language import catalogue
from triage.cli.options import LangOption, Records, RecordsOption, RulesOption
from triage.cli.streams import emit
from triage.errors import TriageError

if TYPE_CHECKING:
    from triage.model.past import News
    from triage.model.report import Report

HistoryOption = Annotated[
    Path | None,
    typer.Option(
        "--history",
        metavar="FILE",
        help="Compare with the run before and keep this one in FILE; `-o text` is one line when nothing is new.",
    ),
]

_BLIND = frozenset({"gap.window-empty", "gap.unheard"})


class Past:
    """The history of this run, if one was asked for."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._kept = False

    def check(self) -> None:
        """Refuse what is no history before any work is done."""
        if self._file is not None:
            from triage.history import History

            History(self._file).check()

    def record(self, report: Report) -> News | None:
        """Keep the run; what is new in it. None without a history, or when it cannot be written now.

        A run that saw no line, or none of its window, and no trouble is not kept: what it did not see is not gone.
        """
        if self._file is None:
            return None
        quiet = all(h.cause == "benign" for h in report.hypotheses[:1])
        if quiet and any(gap.id in _BLIND for gap in report.gaps):
            self._kept = True
            return None
        from triage.history import SHORT_WAIT_S

        try:
            return self._record(self._file, report, SHORT_WAIT_S)
        except TriageError:
            return None

    def keep(self, report: Report) -> None:
        """Keep the run if `record` could not, once the report is out; raises TriageError if that fails, too."""
        if self._file is None or self._kept:
            return
        from triage.history import WAIT_S

        self._record(self._file, report, WAIT_S)

    def _record(self, file: Path, report: Report, wait_s: float) -> News | None:
        from triage.history import History, findings_of

        cluster = (report.cluster or {}).get("context") or ""
        news = History(file).record(cluster, report.generated_ns, findings_of(report), wait_s)
        self._kept = True
        return news


def history(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What --history wrote.")],
    output: RecordsOption = Records.TEXT,
    lang: LangOption = None,
    rules: RulesOption = None,
) -> None:
    """List what the runs of a history found: since when, how often, and what comes and goes."""
    from triage import pipeline
    from triage.history import History
    from triage.render.news import courses_json, render_courses

    if not file.is_file():
        raise TriageError("there is no history {file}", hint="--history makes it: triage analyze -h", file=file)
    past = History(file)
    courses, n_runs = past.courses(), past.n_runs()
    if output is Records.JSON:
        emit(courses_json(courses, n_runs))
    else:
        emit(render_courses(courses, n_runs, catalogue(pipeline.load_rulebook(rules))))
