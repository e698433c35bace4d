"""Every form of every report is what its target takes, whoever chose the names in it and however many there are."""

from __future__ import annotations

import re
from functools import cache

import pytest
from msgspec.structs import replace

from tests.render.nasty import NASTY
from tests.render.reports import COVERAGE, DEAD, LINE, REPORTS, TEXTS, TWO_FAULTS, hostile
from tests.render.targets import READERS, visible_only
from tests.render.texts import ROOT, catalogue
from triage import pipeline
from triage.model.bundle import Gap
from triage.model.report import Coverage, Evidence, Report
from triage.model.text import Text
from triage.render import FORMS, RENDERERS, Style, form_of
from triage.render.clean import clean
from triage.render.stored import read_stored

STORIES = sorted(path.name for path in (ROOT / "sample_logs").iterdir() if path.is_dir())
WORDS = catalogue(TEXTS)


@cache
def story(name: str) -> Report:
    """The report on a story, as it is read back from JSON: what `triage render` works on."""
    rulebook = pipeline.load_rulebook(None)
    texts = pipeline.catalogue(rulebook, "en")
    report = pipeline.analyze(pipeline.load_bundle([str(ROOT / "sample_logs" / name)], None), rulebook, now_ns=10**18)
    return read_stored(RENDERERS["json"](report, texts, Style()), file="r.json")


def large(n: int = 300) -> Report:
    """A report on many replicas in which everything is there many times."""
    replicas = tuple(
        replace(COVERAGE.replicas[i % 3], name=f"coredns-5d78c9869d-{i:05}", node=f"edge-{i:03}") for i in range(n)
    )
    files = tuple(replace(COVERAGE.files[0], file=f"coredns-5d78c9869d-{i:05}.log") for i in range(n))
    cited = tuple(replace(LINE, line=i) for i in range(40))
    evidence = tuple(Evidence(f"e{i}", Text("t.level", {"n": i}), "for", "strong", 2.4, cited) for i in range(20))
    hypotheses = tuple(replace(DEAD, rank=i, evidence=evidence) for i in range(1, 16))
    gaps = tuple(Gap("gap.t-log", {"replica": f"coredns-{i}"}, (), f"kubectl logs coredns-{i}") for i in range(60))
    coverage = Coverage(replicas, files)
    return replace(
        TWO_FAULTS, hypotheses=hypotheses, coverage=coverage, gaps=gaps, affected=tuple(r.name for r in replicas)
    )


def test_every_form_is_read() -> None:
    assert set(READERS) == set(RENDERERS)


@pytest.mark.parametrize("name", RENDERERS)
@pytest.mark.parametrize("of", STORIES)
def test_every_story_in_every_form(of: str, name: str) -> None:
    seen = READERS[name](RENDERERS[name](story(of), WORDS, Style()))
    lead = story(of).hypotheses[0]
    assert lead.cause in seen or WORDS.say(lead.title).split()[0] in seen


@pytest.mark.parametrize("name", RENDERERS)
@pytest.mark.parametrize("of", REPORTS)
def test_every_hand_made_report_in_every_form(of: str, name: str) -> None:
    READERS[name](RENDERERS[name](REPORTS[of], WORDS, Style()))


def squashed(text: str) -> str:
    """Without what a form may change about a name: blanks, kinds of backticks, and signs written out."""
    text = text.replace("\\x7c", "|").replace("\\x7b", "{")
    return re.sub(r"[\s`ˋ\u2026]|^'", "", text)


@pytest.mark.parametrize("name", RENDERERS)
@pytest.mark.parametrize("nasty", NASTY, ids=ascii)
def test_a_nasty_name_stays_text(nasty: str, name: str) -> None:
    stored = RENDERERS["json"](hostile(nasty, nasty), WORDS, Style())
    text = RENDERERS[name](read_stored(stored, file="r.json"), WORDS, Style())
    visible_only(text)
    assert squashed(clean(nasty))[:190] in squashed(READERS[name](text)), "the name has gone missing"


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_large_report_keeps_the_limit_and_says_what_was_left_out(form) -> None:
    text = form(large(), WORDS, Style())
    READERS[form.name](text)
    if form.limit is None:
        return
    assert form.size(text) <= form.limit
    if "Left out" not in READERS[form.name](text):
        assert form.name == "html", "only the page has room for all of it"
        return
    assert form.size(text) > 0.8 * form.limit, "more was left out than had to be"
    seen = READERS[form.name](text)
    files = int(re.search(r"Left out.*?(\d+) files", seen, re.DOTALL)[1])
    shown = len(set(re.findall(r"coredns-5d78c9869d-\d{5}\.log(?!:)", seen)))
    assert files + shown == 300
    assert "300 of 300 replicas" in seen.replace("\n", " ")
    assert "10.20.0.53:53" in seen


@pytest.mark.parametrize("form", [form for form in FORMS if form.limit], ids=lambda form: form.name)
def test_a_forged_report_of_endless_texts_keeps_the_limit(form) -> None:
    report = hostile("x" * 20_000, "y" * 20_000)
    READERS[form.name](form(report, WORDS, Style()))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_the_ending_of_a_file_names_its_form(form) -> None:
    assert form_of(f"report{form.ending}") is form


def test_trackers_get_the_same_markdown() -> None:
    report = story("master-subnet")
    texts = {RENDERERS[name](report, WORDS, Style()) for name in ("markdown", "github", "gitlab")}
    assert len(texts) == 1
