"""300 replicas on 1,000 nodes: `triage collect` against curl with the same bytes, and what it takes to begin.

    python -m bench.collect [LINES]

Starts a cluster of the tests (root): the API server is real, kwok plays nodes, pods and logs. Prints one JSON line:
seconds of both (median of three, one after the other), their ratio, peak memory, seconds to the first request.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.cluster import proxy, scale, users
from tests.cluster.cluster import running
from tests.cluster.users import User

ROUNDS = 3
TARGETS = {"ratio": 1.3, "peak_mib": 200, "first_request_s": 1.0}


def main(lines: int = 1000) -> None:
    with tempfile.TemporaryDirectory() as scratch, running(Path(scratch, "cluster"), nodes=()) as cluster:
        filled = scale.fill(cluster, lines=lines)
        user = users.create(cluster)
        pairs = [
            (ours(user, Path(scratch, f"b{n}")), curl(user, filled, Path(scratch, f"c{n}"))) for n in range(ROUNDS)
        ]
        found = sorted(mine for mine, _ in pairs)[ROUNDS // 2]
        other = sorted(theirs for _, theirs in pairs)[ROUNDS // 2]
        print(
            json.dumps({
                "replicas": len(filled.pods),
                "lines": lines,
                "mib": round(sum(f.stat().st_size for f in Path(scratch, "b0").rglob("*.log")) / 2**20, 1),
                "triage_s": round(found, 2),
                "curl_s": round(other, 2),
                "ratio": round(found / other, 2),
                "peak_mib": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024),
                "first_request_s": round(first_request(user), 2),
                "targets": TARGETS,
            })
        )  # fmt: skip


def ours(user: User, folder: Path) -> float:
    command = ["collect", "-q", "--kubeconfig", str(user.kubeconfig), "--output-file", str(folder)]
    return timed([sys.executable, "-m", "triage", *command])


def curl(user: User, filled: scale.Scale, folder: Path) -> float:
    """The same logs and lists, eight at a time."""
    folder.mkdir()
    base = f"https://127.0.0.1:{user.cluster.port}/api/v1"
    names = {
        pod.name: f"namespaces/kube-system/pods/{pod.name}/log?container=coredns&timestamps=true" for pod in filled.pods
    }
    names |= {"nodes": "nodes", "pods": "namespaces/kube-system/pods", "events": "namespaces/kube-system/events"}
    wanted = [f'url = "{base}/{path}"\noutput = "{folder / name}"\n' for name, path in names.items()]
    (folder / "urls").write_text("".join(wanted))
    header = f"Authorization: Bearer {user.token}"
    settings = ["-sS", "--cacert", str(user.cluster.authority), "-H", header, "-K", str(folder / "urls")]
    return timed(["curl", "--parallel", "--parallel-max", "8", *settings])


def timed(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


def first_request(user: User) -> float:
    """From the start of the process to its first request, seen by a proxy in front of the API server."""
    with proxy.between(user.cluster) as between:
        began = time.perf_counter()
        command = [sys.executable, "-m", "triage", "diagnose", "--kubeconfig", str(between.kubeconfig(user))]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            while not between.seen:
                time.sleep(0.001)
            took = time.perf_counter() - began
            process.kill()
    return took


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
