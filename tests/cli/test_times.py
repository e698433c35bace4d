"""Durations and instants as people type them."""

from __future__ import annotations

import pytest

from triage.cli.times import AROUND_NS, duration_ns, instant_ns, now_ns, window
from triage.errors import TriageError

S = 10**9
NOW = 1_764_064_800 * S


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5s", 5),
        ("2m", 120),
        ("3h", 10800),
        ("1h30m", 5400),
        ("1.5h", 5400),
        ("2d", 172800),
        ("1w", 604800),
        ("500ms", 0.5),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert duration_ns(text) == seconds * S


@pytest.mark.parametrize("text", ["", "5", "s", "-5s", "5 s", "5s!", "1h-5m", "1e9s", "٥s", "5s" * 30, "9" * 400 + "s"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(TriageError, match="no duration"):
        duration_ns(text)


@pytest.mark.parametrize("text", ["2025-11-25T10:00:00Z", "2025-11-25T18:00:00+08:00", "2025-11-25T10:00:00.000000Z"])
def test_instants(text: str) -> None:
    assert instant_ns(text) == NOW


@pytest.mark.parametrize("text", ["2025-11-25T10:00:00", "yesterday", "", "2025-13-01T00:00:00Z", "1764064800"])
def test_what_is_no_instant(text: str) -> None:
    with pytest.raises(TriageError, match="no time with an offset"):
        instant_ns(text)


def asked(**options: str) -> tuple[int | None, int | None, str | None]:
    return window(NOW, **{"since": None, "since_time": None, "until": None, "around": None, **options})


@pytest.mark.parametrize("option", ["since", "since_time", "until", "around"])
def test_an_option_that_is_empty_is_not_left_out(option: str) -> None:
    with pytest.raises(TriageError, match="'' is no"):
        asked(**{option: ""})


def test_windows() -> None:
    at = "2025-11-25T10:00:00Z"
    assert asked() == (None, None, None)
    assert asked(since="1h") == (NOW - 3600 * S, None, "since 1h")
    assert asked(since_time=at) == (NOW, None, f"since-time {at}")
    assert asked(since="2h", until=at) == (NOW - 7200 * S, NOW, f"since 2h until {at}")
    assert asked(around=at) == (NOW - AROUND_NS, NOW + AROUND_NS, f"around {at}")


@pytest.mark.parametrize(
    "options",
    [{"since": "1h", "since_time": "x"}, {"around": "x", "until": "y"}, {"around": "x", "since": "1h"}],
    ids=str,
)
def test_what_excludes_each_other(options: dict[str, str]) -> None:
    with pytest.raises(TriageError, match="exclude each other"):
        asked(**options)


@pytest.mark.parametrize("epoch", ["x", "-1", "1.5", "9" * 30])
def test_a_wrong_clock_is_told(epoch: str) -> None:
    with pytest.raises(TriageError, match="SOURCE_DATE_EPOCH"):
        now_ns({"SOURCE_DATE_EPOCH": epoch}, 0)
