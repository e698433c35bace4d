"""Two languages: every text stands in both, fits 80 columns, and nothing of the one is left in the other."""

from __future__ import annotations

import ast
import io
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import ROOT
from triage.analysis import MEASURES, PLACEHOLDERS
from triage.cli import main
from triage.cli.language import LANGUAGES
from triage.render.layout import cells
from triage.rulebook import load, rules_folder
from triage.rulebook.check import check
from triage.rulebook.phrases import load_phrases

GOLDEN = Path(__file__).parent / "cli" / "chinese"
STORIES = sorted(path.name for path in (ROOT / "sample_logs").iterdir() if path.is_dir())
APPROVED = ("master-subnet", "mixed-resolvers-flipping", "healthy")
CAUSES = sorted(path.parent.name for path in (ROOT / "rules").glob("*/rule.yaml"))
ARGUMENTS = {name: arguments for name, (_, arguments) in MEASURES.items()}
ENGLISH = re.compile(r"(?<![\w./=-])[a-z]{2,}(?: [a-z]{2,}){2}(?![\w./=-])")
"""Three English words in a row."""
QUOTED = re.compile(
    r"`[^`]*`|\S+:\d+  .*|connection refused|no next plugin found|too many open files|^ +(- )?\w+ .*: .*"
)


def run(*args: str) -> tuple[int, str, str]:
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
        code = main(list(args))
    return code, out.getvalue(), err.getvalue()


@cache
def demo(story: str, lang: str, output: str) -> tuple[int, str, str]:
    return run("demo", story, "--lang", lang, "-o", output)


def test_the_program_names_the_languages_that_it_has() -> None:
    assert {path.stem for path in (ROOT / "rules" / "texts").glob("*.yaml")} == set(LANGUAGES)
    assert {path.stem for path in (ROOT / "rules" / "phrases").glob("*.yaml")} == set(LANGUAGES[1:])


def test_no_text_is_missing_unused_or_filled_otherwise() -> None:
    assert check(rules_folder(), measures=ARGUMENTS, names=PLACEHOLDERS).mistakes == ()


SPOILT = [
    ("texts/zh.yaml", "confidence: {certain: 确定, ", "confidence: {", "'zh' has no text 'confidence.certain'"),
    ("texts/zh.yaml", "certain: 确定", "certain: 确定, sure: 肯定", "'en' has no text 'confidence.sure'"),
    ("texts/zh.yaml", '"{n} 行", many', '"一行", many', "text 'count.line.one' has other places to fill"),
    ("unknown/rule.yaml", '    explain: "没有', '    # "没有', "'zh' has no text 'explain'"),
    ("unknown/rule.yaml", "  zh:", "  cs:", "no texts in 'zh'"),
    ("unknown/rule.yaml", "  zh:", "  zh:\n    term.x: y", "'en' has no text 'term.x'"),
    ("conntrack/rule.yaml", '"{place} 上的', '"上的', "text 'title.scoped' has other places to fill"),
    ("phrases/zh.yaml", "没有文件夹 {folder}", "没有文件夹", "'no folder {folder}' has other places to fill"),
    ("texts/en.yaml", "certain: certain", "certain: certain, sure: sure", "'zh' has no text 'confidence.sure'"),
]


@pytest.mark.parametrize(("file", "old", "new", "says"), SPOILT, ids=[row[3][:50] for row in SPOILT])
def test_the_check_tells_what_a_language_lacks(tmp_path: Path, file: str, old: str, new: str, says: str) -> None:
    folder = tmp_path / "rules"
    shutil.copytree(ROOT / "rules", folder)
    text = (folder / file).read_text(encoding="utf-8")
    assert text.count(old) == 1
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    found = [m for m in check(folder, measures=ARGUMENTS, names=PLACEHOLDERS).mistakes if says in m]
    assert found
    assert found[0].startswith(f"rules/{file}:" if file != "texts/en.yaml" else "rules/texts/zh.yaml:")


