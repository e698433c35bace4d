"""A rule and the list of rules as plain text, in the words of the rule form itself."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from msgspec import Struct

from triage.model.rule import Check, Rule, Rulebook, Term
from triage.rulebook.texts import LANGUAGE


class Row(Struct, frozen=True):
    """One rule in a list."""

    id: str
    prior: float
    severity: str
    terms: int
    checks: int
    title: str
    file: str
    """Where it comes from."""


def listing(rulebook: Rulebook, lang: str = LANGUAGE) -> tuple[Row, ...]:
    """All rules, most frequent causes first; titles keep their `{name}` places."""
    texts = texts_in(rulebook, lang)
    rules = sorted(rulebook.rules.values(), key=lambda rule: (-rule.prior, rule.id))
    return tuple(
        Row(r.id, r.prior, r.severity, len(r.terms), len(r.checks), texts[f"{r.id}.title"], r.file) for r in rules
    )


def texts_in(rulebook: Rulebook, lang: str = LANGUAGE) -> Mapping[str, str]:
    """Templates of a language by key; English where it has none."""
    return {**rulebook.texts.get(LANGUAGE, {}), **rulebook.texts.get(lang, {})}


def show(rule: Rule, texts: Mapping[str, str]) -> str:
    """One rule with its numbers and texts (`texts_in`), ready to print."""
    upstream = "yes" if rule.names_upstream else "no"
    parts = [
        f"{rule.id}: {texts[f'{rule.id}.title']}",
        f"from {rule.file}",
        "",
        texts[f"{rule.id}.explain"].strip(),
        "",
        f"prior {rule.prior:g}, severity {rule.severity}, names an upstream: {upstream}",
        f"symptoms: {_numbers(rule.symptoms)}",
        f"scopes: {_numbers(rule.scopes)}",
        f"look-alikes: {', '.join(rule.look_alikes) or 'none'}",
    ]
    for heading, lines in (
        ("evidence", [line for term in rule.terms for line in _term(rule, term, texts)]),
        ("checks", [line for check in rule.checks for line in _check(check, texts)]),
        ("fixes", [f"  {texts[fix.text]}" + (f" ({texts[fix.when]})" if fix.when else "") for fix in rule.fixes]),
        ("references", [f"  {reference}" for reference in rule.references]),
    ):
        parts += ["", heading, *lines] if lines else []
    return "\n".join(parts) + "\n"


def _numbers(numbers: Mapping[str, float]) -> str:
    return ", ".join(f"{key} {value:g}" for key, value in numbers.items()) or "none"


def _term(rule: Rule, term: Term, texts: Mapping[str, str]) -> Iterator[str]:
    """A term, what it asks, and how much each answer weighs."""
    arguments = "".join(
        f" {key}={'|'.join(map(str, v)) if isinstance(v, tuple) else v}" for key, v in term.args.items()
    )
    notes = "".join([f", group {term.group}" if term.group else "", "" if term.counted else ", shown only"])
    yield f"  {term.id}: {texts[f'{rule.id}.term.{term.id}']}"
    yield f"    asks {term.measure}{arguments}{notes}"
    if not term.levels:
        yes, no = term.p_if_cause / term.p_otherwise, (1 - term.p_if_cause) / (1 - term.p_otherwise)
        yield f"    {term.p_if_cause:g} if cause, {term.p_otherwise:g} otherwise: yes × {yes:.3g}, no × {no:.3g}"
    for level in term.levels:
        upto = "above" if math.isinf(level.upto) else f"up to {level.upto:g}"
        ratio = level.p_if_cause / level.p_otherwise
        yield f"    {upto}: {level.p_if_cause:g} if cause, {level.p_otherwise:g} otherwise: × {ratio:.3g}"


def _check(check: Check, texts: Mapping[str, str]) -> Iterator[str]:
    """A command and what its outcomes mean."""
    yield f"  {check.id} ({texts[check.where]}, {check.effect}, cost {check.cost:g})"
    yield f"    {check.command.replace('{{', '{').replace('}}', '}')}"
    for outcome in check.outcomes:
        yield f"    {texts[outcome.outcome]}: {texts[outcome.means]}"
