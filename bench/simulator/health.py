"""The order of events, and one upstream with its health checks as one process sees it."""

from __future__ import annotations

import heapq
from collections.abc import Callable

from bench.simulator.faults import Network

CHECK_PAUSE_S = 0.504
"""Half a second and what sockets and timers cost: a query that follows the first failed one still finds it up."""


class Clock:
    """Events in the order of their times."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Callable[[float], None]]] = []
        self._count = 0

    def at(self, t: float, action: Callable[[float], None]) -> None:
        """Run the action at this time."""
        self._count += 1
        heapq.heappush(self._heap, (t, self._count, action))

    def run(self, until: float) -> None:
        """Run everything that happens before this time; what is left is never done."""
        while self._heap and self._heap[0][0] < until:
            t, _, action = heapq.heappop(self._heap)
            action(t)


class Proxy:
    """One upstream as one process sees it, with its health checks (run on demand, exact in time)."""

    def __init__(self, address: str, replica: str, net: Network, max_fails: int) -> None:
        self.address = address
        self.fails = 0
        self.failed_checks = 0
        self._replica, self._net, self._max_fails = replica, net, max_fails
        self._next: float | None = None
        self._running: tuple[float, bool] | None = None
        self.dial_s = 15.0
        """Average dial time, from which the dial time-out follows."""

    def failed(self, t: float) -> None:
        """A query failed: start checking, unless checks are off or under way."""
        if self._max_fails and self._next is None and self._running is None:
            self._next = t

    def down(self, t: float) -> bool:
        """Is it marked down at this time?"""
        while self._advance(t):
            pass
        return bool(self._max_fails) and self.fails > self._max_fails

    def _advance(self, t: float) -> bool:
        if self._running is not None:
            end, good = self._running
            if end > t:
                return False
            self._running = None
            self.fails = 0 if good else self.fails + 1
            self.failed_checks += not good
            self._next = None if good else end + CHECK_PAUSE_S
            return True
        if self._next is None or self._next > t:
            return False
        good, took, same_until = self._net.check(self._replica, self.address, self._next)
        skip = int((min(t, same_until) - self._next) / (took + CHECK_PAUSE_S)) - 2 if same_until > self._next else 0
        if not good and skip > 0:
            self.fails += skip
            self.failed_checks += skip
            self._next += skip * (took + CHECK_PAUSE_S)
        self._running = (self._next + took, good)
        return True

    def dialled(self, took_s: float) -> None:
        self.dial_s += (took_s - self.dial_s) / 4

    @property
    def dial_timeout_s(self) -> float:
        return min(30.0, max(1.0, 2 * self.dial_s))
