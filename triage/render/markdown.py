"""The report for tickets (GitHub, GitLab): verdict, table, one folded section for each explanation, coverage."""

from __future__ import annotations

from collections.abc import Sequence

from triage.model.report import Evidence, Expectation, FileCoverage, Hypothesis, ReplicaCoverage, Report
from triage.model.text import Catalogue
from triage.render import sentences
from triage.render.marked import MarkdownWords, block, code, escape
from triage.render.style import Style
from triage.render.words import SIGNS, Words, clock, strength_key, strongest

_REASONS = 3


def render_markdown(report: Report, catalogue: Catalogue, style: Style) -> str:
    """The whole report; there is nothing to decorate."""
    words = MarkdownWords(catalogue)
    parts = [
        ["## " + sentences.verdict(report, words)],
        _summary(report, words),
        _why(report, words),
        _next(report, words),
    ]
    parts += [_explanations(report, words), *(_folded(_name(h, words), _detail(h, words)) for h in report.hypotheses)]
    parts += [_folded(words.word("markdown.coverage"), _coverage(report, words)), _gaps(report, words)]
    parts += [_list(words.word("markdown.notes"), [words.say(note) for note in report.notes])]
    tool = words.word("markdown.tool", version=report.tool.get("version"), rules=report.tool.get("rules"))
    return "\n\n".join("\n".join(part) for part in [*parts, [f"<sub>{tool}</sub>"]] if part) + "\n"


def _summary(report: Report, words: MarkdownWords) -> list[str]:
    told = [("gaps", sentences.not_seen(report, words))]
    if report.hypotheses:
        told[:0] = [("happening", sentences.happening(report, words)), ("hit", sentences.hit(report, words))]
        told.append(("changed", sentences.changed(report, words)))
        told.append(("also", sentences.further_faults(report, words)))
    return [f"- **{words.word(f'screen.{part}')}:** {text}" for part, text in told if text]


def _why(report: Report, words: MarkdownWords) -> list[str]:
    lead = report.hypotheses[:1]
    tested = [item for h in lead for item in strongest(h.evidence) if item.direction != "untested"]
    return _list(words.word("screen.why"), [_statement(item, words) for item in tested[:_REASONS]])


def _statement(item: Evidence, words: MarkdownWords) -> str:
    strength = words.word(f"strength.{strength_key(item)}")
    source = f", {code(words.cite(item.citations[0]))}" if item.citations else ""
    return f"\\{SIGNS[item.direction]} {words.say(item.statement)} ({strength}{source})"


def _next(report: Report, words: MarkdownWords) -> list[str]:
    step = sentences.next_step(report)
    if step is None:
        return []
    lines = [f"**{words.word('screen.next')}:** {sentences.next_about(step, words)}", ""]
    if isinstance(step, str):
        return [*lines, *block([step], "sh")]
    return [*lines, *block([step.command], "sh"), "", *_outcomes(step.expect, words)]


def _outcomes(expected: Sequence[Expectation], words: MarkdownWords) -> list[str]:
    said = ((words.say(e.outcome), words.say(e.means)) for e in expected)
    return ["- " + words.word("detail.outcome", outcome=outcome, means=means) for outcome, means in said]


def _list(title: str, items: Sequence[str]) -> list[str]:
    return [f"**{title}**", "", *(f"- {item}" for item in items)] if items else []


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]], words: MarkdownWords) -> list[str]:
    if not rows:
        return []
    head = [words.word(f"column.{name}").capitalize() for name in columns]
    return ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in [head, ["---"] * len(head), *rows]]


def _cell(text: str) -> str:
    """A pipe ends a cell even inside a code span; only a hostile name has one."""
    return text.replace("|", "\\x7c") or "-"


def _folded(summary: str, lines: Sequence[str]) -> list[str]:
    """A part to unfold; without the blank lines Markdown inside is not read."""
    return [f"<details><summary>{summary}</summary>", "", *lines, "", "</details>"] if lines else []


