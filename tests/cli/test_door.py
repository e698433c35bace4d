"""Every way out: exit codes, sentences with hints, no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT
from triage import pipeline
from triage.cli import main
from triage.cli.door import program_name
from triage.errors import ExitCode, TriageError


@pytest.mark.parametrize(
    "args",
    [
        ["frobnicate"],
        ["analyze"],
        ["analyze", "--frobnicate", "x"],
        ["analyze", "x", "-o", "xml"],
        ["analyze", "x", "--fail-on", "sometimes"],
        ["analyze", "/does/not/exist"],
        ["analyze", "x", "--write", "report.docx"],
        ["analyze", "x", "--since", "soon"],
        ["analyze", "x", "--since", "1h", "--since-time", "2025-11-25T10:00:00Z"],
        ["analyze", "x", "--until", "2025-11-25T10:00:00"],
        ["analyze", "x", "--since-time", "2025-11-25T10:00:00Z", "--until", "2025-11-25T09:00:00Z"],
        ["analyze", "x", "--subnets", "master=10.0.0.0/99"],
        ["analyze", "x", "--rules", "/does/not/exist"],
        ["demo", "no-such-story"],
        ["rules", "show", "no-such-rule"],
        ["rules", "test", "no-such-rule"],
        ["rules", "new", "No Such Id"],
        ["collect"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_2_with_a_sentence(triage, args: list[str]) -> None:
    result = triage(*args)
    assert result.code == ExitCode.USAGE
    assert result.out == ""
    assert "rror:" in result.err
    assert "Traceback" not in result.err


def test_an_error_comes_with_its_hint(triage) -> None:
    assert " hint: " in triage("analyze", "/does/not/exist").err


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch):
    def fail_with(error: BaseException) -> None:
        def load_rulebook(folder: Path | None) -> None:
            raise error

        monkeypatch.setattr(pipeline, "load_rulebook", load_rulebook)

    return fail_with


def test_anything_else_is_our_bug(triage, broken) -> None:
    broken(ZeroDivisionError("the \x1b[31munexpected"))
    result = triage("version")
    assert result.code == ExitCode.FAILED
    assert "this is a bug in coredns-triage" in result.err
    assert "\\x1b[31m" in result.err
    assert "Traceback" not in result.err
    assert len(result.err.splitlines()) == 2


@pytest.mark.parametrize("way", ["option", "environment"])
def test_a_bug_shows_its_traceback_on_request(triage, broken, evidence, monkeypatch, way: str) -> None:
    broken(ZeroDivisionError("unexpected"))
    if way == "environment":
        monkeypatch.setenv("TRIAGE_DEBUG", "1")
    result = triage("analyze", evidence, *(["-v"] if way == "option" else []))
    assert result.code == ExitCode.FAILED
    assert "Traceback" in result.err


def test_interrupted_is_130(triage, broken) -> None:
    broken(KeyboardInterrupt())
    result = triage("version")
    assert result.code == ExitCode.INTERRUPTED
    assert "Traceback" not in result.err


def test_an_error_brings_its_own_exit_code(triage, broken) -> None:
    broken(TriageError("the report was not delivered", hint="try again", exit_code=ExitCode.DELIVERY))
    assert triage("version").code == ExitCode.DELIVERY


@pytest.mark.parametrize("args", [["schema"], ["rules", "list"], ["--help"]], ids=" ".join)
def test_a_closed_pipe_ends_quietly(args: list[str]) -> None:
    command = [
        sys.executable,
        "-c",
        f"import sys; sys.argv[0]='triage'; from triage.cli import main; sys.exit(main({args}))",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    process.wait()


def test_a_closed_pipe_keeps_the_exit_code(evidence) -> None:
    command = [sys.executable, "-m", "triage", "analyze", str(evidence), "-q"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == ExitCode.ANALYZED


def test_what_waits_for_the_end_is_done_before_the_program_leaves() -> None:
    code = (
        "import atexit, sys; sys.argv = ['triage', 'analyze', '/does/not/exist'];"
        "sys.stdout.write('not yet flushed, '); atexit.register(sys.stdout.write, 'waited');"
        "from triage.cli import run; run()"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (result.stdout, result.returncode) == ("not yet flushed, waited", ExitCode.USAGE)


def test_a_result_that_cannot_be_flushed_is_told() -> None:
    code = "import sys; sys.stdout.write('x'); sys.argv = ['triage', '--help']; from triage.cli import run; run()"
    with Path("/dev/full").open("w") as full:
        result = subprocess.run([sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE, text=True)
    assert result.returncode != 0
    assert "No space left on device" in result.stderr


@pytest.mark.parametrize(
    ("called", "name"),
    [
        ("/usr/local/bin/kubectl-coredns_triage", "kubectl coredns-triage"),
        ("/home/x/.venv/bin/triage", "triage"),
        ("coredns-triage", "coredns-triage"),
        ("/repo/triage/__main__.py", "triage"),
    ],
)
def test_the_program_is_called_as_it_was_called(called: str, name: str, monkeypatch, capfd) -> None:
    assert program_name(called) == name
    monkeypatch.setattr(sys, "argv", [called, "--help"])
    assert main() == 0
    assert capfd.readouterr().out.startswith(f"Usage: {name} [OPTIONS] COMMAND")


@pytest.mark.parametrize("args", [["--help"], ["--version"], ["analyze", "--help"], ["rules", "--help"]], ids=" ".join)
def test_help_and_version_import_nothing_heavy(args: list[str]) -> None:
    heavy = ("pandas", "numpy", "kubernetes", "yaml", "regex", "scipy")
    code = (
        f"import sys; from triage.cli import main; code = main({args}); "
        f"print([m for m in {heavy} if m in sys.modules], code, file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stderr == "[] 0\n"
    assert result.stdout


def test_version(triage) -> None:
    assert triage("--version").out.startswith("coredns-triage ")
    lines = triage("version").out.splitlines()
    assert [line.split()[0] for line in lines] == ["coredns-triage", "rules", "python", "kernel"]


def test_schema_prints_the_schema(triage) -> None:
    schema = ROOT / "schemas" / "triage.report-1.json"
    assert triage("schema").out == schema.read_text(encoding="utf-8")


def test_a_result_that_is_cut_short_is_told_without_buffers_too(tmp_path: Path) -> None:
    command = f"ulimit -f 8; {sys.executable} -m triage schema > {tmp_path}/schema.json"
    environ = {**os.environ, "PYTHONUNBUFFERED": "1"}
    result = subprocess.run(["sh", "-c", command], capture_output=True, text=True, cwd=ROOT, env=environ)
    assert result.returncode == ExitCode.DELIVERY
    assert "cannot be printed" in result.stderr


@pytest.mark.parametrize(
    ("shell", "code", "said"),
    [
        ("{triage} schema > /dev/full", ExitCode.DELIVERY, "No space left"),
        ("{triage} schema >&-", ExitCode.ANALYZED, ""),
        ("{triage} analyze sample_logs/master-subnet >&-", ExitCode.ANALYZED, ""),
        ("{triage} analyze - <&-", ExitCode.USAGE, "standard input is closed"),
        ("{triage} analyze - < /dev/null", ExitCode.NO_EVIDENCE, "hint:"),
        ("{triage} analyze /does/not/exist 2>&-", ExitCode.USAGE, ""),
    ],
)
def test_closed_and_full_streams(shell: str, code: ExitCode, said: str) -> None:
    command = shell.format(triage=f"{sys.executable} -m triage")
    result = subprocess.run(["sh", "-c", command], capture_output=True, text=True, cwd=ROOT)
    assert result.returncode == code
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert "Exception ignored" not in result.stderr
