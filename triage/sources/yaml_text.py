"""YAML → plain data, within limits. PyYAML takes its time to load, so this is imported where there is a text."""

from __future__ import annotations

import re
from typing import Any

import yaml

from triage.model.late import late
from triage.sources.structured import NotReadableError

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_ALIAS = late(r"(?:^|[\s\[,{:-])\*[\w-]+", re.MULTILINE)
_MAX_DEPTH = 200
_MAX_INDENT = 400
_INDENT = late(r"^[ ?-]{200,}", re.MULTILINE)


def load_yaml(text: str, *, max_aliases: int) -> list[object]:
    """The documents of a YAML text as plain data; timestamps stay as text.

    Raises:
        NotReadableError: not YAML, too many aliases, or nested deeper than any object of Kubernetes.
    """
    if len(_ALIAS.findall(text)) > max_aliases and _count_aliases(text, max_aliases) > max_aliases:
        raise NotReadableError("too many aliases")
    if _too_deep(text):
        raise NotReadableError("nested too deeply")
    try:
        return [d for d in yaml.load_all(text, Loader=_PlainLoader) if d is not None]
    except (yaml.YAMLError, ValueError, TypeError, RecursionError, OverflowError) as error:
        raise NotReadableError(str(error)[:200]) from None


class _PlainLoader(_LOADER):  # type: ignore[misc]
    """The safe loader without dates: `2026-11-25` in a label stays the text that stands there."""


_PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in pairs if tag != "tag:yaml.org,2002:timestamp"]
    for first, pairs in _LOADER.yaml_implicit_resolvers.items()
}


def _count_aliases(text: str, enough: int) -> int:
    """Real aliases, not asterisks in texts; stops counting once there are too many."""
    count = 0
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            count += isinstance(event, yaml.AliasEvent)
            if count > enough:
                break
    except (yaml.YAMLError, ValueError, RecursionError):
        return enough + 1
    return count


def _too_deep(text: str) -> bool:
    """An upper bound of the nesting: the loader is recursive C and must not be led into the depth."""
    depth = 0
    for mark in re.finditer(r"[\[\]{}]", text):
        depth = depth + 1 if mark[0] in "[{" else max(0, depth - 1)
        if depth > _MAX_DEPTH:
            return True
    return any(len(m[0]) > _MAX_INDENT for m in _INDENT.finditer(text))
