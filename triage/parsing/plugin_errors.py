"""Lines of the `errors` plugin: one failed query each, or a `consolidate` summary of many."""

from __future__ import annotations

import re
from types import MappingProxyType

from msgspec.structs import replace

from triage.model.late import late
from triage.model.message import Message, Where
from triage.model.observation import FailureKind, Meaning
from triage.parsing.addresses import endpoint_of, ip_of
from triage.parsing.head import Head
from triage.parsing.match import Hit, Lookup
from triage.parsing.meaning import fields_of, unquoted, versions

SUMMARY = "errors.summary"
OTHER = "errors.other"

RCODES = MappingProxyType(
    {
        0: "NOERROR",
        1: "FORMERR",
        2: "SERVFAIL",
        3: "NXDOMAIN",
        4: "NOTIMP",
        5: "REFUSED",
        6: "YXDOMAIN",
        7: "YXRRSET",
        8: "NXRRSET",
        9: "NOTAUTH",
        10: "NOTZONE",
        16: "BADVERS",
        17: "BADKEY",
        18: "BADTIME",
        22: "BADTRUNC",
        23: "BADCOOKIE",
    }
)
"""The number is the rcode that the plugin chain returned with the error, not always what the client got."""

# A name holds no blank (Go prints `\032`), so it cannot forge what follows it.
_QUERY = late(r"(-?\d{1,5}) (\S{1,1300}) ([A-Za-z0-9_-]{1,20}):(.*)", re.DOTALL)
# A line whose head was cut off, perhaps counted by `uniq -c`.
_BARE = late(r"\s{0,20}(?:(\d{1,9}) {1,20})??(?:(\d{1,2}) )?([^\s:\"]{0,1300}\.) ([A-Z][A-Z0-9]{0,9}): (.+)", re.DOTALL)
_DURATION = late(r"(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|μs|ns)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ns": 1e-9}
_ENDPOINT = late(r"(?:\d{1,3}\.){3}\d{1,3}:\d{1,5}|\[[0-9a-fA-F:.]{2,45}\]:\d{1,5}")
_PROTO = late(r"\b(?:read|write|dial) (udp|tcp|quic)\b")
_OLD_PREFIX = "unreachable backend: "  # of the proxy plugin, up to 1.4.0
_PLUGIN_PREFIX = late(r"plugin/([A-Za-z0-9_-]{1,60}): ")


def is_probe(qname: str, qtype: str) -> bool:
    """Whether this is the `loop` plugin's own query: HINFO for two numbers before the zone.

    >>> is_probe("4547991504243258144.3688648895315093531.", "HINFO"), is_probe("12.34.corp.example.", "HINFO")
    (True, True)
    >>> is_probe("1.2.3.example.", "HINFO"), is_probe("12.34.", "A")
    (False, False)
    """
    if qtype != "HINFO":
        return False
    labels = qname.rstrip(".").split(".")
    numbers = [label for label in labels[:3] if label.isdecimal() and len(label) <= 19]
    if len(labels) < 2 or labels[:2] != numbers[:2]:
        return False
    # Before a reverse zone a third number follows; the probe's own are drawn from 63 bits, so never octets.
    return len(numbers) == 2 or all(len(number) > 3 for number in numbers[:2])


def qname_of(name: str) -> str:
    """Lower case with the trailing dot."""
    name = name.lower()
    return name if name.endswith(".") else name + "."


def duration_s(text: str) -> float | None:
    """Seconds of a Go duration.

    >>> duration_s("1h0m30s"), duration_s("1.5ms"), duration_s("soon")
    (3630.0, 0.0015, None)
    """
    found = _DURATION.findall(text)
    if not found or "".join(n + u for n, u in found) != text:
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in found)


def read_errors_line(head: Head, lookup: Lookup) -> Meaning | None:
    """Meaning of a line that tells one failed query; None when it is none.

    Up to 1.2.5 such lines carry no `plugin/errors: `, so any line of this shape that has a level is taken.
    """
    if head.plugin not in (None, "errors") or head.klog is not None:
        return None
    if head.plugin is None and head.level is None:
        return _bare(head, lookup)
    body = f"{head.query}: {head.body}" if head.query is not None and head.level == "ERROR" else head.body
    match = _QUERY.fullmatch(body.rstrip())
    if match is None:
        return None
    return _failure(match[1], match[2], match[3], find_detail(match[4], lookup), head, lookup)


def _bare(head: Head, lookup: Lookup) -> Meaning | None:
    """A failure without its head; only when a message knows the detail."""
    match = _BARE.fullmatch(head.body.rstrip())
    if match is None:
        return None
    found = find_detail(match[5], lookup)
    if found[0] is None or found[0].message.id == OTHER:
        return None
    meaning = _failure(match[2] or "", match[3], match[4], found, head, lookup)
    fields = {name: text for name, text in meaning.fields.items() if not name.startswith("version_")}
    return replace(meaning, weight=max(1, int(match[1] or 1)), fields=fields)


