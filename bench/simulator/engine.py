"""Runs a plan: look-ups of clients against processes of replicas, second by second, until the evidence is gathered."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import partial

from bench.simulator import apiserver, lines
from bench.simulator.coredns import Process, Query
from bench.simulator.corefile import Settings
from bench.simulator.faults import Fault, Network
from bench.simulator.health import Clock
from bench.simulator.lines import Asked, Line
from bench.simulator.releases import Release
from bench.simulator.traffic import Arrival, Traffic, known_answers
from bench.simulator.world import World


@dataclass(frozen=True, slots=True)
class Life:
    """One life of a container."""

    start_s: float
    end_s: float = float("inf")
    ends_by: str = ""
    """sigterm, oom, loop; empty while it runs."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is decided before the first query."""

    kind: str
    flavour: str
    world: World
    release: Release
    settings: Settings
    epoch_s: float
    """Time of second 0, the beginning of the window."""
    window_s: float
    """The evidence is gathered at this second."""
    faults: tuple[Fault, ...]
    noise: tuple[Fault, ...]
    traffic: Traffic
    lives: dict[str, tuple[Life, ...]]
    reloads: tuple[float, ...] = ()
    latency_s: dict[str, float] | None = None
    loss: float = 0.0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    plan: Plan
    processes: dict[str, list[Process]]
    """Per replica, oldest life first."""


class _Lookup:
    """One look-up of an application: the search list, attempts, time-outs, and perhaps another go."""

    def __init__(self, simulation: Simulation, arrival: Arrival, tries_left: int) -> None:
        self.simulation, self.arrival, self.tries_left = simulation, arrival, tries_left
        self.step = self.attempt = self.round = self.pending = 0
        self.rcodes: list[str] = []
        rng = simulation.rng
        self.process = simulation.choose(arrival)
        self.port, self.id = rng.randint(32768, 60999), rng.randint(1, 65535)
        self.bufsize = 1232 if rng.random() < 0.15 else 512

    def send(self, t: float) -> None:
        steps = self.arrival.steps
        while self.step < len(steps) and self.simulation.skips(steps[self.step][0]):
            if self.process is not None:
                self.process.counts["rcode", "NXDOMAIN", "kubernetes"] += len(steps[self.step][1])
            self.step += 1
        if self.process is None or self.step >= len(steps):
            return
        self.round += 1
        qname, types = steps[self.step]
        self.pending, self.rcodes = len(types), []
        now = self.round
        for i, qtype in enumerate(types):
            asked = Asked(
                self.arrival.client.ip, self.port, (self.id + i * 257) % 65536, qtype, qname, "udp", self.bufsize
            )
            self.process.ask(Query(asked, t + 0.0001 * i, partial(self.done, now, asked)))
        if self.round == now and self.pending:
            self.simulation.clock.at(t + 5.0, partial(self.timeout, now))

    def done(self, now: int, asked: Asked, t: float, rcode: str) -> None:
        if now != self.round or self.process is None:
            return
        if rcode == "TC":
            over_tcp = Asked(asked.client, asked.port + 1, asked.id, asked.qtype, asked.qname, "tcp", 65535)
            self.process.ask(Query(over_tcp, t, partial(self.done, now, over_tcp)))
            return
        self.pending -= 1
        self.rcodes.append(rcode)
        if self.pending == 0:
            self.simulation.clock.at(t, partial(self.next, now))

    def next(self, now: int, t: float) -> None:
        if now != self.round or "NOERROR" in self.rcodes:
            return
        failed = "SERVFAIL" in self.rcodes or "REFUSED" in self.rcodes
        self._go_on(t, failed)

    def timeout(self, now: int, t: float) -> None:
        if now == self.round and self.pending:
            self._go_on(t, failed=True)

    def _go_on(self, t: float, failed: bool) -> None:
        if failed and self.attempt == 0:
            self.attempt = 1
        else:
            self.attempt = 0
            self.step += 1
            if failed and self.simulation.rng.random() < 0.4:
                self.step = len(self.arrival.steps)
        if self.step < len(self.arrival.steps):
            self.send(t)
        elif failed and self.tries_left:
            self.simulation.clock.at(
                t + self.simulation.rng.uniform(1, 15),
                partial(self.simulation.look_up, self.arrival, self.tries_left - 1),
            )


