"""Rules, messages and texts, as the stages take them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from triage.model.message import Message
from triage.model.rule import Rulebook
from triage.model.text import Catalogue


def load_rulebook(folder: Path | None) -> Rulebook:
    """The rules that came with the program, read once, with those of `folder` over them."""
    return _own() if folder is None else _read(folder)


@cache
def _own() -> Rulebook:
    return _read(None)


def _read(folder: Path | None) -> Rulebook:
    from triage import rulebook
    from triage.analysis import MEASURES, PLACEHOLDERS

    measures = {name: arguments for name, (_, arguments) in MEASURES.items()}
    return rulebook.load(rulebook.rules_folder(), overlay=folder, measures=measures, names=PLACEHOLDERS)


@cache
def load_messages() -> tuple[Message, ...]:
    """What CoreDNS and the programs around it can say; read once."""
    from triage.rulebook import rules_folder
    from triage.rulebook.messages import load_messages as load

    return load(rules_folder() / "messages")


def messages() -> Iterator[Message]:
    """The same, read when the first one is asked for."""
    yield from load_messages()


def catalogue(rulebook: Rulebook, lang: str) -> Catalogue:
    """Texts in a language; what it lacks is said in English."""
    english = Catalogue("en", rulebook.texts["en"])
    return english if lang == "en" or lang not in rulebook.texts else Catalogue(lang, rulebook.texts[lang], english)


def phrases(lang: str) -> Mapping[str, str]:
    """What the program says on stderr in a language, by the English sentence."""
    from triage.rulebook import rules_folder
    from triage.rulebook.phrases import load_phrases

    return load_phrases(rules_folder(), lang)
