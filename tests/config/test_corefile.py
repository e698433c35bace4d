"""Corefiles, good and broken, as CoreDNS reads them."""

from __future__ import annotations

import random

import pytest

from triage.config import read_corefile
from triage.config.tokens import tokenize

KUBEADM = """\
.:53 {
    errors
    health {
       lameduck 5s
    }
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
    }
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30
}
"""

PROBLEMS = [
    # text, ids with detail
    ("", []),
    (KUBEADM, []),
    (".:53 {\n errors\n", [("corefile.unclosed-brace", ".:53")]),
    (".:53 {\n health {\n  lameduck 5s\n }\n", [("corefile.unclosed-brace", ".:53")]),
    (".:53 {\n eror\n}", [("corefile.unknown-directive", "eror")]),
    (".:53 {\n proxy . 10.0.0.2\n}", [("corefile.removed-directive", "proxy 1.5.0")]),
    (".:53 {\n fanout . 10.0.0.2\n}", [("corefile.external-directive", "fanout")]),
    (".:53 {\n kubernetes {\n  upstream\n }\n}", [("corefile.removed-option", "kubernetes upstream 1.7.0")]),
    (".:53 {\n forward .\n}", [("corefile.forward-without-upstream", ".")]),
    (".:53 {\n forward . " + " ".join(f"10.0.0.{i}" for i in range(16)) + "\n}", [("corefile.forward-too-many", "16")]),
    (".:53 {\n forward . 10.0.0.2 {\n  max_conns 3\n }\n}", [("corefile.forward-unknown-option", "max_conns")]),
    (".:53 {\n forward . 10.0.0.2 {\n  policy fastest\n }\n}", [("corefile.forward-bad-value", "policy fastest")]),
    (".:53 {\n forward . 10.0.0.2\n forward . 10.0.0.3\n}", [("corefile.forward-repeated", ".")]),
    (".:53 {\n cache\n cache 30\n}", [("corefile.directive-repeated", "cache")]),
    (".:53 {\n}\n. {\n}", [("corefile.duplicate-zone", "dns://.:53")]),
    (".:53 {\n bind 10.0.0.7\n}\n.:53 {\n bind 10.0.0.8\n}", []),
    (".:53 {\n}\n.:1053 {\n}\ntls://.:53 {\n}", []),
    ("a.example, ", [("corefile.trailing-comma", "a.example")]),
    (".:53 {\n import snippet\n}", [("corefile.import-unseen", "snippet")]),
    ("(s) {\n errors\n}\n(s) {\n}", [("corefile.snippet-repeated", "s")]),
    (".:53 {\n forward . {$UPSTREAM}\n}", [("corefile.environment-unseen", "{$UPSTREAM}")]),
    (". { errors }", [("corefile.unexpected-brace", "errors")]),
    # A server block inside another: its key is taken for a directive.
    (".:53 {\n errors\n example.org {\n  log\n }\n}", [("corefile.unknown-directive", "example.org")]),
    # A brace glued to a word is part of the word, so the block ends early and the rest becomes a block of its own.
    (
        ".:53 {\n hosts /etc/h a.example{\n  fallthrough\n }\n cache 30\n}",
        [("corefile.unknown-directive", "fallthrough"), ("corefile.unexpected-brace", "}")],
    ),
]


@pytest.mark.parametrize(("text", "expected"), PROBLEMS, ids=[repr(text[:30]) for text, _ in PROBLEMS])
def test_problems_are_named(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(p.id, p.detail) for p in read_corefile(text, file="Corefile").problems] == expected


KEYS = [
    # key line, (scheme, port, zones) of each record
    (".:53", [("dns", "53", (".",))]),
    ("Example.ORG b.example:53", [("dns", "53", ("example.org.", "b.example."))]),
    ("a.example,\nb.example", [("dns", "53", ("a.example.", "b.example."))]),
    ("tls://a.example grpc://b.example:1443", [("tls", "853", ("a.example.",)), ("grpc", "1443", ("b.example.",))]),
    ("a.example:53 a.example:1053", [("dns", "53", ("a.example.",)), ("dns", "1053", ("a.example.",))]),
    ("10.1.4.0/23", [("dns", "53", ("4.1.10.in-addr.arpa.", "5.1.10.in-addr.arpa."))]),
    ("2001:db8::/32", [("dns", "53", ("8.b.d.0.1.0.0.2.ip6.arpa.",))]),
    ("{$ZONE}:{%PORT%}", [("dns", "1053", ("env.example.",))]),
    ("a.example\n{ ", [("dns", "53", ("a.example.",))]),
]


@pytest.mark.parametrize(("key", "expected"), KEYS)
def test_keys_give_zones_ports_and_schemes(key: str, expected: list[tuple[str, str, tuple[str, ...]]]) -> None:
    text = key if key.endswith("{ ") else f"{key} {{"
    blocks = read_corefile(f"{text}\n errors\n}}", file="Corefile", env={"ZONE": "env.example", "PORT": "1053"}).blocks
    assert [(b.scheme, b.port, b.zones) for b in blocks] == expected


