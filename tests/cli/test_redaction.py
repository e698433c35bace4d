"""`--redact` and `--redaction-map` on the command line, and redacted bundles."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest

from tests.redact.planted import ADDRESSES, NAMES, PLACES, SECRETS, plant
from triage import pipeline
from triage.cli import main, redaction
from triage.redact import MODES, Pseudonyms
from triage.render import RENDERERS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return plant(tmp_path / "evidence")


def run(capsys: pytest.CaptureFixture[str], *args: object) -> tuple[int, str, str]:
    code = main([str(a) for a in args])
    out, err = capsys.readouterr()
    return code, out, err


def found(words: tuple[str, ...], text: str) -> list[str]:
    return [word for word in words if word in text]


def test_modes_are_those_of_the_stage() -> None:
    assert tuple(mode.value for mode in redaction.Redact) == MODES
    assert set(RENDERERS) & redaction.FOR_THE_TEAM


def test_text_is_as_it_is_and_markdown_for_tickets_hides_names(capsys, folder: Path) -> None:
    _, text, _ = run(capsys, "analyze", folder, "-o", "wide")
    assert found(("payroll",), text)
    assert not found(SECRETS, text)
    _, ticket, _ = run(capsys, "analyze", folder, "-o", "markdown")
    ticket = ticket.replace("axolotl-w1.zanzibar.example", "")
    assert not found((*SECRETS, *NAMES), ticket)
    assert "10.77.66.53" in ticket
    _, asked, _ = run(capsys, "analyze", folder, "-o", "markdown", "--redact", "none")
    assert found(("payroll",), asked)


def test_each_file_is_redacted_as_its_form_asks_and_says_so(capsys, folder: Path, tmp_path: Path) -> None:
    files = [tmp_path / "r.md", tmp_path / "r.json"]
    code, _, err = run(
        capsys, "analyze", folder, "--write", files[0], "--write", files[1], "--output-file", tmp_path / "t"
    )
    assert code == 0
    assert "r.md; query names are replaced in it, addresses are not" in err
    assert "r.json; names and addresses stand in it as they are" in err
    assert json.loads(files[1].read_text())["redaction"] == {"mode": "none", "counts": {"secrets": 1}}
    assert not found(NAMES, files[0].read_text().replace("axolotl-w1.zanzibar.example", ""))


def test_full_hides_everything_and_the_report_says_how_much(capsys, folder: Path) -> None:
    _, out, _ = run(capsys, "analyze", folder, "--redact", "full", "-o", "json")
    assert not found((*SECRETS, *NAMES, *PLACES, *ADDRESSES), out)
    told = json.loads(out)["redaction"]
    assert told["mode"] == "full"
    assert {"addresses", "names", "nodes", "pods", "secrets"} <= set(told["counts"])


def test_the_same_map_gives_the_same_names_and_is_private(capsys, folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "map.json"
    outs = [run(capsys, "analyze", folder, "--redact", "full", "--redaction-map", file)[1] for _ in range(2)]
    assert outs[0] == outs[1] != run(capsys, "analyze", folder, "--redact", "full")[1]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    originals = json.loads(file.read_text())["originals"]
    assert {"payroll", "10.77.66.53", "axolotl-m1"} <= set(originals.values())
    file.chmod(0o644)
    run(capsys, "analyze", folder, "--redact", "full", "--redaction-map", file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("place", ["r.json", "sub/map"])
def test_a_map_in_the_output_is_refused(capsys, folder: Path, tmp_path: Path, place: str) -> None:
    out = tmp_path / place.partition("/")[0]
    code, _, err = run(capsys, "analyze", folder, "--output-file", out, "--redaction-map", tmp_path / place)
    assert (code, "lies in the output" in err) == (2, True)
    assert not out.exists()


@pytest.mark.parametrize("what", ["text", "folder", "missing-folder"])
def test_a_map_that_cannot_be_used_is_told(capsys, folder: Path, tmp_path: Path, what: str) -> None:
    file = tmp_path / "x" if what != "missing-folder" else tmp_path / "no" / "x"
    if what == "text":
        file.write_text("hello")
    elif what == "folder":
        file.mkdir()
    code, out, err = run(capsys, "analyze", folder, "--redact", "names", "--redaction-map", file)
    assert (code, out, "error: " in err, " hint: " in err) == (2, "", True, True)


def test_checks_of_a_full_report_are_refused(capsys, folder: Path, tmp_path: Path) -> None:
    for mode, wanted in (("names", 0), ("full", 2)):
        file = tmp_path / f"{mode}.json"
        run(capsys, "analyze", folder, "--redact", mode, "-o", "json", "--output-file", file)
        code, out, err = run(capsys, "checks", file)
        assert (code, bool(out), "no command of it would work" in err) == (wanted, mode == "names", mode == "full")


@pytest.mark.parametrize("mode", ["names", "full"])
def test_a_redacted_copy_of_a_bundle(capsys, folder: Path, tmp_path: Path, mode: str) -> None:
    (folder / "manifest.json").write_text(
        json.dumps({"schema": "triage.bundle/1", "cluster": {"context": "okapi-prod"}, "errors": [], "files": []})
    )
    made = tmp_path / "made"
    made.mkdir()
    pipeline.save_redacted(folder, made, mode, Pseudonyms(b"key"))
    texts = "\n".join(f"{p.relative_to(made)}\n{p.read_text()}" for p in sorted(made.rglob("*")) if p.is_file())
    assert not found((*SECRETS, *NAMES), re.sub(r"axolotl-w1\.zanzibar\.example", "", texts))
    assert not found((*PLACES, *ADDRESSES) if mode == "full" else (), texts)
    manifest = json.loads((made / "manifest.json").read_text())
    assert manifest["redaction"] == mode
    assert {f["path"] for f in manifest["files"]} == {
        p.relative_to(made).as_posix() for p in made.rglob("*") if p.is_file() and p.name != "manifest.json"
    }
    _, out, _ = run(capsys, "analyze", made, "-o", "json")
    told = json.loads(out)
    assert told["redaction"]["mode"] == mode
    _, raw, _ = run(capsys, "analyze", folder, "-o", "json")
    assert [(h["cause"], h["probability"]) for h in told["hypotheses"]] == [
        (h["cause"], h["probability"]) for h in json.loads(raw)["hypotheses"]
    ]
    if mode == "full":
        commands = [step["command"] for h in told["hypotheses"] for step in h["next_checks"]]
        assert commands
        assert all(command.startswith("# ") for command in commands)


def test_two_runs_that_begin_together_agree_on_one_key(tmp_path: Path) -> None:
    file = tmp_path / "map"
    one, two = (redaction.Redaction(redaction.Redact.FULL, file) for _ in range(2))
    one.check([])
    two.check([])
    assert one._pseudonyms.key == two._pseudonyms.key
    assert file.stat().st_mode & 0o77 == 0


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_records_of_lines_hold_no_secret(capsys, folder: Path, form: str) -> None:
    _, out, _ = run(capsys, "entries", folder, "-o", form, "--unknown")
    assert "REDACTED@marzipan" in out
    assert not found(SECRETS, out)


def test_no_command_asks_for_a_name_that_only_a_redacted_report_knows(capsys, tmp_path: Path) -> None:
    """A server would say that there is no such name: an all-clear that is none."""
    story = "sample_logs/mixed-resolvers-flipping"
    real = json.loads(run(capsys, "analyze", story, "-o", "json", "--redact", "none")[1])
    _, out, _ = run(capsys, "analyze", story, "-o", "json", "--redact", "names")
    before, after = ([c["command"] for h in r["hypotheses"] for c in h["next_checks"]] for r in (real, json.loads(out)))
    changed = [(a, b) for a, b in zip(before, after, strict=True) if a != b]
    assert changed
    assert all(b.startswith("# put the real name in: ") for _, b in changed)
    again = run(capsys, "render", write(tmp_path, out), "-o", "json", "--redact", "names")[1]
    assert [c["command"] for h in json.loads(again)["hypotheses"] for c in h["next_checks"]] == after
    code, script, _ = run(capsys, "checks", write(tmp_path, out))
    asked = [line for line in script.splitlines() if "; then ask " in line]
    assert code == 0
    assert not [b for _, b in changed for line in asked if b.split("@")[-1].split()[1] in line]


def write(folder: Path, text: str) -> Path:
    (folder / "report.json").write_text(text)
    return folder / "report.json"
