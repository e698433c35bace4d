"""Trackers in small: they keep issues, and refuse what the real ones refuse."""

from __future__ import annotations

import re
import threading

from tests.deliver.site import Asked, Reply, Site, reply


class Meeting:
    """Lets several runs look before any of them goes on."""

    def __init__(self, parties: int) -> None:
        self._barrier = threading.Barrier(parties)
        self._left = parties

    def wait(self) -> None:
        if self._left:
            self._left -= 1
            self._barrier.wait(10)


class GitHub(Site):
    """Issues as api.github.com and GHES serve them."""

    token = "ghp_0123456789"
    base = "/api/v3/repos/acme/infra"

    def __init__(self) -> None:
        super().__init__()
        self.issues: list[dict] = []
        self.comments: dict[int, list[dict]] = {}
        self.labels: set[str] = set()
        self.meeting: Meeting | None = None

    def handle(self, asked: Asked):
        done = super().handle(asked)
        if self.meeting and asked.method == "GET" and asked.path.endswith("/issues"):
            self.meeting.wait()
        return done

    def answer(self, asked: Asked) -> Reply:
        if asked.headers.get("authorization") != f"Bearer {self.token}":
            return reply({"message": "Bad credentials"}, 401)
        assert asked.headers["accept"] == "application/vnd.github+json"
        assert asked.headers["user-agent"], "GitHub refuses requests without one"
        if not asked.path.startswith(self.base):
            return reply({"message": "Not Found"}, 404)
        path = asked.path.removeprefix(self.base)
        if path == "/labels":
            name = asked.data["name"]
            assert len(name) <= 50
            assert re.fullmatch("[0-9a-f]{6}", asked.data["color"])
            assert len(asked.data["description"]) <= 100
            if name in self.labels:
                return reply({"message": "Validation Failed", "errors": [{"code": "already_exists"}]}, 422)
            self.labels.add(name)
            return reply(asked.data, 201)
        if path == "/issues" and asked.method == "GET":
            rows = [i for i in self.issues if {"name": asked.query["labels"]} in i["labels"]]
            page, size = int(asked.query["page"]), int(asked.query["per_page"])
            return reply(rows[(page - 1) * size : page * size])
        if path == "/issues":
            return self._new(asked.data)
        number, _, what = path.removeprefix("/issues/").partition("/")
        issue = next((i for i in self.issues if i["number"] == int(number)), None)
        if issue is None:
            return reply({"message": "Not Found"}, 404)
        if what == "comments":
            return self._comments(issue, asked)
        if what == "labels":
            issue["labels"] += [{"name": name} for name in asked.data["labels"]]
        if asked.method == "PATCH":
            assert asked.data["state"] in {"open", "closed"}
            issue["state"] = asked.data["state"]
        return reply(issue)

    def _new(self, data: dict) -> Reply:
        if not data["title"] or len(data["title"]) > 256 or len(data["body"]) > 65536:
            return reply({"message": "Validation Failed"}, 422)
        number = len(self.issues) + 1
        issue = {
            "number": number,
            "state": "open",
            "title": data["title"],
            "body": data["body"],
            "labels": [{"name": name} for name in data["labels"]],
            "html_url": f"https://localhost:{self.port}/acme/infra/issues/{number}",
        }
        self.issues.append(issue)
        return reply(issue, 201)

    def _comments(self, issue: dict, asked: Asked) -> Reply:
        comments = self.comments.setdefault(issue["number"], [])
        if asked.method == "POST":
            if len(asked.data["body"]) > 65536:
                return reply({"message": "Validation Failed"}, 422)
            comments.append(asked.data)
            return reply(asked.data, 201)
        page, size = int(asked.query["page"]), int(asked.query["per_page"])
        return reply(comments[(page - 1) * size : page * size])


