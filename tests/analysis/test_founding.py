"""The founding stories: what the program owes their readers, on the stories and on their likes."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

import triage
from tests.analysis.asking import (
    QUIET,
    ROOT,
    ask,
    ask_stdin,
    first_check,
    group_of,
    outline,
    places,
    say,
    story,
    texts,
)
from tests.analysis.incident import (
    BASE,
    VARIANTS,
    Incident,
    Replica,
    answered_dig,
    asleep,
    busy,
    mixed,
    packed,
    silent_dig,
    write,
)
from tests.inputs import STORIES
from triage.model.report import Hypothesis, Report

SCOPED = "upstream-unreachable-scoped"
PLAIN = "upstream-unreachable"
FOUNDING = Incident(
    replicas=(
        Replica("coredns-7f8ff9c97-6tlln", "k8s-pre-m01", "10.196.129.208"),
        Replica("coredns-7f8ff9c97-wqmw8", "k8s-pre-n02", "10.196.131.17"),
    ),
    masters=tuple((f"k8s-pre-m0{i}", f"10.196.8.1{i}") for i in (1, 2, 3)),
    workers=tuple((f"k8s-pre-n0{i}", f"10.196.9.2{i}") for i in (1, 2, 3)),
    subnets=(("master", "10.196.8.0/24"), ("worker", "10.196.9.0/24")),
    upstream="10.196.17.210",
    qname="jmenv.tbsite.net.",
)
"""What the folder `sample_logs/master-subnet` tells, as far as tests need it."""


def checked(incident: Incident) -> str:
    """Two masters got no answer, a worker got one."""
    silent = [silent_dig(name, incident.upstream) for name, _ in incident.masters[:2]]
    return "".join([*silent, answered_dig(incident.workers[1][0], incident.upstream)])


# ------------------------------------------------------------------------------ one line, one silent replica
def assert_founding(report: Report, incident: Incident) -> None:
    """The whole demand of the founding incident, for whatever names it has."""
    first = report.hypotheses[0]
    failing, (subnet, _) = incident.failing, incident.subnets[0]
    assert first.cause == SCOPED
    assert first.upstream == incident.endpoint
    assert first.scope is not None
    assert (first.scope.kind, first.scope.member) == ("subnet", subnet)
    assert first.scope.replicas == (failing.pod,)
    assert {("node", failing.node), ("replica", failing.pod)} <= places(first)
    assert 0.35 <= first.probability < 0.5
    title = say(first.title)
    assert all(word in title for word in (incident.upstream, subnet, failing.node))
    assert_rivals(report, incident)
    assert_first_check(first, incident)
    assert_inotify_after(report, incident)
    assert_gaps(report, incident)


def assert_rivals(report: Report, incident: Incident) -> None:
    """Only this name; the whole cluster; a lost packet: each is named, none is as probable."""
    first, *rivals = group_of(report, SCOPED)
    assert any(h.cause == PLAIN and h.zone == incident.qname for h in rivals)
    assert any(h.cause == PLAIN and h.zone is None and h.scope and h.scope.kind == "cluster" for h in rivals)
    assert any(h.cause == "benign" for h in rivals)
    assert all(h.probability < first.probability for h in rivals)
    assert 0.9 < sum(h.probability for h in (first, *rivals)) <= 1 + 1e-9


def assert_first_check(first: Hypothesis, incident: Incident) -> None:
    """Ask the server for a second name: from the failing master, another master, and a worker."""
    check = first.next_checks[0]
    assert f"@{incident.upstream} " in check.command + " "
    assert incident.qname not in check.command
    assert check.effect == "reads"
    where = " ".join(say(text) for text in check.where)
    assert incident.failing.node in where
    assert any(name in where for name, _ in incident.masters if name != incident.failing.node)
    assert any(name in where for name, _ in incident.workers)
    gains = [step.gain_bits for step in first.next_checks]
    assert gains[0] == max(gains)
    assert all(say(e.outcome) and say(e.means) for e in check.expect)


def assert_inotify_after(report: Report, incident: Incident) -> None:
    """The kubelet's text is a fault of its own, told after what makes queries fail; no line of it, no word of it."""
    found = group_of(report, "inotify-exhausted")
    if not incident.cut:
        assert found == []
        return
    leader = found[0]
    assert leader.cause == "inotify-exhausted"
    assert leader.probability > 0.9
    assert leader.group > report.hypotheses[0].group
    assert leader.rank > max(h.rank for h in group_of(report, report.hypotheses[0].cause))
    assert leader.severity == "none"
    assert ("node", incident.failing.node) in places(leader)
    assert any("fs.inotify.max_user_instances" in step.command for step in leader.next_checks)


