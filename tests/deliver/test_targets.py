"""Slack, webhooks, mail and Apprise: what arrives, and what becomes of a refusal."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from tests.deliver.conftest import LATER, SCOPED, packed
from tests.deliver.site import Asked, Reply, Site, reply
from tests.lab.certificates import Authority
from triage.deliver import Receipt, Settings, open_target
from triage.deliver.webhook import sign
from triage.errors import DeliveryError, TriageError
from triage.model.report import Report


def send(lines, target: str, report: Report = SCOPED, **settings: str) -> Receipt:
    found = Settings({f"COREDNS_TRIAGE_{name}": value for name, value in settings.items()})
    return open_target(target, found)(packed(report), lines.network(mask=found.mask, timeout_s=2))


class Slack(Site):
    """The parts of Slack's Web API that a message with files takes."""

    def __init__(self) -> None:
        super().__init__()
        self.error: str | None = None
        self.elsewhere: str | None = None
        self.uploads: dict[str, bytes] = {}

    def answer(self, asked: Asked) -> Reply:
        if asked.path.startswith("/upload/"):
            assert "authorization" not in asked.headers, "the token is for the API only"
            self.uploads[asked.path.rpartition("/")[2]] = asked.body
            return 200, {}, b"OK - 3"
        if asked.path.startswith("/services/"):
            return 200, {"Content-Type": "text/html"}, b"ok"
        assert asked.headers["authorization"] == "Bearer xoxb-1"
        if self.error:
            return reply({"ok": False, "error": self.error})
        if asked.path == "/api/chat.postMessage":
            assert asked.headers["content-type"] == "application/json; charset=utf-8"
            return reply({"ok": True, "channel": "C0123456789", "ts": "1.2"})
        if asked.path == "/api/files.getUploadURLExternal":
            assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
            assert int(parse_qs(asked.body.decode())["length"][0]) > 0
            id = f"F{len(self.wrote('POST', 'getUploadURLExternal'))}"
            place = self.elsewhere or f"https://localhost:{self.port}/upload/{id}"
            return reply({"ok": True, "upload_url": place, "file_id": id})
        assert asked.path == "/api/files.completeUploadExternal"
        return reply({"ok": True})


def test_slack_webhook(serve, lines) -> None:
    site = serve(Slack())
    url = f"https://localhost:{site.port}/services/T0/B0/s3cret"
    assert send(lines, "slack", SLACK_TO=url) == Receipt("sent", "slack")
    (asked,) = site.asked
    assert asked.path == "/services/T0/B0/s3cret"
    assert asked.data == json.loads(packed(SCOPED).form("slack"))
    assert asked.data["text"]


def test_the_address_of_a_slack_webhook_is_a_secret(serve, lines) -> None:
    site = serve(Slack())
    url = f"https://localhost:{site.port}/services/T0/B0/s3cret"
    with pytest.raises(TriageError, match="a Slack webhook is a secret"):
        send(lines, f"slack:{url}")
    site.fail(status=403, body=f"invalid_token {url}".encode())
    with pytest.raises(DeliveryError, match=r"localhost answered 403: invalid_token \*\*\*$"):
        send(lines, "slack", SLACK_TO=url)


@pytest.mark.parametrize(
    "place", ["http://hooks.slack.com/services/s3cret", "hooks.slack.com/services/s3cret", "http://a b/s3cret"]
)
def test_a_slack_webhook_of_a_wrong_form_is_not_told(place: str, lines) -> None:
    with pytest.raises(TriageError) as refused:
        send(lines, "slack", SLACK_TO=place, SLACK_TOKEN="t")
    assert "s3cret" not in refused.value.message


