"""One CoreDNS process: cache, forward plugin, health checks, loop probes, errors and query log, counters."""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from bench.simulator.corefile import Settings, go_duration
from bench.simulator.faults import Network, Outcome
from bench.simulator.health import Clock, Proxy
from bench.simulator.lines import Asked, Line, errors_line, query_line, reason_text
from bench.simulator.releases import Release
from bench.simulator.world import Replica

DEADLINE_S = 5.0
SPIN_S = 0.03
"""A refused try returns at once and is repeated; one simulated try stands for this much spinning."""
SERVFAIL_CACHE_S = 5.0

Done = Callable[[float, str], None]
"""Called with the time and the rcode (`SERVFAIL` for a failed query, `TC` for a truncated answer)."""


@dataclass(slots=True)
class Query:
    asked: Asked
    arrived_s: float
    done: Done
    probe: bool = False
    order: list[Proxy] = field(default_factory=list)
    at: int = 0
    """Position in the walk over the list."""
    down_seen: int = 0
    tries: int = 0
    last: Outcome | None = None
    last_upstream: str = ""
    struck: int | None = None
    """The fault that hit one of its tries."""


@dataclass(slots=True)
class Block:
    """A server block with its forward and cache."""

    zone: str
    proxies: list[Proxy]
    policy: str
    max_concurrent: int
    cache_s: int
    cache: dict[tuple[str, str], tuple[float, str]] = field(default_factory=dict)
    robin: int = 0
    open: int = 0
    ends: list[float] = field(default_factory=list)

    def in_flight(self, t: float) -> int:
        while self.ends and self.ends[0] <= t:
            heapq.heappop(self.ends)
        return self.open + len(self.ends)


