"""The way to the upstream: dropped, refused, rejected, no route, lost, or forbidden by the node itself."""

from __future__ import annotations

from collections.abc import Callable

from tests.lab.binaries import NEW, OLD
from tests.lab.fabric import U1, U2, Place
from tests.lab.faults.form import BOTH, Act, Fault, Says, Verdicts, causes, levels, same
from tests.lab.laboratory import Lab
from tests.lab.verdict import Verdict

_Q = r"plugin/errors: 2 [a-z0-9.-]+\. (?:A|AAAA): "
_U1 = r"10\.196\.17\.210:53"
TIMEOUT = rf"{_Q}read udp {{pod}}:\d+->{_U1}: i/o timeout$"
REFUSED = rf"{_Q}read udp {{pod}}:\d+->{_U1}: read: connection refused$"
NO_ROUTE = rf"{_Q}read udp {{pod}}:\d+->{_U1}: read: no route to host$"
FAILED_OLD = r'" - - 0 [0-9.]+s$'
FAILED_NEW = r'" SERVFAIL qr,rd \d+ [0-9.]+s$'
UNREACHABLE = causes("upstream-unreachable", "upstream-unreachable-scoped")


def failed_queries(*first: Says) -> tuple[Says, ...]:
    """These lines, and the query-log line of a query that nobody answered, as each version prints it."""
    return (*first, Says(FAILED_OLD, OLD), Says(FAILED_NEW, NEW))


def placed(
    *more: str, low: float = 0.6, cluster: str = "upstream-unreachable", scoped: str = ""
) -> Callable[[str, str], Verdicts]:
    """The upstream is named, the place is named; a node or replica alone may as well be called its own network."""

    def verdicts(place: str, version: str) -> Verdicts:
        main = cluster if place == "cluster" else scoped or "upstream-unreachable-scoped"
        own = {"node-network"} if place in ("node", "replica") else set()
        accepted = frozenset({main, *own, *more})
        never = causes("forward-loop", "apiserver-unreachable", "corefile-invalid", "upstream-error-answer")
        sure = Verdict(accepted, low, 1.0, (f"{U1}:53",), "place", never=never)
        thin = Verdict(accepted, low - 0.1, 1.0, (f"{U1}:53",), "place", never=never)
        return {"errors": thin, "log": sure, "metrics": sure}

    return verdicts


def rule(words: str) -> Act:
    """A firewall rule between the place and the upstream."""
    return lambda lab, place: lab.fabric.forward_rule(place, U1, words)


def reject(kind: str) -> Act:
    """A firewall on the way says no, by this kind of ICMP message."""
    return rule(f"-j REJECT --reject-with {kind}")


def nothing_listens(lab: Lab, place: Place) -> None:
    """The server is gone; for one place only, a firewall speaks in its stead."""
    if place.kind == "cluster":
        lab.stop_upstreams()
    else:
        reject("icmp-port-unreachable")(lab, place)


def refused_rationed(lab: Lab, place: Place) -> None:
    """The server is gone, and its host sends one ICMP error a second and destination: Linux' default."""
    lab.fabric.run("up", "echo 1000 > /proc/sys/net/ipv4/icmp_ratelimit")
    lab.stop_upstreams()


def no_route(lab: Lab, place: Place) -> None:
    """No way there: said by a router, by the node's routing table, or by the replica's own."""
    if place.kind == "node":
        for node in place.nodes:
            lab.fabric.run(node.key, f"ip route add unreachable {U1}/32")
    elif place.kind == "replica":
        for pod in place.pods:
            lab.fabric.run(pod.key, f"ip route add unreachable {U1}/32")
    else:
        reject("icmp-host-prohibited")(lab, place)


def own_route(kind: str) -> Act:
    """The routing table in which the replica itself runs."""

    def act(lab: Lab, place: Place) -> None:
        for pod in place.pods:
            lab.fabric.run(lab.fabric.space_of(pod), f"ip route add {kind} {U1}/32")

    return act


def own_firewall(lab: Lab, place: Place) -> None:
    """The output chain of the machine in which the replica runs."""
    for pod in place.pods:
        lab.fabric.run(lab.fabric.space_of(pod), f"iptables -w -I OUTPUT -d {U1} -j DROP")


def two_upstreams(policy: str | None = None) -> Act:
    """Every node lists two good upstreams."""

    def act(lab: Lab, place: Place) -> None:
        lab.servers = {U1: {"mode": "answer"}, U2: {"mode": "answer"}}
        lab.nameservers = {pod.node.key: (U1, U2) for pod in lab.pods}
        if policy:
            block = f"forward . /etc/resolv.conf {{\n        policy {policy}\n    }}"
            lab.corefile = lab.corefile.replace("forward . /etc/resolv.conf", block)

    return act


def more_load(lab: Lab, place: Place) -> None:
    """Enough names that chance evens out, for as long as the health check takes to mark an upstream down."""
    lab.ask(24, spread_s=5.0)


_ONE_OF_TWO = levels(
    errors=Verdict(UNREACHABLE | {"quiet"}, high=0.5),
    log=Verdict(UNREACHABLE | {"quiet", "forward-overload"}, high=0.98, innocent=(f"{U2}:53",), scope="honest"),
    metrics=Verdict(UNREACHABLE, 0.4, 1.0, (f"{U1}:53",), scope="honest"),
)
_LOSS = levels(
    errors=Verdict(UNREACHABLE | {"quiet", "node-network", "conntrack"}, scope="honest"),
    log=Verdict(UNREACHABLE | {"quiet", "node-network", "conntrack", "forward-overload"}, scope="honest"),
    metrics=Verdict(UNREACHABLE | {"node-network", "conntrack", "forward-overload"}, scope="honest"),
)
_LOCAL = causes("node-network", "upstream-unreachable-scoped", "upstream-unreachable")
_SLOW_TWO = Says(r'" NOERROR qr,rd,ra \d+ 2\.0\d+s$', who="hit")

