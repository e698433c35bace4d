"""Services that answer everything wrongly: each ends in time, with one error and its hint."""

from __future__ import annotations

import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.deliver.conftest import SCOPED
from tests.lab.certificates import Authority

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def answer(body: bytes) -> bytes:
    return HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body


RUDE: dict[str, tuple[bytes, bytes]] = {
    # What is sent, and what is sent again and again behind it.
    "elsewhere": (b"HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/\r\nContent-Length: 0\r\n\r\n", b""),
    "bytes": (answer(bytes(range(256))), b""),
    "nothing": (answer(b""), b""),
    "list": (answer(b"[[[]]]"), b""),
    "word": (answer(b'"x"'), b""),
    "null": (answer(b"null"), b""),
    "wrong-types": (answer(b'{"id": [], "number": {}, "issues": 7, "items": "x", "ok": true, "ts": {}}'), b""),
    "no-name": (answer(b'{"ok": true, "number": 7, "html_url": "", "iid": 7, "key": ""}'), b""),
    "list-of-words": (answer(b'["a", 7, null]'), b""),
    "deep": (answer(b"[" * 200_000), b""),
    "endless": (HEAD + b"Content-Length: 1000000000000\r\n\r\n", b"\0" * 65536),
    "endless-chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"\0" * 65536 + b"\r\n"),
    "endless-head": (HEAD, b"X-More: yes\r\n"),
    "cut": (HEAD + b"Content-Length: 1000\r\n\r\n{", b""),
    "no-http": (b"220 mail.example ESMTP\r\n", b""),
    "closed": (b"", b""),
}
TARGETS: dict[str, tuple[str, dict[str, str]]] = {
    "webhook": ("webhook:{url}/hook", {"WEBHOOK_SECRET": "s3cret"}),
    "github": ("github:{url}/acme/infra", {"GITHUB_TOKEN": "s3cret"}),
    "gitlab": ("gitlab:{url}/acme/infra", {"GITLAB_TOKEN": "s3cret"}),
    "jira": ("jira:{url}/tracker/projects/NET", {"JIRA_TOKEN": "s3cret"}),
    "slack": ("slack:C0123456789", {"SLACK_TOKEN": "s3cret", "SLACK_API": "{url}/api"}),
}


@pytest.fixture
def rude(authority: tuple[Authority, Path], tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Starts such a service; its address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority[0].issue(tmp_path, ["localhost"]))
    over = threading.Event()
    servers: list[socketserver.ThreadingTCPServer] = []

    def start(how: str) -> str:
        first, again = RUDE[how]

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with suppress(OSError), context.wrap_socket(self.request, server_side=True) as line:
                    line.recv(2**20)
                    line.sendall(first)
                    while again and not over.is_set():
                        line.sendall(again)
                    line.shutdown(socket.SHUT_WR)

        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return f"https://localhost:{server.server_address[1]}"

    yield start
    over.set()
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("how", RUDE)
def test_a_rude_service_ends_with_one_error(send, rude, monkeypatch, how: str, target: str) -> None:
    monkeypatch.setattr("triage.deliver.patience.LONGEST_WAIT_S", 0)  # without patience
    url = rude(how)
    place, settings = TARGETS[target]
    for name, value in settings.items():
        monkeypatch.setenv(f"COREDNS_TRIAGE_{name}", value.format(url=url))
    told = send(SCOPED, "--to", place.format(url=url), "--cluster", "prod", "--timeout", "20s")
    if told.code == 0:  # a webhook needs nothing but a status
        assert target == "webhook"
        return
    assert told.code == 5
    lines = told.err.splitlines()
    assert [line.split(":")[0] for line in lines] == ["error", " hint", "error", " hint"]
    assert "s3cret" not in told.err
    assert all(len(line) < 600 for line in lines)
