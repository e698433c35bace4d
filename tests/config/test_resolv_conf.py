"""resolv.conf: nameservers as miekg/dns takes them."""

from __future__ import annotations

import pytest

from triage.config import read_resolv_conf

ROWS = [
    ("nameserver 10.0.0.2\nnameserver 10.0.0.2\n", [("10.0.0.2", 1), ("10.0.0.2", 2)]),
    ("# c\n;c\n  nameserver\t10.0.0.2  # first\r\nNameserver 10.0.0.3\n", [("10.0.0.2", 3)]),
    ("nameserver 2001:DB8::0:1\nnameserver fe80::1%eth0", [("2001:db8::1", 1), ("fe80::1", 2)]),
    ("nameserver\nnameserver dns.example\nnameservers 10.0.0.2", []),
    ("", []),
]


@pytest.mark.parametrize(("text", "expected"), ROWS)
def test_nameservers(text: str, expected: list[tuple[str, int]]) -> None:
    conf = read_resolv_conf(text, file="n1.resolv.conf", host="n1")
    assert [(address, citation.line) for address, citation in conf.nameservers] == expected


def test_lines_are_counted_from_where_the_text_begins() -> None:
    conf = read_resolv_conf("nameserver 10.0.0.2", file="terminal.txt", host="n1", first_line=41)
    assert (conf.nameservers[0][1].file, conf.nameservers[0][1].line) == ("terminal.txt", 41)


@pytest.mark.parametrize(
    ("search", "pod"),
    [
        ("search default.svc.cluster.local svc.cluster.local cluster.local", True),
        ("search shop.svc.k8s.corp.example svc.k8s.corp.example k8s.corp.example corp.example", True),
        ("search corp.example", False),
        ("domain svc.example", False),
    ],
)
def test_a_pods_file_is_told_from_a_nodes(search: str, pod: bool) -> None:
    assert read_resolv_conf(f"nameserver 10.96.0.10\n{search}\n", file="r", host=None).pod is pod
