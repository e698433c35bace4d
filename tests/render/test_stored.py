"""A stored report is read back whole; what is wrong in it is named, not guessed."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from tests.render.reports import DEAD, DIG, REPORTS, SCOPED, TEXTS
from tests.render.texts import catalogue
from triage.errors import ExitCode, TriageError
from triage.model.bundle import Gap
from triage.model.report import Expectation, Report, Weighing
from triage.model.text import Text
from triage.render import RENDERERS, Style
from triage.render.stored import read_stored

ASKED = replace(
    DIG,
    names={"upstream_ip": "10.20.0.53", "node": "edge-m1"},
    expect=(
        Expectation(Text("t.answer"), Text("t.alive"), 0.25),
        Expectation(Text("t.timeout"), Text("t.path", {"node": "m1", "upstream": "u"})),
    ),
)
WEIGHED = replace(DEAD, weighing=Weighing(0.0, -0.1, -0.4, 0.2, 0.61), next_checks=(ASKED,))
WHOLE = replace(SCOPED, hypotheses=(WEIGHED, *SCOPED.hypotheses[1:]), gaps=(Gap("gap.t-log", {"replica": "a"}),))


def stored(report: Report, output: str = "json") -> str:
    return RENDERERS[output](report, catalogue(TEXTS), Style())


@pytest.mark.parametrize("output", RENDERERS)
@pytest.mark.parametrize("report", [*REPORTS.values(), WHOLE], ids=[*REPORTS, "whole"])
def test_a_stored_report_reads_as_it_did(report: Report, output: str) -> None:
    again = read_stored(stored(report), file="r.json", template=catalogue(TEXTS).template)
    assert stored(again, output) == stored(report, output)


def test_nothing_gets_lost() -> None:
    again = read_stored(stored(WHOLE), file="r.json")
    first = again.hypotheses[0]
    assert first.weighing == WEIGHED.weighing
    assert first.next_checks[0].names == ASKED.names
    assert [e.then for e in first.next_checks[0].expect] == [0.25, None]
    assert again.gaps[0].params == {"replica": "a"}


def test_a_report_without_the_younger_fields_is_read() -> None:
    data = json.loads(stored(WHOLE))
    data["hypotheses"][0].pop("weighing")
    data["hypotheses"][0]["next_checks"][0].pop("names")
    data["gaps"][0].pop("params")
    again = read_stored(json.dumps(data), file="r.json")
    assert again.hypotheses[0].weighing is None
    assert again.hypotheses[0].next_checks[0].names == {}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"schema": "triage.report/2"}',
        '{"schema": 1}',
        "[" * 100_000,
        '{"a": NaN}',
        "\x00",
    ],
    ids=ascii,
)
def test_what_is_no_report_of_this_form_is_refused(text: str) -> None:
    with pytest.raises(TriageError) as stop:
        read_stored(text, file="r.json")
    assert stop.value.exit_code == ExitCode.USAGE
    assert stop.value.message.startswith("r.json is ")
    assert "triage analyze" in stop.value.hint


Spoil = Callable[[dict], object]
SPOILT: list[tuple[str, Spoil]] = [
    ("hypotheses[0]: 'probability'", lambda d: d["hypotheses"][0].update(probability=1.5)),
    ("hypotheses[0]: 'probability'", lambda d: d["hypotheses"][0].update(probability=10**400)),
    ("hypotheses[0]: 'probability'", lambda d: d["hypotheses"][0].update(probability=True)),
    ("hypotheses[0]: 'title'", lambda d: d["hypotheses"][0].pop("title")),
    ("hypotheses[0]: 'severity'", lambda d: d["hypotheses"][0].update(severity="grave")),
    ("'hypotheses'", lambda d: d.update(hypotheses={})),
    ("'hypotheses'", lambda d: d.update(hypotheses=[3])),
    ("hypotheses[0]: next_checks[0]: 'effect'", lambda d: d["hypotheses"][0]["next_checks"][0].update(effect="x")),
    ("next_checks[0]: names: 'node'", lambda d: d["hypotheses"][0]["next_checks"][0]["names"].update(node=["a"])),
    ("'generated_at'", lambda d: d.update(generated_at="2025-13-01T00:00:00Z")),
    ("'generated_at'", lambda d: d.update(generated_at="yesterday")),
    ("'affected'", lambda d: d.update(affected=[1])),
]


@pytest.mark.parametrize(("path", "spoil"), SPOILT, ids=[f"{i}-{path}" for i, (path, _) in enumerate(SPOILT)])
def test_a_field_that_does_not_fit_is_named(path: str, spoil: Spoil) -> None:
    data = json.loads(stored(WHOLE))
    spoil(data)
    with pytest.raises(TriageError, match="must be") as stop:
        read_stored(json.dumps(data), file="r.json")
    assert path in stop.value.message


@pytest.mark.parametrize("form", ["wide", "html", "markdown"])
def test_what_a_forged_report_says_of_a_file_is_made_visible(form: str) -> None:
    data = json.loads(RENDERERS["json"](SCOPED, catalogue(TEXTS), Style()))
    row = {"kind": "k\x1b[31m\ud800", "framing": "f\x1b]0;x\x07\ud800"}
    data["coverage"]["files"] = [{**data["coverage"]["files"][0], **row}]
    text = RENDERERS[form](read_stored(json.dumps(data), file="r.json"), catalogue(TEXTS), Style())
    assert text.encode("utf-8")
    assert "\x1b" not in text
    assert "\x07" not in text
