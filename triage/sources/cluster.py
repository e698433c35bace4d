"""The Kubernetes API by HTTP: reads only, as raw bytes, each failure as a `Fault`."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from triage.errors import TriageError
from triage.model.collection import Identity, Login
from triage.sources.live.reads import REASONS, Fault
from triage.sources.login import Access, Credentials, access_of, log_in, proxy_of

if TYPE_CHECKING:
    import urllib3

_PIECE = 64 * 1024
_CONNECT_S = 10.0
_ERROR_BYTES = 16 * 1024


class ApiReader:
    """Reads by HTTP."""

    def __init__(self, access: Access, concurrency: int, environ: Mapping[str, str]) -> None:
        self._access, self._concurrency, self._environ = access, concurrency, environ
        self._timeout_s = access.wait_s
        self._lock = threading.Lock()
        self._pool: urllib3.PoolManager | None = None
        self._headers: Any = None
        self._user = ""
        self._renewed = False

    @property
    def identity(self) -> Identity:
        """Whom it asks."""
        return self._access.identity

    def log_in(self) -> str:
        """Get the credentials, once, and say as whom we ask; raises TriageError when there are none."""
        with self._lock:
            if self._pool is None:
                self._use(log_in(self._access, self._environ))
        return self._user

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
        self.log_in()
        used = self._headers
        response = self._send(method, path, body)
        if response.status == 401 and self._renew(used):
            response.close()
            response = self._send(method, path, body)
        if response.status >= 300:
            raise _refusal(response)
        return response

    def _renew(self, used: object) -> bool:
        """Run the login plugin once more, as kubectl does: its token may have ended. True when there is another one."""
        with self._lock:
            if self._headers is not used:
                return True
            if self._renewed or self._access.user.section("exec") is None:
                return False
            self._renewed = True
            try:
                self._use(log_in(self._access, self._environ))
            except TriageError:
                return False
            return True

    def _use(self, credentials: Credentials) -> None:
        self._headers = _headers(credentials)
        self._pool = _pool(self._access, credentials, self._concurrency, self._environ)
        self._user = credentials.user

    def _send(self, method: str, path: str, body: bytes | None) -> Any:  # noqa: ANN401
        import urllib3

        assert self._pool is not None
        connect_s = min(_CONNECT_S, self._timeout_s) if self._timeout_s else _CONNECT_S
        timeout = urllib3.Timeout(connect=connect_s, read=self._timeout_s)
        headers = self._headers if body is None else self._headers | {"Content-Type": "application/json"}
        try:
            return self._pool.urlopen(
                method, self._access.server + path, redirect=False, body=body, headers=headers, timeout=timeout,
                preload_content=False, retries=False,
            )  # fmt: skip
        except urllib3.exceptions.HTTPError as error:
            raise _fault_of(error) from error


def _headers(credentials: Credentials) -> Any:  # noqa: ANN401
    import urllib3

    headers = urllib3.HTTPHeaderDict({"Accept": "application/json, */*", "User-Agent": "coredns-triage"})
    for name, value in credentials.headers:
        headers.add(name, value)
    return headers


def _pool(access: Access, credentials: Credentials, size: int, environ: Mapping[str, str]) -> urllib3.PoolManager:
    """Connections that are kept; no silent retries, which would multiply every timeout."""
    import urllib3

    settings: dict[str, Any] = {"maxsize": size, "retries": False}
    if credentials.context is not None:
        settings["ssl_context"] = credentials.context
        if name := access.cluster.text("tls-server-name"):
            settings["server_hostname"] = name
        if not credentials.context.check_hostname:  # somebody wanted it so
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
            settings["assert_hostname"] = False
    proxy = proxy_of(access, environ)
    if proxy is None:
        return urllib3.PoolManager(**settings)
    login = urlsplit(proxy)
    if login.scheme.startswith("socks"):
        return _through_socks(proxy, settings)
    pair = f"{unquote(login.username)}:{unquote(login.password or '')}" if login.username else None
    return urllib3.ProxyManager(proxy, proxy_headers=urllib3.make_headers(proxy_basic_auth=pair), **settings)


def _through_socks(proxy: str, settings: dict[str, Any]) -> urllib3.PoolManager:
    try:
        from urllib3.contrib.socks import SOCKSProxyManager
    except ImportError as error:
        raise TriageError(
            "a SOCKS proxy needs a library that is not installed", hint="pip install PySocks; or try --via kubectl"
        ) from error
    host = proxy.partition("://")[2]
    return SOCKSProxyManager(f"socks5h://{host}", **settings)  # names are looked up behind the proxy, as by kubectl


def connect(login: Login, concurrency: int) -> ApiReader:
    """A reader for this login; asks nothing yet."""
    return ApiReader(access_of(login, os.environ), concurrency, os.environ)


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
