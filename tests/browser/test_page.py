"""The HTML report in a real browser: from a file, light, dark and narrow, by keyboard, on paper, and under attack."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.browser.conftest import MODULES
from tests.conftest import ROOT
from tests.render.nasty import NASTY
from tests.render.reports import HOSTILE, REPORTS, TEXTS, hostile
from tests.render.reports import NASTY as NASTY_NAME
from tests.render.texts import catalogue
from triage import pipeline
from triage.cli.demo import FOUNDING
from triage.render import RENDERERS, Style
from triage.render.clean import clean

pytestmark = pytest.mark.browser

STORIES = sorted(path.name for path in (ROOT / "sample_logs").iterdir() if path.is_dir())


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    """What the browser saw of each page; the pictures stay in the folder of the tests."""
    folder = tmp_path_factory.mktemp("pages")
    words, style = catalogue(TEXTS), Style()
    texts = {name: RENDERERS["html"](report, words, style) for name, report in REPORTS.items()}
    many = hostile(" ".join(NASTY), "".join(NASTY))
    texts["nasty"] = RENDERERS["html"](many, words, style)
    rulebook = pipeline.load_rulebook(None)
    for story in STORIES:
        bundle = pipeline.load_bundle([str(ROOT / "sample_logs" / story)], None)
        report = pipeline.analyze(bundle, rulebook, now_ns=10**18)
        for lang in ("en", "zh") if story == FOUNDING else ("en",):
            texts[f"{story}-{lang}"] = RENDERERS["html"](report, pipeline.catalogue(rulebook, lang), style)
    files = []
    for name, text in texts.items():
        files.append(folder / f"{name}.html")
        files[-1].write_text(text, encoding="utf-8")
    programs = ["node", Path(__file__).with_name("look.cjs"), MODULES, shutil.which("chromium"), folder]
    run = subprocess.run([*map(str, programs), *map(str, files)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)["found"]


def test_no_error_and_no_request(pages: dict[str, dict]) -> None:
    asked = {name: {url.rpartition("/")[2] for url in page["requests"]} for name, page in pages.items()}
    assert asked == {name: {name} for name in pages}


def test_accessible_in_light_dark_and_narrow(pages: dict[str, dict]) -> None:
    assert {name: page["findings"] for name, page in pages.items() if page["findings"]} == {}


def test_a_narrow_page_does_not_scroll_sideways(pages: dict[str, dict]) -> None:
    assert {name: page["wide"] for name, page in pages.items() if page["wide"] > 0} == {}


def test_the_keyboard_skips_unfolds_and_copies(pages: dict[str, dict]) -> None:
    page = pages["master-subnet-en.html"]
    assert page["skip"] == "skip"
    assert page["unfolded"] is True
    assert page["copied"] == page["command"] == "dig +tries=1 +time=3 @10.196.17.210 www.example.com."


def test_what_was_shut_is_shut_again_after_printing(pages: dict[str, dict]) -> None:
    assert pages["master-subnet-en.html"]["shut"] > 3


def test_hostile_text_stays_text(pages: dict[str, dict]) -> None:
    ours = set(pages["two-faults.html"]["elements"]) | set(pages["master-subnet-en.html"]["elements"]) | {"OL"}
    for name in ("hostile.html", "nasty.html"):
        assert set(pages[name]["elements"]) <= ours | {"path", "SPAN"}
    assert clean(NASTY_NAME) in pages["hostile.html"]["text"]
    assert clean(HOSTILE.hypotheses[0].next_checks[0].command) in pages["hostile.html"]["text"]
    seen = pages["nasty.html"]["text"]
    assert [name for name in NASTY if clean(name).strip() not in seen] == []


def test_paper_shows_what_the_screen_folds(pages: dict[str, dict]) -> None:
    assert pages["master-subnet-en.html"]["printed"], "what is folded on the screen is missing on paper"
