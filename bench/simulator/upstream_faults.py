"""Faults between replicas and upstreams."""

from __future__ import annotations

from collections.abc import Callable

from bench.simulator import dice
from bench.simulator.draft import ALWAYS, ANYWHERE, Draft
from bench.simulator.traffic import Client

REACH = ("upstream-unreachable",)
_TLS = (
    "x509: certificate signed by unknown authority",
    "x509: certificate has expired or is not yet valid: current time is after the end of its validity",
    "tls: first record does not look like a TLS handshake",
    "remote error: tls: handshake failure",
)


def drop_at(*places: str) -> Callable[[Draft], None]:
    """All upstreams are silent from a place of these kinds."""

    def build(draft: Draft) -> None:
        draft.add("drop", draft.place(*places), REACH, upstreams=draft.upstreams)

    return build


def one_of_several(draft: Draft) -> None:
    dead = tuple(dice.some(draft.rng, draft.upstreams))[: len(draft.upstreams) - 1] or draft.upstreams[:1]
    mode = draft.rng.choice(("drop", "drop", "refused"))
    causes = REACH if mode == "drop" else ("upstream-refused", "upstream-unreachable")
    draft.add(mode, draft.place(*ANYWHERE), causes, upstreams=dead)


def refused(draft: Draft) -> None:
    draft.add(
        "refused",
        draft.place(*ANYWHERE),
        ("upstream-refused",),
        upstreams=draft.upstreams,
        icmp_limited=draft.rng.random() < 0.3,
    )


def no_route(draft: Draft) -> None:
    place = draft.place(*ANYWHERE)
    mode = draft.rng.choice(("noroute", "noroute", "netdown")) if place.kind in {"node", "replica"} else "noroute"
    draft.add(
        mode,
        place,
        ("upstream-unreachable", "node-network"),
        upstreams=draft.upstreams,
        icmp_limited=draft.rng.random() < 0.4 and mode == "noroute",
    )


def host_down(draft: Draft) -> None:
    draft.add("hostdown", draft.place(*ANYWHERE), ("upstream-unreachable", "node-network"), upstreams=draft.upstreams)


def not_permitted(draft: Draft) -> None:
    place = draft.place("node", "node", "replica")
    draft.add("perm", place, ("conntrack", "node-network", "upstream-unreachable-scoped"), upstreams=draft.upstreams)


def slow(draft: Draft) -> None:
    place = draft.place(*ANYWHERE)
    draft.add("slow", place, REACH, upstreams=draft.upstreams, delay_s=draft.rng.uniform(1.2, 6))


def error_answers(draft: Draft) -> None:
    draft.change(query_log=draft.rng.choice(("off", "all", "all", "error")))
    targets = draft.upstreams if draft.rng.random() < 0.6 else draft.upstreams[:1]
    rcode = draft.rng.choice(("SERVFAIL", "SERVFAIL", "REFUSED"))
    draft.add(
        "rcode",
        draft.place(*ANYWHERE),
        ("upstream-error-answer",),
        upstreams=targets,
        detail=rcode,
        delay_s=draft.rng.choice((0, 0, 0.8, 1.7)),
    )


def inconsistent(draft: Draft) -> None:
    """Some upstreams do not know the private names that the others know."""
    draft.change(
        query_log=draft.rng.choice(("off", "all", "all", "denial error")),
        policy=draft.rng.choice(("random", "random", "round_robin")),
    )
    ignorant = tuple(dice.some(draft.rng, draft.upstreams))[: len(draft.upstreams) - 1] or draft.upstreams[-1:]
    zone = next(n.qname for n in draft.names if n.private)
    zone = zone.split(".", zone.count(".") - 3)[-1]
    place = draft.place("cluster", "cluster", "cluster", "node", "subnet")
    draft.add("nxdomain", place, ("upstreams-inconsistent",), upstreams=ignorant, zone=zone, windows=ALWAYS)


def one_zone(draft: Draft) -> None:
    """The servers of one zone are dead, so the upstreams stay silent or answer SERVFAIL for its names."""
    zone = draft.names[0].qname
    zone = zone.split(".", 1)[1] if zone.count(".") > 2 else zone
    place = draft.place("cluster")
    if draft.rng.random() < 0.6:
        draft.add(
            "drop",
            place,
            ("upstream-unreachable", "zone-config", "upstream-error-answer"),
            upstreams=draft.upstreams,
            zone=zone,
        )
    else:
        draft.change(query_log=draft.rng.choice(("all", "error", "off")))
        causes = ("upstream-error-answer", "zone-config", "upstream-unreachable")
        draft.add("rcode", place, causes, upstreams=draft.upstreams, zone=zone, detail="SERVFAIL", delay_s=1.2)


