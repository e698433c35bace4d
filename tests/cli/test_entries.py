"""`triage entries`: every line as a record, in three forms."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT
from triage.cli.entries import Form
from triage.errors import ExitCode
from triage.model.entry import ENTRY_FIELDS
from triage.render.entries import WRITERS

LINE = "2026-03-01T10:00:{:02}.5Z {}\n"
TIMEOUT = "[ERROR] plugin/errors: 2 {} A: read udp 10.0.0.7:4242->10.9.9.9:53: i/o timeout"
QUERY = '[INFO] 10.0.0.9:4242 - 7 "A IN {} udp 41 false 512" {} 5.00{}s'
SUMMARY = "[WARNING] plugin/errors: 12 errors like '^read udp .* i/o timeout$' occurred in last 30s"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    lines = [
        TIMEOUT.format("a.example."),
        QUERY.format("b.example.", "- - 0", 1),
        SUMMARY,
        "[INFO] this is said by nobody",
        QUERY.format("c.example.", "NOERROR qr,rd,ra 60", 2),
        TIMEOUT.format("=cmd|x.example."),
    ]
    path = tmp_path / "coredns-5d78c9869d-aaaaa.log"
    path.write_text("".join(LINE.format(i, text) for i, text in enumerate(lines)))
    return path


def records(out: str) -> list[dict]:
    return [json.loads(line) for line in out.splitlines()]


def test_forms_are_those_that_are_written() -> None:
    assert [form.value for form in Form] == list(WRITERS)


def test_every_understood_line_is_a_record(triage, log: Path) -> None:
    result = triage("entries", log)
    found = records(result.out)
    assert (result.code, result.err) == (0, "")
    assert all(tuple(r) == ENTRY_FIELDS for r in found)
    assert [r["line"] for r in found] == [1, 2, 3, 5, 6]
    assert [r["message_id"] for r in found] == [
        "forward.read-timeout", "log.query", "errors.summary", "log.query", "forward.read-timeout",
    ]  # fmt: skip
    first, failed, summary = found[:3]
    assert first == {
        "file": log.name, "line": 1, "replica": "coredns-5d78c9869d-aaaaa", "node": None, "subnet": None, "az": None,
        "at": "2026-03-01T10:00:00.5Z", "level": "ERROR", "plugin": "errors", "message_id": "forward.read-timeout",
        "cause": "upstream-unreachable", "failure_kind": "timeout", "upstream": "10.9.9.9:53", "local_addr": "10.0.0.7",
        "qname": "a.example.", "qtype": "A", "rcode": "SERVFAIL", "weight": 1, "text": TIMEOUT.format("a.example."),
    }  # fmt: skip
    assert (failed["failure_kind"], failed["rcode"], failed["weight"]) == ("other", None, 1)
    assert (summary["failure_kind"], summary["weight"]) == ("timeout", 12)


def test_unknown_are_the_others(triage, log: Path) -> None:
    (row,) = records(triage("entries", log, "--unknown").out)
    assert (row["line"], row["text"], row["cause"]) == (4, "[INFO] this is said by nobody", "unknown")


def test_csv_says_the_same_and_runs_nothing(triage, log: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(triage("entries", log, "-o", "csv").out)))
    asked = records(triage("entries", log).out)
    for row, record in zip(rows, asked, strict=True):
        for name, value in record.items():
            assert row[name] == ("" if value is None else str(value)) or row[name] == f"'{value}"
    assert rows[-1]["qname"] == "'=cmd|x.example."


def test_summary_counts_each_message_of_each_replica(triage, log: Path) -> None:
    lines = triage("entries", log, "-o", "summary").out.splitlines()
    assert lines[0].split() == ["MESSAGE", "REPLICA", "LINES", "WEIGHT", "FIRST", "LAST"]
    name, first, last = "coredns-5d78c9869d-aaaaa", "2026-03-01T10:00:00Z", "2026-03-01T10:00:05Z"
    assert ["forward.read-timeout", name, "2", "2", first, last] in [line.split() for line in lines]
    assert ["errors.summary", name, "1", "12"] in [line.split()[:4] for line in lines]


def test_window(triage, log: Path) -> None:
    asked = triage("entries", log, "--since-time", "2026-03-01T10:00:01Z", "--until", "2026-03-01T10:00:03Z").out
    assert [r["line"] for r in records(asked)] == [2, 3]
    assert triage("entries", log, "--since", "1 hour").code == ExitCode.USAGE


def test_places_come_from_the_other_files(triage) -> None:
    found = records(triage("entries", ROOT / "sample_logs" / "master-subnet").out)
    assert {(r["node"], r["subnet"]) for r in found} == {("k8s-pre-m01", "master"), ("k8s-pre-n02", "worker")}
    given = triage("entries", ROOT / "sample_logs" / "master-subnet", "--subnets", "all=10.196.0.0/16").out
    assert {r["subnet"] for r in records(given)} == {"all"}


def test_no_log_is_said(triage, tmp_path: Path) -> None:
    (tmp_path / "resolv.conf").write_text("nameserver 10.0.0.1\n")
    result = triage("entries", tmp_path)
    assert (result.code, result.out) == (ExitCode.NO_EVIDENCE, "")
    assert "no log" in result.err


@pytest.mark.parametrize("form", Form)
def test_no_control_character_gets_out(triage, tmp_path: Path, form: Form) -> None:
    name = "a\x1b[2J\u202e\u2028b.example."
    text = "".join(LINE.format(1, t) for t in (TIMEOUT.format(name), f"[INFO] \x1b]0;x\x07 {name}"))
    (tmp_path / "coredns-5d78c9869d-a\x1b[1maaaa.log").write_text(text)
    for unknown in ((), ("--unknown",)):
        out = triage("entries", tmp_path, "-o", form, *unknown).out
        assert not [c for c in out if c != "\n" and not c.isprintable()]


def test_who_reads_no_further_ends_it(log: Path) -> None:
    log.write_text(
        "".join(LINE.format(i % 60, QUERY.format("c.example.", "NOERROR qr,rd,ra 60", 2)) for i in range(20_000))
    )
    command = [sys.executable, "-m", "triage", "entries", str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["line"] == 1
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait() == 0


PAGE = (ROOT / "docs" / "entries.md").read_text(encoding="utf-8")


def test_page_lists_the_columns_in_their_order() -> None:
    assert tuple(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) == ENTRY_FIELDS


def test_page_shows_what_the_program_prints(triage, monkeypatch) -> None:
    monkeypatch.chdir(ROOT)
    shown = re.findall(r"^\$ triage (.*)\n((?:.*\n)*?)```", PAGE, re.MULTILINE)
    assert shown
    for command, out in shown:
        assert triage(*command.split()).out == out
