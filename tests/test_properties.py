"""What must not change the verdict: order, names, encodings, framings, how the same lines are spread over files."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.inputs import CASES, STORIES, folder_of
from tests.sources.made import write
from triage import pipeline
from triage.model.report import Report, Scope

NOW_NS = 1_772_359_200_000_000_000
SOME = [*STORIES, *CASES[::9]]
Files = dict[str, bytes]
RULEBOOK = pipeline.load_rulebook(None)
_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z) (?!std)(.*)")


@dataclass(frozen=True)
class Verdict:
    """What the first hypothesis claims."""

    cause: str
    upstream: str | None
    zone: str | None
    scope: tuple | None
    probability: float

    def close_to(self, other: Verdict, within: float) -> bool:
        """The same claim with (nearly) the same probability."""
        mine, theirs = ((v.cause, v.upstream, v.zone, v.scope) for v in (self, other))
        return mine == theirs and abs(self.probability - other.probability) <= within


def report_of(*paths: Path) -> Report:
    return pipeline.analyze(pipeline.load_bundle([str(p) for p in paths], None), RULEBOOK, now_ns=NOW_NS)


def verdict(report: Report, names: Mapping[str, str] = {}) -> Verdict:
    first = report.hypotheses[0]
    return Verdict(first.cause, first.upstream, first.zone, _scope(first.scope, names), first.probability)


def _scope(scope: Scope | None, names: Mapping[str, str]) -> tuple | None:
    """Kind, member and twins; members by their old names."""
    if scope is None:
        return None
    places = {(scope.kind, scope.member), *((twin.kind, twin.member) for twin in scope.indistinguishable)}
    renamed = {(kind, names.get(member or "", member)) for kind, member in places}
    return frozenset(renamed), frozenset(names.get(r, r) for r in scope.replicas)


def files_of(folder: Path) -> Files:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def logs_of(folder: Path, files: Files) -> dict[str, str]:
    """Files that are the log of one replica as a whole, and its name."""
    documents = pipeline.load_bundle([str(folder)], None).documents
    whole = [d for d in documents if "#" not in d.name and d.command is None and d.kind.value == "log" and d.replica]
    return {d.file: d.replica for d in whole if d.replica and d.file in files}


def crlf(files: Files) -> Files:
    return {name: raw.replace(b"\n", b"\r\n") for name, raw in files.items()}


def utf16(files: Files) -> Files:
    return {name: raw.decode("utf-8").encode("utf-16") for name, raw in files.items()}


UNCHANGED: dict[str, Callable[[Files], Files]] = {"crlf": crlf, "utf-16": utf16}


@pytest.mark.parametrize("change", UNCHANGED)
@pytest.mark.parametrize("name", SOME)
def test_encodings_do_not_matter(name: str, change: str, tmp_path: Path) -> None:
    folder = folder_of(name, tmp_path / "as-is")
    other = write(tmp_path / "other", UNCHANGED[change](files_of(folder)))
    assert verdict(report_of(other)).close_to(verdict(report_of(folder)), 1e-9)


@pytest.mark.parametrize("name", SOME)
def test_order_does_not_matter(name: str, tmp_path: Path) -> None:
    folder = folder_of(name, tmp_path / "as-is")
    paths = sorted(p for p in folder.iterdir())
    assert verdict(report_of(*reversed(paths))).close_to(verdict(report_of(*paths)), 1e-9)
    assert verdict(report_of(*paths)).close_to(verdict(report_of(folder)), 1e-9)


def renamed(files: Files, names: Mapping[str, str]) -> Files:
    """Every name by its new one, in texts and names of files."""
    known = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    pattern = re.compile(rf"(?<![\w-])(?<!\w\.)({known})(?![\w-])")
    swap = lambda text: pattern.sub(lambda m: names[m[1]], text)  # noqa: E731
    return {swap(name): swap(raw.decode("utf-8")).encode() for name, raw in files.items()}


@pytest.mark.parametrize("name", SOME)
def test_names_do_not_matter(name: str, tmp_path: Path) -> None:
    folder = folder_of(name, tmp_path / "as-is")
    report = report_of(folder)
    rows = report.coverage.replicas
    pods = sorted({r.name for r in rows if r.name and re.fullmatch(r".+-[a-z0-9]{5}", r.name)})
    nodes = sorted({r.node for r in rows if r.node and len(r.node) > 3})
    names = {pod: f"{pod[:-5]}{'zyxwvtsrqp'[i]}k8sb" for i, pod in enumerate(pods)}
    names |= {node: f"host-{'zyxwvtsrqp'[i]}7" for i, node in enumerate(nodes)}
    if not names:
        return
    other = write(tmp_path / "other", renamed(files_of(folder), names))
    back = {new: old for old, new in names.items()}
    assert verdict(report_of(other), back).close_to(verdict(report), 1e-9)


def framed(text: str, frame: Callable[[str, str], str]) -> str | None:
    """The lines in another frame; None when one of them has no clock."""
    lines = [_STAMP.fullmatch(line) for line in text.splitlines()]
    return "".join(frame(m[1], m[2]) for m in lines if m) if lines and all(lines) else None


FRAMES: dict[str, Callable[[str, str], str]] = {
    "cri": lambda at, text: f"{at} stdout F {text}\n",
    "docker-json": lambda at, text: json.dumps({"log": text + "\n", "stream": "stdout", "time": at}) + "\n",
    "loki": lambda at, text: json.dumps({"labels": {}, "line": text, "timestamp": at}) + "\n",
    "stern": lambda at, text: json.dumps({"message": f"{at} {text}", "containerName": "coredns"}) + "\n",
}


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("name", SOME)
def test_framing_does_not_matter(name: str, frame: str, tmp_path: Path) -> None:
    folder = folder_of(name, tmp_path / "as-is")
    files = files_of(folder)
    changed = 0
    for log in logs_of(folder, files):
        text = framed(files[log].decode("utf-8"), FRAMES[frame])
        if text is not None:
            files[log], changed = text.encode(), changed + 1
    if changed:
        other = write(tmp_path / "other", files)
        assert verdict(report_of(other)).close_to(verdict(report_of(folder)), 1e-9)


@pytest.mark.parametrize("name", SOME)
def test_one_merged_stream_says_the_same(name: str, tmp_path: Path) -> None:
    folder = folder_of(name, tmp_path / "as-is")
    files = files_of(folder)
    logs = logs_of(folder, files)
    if not logs:
        return
    merged = []
    for log, replica in logs.items():
        lines = files.pop(log).decode("utf-8").splitlines()
        merged += [f"[pod/{replica}/coredns] {line}\n" for line in lines]
    files["all-replicas.log"] = "".join(merged).encode()
    other = write(tmp_path / "other", files)
    assert verdict(report_of(other)).close_to(verdict(report_of(folder)), 1e-6)


@pytest.mark.parametrize("name", SOME)
def test_a_log_in_two_files_says_the_same(name: str, tmp_path: Path) -> None:
    folder = folder_of(name, tmp_path / "as-is")
    files = files_of(folder)
    logs = logs_of(folder, files)
    if not logs:
        return
    for log in logs:
        lines = files.pop(log).splitlines(keepends=True)
        cut = len(lines) // 2
        parts = {f"a/{log}": lines[:cut], f"b/{log}": lines[cut:]}
        files |= {path: b"".join(part) for path, part in parts.items() if part}
    other = write(tmp_path / "other", files)
    assert verdict(report_of(other)).close_to(verdict(report_of(folder)), 1e-6)


@pytest.mark.parametrize("name", SOME)
def test_the_same_log_twice_says_the_same(name: str, tmp_path: Path) -> None:
    folder = folder_of(name, tmp_path / "as-is")
    files = files_of(folder)
    copies = {f"copy/{log}": files[log] for log in logs_of(folder, files)}
    other = write(tmp_path / "other", files | copies)
    assert verdict(report_of(other)).close_to(verdict(report_of(folder)), 1e-9)
