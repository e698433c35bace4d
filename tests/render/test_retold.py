"""A stored report can be told in another language; what is stored is not believed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.render.reports import REPORTS, SCOPED, TEXTS
from tests.render.texts import catalogue, templates
from triage.model.text import Catalogue, Text
from triage.render import RENDERERS, Style
from triage.render.retold import read_texts
from triage.render.stored import read_stored

ENGLISH = catalogue(TEXTS)
OTHER = Catalogue("xx", {**templates("zh"), **{key: f"«{text}»" for key, text in TEXTS.items()}}, ENGLISH)


def stored(report: object, texts: Catalogue, output: str) -> str:
    return RENDERERS[output](report, texts, Style())


@pytest.mark.parametrize("output", RENDERERS)
@pytest.mark.parametrize("name", REPORTS)
def test_a_stored_report_is_told_as_if_it_were_new(name: str, output: str) -> None:
    report = REPORTS[name]
    again = read_stored(stored(report, ENGLISH, "json"), file="r.json", template=OTHER.template)
    if name != "hostile":  # there a name was cleaned before it was stored
        assert stored(again, OTHER, output) == stored(report, OTHER, output)
    assert stored(again, ENGLISH, "json") == stored(report, ENGLISH, "json")


def test_a_sentence_that_is_not_known_stays() -> None:
    data = json.loads(stored(SCOPED, ENGLISH, "json"))
    title = data["hypotheses"][0]["title"]
    for spoil in ({"key": "no.such"}, {"names": {}}, {"names": 3}, {"key": "said.sentence"}):
        data["texts"][title] |= spoil
        again = read_stored(json.dumps(data), file="r.json", template=OTHER.template)
        assert ENGLISH.say(again.hypotheses[0].title) == title


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["t.dead", "list.or", "x\x1b"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["key", "names", "upstream", "place"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4) | JSON)
def test_nothing_that_is_stored_breaks_it(value: object) -> None:
    for text in read_texts(value, OTHER.template).values():
        assert isinstance(text, Text)
        assert isinstance(OTHER.say(text), str)


def test_nested_without_end_is_given_up() -> None:
    written: object = "x"
    for _ in range(900):
        written = {"key": "t.fix.when", "names": {"a": written}}
    assert read_texts({"s": written}, OTHER.template) == {}