def test_slack_channel_gets_the_files_too(serve, lines) -> None:
    site = serve(Slack())
    api = f"https://localhost:{site.port}/api"
    receipt = send(lines, "slack:C0123456789", SLACK_TOKEN="xoxb-1", SLACK_API=api)
    assert receipt == Receipt("sent", "slack:C0123456789")
    message = json.loads(packed(SCOPED).form("slack"))
    posted = site.wrote("POST", "chat.postMessage")[0].data
    assert posted == {"channel": "C0123456789", "unfurl_links": False, **message}
    files = packed(SCOPED).files
    assert site.uploads == {f"F{n}": file.content for n, file in enumerate(files, 1)}
    end = site.wrote("POST", "completeUploadExternal")[0].data
    assert end["files"] == [{"id": f"F{n}", "title": file.name} for n, file in enumerate(files, 1)]
    assert (end["channel_id"], end["thread_ts"]) == ("C0123456789", "1.2")


def test_slack_tells_its_errors_with_status_200(serve, lines) -> None:
    site = serve(Slack())
    site.error = "not_in_channel"
    with pytest.raises(DeliveryError, match="Slack did not take it: not_in_channel") as refused:
        send(lines, "slack:C0123456789", SLACK_TOKEN="xoxb-1", SLACK_API=f"https://localhost:{site.port}/api")
    assert refused.value.hint == "invite the bot into the channel: /invite @BOT"


@pytest.mark.parametrize("place", ["https://10.0.0.1/upload/F1", "http://localhost/upload/F1"])
def test_an_upload_goes_nowhere_else_than_it_may(place: str, serve, lines) -> None:
    site = serve(Slack())
    site.elsewhere = place
    with pytest.raises(TriageError, match=r"not a public address|not encrypted"):
        send(lines, "slack:C0123456789", SLACK_TOKEN="xoxb-1", SLACK_API=f"https://localhost:{site.port}/api")


def test_webhook_is_signed(serve, lines) -> None:
    site = serve(Site())
    place = f"https://localhost:{site.port}/hook"
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    assert send(lines, f"webhook:{place}", WEBHOOK_SECRET=secret) == Receipt("sent", "webhook:localhost")
    (asked,) = site.asked
    assert asked.data["schema"] == "triage.report/1"
    assert asked.headers["webhook-id"] == f"coredns-triage-{packed(SCOPED).digest}"
    key = bytes.fromhex("31f290f6bf06298aab4f08d43c3f082cf648a362da2da4b0")
    at = asked.headers["webhook-timestamp"]
    signature = sign(key, asked.headers["webhook-id"], at, asked.body)
    assert asked.headers["webhook-signature"] == f"v1,{signature}"


def test_signature_is_that_of_standard_webhooks() -> None:
    """The example of the reference libraries."""
    key = bytes.fromhex("31f290f6bf06298aab4f08d43c3f082cf648a362da2da4b0")
    signature = sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert signature == "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_webhook_sent_again_bears_the_same_id(serve, lines) -> None:
    site = serve(Site())
    site.fail(status=503)
    for report in (SCOPED, LATER):
        send(lines, f"webhook:https://localhost:{site.port}/hook", report, WEBHOOK_SECRET="plain")
    ids = [asked.headers["webhook-id"] for asked in site.asked]
    assert ids[0] == ids[1] != ids[2]


