"""The lab runs as a whole beside the tests: started once, each test waits for its own run."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.left_out import leave_out

if TYPE_CHECKING:
    from tests.lab.batch import Batch

_PACKAGES = [name for name in ("dns", "cryptography") if importlib.util.find_spec(name) is None]
collect_ignore_glob = ["*.py", "*/*.py"] if _PACKAGES else []


def lacking() -> list[str]:
    """What this machine lacks for the lab, in words."""
    if _PACKAGES:
        return [f"the Python package of {name}" for name in _PACKAGES]
    from tests.lab import binaries, box

    built = all(binaries.path_of(version).exists() for version in binaries.VERSIONS)
    return box.missing() + ([] if built or shutil.which("go") else ["Go, to build CoreDNS"])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where the lab cannot run its tests are left out."""
    leave_out(config, items, "lab", lacking(), blind=bool(_PACKAGES))


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
