"""Requests to the API server, without the client libraries that the program uses itself."""

from __future__ import annotations

import contextlib
import http.client
import json
import ssl
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

_LANES = 8


class ApiError(Exception):
    """The API server said no."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text}")
        self.status = status
        self.text = text


class Api:
    """One user's way to the API server: `api("GET", "/api/v1/nodes")`. Several threads may use it."""

    def __init__(self, port: int, authority: Path, *, pair: tuple[Path, Path] | None = None, token: str = "") -> None:
        self.port = port
        self._context = ssl.create_default_context(cafile=str(authority))
        if pair:
            self._context.load_cert_chain(*pair)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def __call__(self, method: str, path: str, body: object = None, kind: str = "application/json") -> Any:
        """The decoded answer."""
        answer = self.text(method, path, body, kind)
        return json.loads(answer) if answer else None

    def text(self, method: str, path: str, body: object = None, kind: str = "application/json") -> bytes:
        """The answer as it came; `ApiError` for everything but 2xx."""
        with contextlib.closing(self._connection()) as connection:
            return self._exchange(connection, method, path, body, kind)

    def many(self, requests: Sequence[tuple[str, str, object]]) -> list[bytes]:
        """The answers to many requests (method, path, body), in their order, over eight connections."""

        def share(number: int) -> list[bytes]:
            with contextlib.closing(self._connection()) as connection:
                return [
                    self._exchange(connection, *request, "application/json") for request in requests[number::_LANES]
                ]

        answers: list[bytes] = [b""] * len(requests)
        with ThreadPoolExecutor(_LANES) as pool:
            for number, got in enumerate(pool.map(share, range(_LANES))):
                answers[number::_LANES] = got
        return answers

    def header(self, path: str, name: str) -> str | None:
        """What one header says of the answer to a GET."""
        with contextlib.closing(self._connection()) as connection:
            connection.request("GET", path, headers=self._headers)
            return connection.getresponse().getheader(name)

    def _connection(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=self._context, timeout=60)

    def _exchange(
        self, connection: http.client.HTTPSConnection, method: str, path: str, body: object, kind: str
    ) -> bytes:
        data = None if body is None else json.dumps(body).encode()
        connection.request(method, path, data, {"Content-Type": kind, **self._headers})
        answer = connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise ApiError(answer.status, content.decode("utf-8", "replace"))
        return content

    def merge(self, path: str, change: object) -> Any:
        """Change fields of an object."""
        return self("PATCH", path, change, "application/merge-patch+json")

    def apply(self, path: str, content: dict[str, Any], owner: str = "kubectl") -> Any:
        """Create an object or change it, as `kubectl apply --server-side` does: `managedFields` name the owner."""
        target = f"{path}/{content['metadata']['name']}?fieldManager={owner}&force=true"
        return self("PATCH", target, content, "application/apply-patch+yaml")


def wait_for(happened: Callable[[], Any], what: str, limit_s: float = 60.0) -> Any:
    """Ask until the answer is true, and give it back; refusals and closed doors count as not yet."""
    end = time.monotonic() + limit_s
    while True:
        last: object = None
        try:
            if answer := happened():
                return answer
        except (ApiError, OSError, http.client.HTTPException) as error:
            last = error
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not happen within {limit_s:.0f} s: {last or 'no'}")
        time.sleep(0.1)
