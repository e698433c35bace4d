"""Lines of the `errors` plugin: one failed query each, or a `consolidate` summary of many."""

from __future__ import annotations

import re
from types import MappingProxyType

from triage.model.message import Where
from triage.model.observation import FailureKind, Meaning
from triage.parsing.addresses import endpoint_of, ip_of
from triage.parsing.head import Head
from triage.parsing.match import Hit, Lookup
from triage.parsing.meaning import fields_of, unquoted, versions

# The number is the rcode that the plugin chain returned with the error, not always what the client got.
RCODES = MappingProxyType(
    dict(enumerate(["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE"]))
    | {11: "DSOTYPENI", 16: "BADVERS", 17: "BADKEY", 18: "BADTIME", 22: "BADTRUNC", 23: "BADCOOKIE"}
)
# A name holds no blank (Go prints `\032`), so it cannot forge what follows it.
_QUERY = re.compile(r"(-?\d{1,5}) (\S{1,1300}) ([A-Za-z0-9_-]{1,20})(?:: ?| )(.*)", re.DOTALL)
_OLD_QUERY = re.compile(r"(-?\d{1,5}) (\S{1,1300}) ([A-Za-z0-9]{1,20})")
# 7b25d1801 (1.2.6) began with "occured", 0eff7f379 (1.4.0) wrote "occurred"; the level became free with 1.8.5.
_SUMMARY = re.compile(r"(\d{1,12}) errors? like '(.*)' (occurr?ed) in last ([0-9a-zµμ.]{1,40})\s*", re.DOTALL)
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|μs|ns)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ns": 1e-9}
_PROBE = re.compile(r"(\d{1,19})\.(\d{1,19})\.(?:(?!\d{1,19}\.)|(?<=\d{5}\.\d{5}\.))")
_ENDPOINT = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}:\d{1,5}|\[[0-9a-fA-F:.]{2,45}\]:\d{1,5}")
_PROTO = re.compile(r"\b(?:read|write|dial) (udp|tcp|quic)\b")
_OLD_PREFIX = "unreachable backend: "  # of the proxy plugin, up to 1.4.0
_PLUGIN_PREFIX = re.compile(r"plugin/([A-Za-z0-9_-]{1,60}): ")


def is_probe(qname: str, qtype: str) -> bool:
    """Is this the `loop` plugin's own query: HINFO for two numbers before the zone?

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
    """Meaning of a line of the `errors` plugin; None when it is none.

    Up to 1.2.5 such lines carry no `plugin/errors: `, so any line of this shape is taken unless it names another plugin.
    """
    if head.plugin not in (None, "errors") or (head.plugin is None and head.level is None):
        return None
    summary = _SUMMARY.fullmatch(head.body)
    if summary is not None:
        return _summary(summary, head.level, lookup)
    if head.query is not None:
        query, detail = _OLD_QUERY.fullmatch(head.query), head.body
        return _failure(query[1], query[2], query[3], detail, head, lookup) if query is not None else None
    match = _QUERY.fullmatch(head.body)
    if match is None:
        return None
    return _failure(match[1], match[2], match[3], match[4], head, lookup)


def find_detail(detail: str, lookup: Lookup) -> tuple[Hit | None, str]:
    """The message that the error text of a query is, and the text without prefixes of plugins."""
    detail = detail.strip()
    while True:
        hit = lookup.find(Where.QUERY, detail)
        if hit is not None and not hit.message.generic:
            return hit, detail
        if detail.startswith(_OLD_PREFIX):
            detail = detail[len(_OLD_PREFIX) :]
            continue
        prefix = _PLUGIN_PREFIX.match(detail)
        if prefix is None:
            return hit, detail
        detail = detail[prefix.end() :]


def _failure(number: str, name: str, qtype: str, detail: str, head: Head, lookup: Lookup) -> Meaning:
    hit, detail = find_detail(detail, lookup)
    inner = _nested(hit, lookup)
    phrase = lookup.phrase(detail) if hit is None or (hit.message.kind is None and inner is None) else None
    qname = qname_of(name)
    fields = fields_of(hit, inner)
    sides = _sides(detail) if hit is None else {}
    told = next(
        (m for m in (hit.message if hit else None, inner.message if inner else None, phrase) if m and m.kind), None
    )
    label = next(
        (
            m.label
            for m in (hit.message if hit else None, inner.message if inner else None, phrase)
            if m and m.label not in ("inside", "unknown")
        ),
        "unknown",
    )
    if hit is None or not {"upstream", "local"} & fields.keys():
        fields = {**sides, **fields}
    return Meaning(
        message_id=hit.message.id if hit is not None else "errors.other",
        plugin="errors",
        level=head.level,
        label=label,
        kind=told.kind if told is not None else FailureKind.OTHER,
        upstream=endpoint_of(fields.get("upstream", "")),
        local_addr=ip_of(fields.get("local", "")),
        proto=fields.get("proto"),
        qname=qname,
        qtype=qtype.upper(),
        rcode=RCODES.get(int(number), number),
        probe=is_probe(qname, qtype.upper()),
        fields=_fields(fields, hit, inner, detail, head),
    )


def _nested(hit: Hit | None, lookup: Lookup) -> Hit | None:
    """What stands in the `{reason:rest}` of a detail: `Post "https://…": dial tcp …`."""
    reason = hit.fields.get("reason") if hit is not None else None
    return lookup.best((Where.QUERY, Where.INSIDE, Where.API), reason) if reason else None


def _sides(detail: str) -> dict[str, str]:
    """`A->B` of a text that no message knows."""
    out = {}
    match = _SIDES.search(detail)
    if match is not None:
        out = {"local": match[1], "upstream": match[2]}
    proto = _PROTO.search(detail)
    if proto is not None:
        out["proto"] = proto[1]
    return out


_SIDES = re.compile(r"(\S{1,80})->(\S{1,80}?)(?:: |$)")


def _fields(fields: dict[str, str], hit: Hit | None, inner: Hit | None, detail: str, head: Head) -> dict[str, str]:
    own = ("upstream", "local", "proto", "qname", "qtype")
    out = {k: unquoted(v) for k, v in fields.items() if k not in own}
    if inner is not None:
        out["inner"] = inner.message.id
    if hit is None or hit.message.generic:
        out["reason"] = detail[:400]
    out |= versions(hit.wording if hit else None, inner.wording if inner else None)
    if head.query is not None:
        out["version_max"] = "1.1.2"  # the bracket form ended with 1.1.3
    elif head.plugin is None:
        out["version_max"] = "1.2.5"  # `plugin/errors: ` came with 1.2.6
    return out


def _summary(match: re.Match[str], level: str | None, lookup: Lookup) -> Meaning:
    pattern = match[2].replace("\\", "")
    phrase = lookup.phrase(pattern)
    ends = set(_ENDPOINT.findall(pattern))
    proto = _PROTO.search(pattern)
    bounds = {"version_min": "1.2.6", "version_max": "1.3.1"} if match[3] == "occured" else {"version_min": "1.3.1"}
    if level in ("WARNING", "INFO", "DEBUG"):
        bounds = {"version_min": "1.8.5"}
    return Meaning(
        message_id="errors.summary",
        plugin="errors",
        level=level,
        label=phrase.label if phrase is not None else "unknown",
        kind=phrase.kind if phrase is not None and phrase.kind is not None else FailureKind.OTHER,
        upstream=endpoint_of(ends.pop()) if len(ends) == 1 else None,
        proto=proto[1] if proto is not None else None,
        weight=max(1, int(match[1])),
        over_s=duration_s(match[4]),
        fields={"pattern": match[2][:400], **bounds},
    )
