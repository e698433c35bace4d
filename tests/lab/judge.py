"""Compare a run with its row of the table: the lines first, then what the program says about each folder."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.lab.box import ROOT
from tests.lab.fabric import PODS, Pod, host_pods, place_of
from tests.lab.faults.form import Case, Says


def wrong_lines(case: Case, record: Mapping[str, Any]) -> list[str]:
    """Expected lines that are missing, and lines that must not be there; empty when all is as it should be."""
    lines: Mapping[str, Sequence[str]] = record["lines"]
    hit = set(record["hit"])
    found = []
    for says in case.fault.says(case.place, case.version):
        speakers = {name for name, texts in lines.items() if _has(texts, says, record["addresses"][name])}
        found += _compare(says, speakers, hit, set(lines))
    return found


def _has(texts: Sequence[str], says: Says, address: str) -> bool:
    find = re.compile(says.pattern.replace("{pod}", re.escape(address))).search
    return any(find(text) for text in texts)


def _compare(says: Says, speakers: set[str], hit: set[str], everyone: set[str]) -> list[str]:
    if says.who == "nobody":
        return [f"{says.pattern!r} in {sorted(speakers)}"] if speakers else []
    if says.who == "one":
        return [] if speakers else [f"nobody says {says.pattern!r}"]
    wanted = everyone if says.who == "all" else hit & everyone
    missing, extra = wanted - speakers, speakers - wanted
    return [f"{sorted(missing)} do not say {says.pattern!r}"] * bool(missing) + (
        [f"{sorted(extra)} say {says.pattern!r}"] * bool(extra and _is_trouble(says.pattern))
    )


def _is_trouble(pattern: str) -> bool:
    """Does the line speak of trouble, so that replicas outside the place must not print it?"""
    return "plugin/errors" in pattern or "FATAL" in pattern or "WARNING" in pattern


def analyze(folder: Path, *options: str) -> dict[str, Any]:
    """The program's own answer about a folder, through its command line."""
    done = subprocess.run(
        [sys.executable, "-m", "triage", "analyze", *options, str(folder), "-o", "json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if done.returncode != 0:
        raise RuntimeError(f"exit {done.returncode}: {done.stderr[-1000:]}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def pods_of(case: Case) -> tuple[list[Pod], list[Pod]]:
    """The replicas that the fault hits, and all of them."""
    everyone = list(host_pods() if case.fault.host_network else PODS)
    return list(place_of(case.place, everyone).pods), everyone
