"""What the program says about each story, in every form; versions are scrubbed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.cli.conftest import ROOT
from tests.cli.test_demo import STORIES
from triage.cli.demo import FOUNDING
from triage.render import RENDERERS

GOLDEN = Path(__file__).parent / "golden"
EVERYDAY = ("text", "wide", "json", "markdown")
TOLD = ("text", "wide", "json", "markdown", "jira", "jira-wiki", "slack", "csv", "prometheus")
"""Forms of the founding incident; `tests/render/test_targets.py` reads every form of every story."""
APPROVED = [(story, output) for story in STORIES for output in (TOLD if story == FOUNDING else EVERYDAY)]
SCHEMA = json.loads((ROOT / "schemas" / "triage.report-1.json").read_text(encoding="utf-8"))


def scrub(text: str) -> str:
    """Versions of program and rules change without a change of the answer, and who reads does not change it."""
    text = re.sub(r'^    "(version|rules)": "[^"]*"', r'    "\1": "@@"', text, count=2, flags=re.MULTILINE)
    text = re.sub(r'^    "kernel": "native"', '    "kernel": "python"', text, count=1, flags=re.MULTILINE)
    text = re.sub(r'(?s)"coredns-triage ".*?$' if text.startswith('{"version":1') else r"$^", '"@@"}', text)
    text = re.sub(r"=_[0-9a-f]{32}", "=_@@", text)
    return re.sub(r"coredns-triage [^,\n]*, rules [`{<>a-z]*[0-9a-f]{12}[`}<>/a-z]*", "coredns-triage @@", text)


@pytest.mark.parametrize(("story", "output"), APPROVED)
def test_story_reads_as_approved(triage, approve, story: str, output: str, tmp_path: Path) -> None:
    result = triage("demo", story, "-o", output if output in EVERYDAY else "json")
    assert result.code == 0
    if output not in EVERYDAY:
        (tmp_path / "report.json").write_text(result.out, encoding="utf-8")
        result = triage("render", tmp_path / "report.json", "-o", output, "--redact", "none")
        assert result.code == 0
    approve(GOLDEN / f"{story}{RENDERERS[output].ending}", scrub(result.out))


@pytest.mark.parametrize("story", STORIES)
def test_story_fits_the_schema(triage, story: str) -> None:
    Draft202012Validator(SCHEMA).validate(json.loads(triage("demo", story, "-o", "json").out))


@pytest.mark.parametrize("story", STORIES)
def test_every_explanation_has_an_id_of_its_own(triage, story: str) -> None:
    ids = [h["id"] for h in json.loads(triage("demo", story, "-o", "json").out)["hypotheses"]]
    assert len(set(ids)) == len(ids)


def test_no_approved_output_is_left_over() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {f"{s}{RENDERERS[o].ending}" for s, o in APPROVED}


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*")), ids=lambda path: path.name)
def test_no_place_of_a_sentence_is_left_open(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace("{noformat}", "")
    assert re.findall(r"(?<!\{)\{[a-z]+(?:\\?_[a-z]+)*\}", text) == []
