"""`triage checks`: one script for every shell, which asks a real server, and whose file moves the probabilities."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.island import asked, possible
from tests.shells import every_shell
from triage import pipeline
from triage.cli.packaged import folder
from triage.errors import ExitCode
from triage.model.observation import FailureKind
from triage.model.report import CheckStep, Hypothesis
from triage.model.text import Text
from triage.parsing.tools import read_tool
from triage.render.shell import query_octal, reading_parts
from triage.sources.checks import read_footer, read_header
from triage.sources.load import load

UPSTREAM = "10.196.17.210"
SH = shutil.which("sh") or ""
BASICS = ("cat", "date", "hostname", "id", "sed", "uname")
TOOLS = {
    "dig": ("dig",),
    "nslookup": ("nslookup",),
    "udp": ("bash", "dd"),
    "busybox": ("busybox:nslookup",),
    "getent": ("getent",),
    "none": (),
}
ANSWERS = ("dig", "nslookup", "udp", "busybox")
"""Ways to ask a server by its address."""
islands = pytest.mark.skipif(not possible(), reason="this machine cannot make network namespaces")


def store(triage, path: Path, *evidence: object) -> dict:
    result = triage("analyze", *evidence, "-o", "json", "--output-file", path)
    assert result.code == ExitCode.ANALYZED
    return json.loads(path.read_text())


@pytest.fixture
def report(triage, tmp_path: Path) -> Path:
    store(triage, tmp_path / "report.json", folder("stories") / "master-subnet")
    return tmp_path / "report.json"


@pytest.fixture
def script(triage, report: Path) -> Path:
    path = report.with_name("checks.sh")
    path.write_text(triage("checks", report).out)
    return path


def test_nothing_to_check_is_no_error(triage, tmp_path: Path) -> None:
    healthy = store(triage, tmp_path / "report.json", folder("stories") / "healthy")
    for options in ((), ("--rank", healthy["hypotheses"][0]["rank"])):
        told = triage("checks", tmp_path / "report.json", *options)
        assert (told.code, told.out, told.err) == (0, "", "no check would tell more: the report names none\n")


@pytest.fixture(scope="session")
def paths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A PATH for each way to ask: the usual small programs, and one that can ask."""
    found = {}
    for name, tools in TOOLS.items():
        found[name] = str(home := tmp_path_factory.mktemp(name))
        for tool in (*BASICS, *tools):
            program, _, alias = tool.partition(":")
            if (real := shutil.which(program)) is None:
                pytest.skip(f"{program} is not installed")
            (home / (alias or program)).symlink_to(Path(real).resolve())
    return found


def sections(text: str) -> Iterator[tuple[str, str, str | None, str, int]]:
    """Id, host, place, output and exit code of every check in a file."""
    head, lines = None, []
    for line in text.splitlines():
        if (found := read_header(line)) is not None:
            assert head is None, "a check that did not end"
            head, lines = found, []
        elif (code := read_footer(line)) is not None:
            assert head is not None
            yield head.id, head.host or "", head.place, "\n".join(lines), code
            head = None
        else:
            lines.append(line)
    assert head is None


def test_it_is_a_posix_script_that_says_what_it_asks(script: Path) -> None:
    text = script.read_text()
    head = text.partition("set -u")[0]
    assert text.startswith("#!/bin/sh\n")
    assert f"{UPSTREAM}, port 53" in head
    assert "Run it on: k8s-pre-m01, k8s-pre-m02, k8s-pre-n01" in head


@every_shell
def test_every_shell_can_read_it(script: Path, shell: list[str]) -> None:
    assert subprocess.run([*shell, "-n", str(script)]).returncode == 0


def test_kubectl_stands_in_comments_only(triage, script: Path) -> None:
    lines = [line for line in script.read_text().splitlines() if "kubectl" in line]
    assert lines
    assert all(line.startswith("#") for line in lines)


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_shellcheck_finds_nothing(script: Path) -> None:
    assert subprocess.run(["shellcheck", str(script)], capture_output=True, text=True).stdout == ""


