"""`triage demo`, `collect` and `rules`."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from triage.cli.packaged import folder
from triage.errors import ExitCode

STORIES = sorted(path.name for path in folder("stories").iterdir() if path.is_dir() and path.name[0] not in "._")


def test_every_story_says_what_it_is_about(triage) -> None:
    rows = triage("demo", "--list").out.splitlines()[1:]
    assert [row.split()[0] for row in rows] == STORIES
    assert all(len(row.split()) > 3 for row in rows), "each story has a README that begins with a sentence"


@pytest.mark.parametrize("story", STORIES)
def test_story_is_analysed(triage, story: str) -> None:
    result = triage("demo", story, "-o", "json")
    assert result.code == ExitCode.ANALYZED
    assert json.loads(result.out)["schema"] == "triage.report/1"
    assert "triage analyze" in result.err


def test_the_founding_story_is_the_default(triage) -> None:
    assert triage("demo").out == triage("demo", "master-subnet").out


def test_the_script_is_one_that_sh_reads(triage, tmp_path: Path) -> None:
    script = tmp_path / "collect.sh"
    script.write_text(triage("collect", "--print-script").out)
    assert script.read_text().startswith("#!/bin/sh")
    assert subprocess.run(["sh", "-n", str(script)]).returncode == 0


def test_rules_list_and_show(triage) -> None:
    rows = triage("rules", "list").out.splitlines()
    assert rows[0].split()[:3] == ["CAUSE", "PRIOR", "SEVERITY"]
    for cause in [row.split()[0] for row in rows[1:]]:
        assert triage("rules", "show", cause).out.startswith(f"{cause}: ")
    assert "has_symptom" in triage("rules", "show", "--measures").out


def test_a_new_rule_passes_the_check_and_its_cases_wait_to_be_filled(triage, tmp_path: Path) -> None:
    made = triage("rules", "new", "clock-skew", "--rules", tmp_path)
    assert made.code == ExitCode.ANALYZED
    assert all(Path(line).is_file() for line in made.out.splitlines())
    check = triage("rules", "check", "--rules", tmp_path)
    assert (check.code, check.err) == (ExitCode.ANALYZED, "")
    tested = triage("rules", "test", "clock-skew", "--rules", tmp_path)
    assert tested.code == ExitCode.USAGE
    assert "clock-skew/cases/hit.txtar: first is" in tested.out
    assert triage("rules", "new", "clock-skew", "--rules", tmp_path).code == ExitCode.USAGE


def test_every_mistake_is_told_at_once(triage, tmp_path: Path) -> None:
    triage("rules", "new", "clock-skew", "--rules", tmp_path)
    rule = tmp_path / "clock-skew" / "rule.yaml"
    spoilt = rule.read_text().replace("measure: probes_only", "measure: probes_onli")
    rule.write_text(spoilt.replace("severity: degraded", "severity: bad"))
    result = triage("rules", "check", "--rules", tmp_path)
    assert result.code == ExitCode.USAGE
    assert "mistakes in the rules (2)" in result.err
    assert "did you mean 'probes_only'" in result.err
