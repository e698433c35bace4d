"""The machine contract: every output fits the schema, and numbers, words and times are what it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from tests.render.reports import DEAD, EMPTY, REPORTS, SCOPED, TEXTS, TWO_FAULTS
from tests.render.texts import ROOT, catalogue
from triage.model.report import Report
from triage.render import RENDERERS, Style, form_of

SCHEMA = json.loads((ROOT / "schemas" / "triage.report-1.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)


def rendered(report: Report) -> dict:
    return json.loads(RENDERERS["json"](report, catalogue(TEXTS), Style()))


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


STORED = [p for p in sorted((ROOT / "tests").glob("**/golden/**/*.json")) if form_of(p.name) is RENDERERS["json"]]


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_approved_output_fits_the_schema(path: Path) -> None:
    VALIDATOR.validate(json.loads(path.read_text(encoding="utf-8")))


def objects(schema: object, data: object):
    """Pairs of an object's schema and its data, at every depth."""
    if isinstance(schema, dict) and "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    if isinstance(schema, dict) and "anyOf" in schema:
        schema = schema["anyOf"][0]
        yield from objects(schema, data)
        return
    if isinstance(data, dict) and isinstance(schema, dict):
        yield schema, data
        for key, value in data.items():
            yield from objects(schema.get("properties", {}).get(key, schema.get("additionalProperties", {})), value)
    if isinstance(data, list) and isinstance(schema, dict):
        for item in data:
            yield from objects(schema.get("items", {}), item)


@pytest.mark.parametrize("name", REPORTS)
def test_every_field_is_documented(name: str) -> None:
    for schema, data in objects(SCHEMA, rendered(REPORTS[name])):
        if "additionalProperties" not in schema:
            assert set(data) <= set(schema["properties"]), schema.get("description")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d.pop("gaps"),
        lambda d: d.update(schema="triage.report/2"),
        lambda d: d.update(generated_at="2025-11-25 10:00"),
        lambda d: d["hypotheses"][0].update(probability=1.2),
        lambda d: d["hypotheses"][0].update(confidence="sure"),
        lambda d: d["hypotheses"][0]["scope"].pop("indistinguishable"),
        lambda d: d["hypotheses"][0]["next_checks"][0].update(effect="destroys"),
        lambda d: d["coverage"]["replicas"][0].update(lines=-1),
    ],
)
def test_the_schema_refuses_what_is_wrong(spoil) -> None:
    data = rendered(TWO_FAULTS)
    VALIDATOR.validate(data)
    spoil(data)
    assert not VALIDATOR.is_valid(data)


def test_numbers_and_words() -> None:
    report = replace(SCOPED, hypotheses=(replace(DEAD, probability=0.699999),), failing_share=1 / 3)
    data = rendered(report)
    assert data["hypotheses"][0]["probability"] == 0.7
    assert data["hypotheses"][0]["confidence"] == "likely"
    assert data["failing_share"] == 0.3333


def test_unknown_is_null() -> None:
    data = rendered(EMPTY)
    assert (data["active"], data["cluster"], data["failing_share"]) == (None, None, None)
    assert data["window"] == {"asked": None, "start": None, "end": None}
    assert data["hypotheses"] == []


def test_times_are_utc() -> None:
    data = rendered(TWO_FAULTS)
    assert data["generated_at"] == "2025-11-25T10:00:00Z"
    assert data["coverage"]["replicas"][1]["last"] == "2025-11-25T10:00:00.5Z"


def test_the_same_report_gives_the_same_bytes() -> None:
    assert rendered(SCOPED) == rendered(SCOPED)
    first, second = (RENDERERS["json"](SCOPED, catalogue(TEXTS), Style(colour=c)) for c in (True, False))
    assert first == second
    assert first.isascii()
