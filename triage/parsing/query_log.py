"""Lines of the query log (plugin `log`): common, combined and custom formats from 1.0 to 1.15."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from triage.model.late import late
from triage.model.observation import Answer, Query
from triage.parsing.addresses import endpoint_of, ip_of
from triage.parsing.plugin_errors import RCODES, duration_s, is_probe, qname_of

_RCODES = frozenset([*RCODES.values(), "NOTIMPL", "BADSIG", "BADMODE", "BADNAME", "BADALG", "DSOTYPENI", "-"])
_CLASSES = frozenset(["IN", "CH", "CHAOS", "HS", "NONE", "ANY", "-"])
_PROTOS = frozenset(["udp", "tcp", "https", "grpc", "quic"])
_QTYPE = late(
    r"A|AAAA|CNAME|MX|NS|PTR|SOA|SRV|TXT|HINFO|ANY|HTTPS|SVCB|NAPTR|CAA|DS|DNSKEY|RRSIG|NSEC3?|NSEC3PARAM|TLSA|SSHFP|SPF"
    r"|AXFR|IXFR|LOC|DNAME|URI|OPT|TSIG|TKEY|NULL|WKS|RP|AFSDB|CERT|None|Reserved|TYPE\d{1,5}"
)
_FLAGS = r"(?:qr|aa|tc|rd|ra|z|ad|cd)(?:,(?:qr|aa|tc|rd|ra|z|ad|cd)){0,7}"
_UNIT = r"(?:h|m|s|ms|us|µs|μs|ns)"
# common: {remote}:{port} - {>id} "{type} {class} {name} {proto} {size} {>do} {>bufsize}" {rcode} {>rflags} {rsize}
# {duration}
# Up to 1.2.5 `[{when}]` stands before the quotes and no level; 1.0.0 to 1.0.4 have no port and no id; before 1.1.4 the
# duration is Go's. combined adds `"{>opcode}"`; whatever else a format adds behind is looked at for an upstream only.
_COMMON = late(
    r"(?:\[INFO\] )?(?P<client>[0-9A-Za-z.:\[\]%-]{2,64}) - (?:\d{1,5} )?(?:\[[^\]\"]{0,40}\] )?(?:\d{1,5} )?"
    r'"(?P<qtype>[A-Za-z0-9-]{1,16}) (?:[A-Z]{2,5}|CLASS\d{1,5}|\d{1,5}|-) (?P<name>\S{1,1300})'
    r' (?P<proto>udp|tcp|https?|grpc|quic)(?: \d{1,7})?(?: (?:true|false))?(?: \d{1,7})?"'
    rf" (?P<rcode>[A-Z0-9]{{2,16}}|\d{{1,5}}|-)(?: (?P<flags>{_FLAGS}|-)?)? (?P<size>\d{{1,7}})"
    rf" (?P<duration>[0-9.]{{1,24}}{_UNIT}(?:[0-9.]{{1,12}}{_UNIT}){{0,3}}|0)(?P<more>(?: .*)?)\s*\Z",
    re.DOTALL,
)
_STAMP = late(r"\s{0,4}(?:\d{4}/\d\d/\d\d \d\d:\d\d:\d\d |\d{4}-\d\d-\d\dT[0-9:.]{8,18}(?:Z|[+-]\d\d:?\d\d) ){0,2}")
_LONGEST = 8192
_FLAGS_WORD = late(_FLAGS)
_DURATION_WORD = late(rf"(?:[0-9]{{1,6}}(?:\.[0-9]{{1,12}})?{_UNIT}){{1,4}}")
_FAST_S = 0.0003
"""The cache answers in less (20 to 150 µs were measured); no upstream does."""
_AT_ONCE_S = 0.001
_NO_NETWORK_S = 0.0002
"""Below it nothing was sent: even a refused try on the same machine takes as long."""


def parse_query(text: str) -> Query | None:
    """The query of a query-log line, with or without stamp and level; None: no query line.

    >>> q = parse_query('[INFO] 10.244.1.7:4567 - 29 "A IN Shop.Test. udp 41 false 1232" NOERROR qr,rd,ra 68 0.0379s')
    >>> q.client, q.qname, q.rcode, q.flags, q.size_bytes, q.duration_s, q.answer.value
    ('10.244.1.7', 'shop.test.', 'NOERROR', 'qr,rd,ra', 68, 0.0379, 'upstream')
    >>> parse_query('[INFO] [fd00::7]:4242 - 7 "AAAA IN a.example. udp 41 false 512" - - 0 6.002s').answer
    <Answer.FAILED: 'failed'>
    >>> parse_query("[INFO] Reloading complete") is None
    True
    """
    words = text.split(" ")
    if len(words) == 15 and words[0] == "[INFO]" and words[2] == "-":
        query = _fast(words)
        if query is not None:
            return query
    if len(words) < 2 or len(text) > _LONGEST:
        return None
    match = _COMMON.match(text)
    if match is None:
        start = _STAMP.match(text)
        text = text[start.end() :] if start is not None else text
        match = _COMMON.match(text)
    if match is not None:
        return _common(match)
    return _custom(text[7:]) if text.startswith("[INFO] ") and not text.startswith("[INFO] plugin/") else None


def _fast(words: list[str]) -> Query | None:
    """The common format since 1.2.6, by its blanks alone: twice as fast as an expression."""
    qtype, name, rcode, size, duration = words[4][1:], words[6], words[11], words[13], words[14][:-1]
    if not (
        words[4][0:1] == words[10][-1:] == '"'
        and rcode in _RCODES
        and words[7] in _PROTOS
        and words[5] in _CLASSES
        and size.isdecimal()
        and duration.replace(".", "", 1).isdecimal()
        and words[14][-1:] == "s"
        and duration[0:1] != "."
    ):
        return None
    flags, seconds, size_bytes = words[12], float(duration), int(size)
    if flags != "-" and flags[0:2] != "qr":
        return None
    name = name.lower()
    if name[-1:] != ".":
        name += "."
    return Query(
        _client(words[1]),
        name,
        qtype.upper(),
        rcode,
        flags,
        size_bytes,
        seconds,
        answer_of(rcode, flags, size_bytes, seconds),
        words[7],
        None,
        qtype == "HINFO" and is_probe(name, qtype),
    )


def _common(match: re.Match[str]) -> Query | None:
    client, qtype, name, proto, rcode, flags, size, duration, more = match.groups()
    if rcode not in _RCODES and not rcode.startswith(("RCODE", "RESERVED")) and not rcode.isdecimal():
        return None
    seconds, size_bytes, qtype, qname = duration_s(duration), int(size), qtype.upper(), qname_of(name)
    return Query(
        client=_client(client),
        qname=qname,
        qtype=qtype,
        rcode=RCODES.get(int(rcode), rcode) if rcode.isdecimal() else rcode,
        flags=flags or "",
        size_bytes=size_bytes,
        duration_s=0.0 if duration == "0" else seconds,
        answer=answer_of(rcode, flags or "", size_bytes, seconds),
        proto=proto,
        upstream=_upstream(more.split()),
        probe=is_probe(qname, qtype),
    )


def _client(text: str) -> str | None:
    """The address without its port."""
    if text.startswith("["):
        return text[1 : text.find("]")]
    return (text.partition(":")[0] if text.count(":") < 2 else text) or None


def _upstream(words: list[str]) -> str | None:
    """From `{/forward/upstream}` among further fields."""
    return next((found for word in words if (found := endpoint_of(word.strip('",;'))) is not None), None)


def _custom(text: str) -> Query | None:
    """A line of another format, when type, name and rcode can still be told, and flags or duration besides.

    Words are taken whole (a value behind `key=` too): a name always ends in a dot, so no client can forge a rcode.

    >>> _custom('10.0.0.7:4242 type=A name=a.example. rcode=SERVFAIL flags=qr,rd took=4.001s via=10.9.9.9:53').upstream
    '10.9.9.9:53'
    """
    qtype = name = rcode = flags = proto = None
    seconds: float | None = None
    ends: list[str] = []
    for word in _values(text):
        if name is None and word.endswith(".") and not ip_of(word[:-1]):
            name = word
        elif qtype is None and _QTYPE.fullmatch(word):
            qtype = word
        elif rcode is None and word in _RCODES and word != "-":
            rcode = word
        elif flags is None and _FLAGS_WORD.fullmatch(word):
            flags = word
        elif seconds is None and _DURATION_WORD.fullmatch(word):
            seconds = duration_s(word)
        elif word in _PROTOS:
            proto = word
        elif ip_of(word) is not None:
            ends.append(word)
    if name is None or qtype is None or (flags is None and seconds is None):
        return None
    if rcode is None and not (flags is None and "- - 0" in text):
        return None
    answer = answer_of(rcode or "-", flags or ("-" if rcode is None else ""), None, seconds)
    upstream = next((found for end in ends[1:] if (found := endpoint_of(end)) is not None), None)
    client = ip_of(ends[0]) if ends else None
    qname, qtype = qname_of(name), qtype.upper()
    return Query(
        client, qname, qtype, rcode or "-", flags or "", None, seconds, answer, proto, upstream, is_probe(qname, qtype)
    )


def _values(text: str) -> Iterator[str]:
    """The words of a custom line: of JSON the values, else what stands between blanks, without `key=` and quotes."""
    if text.startswith("{"):
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            return
        if isinstance(data, dict):
            yield from (str(value) for value in data.values() if isinstance(value, str | int | float))
        return
    for word in text.split()[:60]:
        word = word.strip("\"',;|")
        key, equals, value = word.partition("=")
        yield value.strip("\"'") if equals and key.isidentifier() else word


def answer_of(rcode: str, flags: str, size_bytes: int | None, duration_s: float | None) -> Answer:
    """Where an answer came from, by flags, size and duration.

    A failed query has had four looks: SERVFAIL `qr,rd` (up to 1.4.0), `NOERROR - 0` (1.5.0 to 1.8.4), `- - 0`
    (1.8.5 to 1.14.4), SERVFAIL `qr,rd` again (1.14.5 on). One that `max_concurrent` turned away looks alike but is over
    in microseconds; so is SERVFAIL out of the cache (1.15.0 on), which stands for a failure as well.

    >>> answer_of("NOERROR", "-", 0, 6.002).value, answer_of("-", "-", 0, 0.00002).value
    ('failed', 'rejected')
    >>> answer_of("REFUSED", "qr,rd", 33, 0.00002).value, answer_of("SERVFAIL", "qr,rd", 33, 0.00004).value
    ('rejected', 'failed')
    >>> answer_of("NXDOMAIN", "qr,aa,rd", 99, 0.0001).value, answer_of("NOERROR", "qr,aa,rd,ra", 99, 0.0001).value
    ('local', 'cache')
    """
    if flags in ("-", "") or rcode == "-":
        if flags != "-" and rcode != "-" and size_bytes != 0:
            return Answer.UNKNOWN  # a format without flags
        return Answer.REJECTED if _below(duration_s, _NO_NETWORK_S) else Answer.FAILED
    if "ra" in flags:
        return Answer.CACHE if "aa" in flags or _below(duration_s, _FAST_S) else Answer.UPSTREAM
    if "aa" in flags:
        return Answer.LOCAL
    if rcode == "SERVFAIL":
        return Answer.FAILED
    if rcode == "REFUSED" and _below(duration_s, _AT_ONCE_S):
        return Answer.REJECTED
    # Neither ra nor aa: a server without recursion answered, or refused to.
    return Answer.UNKNOWN if duration_s is None or _below(duration_s, _FAST_S) else Answer.UPSTREAM


def _below(duration_s: float | None, limit_s: float) -> bool:
    return duration_s is not None and duration_s < limit_s
