"""The examples of the page about the Python API run as they stand there."""

from __future__ import annotations

import doctest

import triage
from tests.docs.pages import ROOT


def test_examples_run(monkeypatch) -> None:
    monkeypatch.chdir(ROOT)
    page = ROOT / "docs" / "api.md"
    found = doctest.testfile(str(page), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert found.attempted > 10
    assert found.failed == 0


def test_every_name_is_on_the_page() -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    names = {name for name in triage.__all__ if name not in page} - {"NoEvidenceError", "Report"}
    assert names == set()