FAULTS = (
    Fault(
        "drop",
        "packets to the upstream vanish on the way",
        {"cluster": BOTH, "subnet": BOTH, "az": (NEW,), "node": (OLD,), "replica": (NEW,)},
        rule("-j DROP"),
        failed_queries(Says(TIMEOUT)),
        placed(low=0.7),
    ),
    Fault(
        "refused",
        "nothing listens on the upstream's port, or a firewall says so",
        {"cluster": BOTH, "subnet": (OLD,), "az": (OLD,), "node": (NEW,), "replica": (OLD,)},
        nothing_listens,
        failed_queries(Says(REFUSED)),
        lambda place, version: placed(
            *(() if place == "cluster" else ("node-network", "upstream-unreachable-scoped")),
            cluster="upstream-refused",
            scoped="upstream-refused",
        )(place, version),
    ),
    Fault(
        "refused-rationed",
        "nothing listens, and the upstream's kernel rations its ICMP errors as kernels do: two looks of one fault",
        {"cluster": (OLD,)},
        refused_rationed,
        (Says(REFUSED, who="one"), Says(TIMEOUT, who="one")),
        same(Verdict(causes("upstream-refused", "upstream-unreachable"), 0.7, 1.0, (f"{U1}:53",), "place")),
    ),
    Fault(
        "no-route",
        "a router, the node or the replica has no way to the upstream",
        {"cluster": (NEW,), "subnet": (OLD,), "az": (NEW,), "node": BOTH, "replica": (OLD,)},
        no_route,
        failed_queries(
            Says(NO_ROUTE, places=("cluster", "subnet", "az")),
            Says(TIMEOUT, OLD, places=("node",)),
            Says(NO_ROUTE, NEW, places=("node",)),
            Says(rf"{_Q}dial udp {_U1}: connect: no route to host$", places=("replica",)),
        ),
        placed("node-network"),
    ),
    Fault(
        "reject-host",
        "a router says that the upstream's host cannot be reached (a soft error: heard from 1.15.0 on)",
        {"subnet": BOTH},
        reject("icmp-host-unreachable"),
        failed_queries(Says(TIMEOUT, OLD), Says(NO_ROUTE, NEW)),
        placed("node-network"),
    ),
    Fault(
        "reject-net",
        "a router says that the upstream's network cannot be reached (a soft error: heard from 1.15.0 on)",
        {"cluster": (NEW,), "az": (OLD,)},
        reject("icmp-net-unreachable"),
        failed_queries(
            Says(TIMEOUT, OLD), Says(rf"{_Q}read udp {{pod}}:\d+->{_U1}: read: network is unreachable$", NEW)
        ),
        placed("node-network"),
    ),
    Fault(
        "reject-proto",
        "the upstream's host says that it does not speak UDP",
        {"cluster": (NEW,)},
        reject("icmp-proto-unreachable"),
        failed_queries(Says(rf"{_Q}read udp {{pod}}:\d+->{_U1}: read: protocol not available$")),
        placed("node-network", "upstream-protocol", "upstream-refused", low=0.3),
    ),
    *(
        Fault(
            f"route-{kind}",
            f"the node's routing table has a {kind} route for the upstream; CoreDNS uses the node's network",
            {"node": (version,)},
            own_route(kind),
            failed_queries(Says(rf"{_Q}dial udp {_U1}: connect: {text}$")),
            placed("node-network", low=0.4),
            host_network=True,
        )
        for kind, text, version in (
            ("unreachable", "no route to host", NEW),
            ("prohibit", "permission denied", OLD),
            ("blackhole", "invalid argument", NEW),
        )
    ),
    *(
        Fault(
            f"own-firewall{suffix}",
            "the output chain of the machine on which CoreDNS runs forbids it",
            places,
            own_firewall,
            failed_queries(Says(rf"{_Q}write udp {{pod}}:\d+->{_U1}: write: operation not permitted$")),
            lambda place, version: dict.fromkeys(
                ("errors", "log", "metrics"), Verdict(causes("node-network", "conntrack"), 0.4, scope="place")
            ),
            host_network=host,
        )
        for suffix, places, host in (
            ("", {"node": (OLD,), "subnet": (NEW,)}, True),
            ("-pod", {"replica": (NEW,)}, False),
        )
    ),
    Fault(
        "one-of-two",
        "one of two upstreams is silent; the other one answers after the first try's 2 s",
        {"cluster": (OLD,), "subnet": (NEW,)},
        rule("-j DROP"),
        (_SLOW_TWO, Says(TIMEOUT, who="nobody")),
        _ONE_OF_TWO,
        prepare=two_upstreams(),
        load=more_load,
    ),
    Fault(
        "one-of-two-sequential",
        "the first of two upstreams is silent, and every query tries it first until it is marked down",
        {"cluster": (NEW,)},
        rule("-j DROP"),
        (_SLOW_TWO, Says(TIMEOUT, who="nobody")),
        _ONE_OF_TWO,
        prepare=two_upstreams("sequential"),
        load=more_load,
    ),
    Fault(
        "loss",
        "every second packet to the upstream is lost",
        {"cluster": (NEW,), "subnet": (OLD,), "node": (NEW,)},
        rule("-m statistic --mode random --probability 0.5 -j DROP"),
        (Says(r'" NOERROR qr,rd,ra \d+ [24]\.0\d+s$'),),
        _LOSS,
        load=more_load,
    ),
)
