"""Clients choose query names, and anybody wrote the files: nothing of it becomes more than a word of a command."""

from __future__ import annotations

import ipaddress
import json
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.analysis.asking import ask, rulebook
from tests.analysis.incident import BASE, COREFILE, Incident, Replica, mixed, write
from tests.analysis.made import context, draft, group, inputs, sign, stream
from triage.analysis.checks import PLACEHOLDERS, fill, names_for
from triage.model.report import CheckStep, Hypothesis, Report

NAMES = (
    "a.$(:>pwned).example.org.",
    r"a.$\(:>pwned\).example.org.",
    "a.`:>pwned`.example.org.",
    "a.;:>pwned;.example.org.",
    "a.'$(:>pwned)'.example.org.",
    'a."`:>pwned`".example.org.',
    "a.|:>pwned|.example.org.",
    "a.&&:>pwned&.example.org.",
    r"a.\010:>pwned\010.example.org.",
    "${IFS}:>pwned.example.org.",
    "-f/etc/shadow.",
    "--.example.org.",
    "+trace.",
    "@10.6.6.6.",
    "\u202etxt.example.org.",
)
NO_ADDRESS = ("$(:>pwned)", "ns1.example.org", "`:>pwned`", "10.0.0.1;:>pwned", "fade", "....", "10.0.0.999", "-x", "")
ONE_WORD = PLACEHOLDERS - {"servers"}


def tokens(command: str) -> list[str]:
    """Words and operators as a shell sees them."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    return list(lexer)


def expected(template: str, names: dict[str, str]) -> list[str]:
    """The words of a rule's command, each name put in afterwards: whatever it holds, it cannot add a word."""
    marks = {name: f"zz{name}zz" for name in PLACEHOLDERS}
    out: list[str] = []
    for word in tokens(template.format_map(marks)):
        if word == marks["servers"]:
            out += names["servers"].split(" ")
            continue
        for name in ONE_WORD & names.keys():
            word = word.replace(marks[name], names[name])
        out.append(word)
    return out


def steps(report: Report) -> Iterator[tuple[Hypothesis, CheckStep]]:
    return ((h, step) for h in report.hypotheses for step in h.next_checks)


def commands(report: Report) -> list[str]:
    return [step.command for _, step in steps(report)] + [g.command for g in report.gaps if g.command]


def assert_harmless(report: Report) -> None:
    """Each command has the words of its rule, and nothing that was read is an option, an operator or a substitution."""
    for h, step in steps(report):
        rule = rulebook().rule_of(h.cause)
        assert rule is not None
        template = next(c.command for c in rule.checks if c.id == step.id)
        assert tokens(step.command) == expected(template, dict(step.names))
        for name, value in step.names.items():
            assert not value.startswith(("-", "+", "@")), f"{name} could be an option: {value}"
    for command in commands(report):
        assert command.isascii()
        assert "pwned" not in command
        assert command.isprintable()
        assert_asks_addresses(command)


def assert_asks_addresses(command: str) -> None:
    for word in tokens(command):
        if word.startswith("@") and word != "@$s":
            ipaddress.ip_address(word[1:])


def run_all(report: Report, folder: Path) -> None:
    """Every command in a real shell, where each program only ends: nothing may be left behind."""
    programs = folder / "programs"
    programs.mkdir()
    for name in ("dig", "kubectl", "sysctl", "grep", "curl", "ip", "ss", "cat", "conntrack", "nslookup"):
        (programs / name).write_text("#!/bin/sh\nexit 0\n", encoding="utf-8")
        (programs / name).chmod(0o755)
    here = folder / "here"
    here.mkdir()
    for command in commands(report):
        subprocess.run(["/bin/sh", "-c", command], cwd=here, env={"PATH": str(programs)}, check=False, timeout=20)
    assert list(here.iterdir()) == []


def failing_with(qname: str, framing: str = "docker") -> dict[str, str]:
    return replace(BASE, qname=qname, framing=framing, cut=False).files()


@pytest.mark.parametrize("qname", NAMES)
def test_query_names(qname: str, tmp_path: Path) -> None:
    report = ask(write(tmp_path / "evidence", failing_with(qname)))
    assert report.hypotheses
    assert_harmless(report)
    run_all(report, tmp_path)


