"""From what a template caught to the record that the other stages read."""

from __future__ import annotations

from collections.abc import Mapping

from triage.model.message import Wording, release
from triage.model.observation import FailureKind, Meaning
from triage.parsing.addresses import endpoint_of, ip_of
from triage.parsing.match import Hit, Lookup

_OWN_PLACE = frozenset({"upstream", "local", "proto", "qname", "qtype"})
_KEPT = 400
"""Characters kept of a field: log text may be long and hostile."""


def label_of(hit: Hit, inner: Hit | None) -> str:
    """The label of a message, taken from the nested one where the catalogue says so."""
    if hit.message.label != "inside":
        return hit.message.label
    return inner.message.label if inner is not None and inner.message.label != "inside" else "unknown"


def kind_of(hit: Hit, inner: Hit | None) -> FailureKind | None:
    """The failure kind of a message, else that of the one nested in it."""
    return hit.message.kind or (inner.message.kind if inner is not None else None)


def fields_of(*hits: Hit | None) -> dict[str, str]:
    """Places of all hits by name, without quotes; the first hit's win."""
    out: dict[str, str] = {}
    for hit in hits:
        if hit is None:
            continue
        for name, text in {**hit.fields, **hit.message.sets}.items():
            if name not in out and text:
                out[name] = unquoted(text)[:_KEPT]
    return out


def versions(*wordings: Wording | None) -> dict[str, str]:
    """`version_min` and `version_max` that these wordings leave; what bounds nothing is left out.

    >>> versions(Wording("a", "1.3.1", None), Wording("b", "1.0.0", "1.9.0"))
    {'version_min': '1.3.1', 'version_max': '1.9.0'}
    """
    since = [w.since for w in wordings if w is not None and w.since not in (None, "1.0.0")]
    until = [w.until for w in wordings if w is not None and w.until is not None]
    out = {}
    if since:
        out["version_min"] = max((s for s in since if s), key=release)
    if until:
        out["version_max"] = min(until, key=release)
    return out


def meaning_of(hit: Hit, *, level: str | None, plugin: str | None = None, inner: Hit | None = None) -> Meaning:
    """The record of a line that is one message, perhaps with another one nested in it.

    An address that a nested text names is no upstream of a query: it goes to `fields["address"]`.
    """
    fields = fields_of(hit, inner)
    if inner is not None:
        fields.setdefault("inner", inner.message.id)
    nested = inner is not None and "upstream" in inner.fields
    asked = fields.get("upstream")
    if nested and asked is not None:
        fields.setdefault("address", asked)
    spoken = hit.message.plugin if hit.message.plugin != "*" else plugin
    return Meaning(
        message_id=hit.message.id,
        plugin=plugin or spoken,
        level=level,
        label=label_of(hit, inner),
        kind=kind_of(hit, inner),
        upstream=endpoint_of(asked) if asked is not None and not nested else None,
        local_addr=ip_of(fields["local"]) if "local" in fields else None,
        proto=fields.get("proto"),
        fields=_public(fields, versions(hit.wording, inner.wording if inner is not None else None)),
    )


def shape_meaning(lookup: Lookup, message_id: str, *, level: str | None = None, plugin: str | None = None) -> Meaning:
    """The record of a line known by its shape."""
    message = lookup.named(message_id)
    if message is None:
        return Meaning(message_id, plugin, level)
    own = message.plugin if message.plugin != "*" else None
    return Meaning(message_id, plugin or own, level, message.label, message.kind)


def _public(fields: Mapping[str, str], bounds: Mapping[str, str]) -> dict[str, str]:
    return {**{k: v for k, v in fields.items() if k not in _OWN_PLACE}, **bounds}


def unquoted(text: str) -> str:
    """Without the quotes of Go's `%q`; escapes stay as printed.

    >>> unquoted('"example.org."'), unquoted("plain")
    ('example.org.', 'plain')
    """
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
