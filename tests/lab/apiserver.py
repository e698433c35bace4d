"""A stub of the Kubernetes API server: just enough for the kubernetes plugin, and the ways in which it can refuse.

    python -m tests.lab.apiserver ADDRESS CERTIFICATE KEY MODE

Modes: `ok`, `wrong-name` (the certificate is for another address), `401`, `403`, `tls-silent`. What a real API server
says is tested elsewhere, against a real one.
"""

from __future__ import annotations

import json
import socket
import ssl
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

_KINDS = {"services": "Service", "endpointslices": "EndpointSlice", "namespaces": "Namespace", "pods": "Pod"}
_USER = "system:serviceaccount:kube-system:coredns"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    mode = "ok"

    def do_GET(self) -> None:
        """Answer, refuse, or hold a watch open."""
        url = urlsplit(self.path)
        asked = {key: values[0] for key, values in parse_qs(url.query).items()}
        resource = url.path.rstrip("/").rsplit("/", 1)[-1]
        if self.mode == "401":
            self._status(401, "Unauthorized", "Unauthorized")
        elif url.path == "/version":
            self._json(200, {"major": "1", "minor": "24", "gitVersion": "v1.24.17"})
        elif url.path.startswith("/apis/discovery.k8s.io/") and resource not in _KINDS:
            names = {"name": "endpointslices", "singularName": "", "namespaced": True, "kind": "EndpointSlice"}
            version = url.path.removeprefix("/apis/")
            self._json(
                200, {"kind": "APIResourceList", "groupVersion": version, "resources": [names | {"verbs": ["list"]}]}
            )
        elif resource not in _KINDS:
            self._status(404, "NotFound", "not found")
        elif self.mode == "403":
            group = "discovery.k8s.io" if resource == "endpointslices" else ""
            text = f'{resource} is forbidden: User "{_USER}" cannot list resource "{resource}" in API group "{group}"'
            self._status(403, "Forbidden", f"{text} at the cluster scope")
        elif asked.get("sendInitialEvents") == "true":
            self._status(422, "Invalid", "sendInitialEvents is forbidden")
        elif asked.get("watch"):
            self._hold()
        else:
            self._list(url.path, resource)

    def _list(self, path: str, resource: str) -> None:
        items: list[dict[str, Any]] = []
        if resource == "namespaces":
            items = [{"metadata": {"name": "default", "uid": "1", "resourceVersion": "1"}}]
        if resource == "services":
            ports = [{"name": "https", "port": 443, "protocol": "TCP"}]
            meta = {"name": "kubernetes", "namespace": "default", "uid": "2", "resourceVersion": "1"}
            spec = {"clusterIP": "10.96.0.1", "clusterIPs": ["10.96.0.1"], "ports": ports, "type": "ClusterIP"}
            items = [{"metadata": meta, "spec": spec}]
        version = "v1" if path.startswith("/api/") else path.split("/apis/")[1].rsplit("/", 1)[0]
        kind = f"{_KINDS[resource]}List"
        self._json(200, {"kind": kind, "apiVersion": version, "metadata": {"resourceVersion": "1"}, "items": items})

    def _hold(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        time.sleep(300)

    def _status(self, code: int, reason: str, message: str) -> None:
        body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "message": message}
        self._json(code, {**body, "code": code})

    def _json(self, code: int, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def main(address: str, chain: str, key: str, mode: str) -> None:
    """Serve until killed."""
    Handler.mode = mode
    if mode == "tls-silent":
        with socket.create_server((address, 443), backlog=100):
            print("ready", flush=True)
            time.sleep(3600)
    server = ThreadingHTTPServer((address, 443), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    # The handshake must not happen in `accept`, or one bad client would stop all.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