def assert_gaps(report: Report, incident: Incident) -> None:
    gaps = {gap.id for gap in report.gaps}
    assert ("gap.stream-cut" in gaps) is incident.cut
    assert ("gap.no-clock" in gaps) is (incident.framing in {"plain", "prefix"})
    assert "gap.no-query-log" in gaps
    cut = [row.name for row in report.coverage.replicas if row.cut]
    assert cut == ([incident.failing.pod] if incident.cut else [])


def test_the_story() -> None:
    assert_founding(story("master-subnet"), FOUNDING)


def test_pod_addresses_are_no_node_subnets() -> None:
    first = story("master-subnet").hypotheses[0]
    assert {kind for kind, _ in places(first)} <= {"subnet", "role", "node", "replica"}


@pytest.mark.parametrize("name", VARIANTS)
def test_its_like(name: str, tmp_path: Path) -> None:
    assert_founding(ask(write(tmp_path, VARIANTS[name].files())), VARIANTS[name])


@pytest.mark.parametrize(("encoding", "newline"), [("utf-8", "\r\n"), ("utf-16", "\n"), ("utf-16-be", "\r\n")])
def test_its_like_as_windows_saves_it(encoding: str, newline: str, tmp_path: Path) -> None:
    files = BASE.files()
    if encoding == "utf-16-be":
        files = {name: "\ufeff" + text for name, text in files.items()}
    report = ask(write(tmp_path, files, encoding=encoding, newline=newline))
    assert_founding(report, BASE)
    assert outline(report) == outline(ask(write(tmp_path / "plain", BASE.files())))


@pytest.mark.parametrize("name", ["other-names", "merged", "three-replicas", "ipv6"])
def test_folder_files_stream_and_api_say_the_same(name: str, tmp_path: Path) -> None:
    files = VARIANTS[name].files()
    folder = write(tmp_path, files)
    expected = outline(ask(folder))
    singly = ask(*sorted(folder.iterdir(), reverse=True))
    assert outline(singly) == expected
    assert outline(ask_stdin(packed(files))) == expected
    by_api = triage.analyze(folder).record
    assert outline(by_api) == expected
    assert [say(h.title) for h in by_api.hypotheses] == [say(h.title) for h in singly.hypotheses]


def test_order_of_replicas_and_names_do_not_matter(tmp_path: Path) -> None:
    """Other names that sort the other way round: the same answer under those names."""
    names = {"b7zqd": "zzzzz", "r4kxm": "aaaaa", "oak-cp1": "tor-9", "oak-w2": "tor-1", "control": "zeta"}
    pattern = re.compile("|".join(names))
    renamed = {
        pattern.sub(lambda m: names[m[0]], name): pattern.sub(lambda m: names[m[0]], text)
        for name, text in BASE.files().items()
    }
    ours = ask(write(tmp_path / "ours", BASE.files())).hypotheses
    theirs = ask(write(tmp_path / "theirs", renamed)).hypotheses
    assert [(h.cause, h.zone) for h in ours] == [(h.cause, h.zone) for h in theirs]
    assert [h.probability for h in ours] == pytest.approx([h.probability for h in theirs], abs=1e-9)
    for mine, other in zip(ours, theirs, strict=True):
        assert {(kind, names.get(m or "", m)) for kind, m in places(mine) if kind not in {"replica", "role"}} == {
            place for place in places(other) if place[0] not in {"replica", "role"}
        }


# ------------------------------------------------------------------------------------------- after the checks
def assert_checked(report: Report, incident: Incident) -> None:
    first = report.hypotheses[0]
    assert first.cause == SCOPED
    assert first.probability >= 0.95
    assert first.upstream == incident.endpoint
    assert first.scope is not None
    assert (first.scope.kind, first.scope.member) == ("subnet", incident.subnets[0][0])
    assert not {kind for kind, _ in places(first)} & {"node", "replica", "cluster"}
    others = [h for h in group_of(report, SCOPED) if h is not first]
    assert all(h.probability < 0.05 for h in others)


