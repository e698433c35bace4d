"""A proxy between a client and the API server that spoils chosen answers; everything else passes as it is."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast

from tests.cluster import users
from tests.cluster.cluster import Cluster
from tests.cluster.users import User

_CHUNK = 1 << 16
_REASONS = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    410: "Expired",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is done to the requests of one kind."""

    request: str = ""
    """Searched in `GET /path?query`, a regular expression; empty: every request."""
    status: int = 0
    """Answered instead of the API server; 0: it is asked."""
    text: str | None = None
    """The body of that answer; None: a Status object, as the API server sends."""
    retry_after_s: int | None = None
    wait_s: float = 0.0
    """Before anything is answered."""
    reset_after_bytes: int | None = None
    """The connection is torn after so much of the body."""
    end_after_bytes: int | None = None
    """The body ends after so much of it, as if that were all."""
    meanwhile: Callable[[], object] | None = None
    """What happens to the cluster before the API server is asked, or once so much of the body has passed:"""
    meanwhile_bytes: int = 0
    times: int | None = None
    """How often; None: always."""


@dataclass
class Proxy:
    """A running proxy; `faults` may be changed at any time, the first that fits is done."""

    cluster: Cluster
    port: int = 0
    faults: list[Fault] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    """Every request, in the order in which they came."""
    most_at_once: int = 0
    """The greatest number of requests that were in flight together."""
    at_once: int = 0
    """Requests that are in flight."""
    _done: dict[Fault, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def kubeconfig(self, user: User) -> Path:
        """Of a user who goes through the proxy."""
        return users.with_token(self.cluster, f"{user.name}-by-proxy", user.token, self.port)

    @contextlib.contextmanager
    def taking(self, request: str) -> Iterator[Fault]:
        """Count a request while it lasts, and say what is done to it."""
        with self._lock:
            self.seen.append(request)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            fault = next((f for f in self.faults if self._applies(f, request)), Fault())
            self._done[fault] = self._done.get(fault, 0) + 1
        try:
            yield fault
        finally:
            with self._lock:
                self.at_once -= 1

    def _applies(self, fault: Fault, request: str) -> bool:
        spent = fault.times is not None and self._done.get(fault, 0) >= fault.times
        return not spent and re.search(fault.request, request) is not None


@contextlib.contextmanager
def between(cluster: Cluster) -> Iterator[Proxy]:
    """A proxy in front of this cluster, with the cluster's own certificate: bearer tokens pass, client ones do not."""
    trusted = ssl.create_default_context(cafile=str(cluster.authority))
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(*cluster.paths.pair("127.0.0.1"))
    proxy = Proxy(cluster)
    handler = type("Handler", (_Handler,), {"proxy": proxy, "trusted": trusted})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.socket = shown.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    proxy.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    proxy: Proxy
    trusted: ssl.SSLContext

    def do_GET(self) -> None:
        with self.proxy.taking(f"{self.command} {self.path}") as fault:
            time.sleep(fault.wait_s)
            if fault.meanwhile and not fault.meanwhile_bytes:
                fault.meanwhile()
            with contextlib.suppress(ConnectionError, ssl.SSLError):  # the client did not wait
                if fault.status:
                    self._refuse(fault)
                else:
                    self._pass(fault)

    def do_POST(self) -> None:
        self.do_GET()

    def _refuse(self, fault: Fault) -> None:
        reason = _REASONS.get(fault.status, "InternalError")
        status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": fault.status}
        body = (json.dumps(status | {"message": reason}) if fault.text is None else fault.text).encode()
        self.send_response(fault.status)
        self.send_header("Content-Type", "application/json" if fault.text is None else "text/plain; charset=utf-8")
        if fault.retry_after_s is not None:
            self.send_header("Retry-After", str(fault.retry_after_s))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _pass(self, fault: Fault) -> None:
        size = int(self.headers.get("Content-Length", 0))
        wanted = {name: value for name, value in self.headers.items() if name.lower() != "accept-encoding"}
        behind = http.client.HTTPSConnection("127.0.0.1", self.proxy.cluster.port, context=self.trusted, timeout=60)
        with contextlib.closing(behind):
            behind.request(self.command, self.path, self.rfile.read(size) if size else None, wanted)
            answer = behind.getresponse()
            self.send_response(answer.status)
            for name in ("Content-Type", "Retry-After", "Warning"):
                if value := answer.getheader(name):
                    self.send_header(name, value)
            if answer.status in (204, 304):
                self.end_headers()
                return
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self._body(answer, fault)

    def _body(self, answer: http.client.HTTPResponse, fault: Fault) -> None:
        left = fault.end_after_bytes if fault.reset_after_bytes is None else fault.reset_after_bytes
        waiting = fault.meanwhile if fault.meanwhile_bytes else None
        passed = 0
        while left != 0 and (data := answer.read1(_CHUNK if left is None else min(left, _CHUNK))):
            left = None if left is None else left - len(data)
            self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
            passed += len(data)
            if waiting and passed >= fault.meanwhile_bytes:
                waiting()
                waiting = None
        if left == 0 and fault.reset_after_bytes is not None:
            self._tear()
        else:
            self.wfile.write(b"0\r\n\r\n")

    def _tear(self) -> None:
        """End the connection as a dead network does, in the middle of the answer."""
        self.close_connection = True
        self.wfile.flush()
        connection = cast(socket.socket, self.connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(connection.detach())

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""
