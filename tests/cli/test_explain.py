"""`triage explain`: the arithmetic adds up, every cause has plain words, and nothing hostile gets through."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest

from tests.cli.test_demo import STORIES
from tests.render.reports import HOSTILE, TEXTS
from tests.render.texts import catalogue
from triage import pipeline
from triage.cli.packaged import folder
from triage.errors import ExitCode
from triage.render import RENDERERS, Style
from triage.render.explain import COUNTED, odds, render_explain
from triage.render.stored import read_stored

RULES = pipeline.load_rulebook(None)
COMMAND = re.compile(r" {6}\S")


@pytest.fixture
def report(triage, tmp_path: Path) -> Path:
    """The stored report of the founding incident."""
    path = tmp_path / "report.json"
    assert triage("analyze", folder("stories") / "master-subnet", "-o", "json", "--output-file", path).code == 0
    return path


@pytest.mark.parametrize("story", STORIES)
def test_the_arithmetic_adds_up(triage, story: str) -> None:
    """Prior times ratios, divided by the same of all causes, is the probability; rivals and rest make it 1."""
    data = json.loads(triage("demo", story, "-o", "json").out)
    weighed = [h for h in data["hypotheses"] if h["weighing"]]
    assert weighed or data["hypotheses"][0]["cause"] == "benign"
    totals: dict[int, list[float]] = {}
    for h in weighed:
        w = h["weighing"]
        terms = sum(e["log_ratio"] for e in h["evidence"] if e["id"] not in COUNTED)
        assert w["log_terms"] == pytest.approx(terms, abs=0.001)
        assert h["probability"] <= w["cause_probability"] + 0.0001
        logs = w["log_odds"] + w["log_symptoms"] + w["log_counts"] + w["log_terms"]
        if w["cause_probability"] > 0.001:
            totals.setdefault(h["group"], []).append(math.log(h["prior"] / w["cause_probability"]) + logs)
    for values in totals.values():
        assert max(values) - min(values) < 0.02, "all causes of a group are divided by the same sum"
    for group in {h["group"] for h in data["hypotheses"]}:
        assert sum(h["probability"] for h in data["hypotheses"] if h["group"] == group) <= 1.001


def test_what_is_printed_is_what_was_weighed(triage, report: Path) -> None:
    said = triage("explain", report).out
    first = json.loads(report.read_text())["hypotheses"][0]
    assert said.startswith(f"#1 {first['cause']}, ")
    flat = " ".join(said.split())
    for item in first["evidence"]:
        assert item["statement"] in flat
        if item["log_ratio"] and item["id"] != "failures":
            assert odds(item["log_ratio"]) in said
        for citation in item["citations"]:
            assert f"{citation['file']}:{citation['line']}" in said
    for check in first["next_checks"]:
        assert check["command"] in said
        assert all(outcome["means"] in flat for outcome in check["expect"])


def test_rivals_and_remainder_are_named(triage, report: Path) -> None:
    data = json.loads(report.read_text())
    said = " ".join(triage("explain", report).out.split())
    for h in data["hypotheses"][1:]:
        assert (f"#{h['rank']} {h['cause']}: {h['title']}" in said) is (h["group"] == 1)


def test_by_rank_and_by_id(triage, report: Path) -> None:
    ids = [h["id"] for h in json.loads(report.read_text())["hypotheses"]]
    for name in dict.fromkeys(ids):  # benign has one id in all groups: the first is meant
        rank = ids.index(name) + 1
        assert triage("explain", report, rank).out == triage("explain", report, name).out
    near = triage("explain", report, ids[0][:-2] + "zz")
    assert near.code == ExitCode.USAGE
    assert ids[0] in near.err
    assert triage("explain", report, "99").code == ExitCode.USAGE


@pytest.mark.parametrize("cause", [*RULES.rules, "upstream-unreachable-scoped"])
def test_every_cause_has_plain_words(triage, cause: str) -> None:
    result = triage("explain", cause)
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(cause.removesuffix("-scoped") + ": ")
    assert "{" not in re.sub(r"jsonpath=\S+", "", result.out)
    assert not re.search(r"explain\.(symptom|scope)\.", result.out)
    assert not [line for line in result.out.splitlines() if len(line) > 80 and not COMMAND.match(line)]


def test_every_symptom_has_words() -> None:
    said = {key.removeprefix("explain.symptom.") for key in RULES.texts["en"] if key.startswith("explain.symptom.")}
    assert said == set(RULES.symptoms)


@pytest.mark.parametrize("story", STORIES)
def test_eighty_columns(triage, tmp_path: Path, story: str) -> None:
    path = tmp_path / "r.json"
    path.write_text(triage("demo", story, "-o", "json").out)
    for rank in range(1, len(json.loads(path.read_text())["hypotheses"]) + 1):
        lines = triage("explain", path, rank).out.splitlines()
        assert not [line for line in lines if len(line) > 80 and not COMMAND.match(line)]


def test_hostile_names_stay_text() -> None:
    texts = catalogue(TEXTS)
    stored = read_stored(RENDERERS["json"](HOSTILE, texts, Style()), file="r.json")
    for h in stored.hypotheses:
        said = render_explain(stored, h, texts, Style())
        assert all(line.isprintable() for line in said.split("\n"))


@pytest.mark.parametrize("what", ["conntrac", "no/such/file.json"])
def test_neither_file_nor_cause(triage, what: str) -> None:
    result = triage("explain", what)
    assert result.code == ExitCode.USAGE
    assert "neither a file nor a cause" in result.err
    assert "conntrack" in result.err


def test_another_schema_and_a_folder(triage, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text('{"schema": "triage.report/9"}')
    result = triage("explain", path)
    assert result.code == ExitCode.USAGE
    assert "triage.report/1" in result.err
    assert "hint" in result.err
    assert triage("explain", tmp_path).code == ExitCode.USAGE
