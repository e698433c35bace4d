"""The kinds of stories: what is wrong, and where."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from bench.simulator import dice
from bench.simulator import other_faults as other
from bench.simulator import upstream_faults as up
from bench.simulator.draft import Draft, draw_draft
from bench.simulator.quiet import make_quiet
from bench.simulator.world import World


@dataclass(frozen=True, slots=True)
class Kind:
    weight: float
    build: Callable[[Draft], None]
    fits: Callable[[World], bool] = lambda world: True
    least: int = 1
    private: bool = False
    large: bool = False
    oldest: tuple[int, int, int] = (1, 0, 0)


def splits(*places: str) -> Callable[[World], bool]:
    """Clusters where some member of these places holds some replicas but not all."""
    return lambda world: any(len(rs) < len(world.replicas) for p in places for rs in world.members(p).values())


def several(world: World) -> bool:
    return len(world.upstreams) > 1


def has_stub(world: World) -> bool:
    return world.stub is not None


KINDS: dict[str, Kind] = {
    "control": Kind(33, make_quiet),
    "drop-cluster": Kind(6, up.drop_at("cluster")),
    "drop-subnet": Kind(6, up.drop_at("subnet"), splits("subnet"), least=2),
    "drop-az": Kind(2.5, up.drop_at("az"), splits("az"), least=2),
    "drop-role": Kind(2.5, up.drop_at("role", "pool"), splits("role", "pool"), least=2),
    "drop-node": Kind(4, up.drop_at("node"), splits("node"), least=2),
    "drop-replica": Kind(2, up.drop_at("replica"), least=2),
    "node-cut": Kind(2, up.node_cut, splits("node"), least=2),
    "one-of-several": Kind(3.5, up.one_of_several, several),
    "refused": Kind(3.5, up.refused),
    "noroute": Kind(3, up.no_route),
    "hostdown": Kind(1.5, up.host_down),
    "not-permitted": Kind(2, up.not_permitted, splits("node"), least=2),
    "slow": Kind(2, up.slow),
    "error-answer": Kind(2.5, up.error_answers),
    "inconsistent": Kind(2, up.inconsistent, several, private=True),
    "one-zone": Kind(2, up.one_zone),
    "stub-dead": Kind(3, up.stub_dead, has_stub),
    "tcp-blocked": Kind(1.5, up.tcp_blocked, large=True),
    "tls": Kind(1.5, up.tls_trouble, oldest=(1, 6, 2)),
    "late-replica": Kind(2, up.late_replica, least=2),
    "per-node-upstream": Kind(2, up.per_node_upstream, splits("role", "subnet", "node"), least=2),
    "apiserver": Kind(4, other.api_unreachable),
    "api-auth": Kind(1.5, other.api_auth),
    "inotify": Kind(2, other.inotify),
    "forward-loop": Kind(2, other.forward_loop),
    "oom": Kind(1.5, other.out_of_memory),
    "cpu": Kind(1, other.starved, oldest=(1, 8, 4)),
    "overload": Kind(2, other.overload, oldest=(1, 6, 8)),
    "two-faults": Kind(6, other.two_faults, splits("node"), least=2),
}


def draw_kind(rng: random.Random) -> str:
    """A kind by its share of the stories; about a third is quiet."""
    return dice.weighted(rng, {name: kind.weight for name, kind in KINDS.items()})


def build(rng: random.Random, name: str) -> Draft:
    """A draft of this kind."""
    kind = KINDS[name]
    draft = draw_draft(
        rng, name, fits=kind.fits, least=kind.least, private=kind.private, large=kind.large, oldest=kind.oldest
    )
    kind.build(draft)
    return draft