def test_the_story_after_its_checks() -> None:
    assert_checked(story("master-subnet-checked"), FOUNDING)


@pytest.mark.parametrize("name", ["other-names", "timestamps", "merged", "cri", "four-replicas", "ipv6"])
def test_its_like_after_its_checks(name: str, tmp_path: Path) -> None:
    incident = VARIANTS[name]
    assert_checked(ask(write(tmp_path, {**incident.files(), "checks-1.txt": checked(incident)})), incident)


def test_checks_that_all_get_answers_take_the_claim_back(tmp_path: Path) -> None:
    nodes = [BASE.masters[0][0], BASE.masters[1][0], BASE.workers[1][0]]
    answers = "".join(answered_dig(node, BASE.upstream) for node in nodes)
    report = ask(write(tmp_path, {**BASE.files(), "checks-1.txt": answers}))
    before = ask(write(tmp_path / "before", BASE.files()))
    assert sum(h.probability for h in report.hypotheses if h.cause == SCOPED) < 0.15
    assert max(h.probability for h in before.hypotheses if h.cause == SCOPED) > 0.3


def test_checks_that_no_master_and_no_worker_gets_answered_make_it_the_cluster(tmp_path: Path) -> None:
    nodes = [BASE.masters[0][0], BASE.masters[1][0], BASE.workers[0][0], BASE.workers[1][0]]
    report = ask(
        write(tmp_path, {**BASE.files(), "checks-1.txt": "".join(silent_dig(n, BASE.upstream) for n in nodes)})
    )
    first = report.hypotheses[0]
    assert first.cause == PLAIN
    assert first.scope is not None
    assert first.scope.kind == "cluster"
    assert first.probability > 0.8


# ------------------------------------------------------------------------------------------ pasted from a terminal
PROMPTS = ("[root@{host} ~]# ", "root@{host}:~# ", "admin@{host}:~$ ", "{host}:~ # ", "[core@{host} ~]$ ")


def assert_pasted(report: Report, incident: Incident) -> None:
    """A prompt does not tell where a replica runs: no place is claimed, and the first check is the pod list."""
    first = report.hypotheses[0]
    assert first.cause == PLAIN
    assert first.scope is None
    assert first.upstream == incident.endpoint
    assert first_check(first) == "kubectl get pods -n kube-system -o wide"
    assert report.gaps[0].id == "gap.no-pod-list"
    assert not any(
        kind in {"subnet", "node", "az", "role", "replica"} for h in report.hypotheses for kind, _ in places(h)
    )
    assert {row.name for row in report.coverage.replicas} == {r.pod for r in incident.replicas}
    assert_inotify_after_without_place(report)


def assert_inotify_after_without_place(report: Report) -> None:
    leader = group_of(report, "inotify-exhausted")[0]
    assert leader.cause == "inotify-exhausted"
    assert leader.group > report.hypotheses[0].group


def test_the_pasted_story() -> None:
    report = story("pasted-terminal")
    assert_pasted(report, FOUNDING)
    prose = [f for f in report.coverage.files if f.kind == "prose" and f.file.startswith("terminal.txt")]
    assert sum(f.file_lines or 0 for f in prose) == 3


@pytest.mark.parametrize("host", [None, "bastion"])
@pytest.mark.parametrize("prompt", PROMPTS)
def test_its_like_pasted(prompt: str, host: str | None, tmp_path: Path) -> None:
    text = BASE.paste(prompt, host=host)
    report = ask_stdin(text.encode())
    assert_pasted(report, BASE)
    write(tmp_path, {"notes.txt": text})
    assert outline(ask(tmp_path)) == outline(ask(tmp_path / "notes.txt")) == outline(report)


def test_a_bastion_says_the_same_as_a_node() -> None:
    assert outline(ask_stdin(BASE.paste(host="bastion").encode())) == outline(ask_stdin(BASE.paste().encode()))


def test_pasted_from_windows() -> None:
    raw = BASE.paste().replace("\n", "\r\n").encode("utf-16")
    assert outline(ask_stdin(raw)) == outline(ask_stdin(BASE.paste().encode()))