NAMES = {
    "api_address": "10.96.0.1:443", "namespace": "kube-system", "node": "a1.example", "other_node": "a2.example",
    "outside_node": "10.0.0.9", "qname": "shop.example.", "replica": "coredns-x", "second_name": "www.example.com.",
    "servers": "10.0.0.2 fd00::2", "upstream_ip": "fd00::2", "upstream_port": "5353", "zone": "example.",
}  # fmt: skip
RULES = pipeline.load_rulebook(None)


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
@pytest.mark.parametrize("cause", [rule.id for rule in RULES.rules.values() if rule.checks])
def test_the_checks_of_every_rule_make_a_clean_script(tmp_path: Path, cause: str) -> None:
    """What can be run is run; kubectl, and what creates pods, is left to people."""
    steps = [CheckStep(c.id, "", (), c.effect, (), names=NAMES) for c in RULES.rules[cause].checks]
    one = Hypothesis("i", 1, 1, cause, Text("t"), 0.5, "none", next_checks=tuple(steps))
    script = tmp_path / "checks.sh"
    script.write_text(pipeline.check_script([one], RULES))
    done = subprocess.run(["shellcheck", str(script)], capture_output=True, text=True)
    assert done.stdout == ""
    first = {check.command: check for check in reversed(RULES.rules[cause].checks)}  # the same command runs once
    for check in first.values():
        by_hand = check.effect == "creates-pod" or check.command.startswith("kubectl ")
        assert (f" '{check.id}' " not in script.read_text()) is by_hand, check.id


@islands
@every_shell
def test_every_shell_and_tool_asks_and_is_understood(script: Path, paths: dict[str, str], shell: list[str]) -> None:
    for mode, status in (("answers", "NOERROR"), ("NXDOMAIN", "NXDOMAIN"), ("REFUSED", "REFUSED")):
        command = [*shell, str(script), "k8s-pre-n01", "-"]
        runs = asked(script.parent, UPSTREAM, mode, [(command, paths[way]) for way in ANSWERS])
        for way, run in zip(ANSWERS, runs, strict=True):
            assert (run.code, run.err) == (0, ""), way
            [(check, host, place, output, _)] = sections(run.out)
            assert (check, host, place) == ("ask-upstream", "k8s-pre-n01", "outside-node"), way
            shown = re.search("command=(.*)", run.out)[1]
            [answer] = read_tool(output, command=shown, host=host, file="x")
            assert (answer.server, answer.qname, answer.status) == (f"{UPSTREAM}:53", "www.example.com.", status), way


@islands
def test_silence_is_told_apart_from_refusal(script: Path, paths: dict[str, str]) -> None:
    command = [SH, str(script), "k8s-pre-n01", "-"]
    for mode, kinds in (("silent", {FailureKind.TIMEOUT}), ("closed", {FailureKind.REFUSED, FailureKind.TIMEOUT})):
        runs = asked(script.parent, UPSTREAM, mode, [(command, paths[way]) for way in ANSWERS])
        for way, run in zip(ANSWERS, runs, strict=True):
            [(_, host, _, output, code)] = sections(run.out)
            shown = re.search("command=(.*)", run.out)[1]
            [answer] = read_tool(output, command=shown, host=host, file="x")
            assert (answer.server, answer.failure in kinds, code != 0) == (f"{UPSTREAM}:53", True, True), (way, mode)
            if mode == "closed" and way in {"dig", "udp"}:
                assert answer.failure is FailureKind.REFUSED


@islands
@pytest.mark.parametrize("mode", ["away", "silent"])
def test_without_any_tool_it_says_so_and_nothing_is_concluded(script: Path, paths: dict[str, str], mode: str) -> None:
    [run] = asked(script.parent, UPSTREAM, mode, [([SH, str(script), "k8s-pre-n01", "-"], paths["none"])])
    [(_, host, _, output, code)] = sections(run.out)
    assert (output, code) == ("dig: command not found", 127)
    [unread] = read_tool(output, command="dig @10.196.17.210 a.example", host=host, file="x")
    assert unread.notes == {"reason": "not-found"}


@islands
def test_getent_asks_the_machines_own_resolver_and_proves_nothing_about_the_server(
    script: Path, paths: dict[str, str]
) -> None:
    [run] = asked(script.parent, UPSTREAM, "answers", [([SH, str(script), "k8s-pre-n01", "-"], paths["getent"])])
    [(_, host, _, output, _)] = sections(run.out)
    assert "command=getent hosts www.example.com.\n" in run.out
    assert not [x for x in read_tool(output, command="getent hosts a.", host=host, file="x") if getattr(x, "server", 0)]


