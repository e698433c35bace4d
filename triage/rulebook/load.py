"""Loads a folder of rules, and a second one over it: everything is read before the first mistake is told."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

from triage.errors import TriageError
from triage.model.rule import Rulebook, SymptomRule
from triage.rulebook.form import read_rule
from triage.rulebook.layer import Layer
from triage.rulebook.mistakes import Mistakes
from triage.rulebook.parameters import merge, read_parameters
from triage.rulebook.symptoms import read_symptoms
from triage.rulebook.texts import LANGUAGE, check_languages, compare, flatten, texts_of_rule
from triage.rulebook.words import Words

REMAINDER = "unknown"
"""What is left when no cause fits; it needs no rule."""


def rules_folder() -> Path:
    """The rules that came with the program: packaged inside it, else beside it (`pip install -e .`)."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "rules", package.parent / "rules"):
        if folder.is_dir():
            return folder
    raise TriageError(
        "no rules beside {package}",
        hint="install the program again, or name a folder with --rules DIR",
        package=package,
    )


def load(
    folder: Path,
    *,
    overlay: Path | None = None,
    measures: Mapping[str, frozenset[str]] | None = None,
    names: frozenset[str] | None = None,
) -> Rulebook:
    """Read all rules, symptoms, parameters and texts; rules of `overlay` are added or, if they say so, replace.

    `measures` maps a measure to its arguments, `names` are the names that commands may be filled with; None skips
    that check. Raises `RuleError` with every mistake as `file:line: what; cure`, `TriageError` for a missing folder.
    """
    mistakes = Mistakes()
    rulebook = read(folder, overlay=overlay, measures=measures, names=names, mistakes=mistakes)
    mistakes.stop_if_any()
    return rulebook


def read(
    folder: Path,
    *,
    overlay: Path | None,
    measures: Mapping[str, frozenset[str]] | None,
    names: frozenset[str] | None,
    mistakes: Mistakes,
    messages: frozenset[str] | None = None,
) -> Rulebook:
    """Read like `load`, but note what is wrong in `mistakes` and go on."""
    base = Layer.of(folder, folder.name, mistakes)
    layers = [base] if overlay is None else [base, Layer.of(overlay, str(overlay), mistakes, over=base)]
    texts = _general_texts(layers, mistakes)
    for layer in layers:
        check_languages(layer, mistakes)
    sources = {cause: source for layer in layers for cause, source in layer.rules.items()}
    causes = {REMAINDER}.union(*(layer.causes for layer in layers))
    words = Words(causes, {}, measures, names, frozenset(texts.get(LANGUAGE, ())), messages)
    words = replace(words, symptoms=_symptoms(layers, words, mistakes))
    rules = {cause: read_rule(source, cause, words, mistakes) for cause, source in sorted(sources.items())}
    for cause, rule in rules.items():
        for lang, own in texts_of_rule(sources[cause], rule, mistakes).items():
            texts.setdefault(lang, {}).update(own)
        rules[cause] = replace(rule, titles=_titles(cause, texts))
    return Rulebook(
        rules=rules,
        symptoms=words.symptoms,
        texts=texts,
        version=_version(layers),
        files=tuple(f"{layer.shown}/{name}" for layer in layers for name in layer.files),
        parameters=_parameters(layers, mistakes),
    )


def _titles(cause: str, texts: Mapping[str, Mapping[str, str]]) -> frozenset[str]:
    """Variants of a rule's title."""
    start = f"{cause}.title."
    return frozenset(key.removeprefix(start) for key in texts.get(LANGUAGE, ()) if key.startswith(start))


def _symptoms(layers: list[Layer], words: Words, mistakes: Mistakes) -> dict[str, SymptomRule]:
    """All symptoms; a second folder adds some, but changes none."""
    out: dict[str, SymptomRule] = {}
    for layer in layers:
        own = read_symptoms(layer.symptoms, words, mistakes) if layer.symptoms else {}
        for twin in out.keys() & own.keys():
            mistakes.add(f"{layer.shown}/symptoms.yaml", 0, f"symptom '{twin}' comes with the program", "rename yours")
        out |= own
    return out


def _general_texts(layers: list[Layer], mistakes: Mistakes) -> dict[str, dict[str, str]]:
    """Texts of `texts/<lang>.yaml`: every language has the keys of English."""
    texts: dict[str, dict[str, str]] = {}
    for layer in layers:
        found = {lang: flatten(source, mistakes) for lang, source in layer.texts.items()}
        english = found[LANGUAGE][0] if LANGUAGE in found else texts.get(LANGUAGE, {})
        for lang, (own, lines) in found.items():
            if lang != LANGUAGE:
                compare(english, own, lang, layer.texts[lang].file, lines, 1, mistakes)
            texts.setdefault(lang, {}).update(own)
    return texts


def _parameters(layers: list[Layer], mistakes: Mistakes) -> dict[str, object]:
    """Numbers of the analysis; a second folder replaces some of them."""
    out: dict[str, object] = {}
    for number, layer in enumerate(layers):
        if layer.parameters:
            out = merge(out, read_parameters(layer.parameters, mistakes, known=out if number else None))
        if layer.calibration:
            out["calibration"] = read_parameters(layer.calibration, mistakes)
    return out


def _version(layers: list[Layer]) -> str:
    """Hash over names and content of all files: equal rules have equal versions, wherever they lie."""
    digest = hashlib.sha256()
    for layer in layers:
        for name, path in layer.files.items():
            try:
                content = path.read_bytes()
            except OSError:
                continue  # told as a mistake where it is read
            digest.update(f"{name}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()[:12]