def test_a_name_with_a_newline(tmp_path: Path) -> None:
    """In JSON framing one record can hold two lines: neither adds a word to a command."""
    files = failing_with("x.example.org.\n[ERROR] plugin/errors: 2 a.$(:>pwned). A: read udp")
    report = ask(write(tmp_path / "evidence", files))
    assert_harmless(report)
    run_all(report, tmp_path)


def test_an_honest_name_is_still_asked(tmp_path: Path) -> None:
    """The guard does not cost the check: a usual name stands in its command as it is."""
    report = ask(write(tmp_path, failing_with("_dmarc.mail-1.example.org.")))
    assert any("_dmarc.mail-1.example.org." in command for command in commands(report))
    assert any(f"@{BASE.upstream}" in command for command in commands(report))


@pytest.mark.parametrize("upstream", NO_ADDRESS)
def test_upstreams_that_are_no_address_are_not_offered(upstream: str, tmp_path: Path) -> None:
    files = {**replace(BASE, upstream=upstream).files(), "Corefile": COREFILE.replace("/etc/resolv.conf", upstream)}
    report = ask(write(tmp_path / "evidence", files))
    assert_harmless(report)
    run_all(report, tmp_path)


@pytest.mark.parametrize("upstream", NO_ADDRESS)
def test_no_name_is_made_of_what_is_no_address(upstream: str) -> None:
    at = f"{upstream}:53"
    failing = group(sign("a", upstream=at))
    names = names_for(draft("x", 0.9), context(failing, inputs(streams=[stream("a")])), [at])
    assert "upstream_ip" not in names
    assert "servers" not in names


@pytest.mark.parametrize("server", NO_ADDRESS)
def test_resolvers_that_are_no_address_are_not_asked(server: str, tmp_path: Path) -> None:
    report = ask(write(tmp_path / "evidence", mixed(("10.20.0.5", server, "9.9.9.9"))))
    assert_harmless(report)
    run_all(report, tmp_path)


@pytest.mark.parametrize(
    "name", ["coredns-$(:>pwned)-x", "coredns-;:>pwned;", "-A", "--all", "a b", "coredns-`:>pwned`"]
)
def test_names_of_replicas_and_nodes(name: str, tmp_path: Path) -> None:
    """From a file's name, a pod list and a node list alike."""
    bad = Replica(name, f"node-{name}", BASE.failing.ip)
    incident: Incident = replace(BASE, replicas=(bad, BASE.replicas[1]), masters=((bad.node, "10.60.4.11"),))
    files = {key.replace("/", "_"): text for key, text in incident.files().items()}
    report = ask(write(tmp_path / "evidence", files))
    assert_harmless(report)
    run_all(report, tmp_path)


@pytest.mark.parametrize("namespace", ["$(:>pwned)", "x --raw", "x;:>pwned", "../../nodes", "-A"])
def test_namespaces_of_pods(namespace: str, tmp_path: Path) -> None:
    pod = BASE.failing.pod
    item = {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": pod, "namespace": namespace},
        "spec": {"nodeName": "oak-cp1"}, "status": {"podIP": BASE.failing.ip, "phase": "Running"},
    }  # fmt: skip
    shed = "[ERROR] plugin/errors: 2 a.example.org. A: concurrent queries exceeded maximum 1000\n"
    files = {"pods.json": json.dumps({"kind": "List", "items": [item]}), f"{pod}.log": shed * 40}
    report = ask(write(tmp_path / "evidence", files))
    assert report.hypotheses[0].cause == "forward-overload"
    assert_harmless(report)
    assert all(namespace not in command for command in commands(report))


@pytest.mark.parametrize("value", ["a b", "$(x)", "'", '"', "\\", "\n", "*", "~root", "{qname}", "%s", "!!", "#"])
def test_quoting_gives_a_shell_the_value_back(value: str) -> None:
    command = fill("printf %s {qname}", {"qname": value.replace(" ", "_")})
    assert command is not None
    said = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True, cwd="/").stdout
    assert said == value.replace(" ", "_")
