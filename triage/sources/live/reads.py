"""One read of the API: what every way to reach it offers, how it fails, and how often it is tried again."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar
from urllib.parse import urlencode

from triage.model.collection import Identity
from triage.sources.live.plain import Object, as_dict, as_list, meta_of, name_of

_T = TypeVar("_T")
_TRIES = 4
_LONGEST_WAIT_S = 30.0
_SAID = 300
_PAGE = 500
REASONS: Mapping[int, str] = {
    400: "refused",
    401: "unauthorized",
    403: "denied",
    404: "missing",
    410: "expired",
    429: "throttled",
}
"""HTTP status to the reason of a trouble; every other one from 500 on is `server`."""


class Fault(Exception):  # noqa: N818 - what the evidence lacks is no error of ours
    """A read that failed; never ends a run."""

    def __init__(self, reason: str, said: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(f"{reason}: {said}")
        self.reason = reason
        """As in `Trouble.reason`."""
        self.said = " ".join(said.split())[:_SAID]
        self.retry_after_s = retry_after_s


class Reader(Protocol):
    """A way to reach the API: the Python client, or kubectl."""

    @property
    def identity(self) -> Identity:
        """Whom it asks."""
        ...

    def log_in(self) -> str:
        """Get the credentials, and say as whom we ask. Raises TriageError when there are none."""
        ...

    def open(self, path: str) -> AbstractContextManager[Iterator[bytes]]:
        """The body of GET `path` in pieces; raises Fault, also between two pieces."""
        ...

    def post(self, path: str, body: Object) -> Object:
        """Ask a question that the API takes as a POST (access reviews); nothing is stored by it. Raises Fault."""
        ...


class Stop(Exception):  # noqa: N818 - somebody pressed Ctrl-C; no error either
    """The collection was told to stop."""


def path_of(*parts: str, **query: str | int | None) -> str:
    """A path of the API with its query; what is None is left out.

    >>> path_of("api", "v1", "nodes", limit=5, labelSelector="a=b", **{"continue": None})
    '/api/v1/nodes?limit=5&labelSelector=a%3Db'
    """
    asked = urlencode({key: value for key, value in query.items() if value is not None})
    return "/" + "/".join(parts) + ("?" + asked if asked else "")


def persist(call: Callable[[], _T], stopped: threading.Event) -> _T:
    """Try again what may pass: a server that is busy (it says how long), one that stumbles, a cut. Never a timeout."""
    for attempt in range(1, _TRIES + 1):
        try:
            return call()
        except Fault as fault:
            last = attempt == _TRIES if fault.reason == "throttled" else attempt > 1
            if last or fault.reason not in {"throttled", "server", "unreachable", "cut"}:
                raise
            wait = fault.retry_after_s if fault.retry_after_s is not None else 0.5 * attempt
            if stopped.wait(min(wait, _LONGEST_WAIT_S)):
                raise Stop from fault
    raise AssertionError("not reached")


def read_all(reader: Reader, path: str, stopped: threading.Event, limit_bytes: int | None = None) -> bytes:
    """A whole small body."""
    return persist(lambda: _body(reader, path, stopped, limit_bytes), stopped)


def read_json(reader: Reader, path: str, stopped: threading.Event) -> Object:
    """One object of the API; a body that is none was cut behind the server, and is asked for again."""
    return persist(lambda: _parsed(_body(reader, path, stopped, None)), stopped)


def _body(reader: Reader, path: str, stopped: threading.Event, limit_bytes: int | None) -> bytes:
    pieces, size = [], 0
    with reader.open(path) as body:
        for piece in body:
            if stopped.is_set():
                raise Stop
            pieces.append(piece)
            size += len(piece)
            if limit_bytes is not None and size > limit_bytes:
                break
    return b"".join(pieces)


def _parsed(body: bytes) -> Object:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Fault("cut", f"the answer is no JSON: {error}") from None
    if not isinstance(data, dict):
        raise Fault("server", "the answer is no object")
    return data


def list_items(reader: Reader, parts: tuple[str, ...], stopped: threading.Event, **query: str) -> Iterator[Object]:
    """The items of a list, page by page; a list that expired under us (410) begins again, and repeats no item."""
    seen: set[str] = set()
    token: str | None = None
    restarted = False
    while token != "":
        try:
            page = read_json(reader, path_of(*parts, limit=_PAGE, **query, **{"continue": token}), stopped)
        except Fault as fault:
            if fault.reason != "expired" or restarted:
                raise
            token, restarted = None, True
            continue
        for item in map(as_dict, as_list(page.get("items"))):
            key = str(meta_of(item).get("uid") or f"{meta_of(item).get('namespace')}/{name_of(item)}")
            if key not in seen:
                seen.add(key)
                yield item
        token = str(meta_of(page).get("continue") or "")
