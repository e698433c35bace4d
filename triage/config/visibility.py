"""What a configuration lets us see: failures, queries, and which names never leave the cluster."""

from __future__ import annotations

from collections.abc import Sequence

from triage.config.zones import zones_of
from triage.model.config import Directive, ServerBlock


def errors_visible(blocks: Sequence[ServerBlock]) -> bool | None:
    """False when a block that forwards lacks `errors` or hides them; None without any such block."""
    forwarding = [block for block in blocks if block.forwards]
    return all(_shows_errors(block) for block in forwarding) if forwarding else None


def log_classes(blocks: Sequence[ServerBlock]) -> tuple[str, ...]:
    """Classes of answers that `log` writes, over all blocks that forward; without `class` all."""
    found: list[str] = []
    for block in blocks:
        for directive in block.directives if block.forwards else ():
            if directive.name == "log":
                classes = [word for line in directive.block if line[:1] == ("class",) for word in line[1:]]
                found += classes or ["all"]
    return tuple(dict.fromkeys(found))


def cluster_zones(blocks: Sequence[ServerBlock]) -> tuple[str, ...]:
    """Zones of every `kubernetes`; without arguments those of its server block."""
    found: list[str] = []
    for block in blocks:
        for directive in block.directives:
            if directive.name == "kubernetes":
                named = [zone for arg in directive.args for zone in zones_of(arg)]
                found += named or block.zones
    return tuple(dict.fromkeys(found))


def _shows_errors(block: ServerBlock) -> bool:
    directive = block.get("errors")
    return directive is not None and (block.has("debug") or not _hides(directive))


def _hides(errors: Directive) -> bool:
    """`consolidate DURATION REGEXP debug` prints summaries at a level that is off without plugin `debug`."""
    return any(line[:1] == ("consolidate",) and "debug" in line[3:] for line in errors.block)
