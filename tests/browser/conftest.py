"""Browser tests run where Chromium, node and the modules of `setup.sh` are; elsewhere they are left out and named."""

from __future__ import annotations

import shutil

import pytest

from tests.conftest import ROOT
from tests.left_out import leave_out

MODULES = ROOT / ".build" / "browser" / "node_modules"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    lacks = [program for program in ("chromium", "node") if shutil.which(program) is None]
    lacks += [f"npm's {name}" for name in ("axe-core", "playwright-core") if not (MODULES / name).is_dir()]
    leave_out(config, items, "browser", lacks, blind=False)
