"""Names that clients choose: nothing of them acts on a terminal, in a tracker or in a shell reading JSON."""

from __future__ import annotations

import json
import re

import pytest

from tests.render.reports import HOSTILE, NASTY, TEXTS
from tests.render.texts import catalogue
from triage.render import RENDERERS, Style
from triage.render.clean import clean
from triage.render.marked import block, code, inline

RAW = [
    "\x1b[31mred\x1b[0m", "\x9b2J", "\x00", "a\rb", "a\nb", "\x7f", "\u202eabc", "\u2066x\u2069", "\u200b", "\ufeff",
    "\u2028", "\x85", "\U000e0041", "\ud800",
]  # fmt: skip


@pytest.mark.parametrize("text", RAW, ids=ascii)
def test_clean_leaves_only_visible_characters(text: str) -> None:
    shown = clean(text)
    assert shown.isprintable()
    assert clean(shown) == shown


def test_clean_keeps_words_of_every_script() -> None:
    text = "kubectl logs 日志 журнал é 🙂 a-b_c.d/e:53"
    assert clean(text) == text


@pytest.mark.parametrize("output", RENDERERS)
@pytest.mark.parametrize("style", [Style(), Style(unicode=False)], ids=["unicode", "ascii"])
def test_no_output_carries_a_character_that_acts(output: str, style: Style) -> None:
    text = RENDERERS[output](HOSTILE, catalogue(TEXTS), style)
    assert all(line.isprintable() for line in text.split("\n"))
    assert "u202e" in text, "the hostile name has gone missing"


def test_ascii_style_prints_ascii_only() -> None:
    for output in ("text", "wide"):
        assert RENDERERS[output](HOSTILE, catalogue(TEXTS), Style(unicode=False)).isascii()


def test_json_strings_carry_no_character_that_acts_once_they_are_decoded() -> None:
    strings = re.findall(r'"(?:[^"\\]|\\.)*"', RENDERERS["json"](HOSTILE, catalogue(TEXTS), Style()))
    assert all(json.loads(string).isprintable() for string in strings)


@pytest.mark.parametrize("text", ["a`b", "``", "` x", "x `", "a``b`c", "|", "@all", "</details>", NASTY])
def test_a_code_span_is_not_ended_by_what_is_in_it(text: str) -> None:
    span = code(text)
    fence = re.match("`+", span)[0]
    assert span.endswith(fence)
    inside = span[len(fence) : -len(fence)]
    assert fence not in re.findall("`+", inside)
    assert clean(text) in inside


def test_a_block_is_not_ended_by_what_is_in_it() -> None:
    first, *inside, last = block(["```", "~~~~", "a\n```\n/close"])
    assert first == last == "````"
    assert inside == ["```", "~~~~", "a\\x0a```\\x0a/close"]


def test_outside_code_nothing_marks_up() -> None:
    assert outside_code(inline("*a* _b_ `c` <d> [e](f) ~g~ #1 &amp; | x")).replace("CODE", "").split() == [
        ")",
        ";",
        "x",
    ]


def outside_code(markdown: str) -> str:
    """What a tracker reads as markup: fences and code spans taken out."""
    text, fence = [], ""
    for line in markdown.split("\n"):
        mark = re.match(r" *(`{3,})", line)
        if mark and fence in ("", mark[1]) and "`" not in line.strip().lstrip("`"):
            fence = "" if fence else mark[1]
        elif not fence:
            text.append(re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "CODE", line))
    assert not fence, "a fence stays open"
    return "\n".join(text)


def test_in_markdown_names_stand_in_code_only() -> None:
    text = outside_code(RENDERERS["markdown"](HOSTILE, catalogue(TEXTS), Style()))
    for act in ("<script", "@all", "http://", "www.", "#1.", "/close", "[a]", "alert"):
        assert act not in text
    assert "CODE and CODE" in text


def test_details_are_closed_as_often_as_opened() -> None:
    text = outside_code(RENDERERS["markdown"](HOSTILE, catalogue(TEXTS), Style()))
    assert text.count("<details>") == text.count("</details>") == 2


def test_a_pipe_in_a_name_makes_no_column() -> None:
    lines = RENDERERS["markdown"](HOSTILE, catalogue(TEXTS), Style()).split("\n")
    tables = [line for line in lines if line.startswith("| ")]
    assert {line.count("|") for line in tables} == {8, 10, 9}