class Inbox:
    """Keeps what arrives; refuses one address."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.refusals: list[str] = []

    async def handle_RCPT(self, server, session, envelope, address, options) -> str:  # noqa: N802
        if address == "nobody@example.com":
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802
        assert server.transport.get_extra_info("ssl_object"), "in the clear"
        if self.refusals:
            return self.refusals.pop()
        self.messages.append(envelope.content)
        return "250 OK"


@dataclass
class Post:
    """A mail server of one of its kinds."""

    inbox: Inbox = field(default_factory=Inbox)
    url: str = ""


@pytest.fixture
def post(authority: tuple[Authority, Path], tmp_path: Path) -> Callable[[str], Post]:
    @contextmanager
    def start(kind: str) -> Iterator[Post]:
        chain, key = authority[0].issue(tmp_path, ["localhost"])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, key)
        tls = {"smtps": {"ssl_context": context}, "starttls": {"tls_context": context}, "plain": {}}[kind]

        def judge(server, session, envelope, mechanism, data) -> AuthResult:
            return AuthResult(success=(data.login, data.password) == (b"me", b"pa55"), handled=False)

        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        server = Post()
        controller = Controller(
            server.inbox, "127.0.0.1", port, server_hostname="mail", authenticator=judge,
            auth_require_tls=kind == "starttls", **tls,
        )  # fmt: skip
        controller.start()
        server.url = f"{'smtps' if kind == 'smtps' else 'smtp'}://localhost:{port}"
        try:
            yield server
        finally:
            controller.stop()

    return start


def mail(lines, server: Post, to: str = "ops@example.com, dns@example.com", **more: str) -> Receipt:
    login = {
        "EMAIL_SERVER": server.url,
        "EMAIL_FROM": "triage@example.org",
        "EMAIL_USER": "me",
        "EMAIL_PASSWORD": "pa55",
    }
    return send(lines, f"email:{to}", **{**login, **more})


@pytest.mark.parametrize("kind", ["smtps", "starttls"])
def test_mail_arrives_encrypted(kind: str, post, lines) -> None:
    with post(kind) as server:
        assert mail(lines, server) == Receipt("sent", "email:ops@example.com,dns@example.com")
        assert mail(lines, server).action == "sent"
    first, second = [message_from_bytes(raw, policy=default) for raw in server.inbox.messages]
    assert (first["From"], first["To"]) == ("triage@example.org", "ops@example.com, dns@example.com")
    assert first["Subject"].strip() in packed(SCOPED).title
    assert first["Message-ID"] == second["Message-ID"] == f"<{packed(SCOPED).digest}.coredns-triage@example.org>"
    assert first["References"] == f"<{packed(SCOPED).label}@example.org>"
    assert first["Auto-Submitted"] == "auto-generated"
    files = {part.get_filename(): part.get_payload(decode=True) for part in first.iter_attachments()}
    assert files == {file.name: file.content for file in packed(SCOPED).files}
    assert "does not answer the replicas" in first.get_body(("plain",)).get_content()
    assert "does not answer the replicas" in first.get_body(("html",)).get_content()


def test_no_mail_without_encryption(post, lines) -> None:
    with post("plain") as server, pytest.raises(DeliveryError, match="STARTTLS"):
        mail(lines, server)
    assert server.inbox.messages == []


def test_mail_server_of_another_name(post, lines, monkeypatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    for kind in ("smtps", "starttls"):
        with post(kind) as server, pytest.raises(DeliveryError, match="localhost is not trusted"):
            mail(lines, server)
    assert lines.waits == []


def test_mail_server_refuses_the_password(post, lines) -> None:
    with post("starttls") as server, pytest.raises(DeliveryError, match="localhost answered 535"):
        mail(lines, server, EMAIL_PASSWORD="wr0ng")
    assert lines.waits == []


def test_mail_server_refuses_an_address(post, lines) -> None:
    with post("smtps") as server:
        with pytest.raises(DeliveryError, match=r"localhost refused nobody@example.com$"):
            mail(lines, server, "nobody@example.com")
        with pytest.raises(DeliveryError, match=r"localhost refused nobody@example.com; the others have it"):
            mail(lines, server, "nobody@example.com,ops@example.com")
    assert len(server.inbox.messages) == 1


def test_mail_server_is_busy(post, lines) -> None:
    with post("smtps") as server:
        server.inbox.refusals += ["451 later"]
        assert mail(lines, server).action == "sent"
        server.inbox.refusals += ["552 too large"]
        with pytest.raises(DeliveryError, match="localhost answered 552: too large"):
            mail(lines, server)
    assert len(lines.waits) == 1


def test_mail_server_says_nothing(lines) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = Post(url=f"smtps://localhost:{silent.getsockname()[1]}")
        with pytest.raises(DeliveryError, match=r"cannot be reached, or broke the connection: .*timed out"):
            mail(lines, server)


def test_mail_server_that_is_not_public(post, lines) -> None:
    settings = Settings({"COREDNS_TRIAGE_EMAIL_SERVER": "localhost", "COREDNS_TRIAGE_EMAIL_FROM": "a@example.org"})
    with pytest.raises(DeliveryError, match="not a public address"):
        open_target("email:b@example.org", settings)(packed(SCOPED), lines.network(allowed=()))


@pytest.mark.parametrize(
    "settings",
    [{"EMAIL_SERVER": "smtp://me:pw@localhost"}, {"EMAIL_SERVER": ""}, {"EMAIL_SERVER": "http://localhost"},
     {"EMAIL_FROM": "triage"}, {"EMAIL_FROM": "a@b.c\nBcc: d@e.f"}],
)  # fmt: skip
def test_mail_settings_of_a_wrong_form(settings: dict[str, str], lines) -> None:
    with pytest.raises(TriageError):
        mail(lines, Post(url="smtp://localhost"), **settings)


@pytest.mark.parametrize("to", ["ops", "a@b.c, d", "a@b.c\r\nBcc: d@e.f", "Ops <ops@example.com>"])
def test_mail_addresses_of_a_wrong_form(to: str, lines) -> None:
    with pytest.raises(TriageError, match="is no mail address"):
        mail(lines, Post(url="smtp://localhost"), to)


def test_apprise_gets_the_first_screen(serve, lines) -> None:
    site = serve(Site())
    urls = f"jsons://localhost:{site.port}/hook\n jsons://localhost:{site.port}/other?redirect=yes"
    assert send(lines, "apprise", APPRISE_URLS=urls) == Receipt("sent", "apprise")
    assert sorted(asked.path for asked in site.asked) == ["/hook", "/other"]
    assert site.asked[0].data["title"] == packed(SCOPED).title
    assert site.asked[0].data["message"] == packed(SCOPED).form("text").partition("\n\n")[0]


def test_apprise_is_stopped_at_addresses_that_are_not_public(serve, lines) -> None:
    site = serve(Site())
    urls = Settings({"COREDNS_TRIAGE_APPRISE_URLS": f"jsons://localhost:{site.port}/hook"})
    with pytest.raises(DeliveryError, match=r"not sent to (127.0.0.1|::1).*: not a public address"):
        open_target("apprise", urls)(packed(SCOPED), lines.network(allowed=()))
    assert site.asked == []
    with socket.create_connection(("127.0.0.1", site.port)):
        pass  # everybody else may connect again


def test_apprise_follows_no_redirects_and_takes_nothing_in_the_clear(serve, lines) -> None:
    site, other = serve(Site()), serve(Site())
    site.fail(status=307, headers={"Location": f"https://localhost:{other.port}/"})
    with pytest.raises(DeliveryError, match="Apprise could not deliver"):
        send(lines, "apprise", APPRISE_URLS=f"jsons://localhost:{site.port}/hook?redirect=yes")
    assert other.asked == []
    for url in ("json://localhost/hook", "mailto://localhost", "syslog://"):
        with pytest.raises(DeliveryError, match="is not encrypted"):
            send(lines, "apprise", APPRISE_URLS=url)
    with pytest.raises(DeliveryError, match=r"does not understand one of the URLs: what://…"):
        send(lines, "apprise", APPRISE_URLS="what://s3cret")


def test_apprise_tells_what_was_refused_without_the_secret(serve, lines, capfd) -> None:
    site = serve(Site())
    site.fail(status=401)
    with pytest.raises(DeliveryError, match=r"Apprise could not deliver: .*401") as refused:
        send(lines, "apprise", APPRISE_URLS=f"jsons://me:s3cret@localhost:{site.port}/hook")
    assert "s3cret" not in refused.value.message + "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("target", "settings", "message"),
    [
        ("jirra:https://x.example.com/projects/NET", {}, "nothing can be sent to 'jirra'"),
        ("jira:https://x.example.com/NET", {"JIRA_TOKEN": "t"}, "is no Jira project or issue"),
        ("jira:NET-1", {"JIRA_TOKEN": "t"}, "is no address of a Jira project"),
        ("jira:https://x.atlassian.net/browse/NET-1", {}, "the Jira token is missing"),
        ("jira:https://x.atlassian.net/browse/NET-1", {"JIRA_TOKEN": "t", "JIRA_API": "4"}, "JIRA_API is '4'"),
        ("github:acme", {"GITHUB_TOKEN": "t"}, "is no GitHub repository"),
        ("github:acme/infra/pull/7", {"GITHUB_TOKEN": "t"}, "is no GitHub repository"),
        ("github:acme/infra", {}, "the GitHub token is missing"),
        ("github:acme/infra", {"GITHUB_TOKEN": "a\nb"}, "must be one line"),
        ("github", {"GITHUB_TOKEN": "t"}, "is no GitHub repository"),
        ("gitlab:acme", {"GITLAB_TOKEN": "t"}, "is no GitLab project"),
        ("gitlab:http://gitlab.example.com/a/b", {"GITLAB_TOKEN": "t"}, "is not encrypted"),
        ("slack", {}, "the Slack webhook is missing"),
        ("slack:#general", {}, "the token of the Slack bot is missing"),
        ("slack:two words", {"SLACK_TOKEN": "t"}, "is no Slack channel"),
        ("webhook:https://u:p@x.example.com/", {"WEBHOOK_SECRET": "s"}, "holds a user name or password"),
        ("webhook:https://x.example.com/", {}, "the secret that signs is missing"),
        ("webhook:https://x.example.com/", {"WEBHOOK_SECRET": "whsec_!"}, "is no base64"),
        ("webhook", {"WEBHOOK_SECRET": "s"}, "is no address of a webhook"),
        ("apprise", {}, "there is no Apprise URL"),
        ("apprise:discord://1/2", {"APPRISE_URLS": "discord://1/2"}, "hold secrets"),
    ],
)
def test_a_target_that_cannot_work_is_told_beforehand(target: str, settings: dict[str, str], message: str) -> None:
    with pytest.raises(TriageError, match=message) as wrong:
        open_target(target, Settings({f"COREDNS_TRIAGE_{name}": value for name, value in settings.items()}))
    assert wrong.value.hint
    assert wrong.value.exit_code == 2


@pytest.mark.parametrize(
    ("target", "base"),
    [
        ("github:acme/infra", "https://api.github.com/repos/acme/infra"),
        ("github:https://github.com/acme/infra/issues/", "https://api.github.com/repos/acme/infra"),
        ("github:https://git.example.com/acme/infra", "https://git.example.com/api/v3/repos/acme/infra"),
        ("gitlab:acme/infra", "https://gitlab.com/api/v4/projects/acme%2Finfra"),
        ("gitlab:https://gl.example.com/a/b/c/-/issues", "https://gl.example.com/api/v4/projects/a%2Fb%2Fc"),
        ("jira:https://x.atlassian.net/jira/software/c/projects/NET/boards/1", "https://x.atlassian.net"),
        ("jira:https://x.atlassian.net/browse/NET-12", "https://x.atlassian.net"),
        ("jira:https://api.atlassian.com/ex/jira/11-22/browse/NET-12", "https://api.atlassian.com/ex/jira/11-22"),
        ("jira:https://jira.example.com/projects/NET/summary", "https://jira.example.com"),
        ("jira:https://example.com/jira/browse/NET", "https://example.com/jira"),
    ],
)
def test_addresses_are_those_that_browsers_show(target: str, base: str) -> None:
    settings = Settings({f"COREDNS_TRIAGE_{kind}_TOKEN": "t" for kind in ("GITHUB", "GITLAB", "JIRA")})
    assert open_target(target, settings).tracker.base == base


def test_settings_come_from_files_too(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret\n", encoding="utf-8")
    (tmp_path / "to").write_text("acme/infra\n", encoding="utf-8")
    environ = {
        "COREDNS_TRIAGE_GITHUB_TOKEN_FILE": str(tmp_path / "token"),
        "COREDNS_TRIAGE_GITHUB_TO_FILE": str(tmp_path / "to"),
    }
    settings = Settings(environ)
    tracker = open_target("github", settings).tracker
    assert (tracker.base, tracker.token) == ("https://api.github.com/repos/acme/infra", "s3cret")
    assert settings.mask("is s3cret wrong?") == "is *** wrong?"
    with pytest.raises(TriageError, match="names a file that cannot be read"):
        Settings({"COREDNS_TRIAGE_GITHUB_TOKEN_FILE": str(tmp_path)}).secret("GITHUB_TOKEN", "the token")
