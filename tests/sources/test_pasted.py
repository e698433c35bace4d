"""Texts pasted from terminals and tickets: what each command printed, on which machine, of which replica."""

from __future__ import annotations

import io

import pytest

from tests.sources import made
from triage.model.bundle import Document, Kind
from triage.sources.load import load

A, B = made.POD_A, made.POD_B


def paste(text: str) -> tuple[Document, ...]:
    return load(["-"], stdin=io.BytesIO(text.encode())).documents


def of(text: str, kind: Kind) -> list[Document]:
    return [d for d in paste(text) if d.kind is kind]


TERMINAL = f"""The two masters answer slowly, please have a look at this:
[root@elm-m1 ~]# kubectl logs {A} -n kube-system -f
{made.LOG}{made.KUBELET}[root@elm-m1 ~]# cat /etc/resolv.conf
{made.RESOLV}[root@elm-m1 ~]# kubectl logs {B} -n kube-system -f
{made.BANNER}^C
[root@elm-n2 ~]# cat /etc/resolv.conf
nameserver 10.9.9.8
主节点上解析超时,其他节点正常
[root@elm-m1 ~]# kubectl describe configmap/coredns -n kube-system
{made.DESCRIBED}[root@elm-m1 ~]# kubectl get pods -n kube-system -o wide
{made.PODS}[root@elm-m1 ~]# ssh elm-n2 dig @10.9.9.9 b.example
{made.DIG}[root@elm-m1 ~]#
"""


def test_each_output_is_read_as_what_its_command_prints() -> None:
    found = [(d.kind, d.host, d.replica) for d in paste(TERMINAL)]
    assert found == [
        (Kind.PROSE, None, None),
        (Kind.LOG, None, A),
        (Kind.RESOLV_CONF, "elm-m1", None),
        (Kind.LOG, None, B),
        (Kind.RESOLV_CONF, "elm-n2", None),
        (Kind.PROSE, None, None),
        (Kind.COREFILE, None, None),
        (Kind.PODS, "elm-m1", None),
        (Kind.TOOL, "elm-n2", None),
    ]


def test_every_part_begins_on_the_line_that_is_cited() -> None:
    lines = TERMINAL.split("\n")
    for document in paste(TERMINAL):
        first = document.text().split("\n")[0]
        assert lines[document.first_line - 1].startswith(first), document.name


def test_the_stream_ends_before_a_glued_prompt() -> None:
    log = of(TERMINAL, Kind.LOG)[0]
    assert log.text() == made.LOG + made.KUBELET


def test_the_host_of_a_prompt_is_no_replicas_node() -> None:
    for log in of(TERMINAL.replace("root@elm-m1", "root@bastion"), Kind.LOG):
        assert log.host is None
        assert "node" not in log.hints


def test_the_corefile_of_a_described_configmap() -> None:
    (corefile,) = of(TERMINAL, Kind.COREFILE)
    assert corefile.text() == ".:53 {\n    errors\n    forward . 10.9.9.9\n}\n"
    assert (corefile.namespace, corefile.hints["key"]) == ("kube-system", "Corefile")


@pytest.mark.parametrize(
    ("prompt", "host"),
    [
        ("[root@elm-m1 ~]# ", "elm-m1"),
        ("[core@elm-m1 ~]$ ", "elm-m1"),
        ("root@elm-m1:~# ", "elm-m1"),
        ("(venv) ops@elm-m1:/etc/coredns$ ", "elm-m1"),
        ("elm-m1:~ # ", "elm-m1"),
        ("elm-m1 ~ # ", "elm-m1"),
        ("elm-m1# ", "elm-m1"),
        ("ops@elm-m1 ~ % ", "elm-m1"),
        ("$ ", None),
        ("# ", None),
        ("❯ ", None),
        ("sh-5.1# ", None),
        ("PS C:\\Users\\ops> ", None),
        ("C:\\Users\\ops> ", None),
    ],
)
def test_prompts(prompt: str, host: str | None) -> None:
    (resolv,) = of(f"{prompt}cat /etc/resolv.conf\n{made.RESOLV}", Kind.RESOLV_CONF)
    assert (resolv.host, resolv.first_line, resolv.text()) == (host, 2, made.RESOLV)


