"""Issues on github.com and GitHub Enterprise Server, by the REST API of 2022-11-28."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from msgspec import Struct

from triage.deliver.address import web
from triage.deliver.line import Json, Line, Request, Sender
from triage.deliver.parcel import LABEL, File, Parcel
from triage.deliver.settings import Settings
from triage.deliver.tickets import Ticket, Tickets
from triage.errors import TriageError

_PLACE = re.compile(r"/?([\w.-]+)/([\w.-]+?)(?:/issues(?:/(\d+))?)?/?")
_PAGE, _PAGES = 100, 10
_EXISTS = 422


def open_github(place: str, settings: Settings, resolve: bool) -> Sender:
    """`OWNER/REPO`, or the address of a repository or issue as the browser shows it."""
    parts = web(place if "://" in place else f"https://github.com/{place}", "a GitHub repository")
    found = _PLACE.fullmatch(parts.path)
    if found is None:
        raise TriageError(
            "'{place}' is no GitHub repository", hint="write github:OWNER/REPO, or paste its address", place=place
        )
    owner, repository, issue = found.groups()
    host = "https://api.github.com" if parts.hostname == "github.com" else f"https://{parts.netloc}/api/v3"
    token = settings.secret("GITHUB_TOKEN", "the GitHub token")
    return Tickets(GitHub(f"{host}/repos/{owner}/{repository}", token, issue), resolve)


class GitHub(Struct, frozen=True):
    """One repository."""

    base: str
    token: str
    named: str | None

    def tickets(self, line: Line, labels: Sequence[str]) -> list[Ticket]:
        """All issues of ours, the oldest first."""
        found: list[Ticket] = []
        query = f"labels={LABEL}&state=all&sort=created&direction=asc&per_page={_PAGE}"
        for page in range(1, _PAGES + 1):
            rows = line.call(self._request("GET", f"issues?{query}&page={page}")).rows()
            found += [_ticket(row) for row in rows if "pull_request" not in row]
            if len(rows) < _PAGE:
                break
        return found

    def claim(self, line: Line, label: str) -> bool:
        """Only one of two runs can make a label; the other one is told that it exists."""
        new = {"name": label, "color": "5319e7", "description": "One DNS fault, as coredns-triage tells them apart"}
        return line.call(self._request("POST", "labels", new, accept={_EXISTS})).status != _EXISTS

    def create(self, line: Line, parcel: Parcel, label: str) -> Ticket:
        """Open an issue."""
        new = {"title": parcel.title, "body": _marked(parcel.form("github"), parcel), "labels": [LABEL, label]}
        return _ticket(line.call(self._request("POST", "issues", new)).record("number", "html_url"))

    def ticket(self, line: Line, id: str) -> Ticket:
        """An issue by its number."""
        return _ticket(line.call(self._request("GET", f"issues/{id}")).record("number", "html_url"))

    def told(self, line: Line, ticket: Ticket, mark: str) -> bool:
        """Look through the issue and its comments."""
        texts = [line.call(self._request("GET", f"issues/{ticket.id}")).record()]
        for page in range(1, _PAGES + 1):
            rows = line.call(self._request("GET", f"issues/{ticket.id}/comments?per_page={_PAGE}&page={page}")).rows()
            texts += rows
            if len(rows) < _PAGE:
                break
        return any(mark in str(text.get("body")) for text in texts)

    def comment(self, line: Line, ticket: Ticket, parcel: Parcel, form: Callable[[str], str]) -> None:
        """Add the report as a comment."""
        line.call(self._request("POST", f"issues/{ticket.id}/comments", {"body": _marked(form("github"), parcel)}))

    def remark(self, line: Line, ticket: Ticket, text: str) -> None:
        """Add a sentence as a comment."""
        line.call(self._request("POST", f"issues/{ticket.id}/comments", {"body": text}))

    def label(self, line: Line, ticket: Ticket, label: str) -> None:
        """Add a label; GitHub makes it when it is new."""
        line.call(self._request("POST", f"issues/{ticket.id}/labels", {"labels": [label]}))

    def attach(self, line: Line, ticket: Ticket, file: File) -> None:
        """GitHub has no API for files of issues."""

    def move(self, line: Line, ticket: Ticket, *, to_open: bool) -> bool:
        """Reopen or close."""
        new = {"state": "open"} if to_open else {"state": "closed", "state_reason": "completed"}
        line.call(self._request("PATCH", f"issues/{ticket.id}", new))
        return True

    def _request(self, method: str, path: str, new: object = None, accept: set[int] | None = None) -> Request:
        return Request(
            method,
            f"{self.base}/{path}",
            {
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self.token}",
                "X-GitHub-Api-Version": "2022-11-28",
            },
            json=new,
            again=method != "POST",
            accept=frozenset(accept or ()),
        )


def _marked(text: str, parcel: Parcel) -> str:
    """A text with the mark where only machines read it."""
    return f"{text.rstrip()}\n\n<!-- {parcel.mark} -->\n"


def _ticket(row: Json) -> Ticket:
    number = row.get("number")
    labels = row.get("labels")
    names = (
        [label.get("name") if isinstance(label, dict) else label for label in labels]
        if isinstance(labels, list)
        else []
    )
    return Ticket(
        id=str(number),
        number=number if isinstance(number, int) else 0,
        url=str(row.get("html_url")),
        is_open=row.get("state") != "closed",
        labels=frozenset(str(name) for name in names),
    )
