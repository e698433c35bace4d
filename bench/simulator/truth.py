"""What is true, what of it can be seen in the folder, and so what may be expected of an answer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from bench.simulator.coredns import Process
from bench.simulator.engine import Run
from bench.simulator.faults import Fault
from bench.simulator.objects import pod_state
from bench.simulator.saved import MERGED, Saved, covered, kept_lines, last_life, previous_lines
from bench.simulator.scrape import checks_failed
from bench.simulator.world import NAMEABLE

FAIR_CHANCE = 4
"""A replica whose log covers so many forwarded queries of the fault's window and is silent is well."""
Scope = dict[str, str | None]


@dataclass(slots=True)
class View:
    """One root (faults of one id) as the folder shows it."""

    faults: list[Fault]
    signs: Counter[str] = field(default_factory=Counter)
    """Visible signs per replica."""
    hints: int = 0
    exposure: Counter[str] = field(default_factory=Counter)
    """Queries (or other chances) per replica in the fault's window, inside what was saved."""
    named: Counter[str] = field(default_factory=Counter)
    """Upstreams that visible signs name."""
    scopes_ok: list[Scope] = field(default_factory=list)
    scope: Scope | None = None
    decidable: str = "no"

    @property
    def total(self) -> int:
        return sum(self.signs.values()) + min(4, self.hints)

    @property
    def shown_by(self) -> set[str]:
        return {r for r, n in self.signs.items() if n}


def views(run: Run, saved: Saved) -> list[View]:
    """One view per root, in the order of ids."""
    out = []
    for number in sorted({f.id for f in run.plan.faults}):
        view = View([f for f in run.plan.faults if f.id == number])
        for replica in run.processes:
            _look(run, saved, replica, number, view)
        view.scopes_ok = _scopes_ok(run, saved, view)
        view.scope = _scope(run, view)
        view.decidable = _decidable(run, view)
        out.append(view)
    return out


# -------------------------------------------------------------------------------------- visible signs
def _look(run: Run, saved: Saved, replica: str, number: int, view: View) -> None:
    lines = kept_lines(run, saved, replica) + previous_lines(run, saved, replica)
    signs = 0
    for line in lines:
        weight = sum(n for fault, n in line.signs if fault == number)
        signs += weight
        view.hints += sum(n for fault, n in line.hints if fault == number)
        if weight:
            view.named.update(u for f in view.faults for u in f.upstreams if f"{u}:" in line.text)
    process = last_life(run, replica)
    if saved.replicas[replica].scrape and process and run.plan.release.families != "old":
        signs = max(signs, _scraped(run, process, view))
    modes = {f.mode for f in view.faults}
    affected = any(replica in f.replicas for f in view.faults)
    if "inotify" in modes and saved.replicas[replica].cut and saved.replicas[replica].log and affected:
        signs += 5
    if modes & {"oom", "loop"} and affected:
        signs += _pod_signs(run, saved, replica, "oom" in modes)
    view.signs[replica] = signs
    view.exposure[replica] = _exposure(run, saved, replica, view.faults)