def stub_dead(draft: Draft) -> None:
    stub = draft.settings.stub
    if stub is None:
        drop_at("cluster")(draft)
        return
    mode = draft.rng.choice(("drop", "drop", "refused"))
    if draft.rng.random() < 0.4:
        draft.flavour = "one client"
        asker = draft.rng.choice(draft.world.replicas).name
        draft.clients = [
            Client(c.ip, c.namespace, c.resolver, asker, c.favourites) if i == 0 else c
            for i, c in enumerate(draft.clients)
        ]
        others = tuple(i for i, n in enumerate(draft.names) if not n.stub)
        mine = tuple(i for i, n in enumerate(draft.names) if n.stub)
        draft.clients = [
            Client(c.ip, c.namespace, c.resolver, c.pinned, mine if i == 0 else others)
            for i, c in enumerate(draft.clients)
        ]
    causes = REACH if mode == "drop" else ("upstream-refused",)
    draft.add(mode, draft.place("cluster", "cluster", "node", "subnet"), causes, upstreams=stub[1], zone=stub[0])


def tcp_blocked(draft: Draft) -> None:
    draft.add("tcp", draft.place(*ANYWHERE), ("upstream-protocol", "upstream-unreachable"), upstreams=draft.upstreams)


def tls_trouble(draft: Draft) -> None:
    upstreams = tuple(u.replace(":53", ":853") for u in draft.world.upstreams)
    draft.change(explicit=upstreams, tls_name=f"dns.{dice.word(draft.rng)}.example")
    draft.add(
        "tls",
        draft.place("cluster", "cluster", "subnet", "node"),
        ("upstream-protocol",),
        upstreams=upstreams,
        detail=draft.rng.choice(_TLS),
    )


def late_replica(draft: Draft) -> None:
    """A fault of the whole cluster that ended before some replica began."""
    w, rng = draft.window_s, draft.rng
    a = rng.uniform(0.02, 0.4) * w
    b = a + rng.uniform(0.1, 0.4) * w
    mode = rng.choice(("drop", "drop", "refused"))
    causes = REACH if mode == "drop" else ("upstream-refused",)
    draft.add(mode, draft.place("cluster"), causes, upstreams=draft.upstreams, windows=((a, b),))
    names = [r.name for r in draft.world.replicas]
    for name in rng.sample(names, rng.randint(1, len(names) - 1)):
        draft.start_late(name, rng.uniform(b, 0.95 * w))


def per_node_upstream(draft: Draft) -> None:
    """Some nodes list other resolvers than the rest, and those are dead."""
    place = draft.place("role", "subnet", "az", "pool", "node")
    other = tuple(
        f"10.{draft.rng.randint(1, 250)}.{draft.rng.randint(0, 250)}.{53 + i}:53"
        for i in range(draft.rng.choice((1, 1, 2)))
    )
    inside = {
        n.name: other
        for n in draft.world.nodes
        if {"role": n.role, "subnet": n.subnet, "az": n.az, "pool": n.pool, "node": n.name}.get(place.kind)
        == place.member
    }
    draft.world = draft.world.with_resolvers(inside)
    draft.change(explicit=())
    mode = draft.rng.choice(("drop", "drop", "refused"))
    causes = (
        ("upstream-unreachable", "upstream-unreachable-scoped", "node-network")
        if mode == "drop"
        else ("upstream-refused",)
    )
    draft.add(mode, place, causes, upstreams=other)


def node_cut(draft: Draft) -> None:
    """A node reaches nothing outside: neither the upstreams nor the API server."""
    place = draft.place("node", "node", "replica", "subnet")
    causes = ("node-network", "upstream-unreachable-scoped", "apiserver-unreachable")
    fault = draft.add(
        "drop", place, causes, upstreams=draft.upstreams + (draft.settings.stub[1] if draft.settings.stub else ())
    )
    draft.add("api-timeout", place, causes, same_root=True, windows=fault.windows)
