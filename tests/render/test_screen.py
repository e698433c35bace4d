"""The first screen: at most 20 rows of 80 columns whatever the report, and a command that can be pasted."""

from __future__ import annotations

import re

import pytest
from msgspec.structs import replace

from tests.render.reports import DEAD, DIG, EMPTY, FILES, HEALTHY, REPORTS, SCOPED, TEXTS, TWO_FAULTS
from tests.render.texts import catalogue
from triage.model.bundle import Gap
from triage.model.report import Evidence, Member, Report, Scope
from triage.model.text import Text
from triage.render import RENDERERS, Style
from triage.render.layout import cells, rows_on_screen
from triage.render.screen import ROWS, first_screen
from triage.render.words import Words

WORDS = Words(catalogue({**TEXTS, "t.long": "{n} " + "a rather long sentence about it " * 12}))


def screen(report: Report, **style: object) -> list[str]:
    return first_screen(report, WORDS, Style(**style))


def crowded(commands: int = 100) -> Report:
    """A report in which everything is too long."""
    long = Text("t.long", {"n": 1})
    scope = Scope("subnet", "front", ("r",), tuple(Member("node", f"node-with-a-long-name-{i:03}") for i in range(60)))
    evidence = tuple(Evidence(f"e{i}", long, "for", "strong", 3.0) for i in range(9))
    step = replace(DIG, command="kubectl " + "x" * commands, where=(long, long))
    lead = replace(DEAD, title=long, scope=scope, evidence=evidence, next_checks=(step,))
    rivals = tuple(replace(DEAD, rank=i, title=long, probability=0.1) for i in range(2, 6))
    return replace(
        TWO_FAULTS,
        hypotheses=(lead, *rivals, replace(FILES, title=long)),
        affected=tuple(f"coredns-{i:03}" for i in range(300)),
        gaps=tuple(Gap("t.long", {"n": i}) for i in range(20)),
    )


@pytest.mark.parametrize(
    "report", [*REPORTS.values(), crowded(), crowded(400)], ids=[*REPORTS, "crowded", "long-command"]
)
@pytest.mark.parametrize("output", ["text", "wide"])
def test_first_screen_fits(report: Report, output: str) -> None:
    lines = screen(report)
    assert rows_on_screen(lines, 80) <= ROWS
    assert all(cells(line) <= 80 for line in lines if not re.match(r"  (dig|kubectl) ", line))
    text = RENDERERS[output](report, WORDS.catalogue, Style())
    assert text.startswith("\n".join(line.rstrip() for line in lines))


@pytest.mark.parametrize("length", [10, 79, 100, 400])
def test_the_command_is_never_cut(length: int) -> None:
    report = crowded(length)
    assert "  kubectl " + "x" * length in screen(report)


def test_says_all_that_matters() -> None:
    text = "\n".join(screen(SCOPED))
    for part in (
        "Possible (45 %)",
        "10.20.0.53:53",
        "unknown",
        "1 of 3 replicas",
        "subnet front",
        "node edge-m1",
        "pod list",
    ):
        assert part in text
    assert "\n  " + DIG.command in text


def test_a_sentence_for_what_is_not_known() -> None:
    words = Words(catalogue({"w": "on {node}", "w-unknown": "somewhere", "v": "on {node}"}))
    assert [words.say(Text(key, {"node": None})) for key in ("w", "v")] == ["somewhere", "on ?"]
    assert words.say(Text("w", {"node": "n1"})) == "on n1"


def test_three_pieces_of_evidence_the_strongest_first() -> None:
    reasons = [line for line in screen(SCOPED) if re.search(r"\s[+-] ", line)]
    assert [re.search(r"[+-]", line)[0] for line in reasons] == ["+", "-", "+"]
    assert "graded" in reasons[0]


@pytest.mark.parametrize(
    ("active", "end", "said"),
    [
        (True, 10**18, "yes, up to the end"),
        (False, 10**18, "no, not at the end"),
        (None, 10**18, "unknown"),
        (None, None, "unknown, the lines carry no time"),
    ],
)
def test_is_it_still_happening(active: bool | None, end: int | None, said: str) -> None:
    report = replace(SCOPED, active=active, window=replace(SCOPED.window, end_ns=end))
    assert any(line.startswith("Still happening") and said in line for line in screen(report))


def test_no_hypothesis_is_said_with_what_was_read() -> None:
    assert screen(HEALTHY)[0] == "Nothing wrong was seen in 3 lines of 1 replica."
    assert screen(EMPTY)[0].startswith("There was no evidence")


def test_without_a_check_the_command_fills_a_gap() -> None:
    report = replace(SCOPED, hypotheses=(replace(DEAD, next_checks=()),))
    assert screen(report)[-1].strip() == SCOPED.gaps[0].command


def test_a_certain_harmless_finding_is_not_painted_as_an_alarm() -> None:
    quiet = replace(SCOPED, hypotheses=(replace(DEAD, cause="benign", probability=0.97),))
    assert screen(quiet, colour=True)[0].startswith("\x1b[1;32m")


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("output", RENDERERS)
def test_colour_is_decoration_only(name: str, output: str) -> None:
    plain, coloured = (RENDERERS[output](REPORTS[name], WORDS.catalogue, Style(colour=c)) for c in (False, True))
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


def test_wide_says_what_text_leaves_out() -> None:
    text, wide = (RENDERERS[output](SCOPED, WORDS.catalogue, Style()) for output in ("text", "wide"))
    assert "#2 benign" in wide
    assert "#2 benign" not in text
    assert wide.count(DEAD.evidence[1].citations[0].text) > text.count(DEAD.evidence[1].citations[0].text)
    assert "mail.txt" in wide
    assert "(-o wide)" in text
    assert "(-o wide)" not in wide


@pytest.mark.parametrize("gap", [Gap("gap.full-interrupted", {"n": 5}), Gap("gap.read-stopped", {"what": "x"})])
def test_an_interrupted_run_says_so_in_its_first_sentence(gap: Gap) -> None:
    first = " ".join(screen(replace(HEALTHY, gaps=(gap,)))[:3])
    assert "(interrupted: only a part was read)" in first
    assert "interrupted" not in " ".join(screen(HEALTHY)[:3])
