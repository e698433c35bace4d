"""Tables and descriptions of kubectl in the forms in which people paste them."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

import pytest

from triage.model.place import Pod, Termination
from triage.parsing.kubectl_text import read_configmaps, read_events, read_nodes, read_pods

DATA = Path(__file__).parent / "data"


def data(name: str) -> str:
    return (DATA / name).read_text(encoding="utf-8")


WIDE = data("pods-wide.txt")
FIRST: dict[str, object] = {
    "name": "coredns-5f-q2w",
    "node": "kube-a1",
    "pod_ip": "10.9.1.4",
    "ready": True,
    "restarts": 4,
}
SECOND: dict[str, object] = {
    "name": "coredns-5f-x8n",
    "node": "kube-b2",
    "pod_ip": "10.9.2.7",
    "ready": False,
    "restarts": 155,
}
THIRD: dict[str, object] = {
    "name": "coredns-5f-zz9",
    "node": None,
    "pod_ip": None,
    "ready": False,
    "restarts": 0,
    "status": "Pending",
}
LINES = WIDE.splitlines()


def squeezed(text: str) -> str:
    return "\n".join(" ".join(line.split()) for line in text.splitlines())


FORMS = {
    "as printed": WIDE,
    "without header": "\n".join(LINES[1:]),
    "header in another language": "\n".join(["名称   就绪   状态   重启次数   时长   IP   节点", *LINES[1:]]),
    "single blanks": squeezed(WIDE),
    "single blanks without header": squeezed("\n".join(LINES[1:])),
    "tabs": "\n".join("\t".join(line.split("  ")) for line in LINES),
    "commented": "\n".join(f"# {line}" for line in LINES),
    "quoted": "\n".join(f"> {line}" for line in LINES),
    "shifted columns": "\n".join([LINES[0], *(line.replace("   ", "     ", 1) for line in LINES[1:])]),
    "all namespaces": "\n".join(
        f"{'NAMESPACE' if i == 0 else 'kube-system':<14}{line}" for i, line in enumerate(LINES)
    ),
    "all namespaces without header": "\n".join(f"kube-system   {line}" for line in LINES[1:]),
    "from get all": WIDE.replace("coredns-5f", "pod/coredns-5f"),
    "with prose around it": f"Here you are:\n\n{WIDE}\nNo resources found in other namespace.\nthanks\n",
    "CRLF": WIDE.replace("\n", "\r\n"),
    "a column more": "\n".join(f"{line}   {'ZONE' if i == 0 else 'eu-1a'}" for i, line in enumerate(LINES)),
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_pods_are_the_same_in_every_form(text: str) -> None:
    pods = read_pods(text, file="pods.txt")
    assert len(pods) == 3
    for pod, expected in zip(pods, (FIRST, SECOND, THIRD), strict=True):
        assert {name: getattr(pod, name) for name in expected} == expected
    assert (pods[0].last_restart_s, pods[0].age_s, pods[1].status) == (7 * 86400, 158, "CrashLoopBackOff")
    assert pods[0].namespace == ("kube-system" if "kube-system" in text else None)


POD_ROWS = [
    ("NAME  READY  STATUS  RESTARTS  AGE\na-1  1/1  Running  33  43d", {"name": "a-1", "restarts": 33, "node": None}),
    ("NAME  NODE  HOST_IP\na-1  n1  10.8.0.1", {"name": "a-1", "node": "n1", "host_ip": "10.8.0.1", "ready": None}),
    ("POD  NODE  LABELS\na-1  n1  k8s-app=kube-dns,x=y", {"labels": {"k8s-app": "kube-dns", "x": "y"}}),
    ("a-1   0/1   CrashLoopBackOff", {"name": "a-1", "status": "CrashLoopBackOff", "restarts": None}),
    ("NAME READY STATUS RESTARTS AGE IP NODE\na-1 1/1 Running 0 -5s 10.0.0.7 n1", {"node": "n1", "age_s": None}),
    ("a-1 0/1 Init:0/2 0 5m fd00::4 n1 <none> <none>", {"status": "Init:0/2", "pod_ip": "fd00::4", "node": "n1"}),
]


@pytest.mark.parametrize(("text", "expected"), POD_ROWS)
def test_pod_tables_of_other_widths(text: str, expected: Mapping[str, object]) -> None:
    (pod,) = read_pods(text, file="pods.txt")
    assert {name: getattr(pod, name) for name in expected} == expected


@pytest.mark.parametrize(
    "text", ["", "\n\n", "Error from server (Forbidden): pods is forbidden", "done", "NAME  READY  STATUS\nok"]
)
def test_what_is_no_row_gives_no_pod(text: str) -> None:
    assert read_pods(text, file="x") == ()
    assert read_nodes(text, file="x") == ()
    assert read_events(text, file="x") == ()


def test_citations_count_from_the_first_line() -> None:
    pods = read_pods(WIDE, file="terminal.txt", first_line=40)
    assert [(p.citation.file, p.citation.line) for p in pods if p.citation] == [
        ("terminal.txt", n) for n in (41, 42, 43)
    ]


NODES = data("nodes-wide.txt")
NODE_LINES = NODES.splitlines()
NODE_FORMS = {
    "as printed": NODES,
    "without header": "\n".join(NODE_LINES[1:]),
    "single blanks without header": squeezed("\n".join(NODE_LINES[1:])),
    "header in another language": "\n".join(["NOM   ÉTAT   RÔLES", *NODE_LINES[1:]]),
    "commented": "\n".join(f"# {line}" for line in NODE_LINES),
    "CRLF": NODES.replace("\n", "\r\n"),
}


@pytest.mark.parametrize("text", NODE_FORMS.values(), ids=NODE_FORMS)
def test_nodes_are_the_same_in_every_form(text: str) -> None:
    rows = [(n.name, n.ready, n.roles, n.internal_ip, n.kernel, n.az) for n in read_nodes(text, file="nodes.txt")]
    assert rows == [
        ("kube-a1", True, ("control-plane", "master"), "10.8.0.11", "3.10.0-1160", "eu-1a"),
        ("kube-b2", False, (), "10.8.1.21", "6.1.0-18-amd64", "eu-1b"),
        ("kube-b3", True, ("infra", "worker"), "fd00:8::3", "6.6.29-talos", "eu-1b"),
    ]


def test_node_columns_of_ones_own() -> None:
    text = (
        "NAME   INTERNAL-IP   NODEPOOL   PODCIDR\nn1   10.8.0.1   blue   10.9.1.0/24\nn2   10.8.0.2   <none>   <none>\n"
    )
    first, second = read_nodes(text, file="nodes.txt")
    assert (first.pool, first.pod_cidrs, first.roles_told) == ("blue", ("10.9.1.0/24",), False)
    assert (second.pool, second.pod_cidrs) == (None, ())


EVENTS = {path.stem: path.read_text(encoding="utf-8") for path in sorted(DATA.glob("events-*.txt"))}


@pytest.mark.parametrize("text", EVENTS.values(), ids=EVENTS)
def test_events_are_the_same_in_every_form(text: str) -> None:
    (event,) = read_events(text, file="events.txt")
    assert (event.reason, event.type, event.object_kind, event.object_name) == (
        "BackOff",
        "Warning",
        "pod",
        "coredns-5f-q2w",
    )
    assert (event.age_s, event.count, event.message) == (30, 12, "Back-off  restarting")


DESCRIBED_POD = data("pod-described.txt")


def test_a_described_pod() -> None:
    (pod,) = read_pods(DESCRIBED_POD + "\n" + DESCRIBED_POD.replace("q2w", "x8n"), file="pods.txt")[:1]
    assert pod == Pod(
        name="coredns-5f-q2w",
        namespace="kube-system",
        node="kube-a1",
        pod_ip="10.9.1.4",
        host_ip="10.8.0.11",
        status="CrashLoopBackOff",
        ready=False,
        restarts=7,
        started_ns=1748916672000000000,
        last_termination=Termination("OOMKilled", 137, 1748916732000000000),
        labels={"k8s-app": "kube-dns", "pod-template-hash": "5f"},
        owner="ReplicaSet/coredns-5f",
        image="registry.k8s.io/coredns/coredns:v1.9.3",
        citation=pod.citation,
        pod_ips=("10.9.1.4", "fd01::4"),
    )
    (event,) = read_events(DESCRIBED_POD, file="pods.txt")
    assert (event.object_name, event.object_kind, event.count, event.age_s) == ("coredns-5f-q2w", "pod", 30, 120)
    assert event.citation is not None
    assert event.citation.line == 34


DESCRIBED_NODE = data("node-described.txt")


def test_a_described_node() -> None:
    (node,) = read_nodes(DESCRIBED_NODE, file="nodes.txt")
    assert (node.internal_ips, node.roles, node.az, node.pool) == (
        ("10.8.0.11", "fd00:8::b"),
        ("control-plane",),
        "eu-1a",
        "masters",
    )
    assert (node.kernel, node.version, node.ready, node.pod_cidrs) == (
        "5.15.0-101-generic",
        "v1.29.3",
        True,
        ("10.9.1.0/24", "fd01::/64"),
    )
    assert node.annotations["projectcalico.org/IPv4Address"] == "10.8.0.11/24"
    assert read_pods(DESCRIBED_NODE, file="nodes.txt") == ()


def test_a_described_configmap() -> None:
    text = data("configmap-described.txt")
    (configmap,) = read_configmaps(text, file="coredns.txt", first_line=100)
    assert (configmap.name, configmap.namespace) == ("coredns", "kube-system")
    assert configmap.data == {"Corefile": ".:53 {\n    errors\n}\n", "other.server": "x {\n}\n"}
    assert configmap.first_lines == {"Corefile": 108, "other.server": 115}


def test_any_text_is_read_without_an_exception() -> None:
    chance = random.Random(5)
    pieces = [
        *WIDE.split(),
        *NODES.split(),
        *DESCRIBED_POD.splitlines(keepends=True),
        "\n",
        "  ",
        "\t",
        "Name:  x\n",
        "<none>",
        "│",
        "é",
        "\x00",
    ]
    for _ in range(1500):
        text = " ".join(chance.choice(pieces) for _ in range(chance.randint(1, 40)))
        for read in (read_pods, read_nodes, read_events, read_configmaps):
            read(text, file="x")
