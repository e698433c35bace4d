"""Whole outputs of the hand-made reports, one file for each report and renderer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.render.reports import REPORTS, TEXTS
from tests.render.texts import catalogue
from triage.render import RENDERERS, Style

GOLDEN = Path(__file__).parent / "golden"
_ENDING = {"text": "txt", "wide": "wide.txt", "json": "json", "markdown": "md"}


def test_every_renderer_has_approved_output() -> None:
    assert set(_ENDING) == set(RENDERERS)


@pytest.mark.parametrize("output", RENDERERS)
@pytest.mark.parametrize("name", REPORTS)
def test_report_reads_as_approved(name: str, output: str, approve) -> None:
    text = RENDERERS[output](REPORTS[name], catalogue(TEXTS), Style())
    approve(GOLDEN / f"{name}.{_ENDING[output]}", text)


def test_no_approved_output_is_left_over() -> None:
    expected = {f"{name}.{ending}" for name in REPORTS for ending in _ENDING.values()}
    assert {path.name for path in GOLDEN.iterdir()} == expected
