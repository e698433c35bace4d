"""Query lines of all formats; what a failed query looked like in four eras; what is no query line."""

from __future__ import annotations

import pytest

from triage.model.observation import Answer
from triage.parsing.query_log import parse_query

NOW = '[INFO] 10.42.3.9:40112 - 2201 "A IN Shop.example.net. udp 34 false 1232" NOERROR qr,rd,ra 66 0.003120114s'


def test_the_common_format() -> None:
    query = parse_query(NOW)
    assert query is not None
    assert (query.client, query.qname, query.qtype, query.proto) == ("10.42.3.9", "shop.example.net.", "A", "udp")
    assert (query.rcode, query.flags, query.size_bytes, query.duration_s) == ("NOERROR", "qr,rd,ra", 66, 0.003120114)
    assert (query.answer, query.upstream, query.probe) == (Answer.UPSTREAM, None, False)


@pytest.mark.parametrize(
    ("release", "text"),
    [
        ("v001", '10.42.3.9 - [16/Mar/2016:20:00:00 +0000] "A IN a.example. udp false 4096" NOERROR 66 1.5ms'),
        ("v004", '10.42.3.9 - [16/Mar/2016:20:00:00 +0000] "A IN a.example. udp 34 false 4096" NOERROR 66 1.5ms'),
        (
            "v011",
            '10.42.3.9 - [16/Mar/2016:20:00:00 +0000] "A IN a.example. udp 34 false 4096" NOERROR qr,rd,ra 66 1.5ms',
        ),
        (
            "1.0.5",
            '10.42.3.9 - 2201 [16/Mar/2018:20:00:00 +0000] "A IN a.example. udp 34 false 4096" NOERROR qr,rd 66 1.5ms',
        ),
        (
            "1.1.0",
            '10.42.3.9:40112 - 2201 [16/Mar/2018:20:00:00 +0000] "A IN a.example. udp 34 false 4096" NOERROR qr,rd 66'
            " 1.5ms",
        ),
        (
            "1.1.4",
            '10.42.3.9:40112 - [16/Mar/2018:20:00:00 +0000] 2201 "A IN a.example. udp 34 false 512" NOERROR qr,rd 66'
            " 0.0015s",
        ),
        (
            "1.2.6",
            '2018-12-15T10:00:00.123Z [INFO] 10.42.3.9:40112 - 2201 "A IN a.example. udp 34 false 512" NOERROR qr,rd 66'
            " 0.0015s",
        ),
        ("1.6.3", '[INFO] 10.42.3.9:40112 - 2201 "A IN a.example. udp 34 false 512" NOERROR qr,rd,ra 66 0.0015s'),
        ("literal", '[INFO] 10.42.3.9:40112 - [{when}] "A IN a.example. udp 34 false 512" NOERROR qr,rd,ra 66 0.0015s'),
        (
            "combined",
            '[INFO] 10.42.3.9:40112 - 2201 "A IN a.example. udp 34 false 512" NOERROR qr,rd,ra 66 0.0015s "0"',
        ),
        ("no level", '10.42.3.9:40112 - 2201 "A IN a.example. udp 34 false 512" NOERROR qr,rd,ra 66 0.0015s'),
    ],
)
def test_formats_of_all_releases(release: str, text: str) -> None:
    query = parse_query(text)
    assert query is not None, release
    assert (query.client, query.qname, query.rcode, query.size_bytes) == ("10.42.3.9", "a.example.", "NOERROR", 66)
    assert query.duration_s == pytest.approx(0.0015)


@pytest.mark.parametrize(
    ("client", "address"),
    [("[fd00::7]:4242", "fd00::7"), ("fd00::7", "fd00::7"), ("[::1]:53", "::1"), ("10.42.3.9:1", "10.42.3.9")],
)
def test_clients(client: str, address: str) -> None:
    query = parse_query(f'[INFO] {client} - 7 "AAAA IN a.example. tcp 34 false 65535" NOERROR qr,aa,rd 66 0.0001s')
    assert query is not None
    assert (query.client, query.proto) == (address, "tcp")


