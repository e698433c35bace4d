"""What the programs around CoreDNS can say: one record a message, with a template of typed places."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from types import MappingProxyType

from msgspec import Struct, field

from triage.model.observation import FailureKind


class Where(StrEnum):
    """Where a message stands."""

    LINE = "line"
    """A line of its own, after stamp, level and `plugin/NAME: `; also plain text without any of them."""
    QUERY = "query"
    """The detail of a `plugin/errors` line, after number, name and type."""
    STARTUP = "startup"
    """A start-up error: plain on stderr, the same after `Restart failed: ` and its kin."""
    API = "api"
    """Why a call of the Kubernetes API failed: inside client-go's lines."""
    INSIDE = "inside"
    """Nested in the `{reason:rest}` of another message."""
    WORDS = "words"
    """A phrase that tells the failure kind of a detail or of a `consolidate` pattern that nobody knows better."""
    TRACE = "trace"
    """A mark anywhere in a line (the client-go release in a path) that bounds the version, nothing else."""
    SHAPE = "shape"
    """Known by its shape, which the parsers look for; the template only shows it."""


PLACEHOLDERS: Mapping[str, str] = MappingProxyType(
    {
        "addr": r"\S{1,300}",
        "word": r"\S{1,1300}",
        "int": r"-?\d{1,20}",
        "num": r"-?[\d.]{1,40}",
        "hex": r"[0-9a-fA-FxX]{1,128}",
        "name": r"[\w./*-]{1,300}",
        "quoted": r'"(?:[^"\\]|\\.){0,4000}"',
        "rest": r".*",
        "some": r".+",
    }
)
"""Type of a placeholder to the expression it stands for. `addr` is `ip:port` as Go prints it, `quoted` Go's `%q`."""

_PLACE = re.compile(r"\{([a-z_]+):([a-z]+)\}")


class Part(Struct, frozen=True):
    """A piece of a template: literal text (`type` is None) or a place with a name and a type."""

    text: str
    type: str | None = None


@cache
def parse_template(template: str) -> tuple[Part, ...]:
    """Split a template into its parts; raises ValueError when it cannot be matched safely.

    >>> parse_template("lookup {host:word} on {server:addr}: no such host")[1]
    Part(text='host', type='word')
    >>> parse_template("{a:word}{b:word}")
    Traceback (most recent call last):
    ValueError: no text between {a:word} and {b:word}; join them or put the text between
    """
    parts: list[Part] = []
    last = 0
    for match in _PLACE.finditer(template):
        if match[2] not in PLACEHOLDERS:
            raise ValueError(f"unknown type in {match[0]}; use one of {', '.join(PLACEHOLDERS)}")
        if match.start() > last:
            parts.append(Part(template[last : match.start()]))
        elif parts:
            before = f"{{{parts[-1].text}:{parts[-1].type}}}"
            raise ValueError(f"no text between {before} and {match[0]}; join them or put the text between")
        parts.append(Part(match[1], match[2]))
        last = match.end()
    if last < len(template):
        parts.append(Part(template[last:]))
    names = [p.text for p in parts if p.type]
    if len(names) != len(set(names)):
        raise ValueError("two places have one name; name them apart")
    return tuple(parts)


class Wording(Struct, frozen=True):
    """One wording of a message and the CoreDNS releases that print it."""

    text: str
    """Template: `read {proto:word} {local:addr}->{upstream:addr}: i/o timeout`."""
    since: str | None = None
    """First release with it, `1.0.0`; None when it is not bound to releases of CoreDNS."""
    until: str | None = None
    """Last release with it; None when it is still there."""


class Message(Struct, frozen=True):
    """One thing that CoreDNS, its libraries, node-cache, the kubelet or kubectl can say."""

    id: str
    """Stable, unique, `area.what-happened`: rules, symptoms and `entries` name it."""
    plugin: str
    """Corefile name of the plugin, or `core`, `caddy`, `kubelet`, `kubectl`, `node-cache`, `runtime` …; `*` for any."""
    where: Where
    wordings: tuple[Wording, ...]
    label: str
    """A cause id, or `startup`, `info`, `noise`, `unknown`; `inside`: as the message nested in it says."""
    kind: FailureKind | None = None
    levels: tuple[str, ...] = ()
    """Levels it is printed at; empty for text without a level."""
    generic: bool = False
    """Too little fixed text to be sure: counts as recognised, but never wins over another message."""
    same_as: tuple[str, ...] = ()
    """Ids whose lines cannot be told from this one's."""
    meaning: str = ""
    """What it tells an operator, in few words."""
    examples: tuple[str, ...] = ()
    """Whole lines as CoreDNS prints them."""
    sets: Mapping[str, str] = field(default_factory=dict)
    """Fields with a fixed value that every such line gets."""
    file: str = ""
    line: int = 0


def release(text: str) -> tuple[int, ...]:
    """A release number as something to compare.

    >>> release("1.10.0") > release("1.9.4")
    True
    """
    return tuple(int(part) for part in text.split(".") if part.isdecimal())
