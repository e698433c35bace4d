"""Rules as text, and the guide for authors."""

from __future__ import annotations

import re
from pathlib import Path

from triage.analysis.checks import PLACEHOLDERS
from triage.analysis.measures import MEASURES
from triage.rulebook import load, rules_folder
from triage.rulebook.check import check
from triage.rulebook.show import listing, show, texts_in
from triage.rulebook.skeleton import new_rule

DATA = Path(__file__).parent / "data"
ARGUMENTS = {name: arguments for name, (_, arguments) in MEASURES.items()}


def test_a_rule_reads_as_approved() -> None:
    book = load(DATA / "good")
    assert show(book.rules["upstream-refused"], texts_in(book)) == (DATA / "upstream-refused.txt").read_text(
        encoding="utf-8"
    )


def test_frequent_causes_are_listed_first() -> None:
    assert [(row.id, row.prior, row.terms, row.checks) for row in listing(load(DATA / "good"))] == [
        ("benign", 0.3, 0, 0),
        ("upstream-refused", 0.03, 3, 1),
    ]


def blocks(language: str) -> list[str]:
    guide = (rules_folder() / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", guide, flags=re.DOTALL)


def test_the_rule_of_the_guide_loads(tmp_path: Path) -> None:
    rule, case = blocks("yaml")[0], next(block for block in blocks("text") if "expect.yaml" in block)
    (tmp_path / "clock-skew/cases").mkdir(parents=True)
    (tmp_path / "clock-skew/rule.yaml").write_text(rule, encoding="utf-8")
    (tmp_path / "clock-skew/cases/one.txtar").write_text(case, encoding="utf-8")
    checked = check(rules_folder(), overlay=tmp_path, measures=ARGUMENTS, names=PLACEHOLDERS)
    assert [mistake for mistake in checked.mistakes if mistake.startswith(str(tmp_path))] == [
        f"{tmp_path}/clock-skew/rule.yaml: no case that resembles it and is something else; "
        "add cases/look-alike-<name>.txtar"
    ]
    assert checked.rulebook.rules["clock-skew"].names_upstream


def test_a_new_rule_asks_measures_and_names_that_exist(tmp_path: Path) -> None:
    new_rule(tmp_path, "clock-skew")
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts/en.yaml").write_text("where: {anywhere: anywhere}\n", encoding="utf-8")
    assert check(tmp_path, measures=ARGUMENTS, names=PLACEHOLDERS).mistakes == ()
