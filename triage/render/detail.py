"""Everything about one hypothesis, as text: facts, evidence with citations, checks, cure, references."""

from __future__ import annotations

from triage.model.observation import Citation
from triage.model.report import CheckStep, Evidence, Hypothesis
from triage.render.clean import clean
from triage.render.layout import cells, hang, paint
from triage.render.sentences import facts, next_about, outcomes
from triage.render.style import Style
from triage.render.words import QUIET, SIGNS, Words, strength_key, strongest

_STEP = "  "
_CITED = 2
"""Citations of a statement in `text`; `wide` prints all."""


def details(h: Hypothesis, words: Words, style: Style, *, wide: bool) -> list[str]:
    """The lines of one hypothesis."""
    head = words.word("detail.head", rank=h.rank, cause=h.cause, percent=words.percent(h.probability))
    lines = [paint(head, "bold", style), *hang(_STEP, words.say(h.title), style.columns)]
    lines += hang(_STEP, facts(h, words), style.columns)
    explanation = words.explanation(h)
    if explanation and h.cause not in QUIET:
        lines += hang(_STEP, explanation, style.columns)
    sections = {
        "evidence": [line for item in strongest(h.evidence) for line in _statement(item, words, style, wide=wide)],
        "checks": [line for step in h.next_checks for line in _check(step, words, style)],
        "fix": [line for fix in h.fix for line in hang(_STEP * 2 + "- ", words.fix(fix), style.columns)],
        "references": [line for r in h.references for line in hang(_STEP * 2 + "- ", clean(r), style.columns)],
    }
    for key, section in sections.items():
        lines += [_STEP + words.word(f"detail.{key}"), *section] if section else []
    return lines


def _statement(item: Evidence, words: Words, style: Style, *, wide: bool) -> list[str]:
    strengths = {key: words.word(f"strength.{key}") for key in ("strong", "moderate", "weak", "untested", "shown")}
    width = max(cells(strength) for strength in strengths.values())
    strength = strengths[strength_key(item)]
    label = f"{_STEP * 2}{SIGNS[item.direction]} {strength}{' ' * (width - cells(strength))}  "
    blank = " " * cells(label)
    cited = item.citations if wide else item.citations[:_CITED]
    lines = hang(label, words.say(item.statement), style.columns)
    lines += [paint(line, "dim", style) for c in cited for line in cited_lines(blank, c, words, style, wide=wide)]
    left = len(item.citations) - len(cited)
    return [*lines, blank + words.word("detail.more-citations", n=left)] if left else lines


def citation_line(citation: Citation, words: Words) -> str:
    """`file:line  text`, never cut."""
    return f"{words.cite(citation)}  {clean(citation.text)}"


def cited_lines(indent: str, citation: Citation, words: Words, style: Style, *, wide: bool) -> list[str]:
    """A citation; `wide` keeps it on one line, as `grep` finds it."""
    line = citation_line(citation, words)
    if wide or cells(indent + line) <= style.columns:
        return [indent + line]
    first, *rest = hang(indent, line, style.columns)
    return [first, *hang(indent + _STEP, " ".join(part.strip() for part in rest), style.columns)]


def _check(step: CheckStep, words: Words, style: Style) -> list[str]:
    lines = hang(_STEP * 2 + "- ", next_about(step, words), style.columns)
    lines.append(_STEP * 3 + paint(clean(step.command), "cyan", style))
    for said in outcomes(step, words):
        lines += hang(_STEP * 4, said, style.columns)
    return lines
