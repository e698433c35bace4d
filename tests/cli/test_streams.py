"""Where output goes and how it is decorated; files are written as a whole or not at all."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from triage.cli.streams import style_for, write_file
from triage.errors import ExitCode, TriageError


class Stream(io.StringIO):
    def __init__(self, terminal: bool, encoding: str = "utf-8") -> None:
        super().__init__()
        self._terminal, self._encoding = terminal, encoding

    @property
    def encoding(self) -> str:
        return self._encoding

    def isatty(self) -> bool:
        return self._terminal


@pytest.mark.parametrize(
    ("terminal", "option", "environ", "coloured"),
    [
        (True, "auto", {}, True),
        (False, "auto", {}, False),
        (True, "never", {"FORCE_COLOR": "1"}, False),
        (False, "always", {"NO_COLOR": "1", "TERM": "dumb"}, True),
        (True, "auto", {"NO_COLOR": "1"}, False),
        (True, "auto", {"NO_COLOR": ""}, True),
        (True, "auto", {"TERM": "dumb"}, False),
        (False, "auto", {"FORCE_COLOR": "1"}, True),
        (False, "auto", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colour(terminal: bool, option: str, environ: dict[str, str], coloured: bool) -> None:
    assert style_for(Stream(terminal), option, environ).colour is coloured


@pytest.mark.parametrize(
    ("encoding", "unicode"), [("utf-8", True), ("UTF-8", True), ("ascii", False), ("cp1252", False)]
)
def test_signs_follow_the_encoding(encoding: str, unicode: bool) -> None:
    assert style_for(Stream(True, encoding), "auto", {}).unicode is unicode


def test_a_file_is_private_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    path.write_text("old")
    path.chmod(0o644)
    write_file(path, "new é\n")
    assert path.read_bytes() == "new é\n".encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [found.name for found in tmp_path.iterdir()] == ["report.md"]


def test_a_symlink_is_replaced_never_followed(tmp_path: Path) -> None:
    victim, link = tmp_path / "victim", tmp_path / "report.md"
    victim.write_text("precious")
    link.symlink_to(victim)
    write_file(link, "new")
    assert victim.read_text() == "precious"
    assert not link.is_symlink()


def test_a_failure_leaves_the_old_file_and_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.md"
    path.write_text("old")

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(TriageError, match="No space left"):
        write_file(path, "new")
    assert path.read_text() == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["report.md"]


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(TriageError, match=r"report\.md cannot be written"):
        write_file(tmp_path / "missing" / "report.md", "new")


def test_what_is_no_file_stays_what_it_is(tmp_path: Path) -> None:
    """A pipe gets the text; a name of a stream leads to the stream; nothing is put in its place."""
    pipe, name = tmp_path / "pipe", tmp_path / "out"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as reader:
        read = reader.submit(pipe.read_text)
        write_file(pipe, "report\n")
        assert read.result(60) == "report\n"
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    name.symlink_to("/proc/self/fd/1")
    script = (
        f"from pathlib import Path; from triage.cli.streams import write_file; write_file(Path({str(name)!r}), 'x')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "x"
    assert name.is_symlink()
    with (tmp_path / "file").open("w") as file:
        subprocess.run([sys.executable, "-c", script], stdout=file, check=True)
    assert (tmp_path / "file").read_text() == "x"
    assert name.is_symlink()


def test_no_room_is_no_wrong_usage(tmp_path: Path) -> None:
    script = (
        "import resource, sys; from pathlib import Path; from triage.cli.streams import write_file;"
        "from triage.errors import TriageError;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (8, 8))\n"
        f"try: write_file(Path({str(tmp_path / 'report.md')!r}), 'x' * 100)\n"
        "except TriageError as error: sys.exit(error.exit_code)"
    )
    assert subprocess.run([sys.executable, "-c", script]).returncode == ExitCode.DELIVERY
    assert list(tmp_path.iterdir()) == []
