"""What must not change the verdict on simulated incidents, of all kinds and with whatever got lost."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bench.simulator.story import Story, make_story
from tests.analysis.asking import QUIET, ask, outline
from triage.model.report import Report

SEEDS = range(400, 430)
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
Files = Mapping[str, str]


@cache
def stories() -> tuple[Story, ...]:
    return tuple(make_story(seed) for seed in SEEDS)


def report_of(files: Files, folder: Path) -> Report:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    return ask(folder)


@cache
def unchanged(name: str) -> Report:
    story = next(story for story in stories() if story.name == name)
    with TemporaryDirectory() as folder:
        return report_of(story.files, Path(folder) / name / "before")


def pairs(change: Callable[[Files], Files | None], folder: Path) -> Iterator[tuple[str, Report, Report]]:
    """Each story before and after a change; stories that it does not touch are left out."""
    for story in stories():
        changed = change(story.files)
        if changed is not None:
            yield story.name, unchanged(story.name), report_of(changed, folder / story.name / "after")


def shifted(seconds: int) -> Callable[[Files], Files | None]:
    def moved(match: re.Match[str]) -> str:
        return (datetime.fromisoformat(match[0]) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")

    return lambda files: {name: STAMP.sub(moved, text) for name, text in files.items()}


def claim(report: Report) -> tuple[str, object]:
    """Cause and place of the first explanation; how the cause is called does not count."""
    first = report.hypotheses[0]
    place = (first.scope.kind, first.scope.member) if first.scope else None
    return first.cause.removesuffix("-scoped"), place


def by_cause(report: Report) -> dict[tuple[int, str], float]:
    """Probability of each cause in its group, whatever its place and zone."""
    found: dict[tuple[int, str], float] = {}
    for h in report.hypotheses:
        key = h.group, h.cause.removesuffix("-scoped")
        found[key] = found.get(key, 0.0) + h.probability
    return found


def without_stamps(files: Files) -> Files | None:
    """Logs as `kubectl logs` prints them without `--timestamps`."""
    stamp = re.compile(r"(?m)^(\[pod/\S+\] )?\d{4}-\d\d-\d\dT\S+ (?!std)")
    bare = {n: stamp.sub(lambda m: m[1] or "", t) if n.endswith(".log") else t for n, t in files.items()}
    return bare if bare != files else None


def with_a_stranger(files: Files) -> Files | None:
    """One more replica in the pod list, of whom no log was handed over."""
    table = files.get("pods.txt")
    rows = re.findall(r"(?m)^.*\b((?:coredns|dns-default)\S*-[a-z0-9]{5}) .*Running.*$", table or "")
    if table is None or not rows:
        return None
    row = next(line for line in table.split("\n") if rows[-1] in line)
    return {**files, "pods.txt": table.rstrip("\n") + "\n" + row.replace(rows[-1], rows[-1][:-5] + "q7q7q") + "\n"}


def test_times_shifted_by_hours_change_nothing(tmp_path: Path) -> None:
    for name, before, after in pairs(shifted(5 * 3600), tmp_path):
        assert outline(after) == outline(before), name


def test_times_shifted_by_seconds_change_hardly_anything(tmp_path: Path) -> None:
    """Minutes and bursts are cut elsewhere."""
    for name, before, after in pairs(shifted(7), tmp_path):
        was, now = by_cause(before), by_cause(after)
        assert all(now.get(key, 0.0) == pytest.approx(was[key], abs=0.1) for key in was), name


def test_the_same_files_twice_change_nothing(tmp_path: Path) -> None:
    def twice(files: Files) -> Files:
        return {**files, **{f"copy/{name}": text for name, text in files.items() if name.endswith(".log")}}

    for name, before, after in pairs(twice, tmp_path):
        assert outline(after) == outline(before), name


def test_a_replica_that_nobody_read_changes_hardly_anything(tmp_path: Path) -> None:
    """It says nothing itself; that it is listed as ready speaks against faults that show in every start."""
    seen = 0
    for name, before, after in pairs(with_a_stranger, tmp_path):
        seen += 1
        assert claim(after)[0] == claim(before)[0], name
        assert any(gap.id.startswith("gap.no-log") for gap in after.gaps), name
        if claim(before)[0].startswith("upstream"):
            first = (before.hypotheses[0].group, claim(before)[0])
            assert by_cause(after)[first] == pytest.approx(by_cause(before)[first], abs=0.1), name
    assert seen > 5


def test_without_times_the_cause_is_mostly_the_same(tmp_path: Path) -> None:
    same = [claim(after)[0] == claim(before)[0] for _, before, after in pairs(without_stamps, tmp_path)]
    assert len(same) > 8
    assert sum(same) >= 0.7 * len(same)


@pytest.mark.parametrize("lost", ["pods", "nodes", "subnets.yaml", "Corefile", "resolv.conf", ".prom"])
def test_where_evidence_is_taken_away_no_certainty_appears(lost: str, tmp_path: Path) -> None:
    def less(files: Files) -> Files | None:
        rest = {name: text for name, text in files.items() if lost not in name}
        return rest if len(rest) < len(files) else None

    for name, before, after in pairs(less, tmp_path):
        most = max((p for (_, cause), p in by_cause(before).items() if cause not in QUIET), default=0.0)
        now = max((p for (_, cause), p in by_cause(after).items() if cause not in QUIET), default=0.0)
        assert now < max(0.95, most + 0.12), name  # counters may have spoken against it


def test_groups_add_up_and_are_ranked(tmp_path: Path) -> None:
    for story in stories():
        report = report_of(story.files, tmp_path / story.name)
        assert [h.rank for h in report.hypotheses] == [*range(1, len(report.hypotheses) + 1)]
        for number in {h.group for h in report.hypotheses}:
            shares = [h.probability for h in report.hypotheses if h.group == number]
            assert shares == sorted(shares, reverse=True)
            assert 0.9 < sum(shares) <= 1 + 1e-9
