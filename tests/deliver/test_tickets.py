"""One ticket for one fault, in every tracker: found again, told once, reopened, resolved, not doubled."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from msgspec.structs import replace

from tests.deliver.conftest import LATER, RIVAL_LEADS, SCOPED, WELL, packed
from tests.deliver.site import Site
from tests.deliver.trackers import GitHub, GitLab, Jira, Meeting
from triage.deliver import Receipt, Settings, open_target
from triage.errors import DeliveryError
from triage.model.report import Report
from triage.model.text import Text
from triage.rulebook import rules_folder
from triage.rulebook.phrases import load_phrases

LABEL = "coredns-triage-6754af96-a1b2c3d4e5f60718"
"""Cluster `prod`, first fault of the report."""


@dataclass
class Desk:
    """A tracker, and how one sends to it."""

    site: Site
    target: str
    secrets: dict[str, str]
    lines: object

    def send(
        self, report: Report, *, resolve: bool = False, cluster: str = "prod", place: str = "", **network: object
    ) -> Receipt:
        settings = Settings(self.secrets)
        sender = open_target(self.target + place, settings, resolve=resolve)
        return sender(
            packed(report, cluster), self.lines.network(**{"mask": settings.mask, "timeout_s": 0.7, **network})
        )

    @property
    def tickets(self) -> list[dict]:
        """Issues as one looks at them: is it open, its labels, its texts."""
        site = self.site
        if isinstance(site, Jira):
            return [
                {
                    "open": not site._done(i),
                    "labels": i["fields"]["labels"],
                    "body": str(i["fields"]["description"]),
                    "comments": [str(c["body"]) for c in site.comments.get(i["key"], [])],
                    "title": i["fields"]["summary"],
                }
                for i in site.issues
            ]
        notes = site.comments if isinstance(site, GitHub) else site.notes
        return [
            {
                "open": i["state"] in ("open", "opened"),
                "labels": [label["name"] if isinstance(label, dict) else label for label in i["labels"]],
                "body": i.get("body") or i.get("description"),
                "comments": [c["body"] for c in notes.get(i.get("number") or i["iid"], [])],
                "title": i["title"],
            }
            for i in site.issues
        ]


def _github(serve: Callable[..., Site]) -> tuple[Site, str, dict[str, str]]:
    site = serve(GitHub())
    return site, f"github:https://localhost:{site.port}/acme/infra", {"GITHUB_TOKEN": GitHub.token}


def _gitlab(serve: Callable[..., Site]) -> tuple[Site, str, dict[str, str]]:
    site = serve(GitLab())
    return site, f"gitlab:https://localhost:{site.port}/acme/deep/infra", {"GITLAB_TOKEN": GitLab.token}


def _cloud(serve: Callable[..., Site]) -> tuple[Site, str, dict[str, str]]:
    site = serve(Jira(3, "Basic bWVAZXhhbXBsZS5jb206dDBrZW4="))
    secrets = {"JIRA_USER": "me@example.com", "JIRA_TOKEN": "t0ken", "JIRA_API": "3"}
    return site, f"jira:https://localhost:{site.port}/jira/software/projects/NET/boards/1", secrets


def _data_center(serve: Callable[..., Site]) -> tuple[Site, str, dict[str, str]]:
    site = serve(Jira(2, "Bearer t0ken", base="/tracker"))
    return site, f"jira:https://localhost:{site.port}/tracker/projects/NET", {"JIRA_TOKEN": "t0ken"}


MAKERS = {"github": _github, "gitlab": _gitlab, "jira-cloud": _cloud, "jira-data-center": _data_center}


@pytest.fixture(params=MAKERS)
def desk(request: pytest.FixtureRequest, serve, lines) -> Desk:
    site, target, secrets = MAKERS[request.param](serve)
    return Desk(site, target, {f"COREDNS_TRIAGE_{name}": value for name, value in secrets.items()}, lines)


def test_a_fault_becomes_a_ticket_that_says_everything(desk) -> None:
    receipt = desk.send(SCOPED)
    (ticket,) = desk.tickets
    assert receipt.action == "created"
    assert receipt.where.startswith(f"https://localhost:{desk.site.port}/")
    assert ticket["open"]
    assert ticket["labels"] == ["coredns-triage", LABEL]
    assert ticket["title"] == packed(SCOPED).title
    assert packed(SCOPED).mark in ticket["body"]
    assert "does not answer the replicas" in ticket["body"]


def test_the_same_fault_later_is_told_to_its_ticket(desk) -> None:
    assert [desk.send(SCOPED).action, desk.send(LATER).action] == ["created", "commented"]
    (ticket,) = desk.tickets
    assert len(ticket["comments"]) == 1
    assert packed(LATER).mark in ticket["comments"][0]


def test_a_comment_is_short(desk) -> None:
    many = replace(SCOPED.hypotheses[0], evidence=SCOPED.hypotheses[0].evidence * 15)
    desk.send(replace(SCOPED, hypotheses=(many,)))
    desk.send(replace(LATER, hypotheses=(many,)))
    (ticket,) = desk.tickets
    assert len(ticket["body"]) > 7500 > len(ticket["comments"][0])


def test_the_same_report_is_told_once(desk) -> None:
    actions = [desk.send(report).action for report in (SCOPED, SCOPED, LATER, LATER, SCOPED)]
    assert actions == ["created", "known", "commented", "known", "known"]
    assert [len(ticket["comments"]) for ticket in desk.tickets] == [1]


def test_another_cluster_has_tickets_of_its_own(desk) -> None:
    assert [desk.send(SCOPED).action, desk.send(SCOPED, cluster="test").action] == ["created", "created"]
    assert len(desk.tickets) == 2
    desk.send(WELL, cluster="test", resolve=True)
    assert [ticket["open"] for ticket in desk.tickets] == [True, False]


def test_another_explanation_of_the_same_fault_makes_no_second_ticket(desk) -> None:
    desk.send(SCOPED)
    assert desk.send(RIVAL_LEADS).action == "commented"
    (ticket,) = desk.tickets
    assert ticket["labels"] == ["coredns-triage", LABEL, LABEL[:-16] + "e" * 16]


def test_what_is_gone_is_resolved_only_when_asked(desk) -> None:
    desk.send(SCOPED)
    assert desk.send(WELL) == Receipt("nothing-wrong", "")
    assert desk.tickets[0]["open"]
    receipt = desk.send(WELL, resolve=True)
    assert (receipt.action, len(receipt.also)) == ("nothing-wrong", 1)
    assert not desk.tickets[0]["open"]
    assert "The latest report does not show this fault any more." in desk.tickets[0]["comments"][-1]
    assert desk.send(WELL, resolve=True).also == ()


def test_a_report_that_read_no_log_resolves_nothing(desk) -> None:
    desk.send(SCOPED)
    blind = replace(WELL, coverage=replace(WELL.coverage, replicas=()))
    assert desk.send(blind, resolve=True).also == ()
    assert desk.tickets[0]["open"]


def test_what_the_report_still_shows_is_not_resolved(desk) -> None:
    desk.send(SCOPED)
    other = replace(SCOPED.hypotheses[0], id="f" * 16, rank=1, group=1)
    both = replace(LATER, hypotheses=(other, replace(SCOPED.hypotheses[0], rank=2, group=2, probability=0.2)))
    receipt = desk.send(both, resolve=True)
    assert (receipt.action, receipt.also) == ("created", ())
    assert [ticket["open"] for ticket in desk.tickets] == [True, True]


def test_a_fault_that_comes_back_reopens_its_ticket(desk) -> None:
    desk.send(SCOPED)
    desk.send(WELL, resolve=True)
    assert desk.send(LATER).action == "reopened"
    (ticket,) = desk.tickets
    assert ticket["open"]
    assert len(ticket["comments"]) == 2


def test_a_closed_ticket_that_has_the_report_stays_closed(desk) -> None:
    desk.send(SCOPED)
    desk.send(WELL, resolve=True)
    assert desk.send(SCOPED).action == "known"
    assert not desk.tickets[0]["open"]


def test_titles_fit_and_mention_nobody(desk) -> None:
    title = Text("t.dead", {"upstream": "@all. #1 !2", "place": "x" * 999})
    desk.send(replace(SCOPED, hypotheses=(replace(SCOPED.hypotheses[0], title=title),)))
    (ticket,) = desk.tickets
    assert len(ticket["title"]) == 240
    assert "@\u2060all. #\u20601 !\u20602" in ticket["title"]


def test_a_named_ticket_is_told_whatever_the_report_says(desk) -> None:
    desk.send(SCOPED)
    desk.target = (
        desk.target.replace("projects/NET", "browse/NET").replace("jira/software/", "").replace("/boards/1", "")
    )
    place = {"github": "/issues/1", "gitlab": "/-/issues/1", "jira": "-1"}[desk.target.partition(":")[0]]
    assert desk.send(WELL, place=place).action == "commented"
    (ticket,) = desk.tickets
    assert packed(WELL).mark in ticket["comments"][0]
    with pytest.raises(DeliveryError, match="answered 404"):
        desk.send(WELL, place=place + "7")


def test_nothing_wrong_makes_no_ticket_and_asks_for_none(desk) -> None:
    assert desk.send(WELL).action == "nothing-wrong"
    assert (desk.tickets, desk.site.asked) == ([], [])


@pytest.mark.parametrize("fault", [{"status": 502}, {"status": 503}, {"how": "hang"}, {"how": "break"}])
@pytest.mark.parametrize("end", ["issue", "comment"])
@pytest.mark.parametrize("act_first", [True, False], ids=["done", "not-done"])
def test_an_answer_that_gets_lost_doubles_nothing(end: str, act_first: bool, fault: dict[str, object], desk) -> None:
    """The tracker acts, or does not act, on the request and then fails to say so."""
    ends = {"issue": ("/issue", "/issues"), "comment": ("/comment", "/comments", "/notes")}[end]
    if end == "comment":
        desk.send(SCOPED)
    for path in ends:
        desk.site.fail("POST", path, act_first=act_first, **fault)
    desk.send(LATER)
    (ticket,) = desk.tickets
    assert len(ticket["comments"]) == (end == "comment")
    assert packed(LATER).mark in ticket["body"] + "".join(ticket["comments"])


def test_wrong_secret(desk) -> None:
    desk.secrets = {name: value.replace("0", "1") for name, value in desk.secrets.items()}
    with pytest.raises(DeliveryError, match="localhost answered 401") as refused:
        desk.send(SCOPED)
    assert refused.value.hint == "the secret is wrong, or has expired"
    assert len(desk.site.asked) == 1


@pytest.mark.parametrize("status", [403, 404, 422, 429, 500])
def test_a_tracker_that_refuses_makes_it_an_error(status: int, desk) -> None:
    desk.site.fail("POST", "/issue", times=9, status=status, body=b'{"message": "because"}')
    desk.site.fail("POST", "/issues", times=9, status=status, body=b'{"message": "because"}')
    with pytest.raises(DeliveryError, match=f"localhost answered {status}: .*because"):
        desk.send(SCOPED)
    assert desk.tickets == []


def test_limits_of_rate_are_obeyed(desk) -> None:
    desk.site.fail("POST", "/issue", status=429, headers={"Retry-After": "11"})
    desk.site.fail("POST", "/issues", status=403, headers={"Retry-After": "11"})  # GitHub's secondary limit
    assert desk.send(SCOPED).action == "created"
    assert 11 in desk.lines.waits


def test_two_sends_at_the_same_time(desk) -> None:
    """Both look before either has made a ticket: there the trackers differ in what they offer."""

    def wait(_: float) -> None:  # until the other one is done, however busy the machine is
        end = time.monotonic() + 20
        while not desk.tickets and time.monotonic() < end:
            time.sleep(0.01)

    desk.site.meeting = Meeting(2)
    with ThreadPoolExecutor(2) as pool:
        sent = [pool.submit(desk.send, report, pause=wait, timeout_s=20.0) for report in (SCOPED, LATER)]
        receipts = [done.result() for done in sent]
    assert sorted(receipt.action for receipt in receipts) == ["commented", "created"]
    assert len({receipt.where for receipt in receipts}) == 1
    texts = "".join(ticket["body"] + "".join(ticket["comments"]) for ticket in desk.tickets if ticket["open"])
    assert packed(SCOPED).mark in texts
    assert packed(LATER).mark in texts
    if isinstance(desk.site, Jira):  # nothing to claim there: the younger ticket is resolved at once
        assert [ticket["open"] for ticket in desk.tickets] == [True, False]
        assert "The same fault as NET-1" in desk.tickets[1]["comments"][-1]
    else:
        assert len(desk.tickets) == 1


def test_a_claim_of_a_run_that_died_does_not_block(serve, lines) -> None:
    for maker in (_github, _gitlab):
        site, target, secrets = maker(serve)
        site.labels.add(LABEL)
        desk = Desk(site, target, {f"COREDNS_TRIAGE_{name}": value for name, value in secrets.items()}, lines)
        assert desk.send(SCOPED).action == "created"
    assert lines.waits == [1, 2, 3, 4] * 2


@pytest.mark.parametrize("maker", [_cloud, _data_center])
def test_jira_gets_the_files_and_tells_when_one_is_too_large(maker, serve, lines) -> None:
    site, target, secrets = maker(serve)
    desk = Desk(site, target, {f"COREDNS_TRIAGE_{name}": value for name, value in secrets.items()}, lines)
    site.upload_limit = 10
    said = "NET-1 has the report, but not all of its files: localhost answered 413"
    with pytest.raises(DeliveryError, match=said) as told:
        desk.send(SCOPED)
    chinese = told.value.said(lambda text: load_phrases(rules_folder(), "zh").get(text, text))[0]
    assert "NET-1 已有报告，但文件不全：localhost 答复了 413" in chinese
    site.upload_limit = 10**7
    assert desk.send(SCOPED).action == "known"
    assert desk.send(SCOPED).action == "known"
    parcel = packed(SCOPED)
    assert site.attachments["NET-1"] == [(file.name, file.content) for file in parcel.files]


def test_gitlab_gets_the_files(serve, lines) -> None:
    site, target, secrets = _gitlab(serve)
    Desk(site, target, {f"COREDNS_TRIAGE_{name}": value for name, value in secrets.items()}, lines).send(SCOPED)
    parcel = packed(SCOPED)
    assert site.uploads == [(file.name, file.content) for file in parcel.files]
    assert all(f"[{name}](/uploads/" in site.issues[0]["description"] for name, _ in site.uploads)


def test_a_workflow_without_a_way_back_is_told_all_the_same(serve, lines) -> None:
    site, target, secrets = _cloud(serve)
    desk = Desk(site, target, {f"COREDNS_TRIAGE_{name}": value for name, value in secrets.items()}, lines)
    desk.send(SCOPED)
    desk.send(WELL, resolve=True)
    site.way_back = False
    assert desk.send(LATER).action == "commented"
    assert not desk.tickets[0]["open"]


def test_labels_hold_nothing_that_a_stored_report_chose(desk) -> None:
    forged = replace(SCOPED.hypotheses[0], id='x") OR project = "HR')
    desk.send(replace(SCOPED, hypotheses=(forged,)))
    assert desk.tickets[0]["labels"][1].startswith(LABEL[:-16])
    assert not any(b"HR" in asked.body for asked in desk.site.asked if "/search" in asked.path)
