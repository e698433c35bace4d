"""Standard input of any length: nothing of it is left out, and it can be read more than once."""

from __future__ import annotations

import io
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from triage.sources.limits import Limits
from triage.sources.load import load
from triage.sources.stdin import of_stdin

LINE = "[ERROR] plugin/errors: 2 a.example. A: read udp 10.0.0.4:4242->10.9.9.9:53: i/o timeout\n"
SHORT = Limits(max_text_bytes=4096)
LOAD = """
import sys
from triage.errors import TriageError
from triage.sources.limits import Limits
from triage.sources.stdin import of_stdin
try:
    found = of_stdin(sys.stdin.buffer, Limits(max_text_bytes=4096))
except TriageError as error:
    sys.exit(f"{error.exit_code} {error}")
with found.open() as stream:
    print(found.size_bytes, len(stream.read()))
"""


@pytest.mark.parametrize("n", [0, 1, 4095, 4096, 4097, 10_000_000])
def test_all_of_it_is_kept(n: int) -> None:
    text = (LINE.encode() * (n // len(LINE) + 1))[:n]
    found = of_stdin(io.BytesIO(text), SHORT)
    for _ in range(2):
        with found.open() as stream:
            assert stream.read() == text
    assert found.size_bytes == n


def test_a_long_one_is_a_log_as_its_file_is(tmp_path: Path) -> None:
    file = tmp_path / "stdin"
    file.write_text(LINE * 1000)
    [there] = load([str(file)]).documents
    [here] = load(["-"], stdin=io.BytesIO(file.read_bytes()), limits=SHORT).documents
    assert (here.kind, here.size_bytes, here.text()) == (there.kind, there.size_bytes, there.text())


def run(**options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", LOAD], capture_output=True, text=True, **options)  # type: ignore[call-overload,no-any-return]


def test_the_file_that_the_shell_opened_is_read_where_it_is(tmp_path: Path) -> None:
    file, scratch = tmp_path / "log", tmp_path / "scratch"
    file.write_text(LINE * 1000)
    scratch.mkdir()
    with file.open() as stream:
        done = run(stdin=stream, env={"TMPDIR": str(scratch / "missing")})
    assert done.stdout.split() == [str(file.stat().st_size)] * 2, done.stderr
    with file.open("rb", buffering=0) as stream:
        stream.seek(len(LINE))
        done = run(stdin=stream, env={"TMPDIR": str(scratch)})
    assert done.stdout.split() == [str(file.stat().st_size - len(LINE))] * 2, done.stderr
    assert list(scratch.iterdir()) == []


def test_no_room_is_told(tmp_path: Path) -> None:
    def no_large_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))

    done = run(input=LINE * 1000, env={"TMPDIR": str(tmp_path)}, preexec_fn=no_large_files)
    assert done.returncode == 1
    assert f"2 standard input cannot be kept in {tmp_path}: File too large" in done.stderr
    assert list(tmp_path.iterdir()) == []
