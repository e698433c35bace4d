"""The kubectl plugin as krew installs it: built, unpacked as the manifest says, found and run by kubectl."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster import programs
from tests.packaging.test_install import ENVIRONMENT, ROOT, run

pytestmark = pytest.mark.install
BARE = "/usr/local/bin:/usr/bin:/bin"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("krew")
    run("sh", ROOT / "deploy" / "krew" / "build.sh", folder, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def manifest(built: Path) -> dict[str, Any]:
    text = (built / "coredns-triage.yaml").read_text()
    assert "@" not in re.sub(r"\S+@\S+\.\S+", "", text)
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


@pytest.fixture(scope="module")
def installed(built: Path, manifest: dict[str, Any]) -> Path:
    """A folder with what krew would put into its store, and links as krew makes them."""
    (platform,) = manifest["spec"]["platforms"]
    (archive,) = built.glob("*.tar.gz")
    assert platform["uri"].endswith(f"/{archive.name}")
    assert platform["sha256"] == hashlib.sha256(archive.read_bytes()).hexdigest()
    store = built / "store"
    with tarfile.open(archive) as tar:
        tar.extractall(store, filter="data")
    for file in platform["files"]:
        assert (store / file["from"]).is_file()
    (built / "bin").mkdir()
    for name in ("kubectl-coredns_triage", "kubectl_complete-coredns_triage"):
        (built / "bin" / name).symlink_to(store / platform["bin"])
    return built / "bin"


def called(folder: Path, *command: str, **environ: str) -> str:
    environment = {"PATH": f"{folder}:{BARE}", "HOME": str(folder.parent)} | environ
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120).stdout


def test_the_manifest_follows_the_rules_of_krew(manifest: dict[str, Any]) -> None:
    assert manifest["apiVersion"] == "krew.googlecontainertools.github.com/v1alpha2"
    assert manifest["metadata"]["name"] == "coredns-triage"
    spec = manifest["spec"]
    assert re.fullmatch(r"v\d+\.\d+\.\d+", spec["version"])
    assert len(spec["shortDescription"]) <= 50
    assert not spec["shortDescription"].endswith(".")
    assert all(len(line) <= 80 for line in (spec["description"] + spec["caveats"]).splitlines())
    assert {"kubectl-coredns_triage", "LICENSE"} == {f["from"] for f in spec["platforms"][0]["files"]}
    assert spec["platforms"][0]["uri"].startswith("https://")


def test_one_file_answers_without_any_installation(installed: Path) -> None:
    version = called(installed, "kubectl-coredns_triage", "--version")
    assert version.startswith("coredns-triage ")
    assert "10.196.17.210:53" in called(installed, "kubectl-coredns_triage", "demo")


def test_completion_is_the_same_file_under_another_name(installed: Path, tmp_path: Path) -> None:
    config = {"apiVersion": "v1", "kind": "Config", "contexts": [{"name": "prod", "context": {"cluster": "c"}}]}
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(config))
    words = ("kubectl_complete-coredns_triage", "diagnose", "--context", "p")
    assert called(installed, *words, KUBECONFIG=str(tmp_path / "kubeconfig")) == "prod\n:4\n"


def test_kubectl_finds_the_plugin(installed: Path) -> None:
    kubectl = shutil.which("kubectl", path=f"{ENVIRONMENT.get('PATH', os.defpath)}:{programs.folder()}")
    assert kubectl, "kubectl is needed here; sh tests/cluster/setup.sh builds one"
    help_text = called(installed, kubectl, "coredns-triage", "--help")
    assert help_text.startswith("Usage: kubectl coredns-triage ")
