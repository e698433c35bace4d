"""What the program itself says on stderr, errors and hints: English stands in Python, other languages in `phrases/`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from triage.rulebook.locate import Located, read_file
from triage.rulebook.mistakes import Mistakes
from triage.rulebook.texts import placeholders


def load_phrases(folder: Path, lang: str) -> Mapping[str, str]:
    """English template to that of a language; empty when the language has none or they cannot be read."""
    path = folder / "phrases" / f"{lang}.yaml"
    mistakes = Mistakes()
    source = read_file(path, path.name, mistakes) if path.is_file() else None
    return read_phrases(source, mistakes) if source else {}


def check_phrases(folder: Path, shown: str, mistakes: Mistakes) -> None:
    """Note what is wrong with the phrases of a folder of rules in any language."""
    for path in sorted((folder / "phrases").glob("*.y*ml")):
        source = read_file(path, f"{shown}/phrases/{path.name}", mistakes)
        if source is not None:
            read_phrases(source, mistakes)


def read_phrases(source: Located, mistakes: Mistakes) -> Mapping[str, str]:
    """A flat mapping of templates; both sides fill the same `{name}` places."""
    if not isinstance(source.data, dict):
        mistakes.add(source.file, 1, "a mapping of English sentences is wanted here", "write `sentence: translation`")
        return {}
    found = {}
    for english, said in source.data.items():
        if not isinstance(said, str) or not said.strip():
            mistakes.add(
                source.file, source.line(english), f"'{english}' has no translation", "write it behind the colon"
            )
        elif placeholders(said) != placeholders(english):
            mistakes.add(
                source.file, source.line(english), f"'{english}' has other places to fill", "keep every {name}"
            )
        else:
            found[english] = said
    return found
