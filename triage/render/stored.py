"""A stored JSON report → the same `Report` again, so that every renderer can show it.

Sentences stay as they were said, unless the report tells how they were made (`triage.render.retold`).

Nobody vouches for a stored report: each field is looked at, and what does not fit is named with its path.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import NoReturn, TypeVar, cast, get_args

from msgspec import Struct, field

from triage.errors import TriageError
from triage.model.bundle import Gap
from triage.model.cells import CellRow, Cells, FailureCount, FaultRow
from triage.model.observation import Citation
from triage.model.report import (
    CheckStep,
    ClientCoverage,
    Coverage,
    Direction,
    Evidence,
    Expectation,
    FileCoverage,
    FixStep,
    Hypothesis,
    Member,
    ReplicaCoverage,
    Report,
    Scope,
    Strength,
    Weighing,
    Window,
)
from triage.model.rule import Effect, Severity
from triage.model.text import Text
from triage.model.timeline import Change, Episode, Timeline
from triage.render.json_v1 import SCHEMA
from triage.render.retold import Template, read_texts

_T = TypeVar("_T")
_AGAIN = "make it again: triage analyze PATH -o json"
_MOST_BINS = 500
"""Bins of time that a drawing takes; the analysis makes a tenth of them."""
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z")


def read_stored(text: str, *, file: str, template: Template = lambda key: None) -> Report:
    """The report that `render_json_v1` wrote; sentences whose `template` is known can be said in its language.

    Raises TriageError for what is no report of this form; `file` is named in it.
    """
    try:
        data = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise TriageError(
            "{file} is no JSON report",
            hint="write one with: triage analyze PATH -o json --output-file REPORT.json",
            file=file,
        ) from error
    form = data.get("schema") if isinstance(data, dict) else None
    if form != SCHEMA:
        raise TriageError(
            "{file} is of the form {form}; this version reads {known}"
            if form
            else "{file} is no report of coredns-triage; this version reads {known}",
            hint=_AGAIN,
            file=file,
            form=repr(str(form)[:40]),
            known=SCHEMA,
        )
    return _report(_Fields(data, file, read_texts(data.get("texts"), template)))


def _no_number(word: str) -> NoReturn:
    raise ValueError(word)


class _Fields(Struct, frozen=True):
    """An object of the report with its path."""

    data: Mapping[str, object]
    path: str
    told: Mapping[str, Text] = field(default_factory=dict)
    """How sentences were made, as far as they can be said again."""

    def fail(self, key: str, wanted: str) -> NoReturn:
        """Name the field that does not fit."""
        raise TriageError("{path}: '{key}' must be {wanted}", hint=_AGAIN, path=self.path, key=key, wanted=wanted)

    def get(self, key: str, kind: type[_T] | tuple[type[_T], ...], wanted: str) -> _T:
        """A field that must be there."""
        value = self.data.get(key)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self.fail(key, wanted)
        return value

    def maybe(self, key: str, read: Callable[[str], _T]) -> _T | None:
        """A field that may be null, or missing in reports of older versions."""
        return None if self.data.get(key) is None else read(key)

    def text(self, key: str) -> str:
        """A text."""
        return self.get(key, str, "a text")

    def sentence(self, key: str) -> Text:
        """A sentence."""
        return self.again(self.text(key))

    def again(self, sentence: str, explanation: str | None = None) -> Text:
        """A sentence, as it was made or as it was said."""
        return self.told.get(sentence) or said(sentence, explanation)

    def truth(self, key: str) -> bool:
        """True or false."""
        return self.get(key, bool, "true or false")

    def whole(self, key: str) -> int:
        """A whole number."""
        return self.get(key, int, "a whole number")

    def number(self, key: str) -> float:
        """A number."""
        value = self.get(key, (int, float), "a number")
        return float(value) if abs(value) < 1e15 else self.fail(key, "a number")

    def share(self, key: str) -> float:
        """A number from 0 to 1."""
        value = self.number(key)
        return value if 0.0 <= value <= 1.0 else self.fail(key, "a number from 0 to 1")

    def word(self, key: str, vocabulary: object) -> str:
        """One of the words of a `Literal`."""
        words = get_args(vocabulary)
        value = self.text(key)
        return value if value in words else self.fail(key, " | ".join(words))

    def instant(self, key: str) -> int:
        """A time in nanoseconds."""
        match = _INSTANT.fullmatch(self.text(key))
        try:
            at = datetime.fromisoformat(match[1]).replace(tzinfo=UTC) if match else None
        except ValueError:
            at = None
        if match is None or at is None:
            self.fail(key, "a time such as 2026-11-25T10:00:00Z")
        return int(at.timestamp()) * 10**9 + int((match[2] or "").ljust(9, "0"))

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        values = self.get(key, list, "a list of texts")
        return tuple(v if isinstance(v, str) else self.fail(key, "a list of texts") for v in values)

    def counts(self, key: str) -> tuple[int | None, ...]:
        """A list of counts that may be null."""
        values = self.get(key, list, "a list of counts")
        good = all(v is None or (isinstance(v, int) and not isinstance(v, bool) and 0 <= v < 2**53) for v in values)
        return tuple(values) if good else self.fail(key, "a list of counts")

    def whole_counts(self, key: str) -> tuple[int, ...]:
        """A list of counts."""
        values = self.counts(key)
        return tuple(v if v is not None else self.fail(key, "a list of counts") for v in values)

    def names(self, key: str) -> dict[str, str]:
        """An object of texts; empty when it is missing."""
        if key not in self.data:
            return {}
        inner = self.inner(key)
        return {name: inner.text(name) for name in inner.data}

    def inner(self, key: str) -> _Fields:
        """An object in it."""
        return _Fields(self.get(key, dict, "an object"), f"{self.path}: {key}", self.told)

    def each(self, key: str) -> Iterator[_Fields]:
        """The objects of a list."""
        for number, value in enumerate(self.get(key, list, "a list")):
            path = f"{self.path}: {key}[{number}]"
            yield _Fields(value, path, self.told) if isinstance(value, dict) else self.fail(key, "a list of objects")


def said(sentence: str, explanation: str | None = None) -> Text:
    """A text that any catalogue says as it stands; with an explanation it is a title that has one."""
    if explanation is None:
        return Text("said.sentence", {"text": sentence})
    # Words.explanation asks for the twin "told.explain".
    return Text("told.sentence", {"text": sentence, "explanation": explanation})


def _report(f: _Fields) -> Report:
    window, coverage = f.inner("window"), f.inner("coverage")
    return Report(
        generated_ns=f.instant("generated_at"),
        tool=f.names("tool"),
        cluster=f.maybe("cluster", lambda key: _nullable(f.inner(key))),
        window=Window(window.maybe("asked", window.text), *_times(window, "start", "end")),
        active=f.maybe("active", f.truth),
        hypotheses=tuple(_hypothesis(h) for h in f.each("hypotheses")),
        coverage=Coverage(
            tuple(_replica(r) for r in coverage.each("replicas")),
            tuple(_file(x) for x in coverage.each("files")),
            tuple(_client(c) for c in coverage.each("clients")) if "clients" in coverage.data else (),
        ),
        gaps=tuple(_gap(g) for g in f.each("gaps")),
        unexplained_share=f.share("unexplained_share"),
        affected=f.texts("affected"),
        failing_share=f.maybe("failing_share", f.share),
        timelines=tuple(_timeline(t) for t in f.each("timelines")) if "timelines" in f.data else (),
        notes=tuple(f.again(note) for note in f.texts("notes")),
        redaction=f.get("redaction", dict, "an object"),
        cells=f.maybe("cells", lambda key: _cells(f.inner(key))),
    )


def _cells(f: _Fields) -> Cells:
    cells = Cells(
        kind=f.text("kind"),
        start_ns=f.maybe("start", f.instant),
        bin_s=f.maybe("bin_s", f.number),
        rows=tuple(
            CellRow(
                row.maybe("member", row.text),
                row.maybe("upstream", row.text),
                row.counts("failures"),
                row.maybe("asked", row.whole_counts),
            )
            for row in f.each("rows")
        ),
        rows_left=f.whole("rows_left"),
        faults=tuple(FaultRow(row.whole("group"), row.whole_counts("failures")) for row in f.each("faults")),
        counts=tuple(
            FailureCount(c.text("kind"), c.maybe("upstream", c.text), c.whole("count")) for c in f.each("counts")
        ),
        undated=f.whole("undated"),
    )
    lengths = {len(row.failures) for row in cells.rows} | {len(row.failures) for row in cells.faults}
    lengths |= {len(row.asked) for row in cells.rows if row.asked is not None}
    return (
        cells if len(lengths) < 2 and max(lengths, default=0) <= _MOST_BINS else f.fail("rows", "lists of one length")
    )


def _times(f: _Fields, first: str, last: str) -> tuple[int | None, int | None]:
    return f.maybe(first, f.instant), f.maybe(last, f.instant)


def _nullable(f: _Fields) -> dict[str, str | None]:
    return {key: f.maybe(key, f.text) for key in f.data}


def _hypothesis(f: _Fields) -> Hypothesis:
    first_ns, last_ns = _times(f, "first_seen", "last_seen")
    return Hypothesis(
        id=f.text("id"),
        rank=f.whole("rank"),
        group=f.whole("group"),
        cause=f.text("cause"),
        title=f.again(f.text("title"), f.maybe("explanation", f.text)),
        probability=f.share("probability"),
        severity=cast("Severity", f.word("severity", Severity)),
        upstream=f.maybe("upstream", f.text),
        upstreams=f.texts("upstreams"),
        zone=f.maybe("zone", f.text),
        scope=f.maybe("scope", lambda key: _scope(f.inner(key))),
        explained_share=f.share("explained_share"),
        first_ns=first_ns,
        last_ns=last_ns,
        prior=f.share("prior"),
        evidence=tuple(_evidence(e) for e in f.each("evidence")),
        next_checks=tuple(_check(c) for c in f.each("next_checks")),
        fix=tuple(FixStep(x.sentence("text"), x.maybe("when", x.sentence)) for x in f.each("fix")),
        references=f.texts("references"),
        weighing=f.maybe("weighing", lambda key: _weighing(f.inner(key))),
    )


def _timeline(f: _Fields) -> Timeline:
    return Timeline(
        group=f.whole("group"),
        onset_ns=f.instant("onset"),
        onset_seen=f.truth("onset_seen"),
        end_ns=f.maybe("end", f.instant),
        episodes=tuple(Episode(e.instant("first"), e.instant("last"), e.whole("failures")) for e in f.each("episodes")),
        changes=tuple(_change(c) for c in f.each("changes")),
    )


def _change(f: _Fields) -> Change:
    return Change(
        at_ns=f.instant("at"),
        kind=f.text("kind"),
        subject=f.text("subject"),
        statement=f.sentence("statement"),
        before_s=f.number("before_s"),
        citation=f.maybe("citation", lambda key: _citation(f.inner(key))),
    )


def _weighing(f: _Fields) -> Weighing:
    return Weighing(
        log_odds=f.number("log_odds"),
        log_symptoms=f.number("log_symptoms"),
        log_counts=f.number("log_counts"),
        log_terms=f.number("log_terms"),
        cause_probability=f.share("cause_probability"),
    )


def _scope(f: _Fields) -> Scope:
    twins = tuple(_member(m) for m in f.each("indistinguishable"))
    place = _member(f)
    return Scope(place.kind, place.member, f.texts("replicas"), twins)


def _member(f: _Fields) -> Member:
    return Member(f.text("kind"), f.maybe("member", f.text))


def _evidence(f: _Fields) -> Evidence:
    return Evidence(
        f.text("id"),
        f.sentence("statement"),
        cast("Direction", f.word("direction", Direction)),
        f.maybe("strength", lambda key: cast("Strength", f.word(key, Strength))),
        f.number("log_ratio"),
        _citations(f, "citations"),
    )


def _citations(f: _Fields, key: str) -> tuple[Citation, ...]:
    return tuple(_citation(c) for c in f.each(key))


def _citation(f: _Fields) -> Citation:
    return Citation(f.text("file"), f.whole("line"), f.text("text"))


def _check(f: _Fields) -> CheckStep:
    return CheckStep(
        f.text("id"),
        f.text("command"),
        tuple(f.again(place) for place in f.texts("where")),
        cast("Effect", f.word("effect", Effect)),
        tuple(
            Expectation(e.sentence("outcome"), e.sentence("means"), e.maybe("then", e.share)) for e in f.each("expect")
        ),
        f.maybe("gain_bits", f.number),
        f.names("names"),
    )


def _replica(f: _Fields) -> ReplicaCoverage:
    first_ns, last_ns = _times(f, "first", "last")
    return ReplicaCoverage(
        name=f.text("name"),
        node=f.maybe("node", f.text),
        subnet=f.maybe("subnet", f.text),
        lines=f.whole("lines"),
        understood=f.whole("understood"),
        queries=f.whole("queries"),
        failures=f.whole("failures"),
        unknown_samples=_citations(f, "unknown_samples"),
        first_ns=first_ns,
        last_ns=last_ns,
        version=f.maybe("version", f.text),
        cut=f.truth("cut"),
        has_log=f.truth("has_log"),
        in_pod_list=f.truth("in_pod_list"),
        restarts=f.maybe("restarts", f.whole),
    )


def _file(f: _Fields) -> FileCoverage:
    first_ns, last_ns = _times(f, "first", "last")
    return FileCoverage(
        file=f.text("file"),
        kind=f.text("kind"),
        framing=f.maybe("framing", f.text),
        lines=f.maybe("lines", f.whole),
        understood=f.maybe("understood", f.whole),
        unknown_samples=_citations(f, "unknown_samples"),
        skipped=f.whole("skipped"),
        why_ignored=f.maybe("why_ignored", f.sentence),
        notes=tuple(f.again(note) for note in f.texts("notes")),
        first_ns=first_ns,
        last_ns=last_ns,
        file_lines=f.maybe("file_lines", f.whole),
        blank=f.maybe("blank", f.whole) or 0,
    )


def _client(f: _Fields) -> ClientCoverage:
    return ClientCoverage(f.text("network"), f.whole("queries"), f.whole("failed"))


def _gap(f: _Fields) -> Gap:
    return Gap(f.text("id"), f.names("params"), f.texts("cannot_rule_out"), f.maybe("command", f.text))