class GitLab(Site):
    """Issues as GitLab's API v4 serves them."""

    token = "glpat-0123456789"
    base = "/api/v4/projects/acme%2Fdeep%2Finfra"

    def __init__(self) -> None:
        super().__init__()
        self.issues: list[dict] = []
        self.notes: dict[int, list[dict]] = {}
        self.labels: set[str] = set()
        self.uploads: list[tuple[str, bytes]] = []
        self.meeting: Meeting | None = None

    def handle(self, asked: Asked):
        done = super().handle(asked)
        if self.meeting and asked.method == "GET" and asked.path.endswith("/issues"):
            self.meeting.wait()
        return done

    def answer(self, asked: Asked) -> Reply:
        if asked.headers.get("private-token") != self.token:
            return reply({"message": "401 Unauthorized"}, 401)
        if not asked.path.startswith(self.base):
            return reply({"message": "404 Project Not Found"}, 404)
        path = asked.path.removeprefix(self.base)
        if path == "/labels":
            if asked.data["name"] in self.labels:
                return reply({"message": "Label already exists"}, 409)
            assert re.fullmatch("#[0-9a-f]{6}", asked.data["color"])
            self.labels.add(asked.data["name"])
            return reply(asked.data, 201)
        if path == "/uploads":
            name, content = asked.parts()["file"]
            self.uploads.append((name, content))
            return reply({"markdown": f"[{name}](/uploads/{len(self.uploads)}/{name})"}, 201)
        if path == "/issues" and asked.method == "GET":
            rows = [i for i in self.issues if asked.query["labels"] in i["labels"]]
            page, size = int(asked.query["page"]), int(asked.query["per_page"])
            return reply(rows[(page - 1) * size : page * size])
        if path == "/issues":
            iid = len(self.issues) + 1
            assert 0 < len(asked.data["title"]) <= 255
            assert len(asked.data["description"]) <= 1_048_576
            url = f"https://localhost:{self.port}/acme/deep/infra/-/issues/{iid}"
            new = {"iid": iid, "state": "opened", "labels": asked.data["labels"].split(","), "web_url": url}
            self.issues.append({**new, "title": asked.data["title"], "description": asked.data["description"]})
            return reply(self.issues[-1], 201)
        number, _, what = path.removeprefix("/issues/").partition("/")
        issue = next((i for i in self.issues if i["iid"] == int(number)), None)
        if issue is None:
            return reply({"message": "404 Not found"}, 404)
        if what == "notes":
            notes = self.notes.setdefault(issue["iid"], [])
            if asked.method == "POST":
                notes.append(asked.data)
                return reply(asked.data, 201)
            return reply(notes[::-1][:100])
        if asked.method == "PUT":
            event = asked.data.get("state_event")
            issue["state"] = {"close": "closed", "reopen": "opened", None: issue["state"]}[event]
            issue["labels"] += asked.data.get("add_labels", "").split(",") if "add_labels" in asked.data else []
        return reply(issue)


