"""Issues in Jira: Cloud by REST API v3 (ADF), Data Center by v2 (wiki markup)."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from msgspec import Struct

from triage.deliver.address import web
from triage.deliver.line import Json, Line, Request, Sender
from triage.deliver.parcel import LABEL, File, Parcel
from triage.deliver.settings import PREFIX, Settings
from triage.deliver.tickets import Ticket, Tickets
from triage.errors import TriageError

_PLACE = re.compile(r"(?P<base>.*?)/(?:browse|projects)/(?P<project>[A-Z][A-Z0-9_]*)(?:-(?P<issue>\d+))?(?:/.*)?")
_CLOUD = (".atlassian.net", "api.atlassian.com")
_DONE, _REOPEN = ("done", "resolve", "close"), ("reopen", "to do", "open", "backlog")
"""Beginnings of the names that such ways mostly have; without any of them the first way is taken."""


def open_jira(place: str, settings: Settings, resolve: bool) -> Sender:
    """The address of a project or an issue as the browser shows it: `https://HOST/projects/KEY`, `…/browse/KEY-12`."""
    parts = web(place, "a Jira project or issue")
    found = _PLACE.fullmatch(parts.path)
    if found is None:
        raise TriageError(
            "'{place}' is no Jira project or issue",
            hint="paste the address: https://HOST/projects/KEY or …/browse/KEY-12",
            place=place,
        )
    version = settings.maybe("JIRA_API") or ("3" if str(parts.hostname).endswith(_CLOUD) else "2")
    if version not in ("2", "3"):
        variable = f"{PREFIX}JIRA_API"
        raise TriageError(
            "{variable} is '{version}'", hint="3 is Cloud, 2 is Data Center", variable=variable, version=version
        )
    base = found["base"] if version == "2" or parts.hostname == "api.atlassian.com" else ""
    project, issue = found["project"], found["issue"]
    jira = Jira(
        base=f"https://{parts.netloc}{base}",
        version=version,
        authorization=_authorization(settings),
        project=project,
        type=settings.maybe("JIRA_TYPE") or "Task",
        named=f"{project}-{issue}" if issue else None,
    )
    return Tickets(jira, resolve)


def _authorization(settings: Settings) -> str:
    """Basic with a user (Cloud: the mail address), else a personal access token of Data Center."""
    token, user = settings.secret("JIRA_TOKEN", "the Jira token"), settings.maybe("JIRA_USER")
    if user is None:
        return f"Bearer {token}"
    return "Basic " + settings.hide(b64encode(f"{user}:{token}".encode()).decode())


class Jira(Struct, frozen=True):
    """One project."""

    base: str
    version: str
    authorization: str
    project: str
    type: str
    named: str | None

    def tickets(self, line: Line, labels: Sequence[str]) -> list[Ticket]:
        """Issues by label; what is closed only when it bears one of the wanted labels."""
        mine = f"labels in ({', '.join(json.dumps(label) for label in labels)}) OR " if labels else ""
        jql = (
            f'project = "{self.project}" AND labels = "{LABEL}" AND ({mine}statusCategory != Done) ORDER BY created ASC'
        )
        path = "search/jql" if self.version == "3" else "search"
        query = {"jql": jql, "fields": ["status", "labels"], "maxResults": 100}
        found = line.call(self._request("POST", path, query, again=True)).record().get("issues")
        return [self._ticket(row) for row in found if isinstance(row, dict)] if isinstance(found, list) else []

    def claim(self, line: Line, label: str) -> bool:
        """Jira has nothing that only one of two runs could make."""
        return True

    def create(self, line: Line, parcel: Parcel, label: str) -> Ticket:
        """Make an issue."""
        fields = {
            "project": {"key": self.project},
            "issuetype": {"name": self.type},
            "summary": parcel.title,
            "description": self._marked(parcel.form, parcel),
            "labels": [LABEL, label],
        }
        made = line.call(self._request("POST", "issue", {"fields": fields})).record("key")
        return self._ticket({**made, "fields": {"labels": fields["labels"]}})

    def ticket(self, line: Line, id: str) -> Ticket:
        """An issue by its key."""
        return self._ticket(line.call(self._request("GET", f"issue/{id}?fields=status,labels")).record("key"))

    def told(self, line: Line, ticket: Ticket, mark: str) -> bool:
        """Look through the issue and its latest comments."""
        issue = line.call(self._request("GET", f"issue/{ticket.id}?fields=description")).record()
        latest = f"issue/{ticket.id}/comment?orderBy=-created&maxResults=100"
        return any(mark in json.dumps(text) for text in (issue, line.call(self._request("GET", latest)).record()))

    def comment(self, line: Line, ticket: Ticket, parcel: Parcel, form: Callable[[str], str]) -> None:
        """Add the report as a comment."""
        line.call(self._request("POST", f"issue/{ticket.id}/comment", {"body": self._marked(form, parcel)}))

    def remark(self, line: Line, ticket: Ticket, text: str) -> None:
        """Add a sentence as a comment."""
        body = {"type": "doc", "version": 1, "content": [_paragraph(text)]} if self.version == "3" else text
        line.call(self._request("POST", f"issue/{ticket.id}/comment", {"body": body}))

    def label(self, line: Line, ticket: Ticket, label: str) -> None:
        """Add a label."""
        line.call(self._request("PUT", f"issue/{ticket.id}", {"update": {"labels": [{"add": label}]}}))

    def attach(self, line: Line, ticket: Ticket, file: File) -> None:
        """Attach a file unless one of its name is there."""
        fields = line.call(self._request("GET", f"issue/{ticket.id}?fields=attachment")).record().get("fields")
        there = fields.get("attachment") if isinstance(fields, dict) else None
        if not any(isinstance(a, dict) and a.get("filename") == file.name for a in there or ()):
            line.call(self._request("POST", f"issue/{ticket.id}/attachments", file=file))

    def move(self, line: Line, ticket: Ticket, *, to_open: bool) -> bool:
        """Take the workflow's way to an open or a done status."""
        path = f"issue/{ticket.id}/transitions"
        ways = line.call(self._request("GET", f"{path}?expand=transitions.fields")).record().get("transitions")
        fitting = [w for w in ways if _leads_to_done(w) != to_open] if isinstance(ways, list) else []
        if not fitting:
            return False
        usual = _REOPEN if to_open else _DONE
        way = next((w for w in fitting if str(w.get("name")).lower().startswith(usual)), fitting[0])
        new: dict[str, object] = {"transition": {"id": way.get("id")}}
        resolution = _resolution(way)
        if resolution is not None and not to_open:
            new["fields"] = {"resolution": {"name": resolution}}
        line.call(self._request("POST", path, new))
        return True

    def _marked(self, form: Callable[[str], str], parcel: Parcel) -> object:
        """The report in the language of this Jira, with its mark."""
        if self.version == "2":
            return f"{form('jira-wiki').rstrip()}\n\n{parcel.mark}\n"
        document = cast("dict[str, object]", json.loads(form("jira")))
        content = document.get("content")
        return {**document, "content": [*(content if isinstance(content, list) else []), _paragraph(parcel.mark)]}

    def _ticket(self, row: Json) -> Ticket:
        key = str(row.get("key"))
        fields = row.get("fields")
        fields = fields if isinstance(fields, Mapping) else {}
        number = key.rpartition("-")[2]
        return Ticket(
            id=key,
            number=int(number) if number.isdecimal() else 0,
            url=f"{self.base}/browse/{key}",
            is_open=_category(fields.get("status")) != "done",
            labels=frozenset(str(label) for label in fields.get("labels") or ()),
        )

    def _request(
        self, method: str, path: str, new: object = None, file: File | None = None, again: bool | None = None
    ) -> Request:
        headers = {"Authorization": self.authorization, "Accept": "application/json"}
        return Request(
            method,
            f"{self.base}/rest/api/{self.version}/{path}",
            {**headers, "X-Atlassian-Token": "no-check"} if file else headers,
            json=new,
            file=file,
            again=method != "POST" if again is None else again,
        )


def _paragraph(text: str) -> Json:
    return {"type": "paragraph", "content": [{"type": "text", "text": text}]}


def _category(status: object) -> str:
    category = status.get("statusCategory") if isinstance(status, Mapping) else None
    return str(category.get("key")) if isinstance(category, Mapping) else ""


def _leads_to_done(way: object) -> bool:
    return isinstance(way, Mapping) and _category(way.get("to")) == "done"


def _resolution(way: Mapping[str, object]) -> str | None:
    """The first resolution that a way asks for, by preference one that says done."""
    fields = way.get("fields")
    asked = fields.get("resolution") if isinstance(fields, Mapping) else None
    allowed = asked.get("allowedValues") if isinstance(asked, Mapping) else None
    names = [str(value.get("name")) for value in allowed or () if isinstance(value, Mapping)]
    return next((n for n in names if n.lower().startswith(("done", "fixed", "resolved"))), names[0] if names else None)
