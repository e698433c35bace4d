"""The second DNS layer: clients ask node caches first, so clean cluster replicas clear nobody."""

from __future__ import annotations

from pathlib import Path

from tests.analysis.asking import ask

BANNER = ".:53\nCoreDNS-1.11.1\nlinux/amd64, go1.20.7, ae2bbc2\n"
PODS = (
    "NAME                       READY   STATUS    RESTARTS   AGE   IP           NODE\n"
    "coredns-66f5c8d9b4-x7ltm   1/1     Running   0          17m   10.63.2.5    kiln-2\n"
)
CACHE = "node-local-dns-c4x9t       1/1     Running   0          18m   10.20.5.66   kiln-2\n"


def folder(path: Path, pods: str, **logs: str) -> Path:
    path.mkdir()
    (path / "pods.txt").write_text(pods)
    (path / "coredns-66f5c8d9b4-x7ltm.log").write_text(BANNER)
    for name, text in logs.items():
        (path / f"{name.replace('_', '-')}.log").write_text(text)
    return path


def test_clean_replicas_do_not_clear_node_caches_that_nobody_read(tmp_path: Path) -> None:
    alone = ask(folder(tmp_path / "alone", PODS))
    unread = ask(folder(tmp_path / "unread", PODS + CACHE))
    assert alone.hypotheses[0].probability > 0.9
    assert unread.hypotheses[0].cause == "benign"
    assert unread.hypotheses[0].probability < 0.5
    assert "gap.no-cache-logs" in {gap.id for gap in unread.gaps}
    assert "gap.no-cache-logs" not in {gap.id for gap in alone.gaps}


def test_a_start_without_the_api_server_that_lasts_is_no_hiccup(tmp_path: Path) -> None:
    """CoreDNS 1.15.0 tells of an API server that refuses by this one line; the replica is never ready."""
    waiting = (
        "[INFO] plugin/kubernetes: waiting for Kubernetes API before starting server\n"
        "[WARNING] plugin/kubernetes: starting server with unsynced Kubernetes API\n"
    )
    found = ask(folder(tmp_path / "waits", PODS.replace("1/1", "0/1"), coredns_66f5c8d9b4_x7ltm=waiting + BANNER))
    assert found.hypotheses[0].cause == "apiserver-unreachable"


def test_a_failing_node_cache_is_no_noise_beside_clean_replicas(tmp_path: Path) -> None:
    failing = "".join(
        f"[ERROR] plugin/errors: 2 n{i}.shop{i % 7}.example. A: dial tcp 10.43.0.10:53: i/o timeout\n"
        for i in range(40)
    )
    report = ask(folder(tmp_path / "failing", PODS + CACHE, node_local_dns_c4x9t=failing))
    assert report.hypotheses[0].cause.startswith("upstream-unreachable")
    assert report.affected == ("node-local-dns-c4x9t",)
    assert all(h.probability < 0.05 for h in report.hypotheses if h.cause == "benign")
