"""Folders, single files and standard input: what a file is, its content tells."""

from __future__ import annotations

import io
import json
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.sources import made
from triage.errors import ExitCode, TriageError
from triage.model.bundle import Bundle, Document, Kind
from triage.sources.limits import Limits
from triage.sources.load import load

OBJECT_PODS = json.dumps(
    {"apiVersion": "v1", "kind": "PodList", "items": [{"metadata": {"name": made.POD_A}}]}, indent=1
)
OBJECT_MIXED = json.dumps(
    {
        "apiVersion": "v1",
        "kind": "List",
        "items": [
            {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": made.POD_A}},
            {"kind": "Node", "apiVersion": "v1", "metadata": {"name": "elm-m1"}},
            {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "token"}, "data": {"token": "c2VjcmV0"}},
        ],
    }
)
KUBECONFIG = "apiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\ncurrent-context: x\nusers: []\n"
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJlLW9mLXRlc3Q"
CUSTOM = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: coredns-custom}\ndata:\n  log.override: |\n    log\n"
JSON_LINES = '{"log":"[INFO] plugin/reload: x\\n","stream":"stdout","time":"2026-01-01T00:00:00Z"}\n'
CORE_JSON = (
    '{"time":"2026-11-01T00:00:00Z","level":"ERROR","msg":"2 a. A: read udp 1.1.1.1:1->2.2.2.2:53: i/o timeout"}\n'
)
POD_DESCRIBED = f"Name: {made.POD_A}\nNamespace: kube-system\nNode: elm-m1/10.0.8.11\nContainers:\n  coredns:\n"
ALL_PODS = (
    f"NAMESPACE     NAME   READY   STATUS    RESTARTS   AGE\nkube-system   {made.POD_A}   1/1   Running   0  9d\n"
)
SERVICES = (
    "NAME       TYPE        CLUSTER-IP   EXTERNAL-IP   PORT(S)   AGE\n"
    "kube-dns   ClusterIP   10.96.0.10   <none>   53/UDP   9d\n"
)
APISERVER = "I0101 00:00:00.000000 1 controller.go:1] x\nE0101 00:00:00.0 1 y.go:1] connection refused\n"


