"""The catalogue of the renderers' own sentences, without the rest of the rules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from triage.model.text import Catalogue

ROOT = Path(__file__).resolve().parents[2]


def templates(lang: str = "en") -> dict[str, str]:
    """All texts of rules/texts/<lang>.yaml by their dotted keys."""
    return dict(_flat(yaml.safe_load((ROOT / "rules" / "texts" / f"{lang}.yaml").read_text(encoding="utf-8"))))


def _flat(tree: dict[str, object], path: str = "") -> Iterator[tuple[str, str]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{path}{key}.")
        else:
            yield path + key, str(value)


def catalogue(more: dict[str, str]) -> Catalogue:
    """The renderers' texts and those of the hand-made reports."""
    return Catalogue("en", {**templates(), **more})
