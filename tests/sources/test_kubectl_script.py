"""The collecting script, run against a recording stand-in for kubectl (no cluster)."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.shells import every_shell
from triage.model.bundle import Bundle, Kind
from triage.sources.kubectl_script import script
from triage.sources.load import load

STAND_IN = Path(__file__).with_name("kubectl_stand_in.sh")
REPLICAS = {"coredns-7d5f9c6b8f-2kqzt", "coredns-7d5f9c6b8f-x8mld", "node-local-dns-q7x2m", "dns-default-gvl8p"}

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs the script in an empty folder; keyword arguments become environment variables."""
    stand_in = tmp_path / "bin dir" / "kubectl"
    stand_in.parent.mkdir()
    shutil.copy(STAND_IN, stand_in)
    stand_in.chmod(0o755)
    (tmp_path / "collect.sh").write_text(script())

    def call(*args: str, shell: list[str] | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        path = f"{stand_in.parent}:{os.environ['PATH']}"
        known = {"PATH": path, "STAND_IN_CALLS": str(tmp_path / "calls"), "OUT": "e"}
        return subprocess.run(
            [*(shell or ["sh"]), "collect.sh", *args],
            cwd=tmp_path,
            env=known | environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return call


def calls(tmp_path: Path) -> list[str]:
    return (tmp_path / "calls").read_text().splitlines()


def finds(tmp_path: Path) -> list[str]:
    return [call for call in calls(tmp_path) if " -l " in call]


def logs(bundle: Bundle) -> set[tuple[str | None, bool]]:
    return {(d.replica, d.previous) for d in bundle.documents if d.kind is Kind.LOG}


@every_shell
def test_the_folder_is_evidence(run: Run, tmp_path: Path, shell: list[str]) -> None:
    done = run(shell=shell)
    assert (done.returncode, done.stdout) == (0, "e\n")
    bundle = load([str(tmp_path / "e")])
    assert logs(bundle) == {(name, False) for name in REPLICAS} | {("coredns-7d5f9c6b8f-2kqzt", True)}
    kinds = {d.kind for d in bundle.documents}
    assert {Kind.PODS, Kind.NODES, Kind.EVENTS, Kind.COREFILE} <= kinds
    assert bundle.context == {"server_version": "v1.30.1"}
    assert bundle.gaps == ()


def test_it_only_reads(run: Run, tmp_path: Path) -> None:
    run()
    for call in calls(tmp_path):
        assert re.match(r"--request-timeout=\d+s (?:get|logs|version) ", call), call
        assert not re.search(r" (?:-f|--follow|exec|debug|create|apply|delete|patch|port-forward|proxy)\b", call), call
    assert [c for c in calls(tmp_path) if " logs " in c and "--timestamps" not in c] == []


def test_the_container_is_chosen_by_its_name(run: Run, tmp_path: Path) -> None:
    run()
    containers = dict(re.findall(r"logs -n \S+ (\S+) -c (\S+)", "\n".join(calls(tmp_path))))
    assert containers == {
        "coredns-7d5f9c6b8f-2kqzt": "coredns",
        "coredns-7d5f9c6b8f-x8mld": "coredns",
        "node-local-dns-q7x2m": "node-cache",
        "dns-default-gvl8p": "dns",
    }


def test_it_goes_on_when_a_read_is_refused(run: Run, tmp_path: Path) -> None:
    done = run(STAND_IN_REFUSE="nodes events")
    assert done.returncode == 0
    assert "errors.txt" in done.stderr
    bundle = load([str(tmp_path / "e")])
    assert {name for name, _ in logs(bundle)} == REPLICAS
    denied = {g.params["what"] for g in bundle.gaps if g.id == "gap.read-denied"}
    assert denied == {"nodes", "events in kube-system", "events in openshift-dns"}


def test_it_looks_where_it_is_told(run: Run, tmp_path: Path) -> None:
    run("-n", "dns", "-o", "other folder")
    assert not any("--all-namespaces" in call or "-n kube-system" in call.split("logs")[0] for call in finds(tmp_path))
    assert (tmp_path / "other folder" / "objects" / "nodes.yaml").exists()
    (tmp_path / "calls").unlink()
    run("-l", "app=my-dns")
    assert {call.split("-l ")[1].split()[0] for call in finds(tmp_path)} == {"app=my-dns"}


def test_it_looks_everywhere_when_the_usual_places_are_empty(run: Run, tmp_path: Path) -> None:
    assert run(STAND_IN_ELSEWHERE="1").returncode == 0
    assert any("--all-namespaces" in call for call in finds(tmp_path))
    assert {name for name, _ in logs(load([str(tmp_path / "e")]))} == REPLICAS


def test_secrets_of_plugins_are_masked(run: Run, tmp_path: Path) -> None:
    run()
    saved = (tmp_path / "e" / "objects" / "kube-system.configmap.coredns.yaml").read_text()
    assert "s3cr3t" not in saved
    assert "aws_access_key ***" in saved
    (document,) = load([str(tmp_path / "e")]).of(Kind.COREFILE)
    assert document.data is not None


def test_kubectl_may_carry_options(run: Run, tmp_path: Path) -> None:
    run(KUBECTL="kubectl --context prod")
    assert all(call.startswith("--context prod --request-timeout=") for call in calls(tmp_path))


def test_without_a_replica_it_says_so(run: Run, tmp_path: Path) -> None:
    done = run(STAND_IN_REFUSE="pods")
    assert done.returncode == 1
    assert "no CoreDNS pod was found" in done.stderr
    assert (tmp_path / "e" / "errors.txt").read_text().count("Forbidden") > 1


def test_without_kubectl_it_says_so(run: Run) -> None:
    done = run(
        PATH="/bin:/usr/bin" if not shutil.which("kubectl", path="/bin:/usr/bin") else "/nowhere", shell=["/bin/sh"]
    )
    assert done.returncode == 2
    assert "kubectl was not found" in done.stderr


def test_wrong_usage(run: Run) -> None:
    assert run("-x").returncode == 2
    assert run("-h").stdout.startswith("usage:")
