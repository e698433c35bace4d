"""From a bundle to its report, and what is made of a report."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from triage.errors import NoEvidenceError
from triage.model.bundle import Bundle, Document, Gap, Kind
from triage.model.observation import Ledger, Observations
from triage.model.past import Difference
from triage.model.report import Coverage, FileCoverage, Hypothesis, Report, Window
from triage.model.rule import Rulebook
from triage.model.text import Text
from triage.model.version import VERSION
from triage.pipeline.reader import Reader

if TYPE_CHECKING:
    from triage.analysis import Inputs
    from triage.reading import Watch, Workers


def check_script(hypotheses: Sequence[Hypothesis], rulebook: Rulebook) -> str:
    """The POSIX script that runs the next checks of these hypotheses of a stored report."""
    from triage.analysis import refill
    from triage.render.check_script import render_check_script

    return render_check_script(hypotheses, rulebook, refill)


def analyze(
    bundle: Bundle,
    rulebook: Rulebook | Callable[[], Rulebook],
    *,
    now_ns: int,
    since_ns: int | None = None,
    until_ns: int | None = None,
    asked: str | None = None,
    subnets: Mapping[str, Sequence[str]] | None = None,
    workers: Workers | None = None,
    watch: Watch | None = None,
    keep: Callable[[object], None] | None = None,
) -> Report:
    """The report on a bundle. Large logs are counted by `workers`, else by threads; `watch` may end that early.

    What loads the rules is called while they are counted. `keep` gets all that it was made of.
    Raises NoEvidenceError when no document is evidence of any kind.
    """
    span = {"since_ns": since_ns, "until_ns": until_ns}
    inputs = analysis_inputs(bundle, rulebook, now_ns=now_ns, **span, subnets=subnets, workers=workers, watch=watch)
    from triage import analysis
    from triage.redact import redact_report

    files, tool = file_coverage(bundle, inputs.observations), _tool(inputs.rulebook)
    report = analysis.analyze(
        inputs, files=files, tool=tool, cluster=dict(bundle.context) or None, asked=asked, keep=keep
    )
    return redact_report(report, "none", evidence=bundle.redaction)


def analysis_inputs(
    bundle: Bundle,
    rulebook: Rulebook | Callable[[], Rulebook],
    *,
    now_ns: int,
    since_ns: int | None = None,
    until_ns: int | None = None,
    subnets: Mapping[str, Sequence[str]] | None = None,
    workers: Workers | None = None,
    watch: Watch | None = None,
) -> Inputs:
    """Everything that the analysis works on, read from a bundle.

    Raises NoEvidenceError when no document is evidence of any kind.
    """
    if not bundle.of(*(k for k in Kind if k not in {Kind.IGNORED, Kind.PROSE})):
        report = next((d.file for d in bundle.documents if d.why_ignored == "ignored.report"), None)
        if report is not None:
            raise NoEvidenceError(
                "{file} is a report, no evidence", hint="triage render shows it in any form", file=report
            )
        raise NoEvidenceError(
            "nothing here is evidence of any kind",
            hint="hand over CoreDNS logs (kubectl logs --timestamps), or what `triage collect --print-script` saves",
        )
    reader = Reader(bundle, subnets)
    rules = cache(rulebook if callable(rulebook) else lambda: rulebook)
    observations, topology, configuration = reader.observe(since_ns, until_ns, workers, watch, meanwhile=rules)
    from triage.analysis import Inputs

    return Inputs(
        observations,
        configuration,
        topology,
        rules(),
        reader.zone_finder(configuration),
        reader.scrapes,
        reader.tools,
        (*bundle.gaps, *_broken_off(bundle, observations)),
        now_ns,
        max((asked for asked in (since_ns, bundle.since_ns) if asked is not None), default=None),
        (since_ns, until_ns),
    )


def _broken_off(bundle: Bundle, observations: Observations) -> Iterator[Gap]:
    """Logs whose rest could not be read, if the bundle does not tell it."""
    files = {document.name: document.file for document in bundle.documents}
    for row in observations.ledger:
        for note in row.notes:
            gap = Gap(note.replace("note.", "gap."), {"file": files.get(row.document, row.document)})
            if note in _BROKEN_OFF and gap not in bundle.gaps:
                yield gap


def compare(old: Report, new: Report) -> tuple[Difference, ...]:
    """What is new in a report, changed its place, is still there, or is gone."""
    from triage import history

    return history.compare(history.findings_of(old), history.findings_of(new))


def no_evidence_report(bundle: Bundle, rulebook: Rulebook, *, now_ns: int) -> Report:
    """A valid report that says what was looked at and that nothing of it was evidence."""
    files = file_coverage(bundle, Observations())
    return Report(now_ns, _tool(rulebook), None, Window(), None, (), Coverage((), files), bundle.gaps, 0.0)


def kernel_name() -> str:
    """Which scan runs: `native` or `python`."""
    from triage import reading

    return reading.kernel_name()


def _tool(rulebook: Rulebook) -> Mapping[str, str]:
    return {"version": VERSION, "rules": rulebook.version, "kernel": kernel_name()}


def file_coverage(bundle: Bundle, observations: Observations) -> tuple[FileCoverage, ...]:
    """One row a document: its kind, and for logs what became of its lines."""
    ledger = {row.document: row for row in observations.ledger}
    learnt: dict[str, set[str]] = {}
    for stream in observations.streams:
        learnt.setdefault(stream.file, set()).update(_OF_STREAMS.intersection(stream.notes))
    return tuple(_file_row(d, ledger.get(d.name), learnt.get(d.file, set())) for d in bundle.documents)


def _file_row(document: Document, row: Ledger | None, learnt: Collection[str]) -> FileCoverage:
    why = Text(document.why_ignored) if document.why_ignored else None
    if row is None:
        lines = None if document.kind in {Kind.IGNORED, Kind.LOG} else _newlines(document.text())
        return FileCoverage(document.name, document.kind.value, why_ignored=why, file_lines=lines)
    return FileCoverage(
        document.name,
        document.kind.value,
        framing=row.framing,
        lines=row.lines,
        understood=row.understood,
        unknown_samples=row.unknown_samples,
        skipped=row.skipped,
        notes=tuple(Text(n) for n in sorted({*row.notes, *learnt})),
        first_ns=row.first_ns,
        last_ns=row.last_ns,
        file_lines=row.file_lines,
        blank=row.blank,
    )


_BROKEN_OFF = frozenset({"note.archive-broken", "note.archive-limit", "note.file-shrank", "note.file-gone"})
_OF_STREAMS = frozenset({"note.replica-from-address", "note.merged-replicas-unknown", "note.several-starts"})
"""What only a look at all documents tells."""


def _newlines(text: str) -> int:
    return text.count("\n") + (not text.endswith("\n") and bool(text))