def only(bundle: Bundle) -> Document:
    assert len(bundle.documents) == 1, [(d.name, d.kind) for d in bundle.documents]
    return bundle.documents[0]


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        (f"{made.POD_A}.log", made.LOG, Kind.LOG),
        ("anything.txt", made.TIMEOUT, Kind.LOG),
        ("no-ending", made.TIMEOUT, Kind.LOG),
        (f"{made.POD_A}.log", "", Kind.LOG),
        (f"{made.POD_A}.log", "lines nobody knows\n", Kind.LOG),
        ("coredns.log", made.KUBELET, Kind.LOG),
        ("docker.json", JSON_LINES * 3, Kind.LOG),
        ("core.jsonl", CORE_JSON * 2, Kind.LOG),
        ("one-line.json", CORE_JSON, Kind.LOG),
        ("pods.txt", made.PODS, Kind.PODS),
        ("x.txt", made.PODS, Kind.PODS),
        ("pods.txt", made.PODS.split("\n", 1)[1], Kind.PODS),
        ("pods.txt", f"# {made.POD_A}   0/1   CrashLoopBackOff\n", Kind.PODS),
        ("pods.txt", ALL_PODS, Kind.PODS),
        ("pods.json", OBJECT_PODS, Kind.PODS),
        ("d.txt", POD_DESCRIBED, Kind.PODS),
        ("nodes.txt", made.NODES, Kind.NODES),
        ("nodes.txt", made.NODES.split("\n", 1)[1], Kind.NODES),
        ("events.txt", made.EVENTS, Kind.EVENTS),
        ("events.json", '{"apiVersion": "v1", "items": [], "kind": "List"}', Kind.EVENTS),
        ("Corefile", made.COREFILE, Kind.COREFILE),
        ("anything", made.COREFILE, Kind.COREFILE),
        ("Corefile", ".:53 {\n  errors\n  forward . \n", Kind.COREFILE),
        ("coredns.yaml", made.CONFIGMAP, Kind.COREFILE),
        ("coredns-custom.yaml", CUSTOM, Kind.COREFILE),
        ("cm.txt", made.DESCRIBED, Kind.COREFILE),
        ("elm-m1.resolv.conf", made.RESOLV, Kind.RESOLV_CONF),
        ("x.txt", made.RESOLV, Kind.RESOLV_CONF),
        ("resolv.conf", "", Kind.RESOLV_CONF),
        ("subnets.yaml", "master: 10.0.8.0/24   # of nodes\nworker: [10.0.9.0/24, 10.0.10.0/24]\n", Kind.SUBNETS),
        (f"{made.POD_A}.prom", made.SCRAPE, Kind.SCRAPE),
        ("dig.txt", made.DIG, Kind.TOOL),
        ("sysctl.txt", "fs.inotify.max_user_instances = 128\n", Kind.TOOL),
        ("ns.txt", "Server:\t\t10.96.0.10\nAddress:\t10.96.0.10#53\n\n** server can't find x.: NXDOMAIN\n", Kind.TOOL),
        ("elm-m1.dmesg.txt", "[ 1234.567890] nf_conntrack: table full, dropping packet\n", Kind.TOOL),
        ("README.md", "We saw this on two masters since Monday, but not elsewhere.\n", Kind.PROSE),
    ],
)  # fmt: skip
def test_content_tells_the_kind(tmp_path: Path, name: str, content: str, kind: Kind) -> None:
    made.write(tmp_path, {name: content})
    document = only(load([str(tmp_path)]))
    assert (document.kind, document.file, document.why_ignored) == (kind, name, None)
    alone = only(load([str(tmp_path / name)]))
    assert (alone.kind, alone.file, alone.replica, alone.host) == (kind, name, document.replica, document.host)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("config", KUBECONFIG, "ignored.kubeconfig"),
        ("token", TOKEN, "ignored.token"),
        ("key.pem", "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n", "ignored.private-key"),
        ("secret.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\ndata: {token: YQ==}\n", "ignored.secret"),
        ("a.bin", b"\x7fELF\x02\x01\x01\0\0\0\x03\0>\0", "ignored.binary"),
        ("nothing.txt", "", "ignored.empty"),
        ("list.csv", "a,b\n1,2\n", "ignored.unknown"),
        ("kube-apiserver.log", APISERVER, "ignored.unknown"),
        ("broken.yaml", "apiVersion: v1\nkind: [Pod\n", "ignored.unreadable"),
        ("svc.txt", SERVICES, "ignored.other-table"),
        ("version.json", '{"serverVersion": {"gitVersion": "v1.27.3"}}', "ignored.version"),
    ],
)  # fmt: skip
def test_what_is_not_read_says_why(tmp_path: Path, name: str, content: str | bytes, why: str) -> None:
    made.write(tmp_path, {name: content})
    document = only(load([str(tmp_path)]))
    assert (document.kind, document.why_ignored, document.data) == (Kind.IGNORED, why, None)


def test_a_list_of_several_kinds_becomes_a_document_each(tmp_path: Path) -> None:
    made.write(tmp_path, {"all.json": OBJECT_MIXED})
    kinds = {d.name: (d.kind, d.why_ignored) for d in load([str(tmp_path)]).documents}
    assert kinds == {
        "all.json#Pod": (Kind.PODS, None),
        "all.json#Node": (Kind.NODES, None),
        "all.json#secret": (Kind.IGNORED, "ignored.secret"),
    }


def test_secrets_of_a_list_are_not_handed_on(tmp_path: Path) -> None:
    made.write(tmp_path, {"all.json": OBJECT_MIXED})
    secret = next(d for d in load([str(tmp_path)]).documents if d.why_ignored)
    assert secret.data is None
    assert b"c2VjcmV0" not in secret.read()


def test_plain_data_of_objects_and_subnets(tmp_path: Path) -> None:
    made.write(tmp_path, {"cm.yaml": made.CONFIGMAP, "subnets.yaml": "master: 10.0.8.0/24\n"})
    corefile, subnets = load([str(tmp_path)]).documents
    assert isinstance(corefile.data, dict)
    assert corefile.data["data"]["Corefile"].startswith(".:53 {")
    assert subnets.data == {"master": "10.0.8.0/24"}


def test_dates_in_yaml_stay_text(tmp_path: Path) -> None:
    made.write(
        tmp_path, {"n.yaml": "apiVersion: v1\nkind: Node\nmetadata:\n  name: n\n  labels: {built: 2026-11-25}\n"}
    )
    data = only(load([str(tmp_path)])).data
    assert isinstance(data, dict)
    assert data["metadata"]["labels"]["built"] == "2026-11-25"


