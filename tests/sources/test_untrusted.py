"""A server whose certificate nobody vouches for."""

from __future__ import annotations

import base64
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.lab.certificates import Authority
from tests.sources.test_login import written
from triage.cli import main
from triage.errors import ExitCode


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*Authority("theirs").issue(tmp_path, ["127.0.0.1"]))
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as listening:
        listening.socket = context.wrap_socket(listening.socket, server_side=True, do_handshake_on_connect=False)
        listening.handle_error = lambda *_: None  # they hang up on it
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{listening.server_port}"
        listening.shutdown()


def test_its_certificate_is_named(tmp_path: Path, server: str, capfd: pytest.CaptureFixture[str]) -> None:
    ours = base64.b64encode(Authority("ours").pem).decode()
    path = written(tmp_path, {"server": server, "certificate-authority-data": ours})
    assert main(["diagnose", "--kubeconfig", str(path)]) == ExitCode.NO_EVIDENCE
    told = capfd.readouterr().err
    assert "error: the certificate of the API server is not trusted: " in told
    assert " hint: check --certificate-authority" in told
