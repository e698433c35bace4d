"""The real line: https only, to the address that was checked, never along a redirect."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from email.message import EmailMessage
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlencode, urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

from msgspec import Struct, field

from triage.deliver.address import Resolve, checked, look_up, web
from triage.deliver.line import Answer, MailServer, Request
from triage.deliver.patience import LaterError, PassingError, UncertainError, patiently
from triage.deliver.refusals import refusal
from triage.errors import DeliveryError

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

LONGEST_ANSWER = 32 * 2**20
"""Bytes; a tracker lists a hundred tickets with their texts at a time."""
_SHOWN = 200
"""Characters of a target's own words in an error."""
_AGENT = "coredns-triage"


class Network(Struct, frozen=True):
    """The line to real targets."""

    mask: Callable[[str], str]
    """Hides secrets in what targets say."""
    allowed: Collection[str] = ()
    """Hosts that may be at an address that is not public."""
    proxies: Mapping[str, str] = field(default_factory=dict)
    """`https` and `no`, as in HTTPS_PROXY and NO_PROXY."""
    timeout_s: float = 10.0
    """For connecting, and for each silence of the target."""
    resolve: Resolve = look_up
    pause: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.time

    def call(self, request: Request) -> Answer:
        """Send a request, and again while the target is busy or out of reach."""
        return patiently(lambda: self._once(request), self.pause)

    def _once(self, request: Request) -> Answer:
        parts = web(request.url, "a service")
        host, port = str(parts.hostname), parts.port or 443
        for address in checked(host, port, self.allowed, self.resolve):
            response = self._at(address, host, port, request)
            if response is not None:
                return self._answer(response, host, request)
        raise LaterError("{host} cannot be reached", hint="send the report again later", host=host)

    def _at(self, address: str, host: str, port: int, request: Request) -> BaseHTTPResponse | None:
        """The answer of the host at this address; None when no connection comes about."""
        from urllib3 import Timeout
        from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ProxyError, SSLError

        parts = urlsplit(request.url)
        target = parts._replace(netloc=f"[{address}]:{port}" if ":" in address else f"{address}:{port}").geturl()
        body, headers = _encoded(request)
        try:
            return self._manager(host).request(
                request.method,
                target,
                body=body,
                headers={"User-Agent": _AGENT, "Host": parts.netloc, **headers},
                redirect=False,
                retries=False,
                timeout=Timeout(connect=self.timeout_s, read=self.timeout_s),
                preload_content=False,
            )
        except (NewConnectionError, ConnectTimeoutError):
            return None
        except ProxyError as error:
            raise LaterError("the proxy does not connect to {host}", hint="look at HTTPS_PROXY", host=host) from error
        except SSLError as error:
            raise DeliveryError(
                "{host} is not trusted: {why}",
                hint="for an authority of your own, name its certificates in SSL_CERT_FILE",
                host=host,
                why=error,
            ) from error
        except (HTTPError, OSError) as error:
            raise self._lost(host, request) from error

    def _manager(self, host: str) -> PoolManager:
        """Connects to any address as if it were `host`: its name goes into TLS, and its certificate is wanted."""
        from urllib3 import PoolManager, ProxyManager, make_headers

        trust = ssl.create_default_context()
        proxy = self.proxies.get("https")
        if not proxy or proxy_bypass_environment(host, dict(self.proxies)):
            return PoolManager(ssl_context=trust, server_hostname=host)
        proxy = proxy if "://" in proxy else f"http://{proxy}"
        login = urlsplit(proxy).netloc.rpartition("@")[0]
        headers = make_headers(proxy_basic_auth=unquote(login)) if login else None
        return ProxyManager(proxy, proxy_headers=headers, ssl_context=trust, server_hostname=host)

    def _answer(self, response: BaseHTTPResponse, host: str, request: Request) -> Answer:
        from urllib3.exceptions import HTTPError

        try:
            body = response.read(LONGEST_ANSWER, decode_content=False)
        except (HTTPError, OSError) as error:
            raise self._lost(host, request) from error
        finally:
            response.close()
        status = response.status
        if 200 <= status < 300 or status in request.accept:
            return Answer(status, body, host)
        wait = _retry_after(response.headers.get("Retry-After"))
        said = self.mask(" ".join(body[:2000].decode("utf-8", errors="replace").split()))[:_SHOWN]
        if status == 429 or (status == 403 and wait is not None):  # GitHub tells its secondary limits by 403
            raise _busy(LaterError, host, status, said, wait)
        if status >= 500:
            raise _busy(LaterError if request.again else UncertainError, host, status, said, wait)
        raise refusal(status, host, said, response.headers.get("Location"))

    def _lost(self, host: str, request: Request) -> PassingError:
        kind = LaterError if request.again else UncertainError
        return kind(
            "{host} did not answer within {seconds} s, or broke the connection",
            hint="send the report again later",
            host=host,
            seconds=round(self.timeout_s),
        )

    def mail(self, server: MailServer, message: EmailMessage) -> None:
        """Hand a message to its server."""
        from triage.deliver.smtp import hand_over

        def attempt() -> None:
            addresses = checked(server.host, server.port, self.allowed, self.resolve)
            hand_over(server, addresses, message, self.timeout_s, self.mask)

        patiently(attempt, self.pause)

    def notify(self, urls: Sequence[str], title: str, body: str) -> None:
        """Hand a text to Apprise."""
        from triage.deliver.notify import hand_over

        proxy = self.proxies.get("https")
        hand_over(urls, title, body, allowed=self.allowed, proxy=proxy, resolve=self.resolve, mask=self.mask)


def proxies_of(environ: Mapping[str, str]) -> dict[str, str]:
    """The proxy for https, and the hosts that go without.

    >>> proxies_of({"HTTPS_PROXY": "http://proxy:3128", "no_proxy": ".corp"})
    {'https': 'http://proxy:3128', 'no': '.corp'}
    """
    found = {kind: environ.get(f"{kind}_proxy") or environ.get(f"{kind}_proxy".upper()) for kind in ("https", "no")}
    return {kind: value for kind, value in found.items() if value}


def _busy(kind: type[PassingError], host: str, status: int, said: str, wait_s: float | None) -> PassingError:
    hint = "send the report again later"
    return kind("{host} answered {status}: {said}", hint=hint, wait_s=wait_s, host=host, status=status, said=said)


def _encoded(request: Request) -> tuple[bytes | None, dict[str, str]]:
    """Body and headers of a request."""
    from urllib3.filepost import encode_multipart_formdata

    headers = dict(request.headers)
    if request.file is not None:
        part = (request.file.name, request.file.content, request.file.media_type)
        body, headers["Content-Type"] = encode_multipart_formdata({"file": part})
        return body, headers
    if request.json is not None:
        return json.dumps(request.json).encode(), {"Content-Type": "application/json", **headers}
    if request.form is not None:
        return urlencode(request.form).encode(), {"Content-Type": "application/x-www-form-urlencoded", **headers}
    return request.content, headers


def _retry_after(value: str | None) -> float | None:
    """Seconds of a `Retry-After`, a number or a date; None when there is none that can be read."""
    from urllib3 import Retry
    from urllib3.exceptions import InvalidHeader

    try:
        return None if value is None else max(0.0, Retry().parse_retry_after(value))
    except InvalidHeader:
        return None