@pytest.mark.parametrize(
    ("rest", "answer"),
    [
        ("SERVFAIL qr,rd 34 6.002s", "failed"),  # up to 1.4.0
        ("NOERROR - 0 6.002345678s", "failed"),  # 1.5.0 to 1.8.4
        ("- - 0 6.002345678s", "failed"),  # 1.8.5 to 1.14.4
        ("SERVFAIL qr,rd 34 4.001768634s", "failed"),  # 1.14.5 on
        ("SERVFAIL qr,rd 34 0.000042s", "failed"),  # 1.15.0 on, out of the cache
        ("- - 0 2.000812345s", "failed"),
        ("- - 0 0.000015123s", "rejected"),
        ("NOERROR - 0 0.000015123s", "rejected"),
        ("REFUSED qr,rd 34 0.000021s", "rejected"),
        ("SERVFAIL qr,rd,ra 34 0.012s", "upstream"),
        ("REFUSED qr,rd 34 0.012s", "upstream"),
        ("NXDOMAIN qr,rd,ra 99 0.012s", "upstream"),
        ("NXDOMAIN qr,rd,ra 99 0.00012s", "cache"),
        ("NOERROR qr,aa,rd,ra 99 0.00012s", "cache"),
        ("NXDOMAIN qr,aa,rd 141 0.0001s", "local"),
        ("SERVFAIL qr,aa,rd 141 0.0001s", "local"),
        ("NOERROR qr,rd 60 0.02s", "upstream"),
    ],
)
def test_where_an_answer_came_from(rest: str, answer: str) -> None:
    query = parse_query(f'[INFO] 10.42.3.9:40112 - 2201 "A IN a.example. udp 34 false 1232" {rest}')
    assert query is not None
    assert query.answer is Answer(answer)


def test_probes_are_marked() -> None:
    text = '[INFO] 127.0.0.1:4242 - 7 "{} IN 703451296119.330295761180. udp 56 false 512" NXDOMAIN qr,rd,ra 131 0.02s'
    assert [q.probe for q in map(parse_query, (text.format("HINFO"), text.format("A"))) if q] == [True, False]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (NOW + " 192.0.2.53:53", "192.0.2.53:53"),
        (NOW + ' "192.0.2.53:53" default', "192.0.2.53:53"),
        (NOW + " -", None),
        ("[INFO] 10.42.3.9:1 A shop.example.net. NOERROR 0.0031s via 192.0.2.53:53", "192.0.2.53:53"),
        (
            "[INFO] client=10.42.3.9 type=A name=shop.example.net. rcode=NOERROR took=0.0031s up=192.0.2.53:53",
            "192.0.2.53:53",
        ),
        ('[INFO] {"c":"10.42.3.9","t":"A","n":"shop.example.net.","r":"NOERROR","d":"0.0031s"}', None),
    ],
)
def test_custom_formats_while_enough_fields_remain(text: str, expected: str | None) -> None:
    query = parse_query(text)
    assert query is not None
    assert (query.client, query.qname, query.rcode) == ("10.42.3.9", "shop.example.net.", "NOERROR")
    assert query.duration_s == pytest.approx(0.0031, rel=0.01)
    assert query.upstream == expected


@pytest.mark.parametrize("name", [r"noerror\032qr,aa.", "'-.", r"a\".b.", "x=nxdomain.", "[info].", "%s.", "\u202ea."])
def test_names_that_clients_choose_change_nothing_else(name: str) -> None:
    query = parse_query(NOW.replace("Shop.example.net.", name))
    assert query is not None
    assert (query.qname, query.rcode, query.answer) == (name, "NOERROR", Answer.UPSTREAM)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[INFO] Reloading complete",
        "[INFO] plugin/reload: Running configuration SHA512 = 00",
        "[INFO] plugin/fanout: A a.example. NOERROR 0.1s",
        "[ERROR] plugin/errors: 2 a.example. A: read udp 10.0.0.7:1->10.0.0.2:53: i/o timeout",
        "[INFO] a.example. is A and took 0.1s",
        NOW[:60],
        NOW.replace("NOERROR", "FINE"),
        NOW + "x" * 10_000,
        "x" * 100_000,
        " " * 100_000,
        "[INFO] {" * 10_000,
    ],
)
def test_other_lines_are_no_queries(text: str) -> None:
    assert parse_query(text) is None


@pytest.mark.parametrize("text", [NOW, NOW.replace("qr,rd,ra", "-"), NOW.replace("0.003120114s", "3.12ms")])
def test_both_ways_of_reading_agree(text: str) -> None:
    """The fast way takes the line without stamp, the expression the one with it."""
    assert parse_query(text) == parse_query("2019-01-02T03:04:05.678Z " + text)
