"""Lines of the query log (plugin `log`): common, combined and custom formats from 1.0 to 1.15."""

from __future__ import annotations

import re

from triage.model.observation import Answer, Query
from triage.parsing.addresses import endpoint_of
from triage.parsing.plugin_errors import duration_s, is_probe, qname_of

_RCODES = "NOERROR|FORMERR|SERVFAIL|NXDOMAIN|NOTIMP|NOTIMPL|REFUSED|YXDOMAIN|YXRRSET|NXRRSET|NOTAUTH|NOTZONE|DSOTYPENI|BAD[A-Z]{2,7}|RCODE\\d{1,5}|RESERVED\\d{1,5}|\\d{1,5}|-"
_CLASSES = "IN|CH|CHAOS|HS|NONE|ANY|CLASS\\d{1,5}|\\d{1,5}|-"
_FLAGS = "(?:qr|aa|tc|rd|ra|z|ad|cd)(?:,(?:qr|aa|tc|rd|ra|z|ad|cd)){0,7}|-"
# common: {remote}:{port} - {>id} "{type} {class} {name} {proto} {size} {>do} {>bufsize}" {rcode} {>rflags} {rsize} {duration}
# Up to 1.2.5 `[{when}]` stands before the quotes and no level; 1.0.0 to 1.0.4 have no port and no id; before 1.1.4 the
# duration is Go's. combined adds `"{>opcode}"`; whatever else a format adds behind is looked at for an upstream only.
_COMMON = re.compile(
    r'(?:\[INFO\] )?(?P<client>[0-9A-Fa-f.:\[\]%A-Za-z]{2,64}) - (?:\d{1,5} )?(?:\[[^\]"]{0,40}\] )?(?:\d{1,5} )?'
    rf'"(?P<qtype>[A-Za-z0-9-]{{1,16}}) (?:{_CLASSES}) (?P<name>\S{{1,1300}}) (?P<proto>udp|tcp|https?|grpc|quic)(?: \d{{1,7}})?(?: (?:true|false))?(?: \d{{1,7}})?"'
    rf" (?P<rcode>{_RCODES})(?: (?P<flags>{_FLAGS})?)? (?P<size>\d{{1,7}}) (?P<duration>[0-9.]{{1,24}}(?:h|m|s|ms|us|µs|μs|ns)\S{{0,20}}|0s?)(?P<more>.*)"
)
_STAMP = re.compile(
    r"\s{0,4}(?:\d{4}/\d\d/\d\d \d\d:\d\d:\d\d |\d{4}-\d\d-\d\dT[0-9:.]{8,18}(?:Z|[+-]\d\d:?\d\d) ?){0,2}"
)
_QUESTION = re.compile(rf"(?P<qtype>[A-Z][A-Z0-9-]{{0,15}}) (?:(?:{_CLASSES}) )?(?P<name>\S{{1,1300}}\.)(?= |\"|$)")
_WORDS = re.compile(
    rf"(?:^|[ =:\"])(?P<rcode>{_RCODES.removesuffix('|-').replace('|' + chr(92) + 'd{1,5}', '')})(?=[ ,\";]|$)"
)
_CUSTOM_DURATION = re.compile(r"(?:^|[ =\"])([0-9.]{1,24}(?:ms|µs|us|ns|s))(?=[ ,\";]|$)")
_CUSTOM_FLAGS = re.compile(r"(?:^|[ =\"])(qr(?:,(?:aa|tc|rd|ra|z|ad|cd)){0,7})(?=[ ,\";]|$)")
_CUSTOM_CLIENT = re.compile(r"(?:^|[ =\"])((?:\d{1,3}\.){3}\d{1,3}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?(?=[ ,\";]|$)")
_FAST_S = 0.0003
"""A cache answers in less (1.9 to 1.15 measured: 20 to 150 µs); no upstream does."""
_AT_ONCE_S = 0.001
_NO_NETWORK_S = 0.0002
"""Below it nothing was sent: a refused try on the same machine takes as long."""