class Process:
    """One life of one replica."""

    def __init__(
        self,
        replica: Replica,
        start_s: float,
        release: Release,
        settings: Settings,
        net: Network,
        clock: Clock,
        rng: random.Random,
        known: dict[tuple[str, str], str],
        sizes: dict[str, int],
        services: frozenset[str],
    ) -> None:
        self.replica, self.start_s, self.end_s = replica, start_s, float("inf")
        self.release, self.settings, self.net, self.clock, self.rng = release, settings, net, clock, rng
        self.known, self.sizes, self.services = known, sizes, services
        self.lines: list[Line] = []
        self.counts: Counter[tuple[str, ...]] = Counter()
        self.failed_by: Counter[int] = Counter()
        self.net_end_s = float("inf")
        """Until when health checks are played; set before they are read."""
        self.forwarded: list[tuple[float, str, str, str, str]] = []
        """Time, block zone, qname, qtype, proto of every query that went to the forward plugin."""
        self.synced_from_s = start_s
        self.overload_fault: Callable[[float], int | None] = lambda t: None
        self._summary: tuple[float, Counter[int]] | None = None
        self.blocks: list[Block] = []
        self.restart_plugins()

    def restart_plugins(self) -> None:
        """Begin with empty caches and fresh health checks, as a start and a reload do."""
        self.counts.update(
            {("checks failed", p.address): p.failed_checks for b in self.blocks for p in b.proxies if p.failed_checks}
        )
        settings = self.settings
        upstreams = settings.explicit or self.replica.node.resolvers
        self.blocks = [self._block(".", upstreams, settings.policy, settings.max_concurrent, settings.cache_s)]
        if settings.stub:
            self.blocks.insert(0, self._block(settings.stub[0], settings.stub[1], "random", 0, 30))

    def _block(self, zone: str, upstreams: tuple[str, ...], policy: str, limit: int, cache_s: int) -> Block:
        proxies = [
            Proxy(u, self.replica.name, self.net, self.settings.max_fails if zone == "." else 2) for u in upstreams
        ]
        return Block(zone, proxies, policy, limit, cache_s)

    # -------------------------------------------------------------------------------------- one query
    def ask(self, query: Query) -> None:
        """A query arrives."""
        asked, t = query.asked, query.arrived_s
        if t >= self.end_s:
            return
        self.counts["type", asked.qtype if asked.qtype in {"A", "AAAA", "PTR", "HINFO"} else "other", asked.proto] += 1
        if asked.qname.endswith("cluster.local."):
            self._local(query, t)
            return
        block = next(b for b in self.blocks if b.zone == "." or asked.qname.endswith(b.zone))
        hit = block.cache.get((asked.qname, asked.qtype)) if block.cache_s else None
        if hit and hit[0] > t:
            self._cached(query, t, hit[1])
            return
        self.counts["misses",] += 1
        self._forward(query, block, t)

    def _local(self, query: Query, t: float) -> None:
        rcode = "NXDOMAIN"
        if t < self.synced_from_s:
            rcode = "SERVFAIL"
        elif query.asked.qname in self.services:
            rcode = "NOERROR" if query.asked.qtype == "A" else "NODATA"
        took = self.rng.uniform(0.00005, 0.0006)
        self._reply(query, t + took, rcode, "qr,aa,rd", took, "kubernetes")

    def _cached(self, query: Query, t: float, rcode: str) -> None:
        took, failed = self.rng.uniform(0.00003, 0.0002), rcode == "FAILED"
        flags = "qr,aa,rd,ra" if self.release.version < (1, 15, 0) else "qr,rd" if failed else "qr,rd,ra"
        self.counts["hits", "success" if rcode == "NOERROR" else "denial"] += 1
        self._reply(query, t + took, "SERVFAIL" if failed else rcode, flags, took, "cache")

    def _forward(self, query: Query, block: Block, t: float) -> None:
        self.forwarded.append((t, block.zone, query.asked.qname, query.asked.qtype, query.asked.proto))
        if block.max_concurrent and block.in_flight(t) >= block.max_concurrent:
            self._reject(query, block, t)
            return
        query.order = self._order(block)
        block.open += 1
        self._walk(query, block, t)

    def _order(self, block: Block) -> list[Proxy]:
        proxies = block.proxies
        if block.policy == "random":
            return self.rng.sample(proxies, len(proxies))
        if block.policy == "round_robin":
            block.robin = (block.robin + 1) % len(proxies)
            i = block.robin
            return [proxies[i], *proxies[:i], *proxies[i + 1 :]]
        return proxies

    def _walk(self, query: Query, block: Block, t: float) -> None:
        """Try upstreams until one answers; a try that takes long goes on later, at its own time."""
        release = self.release
        while t - query.arrived_s < DEADLINE_S:
            if release.caps_attempts and query.tries >= 2 * len(query.order):
                break
            if query.at >= len(query.order):
                query.at = query.down_seen = 0
            proxy = query.order[query.at]
            query.at += 1
            if proxy.down(t):
                query.down_seen += 1
                if query.down_seen < len(query.order):
                    continue
                proxy = self.rng.choice(block.proxies)
                self.counts["broken",] += 1
            query.tries += 1
            out = self._try(query, proxy, t)
            if out.rcode is not None:
                self._answered(query, block, proxy, t, out)
                return
            spins = not release.caps_attempts and query.down_seen < len(query.order)
            wait = max(out.after_s, SPIN_S) if spins else out.after_s
            if wait > 0.1:
                wait += self.rng.uniform(0.0001, 0.003)
                self.clock.at(t + wait, partial(self._resume, query, block, proxy))
                return
            t += wait
            if self._broken(query, proxy, t):
                break
        self._failed(query, block, t)

    def _resume(self, query: Query, block: Block, proxy: Proxy, t: float) -> None:
        if t >= self.end_s:
            return
        if self._broken(query, proxy, t):
            self._failed(query, block, t)
        else:
            self._walk(query, block, t)

    def _broken(self, query: Query, proxy: Proxy, t: float) -> bool:
        """After a failed try: was it the one random try that is left when all are down?"""
        proxy.failed(t)
        return query.down_seen >= len(query.order)

    def _try(self, query: Query, proxy: Proxy, t: float) -> Outcome:
        asked = query.asked
        out = self.net.exchange(self.replica.name, proxy.address, t, asked.qname, asked.qtype, asked.proto)
        if out.error == "dial":
            out.after_s = proxy.dial_timeout_s
        proxy.dialled(out.after_s if out.error == "dial" else 0.0002)
        self.counts["tries", proxy.address, asked.proto] += 1
        if out.fault is not None and out.fault >= 0:
            query.struck = out.fault
        if out.rcode is None:
            query.last, query.last_upstream = out, proxy.address
        return out

    def _answered(self, query: Query, block: Block, proxy: Proxy, t: float, out: Outcome) -> None:
        asked = query.asked
        rcode = out.rcode or self.known.get((asked.qname, asked.qtype), "NXDOMAIN")
        size = self.sizes.get(asked.qname, 0)
        if rcode == "NOERROR" and asked.proto == "udp" and size > 1232 and asked.qtype == "A":
            rcode = "TC"
        block.open -= 1
        if out.after_s > 0.05 and block.max_concurrent:
            heapq.heappush(block.ends, t + out.after_s)
        self.counts["answered", proxy.address, {"NODATA": "NOERROR", "TC": "NOERROR"}.get(rcode, rcode)] += 1
        fault = out.fault if out.answered_by_fault and out.fault is not None and out.fault >= 0 else None
        if fault is not None:
            self.counts["answered by fault", str(fault)] += 1
        if rcode != "TC" and block.cache_s:
            seconds = (
                SERVFAIL_CACHE_S
                if rcode in {"SERVFAIL", "REFUSED"}
                else min(block.cache_s, 30 if block.cache_s <= 30 else 60)
            )
            block.cache[asked.qname, asked.qtype] = (t + out.after_s + seconds, rcode)
        done = t + out.after_s
        self._reply(
            query, done, rcode, "qr,tc,rd,ra" if rcode == "TC" else "qr,rd,ra", done - query.arrived_s, "forward", fault
        )

    # -------------------------------------------------------------------------------------- what is said
    def _reply(
        self, query: Query, t: float, rcode: str, flags: str, took_s: float, plugin: str, fault: int | None = None
    ) -> None:
        shown = {"NODATA": "NOERROR", "TC": "NOERROR"}.get(rcode, rcode)
        self.counts["rcode", shown, plugin] += 1
        if self._logs(rcode):
            asked = query.asked
            size = {"NOERROR": 46 + len(asked.qname), "NODATA": 80, "NXDOMAIN": 76, "TC": 0}.get(rcode, 0) + asked.size
            signs = ((fault, 1),) if fault is not None else ()
            hints = ((query.struck, 1),) if query.struck is not None and took_s > 1.9 else ()
            self.lines.append(query_line(t, asked, shown, flags, size, took_s, signs, hints))
        query.done(t, rcode)

    def _logs(self, rcode: str) -> bool:
        log = self.settings.query_log
        if log in {"off", "all"}:
            return log == "all"
        kind = "denial" if rcode in {"NXDOMAIN", "NODATA"} else "success" if rcode in {"NOERROR", "TC"} else "error"
        return kind in log

    def _reject(self, query: Query, block: Block, t: float) -> None:
        fault = self.overload_fault(t)
        self.counts["rejects",] += 1
        rcode = 5 if self.release.version >= (1, 8, 1) else 2
        self._unanswered(query, t, rcode, f"concurrent queries exceeded maximum {block.max_concurrent}", fault)

    def _failed(self, query: Query, block: Block, t: float) -> None:
        block.open -= 1
        if self.release.caches_failures and block.cache_s:
            block.cache[query.asked.qname, query.asked.qtype] = (t + SERVFAIL_CACHE_S, "FAILED")
        last = query.last
        if last is None:
            reason, fault = "no healthy proxies", None
        else:
            reason = reason_text(
                last.error, self.replica.ip, self.rng.randint(32768, 60999), query.last_upstream, self.release
            )
            fault = last.fault
        self._unanswered(query, t, 2, reason, fault)

    def _unanswered(self, query: Query, t: float, rcode: int, reason: str, fault: int | None) -> None:
        asked, release, name = query.asked, self.release, "SERVFAIL" if rcode == 2 else "REFUSED"
        signs = ((fault, 1),) if fault is not None else ()
        if fault is not None:
            self.failed_by[fault] += 1
        self.counts["rcode", name if release.version >= (1, 8, 5) else "NOERROR", ""] += 1
        if self._logs(name):
            shown, flags, size = {
                "servfail": (name, "qr,rd", asked.size),
                "noerror": ("NOERROR", "-", 0),
                "dash": ("-", "-", 0),
            }[release.failed_look]
            self.lines.append(
                query_line(
                    t, asked, shown, flags, size, t - query.arrived_s + 1e-5, () if self.settings.errors else signs, ()
                )
            )
        if self.settings.errors:
            self._error(errors_line(t + self.rng.uniform(1e-5, 9e-5), rcode, asked.qname, asked.qtype, reason, signs))
        query.done(t, name)

    def _error(self, line: Line) -> None:
        period = self.settings.consolidate_s
        if not period or not line.text.endswith("i/o timeout"):
            self.lines.append(line)
            return
        if self._summary is None:
            self._summary = (line.at_s, Counter())
            self.clock.at(line.at_s + period, self._summarise)
        for fault, weight in line.signs or ((-1, 1),):
            self._summary[1][fault] += weight

    def _summarise(self, t: float) -> None:
        if self._summary is None or t >= self.end_s:
            return
        counts, self._summary = self._summary[1], None
        period = go_duration(self.settings.consolidate_s)
        text = f"[ERROR] plugin/errors: {counts.total()} errors like '.* i/o timeout$' occurred in last {period}"
        self.lines.append(Line(t, text, tuple(counts.items())))

    # -------------------------------------------------------------------------------------- loop probes
    def probe(self, t: float) -> None:
        """Ask oneself `HINFO` until any reply comes, for at most 30 seconds."""
        name = f"{self.rng.randrange(10**15, 9 * 10**18)}.{self.rng.randrange(10**15, 9 * 10**18)}."
        self._probe_again(name, t, t)

    def _probe_again(self, name: str, began: float, t: float) -> None:
        state: list[str] = []

        def done(at: float, rcode: str) -> None:
            if at <= t + 2.0:
                state.append(rcode)

        def later(at: float) -> None:
            if not state and at - began < 30 and at < self.end_s:
                self._probe_again(name, began, at)

        asked = Asked(
            "127.0.0.1", self.rng.randint(32768, 60999), self.rng.randint(1, 65535), "HINFO", name, "udp", 512
        )
        self.ask(Query(asked, t, done, probe=True))
        if not state:
            self.clock.at(t + 3.0, later)
