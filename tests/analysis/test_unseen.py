"""Gaps that no read of the API fills."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.analysis.asking import ask
from triage.model.bundle import Gap

NAME = "coredns-7f8ff9c97-6tlln"
BANNER = ".:53\nCoreDNS-1.11.1\nlinux/amd64, go1.20.7, ae2bbc2\n"
FAILED = "[ERROR] plugin/errors: 2 a.example.org. A: read udp 10.1.0.2:4242->10.9.0.53:53: i/o timeout\n"


def saved(folder: Path, text: str = FAILED, since: str | None = None, **meta: str) -> list[Gap]:
    """What is said of a log whose lines are of 12:00 and whose container started an hour before."""
    started = {"state": {"running": {"startedAt": "2026-03-04T11:00:00Z"}}, "name": "coredns", "restartCount": 0}
    pod = {
        "kind": "Pod",
        "metadata": {"name": NAME, "namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}, **meta},
        "spec": {"nodeName": "worker-1", "containers": [{"name": "coredns"}]},
        "status": {"phase": "Running", "containerStatuses": [started]},
    }
    folder.mkdir(exist_ok=True)
    (folder / "pods.json").write_text(json.dumps({"kind": "List", "items": [pod]}))
    lines = [f"2026-03-04T12:00:{n:02}.000000001Z {line}\n" for n, line in enumerate(text.splitlines())]
    (folder / f"{NAME}.log").write_text("".join(lines))
    manifest = {"schema": "triage.bundle/1", "asked": {"since": since, "window": "x"}, "errors": []}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return [gap for gap in ask(folder).gaps if gap.id == "gap.rotated"]


def test_lines_that_were_rotated_away_have_a_command_for_every_account(tmp_path: Path) -> None:
    (gap,) = saved(tmp_path)
    assert gap.params["names"] == NAME
    inside = f"cd / && tar -chz var/log/pods/kube-system_{NAME}_*"
    assert gap.command == f"""ssh worker-1 'sudo sh -c "{inside}"' > {NAME}.tar.gz"""


@pytest.mark.parametrize(
    ("text", "since"),
    [
        pytest.param(BANNER + FAILED, None, id="the start is there"),
        pytest.param(FAILED, "2026-03-04T11:50:00Z", id="older lines were not asked for"),
    ],
)
def test_a_log_that_lacks_nothing_is_not_called_rotated(tmp_path: Path, text: str, since: str | None) -> None:
    assert saved(tmp_path, text, since) == []


def test_a_window_that_is_longer_than_the_life_of_the_container_changes_nothing(tmp_path: Path) -> None:
    assert len(saved(tmp_path, since="2026-03-03T00:00:00Z")) == 1


def test_the_start_of_the_life_before_is_not_that_of_this_one(tmp_path: Path) -> None:
    before = tmp_path / f"logs/kube-system/{NAME}/coredns/previous.log"
    before.parent.mkdir(parents=True)
    before.write_text("".join(f"2026-03-04T10:00:0{n}Z {line}\n" for n, line in enumerate(BANNER.splitlines())))
    assert len(saved(tmp_path)) == 1


def test_a_log_without_lines_is_not_said_to_lack_times(tmp_path: Path) -> None:
    saved(tmp_path, text="")
    assert "gap.no-clock" not in {gap.id for gap in ask(tmp_path).gaps}


@pytest.mark.parametrize("namespace", ["x';reboot;'", "$(reboot)", 'a" b', "../../etc", "-x"])
def test_a_hostile_namespace_gives_no_command(tmp_path: Path, namespace: str) -> None:
    assert all(gap.command is None for gap in saved(tmp_path, namespace=namespace))