@pytest.mark.parametrize(
    "prose",
    [
        "Даже после перезапуска.",
        "昨天开始域名解析时好时坏，重启也没用。",
        "C'est toujours le même nom, je crois.",
        "we see i/o timeout again and again",
        "It says: connection refused? No, i/o timeout!",
    ],
)
def test_prose_is_never_read_as_a_log(prose: str) -> None:
    """The verdict does not move with the words around it, and no line of them is counted as a line of a log."""
    bare = ask_stdin(BASE.paste().encode())
    chatty = ask_stdin(f"{prose}\n\n{BASE.paste()}".encode())
    assert outline(chatty) == outline(bare)
    assert chatty.coverage.lines == bare.coverage.lines


def test_a_pasted_pod_list_brings_the_place(tmp_path: Path) -> None:
    report = ask_stdin(BASE.paste(lists=True).encode())
    first = report.hypotheses[0]
    assert first.cause == SCOPED
    assert ("node", BASE.failing.node) in places(first)
    assert first.probability < 0.5
    folder = write(tmp_path, {"terminal.txt": BASE.paste(lists=True), "subnets.yaml": BASE.files()["subnets.yaml"]})
    assert ("subnet", BASE.subnets[0][0]) in places(ask(folder).hypotheses[0])


# ------------------------------------------------------------------------------------ resolvers of different knowledge
MIXED = "upstreams-inconsistent"
LISTS = {
    "story": ("172.16.0.50", "114.114.114.114"),
    "three": ("172.16.0.50", "172.16.0.51", "114.114.114.114"),
    "public-first": ("9.9.9.9", "10.20.0.5"),
    "ipv6": ("fd00:53::5", "2001:4860:4860::8888"),
    "two-public": ("192.168.7.1", "1.1.1.1", "8.8.8.8"),
}


def assert_suspicion(report: Report, servers: tuple[str, ...]) -> None:
    """Configuration alone is a suspicion: first or behind `benign`, never a claim, one question to each server."""
    ranks = [h.cause for h in report.hypotheses]
    assert ranks[:1] == [MIXED] or ranks[:2] == ["benign", MIXED]
    suspect = group_of(report, MIXED)[ranks.index(MIXED)]
    assert 0.2 <= suspect.probability < 0.5
    command = first_check(suspect)
    assert "dig" in command
    assert all(server in command for server in servers)


@pytest.mark.parametrize("name", ["mixed-resolvers", "mixed-resolvers-three"])
def test_mixed_resolvers_alone_are_a_suspicion(name: str) -> None:
    text = (ROOT / "sample_logs" / name / "k8s-n1.resolv.conf").read_text(encoding="utf-8")
    assert_suspicion(story(name), tuple(re.findall(r"nameserver (\S+)", text)))


@pytest.mark.parametrize("name", LISTS)
def test_their_like_is_a_suspicion(name: str, tmp_path: Path) -> None:
    assert_suspicion(ask(write(tmp_path, mixed(LISTS[name]))), LISTS[name])


def test_resolvers_of_one_kind_are_none(tmp_path: Path) -> None:
    for servers in (("10.20.0.5", "10.20.0.6"), ("1.1.1.1", "8.8.8.8"), ("10.20.0.5",)):
        report = ask(write(tmp_path / servers[-1], mixed(servers)))
        assert not any(h.cause == MIXED for h in report.hypotheses)


def assert_odd(report: Report, odd: set[str]) -> None:
    first = report.hypotheses[0]
    assert first.cause == MIXED
    assert first.probability >= 0.9
    assert set(first.upstreams) == odd
    assert all(server.removesuffix(":53").strip("[]") in say(first.title) for server in odd)


@pytest.mark.parametrize("name", ["mixed-resolvers-dig", "mixed-resolvers-flipping"])
def test_mixed_resolvers_with_proof(name: str) -> None:
    assert_odd(story(name), {"172.16.0.50:53"})


@pytest.mark.parametrize(
    ("servers", "odd"),
    [
        (("172.16.0.50", "114.114.114.114"), {"172.16.0.50"}),
        (("172.16.0.50", "172.16.0.51", "114.114.114.114"), {"172.16.0.50", "172.16.0.51"}),
        (("10.20.0.5", "9.9.9.9"), {"9.9.9.9"}),
        (("fd00:53::5", "2001:4860:4860::8888"), {"fd00:53::5"}),
    ],
)
def test_servers_asked_one_by_one(servers: tuple[str, ...], odd: set[str], tmp_path: Path) -> None:
    name = "wiki.corp.example." if odd == {"9.9.9.9"} else "www.example.com."
    answers = [answered_dig("node-1", s, qname=name, status="NXDOMAIN" if s in odd else "NOERROR") for s in servers]
    report = ask(write(tmp_path, {**mixed(servers), "dig.txt": "".join(answers)}))
    assert_odd(report, {f"[{s}]:53" if ":" in s else f"{s}:53" for s in odd})


