"""`triage send`: what it prints, its exit codes, and that the report is never lost."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from email import message_from_string
from email.policy import default
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT
from tests.deliver.conftest import HEALTHY, LATER, LOCAL, SCOPED, WELL
from tests.deliver.site import Site
from tests.deliver.trackers import GitHub, Meeting
from triage import pipeline
from triage.cli.stored import stored_report
from triage.redact import Pseudonyms, redact_report
from triage.render.stored import read_stored

HOOK = "s3cret"


@pytest.fixture
def hook(serve, monkeypatch) -> Site:
    site = serve(Site())
    monkeypatch.setenv("COREDNS_TRIAGE_WEBHOOK_SECRET", HOOK)
    site.target = f"webhook:https://localhost:{site.port}/hook"
    return site


@pytest.fixture
def github(serve, monkeypatch) -> GitHub:
    site = serve(GitHub())
    monkeypatch.setenv("COREDNS_TRIAGE_GITHUB_TOKEN", GitHub.token)
    site.target = f"github:https://localhost:{site.port}/acme/infra"
    return site


def test_it_says_where_it_went(send, hook, github) -> None:
    to = ["--to", github.target, "--cluster", "prod"]
    done = send(SCOPED, *to, "--to", hook.target)
    where = f"https://localhost:{github.port}/acme/infra/issues/1"
    assert (done.code, done.err) == (0, "")
    assert done.out == f"created {where}\nsent to webhook:localhost\n"
    assert send(SCOPED, *to).out == f"{where} has this report already\n"
    assert send(LATER, *to).out == f"told {where}\n"
    assert send(WELL, *to, "--resolve").out.splitlines() == [
        "nothing wrong was seen, so there is no ticket to make",
        f"resolved {where}",
    ]


def test_a_report_from_a_pipe_is_kept_when_its_target_is_wrong(stored, triage, monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    text = stored(SCOPED).read_bytes()
    monkeypatch.setattr("triage.cli.stored.stdin_bytes", lambda: io.BytesIO(text))
    done = triage("send", "-", "--to", "github:acme/infra")
    assert done.code == 2
    (kept,) = tmp_path.glob("coredns-triage-report-*.json")
    assert kept.read_bytes() == text
    assert f"the report is in {kept}" in done.err


def test_nothing_is_sent_without_a_target(send, hook) -> None:
    done = send(SCOPED)
    assert done.code == 2
    assert "--to" in done.err
    assert hook.asked == []


def test_a_report_does_not_choose_where_it_goes(triage, stored, hook, tmp_path) -> None:
    data = json.loads(stored(SCOPED).read_text(encoding="utf-8"))
    data |= {"to": hook.target, "send": {"webhook": hook.target, "secret": "x"}}
    path = tmp_path / "forged.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    assert triage("send", path).code == 2
    assert triage("send", path, "--to", "webhook").code == 2
    assert hook.asked == []


def test_all_targets_are_looked_at_before_anything_is_sent(send, hook) -> None:
    done = send(SCOPED, "--to", hook.target, "--to", "github:acme/infra")
    assert done.code == 2
    assert "the GitHub token is missing" in done.err
    assert hook.asked == []


def test_one_target_that_fails_does_not_keep_the_others_waiting(send, hook, github, monkeypatch) -> None:
    monkeypatch.setenv("COREDNS_TRIAGE_GITHUB_TOKEN", "ghp_wrong")
    done = send(SCOPED, "--to", github.target, "--to", hook.target)
    assert done.code == 5
    assert done.out == "sent to webhook:localhost\n"
    assert f"error: {github.target}: localhost answered 401" in done.err
    assert f"not delivered to {github.target}; the report is in" in done.err
    assert "ghp_wrong" not in done.err


def test_a_report_from_a_pipe_is_kept_when_it_cannot_be_delivered(stored, hook, tmp_path) -> None:
    text = stored(SCOPED).read_text(encoding="utf-8")
    hook.fail(times=9, status=410, body=HOOK.encode())

    def run(cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "triage", "send", "-", "--to", hook.target, "--allow-host", LOCAL]
        env = {**os.environ, "PYTHONPATH": str(ROOT), **environ}
        return subprocess.run(command, input=text, capture_output=True, text=True, cwd=cwd, env=env)

    done = run(tmp_path)
    assert done.returncode == 5
    (kept,) = tmp_path.glob("coredns-triage-report-*.json")
    assert f"the report is in {kept}" in done.stderr
    assert kept.read_text(encoding="utf-8") == text
    assert kept.stat().st_mode & 0o777 == 0o600
    assert HOOK not in done.stderr + done.stdout
    nowhere = tmp_path / "gone"
    nowhere.mkdir(mode=0o500)
    if os.geteuid():  # root may write everywhere
        assert run(nowhere, TMPDIR=str(nowhere)).returncode == 5
    kept.unlink()
    hook.faults.clear()
    assert run(tmp_path).returncode == 0
    assert list(tmp_path.glob("coredns-triage-report-*")) == []


def test_a_report_that_can_be_kept_nowhere_is_printed(stored, monkeypatch, capfd) -> None:
    from triage.cli import send
    from triage.errors import TriageError

    def full(path: Path, text: str) -> None:
        raise TriageError("no room", hint="make some")

    monkeypatch.setattr(send, "write_file", full)
    text = stored(SCOPED).read_text(encoding="utf-8")
    assert send._keep(text) == "what was printed"
    assert capfd.readouterr().out == text


def test_what_is_not_public_is_refused_without_leave(triage, stored, hook) -> None:
    done = triage("send", stored(SCOPED), "--to", hook.target)
    assert done.code == 5
    assert "not a public address, so nothing was sent" in done.err
    assert "add --allow-host localhost" in done.err
    assert hook.asked == []


def test_a_target_that_hangs_is_given_up(send, hook) -> None:
    hook.fail(how="hang")
    done = send(SCOPED, "--to", hook.target, "--timeout", "1s")
    assert done.code == 5
    assert "given up after 1 s" in done.err


@pytest.mark.parametrize("value", ["0s", "soon", "-1m"])
def test_a_timeout_is_a_time(value: str, send, hook) -> None:
    assert send(SCOPED, "--to", hook.target, "--timeout", value).code == 2
    assert hook.asked == []


def test_resolving_needs_the_name_of_the_cluster(send, github) -> None:
    done = send(SCOPED, "--to", github.target, "--resolve")
    assert done.code == 2
    assert "--cluster NAME" in done.err
    assert send(SCOPED, "--to", github.target, "--resolve", "--cluster", "prod").code == 0
    assert send(HEALTHY, "--to", github.target, "--resolve").out.endswith("/issues/1\n"), "the report says `prod`"


def test_two_programs_at_the_same_time_make_one_ticket(stored, github) -> None:
    github.meeting = Meeting(2)
    command = [
        sys.executable,
        "-m",
        "triage",
        "send",
        str(stored(SCOPED)),
        "--to",
        github.target,
        "--allow-host",
        LOCAL,
    ]
    runs = [subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE) for _ in range(2)]
    said = sorted(run.communicate(timeout=60)[0].split()[0] for run in runs)
    assert [run.returncode for run in runs] == [0, 0]
    assert said == ["created", f"https://localhost:{github.port}/acme/infra/issues/1"]
    assert len(github.issues) == 1


SECRETS = {
    "JIRA_TOKEN": "s3cret-jira", "JIRA_USER": "me@example.com",
    "GITHUB_TOKEN": "s3cret-hub", "GITLAB_TOKEN": "s3cret-lab",
    "SLACK_TO": "https://hooks.slack.com/services/s3cret", "SLACK_TOKEN": "s3cret-bot", "WEBHOOK_SECRET": "s3cret-hook",
    "EMAIL_SERVER": "smtp.example.com", "EMAIL_FROM": "triage@example.com",
    "EMAIL_USER": "me", "EMAIL_PASSWORD": "s3cret-mail",
    "APPRISE_URLS": "discord://s3cret/s3cret",
}  # fmt: skip
TARGETS = {
    "jira": "jira:https://acme.atlassian.net/projects/NET",
    "jira-data-center": "jira:https://jira.example.com/projects/NET",
    "github": "github:acme/infra",
    "gitlab": "gitlab:acme/infra",
    "slack": "slack",
    "slack-channel": "slack:C0123456789",
    "webhook": "webhook:https://hooks.example.com/triage",
    "email": "email:dns@example.com",
    "apprise": "apprise",
}


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("with_secrets", [True, False])
def test_a_rehearsal_prints_what_would_be_sent(name: str, with_secrets: bool, triage, stored, monkeypatch) -> None:
    for key, value in SECRETS.items():
        if with_secrets or key in {"EMAIL_SERVER", "EMAIL_FROM", "APPRISE_URLS"}:
            monkeypatch.setenv(f"COREDNS_TRIAGE_{key}", value)
    monkeypatch.setattr("socket.socket.connect", pytest.fail)
    monkeypatch.setattr("socket.getaddrinfo", pytest.fail)
    done = triage("send", stored(SCOPED), "--to", TARGETS[name], "--dry-run")
    assert (done.code, done.err) == (0, "")
    assert "s3cret" not in done.out
    assert "10.20.0.53" in done.out


def test_a_rehearsal_prints_the_payload_itself(triage, stored, monkeypatch) -> None:
    for key, value in SECRETS.items():
        monkeypatch.setenv(f"COREDNS_TRIAGE_{key}", value)
    path = stored(SCOPED)
    plain = ["--dry-run", "--redact", "none"]
    catalogue = pipeline.catalogue(pipeline.load_rulebook(None), "en")
    said = triage("send", path, "--to", TARGETS["slack"], *plain).out
    assert json.loads(said.partition("\n\n")[2]) == json.loads(
        pipeline.parcel(stored_report(str(path)), catalogue, source="", cluster=None).form("slack")
    )
    said = triage("send", path, "--to", TARGETS["webhook"], *plain).out
    assert read_stored(said.partition("\n\n")[2], file="").hypotheses
    said = triage("send", path, "--to", TARGETS["email"], *plain).out
    message = message_from_string(said.partition("\n")[2], policy=default)
    assert message["To"] == "dns@example.com"
    assert [part.get_content_type() for part in message.iter_attachments()] == ["text/plain", "text/plain"]
    assert "application/json" in said


@pytest.mark.parametrize("name", TARGETS)
def test_names_are_replaced_in_all_that_is_sent(name: str, triage, stored, monkeypatch, tmp_path) -> None:
    for key, value in SECRETS.items():
        monkeypatch.setenv(f"COREDNS_TRIAGE_{key}", value)
    path = stored(SCOPED)
    planted = path.read_text(encoding="utf-8").replace("api.example.org", "payroll.hidden-corp.org")
    assert planted.count("payroll.hidden-corp.org")
    path.write_text(planted, encoding="utf-8")

    def printed(mode: str) -> str:
        how = ["--redact", mode] if mode else []
        return triage("send", path, "--to", TARGETS[name], "--dry-run", *how).out.replace("=\n", "")

    assert "payroll" not in printed("")
    assert "hidden-corp" not in printed("")
    assert "10.20.0.53" in printed("names")
    full = printed("full")
    assert "edge-m1" not in full
    assert "10.20.0.53" not in full
    if name not in {"slack", "apprise"}:  # too short for lines of logs
        assert "payroll.hidden-corp.org" in printed("none")


def test_names_are_replaced_in_the_files_too(stored) -> None:
    words = pipeline.catalogue(pipeline.load_rulebook(None), "en")
    report = stored_report(str(stored(SCOPED)))
    shown = redact_report(report, "names", Pseudonyms(b"k"))
    parcel = pipeline.parcel(report, words, source="", cluster=None, shown=shown)
    assert [file.name.rpartition(".")[2] for file in parcel.files] == ["html", "json"]
    assert not any(b"api.example.org" in file.content for file in parcel.files)
    assert "api.example.org" not in parcel.title + parcel.form("github") + parcel.comment("github")
