"""What the documentation names exists, and what exists is documented."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.docs.causes import FOLDER, cause_page, index_page
from tests.docs.pages import COMMANDS, ROOT, cli_page, command_of, help_of, json_page, loop_page, readme_page
from triage.errors import ExitCode

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", ROOT / "rules" / "README.md"]
PAGES += sorted((ROOT / "docs").rglob("*.md")) + sorted((ROOT / "sample_logs").glob("*/README.md"))
IDS = [str(page.relative_to(ROOT)) for page in PAGES]
TOPS = {path.name for path in ROOT.iterdir()} - {".git", ".venv"}
CAUSES = sorted(path.parent.name for path in (ROOT / "rules").glob("*/rule.yaml"))
HELP = {command: help_of(command) for command in COMMANDS}
OPTIONS = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", "\n".join(HELP.values())))


def prose_and_code(page: Path) -> tuple[str, list[str]]:
    """The page without fences, and its fences."""
    text = page.read_text(encoding="utf-8")
    return re.sub(r"^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE), re.findall(
        r"^ *```[a-z]*\n(.*?)^ *```", text, flags=re.DOTALL | re.MULTILINE
    )


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_path_that_is_named_exists(page: Path) -> None:
    prose, _ = prose_and_code(page)
    named = {token.rstrip("/") for token in re.findall(r"`([\w.<>*/-]+)`", prose) if token.split("/")[0] in TOPS}
    links = set(re.findall(r"\]\(([^)#:]+)\)", prose))
    missing = {n for n in named if not list(ROOT.glob(re.sub(r"<[^>]*>", "*", n)))}
    missing |= {link for link in links if not (page.parent / link).exists()}
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_option_that_is_named_exists(page: Path) -> None:
    prose, fences = prose_and_code(page)
    commands = [line for fence in fences for line in fence.split("\n") if re.match(r"\s*(\$ )?triage ", line)]
    spans = [span for span in re.findall(r"`([^`\n]+)`", prose) if re.match(r"(triage |-o |-v$|--[a-z])", span)]
    named = {o for text in commands + spans for o in re.findall(r"(?<![\w-])--[a-z][a-z-]*", text.split("#")[0])}
    assert named - {"--timestamps", "--prefix"} <= OPTIONS, "neither ours nor an option of kubectl logs"


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_command_that_is_named_exists(page: Path) -> None:
    prose, fences = prose_and_code(page)
    texts = re.findall(r"`(triage [^`\n]*)`", prose)
    texts += [line.strip().removeprefix("$ ") for fence in fences for line in fence.split("\n")]
    named = {match[1] for text in texts if (match := re.match(r"triage ([a-z]+)", text))}
    assert named <= {command.split()[0] for command in COMMANDS if command}


def test_every_command_has_a_page_entry() -> None:
    listed = set(re.findall(r"^  ([a-z]+)  ", HELP[""].partition("Commands:")[2], flags=re.MULTILINE))
    assert listed == {command.split()[0] for command in COMMANDS if command}
    for group in {command.split()[0] for command in COMMANDS if " " in command}:
        below = set(re.findall(r"^  ([a-z]+)  ", HELP[group].partition("Commands:")[2], flags=re.MULTILINE))
        assert below == {command.split()[1] for command in COMMANDS if command.startswith(f"{group} ")}


@pytest.mark.parametrize("code", ExitCode, ids=lambda code: code.name)
def test_exit_code_is_documented(code: ExitCode) -> None:
    assert f"| {code.value} | `{code.name}` |" in (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8")


def test_no_other_exit_code_is_documented() -> None:
    rows = re.findall(
        r"^\| (\d+) \|", (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    assert [int(row) for row in rows] == [code.value for code in ExitCode]


def test_cli_page_is_the_help(approve) -> None:
    approve(ROOT / "docs" / "cli.md", cli_page())


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command or "triage")
def test_help_says_what_the_page_says(command: str) -> None:
    said = " ".join(HELP[command].split())
    for parameter in command_of(command).params:
        assert " ".join(parameter.help.split()) in said
        assert all(name in said for name in parameter.opts if name.startswith("-"))


@pytest.mark.parametrize("cause", CAUSES)
def test_the_page_of_a_cause_is_its_rule(approve, cause: str) -> None:
    approve(FOLDER / f"{cause}.md", cause_page(cause))


def test_the_causes_are_listed(approve) -> None:
    approve(FOLDER / "README.md", index_page())
    assert {path.stem for path in FOLDER.iterdir()} == {*CAUSES, "README"}


def test_json_page_is_the_schema(approve) -> None:
    approve(ROOT / "docs" / "json.md", json_page())


def test_the_import_rule_is_the_one_that_is_checked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = project["tool"]["importlinter"]["contracts"][0]
    said = " → ".join(contract["layers"])
    assert said in (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_every_stage_is_in_the_architecture() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    stages = {path.parent.name for path in (ROOT / "triage").glob("*/__init__.py")}
    assert {stage for stage in stages if f"`triage/{stage}/`" not in text} == set()


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_make_targets_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    prose, fences = prose_and_code(page)
    named = set(re.findall(r"`make ([a-z]+)", prose)) | {
        m for f in fences for m in re.findall(r"^make ([a-z]+)", f, re.MULTILINE)
    }
    assert named <= targets


def test_readme_shows_what_the_program_prints(approve) -> None:
    approve(ROOT / "README.md", readme_page())


def test_the_loop_shows_what_the_program_prints(approve, tmp_path: Path) -> None:
    page = loop_page(tmp_path)
    words = re.findall(r"^(Unlikely|Possible|Likely|Certain) \(", page, re.MULTILINE)
    assert words in (["Possible", "Certain"], ["Possible", "Likely"]), "a tie, then one answer"
    approve(ROOT / "docs" / "loop.md", page)


def test_ci_runs_what_the_readme_says() -> None:
    script = ROOT / ".ci" / "run"
    commands = [line for line in script.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert commands == ['cd "$(dirname "$0")/.." && CI=1 exec make test']
    assert script.stat().st_mode & 0o111
    assert re.search(r"^make test ", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
