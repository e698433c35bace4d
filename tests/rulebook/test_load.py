"""A folder of rules becomes a rulebook, or a list of every mistake in it."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from triage.errors import RuleError, TriageError
from triage.model.rule import Level
from triage.rulebook import load, rules_folder
from triage.rulebook.check import check

DATA = Path(__file__).parent / "data"
GOOD, BAD, OVERLAY = DATA / "good", DATA / "bad", DATA / "overlay"
MEASURES = {
    "kind_seen_from": frozenset({"kind", "from"}),
    "upstream_answered": frozenset(),
    "failure_share": frozenset(),
    "has_message": frozenset({"message"}),
    "has_symptom": frozenset({"symptom"}),
}
NAMES = frozenset({"upstream_ip", "port"})
RULE = "upstream-refused/rule.yaml"


@pytest.fixture
def edited(tmp_path: Path) -> Callable[[str, str, str], Path]:
    """A copy of the good rules with one edit: file, old text, new text."""

    def edit(file: str, old: str, new: str) -> Path:
        folder = tmp_path / "rules"
        shutil.copytree(GOOD, folder)
        text = (folder / file).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        (folder / file).write_text(text.replace(old, new), encoding="utf-8")
        return folder

    return edit


def mistakes_of(folder: Path) -> list[str]:
    with pytest.raises(RuleError) as error:
        load(folder, measures=MEASURES, names=NAMES)
    return list(error.value.mistakes)


def test_good_rules_become_records() -> None:
    book = load(GOOD, measures=MEASURES, names=NAMES)
    rule = book.rules["upstream-refused"]
    assert list(book.rules) == ["benign", "upstream-refused"]
    assert (rule.prior, rule.severity, rule.names_upstream) == (0.03, "outage", True)
    assert rule.terms[0].args == {"kind": "refused", "from": "every_asked_replica"}
    assert (rule.terms[0].p_if_cause, rule.terms[0].p_otherwise) == (0.9, 0.08)
    assert rule.terms[1].group == "alive"
    assert rule.terms[2].levels == (Level(0.1, 0.2, 0.6), Level(math.inf, 0.8, 0.4))
    assert not rule.terms[2].counted
    assert rule.checks[0].where == "where.upstream-host"
    assert rule.checks[0].needs == ("upstream_ip", "port"), "a placeholder of the command is needed, too"
    assert rule.checks[0].outcomes[1].p == {
        "upstream-refused/subnet": 0.04,
        "upstream-refused": 0.05,
        "otherwise": 0.95,
    }
    assert rule.checks[0].outcomes[0].means == "upstream-refused.check.who-listens.empty.means"
    assert (rule.fixes[0].text, rule.fixes[0].when) == ("upstream-refused.fix.start", "when.systemd")
    assert rule.titles == {"scoped"}
    assert rule.file == "good/upstream-refused/rule.yaml"
    assert book.texts["en"]["upstream-refused.title.scoped"] == "{upstream} refuses connections from {place}"
    assert book.texts["en"]["confidence.none"] == "none of them"
    assert book.symptoms["upstream-refuses"].matches[0].kind == ("refused",)
    assert book.parameters == {"unknown": {"prior": 0.05}, "rates": [0.1, 1, 10]}


def test_every_key_that_a_rule_names_has_a_text() -> None:
    book = load(GOOD, measures=MEASURES, names=NAMES)
    for rule in book.rules.values():
        keys = [f"{rule.id}.title", f"{rule.id}.explain", *(fix.text for fix in rule.fixes)]
        for check_ in rule.checks:
            keys += [check_.where, *(key for out in check_.outcomes for key in (out.outcome, out.means))]
        assert [key for key in keys if key not in book.texts["en"]] == []


def test_all_mistakes_are_told_at_once() -> None:
    approved = (BAD / "mistakes.txt").read_text(encoding="utf-8").splitlines()
    assert list(check(BAD, measures=MEASURES, names=NAMES).mistakes) == approved


OVERLAY_MISTAKES = yaml.safe_load((DATA / "mistakes-overlay.yaml").read_text(encoding="utf-8"))
ONE_MISTAKE = yaml.safe_load((DATA / "mistakes.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", ONE_MISTAKE, ids=lambda row: f"{row['file']}:{row['says'][:50]}")
def test_a_mistake_is_told_with_file_line_and_cure(edited, row: dict[str, str]) -> None:
    assert f"rules/{row['file']}:{row['says']}" in mistakes_of(edited(row["file"], row["old"], row["new"]))


def test_one_wrong_word_is_one_mistake(edited) -> None:
    assert len(mistakes_of(edited(RULE, "kind: refused,", "kind: timeot,"))) == 1


def test_measures_and_names_are_checked_only_where_they_are_known(edited) -> None:
    folder = edited(RULE, "measure: upstream_answered", "measure: anything")
    assert load(folder).rules["upstream-refused"].terms[1].measure == "anything"


def test_unknown_messages_and_symptoms_are_told_in_arguments(edited) -> None:
    folder = edited(RULE, "measure: upstream_answered", "measure: has_message, message: forward.read-* forward.reed")
    assert check(folder, measures=MEASURES, names=NAMES).mistakes == (
        "rules/upstream-refused/rule.yaml:9: unknown message 'forward.reed'; did you mean 'forward.read-refused'?",
    )


def test_a_message_of_a_symptom_must_exist(edited) -> None:
    folder = edited("symptoms.yaml", "plugin: [errors]", "message: [derived, forward.*, kubelet.*]")
    assert check(folder, measures=MEASURES, names=NAMES).mistakes == (
        "rules/symptoms.yaml:5: unknown message 'kubelet.*'; known: forward.read-refused",
    )


def test_an_alias_bomb_is_a_mistake_and_takes_no_time(edited) -> None:
    lines = ["bomb:", "  a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"  a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    folder = edited("parameters.yaml", "rates: [0.1, 1, 10]", "\n".join(lines))
    start = time.perf_counter()
    assert any("too many values" in mistake for mistake in mistakes_of(folder))
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"# " + b"x" * 600_000, "larger than 512 KiB; split it"),
        (b"a: 1\nb: \xff\n", "2: not UTF-8; save it as UTF-8"),
        (b"a: &x [*x]\n", "1: nested too deeply; write it flatter"),
        (b"[" * 5000, "1: no YAML: exceeded maximum nesting depth"),
        (b"- 1\n", "1: a mapping of names and numbers is wanted here; write `name: 0.5`"),
        (b"? [a]\n: 1\n", "1: a key must be a word; quote it"),
    ],
)
def test_a_file_that_is_no_plain_yaml_is_a_mistake(tmp_path: Path, content: bytes, expected: str) -> None:
    shutil.copytree(GOOD, tmp_path / "rules")
    (tmp_path / "rules/parameters.yaml").write_bytes(content)
    assert any(m.startswith("rules/parameters.yaml:") and m.endswith(expected) for m in mistakes_of(tmp_path / "rules"))


def test_the_version_follows_content_not_place_or_cases(tmp_path: Path) -> None:
    first = load(GOOD).version
    shutil.copytree(GOOD, tmp_path / "elsewhere")
    assert load(tmp_path / "elsewhere").version == first
    (tmp_path / "elsewhere/benign/cases/quiet.txtar").unlink()
    assert load(tmp_path / "elsewhere").version == first
    (tmp_path / "elsewhere/parameters.yaml").write_text("rates: [0.2]\n", encoding="utf-8")
    changed = load(tmp_path / "elsewhere").version
    assert changed != first
    assert len(changed) == 12


def test_an_overlay_adds_and_replaces_and_tells_where_from() -> None:
    book = load(GOOD, overlay=OVERLAY, measures=MEASURES, names=NAMES)
    assert list(book.rules) == ["benign", "clock-skew", "upstream-refused"]
    assert book.rules["benign"].file == f"{OVERLAY}/benign/rule.yaml"
    assert book.rules["upstream-refused"].file == "good/upstream-refused/rule.yaml"
    assert book.texts["en"]["benign.title"] == "Our own words for harmless"
    assert book.texts["en"]["where.kitchen"] == "in our kitchen"
    assert list(book.symptoms) == ["upstream-refuses", "clock-lines"]
    assert book.parameters == {"unknown": {"prior": 0.1}, "rates": [0.1, 1, 10]}
    assert book.version != load(GOOD).version


@pytest.mark.parametrize("row", OVERLAY_MISTAKES, ids=lambda row: row["says"][:50])
def test_an_overlay_says_what_it_replaces(tmp_path: Path, row: dict[str, str]) -> None:
    folder = tmp_path / "own"
    shutil.copytree(OVERLAY, folder)
    text = (folder / row["file"]).read_text(encoding="utf-8")
    assert text.count(row["old"]) == 1
    (folder / row["file"]).write_text(text.replace(row["old"], row["new"]), encoding="utf-8")
    with pytest.raises(RuleError) as error:
        load(GOOD, overlay=folder)
    assert f"{folder}/{row['file']}:{row['says']}" in error.value.mistakes


def test_a_missing_folder_says_what_to_name(tmp_path: Path) -> None:
    with pytest.raises(TriageError, match="no folder"):
        load(GOOD, overlay=tmp_path / "nowhere")
    assert mistakes_of(tmp_path)[0].endswith("holds no rule; a rule is a folder with rule.yaml in it")


def test_rules_come_with_the_program() -> None:
    assert (rules_folder() / "symptoms.yaml").is_file()


def test_pure_python_yaml_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    fast = load(GOOD)
    monkeypatch.setattr("triage.rulebook.locate._LOADER", yaml.SafeLoader)
    assert load(GOOD) == fast