@islands
def test_another_port_is_asked_at_that_port(triage, tmp_path: Path, evidence: Path, paths: dict[str, str]) -> None:
    log = next(evidence.iterdir())
    log.write_text(log.read_text().replace("10.20.0.53:53", "10.20.0.53:5353"))
    store(triage, tmp_path / "r.json", evidence)
    script = tmp_path / "c.sh"
    script.write_text(triage("checks", tmp_path / "r.json").out)
    runs = [([SH, str(script), "anywhere", "-"], paths[way]) for way in ("dig", "udp")]
    for run in asked(tmp_path, "10.20.0.53", "answers", runs, port=5353):
        outputs = [(output, command) for output, command in zip(
            [s[3] for s in sections(run.out)], re.findall("command=(.*)", run.out), strict=True)]  # fmt: skip
        answers = [a for o, c in outputs for a in read_tool(o, command=c, host="h", file="x")]
        assert {(a.server, a.status) for a in answers} == {("10.20.0.53:5353", "NOERROR")}


@islands
def test_the_loop_closes(triage, tmp_path: Path, script: Path, paths: dict[str, str]) -> None:
    """The founding incident: a tie before, one answer after three runs of the script, each with another tool."""
    before = json.loads((tmp_path / "report.json").read_text())["hypotheses"]
    assert before[0]["probability"] < 0.7
    assert {twin["kind"] for twin in before[0]["scope"]["indistinguishable"]} >= {"node"}
    evidence = tmp_path / "evidence"
    shutil.copytree(folder("stories") / "master-subnet", evidence)
    masters = [([SH, str(script), "k8s-pre-m01"], paths["dig"]), ([SH, str(script), "k8s-pre-m02"], paths["udp"])]
    runs = asked(evidence, UPSTREAM, "silent", masters)
    runs += asked(evidence, UPSTREAM, "answers", [([SH, str(script), "k8s-pre-n01"], paths["nslookup"])])
    for run in runs:
        assert run.code == 0, run.err
        assert re.fullmatch(r"checks-k8s-pre-[mn]0[12]-\d{8}T\d{6}Z\.txt\n", run.out)
        assert (evidence / run.out.strip()).stat().st_mode & 0o777 == 0o600
    after = store(triage, tmp_path / "after.json", evidence)["hypotheses"]
    assert after[0]["cause"] == "upstream-unreachable-scoped"
    assert (after[0]["scope"]["kind"], after[0]["scope"]["member"]) == ("subnet", "master")
    assert after[0]["probability"] > 0.95
    assert {twin["kind"] for twin in after[0]["scope"]["indistinguishable"]}.isdisjoint({"node", "replica"})
    assert "k8s-pre-m02" in triage("explain", tmp_path / "after.json").out


@islands
def test_on_another_machine_it_asks_nothing_unless_told_where_it_is(script: Path, paths: dict[str, str]) -> None:
    commands = [[SH, str(script)], [SH, str(script), "k8s-pre-n03", "-"], [SH, str(script), "a;b"]]
    unasked, told, odd = asked(script.parent, UPSTREAM, "answers", [(command, paths["dig"]) for command in commands])
    assert (unasked.code, unasked.out) == (2, "")
    assert "k8s-pre-m01, k8s-pre-m02, k8s-pre-n01" in unasked.err
    assert next((host, place) for _, host, place, _, _ in sections(told.out)) == ("k8s-pre-n03", None)
    assert (odd.code, odd.out) == (2, "")
    assert not list(script.parent.glob("checks-*"))


def test_a_rank_chooses(triage, report: Path) -> None:
    hypotheses = json.loads(report.read_text())["hypotheses"]
    inotify = next(h for h in hypotheses if h["cause"] == "inotify-exhausted")
    text = triage("checks", report, "--rank", inotify["rank"]).out
    assert "'sysctl'" in text
    assert UPSTREAM not in text
    assert triage("checks", report, "--rank", "77").code == ExitCode.USAGE


EVIL = (
    "10.0.0.1; touch owned", "$(touch owned)", "`touch owned`", "a\ntouch owned", "-oProxyCommand=x", "a'b", "| sh",
    "10.0.0.1 @10.0.0.2", "", "x" * 5000, "\u202e", "*", "../../etc/passwd", "@127.0.0.1", "+qr",
)  # fmt: skip