@pytest.mark.parametrize(
    ("command", "replica", "container", "namespace", "previous"),
    [
        (f"kubectl logs {A}", A, None, None, False),
        (f"kubectl -n kube-system logs pod/{A} -c coredns --previous", A, "coredns", "kube-system", True),
        (f"sudo kubectl logs -p --namespace=kube-system {A} --tail 100", A, None, "kube-system", True),
        (f"oc logs -n openshift-dns {A} -c dns -f | tail -5", A, "dns", "openshift-dns", False),
        ("kubectl logs -l k8s-app=kube-dns -n kube-system", None, None, "kube-system", False),
        ("kubectl logs deploy/coredns -n kube-system", None, None, "kube-system", False),
        ("kubectl logs --context prod -n kube-system ds/node-local-dns", None, None, "kube-system", False),
    ],
)
def test_commands_that_print_a_log(command: str, replica: str, container: str, namespace: str, previous: bool) -> None:
    (log,) = of(f"$ {command}\n{made.LOG}", Kind.LOG)
    found = (log.replica, log.container, log.namespace, log.previous, log.text())
    assert found == (replica, container, namespace, previous, made.LOG)


@pytest.mark.parametrize(
    ("command", "inner", "host"),
    [
        ("dig @10.9.9.9 b.example", "dig @10.9.9.9 b.example", "elm-m1"),
        ("ssh root@elm-m2 dig @10.9.9.9 b.example", "dig @10.9.9.9 b.example", "elm-m2"),
        ("ssh -p 2222 elm-m2 'dig @10.9.9.9 b.example'", "dig @10.9.9.9 b.example", "elm-m2"),
        ("kubectl debug node/elm-n3 -it --image=b -- dig @10.9.9.9 b.example", "dig @10.9.9.9 b.example", "elm-n3"),
        ("kubectl exec -n kube-system -it dnsutils -- dig @10.9.9.9 b.example", "dig @10.9.9.9 b.example", "dnsutils"),
        (
            """kubectl run x -it --image=b --overrides='{"spec":{"nodeName":"elm-n4"}}' -- dig @10.9.9.9 b.example""",
            "dig @10.9.9.9 b.example",
            "elm-n4",
        ),
    ],
)  # fmt: skip
def test_where_a_tool_ran(command: str, inner: str, host: str) -> None:
    (tool,) = of(f"root@elm-m1:~# {command}\n{made.DIG}", Kind.TOOL)
    assert (tool.command, tool.host) == (inner, host)


def test_no_output_of_a_named_replica_is_an_answer() -> None:
    first, second = of(f"$ kubectl logs {A}\n$ kubectl logs {B}\n{made.BANNER}", Kind.LOG)
    assert (first.replica, first.read()) == (A, b"")
    assert second.replica == B


def test_output_that_went_elsewhere_is_none() -> None:
    assert of(f"$ kubectl logs {A} > a.log\n$ cat /etc/resolv.conf\n{made.RESOLV}", Kind.LOG) == []


def test_a_refused_log_is_no_log() -> None:
    (tool,) = paste(f'$ kubectl logs {A}\nError from server (Forbidden): pods "{A}" is forbidden\n')
    assert tool.kind is Kind.TOOL


def test_behind_prose_the_commands_replica_is_not_claimed() -> None:
    text = f"$ kubectl logs {A}\n{made.LOG}and here is what the other one says since yesterday:\n{made.TIMEOUT}"
    assert [d.replica for d in of(text, Kind.LOG)] == [A, None]
    named = text.replace("the other one", B)
    assert [d.replica for d in of(named, Kind.LOG)] == [A, B]


def test_a_ticket_with_fences() -> None:
    text = (
        f"Hello all, DNS is slow on two of our masters since Monday.\n\nLog of {A}:\n```\n{made.LOG}```\n"
        f"and the configuration, as far as I can see:\n```yaml\n{made.CONFIGMAP}```\n"
        f"resolv.conf of elm-m1:\n```\n{made.RESOLV}```\n"
    )  # fmt: skip
    found = [(d.kind, d.replica, d.host) for d in paste(text) if d.kind is not Kind.PROSE]
    assert found == [(Kind.LOG, A, None), (Kind.COREFILE, None, None), (Kind.RESOLV_CONF, None, "elm-m1")]