@pytest.mark.parametrize(
    ("name", "replica", "previous"),
    [
        (f"{made.POD_A}.log", made.POD_A, False),
        (f"{made.POD_A}.previous.log", made.POD_A, True),
        ("dns-default-tk29t.log", "dns-default-tk29t", False),
        ("rke2-coredns-rke2-coredns-957b7f74ff-7tfdv.log", "rke2-coredns-rke2-coredns-957b7f74ff-7tfdv", False),
        ("node-local-dns-q7x2m.log", "node-local-dns-q7x2m", False),
        ("edge-dns-1.log", "edge-dns-1", False),
        (f"logs-from-coredns-in-{made.POD_A}.log", made.POD_A, False),
        (f"kube-system_{made.POD_A}_coredns.txt", made.POD_A, False),
        ("coredns.log", None, False),
        ("all-replicas.log", None, False),
        ("log.txt", None, False),
        ("0.log", None, False),
        ("hassio_dns.log", None, False),
    ],
)
def test_a_files_name_tells_the_replica(tmp_path: Path, name: str, replica: str | None, previous: bool) -> None:
    made.write(tmp_path, {name: made.LOG})
    document = only(load([str(tmp_path)]))
    assert (document.kind, document.replica, document.previous) == (Kind.LOG, replica, previous)


@pytest.mark.parametrize(
    ("name", "container"),
    [
        ("node-local-dns-q7x2m.log", "node-cache"),
        ("nodelocaldns.log", "node-cache"),
        ("node-cache.log", "node-cache"),
        ("dns-default-tk29t.log", "dns"),
        (f"{made.POD_A}.log", None),
    ],
)
def test_a_files_name_tells_the_layer(tmp_path: Path, name: str, container: str | None) -> None:
    made.write(tmp_path, {name: made.LOG})
    assert only(load([str(tmp_path)])).container == container


def test_unnamed_streams_beside_each_other_are_told_apart_by_their_files(tmp_path: Path) -> None:
    made.write(tmp_path, {"coredns-old.log": made.LOG, "coredns-new.log": made.BANNER})
    found = {d.file: (d.replica, d.hints.get("replica-from")) for d in load([str(tmp_path)]).documents}
    assert found == {"coredns-old.log": ("coredns-old", "file-name"), "coredns-new.log": ("coredns-new", "file-name")}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "gb18030"])
def test_small_documents_are_decoded_and_logs_stay_raw(tmp_path: Path, encoding: str) -> None:
    text = made.RESOLV.replace("\n", "\r\n") + ("# 名前服务器\r\n" if encoding == "gb18030" else "")
    made.write(tmp_path, {"resolv.conf": text.encode(encoding), f"{made.POD_A}.log": made.LOG.encode("utf-16")})
    log, resolv = load([str(tmp_path)]).documents
    assert resolv.text().splitlines()[:2] == made.RESOLV.splitlines()
    assert resolv.hints["encoding"] != "utf-8"
    assert log.read() == made.LOG.encode("utf-16")
    assert log.hints["encoding"] == "utf-16-le"


def test_nul_padding_is_no_binary_file(tmp_path: Path) -> None:
    made.write(tmp_path, {"coredns.log": b"\0" * 4096 + made.LOG.encode()})
    assert only(load([str(tmp_path)])).kind is Kind.LOG


def test_paths_are_cited_relative_to_what_was_given(tmp_path: Path) -> None:
    made.write(tmp_path, {"one/logs/a.log": made.LOG, "two/logs/a.log": made.BANNER})
    assert [d.file for d in load([str(tmp_path / "one")]).documents] == ["logs/a.log"]
    both = load([str(tmp_path / "one"), str(tmp_path / "two")])
    assert [d.file for d in both.documents] == ["one/logs/a.log", "two/logs/a.log"]


def test_what_is_given_twice_counts_once(tmp_path: Path) -> None:
    made.write(tmp_path, {"a.log": made.LOG})
    again = str(tmp_path / ".." / tmp_path.name)
    assert len(load([str(tmp_path), again, str(tmp_path / "a.log")]).documents) == 1


def test_the_same_log_unpacked_beside_its_copy_counts_once(tmp_path: Path) -> None:
    made.write(
        tmp_path, {f"{made.POD_A}.log": made.LOG, f"copy/{made.POD_A}.log": made.LOG, f"{made.POD_B}.log": made.LOG}
    )
    logs = [d for d in load([str(tmp_path)]).documents if d.kind is Kind.LOG]
    assert sorted(d.replica or "" for d in logs) == [made.POD_A, made.POD_B]


def test_standard_input_is_read_as_a_file(tmp_path: Path) -> None:
    document = only(load(["-"], stdin=io.BytesIO(made.LOG.encode())))
    assert (document.kind, document.file, document.replica) == (Kind.LOG, "stdin", None)
    packed = load(["-"], stdin=io.BytesIO(made.tar_bytes({f"e/{made.POD_A}.log": made.LOG})))
    assert [(d.kind, d.replica) for d in packed.documents] == [(Kind.LOG, made.POD_A)]


