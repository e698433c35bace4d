"""Lines of client-go: why the `kubernetes` plugin cannot list or watch the API, in all shapes from 1.0 to 1.15."""

from __future__ import annotations

from msgspec.structs import replace

from triage.model.late import late
from triage.model.message import Where
from triage.model.observation import FailureKind, Meaning
from triage.parsing.head import Head
from triage.parsing.match import Hit, Lookup
from triage.parsing.meaning import meaning_of, shape_meaning, versions

# 1.15.0 prints key/values behind the error; 1.13.2 to 1.14.7 print `%!s(<nil>)` where client-go passed no error.
_KEY_VALUE = late(r'(?<!,) ([A-Za-z]{1,30})="((?:[^"\\]|\\.){0,2000})"$')
_NIL = ": %!s(<nil>)"
_CALL = late(r'(?:Get|Post|Put|Patch|List|Watch) "?https?://([^/\s"?]{1,300})[^\s"]{0,2000}?"?: (?=\S)')
_NOTE = " - error from a previous attempt: "
# klog heads end with 1.9.3: from 1.9.4 on client-go logs through CoreDNS' own logger.
_LAST_KLOG = "1.9.3"
_FIRST_LOGGER = "1.9.4"
_FIRST_PAIRS = "1.15.0"
_ENOUGH = 40
"""Characters of fixed text that no other program says by chance."""


def split_pairs(text: str) -> tuple[str, dict[str, str]]:
    """Text without the `key="value"` pairs at its end, and the pairs.

    >>> split_pairs('Failed to watch: Unauthorized logger="UnhandledError" type="*v1.Namespace"')
    ('Failed to watch: Unauthorized', {'type': '*v1.Namespace', 'logger': 'UnhandledError'})
    """
    pairs: dict[str, str] = {}
    for _ in range(8):
        start = text.rfind(" ", 0, text.rfind('="')) if text.endswith('"') else -1
        match = _KEY_VALUE.match(text, start) if start >= 0 else None
        if match is None:
            break
        pairs[match[1]] = match[2]
        text = text[:start]
    return text, pairs


def split_call(reason: str) -> tuple[str, str | None]:
    """The reason without the request in front of it, and the API server's `host:port`.

    >>> split_call('Get "https://10.96.0.1:443/api/v1/services?limit=500": dial tcp 10.96.0.1:443: i/o timeout')
    ('dial tcp 10.96.0.1:443: i/o timeout', '10.96.0.1:443')
    >>> split_call("Unauthorized")
    ('Unauthorized', None)
    """
    match = _CALL.match(reason)
    return (reason[match.end() :], match[1]) if match is not None else (reason, None)


def without_nil(text: str) -> str:
    """Text without the mark that 1.13.2 to 1.14.7 print for "no error"."""
    return text.removesuffix(_NIL)


def read_client_go(head: Head, hit: Hit, lookup: Lookup, pairs: dict[str, str]) -> Meaning:
    """Meaning of a line of the `kubernetes` plugin with a reason: cause, API type, address of the API server."""
    reason = hit.fields.get("reason", "") or pairs.get("err", "")
    core, address = split_call(reason.strip())
    inner = lookup.find(Where.API, core.split(_NOTE, 1)[0])
    meaning = meaning_of(hit, level=head.level, plugin="kubernetes", inner=inner)
    fields = dict(meaning.fields)
    if address is not None:
        fields["address"] = address
    if "type" in pairs:
        fields.setdefault("api_type", pairs["type"])
    if reason:
        fields["reason"] = reason[:400]
    source = fields.get("source") or pairs.get("reflector", "")
    if lookup.mark(source) is not None:
        fields.pop("version_min", None)
        fields.pop("version_max", None)
    fields |= _bounds(head, source, lookup, bool(pairs))
    label, kind = meaning.label, meaning.kind
    if inner is None and hit.message.label == "inside":
        label, kind = _by_words(core, lookup)
    return replace(meaning, label=label, kind=kind, upstream=None, proto=None, fields=fields)


def read_reason(text: str, lookup: Lookup) -> Meaning | None:
    """Meaning of a reason that a line break cut off its line; only of a call, or of words that are long enough."""
    core, address = split_call(text.strip())
    hit = lookup.find(Where.API, core.split(_NOTE, 1)[0])
    if hit is None or (address is None and (hit.fixed < _ENOUGH or hit.message.generic)):
        return None
    fields = {"inner": hit.message.id, "reason": text.strip()[:400], **({"address": address} if address else {})}
    meaning = shape_meaning(lookup, "client-go.reason", plugin="kubernetes")
    return replace(meaning, label=hit.message.label, kind=hit.message.kind, fields=fields)


def _by_words(reason: str, lookup: Lookup) -> tuple[str, FailureKind | None]:
    """Label and kind of a reason that no message knows; a lost reason tells nothing."""
    phrase = lookup.phrase(reason)
    if phrase is None or phrase.kind is None:
        return "unknown", None
    return "apiserver-auth" if phrase.kind is FailureKind.TLS else "apiserver-unreachable", phrase.kind


def _bounds(head: Head, source: str, lookup: Lookup, pairs: bool) -> dict[str, str]:
    """The releases that the shape and the client-go version in its path leave."""
    mark = lookup.mark(source)
    if mark is not None:
        return versions(mark)
    if head.klog is not None:
        return {"version_max": _LAST_KLOG}
    if pairs:
        return {"version_min": _FIRST_PAIRS}
    return {"version_min": _FIRST_LOGGER} if source else {}
