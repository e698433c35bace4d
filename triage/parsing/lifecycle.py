"""Start, reload and stop: start-up errors in their wrappers, listeners of the banner, panics with their stacks."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from triage.model.late import late
from triage.model.message import Where
from triage.model.observation import Meaning
from triage.parsing.head import Head
from triage.parsing.match import Hit, Lookup
from triage.parsing.meaning import label_of, meaning_of, shape_meaning

_WRAPPERS = (
    "Restart failed: ",
    "starting with listener file descriptors: ",
    "Listen: ",
    "ListenPacket: ",
    "error inspecting server blocks: ",
)
_PLUGIN = late(r"plugin/([A-Za-z0-9_.-]{1,60}): ")
_PLACE = late(r"([^\s:]{0,300}):(-?\d{1,7}) - (?:Error during parsing|Syntax error): ")
_LABEL = r"[A-Za-z0-9_*/\\-]{1,63}"
_LISTENER = late(
    rf"(?:(?:dns|tls|quic|grpc|https3?)://)?(?P<zone>\.|(?:{_LABEL}\.){{0,40}}{_LABEL}\.?):(?P<port>\d{{1,5}})"
    r"(?: on \S{1,80})?"
)
# 1.6.3 and 1.6.4 drew their name; the parts are of slashes and underscores only.
_LOGO = late(r"[\s/\\|_(),.~']{12,120}")
_SOURCE_ROW = late(r"\s*(?:/|[A-Z]:/)[^\s:]{1,400}\.(?:go|s):\d{1,7}(?: \+0x[0-9a-f]{1,16})?(?: fp=.{0,200})?")
_CALL_ROW = late(
    r"(?:created by )?(?:(?:[\w.-]{1,80}/){1,12}|(?=(?:main|runtime|net|panic|sync|time|os|syscall|reflect|context)\b))"
    r"[\w.*()%{}\[\]·~-]{1,400}(?:\([^\n]{0,600}\)| in goroutine \d{1,12})"
)
_COREFILE_ROW = late(
    r"\s*(?:([a-z0-9_]{2,20})(?: [^\n]{0,400})?|[A-Za-z0-9.*:/-]{1,120}(?: [A-Za-z0-9.*:/-]{1,120}){0,9} \{|\})"
)
# Directives that node-cache's templates use, and their options; it prints the Corefile it made at each start.
_COREFILE_WORDS = frozenset(
    (
        *("errors", "cache", "reload", "loop", "bind", "forward", "prometheus", "health", "force_tcp", "prefer_udp"),
        *(
            "success",
            "denial",
            "log",
            "ready",
            "loadbalance",
            "kubernetes",
            "hosts",
            "fallthrough",
            "template",
            "rewrite",
        ),
        *("import", "max_fails", "policy", "expire", "health_check", "servfail", "serve_stale", "prefetch", "disable"),
        *(
            "max_concurrent",
            "pods",
            "ttl",
            "lameduck",
            "class",
            "except",
            "next",
            "consolidate",
            "bufsize",
            "any",
            "debug",
        ),
        *("trace", "dnstap", "answer", "rcode", "match", "autopath", "acl", "whoami", "pprof", "tls", "tls_servername"),
    )
)
_HEX_ROW = late(r"[0-9a-f]{6}(?: [0-9a-f]{2}){0,16}")


class StartupError(Struct, frozen=True):
    """A start-up error without its wrappers."""

    core: str
    plugin: str | None = None
    file: str | None = None
    line: str | None = None
    wrapped: bool = False
    """Did any wrapper (`plugin/x: `, `file:line - Error during parsing: ` …) stand before it?"""

    @property
    def place(self) -> dict[str, str]:
        """`file` and `line` of the Corefile, if told."""
        return {"file": self.file[:300], "line": self.line} if self.file is not None and self.line is not None else {}


def unwrap(text: str) -> StartupError:
    """Take the wrappers off a start-up error.

    >>> unwrap("plugin/forward: /etc/coredns/Corefile:9 - Error during parsing: unknown property 'x'")
    StartupError(core="unknown property 'x'", plugin='forward', file='/etc/coredns/Corefile', line='9', wrapped=True)
    """
    plugin = file = line = None
    text = core = text.strip()
    for _ in range(6):
        before = core
        for wrapper in _WRAPPERS:
            core = core.removeprefix(wrapper)
        match = _PLUGIN.match(core)
        if match is not None:
            plugin, core = plugin or match[1], core[match.end() :]
        match = _PLACE.match(core)
        if match is not None:
            file, line, core = match[1], match[2], core[match.end() :]
        if core == before:
            break
    return StartupError(core, plugin, file, line, wrapped=core != text)


def find_startup(error: StartupError, lookup: Lookup) -> Hit | None:
    """The message of a start-up error; one of its own plugin before one that fits any."""
    hit = lookup.find(Where.STARTUP, error.core, error.plugin) if error.plugin is not None else None
    return hit or lookup.find(Where.STARTUP, error.core)


def read_startup(head: Head, lookup: Lookup) -> Meaning | None:
    """Meaning of a start-up error that stands alone: plain text on stderr, or at level FATAL."""
    error = unwrap(head.body)
    if error.plugin is None and head.plugin is not None:
        error = replace(error, plugin=head.plugin, wrapped=True)
    hit = find_startup(error, lookup)
    if hit is not None and (error.wrapped or not hit.message.generic):
        meaning = meaning_of(hit, level=head.level, plugin=error.plugin)
        return replace(meaning, upstream=None, fields={**meaning.fields, **error.place})
    if not error.wrapped or (error.file is None and head.level is not None):
        return None
    shape = "corefile.parse-error" if error.file is not None else "startup.plugin-error"
    meaning = shape_meaning(lookup, shape, level=head.level, plugin=error.plugin)
    return replace(meaning, fields={**error.place, "reason": error.core[:400]})


def read_nested(head: Head, hit: Hit, lookup: Lookup) -> Meaning:
    """Meaning of a line with another message in its `{reason:rest}`: `Restart failed: <start-up error>`."""
    reason = hit.fields.get("reason", "")
    error = unwrap(reason)
    inner = find_nested(reason, lookup)
    meaning = meaning_of(hit, level=head.level, plugin=head.plugin, inner=inner)
    label, kind = label_of(hit, inner), meaning.kind
    phrase = lookup.phrase(reason) if kind is None else None
    if phrase is not None:
        kind = phrase.kind
    if label == "unknown" and hit.message.label == "inside":
        label = "corefile-invalid" if error.file is not None else phrase.label if phrase is not None else label
    fields = {**meaning.fields, **error.place}
    if error.plugin is not None:
        fields.setdefault("of_plugin", error.plugin)
    return replace(meaning, label=label, kind=kind, fields=fields)


def find_nested(reason: str, lookup: Lookup) -> Hit | None:
    """The innermost message of a reason that may itself hold one: `errors updating zones: [failed to …]`."""
    found = None
    for _ in range(4):
        error = unwrap(reason)
        hit = find_startup(error, lookup)
        if hit is None or hit.message.generic:
            hit = lookup.best((Where.INSIDE, Where.QUERY), reason.strip()) or hit
        if hit is None or (hit.message.generic and (found is not None or not error.wrapped)):
            return found
        found = hit
        if not hit.fields.get("reason"):
            return found
        reason = hit.fields["reason"].strip("[] ")
    return found


def read_plain(text: str, lookup: Lookup) -> Meaning | None:
    """Lines without words of their own: a listener of the banner, a frame of a stack, a row of a hex dump."""
    if len(text) > 1500:
        return None
    stripped = text.strip()
    match = _LISTENER.fullmatch(stripped)
    if match is not None:
        return replace(shape_meaning(lookup, "core.listener"), fields=match.groupdict())
    if _SOURCE_ROW.fullmatch(stripped) or _CALL_ROW.fullmatch(stripped):
        return shape_meaning(lookup, "runtime.stack")
    if _HEX_ROW.fullmatch(stripped):
        return shape_meaning(lookup, "debug.hexdump")
    match = _COREFILE_ROW.fullmatch(text.rstrip())
    if match is not None and (match[1] is None or (match[1] in _COREFILE_WORDS and text[:1].isspace())):
        return shape_meaning(lookup, "node-cache.corefile-row")
    return shape_meaning(lookup, "core.logo") if _LOGO.fullmatch(text) else None
