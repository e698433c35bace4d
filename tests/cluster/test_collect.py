"""One cluster, every way to read it: the same report, reads only, and nothing but what is allowed on the disk."""

from __future__ import annotations

import hashlib
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.cluster import live, script, users
from tests.cluster.dns import REPLICAS, Dns
from tests.cluster.incident import HIT, NAMED
from tests.cluster.users import User
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
def bundle(reader: User, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("collected") / "bundle"
    done = live.triage("collect", "--metrics", "--output-file", str(folder), kubeconfig=reader.kubeconfig)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{folder}\n"
    return folder


def test_the_founding_story_from_the_api(founding: Dns, reader: User) -> None:
    report = live.report_of("diagnose", *NAMED, kubeconfig=reader.kubeconfig)
    assert mistakes(report, _VERDICT, HIT, REPLICAS) == []
    scope = report["hypotheses"][0]["scope"]
    assert ("subnet", "master") in {(p["kind"], p["member"]) for p in [scope, *scope["indistinguishable"]]}
    assert report["cluster"]["server_version"].startswith("v1.")


def test_every_way_gives_the_same_report(reader: User, tmp_path: Path) -> None:
    kubeconfig, archive = reader.kubeconfig, tmp_path / "kept.tar.gz"
    known = live.report_of("diagnose", kubeconfig=kubeconfig)
    assert live.report_of("diagnose", "--via", "kubectl", kubeconfig=kubeconfig) == known
    assert live.triage("collect", "--output-file", str(archive), kubeconfig=kubeconfig).returncode == 0
    bundled = live.report_of("analyze", str(archive))
    assert json.loads(json.dumps(bundled).replace("kept.tar.gz!kept/", "")) == known
    saved = script.save(kubeconfig, tmp_path / "evidence")
    assert not (saved / "errors.txt").exists()
    scripted = live.report_of("analyze", str(saved))
    assert live.without_origin(scripted) == live.without_origin(known)
    assert _logs(scripted) == _logs(known)


def _logs(report: dict[str, Any]) -> list[dict[str, Any]]:
    """What is told of each file that is a log, but for its name."""
    return [{**row, "file": ""} for row in report["coverage"]["files"] if row["kind"] == "log"]


def test_it_only_reads(reader: User, bundle: Path) -> None:
    asked = reader.asked()
    assert {request["verb"] for request in asked} <= {"get", "list"}
    assert {request["resource"] for request in asked} >= {
        "pods", "pods/log", "pods/proxy", "nodes", "events", "configmaps", "services", "endpointslices", "replicasets",
    }  # fmt: skip


def test_the_manifest_tells_what_is_there(bundle: Path) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text())
    listed = {entry["path"]: entry for entry in manifest["files"]}
    present = {file.relative_to(bundle).as_posix() for file in bundle.rglob("*") if file.is_file()}
    assert set(listed) == present - {"manifest.json"}
    for path, entry in listed.items():
        content = (bundle / path).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (entry["bytes"], entry["sha256"])
    for log in manifest["logs"]:
        lines = (bundle / log["file"]).read_text().splitlines()
        assert log["asked"]["window"] == "all"
        assert log["received"]["first"] == lines[0].split()[0]
        assert log["received"]["last"] == lines[-1].split()[0]
        assert log["received"]["lines"] == len(lines)
        assert log["whole"]
    assert manifest["errors"] == []


def test_the_log_is_the_bytes_of_the_api(founding: Dns, bundle: Path) -> None:
    for pod in REPLICAS:
        told = founding.log(pod.name, "timestamps=true").encode()
        assert told.startswith((bundle / f"logs/kube-system/{pod.name}/coredns/current.log").read_bytes())


def test_only_its_owner_may_read_it(bundle: Path, reader: User, tmp_path: Path) -> None:
    assert {file.stat().st_mode & 0o777 for file in bundle.rglob("*") if file.is_file()} == {0o600}
    assert {folder.stat().st_mode & 0o777 for folder in [bundle, *bundle.rglob("*")] if folder.is_dir()} == {0o700}
    archive = tmp_path / "a.tar.gz"
    live.triage("collect", "--output-file", str(archive), kubeconfig=reader.kubeconfig)
    assert archive.stat().st_mode & 0o777 == 0o600
    with tarfile.open(archive) as tar:
        members = tar.getmembers()
    assert {member.name.split("/")[0] for member in members} == {"a"}
    assert {(m.uid, m.gid, m.mtime, m.uname) for m in members} == {(0, 0, 0, "")}


def test_no_field_but_the_allowed_ones_is_stored(bundle: Path, reader: User, tmp_path: Path) -> None:
    saved = script.save(reader.kubeconfig, tmp_path / "evidence")
    for folder in (bundle, saved):
        text = "".join(file.read_text() for file in (folder / "objects").iterdir())
        assert '"coredns-' in text
        for word in (
            '"env"',
            '"volumes"',
            '"args"',
            "KUBERNETES_SERVICE_HOST",
            "last-applied",
            "BEGIN CERT",
            "fieldsV1",
        ):
            assert word not in text, (folder, word)


def test_metrics_are_read_only_when_asked(bundle: Path, reader: User, tmp_path: Path) -> None:
    assert {file.stem for file in (bundle / "metrics" / "kube-system").iterdir()} == {pod.name for pod in REPLICAS}
    replicas: list[Any] = [
        f for f in live.report_of("analyze", str(bundle))["coverage"]["files"] if f["kind"] == "scrape"
    ]
    assert len(replicas) == len(REPLICAS)
    live.triage("collect", "--output-file", str(tmp_path / "b"), kubeconfig=reader.kubeconfig)
    assert not (tmp_path / "b" / "metrics").exists()


def test_who_is_asked_stands_first(reader: User) -> None:
    done = live.triage("diagnose", "-o", "json", kubeconfig=reader.kubeconfig)
    first = done.stderr.splitlines()
    assert first[0].startswith("context ")
    assert f"server https://127.0.0.1:{reader.cluster.port}" in first[1]
    assert "kube-system" in first[2]
    assert first[3].startswith("as ")
    assert f"system:serviceaccount:default:{reader.name}" in first[3]
    assert json.loads(done.stdout)["schema"] == "triage.report/1"
