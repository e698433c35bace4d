"""What misleads the Kubernetes client, made by the real parts: the proxy only says when, and counts the requests.

The same traps as fixed answers of the proxy stand in `test_faults.py`.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cluster import live, throttle, users
from tests.cluster import proxy as proxies
from tests.cluster.api import wait_for
from tests.cluster.cluster import Cluster
from tests.cluster.dns import REPLICAS, Dns, deployed
from tests.cluster.proxy import Fault, Proxy
from tests.cluster.scale import Scale
from tests.cluster.users import User
from tests.lab.box import ROOT

pytestmark = pytest.mark.cluster
_KEPT, _ROTATED = REPLICAS
_SENTENCE = "unable to retrieve container logs for containerd://"


def _collect(kubeconfig: Path, folder: Path, *options: str) -> list[dict[str, Any]]:
    """Collect into a folder; the gaps of what could not be read."""
    done = live.triage("collect", "--output-file", str(folder), *options, kubeconfig=kubeconfig)
    assert done.returncode == 0, done.stderr
    return _unread(folder)


def _unread(folder: Path) -> list[dict[str, Any]]:
    gaps = live.report_of("analyze", str(folder))["gaps"]
    return [gap for gap in gaps if gap["id"].startswith(("gap.read-", "gap.log-cut", "gap.node-away"))]


# A sentence of the kubelet in place of a log, with status 200.


def _kill(dns: Dns, name: str) -> None:
    container = dns.status(name)["containerID"].removeprefix("containerd://")
    dns.cluster.machine.kill(_KEPT.node.key, container)


def test_the_sentence_of_a_kubelet_that_removes_a_container_is_no_log(
    cluster: Cluster, as_user: Callable[..., User], fault_proxy: Proxy, tmp_path: Path
) -> None:
    name = _KEPT.name
    with deployed(cluster, "removed", pods=[_KEPT]) as dns:
        _kill(dns, name)
        wait_for(lambda: dns.status(name)["restartCount"] == 1 and dns.status(name)["ready"], "the second life")

        def kill_again() -> None:
            _kill(dns, name)
            wait_for(lambda: dns.log(name, "previous=true").startswith(_SENTENCE), "the sentence", 10)

        fault_proxy.faults.append(Fault("/log.*previous=true", meanwhile=kill_again, times=1))
        assert _collect(fault_proxy.kubeconfig(as_user()), tmp_path / "bundle", "-n", "removed") == []
        previous = tmp_path / f"bundle/logs/removed/{name}/coredns/previous.log"
        assert previous.read_text() == dns.log(name, "previous=true&timestamps=true")
    asked = [request for request in fault_proxy.seen if "previous=true&tailLines=20000" in request]
    assert len(asked) == 2


# A stream that ends behind the API server, which looks complete.


def test_a_kubelet_that_dies_in_mid_stream_leaves_no_log_that_looks_whole(
    cluster: Cluster, as_user: Callable[..., User], fault_proxy: Proxy, tmp_path: Path
) -> None:
    kubelet = f"kubelet-{_KEPT.node.key}"
    with deployed(cluster, "torn", pods=[_KEPT]):
        (file,) = (cluster.paths.root / _KEPT.node.key / "logs").glob("torn_*/coredns/0.log")
        with file.open("a") as log:  # more than what the sockets in between can hold
            log.writelines(f"2030-01-01T00:00:00.{n:09}Z stdout F [INFO] {n:04000}\n" for n in range(18_000))
        size = file.stat().st_size
        stop = Fault(
            "/log.*tailLines=20000", meanwhile=lambda: cluster.machine.stop(kubelet), meanwhile_bytes=1, times=1
        )
        fault_proxy.faults.append(stop)
        try:
            (gap,) = _collect(fault_proxy.kubeconfig(as_user()), tmp_path / "bundle", "-n", "torn")
        finally:
            cluster.start_node(_KEPT.node)
    assert (gap["id"], gap["params"]["node"]) == ("gap.node-away", _KEPT.node.name)
    assert f"ssh {_KEPT.node.name} 'sudo sh" in gap["command"]
    (log_,) = json.loads((tmp_path / "bundle/manifest.json").read_text())["logs"]
    assert 0 < log_["received"]["bytes"] < size / 2
    assert not log_["whole"]


# A server that is busy: priority and fairness, Retry-After 1 s.


def test_a_list_that_is_always_refused_is_asked_for_four_times_and_told(
    cluster: Cluster, as_user: Callable[..., User], tmp_path: Path
) -> None:
    user = as_user()
    with deployed(cluster, "busy", pods=[_KEPT]), throttle.busy(user, "nodes"):
        before = len(_refused(user))
        (gap,) = _collect(user.kubeconfig, tmp_path / "bundle", "-n", "busy")
        refused = _refused(user)[before:]
    assert (gap["id"], gap["wanted"]) == ("gap.read-throttled", "nodes")
    assert len(refused) == 4
    assert all((b - a).total_seconds() >= 1 for a, b in itertools.pairwise(refused)), "sooner than told"


def test_a_list_that_is_refused_for_a_while_is_whole(
    cluster: Cluster, as_user: Callable[..., User], tmp_path: Path
) -> None:
    user, folder = as_user(), tmp_path / "bundle"
    command = [sys.executable, "-m", "triage", "collect", "-n", "patient", "--output-file", str(folder)]
    command += ["--kubeconfig", str(user.kubeconfig)]
    with deployed(cluster, "patient", pods=[_KEPT]), throttle.busy(user, "nodes") as free:
        before = len(_refused(user))
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            wait_for(lambda: len(_refused(user)) > before, "a refusal")
            free()
            assert process.wait(60) == 0
    assert _unread(folder) == []
    assert _KEPT.node.name in (folder / "objects/nodes.json").read_text()


def _refused(user: User) -> list[Any]:
    return [request["at"] for request in user.asked() if request["code"] == 429]


# A list that expires between two of its pages.


@pytest.mark.parametrize("times", [1, None])
def test_a_list_whose_history_is_forgotten_begins_again_once(scale: Scale, tmp_path: Path, times: int | None) -> None:
    cluster, one = scale.cluster, {"lab.test/one": "yes"}
    cluster.api.merge(f"/api/v1/namespaces/kube-system/pods/{scale.pods[0].name}", {"metadata": {"labels": one}})

    def forget() -> None:
        change = {"metadata": {"annotations": {"lab.test/changed": str(time.time_ns())}}}
        cluster.api.merge("/api/v1/nodes/node-0000", change)
        cluster.machine.compact()

    with proxies.between(cluster) as proxy:
        proxy.faults.append(Fault("/nodes.*continue=", meanwhile=forget, times=times))
        kubeconfig = proxy.kubeconfig(users.create(cluster))
        gaps = _collect(kubeconfig, tmp_path / "bundle", "-n", "kube-system", "-l", "lab.test/one=yes")
        pages = [request for request in proxy.seen if "/api/v1/nodes" in request]
    if times is None:
        assert [(gap["id"], gap["wanted"]) for gap in gaps] == [("gap.read-expired", "nodes")]
    else:
        assert gaps == []
        nodes = json.loads((tmp_path / "bundle/objects/nodes.json").read_text())["items"]
        assert len({node["metadata"]["name"] for node in nodes}) == len(nodes) == 1000
    assert len(pages) == 4