class Jira(Site):
    """Issues as Jira serves them: Cloud (v3, ADF) or Data Center (v2, wiki markup)."""

    def __init__(self, version: int, authorization: str, base: str = "") -> None:
        super().__init__()
        self.version, self.authorization = version, authorization
        self.base = f"{base}/rest/api/{version}"
        self.issues: list[dict] = []
        self.comments: dict[str, list[dict]] = {}
        self.attachments: dict[str, list[tuple[str, bytes]]] = {}
        self.upload_limit = 10 * 2**20
        self.way_back = True
        self.meeting: Meeting | None = None

    def handle(self, asked: Asked):
        done = super().handle(asked)
        if self.meeting and "/search" in asked.path:
            self.meeting.wait()
        return done

    def answer(self, asked: Asked) -> Reply:
        if asked.headers.get("authorization") != self.authorization:
            return reply({"errorMessages": ["You are not authenticated"]}, 401)
        path = asked.path.removeprefix(self.base)
        if path == ("/search/jql" if self.version == 3 else "/search"):
            return self._search(asked.data)
        if path == "/issue":
            return self._new(asked.data["fields"])
        key, _, what = path.removeprefix("/issue/").partition("/")
        issue = next((i for i in self.issues if i["key"] == key), None)
        if issue is None:
            return reply({"errorMessages": ["Issue does not exist"]}, 404)
        return getattr(self, f"_{what or asked.method.lower()}")(issue, asked)

    def _search(self, data: dict) -> Reply:
        project = re.match(r'project = "(\w+)" AND labels = "coredns-triage" AND \(', data["jql"])
        assert project, data["jql"]
        wanted = set(re.findall(r'"(coredns-triage-[0-9a-f]{8}-[0-9a-f]{16})"', data["jql"]))
        rows = [
            {"key": i["key"], "fields": {name: i["fields"][name] for name in data["fields"]}}
            for i in self.issues
            if i["key"].startswith(project[1] + "-")
            and "coredns-triage" in i["fields"]["labels"]
            and (wanted & set(i["fields"]["labels"]) or not self._done(i))
        ]
        return reply({"issues": rows, "isLast": True})

    @staticmethod
    def _done(issue: dict) -> bool:
        return issue["fields"]["status"]["statusCategory"]["key"] == "done"

    def _text(self, text: object) -> None:
        """ADF in v3, wiki markup in v2; never more than 32,767 characters of text."""
        if self.version == 3:
            assert (text["type"], text["version"]) == ("doc", 1)
            assert text["content"]
        else:
            assert len(text + "") <= 32767

    def _new(self, fields: dict) -> Reply:
        assert fields["issuetype"] == {"name": "Task"}
        assert len(fields["summary"]) <= 255
        assert "\n" not in fields["summary"]
        assert not any(" " in label for label in fields["labels"])
        self._text(fields["description"])
        key = f"{fields['project']['key']}-{len(self.issues) + 1}"
        status = {"statusCategory": {"key": "new"}}
        self.issues.append({"key": key, "id": str(10000 + len(self.issues)), "fields": {**fields, "status": status}})
        return reply({"id": self.issues[-1]["id"], "key": key}, 201)

    def _get(self, issue: dict, asked: Asked) -> Reply:
        there = [{"filename": name} for name, _ in self.attachments.get(issue["key"], [])]
        return reply({**issue, "fields": {**issue["fields"], "attachment": there}})

    def _put(self, issue: dict, asked: Asked) -> Reply:
        issue["fields"]["labels"] += [row["add"] for row in asked.data["update"]["labels"]]
        return 204, {}, b""

    def _comment(self, issue: dict, asked: Asked) -> Reply:
        comments = self.comments.setdefault(issue["key"], [])
        if asked.method == "GET":
            return reply({"comments": comments[::-1]})
        self._text(asked.data["body"])
        comments.append(asked.data)
        return reply(asked.data, 201)

    def _attachments(self, issue: dict, asked: Asked) -> Reply:
        assert asked.headers["x-atlassian-token"] == "no-check", "Jira answers 403 without it"
        name, content = asked.parts()["file"]
        if len(content) > self.upload_limit:
            return reply({"errorMessages": ["too large"]}, 413)
        self.attachments.setdefault(issue["key"], []).append((name, content))
        return reply([{"filename": name}])

    def _transitions(self, issue: dict, asked: Asked) -> Reply:
        resolution = {"resolution": {"required": True, "allowedValues": [{"name": "Won't Do"}, {"name": "Done"}]}}
        ways = [
            {"id": "11", "name": "Start", "to": {"statusCategory": {"key": "indeterminate"}}, "fields": {}},
            {"id": "21", "name": "Reject", "to": {"statusCategory": {"key": "done"}}, "fields": resolution},
            {"id": "31", "name": "Done", "to": {"statusCategory": {"key": "done"}}, "fields": resolution},
        ]
        ways = [w for w in ways if (w["id"] == "11") == self._done(issue)] if self.way_back else []
        if asked.method == "GET":
            assert asked.query["expand"] == "transitions.fields"
            return reply({"transitions": ways})
        way = next(w for w in ways if w["id"] == asked.data["transition"]["id"])
        if way["id"] != "11" and asked.data.get("fields") != {"resolution": {"name": "Done"}}:
            return reply({"errors": {"resolution": "Resolution is required."}}, 400)
        issue["fields"]["status"] = way["to"]
        return 204, {}, b""
