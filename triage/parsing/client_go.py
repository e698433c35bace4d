"""Lines of client-go: why the `kubernetes` plugin cannot list or watch the API, in all shapes from 1.0 to 1.15."""

from __future__ import annotations

import re
from dataclasses import replace

from triage.model.message import Where
from triage.model.observation import Meaning
from triage.parsing.head import Head
from triage.parsing.match import Hit, Lookup
from triage.parsing.meaning import meaning_of, unquoted, versions

# 1.15.0 prints key/values behind the error; 1.13.2 to 1.14.7 print `%!s(<nil>)` where client-go passed no error.
_KEY_VALUE = re.compile(r' ([A-Za-z]{1,30})="((?:[^"\\]|\\.){0,2000})"$')
_NIL = ": %!s(<nil>)"
_URL = re.compile(r'(?:Get|Post|Put|Patch|List|Watch) "?(https?://([^/\s"?]{1,300})[^\s"]{0,2000}?)"?: (?=\S)')
_NOTE = " - error from a previous attempt: "
# klog heads end with 1.9.3: from 1.9.4 client-go logs through CoreDNS' own logger.
_LAST_KLOG = "1.9.3"
_FIRST_LOGGER = "1.9.4"
_REFLECTOR = re.compile(r"\S{1,300}\.go:\d{1,6}: ")


def split_pairs(text: str) -> tuple[str, dict[str, str]]:
    """Text without the `key="value"` pairs at its end, and the pairs.

    >>> split_pairs('Failed to watch: Unauthorized logger="UnhandledError" type="*v1.Namespace"')
    ('Failed to watch: Unauthorized', {'type': '*v1.Namespace', 'logger': 'UnhandledError'})
    """
    pairs: dict[str, str] = {}
    for _ in range(8):
        if not text.endswith('"'):
            break
        start = text.rfind(" ", 0, text.rfind('="'))
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
    match = _URL.match(reason)
    return (reason[match.end() :], match[2]) if match is not None else (reason, None)


def find_reason(reason: str, lookup: Lookup) -> tuple[Hit | None, str | None]:
    """The message of a failed call, and the address of the API server if the text names it."""
    core, address = split_call(reason.strip())
    core = core.split(_NOTE, 1)[0]
    return lookup.best((Where.API,), core), address


def read_client_go(head: Head, hit: Hit, lookup: Lookup, pairs: dict[str, str]) -> Meaning:
    """Meaning of a line that is one of client-go's shapes: cause, API type, address of the API server."""
    reason = hit.fields.get("reason", "")
    inner, address = find_reason(reason, lookup)
    meaning = meaning_of(hit, level=head.level, plugin="kubernetes", inner=inner)
    fields = dict(meaning.fields)
    if address is not None:
        fields["address"] = address
    if "type" in pairs:
        fields.setdefault("api_type", pairs["type"])
    if pairs.get("err"):
        fields.setdefault("reason", pairs["err"])
    fields |= _bounds(head, fields, lookup, pairs)
    label, kind = meaning.label, meaning.kind
    if inner is None and reason:
        phrase = lookup.phrase(reason)
        kind = phrase.kind if phrase is not None else None
        label = "apiserver-unreachable" if kind is not None else label
    return replace(meaning, label=label, kind=kind, upstream=None, proto=None, fields=fields)


def _bounds(head: Head, fields: dict[str, str], lookup: Lookup, pairs: dict[str, str]) -> dict[str, str]:
    """The release that the shape and the client-go version in its path leave."""
    source = fields.get("source") or pairs.get("reflector", "")
    mark = lookup.mark(source)
    if mark is not None:
        return versions(mark)
    if head.klog is not None:
        return {"version_max": _LAST_KLOG}
    if pairs:
        return {"version_min": "1.15.0"}
    if source:
        return {"version_min": _FIRST_LOGGER}
    return {}


def without_nil(text: str) -> str:
    """Text without the mark that 1.13.2 to 1.14.7 print for "no error"."""
    return unquoted(text[: -len(_NIL)]) if text.endswith(_NIL) else text