def test_a_wrong_path_ends_the_run_with_near_names(tmp_path: Path) -> None:
    made.write(tmp_path, {"coredns.log": made.LOG})
    with pytest.raises(TriageError) as caught:
        load([str(tmp_path / "coredsn.log")])
    assert caught.value.exit_code is ExitCode.USAGE
    assert "coredns.log" in caught.value.hint


@pytest.mark.parametrize("given", [[], ["\0"], ["/nowhere/at/all"], ["-"]])
def test_nothing_to_read_ends_the_run(given: list[str]) -> None:
    with pytest.raises(TriageError) as caught:
        load(given)
    assert caught.value.hint


def test_a_pipe_that_is_named_is_read(tmp_path: Path) -> None:
    """As `<(command)` of a shell and `/dev/stdin` are."""
    os.mkfifo(tmp_path / "pipe")
    with ThreadPoolExecutor(1) as writer:
        written = writer.submit((tmp_path / "pipe").write_text, "[ERROR] plugin/errors: 2 a. A: unreachable backend\n")
        document = only(load([str(tmp_path / "pipe")]))
        written.result(60)
    assert document.kind is Kind.LOG
    assert document.text().startswith("[ERROR]")


def test_pipes_in_a_folder_and_sockets_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(os.path.relpath(tmp_path / "sock"))
    try:
        assert {d.why_ignored for d in load([str(tmp_path)]).documents} == {"ignored.special-file"}
        with pytest.raises(TriageError, match="neither a file nor a folder"):
            load([str(tmp_path / "sock")])
    finally:
        listener.close()


def test_a_path_that_is_empty_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(TriageError, match="a path is empty"):
        load([str(tmp_path), ""])


def test_commands_without_output_are_told(tmp_path: Path) -> None:
    made.write(tmp_path, {"shell.txt": "$ kubectl get pods\n$ kubectl get pods\n"})
    assert only(load([str(tmp_path)])).why_ignored == "ignored.no-output"


def test_an_empty_folder_gives_an_empty_bundle(tmp_path: Path) -> None:
    assert load([str(tmp_path)]) == Bundle(())


def test_links_that_lead_outside_are_not_followed(tmp_path: Path) -> None:
    made.write(tmp_path, {"outside/secret.log": made.LOG, "e/a.log": made.LOG})
    (tmp_path / "e" / "out.log").symlink_to(tmp_path / "outside" / "secret.log")
    (tmp_path / "e" / "same.log").symlink_to("a.log")
    (tmp_path / "e" / "round").symlink_to(".")
    found = {d.file: d.why_ignored for d in load([str(tmp_path / "e")]).documents}
    assert found == {"a.log": None, "out.log": "ignored.link"}


def test_file_names_that_are_no_utf8_survive(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"coredns-\xff.log")).write_text(made.LOG)
    document = only(load([str(tmp_path)]))
    assert document.file == "coredns-\\xff.log"
    assert document.read() == made.LOG.encode()


def test_limits_leave_gaps_not_errors(tmp_path: Path) -> None:
    made.write(tmp_path, {f"{n}.log": made.LOG for n in range(5)} | {"deep/" * 6 + "a.log": made.LOG})
    bundle = load([str(tmp_path)], limits=Limits(max_files=3))
    assert len(bundle.documents) == 3
    assert [g.id for g in bundle.gaps] == ["gap.too-many-files"]
    deep = load([str(tmp_path)], limits=Limits(max_depth=2))
    assert "ignored.too-deep" in {d.why_ignored for d in deep.documents}


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: v1\nkind: Pod\na: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(200)),
        "apiVersion: v1\nkind: Pod\nx: " + "[" * 5000 + "]" * 5000,
        "apiVersion: v1\nkind: Pod\n" + "- " * 5000 + "x\n",
        '{"kind": "Pod", "apiVersion": "v1", "x": ' + "[" * 100_000 + "]" * 100_000 + "}",
    ],
    ids=["aliases", "flow", "block", "json"],
)
def test_hostile_objects_are_listed_and_not_read(tmp_path: Path, text: str) -> None:
    made.write(tmp_path, {"x.yaml": text})
    assert only(load([str(tmp_path)])).why_ignored == "ignored.unreadable"


def test_a_large_log_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "coredns.log"
    path.write_text(made.LOG * 20_000)
    document = only(load([str(path)], limits=Limits(max_text_bytes=1_000_000)))
    assert (document.kind, document.size_bytes) == (Kind.LOG, path.stat().st_size)
