"""`--dry-run`: the same code as in earnest, on a line that prints what would be sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from email.message import EmailMessage

from triage.deliver.line import Answer, MailServer, Request

_NEW = {"key": "NEW", "number": 0, "iid": 0, "id": "NEW", "html_url": "NEW", "web_url": "NEW", "ok": True, "ts": "NEW"}
_NEW |= {"channel": "CHANNEL", "upload_url": "https://files.slack.com/UPLOAD", "file_id": "FILE", "markdown": "[FILE]"}


class Rehearsal:
    """Shows each request once, with the secrets hidden, and answers as a target would that has no ticket yet."""

    def __init__(self, show: Callable[[str], object], mask: Callable[[str], str], now: float) -> None:
        self._show = show
        self._mask = mask
        self._now = now
        self._shown: set[str] = set()

    def call(self, request: Request) -> Answer:
        """Show a request."""
        self._print("\n".join(_lines(request)))
        return Answer(200, json.dumps(_NEW).encode(), "nobody")

    def mail(self, server: MailServer, message: EmailMessage) -> None:
        """Show a message as it would be handed over."""
        how = "TLS" if server.tls_at_once else "STARTTLS"
        shown = deepcopy(message)
        for part in shown.iter_attachments():
            name, content = part.get_filename(), part.get_payload(decode=True)
            part.set_content(
                f"(file {name}, {part.get_content_type()}, {len(content)} bytes)", disposition="attachment"
            )
        self._print(f"# to {server.host}:{server.port} over {how}\n{shown.as_string()}")

    def notify(self, urls: Sequence[str], title: str, body: str) -> None:
        """Show what Apprise would get."""
        self._print(f"# to {len(urls)} Apprise URLs\n{title}\n\n{body}")

    def pause(self, seconds: float) -> None:
        """Nobody waits for a rehearsal."""

    def now(self) -> float:
        """The time at which it began."""
        return self._now

    def _print(self, text: str) -> None:
        if text not in self._shown:
            self._shown.add(text)
            self._show(self._mask(text).rstrip("\n") + "\n\n")


def _lines(request: Request) -> Iterator[str]:
    yield f"{request.method} {request.url}"
    yield from (f"{name}: {value}" for name, value in request.headers.items())
    if request.json is not None:
        yield "Content-Type: application/json\n\n" + json.dumps(request.json, indent=2, ensure_ascii=False)
    elif request.form is not None:
        yield "\n" + "\n".join(f"{name}={value}" for name, value in request.form.items())
    elif request.file is not None:
        yield f"\n(file {request.file.name}, {request.file.media_type}, {len(request.file.content)} bytes)"
    elif request.content is not None:
        yield "\n" + request.content.decode("utf-8", errors="replace")
