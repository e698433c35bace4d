"""`docs/causes/`: a page for each cause, made from its rule, its texts and its cases."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from tests.docs.pages import HEADER, ROOT
from triage import pipeline
from triage.model.rule import Check, Rule, Rulebook, Term
from triage.model.text import Text
from triage.render.explain_cause import named_places
from triage.render.marked import block, code, inline
from triage.render.words import Words, percent
from triage.rulebook import rules_folder
from triage.rulebook.cases import Case, read_cases, unpack
from triage.rulebook.mistakes import Mistakes

FOLDER = ROOT / "docs" / "causes"
_LINES = 4
HINT = "Names in capitals stand for those of your incident."


@cache
def rulebook() -> Rulebook:
    return pipeline.load_rulebook(None)


@cache
def words() -> Words:
    return Words(pipeline.catalogue(rulebook(), "en"))


@cache
def cases() -> Sequence[Case]:
    return read_cases(rules_folder(), "rules", rulebook().rules, Mistakes())


def named(key: str) -> str:
    """A text with its own names in capitals in its places, as Markdown."""
    return inline(said(key))


def said(key: str) -> str:
    """The same as a plain sentence."""
    return words().say(Text(key, named_places(words().catalogue.template(key) or "")))


def index_page() -> str:
    """`docs/causes/README.md`."""
    rows = [
        f"| [{rule.id}]({rule.id}.md) | {100 * rule.prior:.3g} | {rule.severity} | {named(f'{rule.id}.title')} |"
        for rule in sorted(rulebook().rules.values(), key=lambda rule: (-rule.prior, rule.id))
    ]
    about = (
        "What the program can name, the most frequent first: in how many of a hundred reports it is the cause.\n"
        f"{HINT} The same in a terminal, in English or Chinese: `triage explain CAUSE`."
    )
    table = "\n".join(["| cause | of 100 | severity | says |", "|---|---|---|---|", *rows])
    return "\n\n".join([HEADER, "# Causes", about, table]) + "\n"


def cause_page(cause: str) -> str:
    """`docs/causes/<cause>.md`."""
    rule = rulebook().rules[cause]
    often = words().word(
        "explain.often", n=f"{100 * rule.prior:.3g}", severity=words().word(f"severity.{rule.severity}")
    )
    parts = [HEADER, f"# {cause}", f"> {named(f'{cause}.title')}", named(f"{cause}.explain"), inline(often)]
    parts += _section("What its lines show", _shares(rule.symptoms, "explain.symptom"))
    parts += _section("Lines of a case", _lines(cause))
    whole = sum(rule.scopes.values()) or 1.0
    parts += _section(
        "Where it strikes", _shares({kind: p / whole for kind, p in rule.scopes.items()}, "explain.scope")
    )
    parts += _section("What is weighed", _terms(rule))
    parts += _section("What looks like it", _alike(rule))
    parts += _section("How to check", [line for check in rule.checks for line in _check(check)])
    parts += _section("Cure", [f"- {_fix(fix.text, fix.when)}" for fix in rule.fixes])
    parts += _section("References", [f"- {_reference(reference)}" for reference in rule.references])
    proof = f" Cases that prove this page: `rules/{cause}/cases/`." if any(c.cause == cause for c in cases()) else ""
    return "\n\n".join([*parts, "---", HINT + proof]) + "\n"


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return [f"## {title}", "\n".join(lines).rstrip()] if lines else []


def _shares(shares: dict[str, float], family: str) -> list[str]:
    if not shares:
        return []
    rows = sorted(shares.items(), key=lambda row: -row[1])
    return [
        "| of 100 | |",
        "|---|---|",
        *(f"| {percent(p)} | {inline(words().word(f'{family}.{key}'))} |" for key, p in rows),
    ]


def _lines(cause: str) -> list[str]:
    """What the program cites of the first case in which it names this cause."""
    for case in cases():
        if case.cause != cause or case.look_alike or cause not in case.expect.first:
            continue
        with tempfile.TemporaryDirectory() as folder:
            unpack(case, Path(folder))
            report = pipeline.analyze(pipeline.load_bundle([folder], None), rulebook(), now_ns=0)
        lead = report.hypotheses[0]
        cited = dict.fromkeys(c.text for item in lead.evidence for c in item.citations)
        if cited and lead.cause.removesuffix("-scoped") == cause:
            return [case.comment.splitlines()[0], "", *block([*cited][:_LINES], "text")]
    return []


def _terms(rule: Rule) -> list[str]:
    if not rule.terms:
        return []
    rows = [row for term in rule.terms for row in _term(rule, term)]
    return ["| seen | if it is this cause | otherwise | the odds |", "|---|---|---|---|", *rows]


def _term(rule: Rule, term: Term) -> Iterator[str]:
    about = named(f"{rule.id}.term.{term.id}")
    if not term.levels:
        odds = _odds(term.p_if_cause, term.p_otherwise)
        yield f"| {about} | {percent(term.p_if_cause)} | {percent(term.p_otherwise)} | {odds} |"
    for level in term.levels:
        upto = "more" if math.isinf(level.upto) else f"up to {level.upto:g}"
        odds = _odds(level.p_if_cause, level.p_otherwise)
        yield f"| {about}: {upto} | {percent(level.p_if_cause)} | {percent(level.p_otherwise)} | {odds} |"


def _odds(p: float, q: float) -> str:
    return f"× {p / q:.2g}" if p >= q else f"÷ {q / p:.2g}"


def _alike(rule: Rule) -> list[str]:
    found = []
    for cause in rule.look_alikes:
        both = {cause, rule.id}
        checks = [c.id for r in (rule, rulebook().rules[cause]) for c in r.checks if both <= set(c.separates)]
        apart = f"; told apart by {', '.join(code(c) for c in dict.fromkeys(checks))}" if checks else ""
        found.append(f"- [{cause}]({cause}.md): {named(f'{cause}.title')}{apart}")
    return found


def _check(check: Check) -> Iterator[str]:
    places = words().worded(Text(check.where, dict.fromkeys(("node", "other_node", "outside_node"))))
    yield f"**{check.id}**, {inline(words().say(places))} ({words().word(f'effect.{check.effect}')}):"
    yield ""
    yield from block([check.command.format_map(named_places(check.command))], "sh")
    yield ""
    yield from (f"- {named(o.outcome)}: {named(o.means)}" for o in check.outcomes)
    yield ""


def _fix(text: str, when: str | None) -> str:
    return inline(said(text) if when is None else words().word("fix.when", text=said(text), when=words().word(when)))


def _reference(reference: str) -> str:
    return f"<{reference}>" if reference.startswith("https://") else inline(reference)
