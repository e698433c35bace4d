"""`parameters.yaml`: the numbers of the analysis, nested under names."""

from __future__ import annotations

from collections.abc import Mapping

from triage.rulebook.locate import Located, Step
from triage.rulebook.mistakes import Mistakes, hint


def read_parameters(
    source: Located, mistakes: Mistakes, known: Mapping[str, object] | None = None
) -> dict[str, object]:
    """Nested mappings whose leaves are numbers, texts, or lists of them; with `known`, only its names are allowed."""
    if isinstance(source.data, dict):
        _check(source.data, source, (), mistakes)
        if known is not None:
            _check_names(source.data, known, source, (), mistakes)
        return source.data
    mistakes.add(source.file, 1, "a mapping of names and numbers is wanted here", "write `name: 0.5`")
    return {}


def merge(*layers: dict[str, object]) -> dict[str, object]:
    """Later numbers replace earlier ones of the same name.

    >>> merge({"a": {"x": 1, "y": 2}}, {"a": {"y": 3}})
    {'a': {'x': 1, 'y': 3}}
    """
    out: dict[str, object] = {}
    for layer in layers:
        for key, value in layer.items():
            old = out.get(key)
            out[key] = merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return out


def _check(value: object, source: Located, path: tuple[Step, ...], mistakes: Mistakes) -> None:
    """Note every leaf that is nothing to calculate with."""
    if isinstance(value, dict):
        for key, inner in value.items():
            _check(inner, source, (*path, key), mistakes)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _check(inner, source, (*path, index), mistakes)
    elif value is None:
        mistakes.add(source.file, source.line(*path), f"'{path[-1]}' has no value", "write a number or leave it out")


def _check_names(
    value: Mapping[str, object],
    known: Mapping[str, object],
    source: Located,
    path: tuple[Step, ...],
    mistakes: Mistakes,
) -> None:
    """Note the names that the analysis does not ask for."""
    for key, inner in value.items():
        there = known.get(key)
        if key not in known:
            mistakes.add(source.file, source.line(*path, key), f"unknown parameter '{key}'", hint(key, known))
        elif isinstance(inner, dict) and isinstance(there, dict):
            _check_names(inner, there, source, (*path, key), mistakes)
