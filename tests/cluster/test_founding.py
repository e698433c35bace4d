"""The founding incident in a real cluster, saved by the printed script with an account that may only read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster import script, users
from tests.cluster.dns import REPLICAS, Dns
from tests.cluster.incident import HIT, NAMED
from tests.cluster.users import User
from tests.lab import judge
from tests.lab.fabric import U1
from tests.lab.verdict import Verdict, mistakes

pytestmark = pytest.mark.cluster
_VERDICT = Verdict(
    frozenset({"upstream-unreachable-scoped"}), 0.5, 0.95, (f"{U1}:53",), "place", may=frozenset({"node-network"})
)


@pytest.fixture(scope="module")
def reader(founding: Dns) -> User:
    return users.create(founding.cluster)


@pytest.fixture(scope="module")
def saved(founding: Dns, reader: User, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return script.save(reader.kubeconfig, tmp_path_factory.mktemp("saved") / "evidence")


def test_what_the_script_saves_is_judged_right(saved: Path) -> None:
    assert not (saved / "errors.txt").exists()
    assert mistakes(judge.analyze(saved), _VERDICT, HIT, REPLICAS) == []


def test_with_its_subnets_named_the_subnet_is_the_place(saved: Path) -> None:
    report = judge.analyze(saved, *NAMED)
    assert mistakes(report, _VERDICT, HIT, REPLICAS) == []
    scope = report["hypotheses"][0]["scope"]
    assert ("subnet", "master") in {(p["kind"], p["member"]) for p in [scope, *scope["indistinguishable"]]}


def test_the_script_only_reads(saved: Path, reader: User) -> None:
    asked = reader.asked()
    assert {request["verb"] for request in asked} == {"get", "list"}
    assert {request["resource"] for request in asked} >= {"pods", "pods/log", "nodes", "events", "configmaps"}


def test_an_account_without_nodes_still_gets_the_logs_and_is_told_what_was_refused(
    founding: Dns, tmp_path: Path
) -> None:
    rules = [{**rule, "resources": [r for r in rule["resources"] if r != "nodes"]} for rule in users.EVERYTHING]
    folder = script.save(users.create(founding.cluster, rules).kubeconfig, tmp_path / "evidence")
    assert 'cannot list resource "nodes"' in (folder / "errors.txt").read_text(encoding="utf-8")
    report = judge.analyze(folder)
    assert mistakes(report, _VERDICT, HIT, REPLICAS) == []


def test_the_console_says_it_too(saved: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "triage", "analyze", *NAMED, str(saved)], capture_output=True, text=True, check=True
    )
    assert f"{U1}:53 does not answer from the master subnet" in " ".join(done.stdout.split())
