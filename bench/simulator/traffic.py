"""Who asks what, when, and which replica gets it."""

from __future__ import annotations

import random
from dataclasses import dataclass

from bench.simulator import dice
from bench.simulator.world import World

_HOSTS = (
    "api",
    "www",
    "cdn",
    "auth",
    "mail",
    "repo",
    "metrics",
    "queue",
    "files",
    "login",
    "hooks",
    "s3",
    "db",
    "git",
    "feed",
)
_ENDINGS = (".com.", ".net.", ".org.", ".io.", ".dev.", ".example.")
_NAMESPACES = ("default", "web", "payments", "monitoring", "ci", "data", "ingress", "tools")


@dataclass(frozen=True, slots=True)
class Name:
    qname: str
    weight: float
    has_aaaa: bool = False
    ttl_s: int = 60
    size: int = 90
    """Bytes of its A answer; above 1,232 the answer is truncated over UDP."""
    stub: bool = False
    """Belongs to the stub domain."""
    private: bool = False
    """Only the private resolver knows it."""


@dataclass(frozen=True, slots=True)
class Client:
    ip: str
    namespace: str
    resolver: str
    """glibc, musl, absolute, a-only or reverse: which queries a look-up makes."""
    pinned: str | None = None
    """The one replica that it always asks (a long-lived socket); None: any."""
    favourites: tuple[int, ...] = ()
    """Indexes of the names that it asks; empty means all."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One look-up of an application."""

    at_s: float
    client: Client
    name: Name
    steps: tuple[tuple[str, tuple[str, ...]], ...]
    """Names to ask in turn, each with its types; the first that answers ends the look-up."""


@dataclass(frozen=True, slots=True)
class Traffic:
    names: tuple[Name, ...]
    arrivals: tuple[Arrival, ...]
    weights: dict[str, float]
    """Share of look-ups per replica, before restarts."""
    lame: frozenset[str]
    """Names that never get an answer in time."""
    services: tuple[str, ...]