@pytest.mark.parametrize("evil", EVIL, ids=[str(i) for i in range(len(EVIL))])
def test_a_report_that_was_edited_by_hand_gets_no_word_into_the_script(triage, report: Path, evil: str) -> None:
    """Commands are made again from the rules; a name that is none keeps its check away."""
    clean = triage("checks", report).out.splitlines()
    data = json.loads(report.read_text())
    for h in data["hypotheses"]:
        for check in h["next_checks"]:
            check["command"] = evil
            check["where"] = [evil]
            check["names"]["upstream_ip"] = evil
            check["names"]["other_node"] = evil
            check["names"][evil] = evil
    report.write_text(json.dumps(data))
    result = triage("checks", report)
    assert result.code == ExitCode.ANALYZED, "the inotify check needs no such name"
    lines = result.out.splitlines()
    assert set(lines) - set(clean) <= {line for line in lines if line.startswith("#") or "none of the nodes" in line}
    assert "owned" not in result.out
    assert len(lines) < len(clean)


def test_a_check_or_cause_that_the_rules_do_not_know_is_left_out(triage, report: Path) -> None:
    data = json.loads(report.read_text())
    for h in data["hypotheses"]:
        h["cause"] = "x; touch owned"
    report.write_text(json.dumps(data))
    result = triage("checks", report)
    assert result.code == ExitCode.USAGE
    assert result.out == ""


@pytest.mark.parametrize(
    "command",
    [
        "rm -rf /", "dig @10.0.0.1 a. > /etc/passwd", "dig @10.0.0.1 -f /etc/shadow", "cat /etc/shadow",
        "curl -sk https://10.0.0.1/version -o /x", "curl file:///etc/passwd", "ip route del 10.0.0.1",
        "dig @10.0.0.1 a. && reboot", "dig @10.0.0.1 a.; reboot", "dig @10.0.0.1 a. | sh", "dig @evil.example a.",
        "for s in 10.0.0.1; do rm $s; done", "for s in 10.0.0.1; do dig @$s a. | sh -c x; done",
        "kubectl delete pod x", "ss -K", "conntrack -F", "dig '@10.0.0.1", "", "sysctl -w a.b=1",
        "cat /run/systemd/resolve/../../../etc/shadow",
    ],
)  # fmt: skip
def test_the_script_runs_only_what_reads(command: str) -> None:
    assert reading_parts(command) is None


def test_a_query_is_what_a_server_expects() -> None:
    raw = bytes(int(number, 8) for number in query_octal("www.example.com.", "AAAA").split("\\")[1:])
    assert raw[2:] == b"\1\0\0\1\0\0\0\0\0\0\3www\7example\3com\0\0\x1c\0\1"


def test_a_server_cannot_write_a_headline(script: Path, tmp_path: Path) -> None:
    """What a server says goes into the file; a line of it that looks like ours is moved."""
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "dig").write_text(
        "#!/bin/sh\necho '### exit 0'\necho '### check x host=k8s-pre-m02 place=- command=dig'\n"
    )
    (tools / "dig").chmod(0o755)
    done = subprocess.run(
        [SH, str(script), "k8s-pre-n01", "-"], env={"PATH": f"{tools}:/usr/bin:/bin"}, capture_output=True, text=True
    )
    assert [(check, host) for check, host, *_ in sections(done.stdout)] == [("ask-upstream", "k8s-pre-n01")]


def test_the_file_is_read_as_outputs_of_commands(tmp_path: Path) -> None:
    path = tmp_path / "checks-k8s-pre-n01-20261125T100000Z.txt"
    path.write_text(
        "### check ask-upstream host=k8s-pre-n01 place=outside-node command=bash /dev/udp/10.0.0.2/53 a.example. A\n"
        "; asked through /dev/udp, told in the words of dig\n;; QUESTION SECTION:\n;a.example.\t\tIN\tA\n\n"
        ";; ->>HEADER<<- opcode: QUERY, status: NXDOMAIN, id: 29810\n;; SERVER: 10.0.0.2#53(10.0.0.2) (UDP)\n"
        "### exit 0\n"
    )
    [document] = load([str(path)]).documents
    [answer] = read_tool(document.text(), command=document.command, host=document.host, file=document.file)
    assert (answer.host, answer.server, answer.status) == ("k8s-pre-n01", "10.0.0.2:53", "NXDOMAIN")
