"""Failed queries: kind, ends, name and number in every form from 1.0 to 1.15; names cannot forge them."""

from __future__ import annotations

import pytest

from triage.model.observation import FailureKind, Meaning
from triage.parsing.recognise import Recogniser

ENDS = "10.42.1.7:50112->192.0.2.53:53"
KINDS = [
    (f"read udp {ENDS}: i/o timeout", "forward.read-timeout", "timeout", "upstream-unreachable", "udp"),
    ("dial tcp 192.0.2.53:53: i/o timeout", "forward.dial-timeout", "timeout", "upstream-unreachable", "tcp"),
    (f"read udp {ENDS}: read: connection refused", "forward.read-refused", "refused", "upstream-refused", "udp"),
    (
        "dial tcp 192.0.2.53:53: connect: connection refused",
        "forward.dial-refused",
        "refused",
        "upstream-refused",
        "tcp",
    ),
    (f"read udp {ENDS}: read: no route to host", "forward.no-route", "no_route", "node-network", "udp"),
    (
        "dial udp 192.0.2.53:53: connect: network is unreachable",
        "forward.network-unreachable",
        "unreachable",
        "node-network",
        "udp",
    ),
    (
        f"write udp {ENDS}: write: operation not permitted",
        "forward.write-not-permitted",
        "not_permitted",
        "conntrack",
        "udp",
    ),
    (f"read tcp {ENDS}: read: connection reset by peer", "forward.reset", "reset", "upstream-protocol", "tcp"),
    (
        "dial udp 192.0.2.53:53: socket: too many open files",
        "forward.too-many-open-files",
        "other",
        "fd-exhausted",
        "udp",
    ),
    (f"read udp {ENDS}: read: level 3 reset", "forward.network-error", "other", "unknown", "udp"),
    ("dns: overflowing header size", "dns.overflow", "malformed", "upstream-protocol", None),
    ("dns: overflow unpacking uint16", "dns.overflow", "malformed", "upstream-protocol", None),
    ("EOF", "forward.eof", "eof", "upstream-protocol", None),
    ("no healthy proxies", "forward.no-healthy-proxies", "timeout", "upstream-unreachable", None),
    ("concurrent queries exceeded maximum 1000", "forward.overload", "overload", "forward-overload", None),
    ("context deadline exceeded", "forward.deadline-exceeded", "timeout", "upstream-unreachable", None),
    ("cached connection was closed by peer", "forward.closed-by-peer", "eof", "upstream-protocol", None),
    ("remote error: tls: handshake failure", "forward.tls-alert", "tls", "upstream-protocol", None),
    (
        "tls: failed to verify certificate: x509: certificate signed by unknown authority",
        "forward.tls-unknown-authority",
        "tls",
        "upstream-protocol",
        None,
    ),
    ("plugin/kubernetes: no next plugin found", "errors.no-next-plugin", "other", "zone-config", None),
    ("plugin/forward: no healthy proxies", "forward.no-healthy-proxies", "timeout", "upstream-unreachable", None),
    ("something with i/o timeout in it", "errors.other", "timeout", "upstream-unreachable", None),
    ("a wind from nowhere", "errors.other", "other", "unknown", None),
]


@pytest.mark.parametrize(("detail", "message", "kind", "label", "proto"), KINDS)
def test_kinds(recognise: Recogniser, detail: str, message: str, kind: str, label: str, proto: str | None) -> None:
    found = recognise(f"[ERROR] plugin/errors: 2 Shop.Example.net. A: {detail}")
    assert (found.message_id, found.kind, found.label) == (message, FailureKind(kind), label)
    assert (found.plugin, found.qname, found.qtype, found.rcode) == ("errors", "shop.example.net.", "A", "SERVFAIL")
    assert found.proto == proto
    assert found.upstream == ("192.0.2.53:53" if "192.0.2.53:53" in detail else None)
    assert found.local_addr == ("10.42.1.7" if ENDS in detail else None)


