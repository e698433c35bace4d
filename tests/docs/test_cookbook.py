"""The cookbook shows what its commands print, and every command that a page shows can be typed like this."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.docs.pages import COMMANDS, ROOT, command_of
from tests.docs.shells import filled
from tests.docs.test_docs import IDS, PAGES

_SHOWN = re.compile(r"^ *(?:\$ )?(triage [^#|<>;&\n]*)", re.MULTILINE)


def test_the_cookbook_shows_what_its_commands_print(approve, tmp_path: Path) -> None:
    page = ROOT / "docs" / "cookbook.md"
    text = filled(page, tmp_path)
    assert text.count("$ triage") > 6
    approve(page, text)


def shown(page: Path) -> list[str]:
    fences = re.findall(r"^ *```[a-z]*\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return [command.strip() for fence in fences for command in _SHOWN.findall(fence)]


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_command_that_is_shown_can_be_typed_like_this(page: Path) -> None:
    for line in shown(page):
        words = shlex.split(line)[1:]
        name = next((n for n in (" ".join(words[:2]), words[0]) if n in COMMANDS), None) if words else ""
        assert name is not None, line
        rest = words[len(name.split()) :]
        if not any(word.startswith("--") and word.strip("-") in {"help", "version", "list"} for word in rest):
            command_of(name).make_context(name or "triage", rest, resilient_parsing=not rest and not name)


def test_commands_are_found_on_the_pages() -> None:
    assert sum(len(shown(page)) for page in PAGES) > 40
