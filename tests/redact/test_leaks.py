"""What was planted in the evidence stands in no output of a redacted report, nor in redacted evidence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.redact.planted import ADDRESSES, NAMES, PLACES, SECRETS, plant
from triage import pipeline
from triage.model.report import Report
from triage.redact import Pseudonyms, redact_report
from triage.render import RENDERERS, Style
from triage.render.explain import render_explain
from triage.render.stored import read_stored

RULEBOOK = pipeline.load_rulebook(None)
WORDS = {lang: pipeline.catalogue(RULEBOOK, lang) for lang in ("en", "zh")}
GONE = {"none": SECRETS, "names": (*SECRETS, *NAMES), "full": (*SECRETS, *NAMES, *PLACES, *ADDRESSES)}
NOW_NS = 1_772_359_200_000_000_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plant(tmp_path_factory.mktemp("planted"))


@pytest.fixture(scope="module")
def report(folder: Path) -> Report:
    return pipeline.analyze(pipeline.load_bundle([str(folder)], None), RULEBOOK, now_ns=NOW_NS)


def outputs(report: Report) -> Iterator[tuple[str, str]]:
    for lang, words in WORDS.items():
        for form, render in RENDERERS.items():
            yield f"{form} {lang}", render(report, words, Style())
        for hypothesis in report.hypotheses:
            yield f"explain {lang}", render_explain(report, hypothesis, words, Style())


def leaks(text: str, mode: str) -> list[str]:
    text = text.replace("=\n", "")  # a mail breaks its lines so
    # One name of a node ends with a domain: a name of both kinds. Mode `names` leaves names of nodes alone.
    text = text.replace("=\n", "").replace("=\r\n", "")  # where quoted-printable breaks a line
    text = text.replace("axolotl-w1.zanzibar.example", "axolotl-w1") if mode == "names" else text
    return [word for word in GONE[mode] if word in text.lower() or word in text]


def test_the_plants_would_be_seen(report: Report) -> None:
    said = "\n".join(text for _, text in outputs(report))
    assert set(leaks(said, "full")) >= {*NAMES} - {"marzipan"} | {*PLACES} | {"10.77.66.53", "10.188.31.7", "66.77.10"}


@pytest.mark.parametrize("stored", ["", "said", "told"], ids=["fresh", "said", "told"])
@pytest.mark.parametrize("mode", ["none", "names", "full"])
def test_no_output_leaks(report: Report, mode: str, stored: str) -> None:
    if stored:
        text = RENDERERS["json"](report, WORDS["en"], Style())
        report = read_stored(
            text, file="r.json", template=WORDS["en"].template if stored == "told" else lambda key: None
        )
    redacted = redact_report(report, mode, Pseudonyms(b"key"))
    assert {name: found for name, text in outputs(redacted) if (found := leaks(text, mode))} == {}


@pytest.mark.parametrize("mode", ["names", "full"])
def test_no_document_leaks(folder: Path, mode: str) -> None:
    bundle = pipeline.redact_bundle(pipeline.load_bundle([str(folder)], None), mode, Pseudonyms(b"key"))
    for d in bundle.documents:
        about = f"{d.name} {d.file} {d.replica} {d.host} {d.command} {d.hints} {d.data}"
        assert leaks(about if mode == "full" else f"{d.name} {d.file} {d.data}", mode) == []
        assert leaks(d.text(), mode) == [], d.name


@pytest.mark.parametrize("mode", ["names", "full"])
def test_a_report_on_redacted_evidence_says_so_and_leaks_nothing(folder: Path, mode: str) -> None:
    bundle = pipeline.redact_bundle(pipeline.load_bundle([str(folder)], None), mode, Pseudonyms(b"key"))
    found = pipeline.analyze(bundle, RULEBOOK, now_ns=NOW_NS)
    assert found.redaction["mode"] == mode
    assert {name: seen for name, text in outputs(found) if (seen := leaks(text, mode))} == {}


def test_commands_that_name_nothing_replaced_are_as_they_were_and_the_others_do_nothing(report: Report) -> None:
    commands = {
        mode: [step.command for h in redact_report(report, mode).hypotheses for step in h.next_checks]
        for mode in ("none", "names", "full")
    }
    assert [c for c in commands["names"] if "10.77.66.53" in c]
    changed = [a for a, b in zip(commands["names"], commands["none"], strict=True) if a != b]
    assert 0 < len(changed) < len(commands["names"])
    assert [c for c in commands["names"] if c.startswith("#")] == changed
    assert all(c.startswith("# ") and "\n" not in c for c in commands["full"])
    gaps = [g.command for g in redact_report(report, "full").gaps if g.command]
    assert all(c.startswith("# ") for c in gaps)


@pytest.mark.parametrize("mode", ["none", "names", "full"])
@pytest.mark.parametrize("again", [b"key", b"another"])
def test_redacting_twice_changes_nothing(report: Report, mode: str, again: bytes) -> None:
    once = redact_report(report, mode, Pseudonyms(b"key"))
    assert redact_report(once, mode, Pseudonyms(again)) == once
    text = RENDERERS["json"](once, WORDS["en"], Style())
    stored = redact_report(read_stored(text, file="r", template=WORDS["en"].template), mode, Pseudonyms(again))
    assert json.loads(RENDERERS["json"](stored, WORDS["en"], Style())) == json.loads(text)


def test_what_is_redacted_fully_is_not_softened(report: Report) -> None:
    full = redact_report(report, "full", Pseudonyms(b"key"))
    for mode in ("none", "names"):
        assert redact_report(full, mode, Pseudonyms(b"key")) == full
    named = redact_report(report, "names", Pseudonyms(b"key"))
    both = redact_report(named, "full", Pseudonyms(b"key"))
    assert both.redaction["mode"] == "full"
    assert {name: found for name, text in outputs(both) if (found := leaks(text, "full"))} == {}


def test_fingerprints_and_probabilities_stay(report: Report) -> None:
    for mode in ("names", "full"):
        redacted = redact_report(report, mode)
        assert [(h.id, h.cause, h.probability, h.rank, h.group) for h in redacted.hypotheses] == [
            (h.id, h.cause, h.probability, h.rank, h.group) for h in report.hypotheses
        ]
