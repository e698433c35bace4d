"""A token that ends while we read: the login plugin is run once more, as kubectl does."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.sources.test_login import plugin, written
from triage import pipeline
from triage.model.collection import Login
from triage.sources.live.reads import Fault


@pytest.fixture
def server() -> Iterator[tuple[str, list[str]]]:
    """A server that takes no token but the second one; the tokens that it was shown."""
    shown: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shown.append(self.headers["Authorization"])
            self.send_response(200 if shown[-1] == "Bearer t2" else 401)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}", shown
        listening.shutdown()


def counting(tmp_path: Path, first: int) -> dict[str, object]:
    """A plugin whose tokens are numbered."""
    script = tmp_path / "login"
    script.write_text(
        f"#!{sys.executable}\nimport json, pathlib\nfile = pathlib.Path({str(tmp_path / 'n')!r})\n"
        f"number = int(file.read_text()) + 1 if file.exists() else {first}\nfile.write_text(str(number))\n"
        "print(json.dumps({'status': {'token': f't{number}'}}))\n"
    )
    script.chmod(0o700)
    return plugin("./login")


def test_the_plugin_is_run_once_more(tmp_path: Path, server: tuple[str, list[str]]) -> None:
    url, shown = server
    path = written(tmp_path, {"server": url}, counting(tmp_path, 1))
    reader = pipeline.connect(Login(str(path)), 2)
    for _ in range(2):
        with reader.open("/version"):
            pass
    assert shown == ["Bearer t1", "Bearer t2", "Bearer t2"]


def test_but_not_again_and_again(tmp_path: Path, server: tuple[str, list[str]]) -> None:
    url, shown = server
    path = written(tmp_path, {"server": url}, counting(tmp_path, 5))
    reader = pipeline.connect(Login(str(path)), 2)
    for _ in range(2):
        with pytest.raises(Fault, match="unauthorized"), reader.open("/version"):
            pass
    assert shown == ["Bearer t5", "Bearer t6", "Bearer t6"]


def test_a_token_of_the_kubeconfig_stays_what_it_is(tmp_path: Path, server: tuple[str, list[str]]) -> None:
    url, shown = server
    reader = pipeline.connect(Login(str(written(tmp_path, {"server": url}, {"token": "t1"}))), 2)
    with pytest.raises(Fault, match="unauthorized"), reader.open("/version"):
        pass
    assert shown == ["Bearer t1"]
