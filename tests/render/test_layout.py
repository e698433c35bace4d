"""Measuring, wrapping and cropping, wide characters included."""

from __future__ import annotations

import pytest

from triage.render.layout import cells, crop, finish, hang, rows_on_screen, table, wrap
from triage.render.style import Style


@pytest.mark.parametrize("width", [1, 2, 7, 20, 80])
@pytest.mark.parametrize("text", ["", "one", "one two  three", "x" * 200, "日志" * 50, "a " * 100, "ab日志cd " * 9])
def test_wrapping_loses_nothing_and_fits(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(cells(line) <= max(width, 2) for line in lines)


def test_cropping_says_that_it_cropped() -> None:
    assert crop("abcdef", 6) == "abcdef"
    assert crop("日志日志", 5) == "日志…"


def test_a_limit_leaves_an_ellipsis() -> None:
    lines = hang("Why ", "word " * 60, 40, 2)
    assert len(lines) == 2
    assert lines[-1].endswith("…")
    assert all(cells(line) <= 40 for line in lines)


def test_columns_are_two_blanks_apart_and_never_empty() -> None:
    rows = [line.split() for line in table(["A", "B", "C"], [["日志", "", "x"], ["y", "zz", ""]])]
    assert rows == [["A", "B", "C"], ["日志", "-", "x"], ["y", "zz", "-"]]


def test_rows_of_a_long_line() -> None:
    assert rows_on_screen(["", "x" * 80, "x" * 81], 80) == 4


def test_ascii_twins() -> None:
    assert finish(["a… ≥ b  "], Style(unicode=False)) == "a... >= b\n"
