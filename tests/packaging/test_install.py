"""Wheel, source distribution and editable installation each answer `triage demo` in an environment of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = dict(os.environ)
"""As the tests were started: pip finds its settings there."""
pytestmark = pytest.mark.install


def run(*command: object, cwd: Path) -> str:
    result = subprocess.run([str(part) for part in command], cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-3000:]
    return result.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree as a clone would have it, so that building leaves nothing behind."""
    tree = tmp_path_factory.mktemp("source") / "coredns-triage"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tree / name)
    return tree


@pytest.fixture(scope="module")
def built(source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", folder, source, cwd=folder)
    return {"wheel": next(folder.glob("*.whl")), "sdist": next(folder.glob("*.tar.gz"))}


def names(built: dict[str, Path]) -> dict[str, set[str]]:
    """Files of both distributions, without the top folder of the sdist."""
    with tarfile.open(built["sdist"]) as archive:
        members = {member.name.partition("/")[2] for member in archive if member.isfile()}
    return {"wheel": set(zipfile.ZipFile(built["wheel"]).namelist()), "sdist": members}


@pytest.mark.parametrize(
    ("folder", "package"), [("rules", "triage/rules"), ("sample_logs", "triage/stories"), ("schemas", "triage/schemas")]
)
def test_data_travels_with_the_program(source: Path, built: dict[str, Path], folder: str, package: str) -> None:
    files = {path.relative_to(source / folder).as_posix() for path in (source / folder).rglob("*") if path.is_file()}
    assert files
    assert {f"{package}/{name}" for name in files} <= names(built)["wheel"]
    assert {f"{folder}/{name}" for name in files} <= names(built)["sdist"]


def test_the_wheel_holds_nothing_else(built: dict[str, Path]) -> None:
    tops = {name.split("/")[0] for name in names(built)["wheel"]}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"triage"}
    assert "triage/py.typed" in names(built)["wheel"]


@pytest.mark.parametrize("how", ["wheel", "sdist", "editable"])
def test_installed_it_answers_demo(source: Path, built: dict[str, Path], tmp_path: Path, how: str) -> None:
    run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    what = ["--editable", source] if how == "editable" else [built[how]]
    run(tmp_path / "venv/bin/python", "-m", "pip", "install", "--quiet", *what, cwd=tmp_path)
    for script in ("triage", "coredns-triage", "kubectl-coredns_triage"):
        assert run(tmp_path / "venv/bin" / script, "--version", cwd=tmp_path).startswith("coredns-triage ")
    report = json.loads(run(tmp_path / "venv/bin/triage", "demo", "-o", "json", cwd=tmp_path))
    first = report["hypotheses"][0]
    assert (first["cause"], first["upstream"]) == ("upstream-unreachable-scoped", "10.196.17.210:53")
    assert "no mistake" in run(tmp_path / "venv/bin/triage", "rules", "check", cwd=tmp_path)
    assert json.loads(run(tmp_path / "venv/bin/triage", "schema", cwd=tmp_path))["title"] == "triage.report/1"


KERNEL = "triage/reading/_kernel.abi3.so"


def test_a_wheel_of_a_platform_holds_the_kernel(built: dict[str, Path]) -> None:
    """Where the tests run there is a compiler; `triage version` then says who reads."""
    assert "-cp311-abi3-" in built["wheel"].name
    assert [name for name in names(built)["wheel"] if name.endswith(".so")] == [KERNEL]
    headers = {
        f"triage/reading/kernel/{file.name}"
        for file in (Path(__file__).parents[2] / "triage/reading/kernel").glob("*.h")
    }
    assert len(headers) > 5
    assert {"triage/reading/_kernel.c", *headers} <= set(names(built)["sdist"])
    assert not [name for name in names(built)["sdist"] if name.endswith(".so")]


def test_without_a_compiler_the_wheel_is_pure(source: Path, tmp_path: Path) -> None:
    """A kernel that an earlier build left in the tree does not slip into it."""
    (source / KERNEL).write_bytes(b"stale")
    try:
        without = {**ENVIRONMENT, "CC": "false"}
        command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet", "--wheel-dir", tmp_path, source]
        subprocess.run([str(part) for part in command], env=without, check=True, capture_output=True)
    finally:
        (source / KERNEL).unlink()
    [wheel] = tmp_path.glob("*.whl")
    assert wheel.name.endswith("-py3-none-any.whl")
    assert not [name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".so")]
    run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    run(tmp_path / "venv/bin/python", "-m", "pip", "install", "--quiet", wheel, cwd=tmp_path)
    assert "kernel python" in run(tmp_path / "venv/bin/triage", "version", cwd=tmp_path)
    report = json.loads(run(tmp_path / "venv/bin/triage", "demo", "-o", "json", cwd=tmp_path))
    assert report["tool"]["kernel"] == "python"
