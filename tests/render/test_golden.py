"""Whole outputs of the hand-made reports, one file for each report and renderer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.render.reports import REPORTS, TEXTS
from tests.render.texts import catalogue
from triage.render import RENDERERS, Style

GOLDEN = Path(__file__).parent / "golden"
EVERYDAY = {"text", "wide", "json", "markdown"}
"""Forms that every report is approved in; the others in two of them, `test_targets` reads all."""
SAME = {"github", "gitlab"}
"""Forms that equal Markdown: `test_targets` compares them."""
APPROVED = [
    (name, form)
    for name in REPORTS
    for form in RENDERERS.values()
    if form.name not in SAME and (form.name in EVERYDAY or name in {"hostile", "two-faults"})
]


@pytest.mark.parametrize(("name", "form"), APPROVED, ids=[f"{name}-{form.name}" for name, form in APPROVED])
def test_report_reads_as_approved(name: str, form, approve) -> None:
    approve(GOLDEN / f"{name}{form.ending}", form(REPORTS[name], catalogue(TEXTS), Style()))


def test_no_approved_output_is_left_over() -> None:
    expected = {f"{name}{form.ending}" for name, form in APPROVED}
    assert {path.name for path in GOLDEN.iterdir()} == expected
