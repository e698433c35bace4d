"""A plan in the making: a healthy cluster with light noise, and helpers to put faults into it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from bench.simulator import dice, traffic
from bench.simulator.corefile import Settings, draw_settings
from bench.simulator.engine import Life, Plan
from bench.simulator.faults import Fault, Interval
from bench.simulator.releases import Release, draw_release
from bench.simulator.traffic import Client, Name
from bench.simulator.world import World, draw_world

ANYWHERE = ("cluster", "cluster", "az", "subnet", "subnet", "role", "pool", "node", "replica")
"""Where most faults may sit; what stands twice is drawn twice as often."""
ALWAYS: tuple[Interval, ...] = ((float("-inf"), float("inf")),)


@dataclass(slots=True)
class Place:
    kind: str
    member: str | None
    replicas: tuple[str, ...]


@dataclass(slots=True)
class Draft:
    """What builders change before it becomes a plan."""

    rng: random.Random
    kind: str
    world: World
    release: Release
    settings: Settings
    epoch_s: float
    window_s: float
    lookups: int
    lives: dict[str, tuple[Life, ...]]
    flavour: str = ""
    note: str = ""
    faults: list[Fault] = field(default_factory=list)
    noise: list[Fault] = field(default_factory=list)
    reloads: tuple[float, ...] = ()
    names: tuple[Name, ...] = ()
    clients: list[Client] = field(default_factory=list)
    extra: list[traffic.Arrival] = field(default_factory=list)
    """Look-ups beyond the usual ones: bursts."""
    lame: int = 0
    loss: float = 0.0

    # -------------------------------------------------------------------------------------- places
    def place(self, *kinds: str) -> Place:
        """A random place of one of these kinds that holds some replicas but not all; else the whole cluster."""
        names = tuple(r.name for r in self.world.replicas)
        for kind in self.rng.sample(kinds, len(kinds)):
            if kind == "cluster":
                break
            proper = {m: rs for m, rs in self.world.members(kind).items() if len(rs) < len(names)}
            if proper:
                member = self.rng.choice(sorted(proper, key=str))
                return Place(kind, member, proper[member])
        return Place("cluster", None, names)

    @property
    def next_id(self) -> int:
        return len({f.id for f in self.faults})

    def shape(self) -> tuple[tuple[Interval, ...], float]:
        """When a fault holds and which share of the exchanges it hits."""
        rng, w = self.rng, self.window_s
        onset = rng.uniform(0.03, 0.75) * w
        style = dice.weighted(rng, {"steady": 5.0, "old": 2.0, "ended": 2.5, "intermittent": 1.2, "partial": 0.8})
        if style == "old":
            return ALWAYS, 1.0
        if style == "ended":
            return ((onset, onset + rng.uniform(0.05, 0.9) * (w - onset)),), 1.0
        if style == "intermittent":
            edges = sorted(rng.uniform(0, w) for _ in range(2 * rng.randint(2, 5)))
            return tuple(zip(edges[::2], edges[1::2], strict=True)), 1.0
        return ((onset, float("inf")),), rng.uniform(0.35, 0.95) if style == "partial" else 1.0

    def add(
        self, mode: str, place: Place, causes: tuple[str, ...], *, same_root: bool = False, **more: object
    ) -> Fault:
        """Add a fault; its shape is drawn unless given."""
        if "windows" not in more:
            more["windows"], more["rate"] = self.shape()
        number = self.next_id - 1 if same_root else self.next_id
        fault = Fault(number, mode, (place.kind, place.member), frozenset(place.replicas), causes, **more)  # type: ignore[arg-type]
        self.faults.append(fault)
        return fault

    def add_noise(self, mode: str, replicas: tuple[str, ...], windows: tuple[Interval, ...], **more: object) -> None:
        """Add something that is no incident."""
        number = -1 - len(self.noise)
        self.noise.append(Fault(number, mode, ("cluster", None), frozenset(replicas), (), windows=windows, **more))  # type: ignore[arg-type]

    # -------------------------------------------------------------------------------------- lives
    def restart(self, replica: str, at_s: float, *, ends_by: str = "sigterm", down_s: float = 2.0) -> None:
        """End the last life of a replica at this second and begin another."""
        *before, last = self.lives[replica]
        self.lives[replica] = (*before, Life(last.start_s, at_s, ends_by), Life(at_s + down_s))

    def start_late(self, replica: str, at_s: float) -> None:
        """The replica is a pod that began in the window."""
        self.lives[replica] = (Life(at_s),)

    @property
    def upstreams(self) -> tuple[str, ...]:
        return self.settings.explicit or self.world.upstreams

    def change(self, **settings: object) -> None:
        """Other settings."""
        self.settings = replace(self.settings, **settings)  # type: ignore[arg-type]

    def plan(self) -> Plan:
        """The finished plan."""
        rng = self.rng
        flow = traffic.draw_traffic(
            rng,
            self.world,
            self.window_s,
            self.lookups,
            self.names,
            self.clients,
            lame=self.lame,
            inside=rng.uniform(0.1, 1.5) if self.settings.query_log == "all" else 0.0,
        )
        arrivals = tuple(sorted((*flow.arrivals, *self.extra), key=lambda a: a.at_s))
        upstreams = sorted(
            {u for r in self.world.replicas for u in r.node.resolvers}
            | set(self.upstreams)
            | set(self.world.stub[1] if self.world.stub else ())
        )
        return Plan(
            self.kind,
            self.flavour,
            self.world,
            self.release,
            self.settings,
            self.epoch_s,
            self.window_s,
            tuple(self.faults),
            tuple(self.noise),
            replace(flow, arrivals=arrivals),
            self.lives,
            self.reloads,
            {u: dice.log_uniform(rng, 0.0008, 0.05) for u in upstreams},
            self.loss,
            self.note,
        )


def draw_draft(
    rng: random.Random,
    kind: str,
    *,
    fits: Callable[[World], bool],
    least: int = 1,
    private: bool = False,
    large: bool = False,
    oldest: tuple[int, int, int] = (1, 0, 0),
) -> Draft:
    """A healthy cluster that this kind of story can use, with traffic and light noise."""
    world = draw_world(rng, least=least)
    for _ in range(80):
        if fits(world):
            break
        world = draw_world(rng, least=least)
    release, day = draw_release(rng)
    while release.version < oldest:
        release, day = draw_release(rng)
    settings = draw_settings(rng, world, release)
    window = dice.log_uniform(rng, 420, 6 * 3600)
    lookups = round(dice.log_uniform(rng, 3, 330) * (0.35 if settings.query_log == "all" else 1.0)) + 2
    lives: dict[str, tuple[Life, ...]] = {
        r.name: (Life(-dice.log_uniform(rng, 1800, 120 * 86400)),) for r in world.replicas
    }
    draft = Draft(rng, kind, world, release, settings, day + rng.uniform(0, 86400), window, lookups, lives)
    draft.names = traffic.draw_names(rng, world, private=private, large=large)
    draft.clients = traffic.draw_clients(rng, world, len(draft.names))
    _light_noise(draft)
    return draft


def _light_noise(draft: Draft) -> None:
    rng = draft.rng
    draft.loss = dice.weighted(rng, {0.0: 4.0, 1e-4: 4.0, 1e-3: 1.5, 4e-3: 0.5})
    draft.lame = 1 if rng.random() < 0.12 else 0
    if rng.random() < 0.12:
        draft.reloads = (rng.uniform(0, draft.window_s),)
    if rng.random() < 0.1:
        replica = rng.choice(draft.world.replicas).name
        draft.restart(replica, rng.uniform(0.05, 0.95) * draft.window_s)
