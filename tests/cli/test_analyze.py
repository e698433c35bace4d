"""`triage analyze` from arguments to streams, files and exit codes."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from tests.render.reports import DEAD, EMPTY, HEALTHY, LOST, SCOPED
from triage import pipeline
from triage.cli.analyze import read_subnets
from triage.cli.options import FailOn, Output
from triage.cli.render import NAMES
from triage.cli.reporting import exit_code
from triage.errors import ExitCode, TriageError
from triage.model.report import Coverage, ReplicaCoverage, Report
from triage.render import FORMS, RENDERERS


def test_the_everyday_forms_are_renderers() -> None:
    assert {output.value for output in Output} < set(RENDERERS)


def test_the_result_is_all_that_stdout_gets(triage, evidence: Path) -> None:
    result = triage("analyze", evidence)
    assert result.code == ExitCode.ANALYZED
    assert "10.20.0.53:53" in result.out
    assert result.err == ""


def test_json_and_every_form(triage, evidence: Path) -> None:
    report = json.loads(triage("analyze", evidence, "-o", "json").out)
    assert report["schema"] == "triage.report/1"
    assert report["generated_at"] == "2025-11-25T10:00:00Z"
    assert triage("analyze", evidence, "-o", "markdown").out.startswith("## ")
    assert len(triage("analyze", evidence, "-o", "wide").out) > len(triage("analyze", evidence).out)


def test_the_same_input_gives_the_same_bytes(triage, evidence: Path) -> None:
    assert triage("analyze", evidence, "-o", "json").out == triage("analyze", evidence, "-o", "json").out


def test_folder_file_and_standard_input_agree(triage, evidence: Path, monkeypatch) -> None:
    log = next(evidence.iterdir())
    folder = json.loads(triage("analyze", evidence, "-o", "json").out)
    file = json.loads(triage("analyze", log, "-o", "json").out)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(log.read_bytes()), isatty=lambda: False))
    pasted = json.loads(triage("analyze", "-", "-o", "json").out)
    first = [(r["hypotheses"][0]["cause"], r["hypotheses"][0]["upstream"]) for r in (folder, file, pasted)]
    assert first[0] == first[1] == first[2]


def test_write_makes_private_files_and_says_so(triage, evidence: Path, tmp_path: Path) -> None:
    paths = [tmp_path / f"report{form.ending}" for form in FORMS]
    options = [option for path in paths for option in ("--write", path)]
    result = triage("analyze", evidence, *options)
    for path in paths:
        assert path.stat().st_mode & 0o777 == 0o600
        assert f"wrote {path}" in result.err
    assert json.loads((tmp_path / "report.json").read_text())["schema"] == "triage.report/1"
    assert (tmp_path / "report.md").read_text().startswith("## ")
    assert (tmp_path / "report.txt").read_text() == result.out
    assert triage("analyze", evidence, "-q", *options).err == ""


def test_output_file_takes_the_place_of_stdout(triage, evidence: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    result = triage("analyze", evidence, "-o", "json", "--output-file", path)
    assert result.out == ""
    assert json.loads(path.read_text())["schema"] == "triage.report/1"
    assert triage("analyze", evidence, "--output-file", "-").out == triage("analyze", evidence).out


def test_colour_changes_decoration_only(triage, evidence: Path) -> None:
    assert triage("analyze", evidence, "--color", "always").out.startswith("\x1b[1;")
    assert "\x1b" not in triage("analyze", evidence).out


@pytest.mark.parametrize("make", ["empty folder", "picture", "kubeconfig"])
def test_no_evidence_is_3_and_json_is_still_a_report(triage, tmp_path: Path, make: str) -> None:
    folder = tmp_path / "given"
    folder.mkdir()
    if make == "picture":
        (folder / "photo.png").write_bytes(bytes(range(256)) * 9)
    if make == "kubeconfig":
        (folder / "config").write_text("apiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\nusers: []\n")
    plain = triage("analyze", folder)
    assert plain.code == ExitCode.NO_EVIDENCE
    assert plain.out == ""
    assert "hint:" in plain.err
    result = triage("analyze", folder, "-o", "json")
    assert result.code == ExitCode.NO_EVIDENCE
    report = json.loads(result.out)
    assert report["hypotheses"] == []
    assert [f["why_ignored"] is not None for f in report["coverage"]["files"]] == [True] * (make != "empty folder")


def test_interrupted_analysis(triage, evidence: Path, monkeypatch) -> None:
    def interrupted(*args: object, **more: object) -> Report:
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "analyze", interrupted)
    result = triage("analyze", evidence)
    assert (result.code, result.out) == (ExitCode.INTERRUPTED, "")


def found(*probabilities: float, cause: str = "conntrack") -> Report:
    return replace(SCOPED, hypotheses=tuple(replace(DEAD, cause=cause, probability=p) for p in probabilities))


@pytest.mark.parametrize(
    ("report", "fail_on", "code"),
    [
        (found(0.97), FailOn.NONE, ExitCode.ANALYZED),
        (found(0.97), FailOn.LIKELY, ExitCode.LIKELY_FOUND),
        (found(0.7), FailOn.ANY, ExitCode.LIKELY_FOUND),
        (found(0.2, 0.8), FailOn.LIKELY, ExitCode.LIKELY_FOUND),
        (found(0.69), FailOn.LIKELY, ExitCode.ANALYZED),
        (found(0.69), FailOn.ANY, ExitCode.WEAKER_FOUND),
        (found(0.29), FailOn.ANY, ExitCode.ANALYZED),
        (found(0.99, cause="benign"), FailOn.ANY, ExitCode.ANALYZED),
        (found(0.99, cause="unknown"), FailOn.ANY, ExitCode.ANALYZED),
        (HEALTHY, FailOn.ANY, ExitCode.ANALYZED),
    ],
)
def test_fail_on(report: Report, fail_on: FailOn, code: ExitCode) -> None:
    assert exit_code(report, fail_on, strict_coverage=False) is code


def read(lines: int, understood: int, **more: object) -> Report:
    row = ReplicaCoverage("a", None, None, lines, understood, 0, 0, (), None, None, **more)
    return replace(EMPTY, coverage=Coverage((row,)))


@pytest.mark.parametrize(
    ("report", "strict", "code"),
    [
        (read(100, 95), True, ExitCode.ANALYZED),
        (read(100, 94), True, ExitCode.COVERAGE),
        (read(100, 0), False, ExitCode.ANALYZED),
        (read(0, 0, has_log=False), True, ExitCode.COVERAGE),
        (read(0, 0, has_log=False, in_pod_list=False), True, ExitCode.ANALYZED),
    ],
)
def test_strict_coverage(report: Report, strict: bool, code: ExitCode) -> None:
    assert exit_code(report, FailOn.NONE, strict_coverage=strict) is code


def test_a_finding_goes_before_coverage() -> None:
    report = replace(read(100, 0), hypotheses=(DEAD, LOST))
    assert exit_code(report, FailOn.ANY, strict_coverage=True) is ExitCode.WEAKER_FOUND


def test_exit_codes_reach_the_shell(triage, evidence: Path) -> None:
    assert triage("analyze", evidence, "--fail-on", "any").code in {ExitCode.LIKELY_FOUND, ExitCode.WEAKER_FOUND}


def test_subnets_from_names_and_files(tmp_path: Path) -> None:
    path = tmp_path / "subnets.yaml"
    path.write_text("master: 10.0.8.0/24\nworker: [10.0.9.0/24, 10.0.10.0/24]\n")
    assert read_subnets([str(path), "edge=fd00::/64", "edge=10.1.0.5/16"]) == {
        "master": ["10.0.8.0/24"],
        "worker": ["10.0.9.0/24", "10.0.10.0/24"],
        "edge": ["fd00::/64", "10.1.0.0/16"],
    }


@pytest.mark.parametrize("item", ["edge=10.0.0.0/99", "edge=", "=10.0.0.0/8", "nothing-here"])
def test_subnets_that_are_none(item: str) -> None:
    with pytest.raises(TriageError):
        read_subnets([item])


def test_subnets_name_the_place(triage, tmp_path: Path, evidence: Path) -> None:
    name = "coredns-5d78c9869d-aaaaa"
    (evidence / "pods.txt").write_text(
        "NAME   READY   STATUS   RESTARTS   AGE   IP   NODE   NOMINATED NODE   READINESS GATES\n"
        f"{name}   1/1   Running   0   9d   10.32.0.7   edge-m1   <none>   <none>\n"
    )
    (evidence / "nodes.txt").write_text(
        "NAME   STATUS   ROLES   AGE   VERSION   INTERNAL-IP   EXTERNAL-IP   OS-IMAGE\n"
        "edge-m1   Ready   control-plane   9d   v1.24.9   10.7.0.11   <none>   Debian GNU/Linux 12\n"
    )
    report = json.loads(triage("analyze", evidence, "-o", "json", "--subnets", "front=10.7.0.0/24").out)
    assert report["coverage"]["replicas"][0]["subnet"] == "front"


def test_an_unknown_language_is_told(triage, evidence: Path) -> None:
    result = triage("analyze", evidence, "--lang", "xx")
    assert result.code == ExitCode.USAGE
    assert "en" in result.err


def test_window_is_said_in_the_report(triage, evidence: Path) -> None:
    report = json.loads(triage("analyze", evidence, "-o", "json", "--until", "2025-11-25T10:00:00Z").out)
    assert report["window"]["asked"] == "until 2025-11-25T10:00:00Z"


@pytest.mark.parametrize("options", [("-q", "-v"), ("-v", "-q"), ("-vv", "--quiet")])
def test_nobody_can_be_quiet_and_verbose(triage, evidence: Path, options: tuple[str, str]) -> None:
    told = triage("analyze", evidence, *options)
    assert (told.code, told.out) == (2, "")
    assert "--quiet and --verbose exclude each other" in told.err


def test_render_knows_the_names_of_all_forms() -> None:
    """It tells them in its help without loading the forms."""
    assert tuple(form.name for form in FORMS) == NAMES


def test_what_fails_no_query_is_no_likely_cause_to_fail_on(triage, tmp_path: Path) -> None:
    """The kubelet's text is certain, and nobody has to be woken for it."""
    (tmp_path / "coredns-a.log").write_text(".:53\nfailed to create fsnotify watcher: too many open files\n")
    found = json.loads(triage("analyze", tmp_path, "-o", "json").out)["hypotheses"][0]
    assert (found["cause"], found["severity"], found["confidence"]) == ("inotify-exhausted", "none", "certain")
    assert triage("analyze", tmp_path, "--fail-on", "likely").code == ExitCode.ANALYZED
    assert triage("analyze", tmp_path, "--fail-on", "any").code == ExitCode.WEAKER_FOUND


def test_a_report_is_no_evidence_and_render_is_named(triage, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(triage("analyze", "sample_logs/look-alike", "-o", "json").out)
    told = triage("analyze", tmp_path / "report.json")
    assert told.code == ExitCode.NO_EVIDENCE
    assert "report.json is a report, no evidence" in told.err
    assert "triage render" in told.err
