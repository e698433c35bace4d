"""A web service on loopback, over TLS, that notes every request and can be told to misbehave."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.lab.certificates import Authority

Reply = tuple[int, Mapping[str, str], bytes]


@dataclass(frozen=True)
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    sni: str | None

    @property
    def data(self) -> dict:
        return json.loads(self.body)

    def parts(self) -> dict[str, tuple[str, bytes]]:
        """Fields of a multipart body: file name and content."""
        head = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode()
        message = message_from_bytes(head + self.body, policy=HTTP)
        return {
            part.get_param("name", header="content-disposition"): (part.get_filename(), part.get_payload(decode=True))
            for part in message.iter_parts()
        }


def reply(data: object, status: int = 200, **headers: str) -> Reply:
    return status, {"Content-Type": "application/json", **headers}, json.dumps(data).encode()


@dataclass
class Fault:
    """What the service does instead of answering, once."""

    when: Callable[[Asked], bool]
    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"sorry"
    act_first: bool = False
    """Do what was asked, and then misbehave all the same."""
    how: str = "answer"
    """answer, hang (say nothing), drip (a byte now and then) or break (close the connection)."""


class Site:
    """One service: sub-classes answer."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.faults: list[Fault] = []
        self.lock = threading.RLock()
        self.over = threading.Event()
        self.port = 0

    def answer(self, asked: Asked) -> Reply:
        """What is answered when nothing goes wrong."""
        return 200, {}, b"ok"

    def fail(self, method: str = "", path: str = "", times: int = 1, **how: object) -> None:
        """Misbehave at the next requests of this method whose path ends like this."""
        for _ in range(times):
            self.faults.append(Fault(lambda a: a.method.startswith(method) and a.path.endswith(path), **how))

    def wrote(self, method: str, end: str) -> list[Asked]:
        return [a for a in self.asked if a.method == method and a.path.endswith(end)]

    def handle(self, asked: Asked) -> Reply | Fault:
        with self.lock:
            self.asked.append(asked)
            fault = next((f for f in self.faults if f.when(asked)), None)
            if fault is None:
                return self.answer(asked)
            self.faults.remove(fault)
            if fault.act_first:
                self.answer(asked)
            return fault


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    """Else an answer waits for the client to acknowledge the handshake."""
    site: Site

    def _do(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        sni = getattr(self.connection, "asked_for", None)
        done = self.site.handle(Asked(self.command, parts.path, query, headers, body, sni))
        if isinstance(done, Fault):
            if done.how == "hang":
                self.site.over.wait()
            elif done.how == "drip":
                while not self.site.over.wait(0.05):
                    self.wfile.write(
                        b"HTTP/1.1 200 OK\r\nX-Wait: yes\r\n" if not hasattr(self, "begun") else b"X: y\r\n"
                    )
                    self.wfile.flush()
                    self.begun = True
            if done.how != "answer":
                self.close_connection = True
                return
            done = (done.status, done.headers, done.body)
        status, headers, content = done
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _do  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that refuses our certificate is what some tests want."""


@contextmanager
def serving(site: Site, authority: Authority, folder: Path, *names: str, expired: bool = False) -> Iterator[Site]:
    """Serve on a free port of loopback under a certificate for these names."""
    chain, key = authority.issue(folder, names or ["localhost", "127.0.0.1"], expired=expired)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    context.sni_callback = lambda connection, name, _: setattr(connection, "asked_for", name)
    handler = type("Handler", (_Handler,), {"site": site})
    server = _Server(("127.0.0.1", 0), handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    site.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
