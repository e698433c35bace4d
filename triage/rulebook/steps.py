"""The form of a rule's checks and fixes: commands to paste, what they can show, what cures."""

from __future__ import annotations

from typing import cast

from triage.model.rule import Check, Effect, Fix, Outcome
from triage.rulebook.fields import Fields
from triage.rulebook.mistakes import hint
from triage.rulebook.texts import placeholders
from triage.rulebook.words import EFFECTS, OUTCOME_KINDS, Words


def read_check(fields: Fields, cause: str, words: Words) -> Check:
    """A command and its outcomes."""
    name = fields.ident("id")
    command = fields.text("command")
    needs = fields.words("needs", words.names, "name")
    found, problem = placeholders(command)
    if problem:
        fields.note(f"command: {problem}", "write {name} for a name, {{ and }} for braces of the shell", "command")
    for word in found if words.names is not None else ():
        fields.known(word, words.names or (), "placeholder", "command")
    outcomes = fields.section("outcomes")
    if outcomes is None:
        fields.note(f"check '{name}' has no outcomes", "say what can come out and what it means")
    check = Check(
        id=name,
        command=command,
        where=_general(fields, "where", words),
        effect=cast("Effect", fields.word("effect", EFFECTS, "effect")),
        outcomes=tuple(_outcome(one, f"{cause}.check.{name}", key, words) for key, one in outcomes.sections())
        if outcomes
        else (),
        cost=fields.number("cost", 1.0, low=0.01),
        separates=fields.words("separates", words.causes, "cause"),
        needs=tuple(dict.fromkeys((*needs, *sorted(found)))),
        fills=fields.text("fills", "") or None,
    )
    if outcomes:
        _check_totals(outcomes, check)
    fields.close()
    return check


def _outcome(fields: Fields, key: str, name: str, words: Words) -> Outcome:
    """One outcome: the probability of it for each cause, and otherwise."""
    shares = fields.section("p")
    p: dict[str, float] = {}
    if shares is None:
        fields.note(f"outcome '{name}' has no p", "write p: {a-cause: 0.9, otherwise: 0.2}")
    else:
        for word in shares.data.keys() - {"otherwise"}:
            cause, _, kind = word.partition("/")
            shares.known(cause, words.causes, "cause", word)
            if kind:
                shares.known(kind, OUTCOME_KINDS, "scope kind", word)
        shares.take("otherwise", required=True)
        p = {word: shares.as_probability(value, f"'{word}'", word) for word, value in shares.data.items()}
        shares.rest()
    fields.close()
    return Outcome(id=name, outcome=f"{key}.{name}", means=f"{key}.{name}.means", p=p)


def _check_totals(fields: Fields, check: Check) -> None:
    """The outcomes of a check exclude each other: for no cause may they add up to more than 1."""
    for word in {word: None for outcome in check.outcomes for word in outcome.p}:
        total = sum(_share(outcome, word) for outcome in check.outcomes)
        if total > 1.02:
            fields.note(f"the outcomes of check '{check.id}' add up to {total:.2f} for '{word}'", "at most 1")


def _share(outcome: Outcome, word: str) -> float:
    """Probability of an outcome for `cause/kind`, else for the cause, else otherwise."""
    keys = (word, word.partition("/")[0], "otherwise")
    return next((outcome.p[key] for key in keys if key in outcome.p), 0.0)


def read_fixes(fields: Fields, cause: str, words: Words) -> tuple[Fix, ...]:
    """A cure; `when` names the situation it is for. `how: corefile` are the general texts on how each distribution
    has its Corefile changed.
    """
    if fields.has("how"):
        start = f"{_general(fields, 'how', words, groups=True)}."
        fields.close()
        ways = sorted(text.removeprefix(start) for text in words.texts if text.startswith(start))
        return tuple(Fix(f"{start}{way}", f"when.{way}") for way in ways)
    when = _general(fields, "when", words) if fields.has("when") else None
    fix = Fix(text=f"{cause}.fix.{fields.ident('id')}", when=when)
    fields.close()
    return (fix,)


def _general(fields: Fields, key: str, words: Words, *, groups: bool = False) -> str:
    """The key of a general text, or of a group of them: `where: anywhere` is the text `where.anywhere`."""
    value = fields.text(key)
    start = f"{key}."
    known = {text.removeprefix(start) for text in words.texts if text.startswith(start)}
    known = {name.partition(".")[0] for name in known} if groups else known
    if value and value.removeprefix(start) not in known:
        fields.note(f"unknown {key} '{value}'", hint(value, known), key)
    return start + value.removeprefix(start)