def draw_names(rng: random.Random, world: World, *, private: bool = False, large: bool = False) -> tuple[Name, ...]:
    """Names outside the cluster that its applications use."""
    count = rng.choice((2, 5, 8, 12, 20, 35))
    zones = [
        dice.word(rng, rng.choice((2, 2, 3))) + rng.choice(_ENDINGS)
        for _ in range(max(1, count // rng.choice((1, 2, 3))))
    ]
    if private:
        zones[0] = f"{dice.word(rng)}.{rng.choice(('intra', 'corp'))}.example."
    out = []
    for i in range(count):
        zone = zones[i % len(zones)]
        qname = (
            f"{rng.choice(_HOSTS)}{'' if rng.random() < 0.7 else rng.randint(1, 9)}.{zone}"
            if rng.random() < 0.9
            else zone
        )
        out.append(
            Name(
                qname,
                1.0 / (i + 1) ** rng.choice((0.6, 1.0)),
                rng.random() < 0.4,
                rng.choice((5, 30, 60, 60, 300, 3600)),
                rng.randint(1400, 3000) if large and rng.random() < 0.4 else rng.randint(45, 260),
                private=private and zone == zones[0],
            )
        )
    if world.stub:
        share = rng.choice((0.1, 0.3, 0.8))
        out += [
            Name(f"{rng.choice(_HOSTS)}{i}.{world.stub[0]}", share, False, 30, 80, stub=True)
            for i in range(rng.randint(1, 5))
        ]
    return tuple({n.qname: n for n in out}.values())


def draw_clients(rng: random.Random, world: World, names: int) -> list[Client]:
    """Pods (and nodes) that ask."""
    out = []
    for _ in range(rng.choice((1, 3, 6, 12, 25))):
        node = rng.randrange(len(world.nodes))
        if world.dist.name == "eks":
            ip = world.nodes[node].ip.rsplit(".", 1)[0] + f".{rng.randint(2, 253)}"
        else:
            ip = (
                f"{world.dist.pod_net}.{node + 1}.{rng.randint(2, 250)}"
                if rng.random() < 0.93
                else world.nodes[node].ip
            )
        resolver = dice.weighted(rng, {"glibc": 6.0, "musl": 2.5, "absolute": 1.0, "a-only": 1.0, "reverse": 0.3})
        pinned = rng.choice(world.replicas).name if rng.random() < 0.12 else None
        favourites = tuple(rng.sample(range(names), min(names, rng.randint(1, 4)))) if rng.random() < 0.6 else ()
        out.append(Client(ip, rng.choice(_NAMESPACES), resolver, pinned, favourites))
    return out


def replica_weights(rng: random.Random, world: World) -> dict[str, float]:
    """How kube-proxy, topology hints and habits spread the look-ups; some replicas are hardly ever asked."""
    habit = dice.weighted(rng, {"even": 4.0, "skewed": 3.0, "starved": 1.5, "local": 1.5})
    out = {r.name: 1.0 for r in world.replicas}
    if habit == "skewed":
        shape = rng.choice((0.5, 1.0, 3.0))
        out = {name: rng.gammavariate(shape, 1) + 1e-3 for name in out}
    elif habit == "starved":
        out = {name: 0.004 if rng.random() < 0.4 else 1.0 for name in out}
    elif habit == "local":
        busy = {az: rng.choice((0.05, 1.0, 2.0)) for az in sorted({r.node.az or "" for r in world.replicas})}
        out = {r.name: busy[r.node.az or ""] for r in world.replicas}
    return out


def draw_traffic(
    rng: random.Random,
    world: World,
    window_s: float,
    lookups: int,
    names: tuple[Name, ...],
    clients: list[Client],
    *,
    lame: int,
    inside: float,
) -> Traffic:
    """Look-ups over the window, with no rhythm of the day, and `inside` times as many of cluster services."""
    times = sorted(rng.uniform(0, window_s) for _ in range(lookups))
    weights = [n.weight for n in names]
    arrivals = []
    for t in times:
        client = rng.choice(clients)
        name = names[rng.choice(client.favourites)] if client.favourites else rng.choices(names, weights)[0]
        arrivals.append(arrival(t, client, name, world, rng))
    silent = [Name(f"{rng.choice(_HOSTS)}.{dice.word(rng, 3)}{rng.choice(_ENDINGS)}", 0.0) for _ in range(lame)]
    for name in silent:
        client = rng.choice(clients)
        arrivals += [arrival(rng.uniform(0, window_s), client, name, world, rng) for _ in range(rng.choice((1, 1, 2)))]
    services = tuple(f"{rng.choice(_HOSTS)}.{rng.choice(_NAMESPACES)}.svc.cluster.local." for _ in range(6))
    for _ in range(round(lookups * inside)):
        arrivals.append(_inside(rng.uniform(0, window_s), rng.choice(clients), rng.choice(services)))
    return Traffic(names, tuple(arrivals), replica_weights(rng, world), frozenset(n.qname for n in silent), services)


def _inside(t: float, client: Client, service: str) -> Arrival:
    """A look-up of a service, as `name.namespace`: the first suffix misses, the second hits."""
    short = service.removesuffix("svc.cluster.local.")
    steps = ((f"{short}{client.namespace}.svc.cluster.local.", ("A", "AAAA")), (service, ("A", "AAAA")))
    return Arrival(t, client, Name(service, 0.0), steps)


def arrival(t: float, client: Client, name: Name, world: World, rng: random.Random) -> Arrival:
    """One look-up: the search list first (ndots 5), the name as it is at last."""
    if client.resolver == "reverse" and not name.stub:
        octets = ".".join(str(rng.randint(1, 250)) for _ in range(3))
        return Arrival(t, client, name, ((f"{octets}.{rng.choice((10, 172, 52))}.in-addr.arpa.", ("PTR",)),))
    types = ("A",) if client.resolver == "a-only" else ("A", "AAAA")
    suffixes: tuple[str, ...] = ()
    if client.resolver != "absolute" and name.qname.count(".") <= 5:
        suffixes = (f"{client.namespace}.svc.cluster.local.", "svc.cluster.local.", "cluster.local.", *world.search)
    return Arrival(t, client, name, tuple((f"{name.qname}{s}", types) for s in (*suffixes, "")))


def known_answers(names: tuple[Name, ...]) -> dict[tuple[str, str], str]:
    """rcode of each name and type that exists; a type without data is NODATA."""
    out = {}
    for name in names:
        out[name.qname, "A"] = "NOERROR"
        out[name.qname, "AAAA"] = "NOERROR" if name.has_aaaa else "NODATA"
    return out