def _scraped(run: Run, process: Process, view: View) -> int:
    process.net_end_s = min(process.end_s, run.plan.window_s)
    struck = [f for f in view.faults if process.replica.name in f.replicas]
    if not struck:
        return 0
    number = struck[0].id
    upstreams = {u for f in struck for u in f.upstreams}
    checks = sum(n for u, n in checks_failed(process).items() if u in upstreams)
    zone_only = any(f.zone for f in struck)
    view.named.update(u for u in upstreams if checks_failed(process)[u] and not zone_only)
    return (
        process.failed_by[number]
        + process.counts["answered by fault", str(number)]
        + (0 if zone_only else min(8, checks // 2))
    )


def _pod_signs(run: Run, saved: Saved, replica: str, oom: bool) -> int:
    status, restarts, _, reason, _ = pod_state(run, replica)
    events = 2 if saved.events and oom and reason == "OOMKilled" else 0
    if saved.pods is None or not restarts:
        return events
    if not oom:
        return 1 if status == "CrashLoopBackOff" else 0
    if (saved.pods == "json" and reason == "OOMKilled") or status == "OOMKilled":
        return 5 + events
    return events + (3 if status == "CrashLoopBackOff" else 2 if restarts > 2 else 1)


def _exposure(run: Run, saved: Saved, replica: str, faults: list[Fault]) -> int:
    spans, total = covered(run, saved, replica), 0
    for fault in faults:
        if fault.mode.startswith("api-"):
            total += _api_chances(run, replica, fault, spans)
        elif fault.mode in {"oom", "loop", "inotify", "cpu"}:
            total += 10 if spans or (saved.pods and fault.mode == "oom") else 0
        else:
            total += sum(_queries(p, fault, spans) for p in run.processes[replica])
    return total


def _queries(process: Process, fault: Fault, spans: list[tuple[float, float]]) -> int:
    zones = {b.zone for b in process.blocks if {p.address for p in b.proxies} & set(fault.upstreams)}
    return sum(
        zone in zones and fault.active(t) and fault.concerns(qname, qtype, proto) and any(a <= t < b for a, b in spans)
        for t, zone, qname, qtype, proto in process.forwarded
    )


def _api_chances(run: Run, replica: str, fault: Fault, spans: list[tuple[float, float]]) -> int:
    """Starts in the window show it at once; a running replica only when its watch breaks."""
    release, total = run.plan.release, 0
    needs = {"api-timeout": 130.0, "api-noroute": 130.0, "api-refused": 1e9}.get(fault.mode, 700.0)
    for process in run.processes[replica]:
        if any(a <= process.start_s < b for a, b in spans) and fault.active(process.start_s):
            total += 10
        for a, b in fault.windows:
            for c, d in spans:
                long = min(b, d, process.end_s) - max(a, c, process.start_s)
                silent = release.api_silent and fault.mode in {"api-timeout", "api-refused"}
                total += 10 if long > needs and not silent else 0
    return total


# -------------------------------------------------------------------------------------- places
def known_replicas(run: Run, saved: Saved) -> list[str]:
    """Replicas whose names the folder tells."""
    if saved.pods:
        return list(run.processes)
    if saved.framing == "merged":
        return []
    return [
        r for r in run.processes if saved.replicas[r].log and (saved.framing not in MERGED or kept_lines(run, saved, r))
    ]


def nameable(run: Run, saved: Saved) -> set[str]:
    """Kinds of places that the folder lets one name."""
    out = {"cluster", "replica"}
    if saved.pods:
        out.add("node")
        if (saved.subnets and (saved.nodes or saved.pods == "json")) or (
            saved.nodes == "json" and saved.networks_shown
        ):
            out.add("subnet")
        if saved.nodes and saved.zones_shown and all(r.node.az for r in run.plan.world.replicas):
            out.add("az")
    return out


def _scopes_ok(run: Run, saved: Saved, view: View) -> list[Scope]:
    """Every nameable place that holds all replicas that show the fault and none that was asked, is well and is silent.

    A replica that has the fault and stays silent by luck (a weak fault, retries) does not speak against a place.
    """
    known, shown = known_replicas(run, saved), view.shown_by
    mode = view.faults[0].mode
    if mode == "burst" or not shown:
        return []
    if len(known) < 2 and mode != "inotify":
        return []
    struck = {r for f in view.faults for r in f.replicas}
    silent = {r for r in known if r not in shown | struck and view.exposure[r] >= FAIR_CHANCE}
    out: list[Scope] = []
    for kind in NAMEABLE:
        if kind not in nameable(run, saved) or (mode == "inotify" and kind != "node"):
            continue
        for member, replicas in run.plan.world.members(kind).items():
            if shown <= set(replicas) and not silent & set(replicas):
                out.append({"kind": kind, "member": member})
    return out


def _scope(run: Run, view: View) -> Scope | None:
    """The true place if it can be named, else one with exactly the same replicas."""
    kind, member = view.faults[0].place
    if {"kind": kind, "member": member} in view.scopes_ok:
        return {"kind": kind, "member": member}
    for scope in view.scopes_ok:
        replicas = run.plan.world.members(str(scope["kind"]))[scope["member"]]
        if set(replicas) == set(view.faults[0].replicas):
            return scope
    return None


def _decidable(run: Run, view: View) -> str:
    if view.total < 2:
        return "no"
    wide = {"kind": "cluster", "member": None} in view.scopes_ok
    both = wide and len(view.scopes_ok) > 1
    lost = run.plan.release.api_reason == "lost" and view.faults[0].mode.startswith("api-")
    hard = (view.faults[0].zone is not None and run.plan.kind == "one-zone") or run.plan.kind in {
        "per-node-upstream",
        "tcp-blocked",
    }
    return "partly" if view.total < 5 or both or lost or hard else "yes"
