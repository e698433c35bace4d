"""Logs in a real S3-compatible server on this machine say what they say on disk.

The library for S3 wants other versions than the tools of developers, so it has an environment of its own, kept outside
the tree.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.binaries import cache_folder

ROOT = Path(__file__).resolve().parents[2]
PODS = ("coredns-7f8ff9c97-00000", "coredns-7f8ff9c97-00001")
PARTS = """
import sys
from triage.parsing.query_log import parse_query
from triage.parsing.recognise import Recogniser
from triage.pipeline.rules import load_messages
from triage.reading import Limits, read
from triage.sources.load import load

def seen(where):
    limits = Limits(part_bytes=300_000)
    return read(load([where]).documents, recognise=Recogniser(load_messages()), parse_query=parse_query, limits=limits)

assert seen(sys.argv[1]) == seen(sys.argv[2])
print("equal")
"""
pytestmark = pytest.mark.install


@pytest.fixture(scope="module")
def python() -> Path:
    """The Python of an environment with what the project and its extra `s3` need, and the server; not the project."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["s3"], "moto[server]>=5"]
    key = hashlib.sha256(repr((sys.version, wanted)).encode()).hexdigest()[:16]
    folder = cache_folder() / "s3" / key
    if not (folder / "whole").exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin/python", "-m", "pip", "install", "--quiet", *wanted], check=True)
        (folder / "whole").touch()
    return folder / "bin/python"


@pytest.fixture(scope="module")
def store(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the server."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    told = tmp_path_factory.mktemp("store") / "log"
    address = f"http://127.0.0.1:{port}"
    with told.open("wb") as log:
        server = subprocess.Popen(
            [python.with_name("moto_server"), "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=log
        )
    try:
        for _ in range(600):
            assert server.poll() is None, told.read_text()
            try:
                put(f"{address}/logs")
                break
            except urllib.error.URLError:
                time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait(30)


def put(url: str, body: bytes = b"") -> None:
    wanted = urllib.request.Request(url, body, {"Content-Type": "application/octet-stream"}, method="PUT")
    urllib.request.urlopen(wanted, timeout=60).close()


@pytest.fixture(scope="module")
def folder(store: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two logs, one of them compressed, and the list of the pods; the same in the store under `incident/`."""
    found = tmp_path_factory.mktemp("incident")
    subprocess.run([sys.executable, ROOT / "bench/logs.py", found, "--size", "5M", "--replicas", "2"], check=True)
    second = found / f"{PODS[1]}.log"
    second.with_name(second.name + ".gz").write_bytes(gzip.compress(second.read_bytes()))
    second.unlink()
    rows = "".join(f"{pod}   1/1   Running   0   1d   10.244.{i}.9   node-{i}\n" for i, pod in enumerate(PODS))
    (found / "pods.txt").write_text(f"NAME   READY   STATUS   RESTARTS   AGE   IP   NODE\n{rows}")
    for path in found.iterdir():
        put(f"{store}/logs/incident/{path.name}", path.read_bytes())
    return found


def run(python: Path, store: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    given = {"AWS_ENDPOINT_URL": store, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    environment = {**os.environ, **given, "AWS_DEFAULT_REGION": "us-east-1", "PYTHONPATH": str(ROOT)}
    environment["SOURCE_DATE_EPOCH"] = "1767225600"
    command = [str(a) for a in (python, *arguments)]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=300)


def test_the_report_is_that_of_the_folder(python: Path, store: str, folder: Path) -> None:
    there = run(python, store, "-m", "triage", "analyze", "s3://logs/incident/", "-o", "json")
    here = run(python, store, "-m", "triage", "analyze", folder, "-o", "json")
    assert (there.returncode, there.stderr) == (0, "")
    assert json.loads(there.stdout) == json.loads(here.stdout)
    assert {r["name"] for r in json.loads(there.stdout)["coverage"]["replicas"] if r["lines"]} == set(PODS)


def test_parts_of_a_log_in_the_store_make_the_whole(python: Path, store: str, folder: Path) -> None:
    result = run(python, store, "-c", PARTS, "s3://logs/incident/", folder)
    assert (result.stdout, result.returncode) == ("equal\n", 0), result.stderr


@pytest.mark.parametrize(("url", "why"), [("s3://logs/nothing/", "there is no file"), ("s3://nobody/", "nobody")])
def test_nothing_there_is_told(python: Path, store: str, url: str, why: str) -> None:
    result = run(python, store, "-m", "triage", "analyze", url)
    assert result.returncode == 2
    assert why in result.stderr
    assert "Traceback" not in result.stderr
