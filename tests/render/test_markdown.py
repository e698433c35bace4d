"""The Markdown report as a Markdown reader sees it, which knows nothing of how it was made."""

from __future__ import annotations

import re

import pytest
from markdown_it import MarkdownIt

from tests.render.reports import HOSTILE, NASTY, REPORTS, SCOPED, TEXTS
from tests.render.texts import catalogue
from triage.model.text import Text
from triage.render import RENDERERS, Style
from triage.render.clean import clean
from triage.render.marked import MarkdownWords

READER = MarkdownIt("commonmark").enable("table")
OURS = {"<details>", "<summary>", "</summary>", "</details>", "<sub>", "</sub>"}


def tokens(text: str):
    for token in READER.parse(text):
        yield token
        yield from token.children or ()


@pytest.mark.parametrize("name", REPORTS)
def test_only_our_own_html_and_no_link_is_read(name: str) -> None:
    found = list(tokens(RENDERERS["markdown"](REPORTS[name], catalogue(TEXTS), Style())))
    html = "".join(token.content for token in found if token.type in ("html_inline", "html_block"))
    assert set(re.findall(r"<[^>]*>", html)) <= OURS
    assert not [token for token in found if token.type in ("link_open", "image")]


def test_commands_are_read_as_they_are() -> None:
    blocks = [t.content for t in tokens(RENDERERS["markdown"](SCOPED, catalogue(TEXTS), Style())) if t.type == "fence"]
    assert SCOPED.hypotheses[0].next_checks[0].command + "\n" in blocks
    assert SCOPED.gaps[0].command + "\n" in blocks


def test_a_hostile_name_is_read_as_one_piece_of_code() -> None:
    spans = [
        t.content for t in tokens(RENDERERS["markdown"](HOSTILE, catalogue(TEXTS), Style())) if t.type == "code_inline"
    ]
    assert clean(NASTY) in spans


def test_every_row_of_a_table_has_all_its_cells() -> None:
    html = READER.render(RENDERERS["markdown"](HOSTILE, catalogue(TEXTS), Style()))
    for table in re.findall(r"<table>.*?</table>", html, re.DOTALL):
        rows = [row.count("<td>") + row.count("<th>") for row in table.split("</tr>")[:-1]]
        assert len(set(rows)) == 1
        assert len(rows) > 1


def test_templates_may_mark_code_themselves() -> None:
    words = MarkdownWords(catalogue({"x": "run `sysctl {name}` on {node}; a_b", "y": "a ` alone {n}"}))
    assert words.say(Text("x", {"name": "fs.a_b", "node": "n-1"})) == r"run `sysctl fs.a_b` on `n-1`; a\_b"
    assert words.say(Text("y", {"n": 3})) == r"a \` alone 3"
    assert words.say(Text("nobody-knows_it")) == "`nobody-knows_it`"


def test_texts_inside_texts_are_marked_once() -> None:
    words = MarkdownWords(catalogue({"outer": "{inner}; {list}", "inner": "on {node}", "code": "`see {inner}`"}))
    inner = Text("inner", {"node": "n_1"})
    assert words.say(Text("outer", {"inner": inner, "list": (inner, "x_y")})) == "on `n_1`; on `n_1`, `x_y`"
    assert words.say(Text("code", {"inner": inner})) == "`see on n_1`"
