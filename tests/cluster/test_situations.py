"""Single situations, each in a namespace of its own, saved by the printed script or read from the API, and judged."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cluster import inotify, live, programs, script
from tests.cluster.api import ApiError, wait_for
from tests.cluster.cluster import Cluster
from tests.cluster.dns import REPLICAS, Dns, deployed
from tests.cluster.users import User
from tests.lab import binaries, judge
from tests.lab.fabric import Node
from tests.lab.laboratory import COREFILE

pytestmark = pytest.mark.cluster
_ONE = REPLICAS[1:]
_STAMPED = "timestamps=true"
_LIMIT = Path("/proc/sys/fs/inotify/max_user_instances")


def _first(dns: Dns, user: User, folder: Path) -> dict[str, Any]:
    saved = script.save(user.kubeconfig, folder, "-n", dns.namespace)
    found: dict[str, Any] = judge.analyze(saved)["hypotheses"][0]
    return found


def _diagnosed(dns: Dns, user: User, folder: Path) -> tuple[dict[str, Any], Path]:
    """The report from the API, and the bundle that it was made of."""
    options = ("-n", dns.namespace, "--bundle", str(folder))
    return live.report_of("diagnose", *options, kubeconfig=user.kubeconfig), folder


def test_a_corefile_that_cannot_be_read_makes_a_crash_loop(
    cluster: Cluster, as_user: Callable[..., User], tmp_path: Path
) -> None:
    with deployed(cluster, "crash", ".:53 {\n    forwrad . 10.196.17.210\n}\n", _ONE, wait=False) as dns:
        name = _ONE[0].name
        wait_for(lambda: dns.status(name).get("restartCount", 0) >= 1, "a restart")
        wait_for(lambda: "CrashLoopBackOff" in str(dns.status(name)["state"]), "a crash loop")
        assert "Unknown directive 'forwrad'" in dns.log(name, "previous=true")
        user = as_user()
        assert _first(dns, user, tmp_path / "saved")["cause"] == "corefile-invalid"
        report, bundle = _diagnosed(dns, user, tmp_path / "bundle")
        assert report["hypotheses"][0]["cause"] == "corefile-invalid"
        assert "Unknown directive" in (bundle / f"logs/crash/{name}/coredns/previous.log").read_text()


def test_too_little_memory_is_named(cluster: Cluster, as_user: Callable[..., User], tmp_path: Path) -> None:
    with deployed(cluster, "small", pods=_ONE, memory="8Mi", wait=False) as dns:
        wait_for(lambda: "OOMKilled" in str(dns.status(_ONE[0].name).get("lastState")), "the kernel's kill")
        user = as_user()
        assert _first(dns, user, tmp_path / "saved")["cause"] == "resources"
        assert _diagnosed(dns, user, tmp_path / "bundle")[0]["hypotheses"][0]["cause"] == "resources"


def test_lines_that_the_kubelet_rotated_away_are_got_by_the_command_of_the_gap(
    cluster: Cluster, as_user: Callable[..., User], tmp_path: Path
) -> None:
    (pod,) = _ONE
    kubeconfig, bundle = as_user().kubeconfig, tmp_path / "bundle"
    with deployed(cluster, "rotated", COREFILE, _ONE) as dns:
        late = _later(dns.status(pod.name)["state"]["running"]["startedAt"], 16)
        wait_for(lambda: cluster.machine.ask(dns.addresses(), 200) and dns.log(pod.name, _STAMPED) > late, "rotation")
        done = live.triage("collect", "-n", dns.namespace, "--output-file", str(bundle), kubeconfig=kubeconfig)
        assert done.returncode == 0, done.stderr
        (log,) = json.loads((bundle / "manifest.json").read_text())["logs"]
        assert log["asked"]["window"] == "all"
        assert log["received"]["first"] > late
        (gap,) = _rotated(live.report_of("analyze", str(bundle)))
        assert pod.name in gap["wanted"]
        window = ("--since-time", log["received"]["first"])
        assert _rotated(live.report_of("diagnose", "-n", dns.namespace, *window, kubeconfig=kubeconfig)) == []
        _run_on_node(gap["command"], pod.node, cluster, tmp_path)
    report = live.report_of("analyze", str(bundle), str(tmp_path / f"{pod.name}.tar.gz"))
    assert _rotated(report) == []
    (replica,) = report["coverage"]["replicas"]
    assert replica["first"] < late
    assert replica["version"] == binaries.NEW


def _later(time: str, seconds: int) -> str:
    return (dt.datetime.fromisoformat(time) + dt.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _rotated(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [gap for gap in report["gaps"] if gap["id"] == "gap.rotated"]


def _run_on_node(command: str, node: Node, cluster: Cluster, here: Path) -> None:
    """Run a command as it is printed: `ssh` and `sudo` are played, the kubelet's folder lies elsewhere."""
    root = here / "root"
    (root / "var/log").mkdir(parents=True)
    (root / "var/log/pods").symlink_to(cluster.paths.root / node.key / "logs")
    for name, does in (("ssh", 'shift; exec sh -c "$*"'), ("sudo", 'exec "$@"')):
        (here / name).write_text(f"#!/bin/sh\n{does}\n")
        (here / name).chmod(0o755)
    assert command.startswith(f"ssh {node.name} ")
    moved = command.replace("cd / ", f"cd {root} ")
    subprocess.run(moved, shell=True, cwd=here, env={"PATH": f"{here}:{os.environ['PATH']}"}, check=True, timeout=60)


def test_a_followed_log_without_inotify_instances_is_read(
    cluster: Cluster, as_user: Callable[..., User], tmp_path: Path
) -> None:
    before = _LIMIT.read_text(encoding="ascii")
    with deployed(cluster, "followed", pods=_ONE):
        user, name = as_user(), _ONE[0].name
        kubectl = [str(programs.folder() / "kubectl"), f"--kubeconfig={user.kubeconfig}", "--namespace=followed"]
        saved = script.save(user.kubeconfig, tmp_path / "saved", "-n", "followed")
        with inotify.exhausted():
            follow = [*kubectl, "logs", "--follow", "--timestamps", name]
            done = subprocess.run(follow, capture_output=True, timeout=20, check=False)
        assert _LIMIT.read_text(encoding="ascii") == before
        assert b"failed to create fsnotify watcher: too many open files" in done.stdout
        (saved / f"{name}.log").write_bytes(done.stdout)
        causes = {h["cause"]: h for h in judge.analyze(saved)["hypotheses"]}
        assert causes["inotify-exhausted"]["probability"] >= 0.5


def test_a_continue_token_of_forgotten_history_is_gone(cluster: Cluster) -> None:
    page = cluster.api("GET", "/api/v1/nodes?limit=1")
    cluster.api.merge(f"/api/v1/nodes/{_ONE[0].node.name}", {"metadata": {"annotations": {"lab.test/changed": "1"}}})
    cluster.machine.compact()
    with pytest.raises(ApiError, match="Expired") as caught:
        cluster.api("GET", f"/api/v1/nodes?limit=1&continue={page['metadata']['continue']}")
    assert caught.value.status == 410