@pytest.mark.parametrize(
    "text",
    [
        "16/Feb/2018:10:00:00 +0000 [ERROR 2 shop.example.net. A] unreachable backend: {}",
        "2018/07/01 12:00:00 [ERROR] 2 shop.example.net. A: unreachable backend: {}",
        " [ERROR] plugin/errors: 2 shop.example.net. A: {}",
        "2019-05-05T12:00:00.123Z [ERROR] plugin/errors: 2 shop.example.net. A: {}",
        "2019-05-05T12:00:00.123+02:00 [ERROR] plugin/errors: 2 shop.example.net. A: {}",
        "[ERROR] plugin/errors: 2 shop.example.net. A: {}",
        "[WARNING] plugin/errors: 2 shop.example.net. A: {}",
        "ERROR] plugin/errors: 2 shop.example.net. A: {}",
        "shop.example.net. A: {}",
    ],
)
def test_forms_of_all_releases(recognise: Recogniser, text: str) -> None:
    found = recognise(text.format(f"read udp {ENDS}: i/o timeout"))
    assert (found.message_id, found.qname, found.qtype) == ("forward.read-timeout", "shop.example.net.", "A")
    assert (found.upstream, found.local_addr) == ("192.0.2.53:53", "10.42.1.7")


@pytest.mark.parametrize(
    ("number", "rcode"), [("0", "NOERROR"), ("1", "FORMERR"), ("2", "SERVFAIL"), ("5", "REFUSED"), ("99", "99")]
)
def test_number_is_an_rcode(recognise: Recogniser, number: str, rcode: str) -> None:
    assert recognise(f"[ERROR] plugin/errors: {number} a.example. A: EOF").rcode == rcode


def test_ipv6_ends(recognise: Recogniser) -> None:
    text = "[ERROR] plugin/errors: 2 a.example. AAAA: read udp [fd00:42::0007]:50112->[2001:DB8::53]:53: i/o timeout"
    found = recognise(text)
    assert (found.upstream, found.local_addr) == ("[2001:db8::53]:53", "fd00:42::7")


@pytest.mark.parametrize(
    "ends",
    [
        "X.X.X.X:50112->X.X.X.X:53",
        "<redacted>:50112-><redacted>:53",
        "10.x.x.x:1->xxx.xxx.xxx.xxx:53",
        "[::…]:1->...:53",
        "*.*.*.*:50112->10.0.0.999:53",
    ],
)
def test_masked_addresses_are_unknown_but_the_failure_counts(recognise: Recogniser, ends: str) -> None:
    found = recognise(f"[ERROR] plugin/errors: 2 a.example. A: read udp {ends}: i/o timeout")
    assert (found.message_id, found.kind) == ("forward.read-timeout", FailureKind.TIMEOUT)
    assert (found.upstream, found.local_addr) == (None, None)


@pytest.mark.parametrize(
    ("name", "qtype", "probe"),
    [
        ("7034512961190284511.3302957611806427745.", "HINFO", True),
        ("7034512961190284511.3302957611806427745.corp.example.", "HINFO", True),
        ("7034512961190284511.3302957611806427745.10.in-addr.arpa.", "HINFO", True),
        ("7034512961190284511.3302957611806427745.", "A", False),
        ("7034512961190284511.corp.example.", "HINFO", False),
        ("70345129611902845110.3302957611806427745.", "HINFO", False),
        ("host.corp.example.", "HINFO", False),
    ],
)
def test_probes_of_the_loop_plugin(recognise: Recogniser, name: str, qtype: str, probe: bool) -> None:
    assert recognise(f"[ERROR] plugin/errors: 2 {name} {qtype}: read udp {ENDS}: i/o timeout").probe is probe


HOSTILE = [
    r"too\032many\032open\032files.",
    r"i/o\032timeout.",
    "a.$(reboot).example.",
    "%s%d%n.example.",
    r"\"quoted\".example.",
    "'.example.",
    "[error].example.",
    "plugin/errors:.example.",
    "->192.0.2.99:53:.example.",
    "2.a.:.example.",
    "x509:.tls:.example.",
    "\u202egpj.example.",
    ("a" * 63 + ".") * 3,
    r"\000" * 63 + ".",
    "errors.like.'.'.occurred.in.last.",
]


