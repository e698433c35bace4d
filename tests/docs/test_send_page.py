"""What `docs/send.md` shows is what the program does."""

from __future__ import annotations

import base64
import doctest
import io
import json
import re
from contextlib import redirect_stdout

import pytest

from tests.docs.pages import ROOT
from tests.render.reports import SCOPED, TEXTS
from tests.render.texts import catalogue
from triage.cli import main
from triage.deliver import DESTINATIONS
from triage.deliver.settings import PREFIX
from triage.deliver.webhook import sign
from triage.redact import Pseudonyms, redact_report
from triage.render import RENDERERS, Style

PAGE = ROOT / "docs" / "send.md"
SHOWN = {
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
SETTINGS = {
    "EMAIL_SERVER": "smtp.example.com",
    "EMAIL_FROM": "triage@example.com",
    "APPRISE_URLS": "discord://id/token",
}


def test_the_report_that_is_sent_there(approve) -> None:
    """Its names are replaced already, so that a rehearsal needs no key and prints the same each time."""
    redacted = redact_report(SCOPED, "names", Pseudonyms(b"of docs/send.md"))
    approve(ROOT / "docs" / "send" / "report.json", RENDERERS["json"](redacted, catalogue(TEXTS), Style()))


@pytest.mark.parametrize("name", SHOWN)
def test_rehearsals_are_what_the_program_prints(name: str, approve, monkeypatch) -> None:
    for key, value in SETTINGS.items():
        monkeypatch.setenv(PREFIX + key, value)
    report = str(ROOT / "docs" / "send" / "report.json")
    with redirect_stdout(io.StringIO()) as out:
        assert main(["send", report, "--to", SHOWN[name], "--dry-run"]) == 0
    approve(ROOT / "docs" / "send" / f"{name}.txt", out.getvalue().replace("\r\n", "\n"))


def test_every_kind_and_every_setting_is_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "triage" / "deliver").glob("*.py"))
    settings = set(re.findall(r'settings\.\w+\("([A-Z_]+)"', code))
    assert {kind for kind in DESTINATIONS if f"`{kind}" not in page} == set()
    assert {name for name in settings if name not in page} == set()
    named = set(re.findall(r"`([A-Z]+_[A-Z]+)`", page)) - {"SSL_CERT_FILE", "HTTPS_PROXY", "NO_PROXY"}
    assert named <= settings | {f"{kind.upper()}_TO" for kind in DESTINATIONS}


def test_the_receiver_on_the_page_knows_our_signature() -> None:
    (example,) = [
        e for e in doctest.DocTestParser().get_examples(PAGE.read_text(encoding="utf-8")) if "def " in e.source
    ]
    place: dict = {}
    exec("import base64, hashlib, hmac\n" + example.source, place)
    body = json.dumps({"schema": "triage.report/1"}).encode()
    headers = {"webhook-id": "a", "webhook-timestamp": "7", "webhook-signature": f"v1,{sign(b'key', 'a', '7', body)}"}
    secret = "whsec_" + base64.b64encode(b"key").decode()
    assert place["genuine"](secret, headers, body)
    assert not place["genuine"](secret, headers, body + b" ")
