"""The form of `rule.yaml`: from located data to a record."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import cast

from triage.model.rule import Check, Level, Rule, Severity, Term
from triage.rulebook.fields import Fields
from triage.rulebook.locate import Located
from triage.rulebook.mistakes import Mistakes, hint
from triage.rulebook.steps import read_check, read_fixes
from triage.rulebook.words import SCOPE_KINDS, SEVERITIES, Words


def read_rule(source: Located, cause: str, words: Words, mistakes: Mistakes) -> Rule:
    """Read the rule of the folder `cause`; what is wrong is noted, and replaced by something harmless."""
    top = Fields(source, mistakes)
    name = top.ident("id")
    if name and name != cause:
        top.note(f"id '{name}' is not the name of its folder", f"write id: {cause}", "id")
    top.flag("overrides", False)
    top.take("text", required=True)
    symptoms, scopes = top.section("symptoms"), top.section("scopes")
    rule = Rule(
        id=cause,
        prior=top.probability("prior"),
        severity=cast("Severity", top.word("severity", SEVERITIES, "severity")),
        symptoms=_probabilities(symptoms, words.symptoms, "symptom") if symptoms else {},
        scopes=_weights(scopes) if scopes else {},
        terms=tuple(_term(fields, words) for fields in top.items("evidence")),
        checks=tuple(read_check(fields, cause, words) for fields in top.items("checks")),
        fixes=tuple(fix for fields in top.items("fixes") for fix in read_fixes(fields, cause, words)),
        references=top.words("references"),
        look_alikes=top.words("look_alikes", words.causes, "cause"),
        names_upstream=top.flag("names_upstream", False),
        zone_share=top.number("zone_share", 0.05, low=0.0),
        file=source.file,
    )
    _note_twins(rule.terms, top, "evidence")
    _note_twins(rule.checks, top, "checks")
    top.close()
    return rule


def _probabilities(fields: Fields, known: Collection[str], what: str) -> dict[str, float]:
    """A mapping from words of a vocabulary to probabilities."""
    for word in fields.data:
        fields.known(word, known, what, word)
    return {word: fields.as_probability(value, f"'{word}'", word) for word, value in fields.rest().items()}


def _weights(fields: Fields) -> dict[str, float]:
    """Scope kinds and their weights, which need not add up to anything."""
    for kind in fields.data:
        fields.known(kind, SCOPE_KINDS, "scope kind", kind)
    return {kind: fields.as_number(value, f"'{kind}'", 0, math.inf, kind) for kind, value in fields.rest().items()}


def _term(fields: Fields, words: Words) -> Term:
    """One piece of evidence; keys that are not ours are arguments of its measure."""
    name = fields.ident("id")
    graded = fields.has("levels")
    measure = fields.text("measure")
    if graded and (fields.has("p_if_cause") or fields.has("p_otherwise")):
        fields.note(f"term '{name}' has levels and two numbers", "keep one of them", "levels")
        fields.take("p_if_cause"), fields.take("p_otherwise")
    term = Term(
        id=name,
        measure=measure,
        p_if_cause=0.5 if graded else fields.probability("p_if_cause"),
        p_otherwise=0.5 if graded else fields.probability("p_otherwise"),
        levels=_levels(fields) if graded else (),
        group=fields.text("group", "") or None,
        counted=fields.flag("counted", True),
        args={key: tuple(value) if isinstance(value, list) else value for key, value in fields.rest().items()},
    )
    if measure:
        _check_measure(fields, term, words)
    return term


def _check_measure(fields: Fields, term: Term, words: Words) -> None:
    """The measure exists, takes these arguments, and their words are of our vocabularies."""
    if words.measures is not None and term.measure not in words.measures:
        fields.note(f"unknown measure '{term.measure}'", hint(term.measure, words.measures), "measure")
    elif words.measures is not None:
        allowed = words.measures[term.measure]
        for key in term.args.keys() - allowed:
            cure = hint(key, allowed) if allowed else "it takes none"
            fields.note(f"measure '{term.measure}' takes no argument '{key}'", cure, key)
    for key, value in term.args.items():
        vocabulary = words.of_argument(key)
        if vocabulary:
            for word in _listed(value):
                fields.known(word, vocabulary[1], vocabulary[0], key)
        for word in _listed(value) if key == "message" else ():
            if not words.knows_message(str(word)):
                fields.note(f"unknown message '{word}'", hint(str(word), words.messages or ()), key)


def _listed(value: object) -> Sequence[object]:
    """An argument of several words is a list, or one text with spaces."""
    return value.split() if isinstance(value, str) else value if isinstance(value, tuple) else (value,)


def _levels(fields: Fields) -> tuple[Level, ...]:
    """Steps `[upto, p_if_cause, p_otherwise]`, ascending, the last one without end."""
    value = fields.take("levels")
    levels: list[Level] = []
    for index, row in enumerate(value if isinstance(value, list) else ()):
        at = ("levels", index)
        if not isinstance(row, list) or len(row) != 3:
            fields.note("a level is a list of three numbers", "write [upto, p_if_cause, p_otherwise]", *at)
            continue
        upto = fields.as_number(row[0], "upto", -math.inf, math.inf, *at)
        if levels and upto <= levels[-1].upto:
            fields.note(f"level {upto:g} is not above the one before ({levels[-1].upto:g})", "order them", *at)
        p = [
            fields.as_probability(number, f"'{name}'", *at)
            for number, name in zip(row[1:], ("p_if_cause", "p_otherwise"), strict=True)
        ]
        levels.append(Level(upto, *p))
    if not levels:
        fields.note("'levels' must be a list of levels", "write [[3, 0.2, 0.5], [.inf, 0.8, 0.5]]", "levels")
    elif levels[-1].upto != math.inf:
        fields.note(
            "the last level ends",
            "let it reach .inf, so that every value has its two numbers",
            "levels",
            len(levels) - 1,
        )
    return tuple(levels)


def _note_twins(parts: Sequence[Term | Check], fields: Fields, key: str) -> None:
    """Ids of one rule's terms, and of its checks, are told apart."""
    seen: set[str] = set()
    for index, part in enumerate(parts):
        if part.id in seen:
            fields.note(f"'{part.id}' stands twice among the {key}", "give it another id", key, index)
        seen.add(part.id)