def _but_name(meaning: Meaning) -> tuple[object, ...]:
    return (
        *(meaning.message_id, meaning.level, meaning.label, meaning.kind, meaning.upstream, meaning.local_addr),
        *(meaning.proto, meaning.rcode, meaning.weight, meaning.probe, dict(meaning.fields)),
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_names_that_clients_choose_change_nothing_else(recognise: Recogniser, name: str) -> None:
    for detail, *_ in KINDS:
        text = "[ERROR] plugin/errors: 2 {} A: " + detail
        found = recognise(text.format(name))
        assert _but_name(found) == _but_name(recognise(text.format("plain.example."))), detail
        assert found.qname == name.lower()


@pytest.mark.parametrize("detail", ["no idea what {} is", "invalid name after rewrite: {}", 'nobody knows "{}"'])
@pytest.mark.parametrize("name", ["timeout.example.", "refused.", "EOF.", "certificate.x."])
def test_names_repeated_in_the_detail_tell_no_kind(recognise: Recogniser, name: str, detail: str) -> None:
    found = recognise(f"[ERROR] plugin/errors: 2 {name.lower()} A: {detail.format(name)}")
    assert found.kind is FailureKind.OTHER


@pytest.mark.parametrize(
    ("pattern", "kind", "upstream", "proto"),
    [
        ("^read udp .* i/o timeout$", "timeout", None, "udp"),
        (r".* i\/o timeout$", "timeout", None, None),
        (r"^read udp .*->192\.0\.2\.53:53: i/o timeout$", "timeout", "192.0.2.53:53", "udp"),
        (".*connection refused.*", "refused", None, None),
        (r"^dial tcp \[2001:db8::53\]:853: .*no route to host", "no_route", "[2001:db8::53]:853", "tcp"),
        (".*(refused|timeout).*", "other", None, None),
        (".*", "other", None, None),
        ("it's broken' occurred", "other", None, None),
    ],
)
def test_summaries(recognise: Recogniser, pattern: str, kind: str, upstream: str | None, proto: str | None) -> None:
    found = recognise(f"[WARNING] plugin/errors: 37 errors like '{pattern}' occurred in last 5m0s")
    assert (found.message_id, found.level, found.weight, found.over_s) == ("errors.summary", "WARNING", 37, 300.0)
    assert (found.kind, found.upstream, found.proto) == (FailureKind(kind), upstream, proto)
    assert found.qname is None


def test_old_spelling_of_summaries(recognise: Recogniser) -> None:
    found = recognise("2019-01-02T03:04:05.6Z [ERROR] plugin/errors: 4 errors like '.*timeout' occured in last 1h0m30s")
    assert (found.message_id, found.weight, found.over_s) == ("errors.summary", 4, 3630.0)


def test_a_nested_failure_of_an_https_upstream(recognise: Recogniser) -> None:
    text = '[ERROR] plugin/errors: 2 a.example. A: Post "https://192.0.2.53:443/dns-query": dial tcp 192.0.2.53:443: {}'
    refused = recognise(text.format("connect: connection refused"))
    assert (refused.message_id, refused.kind, refused.label) == (
        "forward.doh",
        FailureKind.REFUSED,
        "upstream-refused",
    )
    assert (refused.upstream, refused.fields["inner"]) == ("192.0.2.53:443", "forward.dial-refused")
    assert recognise(text.format("i/o timeout")).kind is FailureKind.TIMEOUT


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        (f"   1693 2 shop.example.net. A: read udp {ENDS}: i/o timeout", 1693),
        (f"1693  shop.example.net. A: read udp {ENDS}: i/o timeout", 1693),
        (f"2 shop.example.net. A: read udp {ENDS}: i/o timeout", 1),
    ],
)
def test_lines_counted_by_uniq_lose_their_head(recognise: Recogniser, text: str, weight: int) -> None:
    found = recognise(text)
    assert (found.message_id, found.weight, found.level) == ("forward.read-timeout", weight, None)


@pytest.mark.parametrize("text", ["Summary. A: all fine", "1. A: see below", "[ERROR] plugin/errors: 2 a.example."])
def test_prose_is_no_failure(recognise: Recogniser, text: str) -> None:
    assert recognise(text).kind is None
