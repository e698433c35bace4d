"""Fields of objects as the API sends them, whatever a server may have put there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

Object: TypeAlias = "Mapping[str, object]"


def as_dict(value: object) -> Object:
    """A mapping, empty for everything else."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> Sequence[object]:
    """A list, empty for everything else."""
    return value if isinstance(value, list) else ()


def meta_of(item: Object) -> Object:
    """The metadata of an object."""
    return as_dict(item.get("metadata"))


def name_of(item: Object) -> str:
    """The name of an object."""
    return str(meta_of(item).get("name"))


def labels_of(item: Object) -> Object:
    """The labels of an object."""
    return as_dict(meta_of(item).get("labels"))
