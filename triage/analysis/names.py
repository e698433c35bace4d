"""Query names: common suffixes and search-list leftovers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


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


def leaks_cluster_zone(name: str, zones: Sequence[str]) -> bool:
    """Does the name carry a cluster zone in front of another suffix: a search list walked outwards?

    >>> leaks_cluster_zone("db.prod.svc.cluster.local.corp.example.", ["cluster.local."])
    True
    >>> leaks_cluster_zone("db.prod.svc.cluster.local.", ["cluster.local."])
    False
    """
    forward = [z for z in zones if not z.endswith("arpa.")]
    return any(f".{zone}" in name and not name.endswith(f".{zone}") for zone in forward)
