"""Lines without a newline between them, and names that imitate them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from triage.model.observation import Observations

KUBELET = "failed to create fsnotify watcher: too many open files"
FAILED = "[ERROR] plugin/errors: 2 a.example. A: read udp 10.0.0.7:4242->10.9.9.9:53: i/o timeout"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (FAILED + KUBELET, [FAILED, KUBELET]),
        (FAILED + KUBELET + ".:53", [FAILED, KUBELET, ".:53"]),
        (KUBELET + "[pod/coredns-b/coredns] [INFO] Reloading", [KUBELET, "[INFO] Reloading"]),
        (KUBELET + "2024-03-15T10:00:00.1Z [INFO] Reloading", [KUBELET, "[INFO] Reloading"]),
        (
            FAILED + "failed to create fsnotify watcher: couldn't initialize inotify: too many open files",
            [FAILED, "failed to create fsnotify watcher: couldn't initialize inotify: too many open files"],
        ),
        (
            FAILED + 'failed to watch directory "/var/log/pods/x": no space left on device',
            [FAILED, 'failed to watch directory "/var/log/pods/x": no space left on device'],
        ),
        (".:53[WARNING] No files matching", [".:53", "[WARNING] No files matching"]),
        (f"{FAILED}[INFO] Reloading", [FAILED, "[INFO] Reloading"]),
        (f"{FAILED} {FAILED}", [FAILED + " ", FAILED]),
        (f"{FAILED}[root@k8s-m01 ~]# kubectl get pods", [FAILED]),
        (f"{FAILED}admin@bastion:~$ ls", [FAILED]),
    ],
)
def test_glued_lines_are_cut(text: str, parts: list[str], observe: Callable[..., Observations]) -> None:
    seen = observe({"a.log": text})
    assert [e.line.text for e in seen.entries] == [p.rstrip() for p in parts]
    assert {e.line.number for e in seen.entries} == {1}


NAMES = [
    "failed\\ to\\ create\\ fsnotify\\ watcher:\\ too\\ many\\ open\\ files.example.",
    "[ERROR]\\ plugin/errors:\\ 2\\ x.\\ A:\\ i/o\\ timeout.",
    "x[FATAL].example.",
    "[root\\@node\\ ~]#.example.",
    "10.0.0.1:53->10.9.9.9:53:i/o\\032timeout.",
    '{\\"log\\":\\"x\\"}.',
    '\\"\\ SERVFAIL\\ -\\ 0\\ 9.9s.',
    "-u003e&gt\\;.example.",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("framed", [False, True])
def test_a_name_is_never_taken_for_log_text(name: str, framed: bool, observe: Callable[..., Observations]) -> None:
    query = f'[INFO] 10.0.0.9:5 - 6 "A IN {name} udp 41 false 512" NOERROR qr,rd,ra 68 0.037s'
    errors = f"[ERROR] plugin/errors: 2 {name} A: read udp 10.0.0.7:4242->10.9.9.9:53: i/o timeout"
    stamp = "2024-03-15T10:00:00.1Z stdout F " if framed else ""
    seen = observe({"a.log": f"{stamp}{query}\n{stamp}{errors}\n"})
    assert [e.line.text for e in seen.entries] == [errors]
    assert [e.meaning.upstream for e in seen.entries] == ["10.9.9.9:53"]
    assert sum(q.count for q in seen.queries) == 1
    assert not any(s.cut for s in seen.segments)


@pytest.mark.parametrize("name", NAMES)
def test_kubelets_text_inside_quotes_of_old_names_cuts_nothing(name: str, observe: Callable[..., Observations]) -> None:
    raw = name.replace("\\ ", " ")
    query = f'[INFO] 10.0.0.9:5 - 6 "A IN {raw} udp 41 false 512" NOERROR qr,rd,ra 68 0.037s'
    seen = observe({"a.log": query + "\n"})
    assert not any(s.cut for s in seen.segments)
    assert len(seen.entries) + sum(q.count for q in seen.queries) == 1
