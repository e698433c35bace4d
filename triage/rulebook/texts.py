"""Texts of rules and renderers: flat keys, plain placeholders, nothing missing, nothing unused."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterator, Mapping
from typing import cast

from triage.model.rule import Rule
from triage.model.text import is_wide
from triage.rulebook.layer import Layer
from triage.rulebook.locate import Located, Step
from triage.rulebook.mistakes import Mistakes, hint

LANGUAGE = "en"
"""Every text stands in this language; others follow it key by key, and it stands in for what they lack."""
TITLES = ("title", "title.scoped", "title.zone", "title.many", "title.suspicion")

Lines = Callable[[str], int]
"""Key of a text to the line where it stands: asked for when something is wrong with it."""
_BLANKS = re.compile(r"[ \n]+")


def placeholders(template: str) -> tuple[frozenset[str], str | None]:
    """The `{name}` places of a template, and what is wrong with it (None: nothing).

    >>> placeholders("dig @{ip} | awk '{{print}}'")
    (frozenset({'ip'}), None)
    >>> placeholders("{x:.1f}")[1], placeholders("{a")[1]
    ("'{x:.1f}' is no plain name", "expected '}' before end of string")
    """
    names: set[str] = set()
    if "{" not in template and "}" not in template:
        return frozenset(), None
    try:
        for _, name, spec, conversion in string.Formatter().parse(template):
            if name is None:
                continue
            if spec or conversion or not name.isidentifier():
                written = f"{name}{'!' + conversion if conversion else ''}{':' + spec if spec else ''}"
                return frozenset(names), f"'{{{written}}}' is no plain name"
            names.add(name)
    except ValueError as error:
        return frozenset(names), str(error)
    return frozenset(names), None


def flatten(source: Located, mistakes: Mistakes, path: tuple[Step, ...] = ()) -> tuple[dict[str, str], Lines]:
    """Nested mappings of texts under `path` as dotted keys, and the line of each."""
    data = source.data
    for step in path:
        data = cast("Mapping[Step, object]", data)[step]
    texts: dict[str, str] = {}
    places: dict[str, tuple[Step, ...]] = {}

    def note(at: tuple[Step, ...], what: str, cure: str) -> None:
        mistakes.add(source.file, source.line(*at), what, cure)

    for at, value in _leaves(data, path):
        key = ".".join(map(str, at[len(path) :]))
        if not isinstance(value, str) or not value.strip():
            note(at, f"'{key}' must be a text" if key else "texts are wanted here", "quote it")
            continue
        if key in texts:
            note(at, f"text '{key}' stands here twice", f"first in line {source.line(*places[key])}")
            continue
        problem = placeholders(value)[1]
        if problem:
            note(at, f"text '{key}': {problem}", "write {name}; {{ and }} are plain braces")
        texts[key], places[key] = value if value.isascii() else _BLANKS.sub(_unfolded, value), at
    return texts, lambda key: source.line(*places[key])


def _unfolded(blanks: re.Match[str]) -> str:
    """Nothing for the blank that a folded line leaves between Chinese characters, where none belongs."""
    text, begin, end = blanks.string, blanks.start(), blanks.end()
    return "" if is_wide(text[begin - 1 : begin]) and is_wide(text[end : end + 1]) else blanks[0]


def _leaves(data: object, path: tuple[Step, ...]) -> Iterator[tuple[tuple[Step, ...], object]]:
    """Paths and values of everything that is no mapping."""
    if isinstance(data, dict) and data:
        for key, value in data.items():
            yield from _leaves(value, (*path, key))
    else:
        yield path, data


def texts_of_rule(source: Located, rule: Rule, mistakes: Mistakes) -> dict[str, dict[str, str]]:
    """The texts that stand in a rule: language to full key (`<cause>.title`) to template."""
    section = source.data.get("text") if isinstance(source.data, dict) else None
    if not isinstance(section, dict):
        if section is not None:
            mistakes.add(
                source.file, source.line("text"), "'text' must be a mapping of languages", "write text: {en: …}"
            )
        return {}
    found = {str(lang): flatten(source, mistakes, ("text", str(lang))) for lang in section}
    if LANGUAGE not in found:
        mistakes.add(source.file, source.line("text"), f"no texts in '{LANGUAGE}'", "every language follows it")
        return {}
    english, lines = found[LANGUAGE]
    needed, allowed = keys_of(rule)
    for key in needed - english.keys():
        mistakes.add(source.file, source.line("text", LANGUAGE), f"missing text '{key}'", "add it")
    for key in english.keys() - needed - allowed:
        mistakes.add(source.file, lines(key), f"text '{key}' is not used", hint(key, needed | allowed))
    for check in rule.checks:
        for key in (key.removeprefix(f"{rule.id}.") for out in check.outcomes for key in (out.outcome, out.means)):
            for name in placeholders(english.get(key, ""))[0].difference(check.needs):
                cure = f"add it to needs of the check '{check.id}', or leave it out"
                mistakes.add(source.file, lines(key), f"text '{key}': {{{name}}} may be unknown", cure)
    for lang in found.keys() - {LANGUAGE}:
        compare(english, found[lang][0], lang, source.file, found[lang][1], source.line("text", lang), mistakes)
    return {lang: {f"{rule.id}.{key}": text for key, text in texts.items()} for lang, (texts, _) in found.items()}


def check_languages(layer: Layer, mistakes: Mistakes) -> None:
    """A language that the general texts of a folder speak, all its rules speak."""
    for source in layer.rules.values():
        section = source.data.get("text") if isinstance(source.data, dict) else None
        for lang in layer.texts.keys() - {LANGUAGE, *section} if isinstance(section, dict) else ():
            mistakes.untranslated(
                source.file, source.line("text"), f"no texts in '{lang}'", f"translate those of '{LANGUAGE}'"
            )


def keys_of(rule: Rule) -> tuple[set[str], set[str]]:
    """The texts a rule needs, and those it may have besides (keys without the cause)."""
    needed = {"title", "explain"}
    needed |= {f"term.{term.id}" for term in rule.terms}
    needed |= {f"term.{term.id}.against" for term in rule.terms if not term.levels}
    needed |= {
        key.removeprefix(f"{rule.id}.")
        for check in rule.checks
        for out in check.outcomes
        for key in (out.outcome, out.means)
    }
    own = f"{rule.id}."
    needed |= {fix.text.removeprefix(own) for fix in rule.fixes if fix.text.startswith(own)}
    return needed, {*TITLES, *(f"term.{term.id}.untested" for term in rule.terms)}


def compare(
    english: Mapping[str, str],
    other: Mapping[str, str],
    lang: str,
    file: str,
    lines: Lines,
    line: int,
    mistakes: Mistakes,
) -> None:
    """Another language has the same keys as English, each with the same places to fill."""
    for key in english.keys() - other.keys():
        mistakes.untranslated(file, line, f"'{lang}' has no text '{key}'", f"translate the one of '{LANGUAGE}'")
    for key in other.keys() - english.keys():
        mistakes.add(file, lines(key), f"'{LANGUAGE}' has no text '{key}'", hint(key, english))
    for key in english.keys() & other.keys():
        want, got = placeholders(english[key])[0], placeholders(other[key])[0]
        if want != got:
            names = ", ".join(f"{{{name}}}" for name in sorted(want)) or "none"
            mistakes.add(
                file, lines(key), f"text '{key}' has other places to fill than '{LANGUAGE}'", f"it has {names}"
            )
