"""Signs of trouble on a node that has nothing to do with queries."""

from __future__ import annotations

import random

from bench.simulator import dice
from bench.simulator.coredns import Process
from bench.simulator.engine import Plan
from bench.simulator.lines import Line


def cpu_lines(plan: Plan, replica: str, process: Process, rng: random.Random) -> list[Line]:
    """The health plugin notices that the process gets too little CPU (since 1.8.4)."""
    out: list[Line] = []
    for fault in plan.faults:
        if fault.mode != "cpu" or replica not in fault.replicas:
            continue
        for a, b in fault.windows:
            t, end = max(a, process.start_s, 0.0), min(b, process.end_s, plan.window_s)
            while t < end and len(out) < 80:
                t += dice.log_uniform(rng, 3, 240)
                if t < end:
                    out.append(Line(t, f"[WARNING] plugin/health: {_complaint(rng)}", ((fault.id, 1),)))
    return out


def _complaint(rng: random.Random) -> str:
    url = '"http://:8080/health"'
    if rng.random() < 0.25:
        reason = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        return f"Local health request to {url} failed: Get {url}: {reason}"
    return f"Local health request to {url} took more than 1s: {rng.uniform(1.01, 4.6):.9f}s"
