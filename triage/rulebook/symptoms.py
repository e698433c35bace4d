"""The form of `symptoms.yaml`: kinds of trouble that lines can show."""

from __future__ import annotations

from typing import cast

from triage.model.rule import Severity, SymptomMatch, SymptomRule
from triage.rulebook.fields import Fields
from triage.rulebook.locate import Located
from triage.rulebook.mistakes import Mistakes, hint
from triage.rulebook.words import KINDS, LABELS, LEVELS, PROTOS, SEVERITIES, Words


def read_symptoms(source: Located, words: Words, mistakes: Mistakes) -> dict[str, SymptomRule]:
    """Read `symptoms.yaml`: a list of symptoms. One that no line shows has no `matches`, or `derived` as message."""
    if not isinstance(source.data, list):
        mistakes.add(source.file, 1, "a list of symptoms is wanted here", "start each one with `- id:`")
        return {}
    out: dict[str, SymptomRule] = {}
    for index in range(len(source.data)):
        fields = Fields(source, mistakes, (index,))
        symptom = SymptomRule(
            id=fields.ident("id"),
            family=fields.ident("family"),
            matches=tuple(_match(match, words) for match in fields.items("matches")),
            harm=fields.number("harm", low=0, high=1),
            severity=cast("Severity", fields.word("severity", SEVERITIES, "severity", "degraded")),
        )
        if fields.has("matches") and not fields.data["matches"]:
            fields.note(
                f"symptom '{symptom.id}' matches nothing", "write [{message: [derived]}] if no line shows it", "matches"
            )
        if symptom.id in out:
            fields.note(f"symptom '{symptom.id}' stands here twice", "join their matches", "id")
        fields.close()
        out[symptom.id] = symptom
    return out


def _match(fields: Fields, words: Words) -> SymptomMatch:
    """One condition of a symptom; every key that is written must hold."""
    if not fields.data:
        fields.note("an empty condition would match every line", "name a message, label, plugin, kind, proto or level")
    match = SymptomMatch(
        message=fields.words("message"),
        label=fields.words("label", {*words.causes, *LABELS}, "label"),
        plugin=fields.words("plugin"),
        kind=fields.words("kind", KINDS, "kind"),
        proto=fields.words("proto", PROTOS, "proto"),
        level=fields.words("level", LEVELS, "level"),
        probe=fields.flag("probe", False) if fields.has("probe") else None,
    )
    for index, pattern in enumerate(match.message):
        if not words.knows_message(pattern):
            fields.note(f"unknown message '{pattern}'", hint(pattern, words.messages or ()), "message", index)
    fields.close()
    return match
