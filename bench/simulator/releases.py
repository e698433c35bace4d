"""CoreDNS releases and what changed between them, as far as evidence shows it."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass

Version = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Release:
    """One release; the properties say which of its lines and mechanics differ from other releases."""

    version: Version
    go: str
    commit: str
    published: dt.date
    client_go: str
    """Version and line number as reflector lines show them; a release that does not print it has one all the same."""

    @property
    def text(self) -> str:
        return ".".join(map(str, self.version))

    @property
    def failed_look(self) -> str:
        """How the query log shows a query that no upstream answered: `servfail`, `noerror` or `dash`."""
        if self.version <= (1, 4, 0) or self.version >= (1, 14, 5):
            return "servfail"
        return "noerror" if self.version < (1, 8, 5) else "dash"

    @property
    def caches_failures(self) -> bool:
        return self.version >= (1, 15, 0)

    @property
    def caps_attempts(self) -> bool:
        """At most twice the number of upstreams is tried (default of max_connect_attempts since 1.14.7)."""
        return self.version >= (1, 14, 7)

    @property
    def soft_icmp(self) -> bool:
        """Host and network unreachable become errors at once; before 1.15.0 they end as a timeout."""
        return self.version >= (1, 15, 0)

    @property
    def stamps(self) -> bool:
        """Lines carry CoreDNS' own clock."""
        return (1, 3, 0) <= self.version <= (1, 6, 2)

    @property
    def hash_kind(self) -> str:
        return "MD5" if self.version <= (1, 9, 0) else "SHA512"

    @property
    def klog(self) -> bool:
        """client-go prints raw klog lines; from 1.9.4 they go through the plugin's logger."""
        return self.version < (1, 9, 4)

    @property
    def api_reason(self) -> str:
        """Where the reason of a failed watch stands: `error` line, only in the `info` line, or `lost`."""
        if (1, 11, 4) <= self.version <= (1, 12, 3):
            return "info"
        return "lost" if (1, 12, 4) <= self.version <= (1, 13, 1) else "error"

    @property
    def api_silent(self) -> bool:
        """From 1.14.2 a silent or refusing API server is retried without a line."""
        return self.version >= (1, 14, 2)

    @property
    def tls_prefix(self) -> str:
        minor = int(self.go.split(".")[1])
        return "tls: failed to verify certificate: " if minor >= 20 else ""

    @property
    def families(self) -> str:
        """Name of the metric family that counts exchanges: `proxy`, `forward` or `old`."""
        if self.version >= (1, 11, 0):
            return "proxy"
        return "forward" if self.version >= (1, 7, 0) else "old"


def _release(version: str, go: str, commit: str, published: str, client_go: str) -> Release:
    a, b, c = (int(x) for x in version.split("."))
    return Release((a, b, c), go, commit, dt.date.fromisoformat(published), client_go)


