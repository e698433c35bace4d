"""What every test may rely on: a clean environment, no home directory, and one flag that rewrites approved output."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from _pytest.terminal import TerminalReporter

from tests.left_out import be_quick, hand_over, mark_slow, take_over, tell

ROOT = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite approved output; read the diff afterwards")
    parser.addoption("--quick", action="store_true", help="leave out what takes long: tests/left_out.py")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Slow tests bear a mark, and a quick run goes without them."""
    mark_slow(items)
    if config.getoption("--quick"):
        be_quick(config, items)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """What the workers of a parallel run left out."""
    take_over(node.config, getattr(node, "workeroutput", {}))


_FOREIGN = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "TERM", "COLUMNS", "TRIAGE_DEBUG", "KUBECONFIG", "GITHUB_ACTIONS")
_FOREIGN += ("LC_ALL", "LC_MESSAGES", "LANG")
_BUILDERS = ("lab", "cluster", "install")
"""Marks of tests that build programs: Go and pip keep their caches and settings at home."""


@pytest.fixture(autouse=True)
def _clean_environment(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Colour, language, clock and home never come from the machine that runs the tests."""
    for name in _FOREIGN:
        monkeypatch.delenv(name, raising=False)
    if not any(request.node.get_closest_marker(mark) for mark in _BUILDERS):
        monkeypatch.setenv("HOME", str(tmp_path_factory.getbasetemp() / "home"))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1764064800")


@pytest.fixture
def approve(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """Compare a text with the approved file; `pytest --update-golden` approves it."""

    def compare(path: Path, text: str) -> None:
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.is_file(), f"{path} does not exist; look at the output and run pytest --update-golden"
        assert text == path.read_text(encoding="utf-8")

    return compare


def pytest_terminal_summary(terminalreporter: TerminalReporter, config: pytest.Config) -> None:
    """What was left out, and minutes of each folder of tests, before the count."""
    tell(terminalreporter, config)
    seconds: dict[str, float] = defaultdict(float)
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                folder = "/".join(report.nodeid.partition("::")[0].split("/")[:2])
                seconds[folder] += report.duration
    terminalreporter.section("minutes of each part")
    for folder, spent in sorted(seconds.items(), key=lambda item: -item[1]):
        terminalreporter.write_line(f"{spent / 60:6.2f}  {folder}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """With CI set nothing may be left out: a skipped test fails the run."""
    if hasattr(session.config, "workeroutput"):
        hand_over(session.config, session.config.workeroutput)
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped") and not session.exitstatus:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
