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
from triage.render.marked import block, inline
from triage.render.words import Words

READER = MarkdownIt("commonmark").enable("table")
OURS = {"<details>", "<summary>", "</summary>", "</details>"}


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


def test_a_sentence_marks_what_is_no_plain_word() -> None:
    words = Words(catalogue({"x": "run `sysctl -a` on {node}; a_b", "list": "{names}: 3 of 4 (x)"}))
    assert inline(words.say(Text("x", {"node": "n-1"}))) == "run `sysctl -a` on `n-1`; `a_b`"
    assert inline(words.say(Text("list", {"names": ("n_1", "master")}))) == "`n_1`, master: 3 of 4 (x)"
    assert inline(words.say(Text("nobody-knows_it"))) == "`nobody-knows_it`"


def test_a_command_ends_in_the_fence_that_it_began() -> None:
    assert block(["a ``` b"], "sh") == ["````sh", "a ``` b", "````"]
