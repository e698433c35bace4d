"""CoreDNS itself: loops, ports, configuration, limits of the process, its own health."""

from __future__ import annotations

import signal

from tests.lab import clients, memory
from tests.lab.binaries import NEW, OLD
from tests.lab.fabric import U1, Place
from tests.lab.faults.form import BOTH, CLUSTER_BOTH, Act, Fault, Says, causes, nothing, same
from tests.lab.laboratory import Lab
from tests.lab.verdict import Verdict

_STUB = "127.0.0.53"
"""Where systemd-resolved listens on a node; inside a replica's network it is CoreDNS itself."""
_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all")
_QUERIES_OF_A_FLOOD = 6000
_MEMORY_BYTES = 96 << 20


def loop_to_itself(lab: Lab, place: Place) -> None:
    """The nodes' resolv.conf names a local resolver."""
    lab.nameservers = {node.key: (_STUB,) for node in place.nodes}


def loop_of_two(lab: Lab, place: Place) -> None:
    """Two replicas are each other's upstream."""
    first, second = place.pods
    lab.nameservers = {first.node.key: (second.address,), second.node.key: (first.address,)}


def crash_and_restart(lab: Lab, place: Place) -> None:
    """Wait for the end of whoever ends, start it again once as the kubelet does, wait for its end again."""
    lab.wait(r"FATAL|^Listen|Corefile:\d+", place.pods, 4.0)
    ended = [r for r in lab.of(place.pods) if not r.running or r.says("FATAL")]
    for replica in ended:
        replica.wait_exit(5)
        replica.start()
    for replica in ended:
        if replica.says("FATAL") and len(place.pods) == 2 and len(ended) == 1:
            continue  # of a pair one dies; its second life may last
        replica.wait_exit(8)
    alive = [r.pod for r in lab.replicas.values() if r.running and r not in ended]
    if alive:
        lab.ask(8, pods=alive)


def hold_port(lab: Lab, place: Place) -> None:
    """Another program has port 53 of the node."""
    for node in place.nodes:
        lab.helper("tests.lab.holder", space=node.key)


def nobody(lab: Lab, place: Place) -> None:
    """CoreDNS runs without the right to open ports below 1024."""
    lab.wrap = {pod.key: _NOBODY for pod in place.pods}


def corefile(old: str, new: str) -> Act:
    """The Corefile of every replica is wrong from the start."""

    def act(lab: Lab, place: Place) -> None:
        lab.corefile = lab.corefile.replace(old, new)

    return act


def quick_reload(lab: Lab, place: Place) -> None:
    """A Corefile that is looked at every two seconds."""
    lab.corefile = lab.corefile.replace("    reload\n", "    reload 2s 1s\n")


def break_corefile(lab: Lab, place: Place) -> None:
    """An edit goes wrong."""
    lab.edit_corefile(lab.corefile.replace("cache 30", "cacheee 30"))
    lab.wait("Corefile changed but reload failed", limit_s=7)


def few_files(lab: Lab, place: Place) -> None:
    """A small limit of open files."""
    lab.wrap = {pod.key: ("prlimit", "--nofile=14:14") for pod in place.pods}


def slow_upstream(lab: Lab, place: Place) -> None:
    """Many queries wait."""
    lab.set_mode(U1, mode="slow 1.5")


def crowd(lab: Lab, place: Place) -> None:
    """More at once than sockets can be opened."""
    lab.ask(20, spread_s=0.1)


def little_memory(lab: Lab, place: Place) -> None:
    """A limit of memory that a normal day does not reach."""
    lab.wrap = {pod.key: memory.wrap(lab, pod, _MEMORY_BYTES) for pod in place.pods}


def flooded(lab: Lab, place: Place) -> None:
    """A flood of names that wait for a slow upstream, until the kernel (or its stand-in) kills the process."""
    for replica in lab.of(place.pods):
        for _ in range(6):
            clients.flood(replica.pod.address, _QUERIES_OF_A_FLOOD)
            if not replica.running:
                break
        if replica.wait_exit(8) != -signal.SIGKILL:
            raise RuntimeError(f"{replica.pod.name} was not killed for its memory")
        replica.status = "OOMKilled"


def slow_memory(lab: Lab, place: Place) -> None:
    """Answers still come, but late enough that the flood piles up."""
    lab.set_mode(U1, mode="slow 1.8")


def health(words: str) -> Act:
    """Packets of CoreDNS' request to its own /health are lost."""

    def act(lab: Lab, place: Place) -> None:
        for pod in place.pods:
            rule = f"iptables -w -I INPUT -i lo -p tcp --dport 8080 {words} -j DROP"
            lab.fabric.run(lab.fabric.space_of(pod), rule)

    return act


