"""What somebody saved of it all: most evidence is lost on the way, in the ways in which people lose it."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass

from bench.simulator import dice
from bench.simulator.coredns import Process
from bench.simulator.engine import Run
from bench.simulator.lines import Line

KUBELET_TEXT = "failed to create fsnotify watcher: too many open files"
MERGED = {"prefix", "prefix-timestamps", "merged", "stern"}
NAMED = {"plain", "timestamps", "cri", "docker"}
"""One file a replica."""
CLOCKED = {"timestamps", "prefix-timestamps", "cri", "docker"}


@dataclass(frozen=True, slots=True)
class Kept:
    """What is left of one replica."""

    log: bool
    from_s: float
    """The stored log reaches back to here."""
    tail: int | None
    previous: bool
    """The log of the life before the last is there, too."""
    cut: bool
    """The stream ends with the kubelet's inotify text."""
    scrape: bool


@dataclass(frozen=True, slots=True)
class Saved:
    framing: str
    json_lines: bool
    """CoreDNS itself prints JSON (1.15.0 and later)."""
    interleaved: bool
    zone: dt.timezone
    pods: str | None
    """txt, json or None; likewise nodes."""
    nodes: str | None
    zones_shown: bool
    """The node list tells availability zones."""
    networks_shown: bool
    """Nodes carry an annotation with address and prefix length."""
    subnets: bool
    corefile: str | None
    """Corefile, coredns.yaml or None."""
    resolv_confs: tuple[str, ...]
    """Nodes whose resolv.conf is there."""
    events: bool
    replicas: dict[str, Kept]


def draw_saved(rng: random.Random, run: Run) -> Saved:
    """How carefully the evidence was gathered, and what of it went missing."""
    plan = run.plan
    care = dice.weighted(rng, {"all": 2.5, "some": 5.5, "little": 2.0})
    p = {"all": 0.95, "some": 0.6, "little": 0.15}[care]
    framing = dice.weighted(
        rng,
        {
            "plain": 6.0,
            "timestamps": 6.0,
            "prefix": 2.2,
            "prefix-timestamps": 1.3,
            "merged": 0.8,
            "cri": 1.5,
            "docker": 0.8,
            "stern": 1.0,
        },
    )
    names = sorted({r.node.name for r in plan.world.replicas})
    return Saved(
        framing=framing,
        json_lines=plan.release.version >= (1, 15, 0) and rng.random() < 0.25,
        interleaved=rng.random() < 0.4,
        zone=dt.timezone(dt.timedelta(minutes=dice.weighted(rng, {0: 8.0, 60: 1.0, 120: 1.0, 330: 0.3, -300: 0.4}))),
        pods=rng.choice(("txt", "txt", "json")) if rng.random() < p + 0.05 else None,
        nodes=rng.choice(("txt", "json")) if rng.random() < p else None,
        zones_shown=rng.random() < 0.7,
        networks_shown=not plan.world.dist.cloud and rng.random() < 0.25,
        subnets=rng.random() < p * 0.85,
        corefile=rng.choice(("Corefile", "coredns.yaml")) if rng.random() < p else None,
        resolv_confs=tuple(names if care == "all" else dice.some(rng, names)) if rng.random() < p * 0.5 else (),
        events=rng.random() < p * 0.5,
        replicas=_kept(rng, run, care),
    )


def _kept(rng: random.Random, run: Run, care: str) -> dict[str, Kept]:
    plan, out = run.plan, dict[str, Kept]()
    cut_all = (
        plan.settings.query_log == "all" or any(a < 0 for f in plan.faults for a, _ in f.windows) or rng.random() < 0.3
    )
    lossy = care != "all" and rng.random() < 0.35
    scraped = rng.random() < (0.4 if care == "all" else 0.2)
    tail = dice.weighted(rng, {None: 16.0, 10: 0.5, 50: 0.6, 200: 1.5, 500: 1.0})
    inotify = {r for f in plan.faults if f.mode == "inotify" for r in f.replicas}
    for name in run.processes:
        rotated = rng.random() < 0.06
        since = rng.uniform(0, 0.75) * plan.window_s if rotated else 0.0 if cut_all else float("-inf")
        has_log = not (lossy and rng.random() < 0.35)
        out[name] = Kept(
            has_log,
            since,
            tail,
            rng.random() < 0.5,
            name in inotify and rng.random() < 0.92,
            scraped and rng.random() < 0.9,
        )
    if not any(k.log for k in out.values()):
        name = rng.choice(sorted(out))
        old = out[name]
        out[name] = Kept(True, old.from_s, old.tail, old.previous, old.cut, old.scrape)
    return out


def last_life(run: Run, replica: str) -> Process | None:
    """The process whose log `kubectl logs` shows."""
    started = [p for p in run.processes[replica] if p.start_s < run.plan.window_s]
    return started[-1] if started else None


def kept_lines(run: Run, saved: Saved, replica: str) -> list[Line]:
    """The lines of the current log that were saved."""
    kept, process = saved.replicas[replica], last_life(run, replica)
    if not kept.log or process is None:
        return []
    lines = [line for line in process.lines if kept.from_s <= line.at_s < run.plan.window_s]
    return lines[-kept.tail :] if kept.tail else lines


def previous_lines(run: Run, saved: Saved, replica: str) -> list[Line]:
    """The lines of the life before, where somebody thought of `--previous`."""
    kept = saved.replicas[replica]
    if not (kept.log and kept.previous) or saved.framing in MERGED:
        return []
    started = [p for p in run.processes[replica] if p.start_s < run.plan.window_s]
    if len(started) < 2:
        return []
    lines = [line for line in started[-2].lines if kept.from_s <= line.at_s]
    return lines[-kept.tail :] if kept.tail else lines


def covered(run: Run, saved: Saved, replica: str) -> list[tuple[float, float]]:
    """The seconds that the saved log, or the scrape, speaks about."""
    process, kept = last_life(run, replica), saved.replicas[replica]
    if process is None:
        return []
    end, out = min(process.end_s, run.plan.window_s), list[tuple[float, float]]()
    if kept.scrape and run.plan.release.families != "old":
        out.append((process.start_s, end))
    elif kept.log:
        lines = kept_lines(run, saved, replica)
        begin = max(process.start_s, kept.from_s)
        out.append((lines[0].at_s if kept.tail and len(lines) == kept.tail else begin, end))
    if previous_lines(run, saved, replica):
        started = [p for p in run.processes[replica] if p.start_s < run.plan.window_s]
        out.append((max(started[-2].start_s, kept.from_s), started[-2].end_s))
    return out