def test_quoted_mail() -> None:
    quoted = "".join(f"> {line}\n" for line in f"[root@elm-m1 ~]# kubectl logs {A}\n{made.LOG}".splitlines())
    (log,) = of(quoted, Kind.LOG)
    assert (log.replica, log.text()) == (A, made.LOG)


def test_a_text_of_log_lines_is_one_log() -> None:
    commented = "".join(f"# {line}\n" for line in made.LOG.splitlines())
    for text in (
        made.LOG,
        commented,
        "    " + made.TIMEOUT,
        made.LOG + "\n\ngoroutine 1 [running]:\nmain.main()\n\t/x.go:1\n",
    ):
        (log,) = paste(text)
        assert (log.kind, log.read()) == (Kind.LOG, text.encode())


def test_prose_with_log_lines_and_no_command() -> None:
    text = f"Since Monday both masters of our cluster print this:\n\n{made.TIMEOUT}\n有人知道原因吗?\n"
    assert [d.kind for d in paste(text)] == [Kind.PROSE, Kind.LOG, Kind.PROSE]


def test_a_clients_name_cannot_pass_as_a_prompt() -> None:
    line = '[INFO] 10.1.0.9:5 - 7 "A IN x[root@m9\\ ~]#\\ cat\\ /etc/resolv.conf. udp 40 false 512" - - 0 2s\n'
    quoted = (
        '[INFO] 10.1.0.9:5 - 7 "A IN too many open files[root@m9 ~]# cat /etc/resolv.conf. udp 40 false 512" - - 0 2s\n'
    )
    for text in (line, quoted):
        (log,) = paste(made.LOG + text)
        assert log.kind is Kind.LOG


def test_several_tables_in_one_output() -> None:
    text = f"$ kubectl get pods,nodes -o wide\n{made.PODS}\n{made.NODES}"
    assert [d.kind for d in paste(text)] == [Kind.PODS, Kind.NODES]


def test_objects_printed_by_a_command() -> None:
    text = f"$ kubectl get cm coredns -n kube-system -o yaml\n{made.CONFIGMAP}$ cat /etc/resolv.conf\n{made.RESOLV}"
    corefile, resolv = paste(text)
    assert corefile.kind is Kind.COREFILE
    assert isinstance(corefile.data, dict)
    assert resolv.kind is Kind.RESOLV_CONF


def test_checks_written_by_our_script() -> None:
    text = (
        f"### check second-name host=elm-m1 place=affected-node command=dig @10.9.9.9 b.example\n{made.DIG}### exit 9\n"
        f"### check pods host=- place=- command=kubectl get pods -n kube-system -o wide\n{made.PODS}### exit 0\n"
    )
    tool, pods = paste(text)
    assert (tool.kind, tool.host, tool.command) == (Kind.TOOL, "elm-m1", "dig @10.9.9.9 b.example")
    assert (tool.hints["check"], tool.hints["place"], tool.text()) == ("second-name", "affected-node", made.DIG)
    assert (pods.kind, pods.host) == (Kind.PODS, None)


def test_a_dump_of_the_cluster() -> None:
    text = (
        f'{{\n    "kind": "NodeList",\n    "apiVersion": "v1",\n'
        f'    "items": [{{"metadata": {{"name": "elm-m1"}}}}]\n}}\n'
        f"==== START logs for container coredns of pod kube-system/{A} ====\n{made.LOG}"
        f"==== END logs for container coredns of pod kube-system/{A} ====\n"
        "==== START logs for container kube-proxy of pod kube-system/kube-proxy-x7lm2 ====\n"
        "E0101 00:00:00.000000 1 reflector.go:1] connection refused\n"
        "==== END logs for container kube-proxy of pod kube-system/kube-proxy-x7lm2 ====\n"
    )
    nodes, log, proxy = paste(text)
    assert nodes.kind is Kind.NODES
    assert (log.kind, log.replica, log.container, log.namespace) == (Kind.LOG, A, "coredns", "kube-system")
    assert proxy.why_ignored == "ignored.other-pod"


def test_files_shown_by_tail_keep_their_names() -> None:
    first, second = paste(f"==> {A}.log <==\n{made.LOG}\n==> elm-m1.resolv.conf <==\n{made.RESOLV}")
    assert (first.kind, first.replica) == (Kind.LOG, A)
    assert (second.kind, second.host) == (Kind.RESOLV_CONF, "elm-m1")
