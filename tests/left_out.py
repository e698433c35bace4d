"""Tests that are left out, in plain sight: those that this machine cannot run (a failure under CI), and slow ones."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest

SLOW = (
    "tests/analysis/test_stories.py",
    "tests/cli/test_checks.py",
    "tests/cli/test_dask.py",
    "tests/deliver/test_tickets.py",
    "tests/docs/test_cookbook.py",
    "tests/docs/test_notebook.py",
    "tests/history/test_store.py",
    "tests/parsing_objects/test_hostile.py",
    "tests/reading/test_compressed.py",
    "tests/reading/test_listing.py",
    "tests/reading/test_window.py",
    "tests/reading/test_workers.py",
    "tests/redact/test_verdict.py",
    "tests/render/test_stored.py",
    "tests/render/test_targets.py",
    "tests/simulator/",
    "tests/test_properties.py",
)
"""Files and folders whose tests take most of the time; their mark is `slow`."""
_LONG = ("lab", "cluster", "install", "browser", "slow")
"""Marks of what a quick run leaves out."""
_LEFT_OUT = pytest.StashKey[list[str]]()


def leave_out(config: pytest.Config, items: list[pytest.Item], mark: str, lacks: Sequence[str], *, blind: bool) -> None:
    """Take the tests of this mark away if the machine lacks something; `blind`: they could not even be collected."""
    mine = [item for item in items if item.get_closest_marker(mark)]
    if not lacks or not (mine or blind):
        return
    number = str(len(mine)) if mine else "all"
    text = f"{mark}: {number} tests left out, this machine lacks {', '.join(lacks)}"
    if os.environ.get("CI"):
        raise pytest.UsageError(text)
    _take_away(config, items, mine, text)


def mark_slow(items: list[pytest.Item]) -> None:
    """Give the tests of these files their mark."""
    for item in items:
        if item.nodeid.startswith(SLOW):
            item.add_marker("slow")


def be_quick(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take away what takes long."""
    for mark in _LONG:
        mine = [item for item in items if item.get_closest_marker(mark)]
        if mine:
            _take_away(config, items, mine, f"{mark}: {len(mine)} tests left out of the quick run")


def _take_away(config: pytest.Config, items: list[pytest.Item], mine: list[pytest.Item], text: str) -> None:
    config.stash.setdefault(_LEFT_OUT, []).append(text)
    gone = set(mine)
    items[:] = [item for item in items if item not in gone]
    config.hook.pytest_deselected(items=mine)


def hand_over(config: pytest.Config, output: dict[str, object]) -> None:
    """A worker of pytest-xdist tells what it left out."""
    output["left_out"] = config.stash.get(_LEFT_OUT, [])


def take_over(config: pytest.Config, output: dict[str, list[str]]) -> None:
    """Every worker has collected the same tests."""
    config.stash[_LEFT_OUT] = output.get("left_out", [])


def tell(reporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """A line each that nobody overlooks."""
    for text in config.stash.get(_LEFT_OUT, []):
        reporter.write_line(text, red=True, bold=True)
