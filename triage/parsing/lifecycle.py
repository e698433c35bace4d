"""Start, reload and stop: start-up errors in their wrappers, listeners of the banner, panics with their stacks."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from triage.model.message import Where
from triage.model.observation import Meaning
from triage.parsing.head import Head
from triage.parsing.match import Hit, Lookup
from triage.parsing.meaning import label_of, meaning_of

_WRAPPERS = (
    "Restart failed: ",
    "starting with listener file descriptors: ",
    "Listen: ",
    "ListenPacket: ",
    "error inspecting server blocks: ",
)
_PLUGIN = re.compile(r"plugin/([A-Za-z0-9_.-]{1,60}): ")
_PLACE = re.compile(r"([^\s:]{0,300}):(-?\d{1,7}) - (Error during parsing|Syntax error): ")
_LISTENER = re.compile(
    r"(?:(?:dns|tls|quic|grpc|https3?|doh3?|doq)://)?(\.|(?:[A-Za-z0-9_*/\\-]{1,63}\.){0,40}[A-Za-z0-9_*/\\-]{1,63}\.?):(\d{1,5})"
    r"(?: on (?:\S{1,80}))?"
)
_FRAME = re.compile(
    r"\s*(?:/|[A-Z]:/)[^\s:]{1,400}\.(?:go|s):\d{1,7}(?: \+0x[0-9a-f]{1,16})?(?: fp=.{0,200})?"
    r"|(?:created by )?(?:main|runtime|net|panic|sync|testing|time|os|syscall|internal|crypto|encoding|context|reflect|golang\.org|google\.golang\.org"
    r"|k8s\.io|sigs\.k8s\.io|go\.[a-z]+\.[a-z]+|gopkg\.in|github\.com|[a-z0-9.-]{1,60}/[^\s(]{1,300})[\w./*()%{}\[\]\u2026·~-]{0,400}(?:\(.{0,600}\)| in goroutine \d{1,12})?"
)
_HEXDUMP = re.compile(r"[0-9a-f]{6}(?: [0-9a-f]{2}){0,16}\s*")


@dataclass(frozen=True, slots=True)
class StartupError:
    """A start-up error without its wrappers."""

    core: str
    plugin: str | None = None
    file: str | None = None
    line: str | None = None
    wrapped: bool = False
    """Did any wrapper (`plugin/x: `, `file:line - Error during parsing: ` …) stand before it?"""


def unwrap(text: str) -> StartupError:
    """Take the wrappers off a start-up error.

    >>> unwrap("plugin/forward: /etc/coredns/Corefile:9 - Error during parsing: unknown property 'x'")
    StartupError(core="unknown property 'x'", plugin='forward', file='/etc/coredns/Corefile', line='9', wrapped=True)
    """
    plugin = file = line = None
    core = text.strip()
    for _ in range(6):
        before = core
        for wrapper in _WRAPPERS:
            if core.startswith(wrapper):
                core = core[len(wrapper) :]
        match = _PLUGIN.match(core)
        if match is not None:
            plugin, core = plugin or match[1], core[match.end() :]
        match = _PLACE.match(core)
        if match is not None:
            file, line, core = match[1], match[2], core[match.end() :]
        if core == before:
            break
    return StartupError(core, plugin, file, line, wrapped=core != text.strip())


def find_startup(error: StartupError, lookup: Lookup) -> Hit | None:
    """The message of a start-up error; one of its own plugin before one that fits any."""
    if error.plugin is not None:
        hit = lookup.find(Where.STARTUP, error.core, error.plugin)
        if hit is not None:
            return hit
    return lookup.find(Where.STARTUP, error.core)


def read_startup(head: Head, whole: str, lookup: Lookup) -> Meaning | None:
    """Meaning of a start-up error that stands alone: plain text on stderr, or at level FATAL."""
    error = unwrap(whole)
    plugin = error.plugin or head.plugin
    hit = find_startup(replace(error, plugin=plugin), lookup)
    if hit is None and error.wrapped:
        rest = Meaning(
            "corefile.parse-error" if error.file is not None else "startup.plugin-error", label="corefile-invalid"
        )
        return replace(
            rest, plugin=plugin or "caddy", level=head.level, fields=_place(error) | {"reason": error.core[:400]}
        )
    if hit is None:
        return None
    if hit.message.generic and not error.wrapped:
        return None
    meaning = meaning_of(hit, level=head.level, plugin=plugin)
    return replace(meaning, upstream=None, fields={**meaning.fields, **_place(error)})


def read_nested(head: Head, hit: Hit, lookup: Lookup) -> Meaning:
    """Meaning of a line with a start-up error or another message in its `{reason:rest}`: `Restart failed: …`."""
    reason = hit.fields.get("reason", "")
    error = unwrap(reason)
    inner = find_startup(error, lookup)
    if inner is None or inner.message.generic:
        inner = lookup.best((Where.INSIDE, Where.QUERY, Where.API), reason) or inner
    if inner is None and reason and hit.message.kind is None:
        return _by_words(head, hit, reason, error, lookup)
    meaning = meaning_of(hit, level=head.level, plugin=head.plugin, inner=inner)
    fields = {**meaning.fields, **_place(error)}
    if error.plugin is not None:
        fields.setdefault("of_plugin", error.plugin)
    return replace(meaning, label=_label(hit, inner, error), fields=fields)


def _label(hit: Hit, inner: Hit | None, error: StartupError) -> str:
    label = label_of(hit, inner)
    return "corefile-invalid" if label == "unknown" and error.file is not None else label


def _by_words(head: Head, hit: Hit, reason: str, error: StartupError, lookup: Lookup) -> Meaning:
    phrase = lookup.phrase(reason)
    meaning = meaning_of(hit, level=head.level, plugin=head.plugin)
    kind = phrase.kind if phrase is not None else None
    label = _label(hit, None, error)
    if label == "unknown" and phrase is not None and phrase.label not in ("inside", "unknown"):
        label = phrase.label
    return replace(meaning, kind=kind, label=label, fields={**meaning.fields, **_place(error)})


def _place(error: StartupError) -> dict[str, str]:
    return {"file": error.file[:300], "line": error.line} if error.file is not None and error.line is not None else {}


def read_plain(text: str) -> Meaning | None:
    """Lines without words of their own: a listener of the banner, a frame of a stack, a row of a hex dump.

    >>> read_plain(".:53").fields, read_plain("tls://example.org.:853 on 10.0.0.1").fields["zone"]
    ({'zone': '.', 'port': '53'}, 'example.org.')
    >>> read_plain("\\t/src/coredns/plugin/file/lookup.go:31 +0x1d").message_id
    'runtime.stack'
    """
    if len(text) > 1500:
        return None
    stripped = text.strip()
    match = _LISTENER.fullmatch(stripped)
    if match is not None:
        return Meaning("core.listener", "core", label="startup", fields={"zone": match[1], "port": match[2]})
    if _FRAME.fullmatch(text.rstrip()):
        return Meaning("runtime.stack", "runtime", label="coredns-bug")
    if _HEXDUMP.fullmatch(stripped):
        return Meaning("debug.hexdump", "debug", label="noise")
    return None