_SLOW = causes("upstream-unreachable", "forward-overload")
"""The upstream is slow, too, or there would be no crowd."""
_LOOP = Verdict(causes("forward-loop"), 0.8, never=causes("upstream-unreachable", "apiserver-unreachable"))
_LISTEN = Verdict(
    causes("listen-failed"), 0.8, scope="honest", never=causes("upstream-unreachable", "corefile-invalid")
)
_COREFILE = Verdict(causes("corefile-invalid"), 0.8, never=causes("upstream-unreachable", "forward-loop"))
_HEALTH = Verdict(causes("resources", "node-network", "quiet"), scope="honest", never=causes("upstream-unreachable"))
_FATAL_LOOP = r"^\[FATAL\] plugin/loop: Loop \(\S+ -> \S*:53\) detected for zone \"\.\", see "

FAULTS = (
    Fault(
        "loop-self",
        "the node's resolv.conf names a local resolver, which is CoreDNS itself inside the replica",
        {"cluster": BOTH, "node": (OLD,)},
        crash_and_restart,
        (Says(_FATAL_LOOP),),
        same(_LOOP),
        prepare=loop_to_itself,
        load=nothing,
    ),
    Fault(
        "loop-pair",
        "two replicas on different nodes have each other as upstream",
        {"subnet": (NEW,)},
        crash_and_restart,
        (Says(_FATAL_LOOP, who="one"),),
        same(
            Verdict(
                causes("forward-loop"),
                0.6,
                may=causes("upstream-refused", "upstream-unreachable", "upstream-unreachable-scoped"),
            )
        ),
        prepare=loop_of_two,
        load=nothing,
    ),
    Fault(
        "port-in-use",
        "another program has the node's port 53; CoreDNS uses the node's network",
        {"node": BOTH},
        crash_and_restart,
        (Says(r"Listen(?:Packet)?: listen (?:tcp|udp) :53: bind: address already in use$"),),
        same(_LISTEN),
        prepare=hold_port,
        load=nothing,
        host_network=True,
    ),
    Fault(
        "no-right-to-bind",
        "CoreDNS lacks the capability to open port 53",
        {"cluster": (NEW,)},
        crash_and_restart,
        (Says(r"Listen: listen tcp :53: bind: permission denied$"),),
        same(_LISTEN),
        prepare=nobody,
        load=nothing,
    ),
    Fault(
        "corefile-directive",
        "the Corefile uses a directive that is gone since 1.5.0",
        {"cluster": (OLD,)},
        crash_and_restart,
        (Says(r"Corefile:\d+ - Error during parsing: Unknown directive 'proxy'$"),),
        same(_COREFILE),
        prepare=corefile("forward . /etc", "proxy . /etc"),
        load=nothing,
    ),
    Fault(
        "corefile-brace",
        "the Corefile lacks its closing brace",
        {"cluster": (NEW,)},
        crash_and_restart,
        (Says(r"Corefile:\d+ - Syntax error: Unexpected EOF|Corefile:\d+ - Syntax error: Unexpected token"),),
        same(_COREFILE),
        prepare=corefile("}\n", ""),
        load=nothing,
    ),
    Fault(
        "corefile-reload",
        "an edited Corefile does not parse: the former one stays in force",
        CLUSTER_BOTH,
        break_corefile,
        (
            Says(r"^\[ERROR\] Restart failed: .*Corefile:\d+ - Error during parsing: Unknown directive 'cacheee'$"),
            Says(r"^\[ERROR\] plugin/reload: Corefile changed but reload failed: "),
        ),
        same(_COREFILE),
        prepare=quick_reload,
    ),
    Fault(
        "few-files",
        "CoreDNS may not open enough files for the queries that wait",
        CLUSTER_BOTH,
        slow_upstream,
        (Says(r"dial udp 10\.196\.17\.210:53: socket: too many open files$"),),
        same(Verdict(causes("fd-exhausted"), 0.7, may=_SLOW, never=causes("inotify-exhausted"))),
        prepare=few_files,
        load=crowd,
    ),
    Fault(
        "memory",
        "a flood of queries that wait makes CoreDNS outgrow its memory limit: killed, without a line of its own",
        {"replica": (OLD,)},
        slow_memory,
        (Says("plugin/errors", who="nobody"), Says("SIGTERM", who="nobody")),
        same(Verdict(causes("resources"), 0.4, scope="honest")),
        prepare=little_memory,
        load=flooded,
    ),
    Fault(
        "health-slow",
        "every second request to its own /health loses its first packet",
        {"cluster": (OLD,), "replica": (NEW,)},
        health("--syn -m statistic --mode nth --every 2 --packet 0"),
        (Says(r'^\[WARNING\] plugin/health: Local health request to "\S+" took more than 1s: '),),
        same(_HEALTH),
    ),
    Fault(
        "health-dead",
        "no request to its own /health is answered",
        {"node": (NEW,)},
        health(""),
        (Says(r'^\[WARNING\] plugin/health: Local health request to "\S+" failed: '),),
        same(_HEALTH),
        limit_s=12,
    ),
)
