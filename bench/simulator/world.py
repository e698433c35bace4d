"""Clusters: nodes in subnets, zones and pools, and the CoreDNS replicas on them."""

from __future__ import annotations

import ipaddress
import random
from dataclasses import dataclass, field, replace

from bench.simulator import dice
from bench.simulator.distributions import CLOUD_RESOLVER, DISTRIBUTIONS, HALLS, PUBLIC_RESOLVERS, REGIONS, Distribution

PLACES = ("cluster", "az", "subnet", "role", "pool", "node", "replica")
"""Kinds of places where a fault may sit, widest first."""
NAMEABLE = ("cluster", "az", "subnet", "node", "replica")
"""Kinds that an expectation compares."""


@dataclass(frozen=True, slots=True)
class Node:
    name: str
    ip: str
    role: str
    """`control-plane` or `worker`."""
    subnet: str
    az: str | None
    pool: str | None
    system: tuple[str, str]
    """OS image and kernel."""
    resolvers: tuple[str, ...]
    """`ip:port` of each nameserver of its resolv.conf."""


@dataclass(frozen=True, slots=True)
class Replica:
    name: str
    node: Node
    ip: str

    def at(self, place: str) -> str | None:
        """The member of this kind of place that holds the replica; None where the node has none."""
        if place == "node":
            return self.node.name
        if place == "replica":
            return self.name
        return None if place == "cluster" else getattr(self.node, place)


@dataclass(frozen=True, slots=True)
class World:
    """A cluster as it stands, without faults."""

    dist: Distribution
    prefix: str
    region: str
    nodes: tuple[Node, ...]
    subnets: dict[str, str]
    """Name to CIDR of node addresses."""
    replicas: tuple[Replica, ...]
    search: tuple[str, ...]
    """Search domains that pods inherit from their node."""
    api: str
    dns_ip: str
    stub: tuple[str, tuple[str, ...]] | None = None
    """A stub domain with its servers."""
    extra: dict[str, str] = field(default_factory=dict)

    def members(self, place: str) -> dict[str | None, tuple[str, ...]]:
        """Members of this kind of place that hold replicas, with the names of those."""
        out: dict[str | None, tuple[str, ...]] = {}
        for replica in self.replicas:
            member = replica.at(place)
            if member is not None or place == "cluster":
                out[member] = (*out.get(member, ()), replica.name)
        return out

    def replica(self, name: str) -> Replica:
        return next(r for r in self.replicas if r.name == name)

    @property
    def upstreams(self) -> tuple[str, ...]:
        """The upstreams of the first replica's node; all nodes share them unless told otherwise."""
        return self.replicas[0].node.resolvers

    def with_resolvers(self, lists: dict[str, tuple[str, ...]]) -> World:
        """The same cluster with other resolver lists on some nodes."""
        nodes = tuple(replace(n, resolvers=lists.get(n.name, n.resolvers)) for n in self.nodes)
        by_name = {n.name: n for n in nodes}
        return replace(self, nodes=nodes, replicas=tuple(replace(r, node=by_name[r.node.name]) for r in self.replicas))


def draw_world(rng: random.Random, *, least: int = 1, most: int = 12) -> World:
    """A cluster with `least` to `most` replicas."""
    dist = rng.choices(DISTRIBUTIONS, [d.weight for d in DISTRIBUTIONS])[0]
    prefix = rng.choice((dice.word(rng), dice.word(rng, 1) + rng.choice(("-k8s", "", "-prod", "-stage"))))
    region, zones = REGIONS.get(dist.node_style, ("", ())) if dist.cloud else ("", rng.choice(HALLS))
    count = _replica_count(rng, dist, least, most)
    slots, subnets = _subnets(rng, dist, zones, prefix)
    nodes = _nodes(rng, dist, prefix, region, slots, subnets, count)
    replicas = _replicas(rng, dist, nodes, count)
    search = _search(rng, dist, region, prefix)
    stub = None
    if rng.random() < 0.25:
        servers = tuple(f"{_private(rng)}:53" for _ in range(rng.choice((1, 1, 2))))
        stub = (f"{dice.word(rng)}.{rng.choice(('internal', 'lan', 'corp', 'local'))}.", servers)
    return World(
        dist,
        prefix,
        region,
        nodes,
        subnets,
        replicas,
        search,
        f"{dist.service_net}.0.1",
        f"{dist.service_net}.0.10",
        stub,
    )


def _replica_count(rng: random.Random, dist: Distribution, least: int, most: int) -> int:
    if dist.few_replicas:
        options = {1: 5.0, 2: 2.0, 3: 1.0}
    elif dist.daemonset:
        options = {3: 2.0, 4: 1.0, 5: 2.0, 6: 2.0, 8: 1.0, 10: 1.0, 12: 1.0}
    else:
        options = {1: 2.5, 2: 8.0, 3: 4.0, 4: 2.5, 5: 1.2, 6: 1.5, 8: 1.0, 10: 0.5, 12: 0.4}
    fitting = {k: w for k, w in options.items() if least <= k <= most}
    return dice.weighted(rng, fitting) if fitting else least


