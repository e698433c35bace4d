"""Issues on gitlab.com and GitLab of one's own, by the REST API v4."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from urllib.parse import quote

from msgspec import Struct

from triage.deliver.address import web
from triage.deliver.line import Json, Line, Request, Sender
from triage.deliver.parcel import LABEL, File, Parcel
from triage.deliver.settings import Settings
from triage.deliver.tickets import Ticket, Tickets
from triage.errors import TriageError

_PLACE = re.compile(r"/?([\w.-]+(?:/[\w.-]+)+?)(?:/-/(?:issues|work_items)(?:/(\d+))?)?/?")
_PAGE, _PAGES = 100, 10
_EXISTS = 409


def open_gitlab(place: str, settings: Settings, resolve: bool) -> Sender:
    """`GROUP/PROJECT`, or the address of a project or issue as the browser shows it."""
    parts = web(place if "://" in place else f"https://gitlab.com/{place}", "a GitLab project")
    found = _PLACE.fullmatch(parts.path)
    if found is None:
        raise TriageError(
            "'{place}' is no GitLab project", hint="write gitlab:GROUP/PROJECT, or paste its address", place=place
        )
    project, issue = found.groups()
    token = settings.secret("GITLAB_TOKEN", "the GitLab token")
    return Tickets(GitLab(f"https://{parts.netloc}/api/v4/projects/{quote(project, safe='')}", token, issue), resolve)


class GitLab(Struct, frozen=True):
    """One project."""

    base: str
    token: str
    named: str | None

    def tickets(self, line: Line, labels: Sequence[str]) -> list[Ticket]:
        """All issues of ours, the oldest first."""
        found: list[Ticket] = []
        query = f"labels={LABEL}&scope=all&order_by=created_at&sort=asc&per_page={_PAGE}"
        for page in range(1, _PAGES + 1):
            rows = line.call(self._request("GET", f"issues?{query}&page={page}")).rows()
            found += [_ticket(row) for row in rows]
            if len(rows) < _PAGE:
                break
        return found

    def claim(self, line: Line, label: str) -> bool:
        """Only one of two runs can make a label; the other one is told that it exists."""
        new = {"name": label, "color": "#5319e7", "description": "One DNS fault, as coredns-triage tells them apart"}
        return line.call(self._request("POST", "labels", new, accept={_EXISTS})).status != _EXISTS

    def create(self, line: Line, parcel: Parcel, label: str) -> Ticket:
        """Open an issue."""
        new = {
            "title": parcel.title,
            "description": self._marked(parcel.form("gitlab"), line, parcel),
            "labels": f"{LABEL},{label}",
        }
        return _ticket(line.call(self._request("POST", "issues", new)).record("iid", "web_url"))

    def ticket(self, line: Line, id: str) -> Ticket:
        """An issue by its number in the project."""
        return _ticket(line.call(self._request("GET", f"issues/{id}")).record("iid", "web_url"))

    def told(self, line: Line, ticket: Ticket, mark: str) -> bool:
        """Look through the issue and its latest comments."""
        issue = line.call(self._request("GET", f"issues/{ticket.id}")).record()
        notes = line.call(
            self._request("GET", f"issues/{ticket.id}/notes?order_by=created_at&sort=desc&per_page={_PAGE}")
        ).rows()
        return mark in str(issue.get("description")) or any(mark in str(note.get("body")) for note in notes)

    def comment(self, line: Line, ticket: Ticket, parcel: Parcel, form: Callable[[str], str]) -> None:
        """Add the report as a comment."""
        line.call(
            self._request("POST", f"issues/{ticket.id}/notes", {"body": self._marked(form("gitlab"), line, parcel)})
        )

    def remark(self, line: Line, ticket: Ticket, text: str) -> None:
        """Add a sentence as a comment."""
        line.call(self._request("POST", f"issues/{ticket.id}/notes", {"body": text}))

    def label(self, line: Line, ticket: Ticket, label: str) -> None:
        """Add a label."""
        line.call(self._request("PUT", f"issues/{ticket.id}", {"add_labels": label}))

    def attach(self, line: Line, ticket: Ticket, file: File) -> None:
        """Files of GitLab belong to a text that links to them: `_marked` uploads them."""

    def move(self, line: Line, ticket: Ticket, *, to_open: bool) -> bool:
        """Reopen or close."""
        line.call(self._request("PUT", f"issues/{ticket.id}", {"state_event": "reopen" if to_open else "close"}))
        return True

    def _marked(self, text: str, line: Line, parcel: Parcel) -> str:
        """A text with links to the files, and the mark where only machines read it."""
        uploads = [line.call(self._request("POST", "uploads", file=file)).record() for file in parcel.files]
        links = " ".join(str(upload.get("markdown")) for upload in uploads)
        return f"{text.rstrip()}\n\n{links}\n\n<!-- {parcel.mark} -->\n"

    def _request(
        self, method: str, path: str, new: object = None, file: File | None = None, accept: set[int] | None = None
    ) -> Request:
        return Request(
            method,
            f"{self.base}/{path}",
            {"PRIVATE-TOKEN": self.token},
            json=new,
            file=file,
            again=method != "POST" or file is not None,
            accept=frozenset(accept or ()),
        )


def _ticket(row: Json) -> Ticket:
    number, labels = row.get("iid"), row.get("labels")
    return Ticket(
        id=str(number),
        number=number if isinstance(number, int) else 0,
        url=str(row.get("web_url")),
        is_open=row.get("state") != "closed",
        labels=frozenset(str(label) for label in labels) if isinstance(labels, list) else frozenset(),
    )
