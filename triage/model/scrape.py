"""A reading of a replica's `/metrics`: counters since its process started, under one name for all CoreDNS versions."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from triage.model.observation import Citation


class RequestCount(Struct, frozen=True):
    """Queries that reached a server block (counted by plugin `prometheus`)."""

    server: str
    """Listener, `dns://:53`."""
    zone: str
    proto: str | None
    qtype: str | None
    """None where the version counts types apart from protocols (before 1.7.0)."""
    count: int


class ResponseCount(Struct, frozen=True):
    """Answers of a server block by rcode.

    Failed queries (nothing answered) count as NOERROR until 1.8.4, as SERVFAIL or REFUSED from 1.8.5.
    """

    server: str
    zone: str
    rcode: str
    plugin: str | None
    """Who answered (1.8.7 and later); empty: CoreDNS itself, for want of an answer; None: not told."""
    count: int


class UpstreamCounters(Struct, frozen=True):
    """Everything that is counted for one upstream."""

    upstream: str
    """`ip:port`, IPv6 in brackets."""
    answered: Mapping[str, int] = field(default_factory=dict)
    """Answered exchanges by rcode; `?` when the version does not tell it. Unanswered tries are in none of them."""
    healthcheck_failures: int = 0
    tries: Mapping[str, int] = field(default_factory=dict)
    """Tries by protocol: connections from the cache plus new ones. Empty where nobody counts them (before 1.7.1)."""
    dials: Mapping[str, int] = field(default_factory=dict)
    """New connections by protocol; tries after a failure are always new ones."""
    duration_s: float | None = None
    """Sum over answered exchanges."""
    buckets: Mapping[float, int] = field(default_factory=dict)
    """Upper bound in s → answered exchanges that took at most as long."""
    citation: Citation | None = None
    """The health check's line if it counts failures, else the first line that names the upstream."""

    @property
    def n_answered(self) -> int:
        """Answered exchanges of all rcodes."""
        return sum(self.answered.values())

    @property
    def n_tries(self) -> int:
        """Tries of all protocols."""
        return sum(self.tries.values())


class ApiCalls(Struct, frozen=True):
    """Calls of the Kubernetes API by outcome (1.11.0 and later)."""

    code: str
    """HTTP status, or `<error>` when no answer came."""
    host: str
    method: str
    count: int


class Scrape(Struct, frozen=True):
    """One scrape. A counter that is absent has not happened yet: 0 and absent are the same."""

    replica: str | None
    file: str
    version: str | None = None
    requests: tuple[RequestCount, ...] = ()
    responses: tuple[ResponseCount, ...] = ()
    upstreams: tuple[UpstreamCounters, ...] = ()
    healthcheck_broken: int = 0
    """Queries sent to a random upstream because all were marked down."""
    max_concurrent_rejects: int = 0
    cache_hits: Mapping[str, int] = field(default_factory=dict)
    """By type: `success`, `denial`."""
    cache_misses: int = 0
    """Queries that `cache` passed on: counted misses, else requests minus hits."""
    served_stale: int = 0
    panics: int = 0
    reload_failed: int = 0
    config_hash: str | None = None
    """Of the last reload; absent before the first one."""
    health_failures: int = 0
    started_ns: int | None = None
    open_fds: int | None = None
    max_fds: int | None = None
    resident_bytes: int | None = None
    goroutines: int | None = None
    cpu_s: float | None = None
    request_buckets: Mapping[float, int] = field(default_factory=dict)
    """Upper bound in s → queries of all server blocks answered in at most that time."""
    api: tuple[ApiCalls, ...] = ()
    nodecache_errors: Mapping[str, int] = field(default_factory=dict)
    """Set-up errors of NodeLocal DNSCache by type."""
    plugins: tuple[tuple[str, str, str], ...] = ()
    """(server, zone, plugin) of every plugin that is on (1.5.0 and later)."""
    citations: Mapping[str, Citation] = field(default_factory=dict)
    """Name of a field above → the first line that it was read from."""
    n_lines: int = 0
    """Lines with a value."""
    n_unread: int = 0
    """Lines that are no Prometheus text."""
    unread_samples: tuple[Citation, ...] = ()

    @property
    def n_queries(self) -> int:
        """Queries of all server blocks."""
        return sum(request.count for request in self.requests if request.proto is not None)

    def responses_by(self, rcode: str, plugin: str | None = None) -> int:
        """Answers with an rcode; with `plugin`, those of this plugin only (`""`: made by CoreDNS itself)."""
        return sum(r.count for r in self.responses if r.rcode == rcode and plugin in (None, r.plugin))

    def upstream(self, name: str) -> UpstreamCounters | None:
        """The counters of one upstream; None when it has none."""
        return next((u for u in self.upstreams if u.upstream == name), None)
