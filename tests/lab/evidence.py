"""The evidence folder as a user would have it, at several levels of what could be seen of one and the same fault."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.lab.fabric import NODES, SUBNETS
from tests.lab.laboratory import Lab
from tests.lab.replicas import Line, Replica

LEVELS = ("errors", "log", "metrics")
"""errors: no query log · log: with it · metrics: no query log, but a scrape of each replica (the usual production)."""
FRAMINGS = ("plain", "timestamps", "cri")
_QUERY = re.compile(r'^\[INFO\] \S+:\d+ - \d+ "\S+ IN ')
_KUBERNETES = {"1.9.3": "v1.24.17", "1.15.0": "v1.36.1"}


def write(lab: Lab, folder: Path, level: str, framing: str, scrapes: dict[str, str]) -> None:
    """One folder: logs, resolver files, Corefile, lists of pods and nodes, subnets, and scrapes if the level has them.

    `full` is log and metrics together.
    """
    folder.mkdir(parents=True, exist_ok=True)
    query_log = level in ("log", "full")
    for replica in lab.replicas.values():
        for lines, suffix in ((replica.lines, ""), (replica.previous, ".previous")):
            if lines is not None:
                kept = [line for line in lines if query_log or not _QUERY.match(line.text)]
                text = "".join(f"{frame(line, framing)}\n" for line in kept)
                (folder / f"{replica.pod.name}{suffix}.log").write_text(text, encoding="utf-8")
        if level in ("metrics", "full") and replica.pod.name in scrapes:
            (folder / f"{replica.pod.name}.prom").write_text(scrapes[replica.pod.name], encoding="utf-8")
    corefile = lab.corefile if query_log else lab.corefile.replace("    log\n", "")
    (folder / "Corefile").write_text(corefile, encoding="utf-8")
    for node in NODES:
        (folder / f"{node.name}.resolv.conf").write_text(lab.resolv_conf(node), encoding="utf-8")
    (folder / "subnets.yaml").write_text("".join(f"{n}: {c}\n" for n, c in SUBNETS.items()), encoding="utf-8")
    (folder / "pods.txt").write_text(table(_pod_rows(list(lab.replicas.values()))), encoding="utf-8")
    (folder / "nodes.txt").write_text(table(_node_rows(lab.version, zones=framing != "plain")), encoding="utf-8")


def frame(line: Line, framing: str) -> str:
    """A line as `kubectl logs`, `kubectl logs --timestamps` or the runtime's file shows it.

    >>> frame(Line(1_700_000_000_123_456_789, "stdout", "x"), "cri")
    '2023-11-14T22:13:20.123456789Z stdout F x'
    """
    if framing == "plain":
        return line.text
    seconds, rest = divmod(line.at_ns, 1_000_000_000)
    stamp = f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
    return f"{stamp} {line.stream} F {line.text}" if framing == "cri" else f"{stamp} {line.text}"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Columns as kubectl prints them.

    >>> print(table([["NAME", "AGE"], ["a-long-name", "3s"]]), end="")
    NAME          AGE
    a-long-name   3s
    """
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ("   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "".join(f"{line}\n" for line in lines)


def _pod_rows(replicas: Sequence[Replica]) -> list[list[str]]:
    rows = [["NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE", "NOMINATED NODE", "READINESS GATES"]]
    for replica in replicas:
        restarts = str(replica.restarts)
        if replica.restarts:
            restarts += f" ({_age(replica.restarted_ns)} ago)"
        status = replica.status
        if status == "Running" and not replica.running:
            status = "CrashLoopBackOff" if replica.restarts else "Error"
        ready = "1/1" if replica.running and status == "Running" else "0/1"
        pod = replica.pod
        age = _age(replica.created_ns)
        rows.append([pod.name, ready, status, restarts, age, pod.address, pod.node.name, "<none>", "<none>"])
    return rows


def _node_rows(version: str, *, zones: bool) -> list[list[str]]:
    """As of `-L topology.kubernetes.io/zone`, else of `--show-labels`."""
    head = "NAME STATUS ROLES AGE VERSION INTERNAL-IP EXTERNAL-IP OS-IMAGE KERNEL-VERSION CONTAINER-RUNTIME"
    rows = [[*head.split(), "ZONE" if zones else "LABELS"]]
    kubelet = _KUBERNETES.get(version, "v1.30.4")
    for node in NODES:
        labels = {
            "kubernetes.io/arch": "amd64",
            "kubernetes.io/hostname": node.name,
            "kubernetes.io/os": "linux",
            "topology.kubernetes.io/zone": node.az,
        }
        if node.role != "<none>":
            labels[f"node-role.kubernetes.io/{node.role}"] = ""
        words = ",".join(f"{k}={v}" for k, v in sorted(labels.items()))
        system = ["Debian GNU/Linux 12 (bookworm)", "6.1.0-28-amd64", "containerd://1.7.24"]
        last = node.az if zones else words
        rows.append([node.name, "Ready", node.role, "214d", kubelet, node.address, "<none>", *system, last])
    return rows


def _age(since_ns: int) -> str:
    """As kubectl shortens durations.

    >>> import time; _age(time.time_ns() - 75_200_000_000)
    '75s'
    """
    seconds = (time.time_ns() - since_ns) // 1_000_000_000
    return f"{seconds}s" if seconds < 120 else f"{seconds // 60}m"