def _failure(number: str, name: str, qtype: str, found: tuple[Hit | None, str], head: Head, lookup: Lookup) -> Meaning:
    """The record of one failed query."""
    hit, detail = found
    inner = _nested(hit, lookup)
    known = tuple(h.message for h in (hit, inner) if h is not None)
    if not any(message.kind or message.label != "inside" for message in known):
        phrase = lookup.phrase(_without(name.rstrip("."), detail))
        known = (*known, phrase) if phrase is not None else known
    fields = _sides(detail) | fields_of(hit, inner)
    qname, qtype = qname_of(name), qtype.upper()
    return Meaning(
        message_id=hit.message.id if hit is not None else OTHER,
        plugin="errors",
        level=head.level,
        label=_label(known),
        kind=next((message.kind for message in known if message.kind), FailureKind.OTHER),
        upstream=endpoint_of(fields.get("upstream", "")),
        local_addr=ip_of(fields.get("local", "")),
        proto=fields.get("proto"),
        qname=qname,
        qtype=qtype,
        rcode=RCODES.get(int(number), number) if number else None,
        probe=is_probe(qname, qtype),
        fields=_fields(fields, hit, inner, detail, head),
    )


def find_detail(detail: str, lookup: Lookup) -> tuple[Hit | None, str]:
    """The message that the error text of a query is, and the text without prefixes of plugins."""
    detail = detail.strip()
    for _ in range(4):
        hit = lookup.find(Where.QUERY, detail)
        if hit is not None and not hit.message.generic:
            return hit, detail
        prefix = _PLUGIN_PREFIX.match(detail)
        if detail.startswith(_OLD_PREFIX):
            detail = detail[len(_OLD_PREFIX) :]
        elif prefix is not None:
            detail = detail[prefix.end() :]
        else:
            return hit, detail
    return None, detail


def read_summary(hit: Hit, level: str | None, lookup: Lookup) -> Meaning:
    """Meaning of a `consolidate` summary: what its pattern tells, and the failures it stands for."""
    pattern = hit.fields["pattern"].replace("\\", "")
    phrase = lookup.phrase(pattern)
    ends = set(_ENDPOINT.findall(pattern))
    proto = _PROTO.search(pattern)
    bounds = versions(hit.wording)
    if level in ("WARNING", "INFO", "DEBUG"):
        bounds["version_min"] = "1.8.5"  # the level became free
    return Meaning(
        message_id=hit.message.id,
        plugin="errors",
        level=level,
        label=_label((phrase,) if phrase is not None else ()),
        kind=phrase.kind if phrase is not None and phrase.kind is not None else FailureKind.OTHER,
        upstream=endpoint_of(ends.pop()) if len(ends) == 1 else None,
        proto=proto[1] if proto is not None else None,
        weight=max(1, int(hit.fields["weight"])),
        over_s=duration_s(hit.fields["over"]),
        fields={"pattern": hit.fields["pattern"][:400], **bounds},
    )


def _without(name: str, detail: str) -> str:
    """The detail without the client's name, which may be made of telling words."""
    return re.sub(re.escape(name), "", detail, flags=re.IGNORECASE) if name else detail


def _label(known: tuple[Message, ...]) -> str:
    """The first label that says something."""
    return next((message.label for message in known if message.label not in ("inside", "unknown")), "unknown")


def _nested(hit: Hit | None, lookup: Lookup) -> Hit | None:
    """What stands in the `{reason:rest}` of a detail: `Post "https://…": dial tcp …`."""
    reason = hit.fields.get("reason") if hit is not None and hit.message.id != OTHER else None
    return lookup.best((Where.QUERY, Where.INSIDE), reason) if reason else None


def _sides(detail: str) -> dict[str, str]:
    """`A->B` and the protocol of a text, whether a message knows it or not."""
    left, arrow, right = detail.partition("->")
    out = {"local": left.rpartition(" ")[2][-80:], "upstream": right.partition(": ")[0][:80]} if arrow else {}
    proto = _PROTO.search(detail)
    return {**out, "proto": proto[1]} if proto is not None else out


def _fields(fields: dict[str, str], hit: Hit | None, inner: Hit | None, detail: str, head: Head) -> dict[str, str]:
    """What the record has no place of its own for."""
    own = ("upstream", "local", "proto", "qname", "qtype")
    out = {name: unquoted(text) for name, text in fields.items() if name not in own}
    if inner is not None and inner.message.id != OTHER:
        out["inner"] = inner.message.id
    if hit is None or hit.message.generic:
        out["reason"] = detail[:400]
    out |= versions(hit.wording if hit is not None else None, inner.wording if inner is not None else None)
    if head.query is not None:
        out["version_max"] = "1.1.2"  # the bracket form ended with 1.1.3
    elif head.plugin is None:
        out["version_max"] = "1.2.5"  # `plugin/errors: ` came with 1.2.6
    return out
