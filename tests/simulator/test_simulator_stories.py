"""Stories are the same for the same seed, and their truth fits what stands in their files."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import yaml

from bench.simulator.kinds import KINDS, draw_kind
from bench.simulator.saved import draw_saved
from bench.simulator.story import Story, make_story, read_folder, simulate, tell

ROOT = Path(__file__).parents[2]
SEEDS = range(150)
QUIET = {"benign", "none"}
CAUSES = QUIET | {
    "upstream-unreachable",
    "upstream-unreachable-scoped",
    "upstream-refused",
    "upstream-error-answer",
    "upstreams-inconsistent",
    "upstream-protocol",
    "forward-overload",
    "forward-loop",
    "apiserver-unreachable",
    "apiserver-auth",
    "inotify-exhausted",
    "resources",
    "node-network",
    "conntrack",
    "zone-config",
    "unknown",
}


@cache
def stories() -> tuple[Story, ...]:
    return tuple(make_story(seed) for seed in SEEDS)


def logs(story: Story) -> str:
    return "".join(t for n, t in story.files.items() if n.endswith(".log"))


def of_kind(kind: str, count: int = 12) -> list[Story]:
    return [make_story(seed, kind) for seed in range(count)]


def test_same_seed_same_story_in_any_process(tmp_path: Path) -> None:
    code = "from bench.simulator.story import make_story\nfor s in range(12): print(make_story(s))"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": h},
            capture_output=True,
            check=True,
        ).stdout
        for h in ("1", "2")
    }
    assert len(outputs) == 1
    assert make_story(3).files != make_story(4).files


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_makes_stories_that_can_be_written_and_read(kind: str, tmp_path: Path) -> None:
    for seed in (5, 6):
        story = make_story(seed, kind)
        story.write(tmp_path / "folders")
        story.write_txtar(tmp_path / "txtar")
        expect = yaml.safe_load(yaml.safe_dump(story.expect))
        assert read_folder(tmp_path / "folders" / story.name) == (story.files, expect)
        assert read_folder(tmp_path / "txtar" / f"{story.name}.txtar") == (story.files, expect)
        assert set(story.expect["first"]) <= CAUSES
        assert any(name.endswith(".log") for name in story.files)


def test_about_a_third_is_quiet_and_every_kind_occurs() -> None:
    rng = random.Random(7)
    drawn = Counter(draw_kind(rng) for _ in range(3000))
    assert set(drawn) == set(KINDS)
    assert 0.25 < drawn["control"] / 3000 < 0.4


def test_most_stories_are_small() -> None:
    sizes = sorted(sum(map(len, s.files.values())) for s in stories())
    assert sizes[int(len(sizes) * 0.9)] < 250 * 1024


def test_controls_have_no_fault_and_nothing_to_claim() -> None:
    for story in (s for s in stories() if s.expect["kind"] == "control"):
        assert story.expect["truth"]["faults"] == []
        assert story.expect["first"][:2] == ["benign", "none"]
        assert story.expect["scopes_ok"] == []


def test_expectations_follow_from_what_can_be_seen() -> None:
    checked = 0
    for story in (s for s in stories() if s.expect["kind"] not in {"control", "two-faults"}):
        expect, fault = story.expect, story.expect["truth"]["faults"][0]
        signs = sum(fault["evidence"].values()) + min(4, fault["hints"])
        assert (signs < 2) == (expect["decidable"] == "no") == (set(expect["first"]) <= QUIET), story.name
        if signs < 5:
            assert expect["decidable"] != "yes", story.name
        checked += signs >= 5
    assert checked > 40


def test_scopes_hold_all_replicas_that_show_the_fault_and_no_silent_one_with_a_fair_chance() -> None:
    checked = 0
    for story in stories():
        expect = story.expect
        if not expect["scopes_ok"] or expect["kind"] in {"two-faults", "inotify"}:
            continue
        fault = expect["truth"]["faults"][0]
        shown = {r for f in expect["truth"]["faults"] for r in f["evidence"]}
        silent = {r for r, n in fault["exposure"].items() if n >= 4 and r not in shown and r not in fault["replicas"]}
        for scope in expect["scopes_ok"]:
            if scope["kind"] == "replica":
                assert shown == {scope["member"]}, story.name
            if scope["kind"] == "cluster" and "pods.txt" in story.files:
                assert not silent, story.name
        assert expect["scope"] is None or expect["scope"] in expect["scopes_ok"]
        checked += 1
    assert checked > 30


def test_signs_of_a_silent_upstream_are_the_errors_lines_in_the_files() -> None:
    checked = 0
    for story in of_kind("drop-cluster"):
        truth = story.expect["truth"]
        if (
            truth["scrapes"]
            or "consolidate" in story.files.get("Corefile", "")
            or "errors like" in logs(story)
            or truth["noise_lines"]
        ):
            continue
        lines = len(re.findall(r"plugin.{0,3}errors.*i/o timeout", logs(story)))
        if lines:
            assert lines == sum(truth["faults"][0]["evidence"].values()), story.name
            checked += 1
    assert checked >= 3


def test_named_upstreams_stand_in_the_files() -> None:
    for story in stories():
        upstream = story.expect["upstream"]
        for one in [upstream] if isinstance(upstream, str) else upstream or []:
            address = one.rsplit(":", 1)[0]
            assert any(address in text for text in story.files.values()), story.name


def test_places_are_named_only_where_the_files_tell_them() -> None:
    for story in stories():
        for scope in story.expect["scopes_ok"]:
            if scope["member"] and scope["kind"] in {"node", "az"}:
                assert any(scope["member"] in text for text in story.files.values()), story.name
            if scope["kind"] == "subnet":
                assert "subnets.yaml" in story.files or "IPv4Address" in story.files.get("nodes.json", "")


def test_kubelet_text_ends_the_stream_without_a_newline() -> None:
    texts = [t for s in of_kind("inotify") for n, t in s.files.items() if n.endswith(".log") and "fsnotify" in t]
    assert texts
    assert all(not t.endswith("\n") or "too many open files\n" not in t for t in texts)


def test_framings_all_occur_and_hold_what_they_promise() -> None:
    seen: Counter[str] = Counter()
    for story in stories():
        framing = story.expect["truth"]["framing"]
        seen[framing] += 1
        for line in logs(story).splitlines():
            if framing == "docker" and line.startswith("{"):
                assert set(json.loads(line)) == {"log", "stream", "time"}
            if framing == "cri" and "fsnotify" not in line:
                assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(?:Z|[+-]\d\d:\d\d) stdout F ", line)
    assert set(seen) >= {"plain", "timestamps", "prefix", "cri", "docker", "stern"}


def test_json_lines_carry_level_plugin_and_the_fields_of_a_query() -> None:
    run = simulate(1, "error-answer")
    saved = replace(draw_saved(random.Random(1), run), json_lines=True, framing="plain")
    records = [json.loads(line) for line in logs(tell(run, saved, 1)).splitlines()]
    assert records
    assert all({"time", "level", "msg"} <= set(r) for r in records)
    assert {"INFO", "ERROR"} >= {r["level"] for r in records}
    assert all(
        r["plugin"] == "log" and r["msg"].split(" ")[0].startswith(r["client_ip"]) for r in records if "qname" in r
    )


def test_weak_late_replicas_had_no_chance() -> None:
    """A replica that began after the fault's end is silent without speaking against the whole cluster."""
    whole = [s for s in of_kind("late-replica", 20) if {"kind": "cluster", "member": None} in s.expect["scopes_ok"]]
    assert len(whole) >= 10


def test_command_line_prints_what_it_wrote(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench.simulator", "--seeds", "0:3", "--out", str(tmp_path), "--txtar"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert len(list(tmp_path.glob("*.txtar"))) == 3
    assert done.stdout.splitlines()[-1].split()[:2] == ["all", "3"]
