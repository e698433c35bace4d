"""Tests that this machine cannot run are left out in plain sight; under CI that is a failure."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest

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
    config.stash.setdefault(_LEFT_OUT, []).append(text)
    items[:] = [item for item in items if item not in mine]
    config.hook.pytest_deselected(items=mine)


def tell(reporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """A line each that nobody overlooks."""
    for text in config.stash.get(_LEFT_OUT, []):
        reporter.write_line(text, red=True, bold=True)
