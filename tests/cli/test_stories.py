"""What the program says about each story, in every form; versions are scrubbed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.cli.conftest import ROOT
from tests.cli.test_demo import STORIES
from triage.render import RENDERERS

GOLDEN = Path(__file__).parent / "golden"
ENDING = {"text": "txt", "wide": "wide.txt", "json": "json", "markdown": "md"}
SCHEMA = json.loads((ROOT / "schemas" / "triage.report-1.json").read_text(encoding="utf-8"))


def scrub(text: str) -> str:
    """Versions of program and rules change without a change of the answer, and who reads does not change it."""
    text = re.sub(r'^    "(version|rules)": "[^"]*"', r'    "\1": "@@"', text, count=2, flags=re.MULTILINE)
    text = re.sub(r'^    "kernel": "native"', '    "kernel": "python"', text, count=1, flags=re.MULTILINE)
    return re.sub(r"coredns-triage `[^`]*`, rules `?[^`<]*`?", "coredns-triage @@", text)


@pytest.mark.parametrize("output", RENDERERS)
@pytest.mark.parametrize("story", STORIES)
def test_story_reads_as_approved(triage, approve, story: str, output: str) -> None:
    result = triage("demo", story, "-o", output)
    assert result.code == 0
    approve(GOLDEN / f"{story}.{ENDING[output]}", scrub(result.out))


@pytest.mark.parametrize("story", STORIES)
def test_story_fits_the_schema(triage, story: str) -> None:
    Draft202012Validator(SCHEMA).validate(json.loads(triage("demo", story, "-o", "json").out))


@pytest.mark.parametrize("story", STORIES)
def test_every_explanation_has_an_id_of_its_own(triage, story: str) -> None:
    ids = [h["id"] for h in json.loads(triage("demo", story, "-o", "json").out)["hypotheses"]]
    assert len(set(ids)) == len(ids)


def test_no_approved_output_is_left_over() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {f"{s}.{e}" for s in STORIES for e in ENDING.values()}


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*")), ids=lambda path: path.name)
def test_no_place_of_a_sentence_is_left_open(path: Path) -> None:
    assert re.findall(r"\{[a-z]+(?:\\?_[a-z]+)*\}", path.read_text(encoding="utf-8")) == []