@pytest.mark.parametrize("framing", ["timestamps", "cri", "docker"])
def test_a_name_that_flips(framing: str, tmp_path: Path) -> None:
    servers = ("10.20.0.5", "10.20.0.6", "9.9.9.9")
    report = ask(write(tmp_path, {**mixed(servers), **busy(framing=framing, flips="www.example.org.")}))
    assert_odd(report, {"10.20.0.5:53", "10.20.0.6:53"})
    [flips] = [said for e in report.hypotheses[0].evidence if "NXDOMAIN: " in (said := say(e.statement))]
    assert flips.endswith(": 1"), "both replicas saw the same name"


def test_servers_that_agree_are_cleared(tmp_path: Path) -> None:
    servers = LISTS["story"]
    answers = "".join(answered_dig("node-1", server) for server in servers)
    before = ask(write(tmp_path / "before", mixed(servers)))
    after = ask(write(tmp_path / "after", {**mixed(servers), "dig.txt": answers}))
    was, now = (sum(h.probability for h in r.hypotheses if h.cause == MIXED) for r in (before, after))
    assert now < was / 2


def test_the_cure_of_mixed_resolvers() -> None:
    fixes = " ".join(say(f.text) for f in story("mixed-resolvers-dig").hypotheses[0].fix)
    for word in ("resolv.conf", "restart", "server block", "policy sequential", "max_concurrent 1000", "NXDOMAIN"):
        assert word in fixes


@pytest.mark.parametrize("name", STORIES)
def test_loadbalance_is_never_blamed(name: str) -> None:
    assert "loadbalance" not in texts(ask(ROOT / name))


# ------------------------------------------------------------------------------------------------- restraint
def assert_nothing_claimed(report: Report) -> None:
    assert all(h.cause in QUIET or h.probability < 0.2 for h in report.hypotheses)
    assert report.hypotheses[0].cause == "benign"
    assert report.affected == ()


def test_the_healthy_story_claims_nothing() -> None:
    assert_nothing_claimed(story("healthy"))


@pytest.mark.parametrize("framing", ["plain", "timestamps", "prefix", "cri", "docker"])
def test_its_like_claims_nothing(framing: str, tmp_path: Path) -> None:
    assert_nothing_claimed(ask(write(tmp_path, busy(framing=framing))))


def assert_look_alike(report: Report, upstream: str) -> None:
    """The silent replica was never asked: no place narrower than the cluster is worth a fifth."""
    first = report.hypotheses[0]
    assert first.cause == PLAIN
    assert first.upstream == upstream
    assert first.scope is not None
    assert first.scope.kind == "cluster"
    narrow = [h for h in report.hypotheses if h.cause not in QUIET and h.scope and h.scope.kind != "cluster"]
    assert all(h.probability < 0.2 for h in narrow)


def test_the_look_alike() -> None:
    assert_look_alike(story("look-alike"), "10.20.30.53:53")


def test_the_look_alike_tells_who_was_never_asked() -> None:
    said = [say(e.statement) for e in story("look-alike").hypotheses[0].evidence]
    assert any("coredns-5dd5756b68-k4v7x" in statement for statement in said)


@pytest.mark.parametrize("framing", ["plain", "timestamps", "prefix", "cri", "docker"])
@pytest.mark.parametrize("version", ["1.6.7", "1.9.3", "1.15.0"])
def test_its_like_has_no_place(framing: str, version: str, tmp_path: Path) -> None:
    incident = replace(BASE, framing=framing, version=version, cut=False)
    report = ask(write(tmp_path, {**incident.files(), **asleep(incident)}))
    assert_look_alike(report, incident.endpoint)


def test_the_same_silence_of_one_that_was_asked_is_a_place(tmp_path: Path) -> None:
    """The counterpart: as many lines, but the other replica forwards and is answered."""
    incident = replace(BASE, framing="timestamps", cut=False)
    report = ask(write(tmp_path, {**incident.files(), **asleep(incident, asked=True)}))
    first = report.hypotheses[0]
    assert first.cause == SCOPED
    assert first.probability > 0.8
    assert ("node", incident.failing.node) in places(first)