def parse_query(text: str) -> Query | None:
    """The query of a query-log line, with or without stamp and level; None: no query line.

    >>> q = parse_query('[INFO] 10.244.1.7:45678 - 29008 "A IN Shop.Example. udp 41 false 1232" NOERROR qr,rd,ra 68 0.0379s')
    >>> q.client, q.qname, q.rcode, q.flags, q.size_bytes, q.duration_s, q.answer.value
    ('10.244.1.7', 'shop.example.', 'NOERROR', 'qr,rd,ra', 68, 0.0379, 'upstream')
    >>> parse_query('[INFO] [fd00::7]:4242 - 7 "AAAA IN a.example. udp 41 false 512" - - 0 6.002s').answer
    <Answer.FAILED: 'failed'>
    >>> parse_query("[INFO] Reloading complete") is None
    True
    """
    match = _COMMON.match(text)
    if match is None:
        if "." not in text or len(text) > 8192:
            return None
        match = _COMMON.match(text, _STAMP.match(text).end())  # type: ignore[union-attr]
        if match is None:
            return None
    client, qtype, name, proto, rcode, flags, size, duration, more = match.groups()
    seconds = (
        float(duration[:-1])
        if duration[-2:-1].isdecimal() and duration[-1] == "s" and duration.count(".") < 2
        else duration_s(duration)
    )
    flags = flags or ""
    qtype = qtype.upper()
    size_bytes = int(size)
    qname = qname_of(name)
    return Query(
        client=_client(client),
        qname=qname,
        qtype=qtype,
        rcode=rcode,
        flags=flags,
        size_bytes=size_bytes,
        duration_s=seconds,
        answer=answer_of(rcode, flags, size_bytes, seconds),
        proto=proto,
        upstream=_upstream(more) if more else None,
        probe=qtype == "HINFO" and is_probe(qname, qtype),
    )


def _client(text: str) -> str | None:
    if text[0] == "[":
        return text[1 : text.find("]")]
    if text.count(":") <= 1:
        return text.partition(":")[0]
    return text


def _upstream(more: str) -> str | None:
    """From `{/forward/upstream}` behind the common fields."""
    for word in more.split():
        found = endpoint_of(word.strip('"'))
        if found is not None:
            return found
    return None


def answer_of(rcode: str, flags: str, size_bytes: int | None, duration_s: float | None) -> Answer:
    """Where an answer came from, by flags, size and duration.

    A failed query has had four looks: SERVFAIL `qr,rd` (up to 1.4.0), `NOERROR - 0` (1.5.0 to 1.8.4), `- - 0`
    (1.8.5 to 1.14.4), SERVFAIL `qr,rd` again (1.14.5 on). One that `max_concurrent` turned away looks alike but is over
    within a millisecond; so is SERVFAIL out of the cache (1.15.0 on), which stands for a failure as well.

    >>> answer_of("NOERROR", "-", 0, 6.002).value, answer_of("-", "-", 0, 0.00002).value
    ('failed', 'rejected')
    >>> answer_of("REFUSED", "qr,rd", 33, 0.00002).value, answer_of("SERVFAIL", "qr,rd", 33, 0.00004).value
    ('rejected', 'failed')
    >>> answer_of("NXDOMAIN", "qr,aa,rd", 99, 0.0001).value, answer_of("NOERROR", "qr,aa,rd,ra", 99, 0.0001).value
    ('local', 'cache')
    """
    if flags in ("-", "") or rcode == "-":
        if not flags and rcode != "-" and size_bytes != 0:
            return Answer.UNKNOWN
        return Answer.REJECTED if _below(duration_s, _NO_NETWORK_S) else Answer.FAILED
    ra, aa = "ra" in flags, "aa" in flags
    if ra:
        return Answer.CACHE if aa or _below(duration_s, _FAST_S) else Answer.UPSTREAM
    if aa:
        return Answer.LOCAL
    if rcode == "SERVFAIL":
        return Answer.FAILED
    if rcode == "REFUSED" and _below(duration_s, _AT_ONCE_S):
        return Answer.REJECTED
    # Neither ra nor aa: a server without recursion answered, or refused to.
    return Answer.UNKNOWN if duration_s is None or _below(duration_s, _FAST_S) else Answer.UPSTREAM


def _below(duration_s: float | None, limit_s: float) -> bool:
    return duration_s is not None and duration_s < limit_s
