"""Query names: common suffixes and search-list leftovers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from msgspec import Struct


def labels(name: str) -> list[str]:
    r"""Labels of a name, the leaf first; an escaped dot (`\\.`) does not split.

    >>> labels("a.b.example.org.")
    ['a', 'b', 'example', 'org']
    """
    return [part for part in name.replace("\\.", "\0").rstrip(".").split(".") if part]


def common_suffix(names: Iterable[str]) -> str | None:
    """The narrowest zone that holds every name, if it is narrower than a top-level domain; else None.

    >>> common_suffix(["a.corp.example.", "b.c.corp.example."])
    'corp.example.'
    >>> common_suffix(["a.example.", "b.example."]) is None
    True
    >>> common_suffix(["www.example.org."])
    'www.example.org.'
    """
    split = [labels(n)[::-1] for n in names]
    if not split:
        return None
    shared: list[str] = []
    for column in zip(*split, strict=False):
        if len(set(column)) > 1:
            break
        shared.append(column[0])
    return (
        ".".join(shared[::-1]).replace("\0", "\\.") + "."
        if len(shared) >= 2 or len(shared) == len(split[0]) == 1
        else None
    )


def domain(name: str) -> str:
    """The last two labels: whose servers answer for the name, roughly.

    >>> domain("www.shop.example.org.")
    'example.org.'
    """
    return ".".join(labels(name)[-2:]) + "."


def leaks_cluster_zone(name: str, zones: Sequence[str]) -> bool:
    """Does the name carry a cluster zone in front of another suffix: a search list walked outwards?

    >>> leaks_cluster_zone("db.prod.svc.cluster.local.corp.example.", ["cluster.local."])
    True
    >>> leaks_cluster_zone("db.prod.svc.cluster.local.", ["cluster.local."])
    False
    """
    return any(f".{zone}" in name and not name.endswith(f".{zone}") and not zone.endswith("arpa.") for zone in zones)


class NameSpread(Struct, frozen=True):
    """How the failing names spread: all in one zone, or over many, as the traffic is."""

    suffix: str | None
    """The zone that holds them all; None when there is none."""
    by_chance: float = 1.0
    """Probability that so many failures hit one zone although every name fails alike."""
    known: bool = True
    """False when no sign carries a name: then the spread says nothing."""
    answered: float = 0.0
    """Queries for other names that the same upstreams answered the same replicas meanwhile."""

    def log(self, zone_share: float) -> float:
        """Log likelihood of the spread for a cause of whose faults `zone_share` concern one zone only."""
        if not self.known:
            return 0.0
        if self.suffix is None:
            return math.log(1.0 - 0.9 * min(zone_share, 1.0))
        return math.log(zone_share + (1.0 - zone_share) * self.by_chance)

    def zone_part(self, zone_share: float) -> float:
        """Posterior share of the explanation that only this zone's names fail."""
        if self.suffix is None:
            return 0.0
        return zone_share / (zone_share + (1.0 - zone_share) * self.by_chance)


def spread_of(
    names: Sequence[str], n_lookups: float, n_asked: float | None, *, concentration: float = 1.2
) -> NameSpread:
    """Spread of failing look-ups over zones.

    Without counts the chance that look-ups of diverse traffic fall into one zone follows a Chinese restaurant process;
    some clusters ask little else (0.25). With counts (`n_asked` queries asked upstream) it is that of drawing all
    failures from one zone's queries.

    >>> spread_of(["a.example.org."], 1, None).by_chance
    1.0
    >>> spread_of(["a.example.org.", "b.example.net."], 2, None).suffix is None
    True
    """
    suffix = common_suffix(names)
    if suffix is None:
        return NameSpread(None)
    n = max(1, round(n_lookups))
    chance = 1.0
    for i in range(1, min(n, 60)):
        chance *= i / (i + concentration)
    chance = 0.25 + 0.75 * chance
    answered = max(0.0, n_asked - n_lookups) if n_asked is not None else 0.0
    if n_asked and answered >= 3:
        chance = max(1e-3, min(chance, (n_lookups / n_asked) ** max(1.0, min(n - 1, 8))))
    return NameSpread(suffix, chance, answered=answered)