RELEASES: tuple[tuple[Release, float], ...] = (
    (
        _release(
            "1.3.1",
            "go1.11.4",
            "6b56a9c",
            "2019-01-13",
            "v0.0.0-20190620085101-78d2af792bab/tools/cache/reflector.go:98",
        ),
        0.5,
    ),
    (
        _release(
            "1.5.0",
            "go1.12.2",
            "e3f9a80",
            "2019-04-06",
            "v0.0.0-20190620085101-78d2af792bab/tools/cache/reflector.go:98",
        ),
        0.5,
    ),
    (
        _release(
            "1.6.2",
            "go1.12.8",
            "795a3eb",
            "2019-08-13",
            "v0.0.0-20190620085101-78d2af792bab/tools/cache/reflector.go:98",
        ),
        1,
    ),
    (_release("1.6.7", "go1.13.6", "da7f65b", "2020-01-28", "v0.17.2/tools/cache/reflector.go:105"), 2),
    (_release("1.7.0", "go1.14.4", "f59c03d", "2020-06-15", "v0.18.3/tools/cache/reflector.go:125"), 2.5),
    (_release("1.8.0", "go1.15.3", "054c9ae", "2020-10-22", "v0.19.2/tools/cache/reflector.go:156"), 2.5),
    (_release("1.8.3", "go1.16", "4293992", "2021-02-24", "v0.20.2/tools/cache/reflector.go:167"), 1.5),
    (_release("1.8.4", "go1.16.4", "053c4d5", "2021-05-28", "v0.21.1/tools/cache/reflector.go:167"), 2),
    (_release("1.8.6", "go1.17.1", "13a9191", "2021-10-07", "v0.22.2/tools/cache/reflector.go:167"), 3),
    (_release("1.8.7", "go1.17.5", "c74a5b2", "2021-12-09", "v0.23.1/tools/cache/reflector.go:167"), 1.5),
    (_release("1.9.3", "go1.18.2", "45b0a11", "2022-05-27", "v0.24.0/tools/cache/reflector.go:167"), 5),
    (_release("1.9.4", "go1.19.1", "1f0a41a", "2022-09-07", "v0.24.4/tools/cache/reflector.go:167"), 2),
    (_release("1.10.0", "go1.19.1", "596a9f9", "2022-09-14", "v0.24.4/tools/cache/reflector.go:167"), 2),
    (_release("1.10.1", "go1.20", "055b2c3", "2023-02-06", "v0.26.1/tools/cache/reflector.go:169"), 4),
    (_release("1.11.1", "go1.20.7", "ae2bbc2", "2023-08-15", "v0.27.4/tools/cache/reflector.go:231"), 6),
    (_release("1.11.3", "go1.21.11", "a6338e9", "2024-04-24", "v0.29.3/tools/cache/reflector.go:229"), 5),
    (_release("1.12.0", "go1.23.3", "51e11f1", "2024-11-21", "v0.31.2/tools/cache/reflector.go:243"), 3),
    (_release("1.12.1", "go1.24.1", "707c7c1", "2025-04-02", "v0.32.3/tools/cache/reflector.go:251"), 3),
    (_release("1.12.4", "go1.24.6", "7f6d2c1", "2025-09-08", "v0.34.0/tools/cache/reflector.go:290"), 2),
    (_release("1.13.1", "go1.25.2", "1db4568", "2025-10-08", "v0.34.1/tools/cache/reflector.go:290"), 2),
    (_release("1.13.2", "go1.25.5", "4e1a82b", "2025-12-08", "v0.34.2/tools/cache/reflector.go:290"), 1.5),
    (_release("1.14.1", "go1.25.6", "80527fd", "2026-01-15", "v0.34.3/tools/cache/reflector.go:290"), 2),
    (_release("1.14.3", "go1.26.1", "c3a1b77", "2026-03-20", "v0.35.3/tools/cache/reflector.go:321"), 2),
    (_release("1.14.6", "go1.26.4", "92e4d10", "2026-06-18", "v0.35.4/tools/cache/reflector.go:321"), 2),
    (_release("1.14.7", "go1.26.6", "5ab07fe", "2026-08-18", "v0.35.4/tools/cache/reflector.go:321"), 3),
    (_release("1.15.0", "go1.27.3", "d018e6c", "2026-10-20", "v0.37.1/tools/cache/reflector.go:343"), 4),
)

_NEWEST_EVIDENCE = dt.date(2026, 11, 20)


def draw_release(rng: random.Random) -> tuple[Release, int]:
    """A release and the day (seconds since the epoch) on which the evidence was gathered."""
    release = rng.choices([r for r, _ in RELEASES], [w for _, w in RELEASES])[0]
    latest = min(release.published + dt.timedelta(days=900), _NEWEST_EVIDENCE)
    days = rng.randint(1, max(2, (latest - release.published).days))
    day = min(release.published + dt.timedelta(days=days), _NEWEST_EVIDENCE)
    midnight = dt.datetime.combine(day, dt.time(), dt.UTC)
    return release, int(midnight.timestamp())


def by_version(text: str) -> Release:
    """The release of this version."""
    return next(r for r, _ in RELEASES if r.text == text)