# -------------------------------------------------------------------------------------- addresses
def _private(rng: random.Random) -> str:
    if rng.random() < 0.7:
        return f"10.{rng.randint(1, 254)}.{rng.randint(0, 254)}.{rng.randint(2, 253)}"
    return (
        f"172.{rng.randint(16, 31)}.{rng.randint(0, 254)}.{rng.randint(2, 253)}"
        if rng.random() < 0.5
        else f"192.168.{rng.randint(0, 254)}.{rng.randint(2, 253)}"
    )


def draw_upstreams(rng: random.Random, dist: Distribution, count: int) -> tuple[str, ...]:
    """Resolvers of a node, `ip:port`."""
    style = rng.random()
    if dist.name in CLOUD_RESOLVER and style < 0.6 and count == 1:
        return (f"{CLOUD_RESOLVER[dist.name]}:53",)
    if style < 0.25:
        return tuple(f"{a}:53" for a in rng.sample(PUBLIC_RESOLVERS, count))
    first = _private(rng)
    if rng.random() < 0.5:
        return tuple(f"{ipaddress.ip_address(first) + i}:53" for i in range(count))
    return tuple(f"{a}:53" for a in (first, *(_private(rng) for _ in range(count - 1))))


Slot = tuple[str, str, str | None, str | None]
"""Subnet name, role, az and pool that nodes may have together."""


def _subnets(
    rng: random.Random, dist: Distribution, zones: tuple[str, ...], prefix: str
) -> tuple[list[Slot], dict[str, str]]:
    """Which combinations of subnet, role, az and pool exist; and the CIDR of each subnet."""
    zones = zones[: rng.randint(1, len(zones))] if rng.random() < 0.3 else zones
    pools = [dice.word(rng, 1) + rng.choice(("pool", "np", "")) for _ in range(rng.choice((1, 1, 2, 3)))]
    layouts = (
        {"az": 5.0, "pool": 2.0, "flat": 1.5}
        if dist.cloud
        else {"role": 5.0, "flat": 2.0, "racks": 2.0, "az": 2.0, "az-role": 1.5}
    )
    layout, slots = dice.weighted(rng, layouts), []
    az_known = dist.cloud or layout.startswith("az") or rng.random() < 0.2
    for az in zones:
        for role in ("worker",) if dist.cloud else ("control-plane", "worker"):
            for pool in pools if dist.pool_label else (None,):
                slots.append((_subnet_name(layout, az, role, pool, rng), role, az if az_known else None, pool))
    if layout == "racks":
        slots = [(f"rack-{chr(97 + i)}", role, az, pool) for i, (_, role, az, pool) in enumerate(slots * 2)]
    style = rng.choice(("{}", "snet-{}", "{}-nodes", f"{prefix}-{{}}", "vlan-{}"))
    slots = [(style.format(name), role, az, pool) for name, role, az, pool in slots]
    return slots, _cidrs(rng, sorted({s[0] for s in slots}))


def _subnet_name(layout: str, az: str, role: str, pool: str | None, rng: random.Random) -> str:
    role_word = "ctl" if role == "control-plane" else "wrk"
    return {
        "az": az,
        "pool": pool or role_word,
        "flat": "main",
        "role": role_word,
        "az-role": f"{role_word}-{az}",
        "racks": "",
    }[layout]