def test_what_is_not_translated_yet_is_said_in_english(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    shutil.copytree(ROOT / "rules", folder)
    rule = folder / "unknown" / "rule.yaml"
    rule.write_text(rule.read_text(encoding="utf-8").partition("  zh:")[0], encoding="utf-8")
    assert "unknown.title" not in load(folder).texts["zh"]
    assert "unknown.title" in load(folder).texts["en"]


def phrases_in_code() -> Iterator[tuple[str, str]]:
    """What is said on stderr: constants of `TriageError(…, hint=…)`, its children, and `tell(…)`, with the place."""
    for path in sorted((ROOT / "triage").rglob("*.py")):
        if path.parent.name == "api":
            continue  # exceptions for programmers
        tree = ast.parse(path.read_text(encoding="utf-8"))
        named: dict[str, list[ast.expr]] = defaultdict(list)
        for node in ast.walk(tree):
            for target in node.targets if isinstance(node, ast.Assign) else ():
                named[getattr(target, "id", "")].append(node.value)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and (said := _said(node)):
                for part in said:
                    yield from ((text, f"{path.relative_to(ROOT)}:{node.lineno}") for text in _constants(part, named))


def _said(call: ast.Call) -> list[ast.expr]:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    if name == "tell" or (name.endswith("Error") and any(k.arg == "hint" for k in call.keywords)):
        return [*call.args[:1], *(k.value for k in call.keywords if k.arg == "hint")]
    return call.args[-1:] if name == "fail" or (name == "get" and len(call.args) == 3) else []


def _constants(part: ast.expr, named: dict[str, list[ast.expr]]) -> Iterator[str]:
    if isinstance(part, ast.Constant) and isinstance(part.value, str):
        yield part.value
    elif isinstance(part, ast.IfExp):
        yield from _constants(part.body, named)
        yield from _constants(part.orelse, named)
    elif isinstance(part, ast.Name):
        for value in named.get(part.id, ()):
            yield from _constants(value, {key: found for key, found in named.items() if key != part.id})
    elif isinstance(part, ast.JoinedStr):
        yield ast.unparse(part)


PHRASES = dict(phrases_in_code())


@pytest.mark.parametrize("lang", LANGUAGES[1:])
def test_every_error_is_translated(lang: str) -> None:
    """Write the sentence as a plain text with `{name}` places and hand the names over, then add it to `phrases/`."""
    known = load_phrases(rules_folder(), lang)
    assert {text: place for text, place in PHRASES.items() if text not in known} == {}


@pytest.mark.parametrize("lang", LANGUAGES[1:])
def test_no_translation_is_left_over(lang: str) -> None:
    code = {
        node.value
        for path in (ROOT / "triage").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert load_phrases(rules_folder(), lang).keys() - code == set()


def plain_lines(text: str) -> list[str]:
    """Lines without commands, citations and references."""
    commands = r" *(- )?(dig|for|kubectl|sysctl|curl|ip|ss|conntrack|cat) "
    return [line for line in text.splitlines() if not re.match(commands, line) and "参考" not in line]


@pytest.mark.parametrize("story", APPROVED)
def test_story_reads_as_approved_in_chinese(approve, story: str) -> None:
    code, out, _ = demo(story, "zh", "text")
    assert code == 0
    approve(GOLDEN / f"{story}.txt", out)


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("output", ["text", "markdown"])
def test_a_story_in_chinese_has_no_english_sentence(story: str, output: str) -> None:
    code, out, err = demo(story, "zh", output)
    assert (code, err.count("等同于")) == (0, 1)
    body = re.sub(r"```.*?```|<!--.*?-->", "", out, flags=re.DOTALL)
    body = re.sub(r"参考\**\n(\n?\s+?- .*(\n {6}.*)*|\n- .*)*", "", body)
    body = re.sub(r"(?m)^( *)\S+:\d+ .*(\n\1  .*)*", "", body)  # citations, also wrapped ones
    left = [line for line in plain_lines(body) if ENGLISH.search(QUOTED.sub("", line))]
    assert left == []
    assert ENGLISH.search(demo(story, "en", output)[1]), "the sign of English finds English"


@pytest.mark.parametrize("story", STORIES)
def test_the_first_screen_in_chinese_fits(story: str) -> None:
    screen = demo(story, "zh", "text")[1].partition("\n\n")[0].splitlines()
    assert len(screen) <= 20
    assert all(cells(line) <= 80 for line in screen[:-1]), "the last one is a command"
    assert not [line for line in screen if line.strip()[:1] in set("，。；：！？、）")]


@pytest.mark.parametrize("cause", CAUSES)
def test_every_cause_is_told_in_chinese(cause: str) -> None:
    code, out, err = run("explain", cause, "--lang", "zh")
    assert (code, err) == (0, "")
    told = out.partition("\n参考\n")[0]
    assert [line for line in plain_lines(told) if ENGLISH.search(QUOTED.sub("", line))] == []
    assert [line for line in plain_lines(told) if cells(line) > 80] == []


@pytest.mark.parametrize(
    ("variables", "lang"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LC_MESSAGES": "zh_CN.UTF-8", "LANG": "en_US.UTF-8"}, "zh"),
        ({"LC_ALL": "C", "LC_MESSAGES": "zh_CN.UTF-8"}, "en"),
        ({"LC_ALL": "", "LANG": "zh_TW"}, "zh"),
        ({"LANG": "fr_FR.UTF-8"}, "en"),
        ({}, "en"),
    ],
)
def test_the_locale_chooses(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], lang: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    chinese = run("explain", "benign")[1].startswith("benign：")
    assert chinese == (lang == "zh")
    assert run("explain", "benign", "--lang", "en")[1].startswith("benign: ")


def test_errors_and_hints_are_in_the_language_of_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, err = run("analyze", "/no/such/folder", "--lang", "zh")
    assert code == 2
    assert err == "错误：文件或文件夹不存在：/no/such/folder\n提示：文件夹 /no/such 也不存在\n"
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert "可选：" in run("rules", "show", "nothing")[2]
    assert run("analyze", "/no/such/folder", "--lang", "en")[2].startswith("error: no such file")


def test_the_language_may_stand_before_the_command() -> None:
    assert run("--lang", "zh", "rules", "show", "nothing")[2].startswith("错误：没有规则 'nothing'")
    assert run("--lang", "zh", "explain", "benign", "--lang", "en")[1].startswith("benign: ")


@pytest.mark.parametrize("lang", ["xx", "z h", "../../etc"])
def test_an_unknown_language_is_told(lang: str) -> None:
    code, out, err = run("explain", "benign", "--lang", lang)
    assert (code, out) == (2, "")
    assert "choose one of: en, zh" in err
