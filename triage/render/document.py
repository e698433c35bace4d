"""The report as headings, paragraphs, lists, code and tables: what tickets and mails have in common.

Each target writes these blocks in its own syntax. Every text is a cleaned sentence; `spans` tells the names in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from msgspec import Struct

from triage.model.report import Evidence, FileCoverage, Hypothesis, ReplicaCoverage, Report
from triage.render import sentences
from triage.render.budget import Cut
from triage.render.clean import clean
from triage.render.layout import table
from triage.render.words import SIGNS, Words, clock, strength_key, strongest

_REASONS = 3


class Heading(Struct, frozen=True):
    """The verdict."""

    text: str


class Paragraph(Struct, frozen=True):
    """A sentence or more, with a label in front or without."""

    text: str
    label: str = ""


class Bullets(Struct, frozen=True):
    """A list; an item is a sentence, or a label and a sentence."""

    items: Sequence[Paragraph]
    title: str = ""


class Code(Struct, frozen=True):
    """Lines as they stand in a file, or a command: nothing in them is read as markup, nothing is cut."""

    lines: Sequence[str]
    language: str = ""


class Table(Struct, frozen=True):
    """Rows of sentences; an empty cell is empty."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


class Folded(Struct, frozen=True):
    """A part to unfold where the target can fold."""

    title: str
    blocks: Sequence[Block]


Block: TypeAlias = Heading | Paragraph | Bullets | Code | Table | Folded


def document(cut: Cut, words: Words) -> list[Block]:
    """Verdict, summary, reasons, next command, all explanations, what was read and not, what was left out."""
    report, shown = cut.whole, cut.shown
    blocks: list[Block] = [Heading(sentences.verdict(report, words)), *summary(report, words)]
    blocks += _next(report, words)
    blocks += explanations(shown, words)
    blocks += [Folded(_name(h, words), detail(h, words)) for h in shown.hypotheses if h.rank not in cut.untold]
    covered = list(coverage(cut, words))
    blocks += [Folded(words.word("document.coverage"), covered)] if covered else []
    blocks += _gaps(shown, words)
    blocks += _list("document.notes", [words.say(note) for note in shown.notes], words)
    blocks += [Paragraph(sentences.left_out(cut.left, words))] if cut.left else []
    return [*blocks, Paragraph(sentences.tool(report, words))]


def summary(report: Report, words: Words) -> Iterator[Block]:
    """What everybody wants to know first; then the strongest reasons."""
    yield Bullets([Paragraph(text, label) for label, text in sentences.summary(report, words)])
    yield from reasons(report, words)


def reasons(report: Report, words: Words) -> Iterator[Block]:
    """The strongest evidence of the first hypothesis."""
    tested = [e for h in report.hypotheses[:1] for e in strongest(h.evidence) if e.direction != "untested"]
    yield from _list("screen.why", [statement(item, words) for item in tested[:_REASONS]], words)


def statement(item: Evidence, words: Words) -> str:
    """Sign, sentence, strength and the first place where it can be read again."""
    strength = words.word(f"strength.{strength_key(item)}")
    source = f", {words.cite(item.citations[0])}" if item.citations else ""
    return f"{SIGNS[item.direction]} {words.say(item.statement)} ({strength}{source})"


def _next(report: Report, words: Words) -> Iterator[Block]:
    step = sentences.next_step(report)
    if step is None:
        return
    yield Paragraph(sentences.next_about(step, words), words.word("screen.next"))
    if isinstance(step, str):
        yield Code([clean(step)], "sh")
    else:
        yield Code([clean(step.command)], "sh")
        yield from _list("", sentences.outcomes(step, words), words)


def _list(key: str, items: Sequence[str], words: Words) -> Iterator[Block]:
    if items:
        yield Bullets([Paragraph(item) for item in items], words.word(key) if key else "")


def explanations(report: Report, words: Words) -> list[Table]:
    """The table of all explanations."""
    columns = ("rank", "group", "probability", "word", "cause", "upstream", "place")
    return _table(columns, [_explanation(h, words) for h in report.hypotheses], words)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]], words: Words) -> list[Table]:
    return [Table([words.word(f"column.{name}").capitalize() for name in columns], rows)] if rows else []


def _explanation(h: Hypothesis, words: Words) -> list[str]:
    place = words.scope(h.scope) or ""
    odds = words.percent(h.probability)
    return [f"{h.rank}", f"{h.group}", odds, words.confidence(h), h.cause, clean(h.upstream or ""), place]