def _cidrs(rng: random.Random, names: list[str]) -> dict[str, str]:
    length = rng.choice((20, 22, 23, 24, 24, 24, 25, 26))
    base = int(ipaddress.ip_address(f"10.{rng.randint(1, 250)}.{rng.randint(0, 7) * 16}.0"))
    step = 1 << (32 - length)
    places = sorted(rng.sample(range(max(len(names) * 3, 4)), len(names)))
    return {
        name: str(ipaddress.ip_network((base // step * step + place * step, length)))
        for name, place in zip(names, places, strict=True)
    }


# -------------------------------------------------------------------------------------- nodes, replicas
def _nodes(
    rng: random.Random,
    dist: Distribution,
    prefix: str,
    region: str,
    slots: list[Slot],
    subnets: dict[str, str],
    count: int,
) -> tuple[Node, ...]:
    total = min(36, max(count, len({s[0] for s in slots})) + rng.choice((0, 1, 2, 4, 7, 12)))
    masters = [s for s in slots if s[1] == "control-plane"]
    workers = [s for s in slots if s[1] == "worker"] or slots
    n_masters = (
        0 if not masters else 1 if total < 3 else rng.choice((1, 3, 3, 3, 5)) if total > 5 else rng.choice((1, 3))
    )
    system, other = rng.choice(dist.systems), rng.choice(dist.systems)
    resolvers = draw_upstreams(rng, dist, rng.choice((1, 1, 1, 2, 2, 2, 3)))
    pool_id, used, nodes = f"{rng.randint(10_000_000, 49_999_999)}", set(), []
    for i in range(total):
        slot = masters[i % len(masters)] if i < n_masters else workers[(i - n_masters) % len(workers)]
        net = ipaddress.ip_network(subnets[slot[0]])
        ip = next(str(a) for a in iter(lambda: net[rng.randint(4, net.num_addresses - 6)], None) if a not in used)  # noqa: B023
        used.add(ipaddress.ip_address(ip))
        name = _node_name(rng, dist, prefix, region, i, slot, ip, n_masters, pool_id)
        mixed = slot[3] is not None and hash_of(slot[3]) % 3 == 0
        nodes.append(Node(name, ip, slot[1], slot[0], slot[2], slot[3], other if mixed else system, resolvers))
    return tuple(nodes)


def hash_of(text: str) -> int:
    """A hash that is the same in every process."""
    return sum(ord(c) * (i + 7) for i, c in enumerate(text))


def _node_name(
    rng: random.Random,
    dist: Distribution,
    prefix: str,
    region: str,
    i: int,
    slot: Slot,
    ip: str,
    n_masters: int,
    pool_id: str,
) -> str:
    master = slot[1] == "control-plane"
    match dist.node_style:
        case "aks":
            return f"aks-{slot[3]}-{pool_id}-vmss{i:06d}"
        case "eks":
            return f"ip-{ip.replace('.', '-')}.{region}.compute.internal"
        case "gke":
            return f"gke-{prefix}-{slot[3]}-{pool_id}-{dice.suffix(rng, 4)}"
        case "openshift":
            return f"{prefix}-{'master' if master else 'worker'}-{i if master else i - n_masters}.ocp.{prefix}.example"
        case "edge":
            return f"{prefix}-{i + 1:02d}"
        case "random":
            return f"{dice.word(rng)}-{dice.suffix(rng, 3)}"
        case _:
            return f"{prefix}-{'control' if master else 'node'}{i + 1 if master else i - n_masters + 1:02d}"


def _replicas(rng: random.Random, dist: Distribution, nodes: tuple[Node, ...], count: int) -> tuple[Replica, ...]:
    habit = rng.choice(("anywhere", "anywhere", "masters", "workers", "spread"))
    pool = [
        n
        for n in nodes
        if habit not in {"masters", "workers"} or n.role == ("control-plane" if habit == "masters" else "worker")
    ]
    pool = pool if len(pool) >= count or (pool and rng.random() < 0.3) else list(nodes)
    if habit == "spread":
        homes = _spread(rng, pool, count)
    else:
        homes = rng.sample(pool, count) if len(pool) >= count else [rng.choice(pool) for _ in range(count)]
    if not dist.daemonset and count > 1 and rng.random() < 0.07:
        homes[1] = homes[0]
    set_hash, taken, out = f"{dice.suffix(rng, rng.choice((9, 10)))}", set[int](), []
    for home in homes:
        name = (
            f"{dist.workload}-{dice.suffix(rng, 5)}"
            if dist.daemonset
            else f"{dist.workload}-{set_hash}-{dice.suffix(rng, 5)}"
        )
        out.append(Replica(name, home, _pod_ip(rng, dist, nodes.index(home), home, taken)))
    return tuple(out)


def _spread(rng: random.Random, pool: list[Node], count: int) -> list[Node]:
    """One node of each subnet in turn, as topology spread constraints do."""
    by_subnet: dict[str, list[Node]] = {}
    for node in rng.sample(pool, len(pool)):
        by_subnet.setdefault(node.subnet, []).append(node)
    rows, homes = list(by_subnet.values()), list[Node]()
    while len(homes) < count:
        for row in rows:
            homes.append(row.pop() if len(row) > 1 else row[0])
    return homes[:count]


def _pod_ip(rng: random.Random, dist: Distribution, index: int, home: Node, taken: set[int]) -> str:
    while True:
        if dist.name == "eks":
            address = int(ipaddress.ip_address(home.ip)) // 256 * 256 + rng.randint(2, 254)
        else:
            address = int(ipaddress.ip_address(f"{dist.pod_net}.{index + 1}.{rng.randint(2, 250)}"))
        if address not in taken and str(ipaddress.ip_address(address)) != home.ip:
            taken.add(address)
            return str(ipaddress.ip_address(address))


def _search(rng: random.Random, dist: Distribution, region: str, prefix: str) -> tuple[str, ...]:
    if dist.node_style == "eks":
        return (f"{region}.compute.internal.",)
    if dist.node_style == "aks":
        return (f"{dice.suffix(rng, 20)}.ax.internal.cloudapp.net.",)
    options: dict[tuple[str, ...], float] = {
        (): 3.0,
        (f"{prefix}.example.",): 3.0,
        (f"{dice.word(rng)}.lan.", f"{prefix}.example."): 1.0,
    }
    return dice.weighted(rng, options)
