"""Redacted evidence leads to the same verdict with the same probabilities."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.simulator.kinds import KINDS
from bench.simulator.story import make_story
from tests.inputs import INPUTS, folder_of
from triage import pipeline
from triage.redact import Pseudonyms

RULEBOOK = pipeline.load_rulebook(None)


def claims(bundle) -> list[tuple]:
    report = pipeline.analyze(bundle, RULEBOOK, now_ns=0)
    return [(h.cause, h.group, round(h.probability, 9), h.scope and h.scope.kind) for h in report.hypotheses]


def check(folder: Path, mode: str) -> None:
    bundle = pipeline.load_bundle([str(folder)], None)
    assert claims(pipeline.redact_bundle(bundle, mode, Pseudonyms(b"key"))) == claims(bundle)


@pytest.mark.parametrize("mode", ["names", "full"])
@pytest.mark.parametrize("name", INPUTS)
def test_of_stories_and_cases(name: str, mode: str, tmp_path: Path) -> None:
    check(folder_of(name, tmp_path / "case"), mode)


@pytest.mark.parametrize("mode", ["names", "full"])
@pytest.mark.parametrize("kind", KINDS)
def test_of_simulated_incidents(kind: str, mode: str, tmp_path: Path) -> None:
    story = make_story(7, kind)
    story.write(tmp_path)
    check(tmp_path / story.name, mode)
