"""A text pasted from a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from triage.model.bundle import Kind


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a text that is of one kind."""

    kind: Kind
    text: str
    first_line: int = 1
    command: str | None = None
    host: str | None = None
    replica: str | None = None
    container: str | None = None
    namespace: str | None = None
    previous: bool = False
    why_ignored: str | None = None
    hints: Mapping[str, str] = field(default_factory=dict)


def is_pasted(text: str, name: str) -> bool:
    return False


def parts_of(text: str, *, max_parts: int) -> list[Part]:
    return []
