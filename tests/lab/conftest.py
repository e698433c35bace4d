"""The lab runs as a whole beside the tests: started once, each test waits for its own run."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.lab.batch import Batch

_PACKAGES = [name for name in ("dns", "cryptography") if importlib.util.find_spec(name) is None]
collect_ignore_glob = ["*.py", "*/*.py"] if _PACKAGES else []
_LEFT_OUT = pytest.StashKey[str]()


def lacking() -> list[str]:
    """What this machine lacks for the lab, in words."""
    if _PACKAGES:
        return [f"the Python package of {name}" for name in _PACKAGES]
    from tests.lab import binaries, box

    built = all(binaries.path_of(version).exists() for version in binaries.VERSIONS)
    return box.missing() + ([] if built or shutil.which("go") else ["Go, to build CoreDNS"])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where the lab cannot run its tests are left out in plain sight; under CI that is a failure."""
    mine = [item for item in items if item.get_closest_marker("lab")]
    if not (mine or _PACKAGES) or not (lacks := lacking()):
        return
    number = str(len(mine)) if mine else "all"
    config.stash[_LEFT_OUT] = f"lab: {number} tests left out, this machine lacks {', '.join(lacks)}"
    if os.environ.get("CI"):
        raise pytest.UsageError(config.stash[_LEFT_OUT])
    items[:] = [item for item in items if item not in mine]
    config.hook.pytest_deselected(items=mine)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """One line that nobody overlooks."""
    if _LEFT_OUT in config.stash:
        terminalreporter.write_line(config.stash[_LEFT_OUT], red=True, bold=True)


@pytest.fixture(scope="session")
def lab_batch(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Batch]:
    """Every run that a selected test wants, side by side in the background."""
    from tests.lab import batch, binaries
    from tests.lab.evidence import LEVELS

    for version in binaries.VERSIONS:
        binaries.build(version)
    callspecs = [getattr(item, "callspec", None) for item in request.session.items]
    cases = {c.params["case"].id: c.params["case"] for c in callspecs if c is not None and "case" in c.params}
    running = batch.Batch(cases.values(), tmp_path_factory.mktemp("lab"), LEVELS)
    yield running
    running.close()
