"""The line to a target: requests go out over it. `network.py` is the real one, `rehearsal.py` prints only."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from email.message import EmailMessage
from typing import Protocol, TypeAlias

from msgspec import Struct, field

from triage.deliver.parcel import File, Parcel, Receipt
from triage.errors import DeliveryError

Json: TypeAlias = Mapping[str, object]


class Request(Struct, frozen=True):
    """One HTTP request; at most one of `json`, `form`, `file` and `content` is its body."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    json: object = None
    form: Mapping[str, str] | None = None
    file: File | None = None
    """Goes as the field `file` of a multipart body."""
    content: bytes | None = None
    again: bool = True
    """May be repeated when nobody knows whether the target acted on it."""
    accept: frozenset[int] = frozenset()
    """Statuses that are answers here and no failures, beside 2xx."""


class Answer(Struct, frozen=True):
    """What came back."""

    status: int
    body: bytes
    host: str

    def json(self) -> object:
        """The body as data; raises DeliveryError when it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise DeliveryError(
                "{host} answered {status}, but not in JSON",
                hint="is this the address of the service itself, and not of a login page before it?",
                host=self.host,
                status=self.status,
            ) from error

    def record(self, *needed: str) -> Json:
        """The body as an object; raises DeliveryError when it lacks what is `needed`, texts or numbers."""
        data = self.json()
        found = data if isinstance(data, dict) else {}
        for name in needed:
            if found.get(name) == "" or not isinstance(found.get(name), (str, int)):
                raise DeliveryError(
                    "{host} answered {status}, but without '{name}'",
                    hint="is this the address of the service itself, and not of a login page before it?",
                    host=self.host,
                    status=self.status,
                    name=name,
                )
        return found

    def rows(self) -> list[Json]:
        """The body as a list of objects."""
        data = self.json()
        return [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []


class MailServer(Struct, frozen=True):
    """A server that takes mail, always over TLS."""

    host: str
    port: int
    tls_at_once: bool
    """TLS from the first byte (port 465); otherwise STARTTLS, and no mail without it."""
    user: str | None
    password: str | None


class Line(Protocol):
    """What a sender may do."""

    def call(self, request: Request) -> Answer:
        """Send a request; raises DeliveryError for a status that is no answer."""
        ...

    def mail(self, server: MailServer, message: EmailMessage) -> None:
        """Hand a message over."""
        ...

    def notify(self, urls: Sequence[str], title: str, body: str) -> None:
        """Hand a text to Apprise."""
        ...

    def pause(self, seconds: float) -> None:
        """Wait a little."""
        ...

    def now(self) -> float:
        """Seconds since the epoch."""
        ...


Sender: TypeAlias = Callable[[Parcel, Line], Receipt]
