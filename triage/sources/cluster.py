"""The Kubernetes API by the official Python client: reads only, as raw bytes, each failure as a `Fault`.

The client's own reading of logs differs between its versions and hides faults, so that only its login, TLS and proxies
are used here, and bodies are streamed from its connection pool.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from triage.errors import TriageError
from triage.model.collection import Identity, Login
from triage.sources.kubeconfig import Access, access_of
from triage.sources.live.reads import REASONS, Fault

_PIECE = 64 * 1024
_CONNECT_S = 10.0
_ERROR_BYTES = 16 * 1024


class ApiReader:
    """Reads by HTTP."""

    def __init__(self, access: Access, login: Login, concurrency: int) -> None:
        from kubernetes.client import ApiClient

        self._access = access
        configuration = access.configuration
        configuration.connection_pool_maxsize = concurrency
        configuration.retries = False  # three silent tries would multiply every timeout
        try:
            self._pool = ApiClient(configuration).rest_client.pool_manager
        except Exception as error:
            raise TriageError(
                "the login cannot be used: {why}",
                hint="name another one with --kubeconfig or --context, or let kubectl log in: --via kubectl",
                why=error,
            ) from error
        self._timeout_s = login.timeout_s or None

    @property
    def identity(self) -> Identity:
        """Whom it asks, and as whom."""
        return self._access.identity

    @contextmanager
    def open(self, path: str) -> Iterator[Iterator[bytes]]:
        """The body of GET `path` in pieces."""
        response = self._request("GET", path, None)
        try:
            yield _pieces(response)
        finally:
            # A body that was not read to its end must not be reused, and reading it to the end may take for ever.
            response.close() if not _is_read(response) else response.release_conn()

    def post(self, path: str, body: Mapping[str, object]) -> Mapping[str, Any]:
        """Ask a question that the API takes as a POST (access reviews); nothing is stored by it."""
        response = self._request("POST", path, json.dumps(body).encode())
        data = json.loads(b"".join(_pieces(response)))
        return data if isinstance(data, dict) else {}

    def _request(self, method: str, path: str, body: bytes | None) -> Any:  # noqa: ANN401
        import urllib3

        connect_s = min(_CONNECT_S, self._timeout_s) if self._timeout_s else _CONNECT_S
        timeout = urllib3.Timeout(connect=connect_s, read=self._timeout_s)
        url = self._access.configuration.host.rstrip("/") + path
        try:
            response = self._pool.request(
                method, url, body=body, headers=self._headers(body), timeout=timeout,
                preload_content=False, retries=False, redirect=False,
            )  # fmt: skip
        except urllib3.exceptions.HTTPError as error:
            raise _fault_of(error) from error
        if response.status >= 300:
            raise _refusal(response)
        return response

    def _headers(self, body: bytes | None) -> Any:  # noqa: ANN401
        import urllib3

        headers = urllib3.HTTPHeaderDict({"Accept": "application/json, */*", "User-Agent": "coredns-triage"})
        for setting in self._access.configuration.auth_settings().values():
            if setting["in"] == "header" and setting["value"]:
                headers[setting["key"]] = setting["value"]
        for name, value in self._access.headers:
            headers.add(name, value)
        if body is not None:
            headers["Content-Type"] = "application/json"
        return headers


def connect(login: Login, concurrency: int) -> ApiReader:
    """A reader for this login; asks nothing yet."""
    return ApiReader(access_of(login, os.environ), login, concurrency)


def _pieces(response: Any) -> Iterator[bytes]:  # noqa: ANN401
    import urllib3

    try:
        yield from response.stream(_PIECE, decode_content=True)
    except urllib3.exceptions.HTTPError as error:
        raise _fault_of(error) from error
    except OSError as error:  # a reset that urllib3 did not see coming
        raise Fault("cut", str(error)) from error


def _is_read(response: Any) -> bool:  # noqa: ANN401
    original = getattr(response, "_fp", None)
    return original is None or bool(getattr(original, "closed", True))


def _refusal(response: Any) -> Fault:  # noqa: ANN401
    """The fault of a status; its body is a Status object, or, from proxies and for 429, a text."""
    try:
        raw = response.read(_ERROR_BYTES) or b""
    except Exception:  # the status is what matters
        raw = b""
    finally:
        response.close()
    text = raw.decode("utf-8", errors="replace")
    try:
        status = json.loads(text)
        said = str(status.get("message") or text) if isinstance(status, dict) else text
    except ValueError:
        said = text
    code = response.status
    reason = REASONS.get(code, "server" if code >= 500 else "refused")
    return Fault(reason, f"{code}: {said}", _seconds(response.headers.get("Retry-After")))


def _seconds(text: str | None) -> float | None:
    try:
        return max(0.0, float(text)) if text else None
    except ValueError:  # a date; nobody sends one here
        return None


def _fault_of(error: Exception) -> Fault:
    import urllib3

    if isinstance(error, urllib3.exceptions.MaxRetryError) and error.reason is not None:
        return _fault_of(error.reason)
    if isinstance(error, urllib3.exceptions.NewConnectionError):  # before the timeouts: it is one of them
        return Fault("unreachable", str(error))
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return Fault("timeout", str(error))
    cut = isinstance(error, urllib3.exceptions.ProtocolError | urllib3.exceptions.DecodeError)
    return Fault("cut" if cut else "unreachable", str(error))