def _explanations(report: Report, words: MarkdownWords) -> list[str]:
    columns = ("rank", "group", "probability", "word", "cause", "upstream", "place")
    return _table(columns, [_explanation(h, words) for h in report.hypotheses], words)


def _explanation(h: Hypothesis, words: MarkdownWords) -> list[str]:
    place = words.scope(h.scope) or ""
    odds = words.percent(h.probability)
    return [f"{h.rank}", f"{h.group}", odds, words.confidence(h), code(h.cause), code(h.upstream or ""), place]


def _name(h: Hypothesis, words: MarkdownWords) -> str:
    """Rank, cause and percent: our own words only, for this is HTML."""
    odds = Words(words.catalogue).percent(h.probability)
    return f"{h.rank}. {h.cause}, {odds.replace('<', '&lt;').replace('>', '&gt;')}"


def _detail(h: Hypothesis, words: MarkdownWords) -> list[str]:
    lines = [words.say(h.title), "", sentences.facts(h, words)]
    explanation = words.explanation(h)
    lines += ["", explanation] if explanation else []
    evidence = [_statement(item, words) for item in strongest(h.evidence)]
    lines += ["", *_list(words.word("detail.evidence"), evidence)] if evidence else []
    cited = [f"{c.file}:{c.line}  {c.text}" for item in h.evidence for c in item.citations]
    lines += ["", *block(dict.fromkeys(cited))] if cited else []
    for step in h.next_checks:
        lines += ["", sentences.next_about(step, words), "", *block([step.command], "sh"), ""]
        lines += _outcomes(step.expect, words)
    lines += ["", *_list(words.word("detail.fix"), [words.fix(fix) for fix in h.fix])] if h.fix else []
    references = [escape(reference) for reference in h.references]
    return [*lines, "", *_list(words.word("detail.references"), references)] if references else lines


def _coverage(report: Report, words: MarkdownWords) -> list[str]:
    replicas = ("replica", "node", "subnet", "lines", "understood", "queries", "trouble", "first", "last")
    lines = _table(replicas, [_replica(r, report, words) for r in report.coverage.replicas], words)
    files = _table(
        ("file", "kind", "framing", "lines", "understood", "first", "last", "remarks"),
        [_file(f, words) for f in report.coverage.files],
        words,
    )
    lines += ["", *files] if files else []
    samples = [f"{c.file}:{c.line}  {c.text}" for f in report.coverage.files for c in f.unknown_samples]
    return [*lines, "", words.word("coverage.not-understood"), "", *block(samples)] if samples else lines


def _replica(r: ReplicaCoverage, report: Report, words: MarkdownWords) -> list[str]:
    counts = [f"{n}" for n in (r.lines, r.understood, r.queries, r.failures)]
    if not r.has_log:
        counts = [words.word("coverage.no-log"), "", "", ""]
    return [
        sentences.replica(r, report, words),
        code(r.node or ""),
        code(r.subnet or ""),
        *counts,
        clock(r.first_ns) or "",
        clock(r.last_ns) or "",
    ]


def _file(f: FileCoverage, words: MarkdownWords) -> list[str]:
    remarks: list[str] = [words.say(text) for text in (*([f.why_ignored] if f.why_ignored else []), *f.notes)]
    remarks += [words.word("coverage.skipped", lines=words.count("line", f.skipped))] if f.skipped else []
    counts = ["" if n is None else f"{n}" for n in (f.file_lines if f.lines is None else f.lines, f.understood)]
    times = [clock(f.first_ns) or "", clock(f.last_ns) or ""]
    return [code(f.file), f.kind, f.framing or "", *counts, *times, words.clauses(remarks)]


def _gaps(report: Report, words: MarkdownWords) -> list[str]:
    lines: list[str] = []
    for gap in report.gaps:
        lines.append("- " + sentences.gap(gap, words))
        lines += ["", *("  " + line for line in block([gap.command], "sh")), ""] if gap.command else []
    return [f"**{words.word('screen.gaps')}**", "", *lines] if lines else []