TOKENS = [
    ("\ufeffa\r\nb", [("a", 1), ("b", 2)]),
    ("a # b c\nd", [("a", 1), ("d", 2)]),
    ("a#b c", [("a", 1), ("c", 1)]),  # inside a word the comment ends with the word
    ('"a b" c"d "e\nf" g', [("a b", 1), ('c"d', 1), ("e\nf", 1), ("g", 2)]),
    (r'"a\"b\c"', [(r"a\"b\c".replace(r"\"", '"'), 1)]),
    ('"never ends\nx', [("never ends\nx", 1)]),
]


@pytest.mark.parametrize(("text", "expected"), TOKENS)
def test_tokens_are_those_of_the_lexer(text: str, expected: list[tuple[str, int]]) -> None:
    assert [(t.text, t.line) for t in tokenize(text, file="Corefile")] == expected


def test_directives_keep_arguments_blocks_and_lines() -> None:
    corefile = read_corefile(KUBEADM, file="Corefile", first_line=10)
    (block,) = corefile.blocks
    assert [d.name for d in block.directives] == ["errors", "health", "kubernetes", "forward", "cache"]
    health = block.get("health")
    assert health is not None
    assert (health.args, health.block) == ((), (("lameduck", "5s"),))
    (forward,) = block.forwards
    assert (forward.zone, forward.to, forward.max_concurrent) == (".", ("/etc/resolv.conf",), 1000)
    assert (forward.citation.line, forward.citation.text) == (18, "forward . /etc/resolv.conf {")


def test_snippets_and_files_are_pasted_where_they_are_imported() -> None:
    text = "(common) {\n errors\n log\n}\n.:53 {\n import common\n forward . 10.0.0.2\n import custom/*.override\n}\n"
    text += "import custom/*.server\n"
    files = {
        "cache.override": "cache 30",
        "corp.server": "corp.example {\n forward . 10.0.0.9\n}",
        "readme.txt": "eror",
    }
    corefile = read_corefile(text, file="Corefile", imports=files)
    assert corefile.problems == ()
    root, corp = corefile.blocks
    assert [d.name for d in root.directives] == ["errors", "log", "forward", "cache"]
    assert [d.citation.file for d in root.directives] == ["Corefile", "Corefile", "Corefile", "cache.override"]
    assert (corp.zones, corp.forwards[0].to, corp.forwards[0].citation.line) == (("corp.example.",), ("10.0.0.9",), 2)


@pytest.mark.parametrize(
    "text", ["(a) {\n import a\n}\n. {\n import a\n}", "import x", "(a) {\n import b\n}\n(b) {\n import a\n}\nimport a"]
)
def test_imports_that_import_themselves_end(text: str) -> None:
    problems = read_corefile(text, file="Corefile", imports={"x": "import x\nimport x\n"}).problems
    assert "corefile.import-too-deep" in {p.id for p in problems}


FORWARDS = [
    ("forward . tls://9.9.9.9 { \n tls_servername dns.example\n}", {"tls": True, "tls_servername": "dns.example"}),
    ("forward . 10.0.0.2 {\n force_tcp\n}", {"force_tcp": True, "policy": "random", "max_fails": 2}),
    (
        "forward . 10.0.0.2 {\n prefer_udp\n policy round_robin\n max_fails 0\n}",
        {"prefer_udp": True, "policy": "round_robin", "max_fails": 0},
    ),
    (
        "forward Corp.Example 10.0.0.2 {\n except a.corp.example b\n}",
        {"zone": "corp.example.", "except_zones": ("a.corp.example.", "b.")},
    ),
    ("proxy . 10.0.0.2 {\n policy first\n protocol dns force_tcp\n}", {"policy": "sequential", "force_tcp": True}),
    ("forward . 10.0.0.2 {\n max_concurrent 99999999999999\n}", {"max_concurrent": 0}),
]


@pytest.mark.parametrize(("text", "expected"), FORWARDS)
def test_forward_options(text: str, expected: dict[str, object]) -> None:
    (forward,) = read_corefile(f". {{\n{text}\n}}", file="Corefile").blocks[0].forwards
    assert {name: getattr(forward, name) for name in expected} == expected


def test_any_text_is_read_without_an_exception() -> None:
    words = [*'{}#",\\\n\n\n', "import", "forward", "(s)", "s", "a.example:53", "{$X}", "tls://", "10.0.0.0/8", "x,"]
    chance = random.Random(11)
    for _ in range(2000):
        text = " ".join(chance.choice(words) for _ in range(chance.randint(1, 30)))
        read_corefile(text, file="Corefile", imports={"s": "errors", "x": "import s"})
