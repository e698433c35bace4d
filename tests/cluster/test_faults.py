"""A sick API server, half of a cluster away, a slow network: whatever fails is a gap, and the rest is read.

The faults are made by a proxy in front of a real API server, the traps of the Python client among them: an error
sentence that comes as a log with status 200, a stream cut behind the server, and silent tries that multiply a timeout.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.cluster import proxy as proxies
from tests.cluster import users
from tests.cluster.api import wait_for
from tests.cluster.dns import REPLICAS, Dns
from tests.cluster.proxy import Fault, Proxy
from triage.cli import main
from triage.errors import ExitCode
from triage.model.bundle import Bundle, Gap, Kind
from triage.sources.load import load

pytestmark = pytest.mark.cluster
FIRST, SECOND = REPLICAS
LOG = f"/pods/{FIRST.name}/log"
AWAY = f'Get "https://{FIRST.node.address}:10250/containerLogs/x": dial tcp: connect: connection refused'
NOT_KEPT = "unable to retrieve container logs for containerd://5cd919a4f0375386a705eab7079ec767a41b82df"


@dataclass
class Run:
    """A collection through the proxy."""

    code: int
    folder: Path
    seen: list[str]
    stderr: str = ""
    bundle: Bundle = field(init=False)

    def __post_init__(self) -> None:
        self.bundle = load([str(self.folder)])

    @property
    def gaps(self) -> list[Gap]:
        return list(self.bundle.gaps)

    @property
    def logs(self) -> set[str | None]:
        return {d.replica for d in self.bundle.of(Kind.LOG)}

    def text(self, pod: str) -> str:
        return (self.folder / f"logs/kube-system/{pod}/coredns/current.log").read_text()


@pytest.fixture
def proxy(founding: Dns) -> Iterator[Proxy]:
    with proxies.between(founding.cluster) as started:
        yield started


@pytest.fixture
def collect(founding: Dns, proxy: Proxy, tmp_path: Path):
    kubeconfig = proxy.kubeconfig(users.create(founding.cluster))

    def run(*faults: Fault, options: tuple[str, ...] = ()) -> Run:
        proxy.faults[:] = faults
        folder = tmp_path / f"bundle-{len(proxy.seen)}"
        arguments = ["collect", "-q", "--kubeconfig", str(kubeconfig), "--output-file", str(folder), *options]
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
            code = main(arguments)
        return Run(code, folder, list(proxy.seen), said.getvalue())

    return run


LISTS = [
    (Fault("GET /api/v1/nodes", 401), "gap.unauthorized"),
    (Fault("GET /api/v1/nodes", 403), "gap.read-denied"),
    (Fault("GET /api/v1/nodes", 404), "gap.read-missing"),
    (Fault("GET /api/v1/nodes", 410), "gap.read-expired"),
    (Fault("GET /api/v1/nodes", 429, "Too many requests.", retry_after_s=0), "gap.read-throttled"),
    (Fault("GET /api/v1/nodes", 500), "gap.read-server"),
    (Fault("GET /api/v1/nodes", 503, "upstream connect error"), "gap.read-server"),
    (Fault("GET /api/v1/nodes", reset_after_bytes=300), "gap.read-cut"),
    (Fault("GET /api/v1/nodes", end_after_bytes=300), "gap.read-cut"),
]


@pytest.mark.parametrize(("fault", "gap"), LISTS, ids=lambda part: getattr(part, "status", None) or str(part)[:20])
def test_a_list_that_fails_is_a_gap_and_the_rest_is_read(collect, fault: Fault, gap: str) -> None:
    run = collect(fault)
    assert run.code == 0
    assert [(g.id, g.params["what"]) for g in run.gaps] == [(gap, "nodes")]
    assert run.gaps[0].cannot_rule_out
    assert run.gaps[0].command or gap == "gap.unauthorized"
    assert run.logs == {FIRST.name, SECOND.name}


PASSING = [
    Fault("/nodes", 429, "Too many requests.", retry_after_s=1, times=2),
    Fault("/nodes", 503, times=1),
    Fault("/nodes", reset_after_bytes=200, times=1),
    Fault("/nodes", end_after_bytes=200, times=1),
    Fault(LOG, 500, times=1),
    Fault(f"{LOG}.*tailLines=2", reset_after_bytes=0, times=1),
    Fault(f"{LOG}.*tailLines=20000", end_after_bytes=500, times=1),
]


@pytest.mark.parametrize(
    "fault", PASSING, ids=lambda f: f"{f.request}-{f.status}-{f.reset_after_bytes}-{f.end_after_bytes}"
)
def test_what_passes_is_tried_again_and_leaves_no_gap(collect, founding: Dns, fault: Fault) -> None:
    run = collect(fault)
    assert run.code == 0
    assert run.gaps == []
    assert run.text(FIRST.name).splitlines() == founding.log(FIRST.name, "timestamps=true").splitlines()


def test_a_timeout_is_not_multiplied(collect) -> None:
    run = collect(Fault("/nodes", wait_s=30), options=("--request-timeout", "2s"))
    assert [g.id for g in run.gaps] == ["gap.read-timeout"]
    assert sum("/api/v1/nodes" in request for request in run.seen) == 1


def test_a_kubelet_that_is_away_is_named(collect) -> None:
    run = collect(Fault(LOG, 500, json.dumps({"kind": "Status", "message": AWAY})))
    assert run.code == 0
    assert run.logs == {SECOND.name}
    (gap,) = run.gaps
    assert gap.id == "gap.node-away"
    assert gap.params["node"] == FIRST.node.name
    assert "connection refused" in gap.params["said"]
    assert gap.command
    assert f"ssh {FIRST.node.name} 'sudo sh" in gap.command
    assert f"kube-system_{FIRST.name}_" in gap.command


def test_a_stream_that_is_cut_behind_the_server_is_told(collect) -> None:
    run = collect(Fault(f"{LOG}.*tailLines=20000", end_after_bytes=500))
    (gap,) = run.gaps
    assert (gap.id, gap.params["node"]) == ("gap.log-cut", FIRST.node.name)
    assert len(run.text(FIRST.name)) == 500
    manifest = json.loads((run.folder / "manifest.json").read_text())
    whole = {log["pod"]: log["whole"] for log in manifest["logs"]}
    assert whole == {FIRST.name: False, SECOND.name: True}


def test_a_cut_at_the_end_of_a_line_is_found_too(collect, founding: Dns) -> None:
    lines = founding.log(FIRST.name, "timestamps=true").splitlines(keepends=True)
    size = len("".join(lines[:3]).encode())
    run = collect(Fault(f"{LOG}.*tailLines=20000", end_after_bytes=size))
    assert [g.id for g in run.gaps] == ["gap.log-cut"]
    assert run.text(FIRST.name) == "".join(lines[:3])


def test_a_torn_log_keeps_what_came(collect) -> None:
    run = collect(Fault(f"{LOG}.*tailLines=20000", reset_after_bytes=500))
    assert [g.id for g in run.gaps] == ["gap.log-cut"]
    assert run.logs == {FIRST.name, SECOND.name}


def test_an_error_sentence_is_no_log(collect) -> None:
    run = collect(Fault(LOG, 200, NOT_KEPT))
    assert [g.id for g in run.gaps] == ["gap.read-not-kept"]
    assert run.logs == {SECOND.name}
    assert sum(LOG in request and "tailLines=20000" in request for request in run.seen) == 3


def test_an_error_sentence_that_passes_leaves_no_gap(collect) -> None:
    run = collect(Fault(LOG, 200, NOT_KEPT, times=1))
    assert run.gaps == []
    assert run.logs == {FIRST.name, SECOND.name}


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_without_any_log_the_exit_code_is_3(collect, status: int) -> None:
    run = collect(Fault("/log", status, "no" if status == 429 else None, retry_after_s=0))
    assert run.code == ExitCode.NO_EVIDENCE
    assert run.gaps
    assert "error: " in run.stderr
    assert " hint: " in run.stderr


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fault(status=401), "does not accept the login"),
        (Fault(status=403), "not allowed to read CoreDNS"),
        (Fault(status=503), "no log of CoreDNS could be read"),
        (Fault(wait_s=20), "does not answer"),
    ],
    ids=["401", "403", "503", "slow"],
)
def test_a_cluster_that_gives_nothing_is_named_for_what_it_is(collect, fault: Fault, says: str) -> None:
    run = collect(fault, options=("--request-timeout", "2s"))
    assert run.code == ExitCode.NO_EVIDENCE
    assert says in run.stderr
    assert fault.status or len(set(run.seen)) == len(run.seen), "a timeout is not tried again"


def test_at_most_eight_requests_are_in_flight(collect, proxy: Proxy) -> None:
    collect(Fault(wait_s=0.3), options=("--metrics",))
    assert 4 < proxy.most_at_once <= 8


@pytest.mark.parametrize("via", ["api", "kubectl"])
def test_a_real_kubelet_that_is_stopped_is_named(founding: Dns, collect, via: str) -> None:
    founding.cluster.machine.stop(f"kubelet-{SECOND.node.key}")
    try:
        run = collect(options=("--via", via))
    finally:
        founding.cluster.start_node(SECOND.node)
        wait_for(lambda: founding.log(SECOND.name, "tailLines=1"), "the kubelet")  # its node never stopped being ready
    assert run.code == 0
    assert run.logs == {FIRST.name}
    (gap,) = run.gaps
    assert (gap.id, gap.params["node"]) == ("gap.node-away", SECOND.node.name)
