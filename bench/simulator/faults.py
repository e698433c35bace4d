"""What can be wrong: records of faults, and how the network treats a query while they last."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field

Interval = tuple[float, float]
"""Seconds from the beginning of the window; the end may be infinite."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. Faults with a negative `id` are noise: never a cause to find."""

    id: int
    mode: str
    """drop, refused, noroute, netdown, hostdown, perm, slow, rcode, nxdomain, tls, tcp (blocked);
    api-…, loop, oom, cpu, inotify, burst."""
    place: tuple[str, str | None]
    """Kind and member; ("cluster", None) for all."""
    replicas: frozenset[str]
    causes: tuple[str, ...]
    """Acceptable causes, the best first."""
    upstreams: tuple[str, ...] = ()
    windows: tuple[Interval, ...] = ((float("-inf"), float("inf")),)
    rate: float = 1.0
    """Share of the exchanges that it hits."""
    zone: str | None = None
    qtypes: tuple[str, ...] = ()
    detail: str = ""
    """Text of an error, rcode, or reason of the API server's failure, as `mode` needs it."""
    delay_s: float = 0.0
    icmp_limited: bool = False
    """The host limits its ICMP errors, so some of the tries time out."""

    def active(self, t: float) -> bool:
        return any(a <= t < b for a, b in self.windows)

    def ends_after(self, t: float) -> float:
        """End of the interval that holds t."""
        return next((b for a, b in self.windows if a <= t < b), t)

    def concerns(self, qname: str, qtype: str, proto: str) -> bool:
        if self.mode == "tcp" and proto != "tcp":
            return False
        return (self.zone is None or qname.endswith(self.zone)) and (not self.qtypes or qtype in self.qtypes)


@dataclass(slots=True)
class Outcome:
    """What became of one exchange with an upstream."""

    after_s: float
    rcode: str | None
    """None when nothing was answered."""
    error: str = ""
    """Kind of the error when nothing was answered: timeout, refused, noroute, netdown, perm, dial, tls text."""
    fault: int | None = None
    answered_by_fault: bool = False
    """True when an answer came, but a fault made it (an rcode, NXDOMAIN of the wrong resolver)."""


TIMEOUT_S = 2.0
ICMP_BURST = 6.0
"""Linux lets so many ICMP errors through at once and one a second after that, per destination (icmp_ratelimit)."""
FAST = {"refused": "refused", "noroute": "noroute", "perm": "perm", "netdown": "netdown"}


@dataclass(slots=True)
class Network:
    """Between replicas and upstreams: latency, loss, and the faults."""

    faults: tuple[Fault, ...]
    rng: random.Random
    latency_s: dict[str, float]
    """Median per upstream."""
    loss: float
    lame: frozenset[str]
    """Names that no resolver answers in time."""
    soft_icmp: bool
    _by_pair: dict[tuple[str, str], list[Fault]] = field(default_factory=lambda: defaultdict(list))
    _icmp: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for fault in self.faults:
            for replica in fault.replicas:
                for upstream in fault.upstreams:
                    self._by_pair[replica, upstream].append(fault)

    def exchange(self, replica: str, upstream: str, t: float, qname: str, qtype: str, proto: str) -> Outcome:
        """One try to get an answer; the rcode "" means: whatever the name has."""
        for fault in self._by_pair.get((replica, upstream), ()):
            if (
                fault.active(t)
                and fault.concerns(qname, qtype, proto)
                and (fault.rate >= 1 or self.rng.random() < fault.rate)
            ):
                hit = self._strike(fault, replica, upstream, t, proto)
                if hit is not None:
                    return hit
        if (self.loss and self.rng.random() < self.loss) or qname in self.lame:
            return Outcome(TIMEOUT_S, None, "timeout")
        return Outcome(self.latency_s[upstream] * self.rng.lognormvariate(0, 0.7) + 0.0002, "")

    def _strike(self, fault: Fault, replica: str, upstream: str, t: float, proto: str) -> Outcome | None:
        rng = self.rng
        match fault.mode:
            case "drop":
                return Outcome(TIMEOUT_S, None, "timeout", fault.id)
            case "tcp":
                return Outcome(TIMEOUT_S, None, "dial", fault.id)
            case "refused" | "noroute" | "perm" | "netdown":
                return self._refuse(fault, replica, upstream, t)
            case "hostdown":
                return (
                    Outcome(3.0, None, "noroute", fault.id)
                    if self.soft_icmp
                    else Outcome(TIMEOUT_S, None, "timeout", fault.id)
                )
            case "slow":
                delay = fault.delay_s * rng.lognormvariate(0, 0.45)
                return (
                    Outcome(TIMEOUT_S, None, "timeout", fault.id)
                    if delay >= TIMEOUT_S
                    else Outcome(delay, "", fault=fault.id)
                )
            case "rcode":
                return Outcome(
                    self.latency_s[upstream] * rng.lognormvariate(0, 0.5) + fault.delay_s,
                    fault.detail,
                    fault=fault.id,
                    answered_by_fault=True,
                )
            case "nxdomain":
                return Outcome(
                    self.latency_s[upstream] * rng.lognormvariate(0, 0.5),
                    "NXDOMAIN",
                    fault=fault.id,
                    answered_by_fault=True,
                )
            case "tls":
                return Outcome(rng.uniform(0.002, 0.04), None, f"tls {fault.detail}", fault.id)
        return None

    def _refuse(self, fault: Fault, replica: str, upstream: str, t: float) -> Outcome:
        if fault.icmp_limited:
            last, tokens = self._icmp.get((replica, upstream), (t, ICMP_BURST))
            tokens = min(ICMP_BURST, tokens + t - last)
            self._icmp[replica, upstream] = (t, max(tokens - 1, 0.0) if tokens >= 1 else tokens)
            if tokens < 1:
                return Outcome(TIMEOUT_S, None, "timeout", fault.id)
        return Outcome(self.rng.uniform(0.0003, 0.01), None, FAST[fault.mode], fault.id)

    def check(self, replica: str, upstream: str, t: float) -> tuple[bool, float, float]:
        """A health check: did it succeed, how long did it take, until when is the result the same (t if unknown)."""
        for fault in self._by_pair.get((replica, upstream), ()):
            if fault.zone or fault.qtypes or not fault.active(t) or fault.mode in {"rcode", "nxdomain", "tcp"}:
                continue
            if (fault.mode == "slow" and fault.delay_s < 1.0) or self.rng.random() >= fault.rate:
                continue
            took = 1.0 if fault.mode in {"drop", "hostdown", "slow"} else 0.003
            return False, took, fault.ends_after(t) if fault.rate >= 1 and fault.mode != "slow" else t
        if self.rng.random() < self.loss:
            return False, 1.0, t
        return True, self.latency_s[upstream], t
