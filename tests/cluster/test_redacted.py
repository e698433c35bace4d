"""What a real cluster gives, saved redacted: the same verdict, and none of its names and addresses."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from tests.cluster import live, users
from tests.cluster.dns import REPLICAS, Dns
from tests.cluster.users import User
from tests.lab.fabric import U1

pytestmark = pytest.mark.cluster
_GONE = (U1, "k8s-lab-", "10.196.129.", "10.196.140.", *(pod.name for pod in REPLICAS))


@pytest.fixture(scope="module")
def reader(founding: Dns) -> User:
    return users.create(founding.cluster)


def claims(report: dict) -> list[tuple]:
    return [(h["cause"], h["group"], h["severity"]) for h in report["hypotheses"]]


def test_a_redacted_archive_leads_to_the_same_verdict_and_names_nobody(reader: User, tmp_path: Path) -> None:
    texts = {}
    for mode in ("none", "full"):
        archive = tmp_path / f"{mode}.tar.gz"
        done = live.triage("collect", "--redact", mode, "--output-file", str(archive), kubeconfig=reader.kubeconfig)
        assert done.returncode == 0, done.stderr
        with tarfile.open(archive) as tar:
            files = {m.name: tar.extractfile(m).read().decode() for m in tar.getmembers()}
        texts[mode] = "\n".join([*files, *files.values()])
    assert {word for word in _GONE if word in texts["none"]} == set(_GONE)
    assert {word for word in _GONE if word in texts["full"]} == set()
    raw, redacted = (live.report_of("analyze", str(tmp_path / f"{mode}.tar.gz")) for mode in ("none", "full"))
    assert redacted["redaction"]["mode"] == "full"
    assert claims(redacted) == claims(raw)


def test_a_diagnosis_keeps_a_redacted_bundle(reader: User, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    done = live.triage(
        "diagnose", "--redact", "full", "--bundle", str(bundle), "-o", "json", kubeconfig=reader.kubeconfig
    )
    assert done.returncode == 0, done.stderr
    kept = "\n".join(f"{p.relative_to(bundle)}\n{p.read_text()}" for p in bundle.rglob("*") if p.is_file())
    assert {word for word in _GONE if word in kept + done.stdout} == set()
    assert json.loads((bundle / "manifest.json").read_text())["redaction"] == "full"
    assert json.loads((bundle / "report.json").read_text()) == json.loads(done.stdout)
