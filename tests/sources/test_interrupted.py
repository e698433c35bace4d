"""Ctrl-C whenever it comes: an exit code, never a traceback."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sources.test_login import plugin, written
from triage.cli.live import interruptible
from triage.errors import ExitCode


def test_the_first_one_is_noted_and_the_second_ends_it() -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with interruptible() as stopped:
            assert not stopped.is_set()
            signal.raise_signal(signal.SIGINT)
            assert stopped.is_set()
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_who_ignores_it_is_left_alone() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interruptible() as stopped:
            signal.raise_signal(signal.SIGINT)
        assert not stopped.is_set()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_while_a_login_plugin_runs(tmp_path: Path) -> None:
    user = plugin("sh", "-c", f"echo $$ > {tmp_path}/number; exec sleep 1000")
    with (tmp_path / "said").open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "triage", "diagnose", "--kubeconfig", str(written(tmp_path, user=user))],
            stderr=said,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
        )
    number = tmp_path / "number"
    while not (number.exists() and number.read_text().endswith("\n")):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == ExitCode.INTERRUPTED
    assert (tmp_path / "said").read_text().splitlines()[-1].startswith("namespaces ")
