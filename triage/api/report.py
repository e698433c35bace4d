"""The report: records whose texts are sentences, frames, and every form of the command line."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from msgspec import Struct
from msgspec.structs import replace

from triage import pipeline
from triage.api.columns import EVIDENCE_COLUMNS, HYPOTHESIS_COLUMNS, frame_of
from triage.api.evidence import Evidence, PathLike, load
from triage.errors import TriageError
from triage.model.bundle import Gap
from triage.model.report import Hypothesis
from triage.model.report import Report as Record
from triage.model.text import Catalogue, Text
from triage.redact import Mode, redact_report
from triage.render import RENDERERS, Style
from triage.render.words import Words

if TYPE_CHECKING:
    import pandas as pd

Time = datetime | str
"""A datetime with a time zone, or RFC 3339 with an offset."""
T = TypeVar("T")


class Report:
    """The ranked answer. Texts in it (`title`, `statement` …) print as sentences: `str(hypothesis.title)`."""

    def __init__(self, record: Record, catalogue: Catalogue) -> None:
        self.record = record
        """The report as a record of `triage.model.report`, with coverage and window; its texts are keys."""
        self._catalogue = catalogue

    def __repr__(self) -> str:
        first = self.hypotheses[0] if self.hypotheses else None
        return f"Report({first.cause} {first.probability:.2f}: {first.title})" if first else "Report(nothing)"

    @property
    def hypotheses(self) -> tuple[Hypothesis, ...]:
        """All explanations in the order of their ranks, as records of `triage.model.report`."""
        return _spoken(self.record.hypotheses, Words(self._catalogue))

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What was wanted and is missing: `id`, the causes that it keeps possible, the command that would fill it."""
        return self.record.gaps

    def to_frame(self) -> pd.DataFrame:
        """A row for each hypothesis: `HYPOTHESIS_COLUMNS`.

        >>> import triage
        >>> frame = triage.analyze("sample_logs/master-subnet").to_frame()
        >>> frame.loc[0, ["cause", "upstream", "scope_kind", "scope_member"]].tolist()
        ['upstream-unreachable-scoped', '10.196.17.210:53', 'subnet', 'master']
        """
        return frame_of(HYPOTHESIS_COLUMNS, [_row(h) for h in self.hypotheses])

    def evidence_frame(self) -> pd.DataFrame:
        """A row for each statement for or against each hypothesis: `EVIDENCE_COLUMNS`."""
        return frame_of(EVIDENCE_COLUMNS, [row for h in self.hypotheses for row in _evidence_rows(h)])

    def to_json(self) -> str:
        """The machine contract `triage.report/1` (`docs/json.md`)."""
        return self._render("json")

    def to_markdown(self) -> str:
        """For tickets."""
        return self._render("markdown")

    def to_text(self) -> str:
        """As on a terminal, 80 columns, without colour."""
        return self._render("text")

    def redacted(self, mode: Mode = "names") -> Report:
        """The same with query names (`full`: addresses, nodes and pods too) replaced (`docs/redaction.md`).

        >>> import triage
        >>> report = triage.analyze("sample_logs/master-subnet").redacted()
        >>> report.hypotheses[0].upstream, "jmenv" in report.to_json()
        ('10.196.17.210:53', False)
        """
        return Report(redact_report(self.record, mode), self._catalogue)

    def _render(self, form: str) -> str:
        return RENDERERS[form](self.record, self._catalogue, Style())


class Sentence(Text, frozen=True):
    """A text that prints as its sentence."""

    words: Words | None = None

    def __str__(self) -> str:
        return self.words.say(self) if self.words else self.key


def _spoken(value: T, words: Words) -> T:
    """The same record with sentences in it."""
    if isinstance(value, Text):
        return cast("T", Sentence(value.key, value.params, words))
    if isinstance(value, tuple):
        return cast("T", tuple(_spoken(item, words) for item in value))
    if isinstance(value, Struct):
        return replace(value, **{name: _spoken(getattr(value, name), words) for name in value.__struct_fields__})
    return value


def _row(h: Hypothesis) -> tuple[object, ...]:
    scope = h.scope
    return (
        h.id,
        h.rank,
        h.group,
        h.cause,
        str(h.title),
        h.probability,
        h.confidence,
        h.severity,
        h.upstream,
        h.zone,
        scope.kind if scope else None,
        scope.member if scope else None,
        scope.replicas if scope else (),
        tuple((twin.kind, twin.member) for twin in scope.indistinguishable) if scope else (),
        h.explained_share,
        h.first_ns,
        h.last_ns,
    )


def _evidence_rows(h: Hypothesis) -> Iterator[tuple[object, ...]]:
    for item in h.evidence:
        first = item.citations[0] if item.citations else None
        cited = (first.file, first.line, first.text) if first else (None, None, None)
        said = (item.id, str(item.statement), item.direction, item.strength, item.log_ratio, len(item.citations))
        yield (h.rank, h.id, h.cause, *said, *cited)


def analyze(
    evidence: Evidence | PathLike | Sequence[PathLike],
    *,
    since: Time | None = None,
    until: Time | None = None,
    now: Time | None = None,
    rules: PathLike | None = None,
    lang: str = "en",
) -> Report:
    """The report on evidence, or on what `load` reads from a path.

    Args:
        evidence: of `load`, or paths.
        since: only lines from this time on; lines without a time always count.
        until: only lines up to this time.
        now: the time of the report; None: the clock of this machine.
        rules: a folder whose rules lie over those of the program.
        lang: language of its sentences, en or zh.

    Raises:
        NoEvidenceError: nothing is evidence of any kind.
        TriageError: a path cannot be read, a time has no time zone, a rule is wrong.

    >>> import triage
    >>> report = triage.analyze("sample_logs/master-subnet", now="2026-03-01T10:00:00Z")
    >>> report.hypotheses[0].cause, report.hypotheses[0].scope.member
    ('upstream-unreachable-scoped', 'master')
    """
    given = evidence if isinstance(evidence, Evidence) else load(evidence)
    asked = " ".join(f"{name} {at}" for name, at in (("since", since), ("until", until)) if at is not None)
    since_ns, until_ns = _ns(since), _ns(until)
    if since_ns is not None and until_ns is not None and until_ns <= since_ns:
        raise TriageError("the window ends before it begins", hint="until must lie behind since")
    rulebook = pipeline.load_rulebook(Path(rules) if rules is not None else None)
    now_ns = _ns(now)
    record = pipeline.analyze(
        given.bundle,
        rulebook,
        now_ns=time.time_ns() if now_ns is None else now_ns,
        since_ns=since_ns,
        until_ns=until_ns,
        asked=asked or None,
        subnets=given.subnets,
    )
    return Report(record, pipeline.catalogue(rulebook, lang))


def _ns(at: Time | None) -> int | None:
    """Nanoseconds since the epoch.

    >>> _ns("1970-01-01T01:00:01.5+01:00")
    1500000000
    """
    if at is None:
        return None
    try:
        moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    except ValueError:
        moment = None
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise TriageError(f"{at!r} is no time with a time zone", hint="give 2026-11-25T10:00:00Z, or an aware datetime")
    return int(moment.timestamp()) * 10**9 + moment.microsecond * 1000