class Simulation:
    """All processes and clients of one plan."""

    def __init__(self, plan: Plan, rng: random.Random) -> None:
        self.plan, self.rng, self.clock = plan, rng, Clock()
        upstreams = (
            {u for r in plan.world.replicas for u in r.node.resolvers}
            | set(plan.settings.explicit)
            | set(plan.settings.stub[1] if plan.settings.stub else ())
        )
        latency = plan.latency_s or {}
        self.net = Network(
            plan.faults + plan.noise,
            rng,
            {u: latency.get(u, 0.01) for u in sorted(upstreams)},
            plan.loss,
            plan.traffic.lame,
            plan.release.soft_icmp,
        )
        self.known = known_answers(plan.traffic.names)
        self.sizes = {n.qname: n.size for n in plan.traffic.names}
        self.services = frozenset(plan.traffic.services)
        self.processes = {
            r.name: [self._process(r.name, life) for life in plan.lives[r.name]] for r in plan.world.replicas
        }
        self._weights = [plan.traffic.weights[r.name] for r in plan.world.replicas]

    def run(self) -> Run:
        """Play the whole window."""
        for arrival in self.plan.traffic.arrivals:
            again = 2 if self.rng.random() < 0.35 and arrival.name.qname not in self.net.lame else 0
            self.clock.at(arrival.at_s, partial(self.look_up, arrival, again))
        for moment in self.plan.reloads:
            self.clock.at(moment, self._reload)
        self.clock.run(self.plan.window_s)
        for replica, processes in self.processes.items():
            for process in processes:
                self._api(replica, process)
                process.lines.sort(key=lambda line: line.at_s)
                process.lines = [
                    line for line in process.lines if line.at_s < min(process.end_s, self.plan.window_s) + 30
                ]
        return Run(self.plan, self.processes)

    def look_up(self, arrival: Arrival, tries_left: int, t: float) -> None:
        """A client begins a look-up."""
        _Lookup(self, arrival, tries_left).send(t)

    def choose(self, arrival: Arrival) -> Process | None:
        """The process that kube-proxy sends this client to."""
        replicas = self.plan.world.replicas
        pinned = arrival.client.pinned
        if pinned is not None and (alive := self._alive(pinned, arrival.at_s)):
            return alive
        for name in self.rng.choices([r.name for r in replicas], self._weights, k=4):
            if alive := self._alive(name, arrival.at_s):
                return alive
        return None

    def skips(self, qname: str) -> bool:
        """Names of the cluster leave no trace without a query log of all classes: they are only counted."""
        return self.plan.settings.query_log in {"off", "error"} and qname.endswith("cluster.local.")

    def _alive(self, replica: str, t: float) -> Process | None:
        return next((p for p in self.processes[replica] if p.start_s + 1 <= t < p.end_s), None)

    # -------------------------------------------------------------------------------------- lives
    def _process(self, replica: str, life: Life) -> Process:
        plan = self.plan
        process = Process(
            plan.world.replica(replica),
            life.start_s,
            plan.release,
            plan.settings,
            self.net,
            self.clock,
            self.rng,
            self.known,
            self.sizes,
            self.services,
        )
        process.end_s = life.end_s
        process.overload_fault = self._overloaded
        process.synced_from_s = apiserver.synced_from(plan.faults + plan.noise, replica, life.start_s)
        self._start(process, life)
        return process

    def _start(self, process: Process, life: Life) -> None:
        plan, name = self.plan, process.replica.name
        delay = apiserver.sync_delay(plan.faults + plan.noise, name, life.start_s, self.rng)
        zones = (".", *([plan.settings.stub[0]] if plan.settings.stub else []))
        key = f"{plan.epoch_s} {sum(m < life.start_s for m in plan.reloads)}"
        patterns = plan.settings.imports
        process.lines += lines.import_warnings(life.start_s, patterns)
        process.lines += lines.banner(
            life.start_s, plan.release, plan.world.dist.port, zones, lines.config_hash(plan.release, key), delay
        )
        listening = process.lines[-1].at_s
        if life.ends_by == "loop":
            query = f"{self.rng.randrange(10**17, 10**18)}.{self.rng.randrange(10**17, 10**18)}."
            process.lines.append(
                lines.loop_line(listening + 0.02, plan.release, plan.world.dist.port, query, self._loop_fault(name))
            )
        elif plan.settings.loop and (life.start_s >= -120 or self._struck_at(name, life.start_s)):
            self.clock.at(listening + 0.02, process.probe)
        if life.ends_by == "sigterm":
            process.lines += lines.stop_lines(life.end_s - 5.1, plan.settings.lameduck_s)
        if patterns and life.ends_by != "loop":
            process.lines += self._ticks(process, patterns)

    def _ticks(self, process: Process, patterns: tuple[str, ...]) -> list[Line]:
        """Import warnings at each tick of `reload`, in the window (and a while before, in the log as it is kept)."""
        tick, out = 30 + self.rng.uniform(0, 15), list[Line]()
        t = max(process.start_s, -600.0) + tick
        while t < min(process.end_s, self.plan.window_s) and len(out) < 400:
            out += lines.import_warnings(t, patterns)
            t += tick
        return out

    def _struck_at(self, replica: str, t: float) -> bool:
        return any(replica in f.replicas and f.active(t) for f in self.plan.faults + self.plan.noise)

    def _loop_fault(self, replica: str) -> int:
        return next((f.id for f in self.plan.faults if f.mode == "loop" and replica in f.replicas), -1)

    def _overloaded(self, t: float) -> int | None:
        return next((f.id for f in self.plan.faults if f.mode == "burst" and f.active(t)), None)

    def _reload(self, t: float) -> None:
        for processes in self.processes.values():
            for process in processes:
                if process.start_s < t < process.end_s:
                    self.clock.at(t + self.rng.uniform(0, 45), partial(self._reload_one, process))

    def _reload_one(self, process: Process, t: float) -> None:
        plan = self.plan
        if t >= process.end_s:
            return
        new = lines.config_hash(plan.release, f"{plan.epoch_s} {sum(m < t for m in plan.reloads)}")
        printed = lines.reload_lines(t, plan.release, plan.settings.lameduck_s, new)
        process.lines += printed
        process.restart_plugins()
        if plan.settings.loop:
            self.clock.at(printed[-1].at_s + 0.02, process.probe)

    def _api(self, replica: str, process: Process) -> None:
        plan = self.plan
        life = (process.start_s, min(process.end_s, plan.window_s))
        process.lines += apiserver.api_lines(
            plan.faults + plan.noise,
            replica,
            life,
            plan.release,
            plan.settings,
            f"{plan.world.api}:443",
            plan.epoch_s,
            self.rng,
        )