def _name(h: Hypothesis, words: Words) -> str:
    return f"{h.rank}. {clean(h.cause)}, {words.percent(h.probability)}"


def detail(h: Hypothesis, words: Words) -> list[Block]:
    """Everything about one explanation."""
    explanation = words.explanation(h)
    blocks: list[Block] = [Paragraph(words.say(h.title)), Paragraph(sentences.facts(h, words))]
    blocks += [Paragraph(explanation)] if explanation else []
    blocks += _list("detail.evidence", [statement(item, words) for item in strongest(h.evidence)], words)
    cited = dict.fromkeys(f"{words.cite(c)}  {clean(c.text)}" for item in h.evidence for c in item.citations)
    blocks += [Code([*cited])] if cited else []
    for step in h.next_checks:
        blocks += [Paragraph(sentences.next_about(step, words)), Code([clean(step.command)], "sh")]
        blocks += _list("", sentences.outcomes(step, words), words)
    blocks += _list("detail.fix", [words.fix(fix) for fix in h.fix], words)
    return [*blocks, *_list("detail.references", [clean(reference) for reference in h.references], words)]


def coverage(cut: Cut, words: Words) -> Iterator[Block]:
    """What was read of each replica and file, and lines that were not understood."""
    replicas = ("replica", "node", "subnet", "lines", "understood", "queries", "trouble", "first", "last")
    yield from _table(replicas, [_replica(r, cut.whole, words) for r in cut.shown.coverage.replicas], words)
    files = ("file", "kind", "framing", "lines", "understood", "first", "last", "remarks")
    yield from _table(files, [_file(f, words) for f in cut.shown.coverage.files], words)
    samples = [f"{words.cite(c)}  {clean(c.text)}" for f in cut.shown.coverage.files for c in f.unknown_samples]
    if samples:
        yield from (Paragraph(words.word("coverage.not-understood")), Code(samples))


def _replica(r: ReplicaCoverage, report: Report, words: Words) -> list[str]:
    counts = [f"{n}" for n in (r.lines, r.understood, r.queries, r.failures)]
    if not r.has_log:
        counts = [words.word("coverage.no-log"), "", "", ""]
    name, times = clean(sentences.replica(r, report, words)), (clock(r.first_ns) or "", clock(r.last_ns) or "")
    return [name, clean(r.node or ""), clean(r.subnet or ""), *counts, *times]


def _file(f: FileCoverage, words: Words) -> list[str]:
    remarks: list[str] = [words.say(text) for text in (*([f.why_ignored] if f.why_ignored else []), *f.notes)]
    remarks += [words.word("coverage.skipped", lines=words.count("line", f.skipped))] if f.skipped else []
    counts = ["" if n is None else f"{n}" for n in (f.file_lines if f.lines is None else f.lines, f.understood)]
    times = [clock(f.first_ns) or "", clock(f.last_ns) or ""]
    return [clean(f.file), clean(f.kind), clean(f.framing or ""), *counts, *times, words.clauses(remarks)]


def _gaps(report: Report, words: Words) -> Iterator[Block]:
    """What is missing, and the commands that would fill it."""
    yield from _list("screen.gaps", [sentences.gap(gap, words) for gap in report.gaps], words)
    commands = list(dict.fromkeys(clean(gap.command) for gap in report.gaps if gap.command))
    if commands:
        yield from (Paragraph(words.word("next.gap")), Code(commands, "sh"))


def plain(blocks: Iterable[Block]) -> str:
    """The blocks as text without markup."""
    return "\n\n".join("\n".join(part) for part in _plain(blocks)) + "\n"


def _plain(blocks: Iterable[Block]) -> Iterator[list[str]]:
    for part in blocks:
        match part:
            case Heading():
                yield [part.text]
            case Paragraph():
                yield [_labelled(part)]
            case Bullets():
                yield [*([part.title] if part.title else []), *(f"- {_labelled(item)}" for item in part.items)]
            case Code():
                yield [f"    {line}" for line in part.lines]
            case Table():
                yield table(part.head, part.rows)
            case Folded():
                yield [part.title]
                yield from _plain(part.blocks)


def _labelled(part: Paragraph) -> str:
    return f"{part.label}: {part.text}" if part.label else part.text
