"""Two faults at once, replicas younger than a fault, and runs in which nothing is wrong."""

from __future__ import annotations

import signal
import time
from dataclasses import replace

from tests.lab.binaries import NEW, OLD
from tests.lab.fabric import PODS, U1, U2, Place, place_of
from tests.lab.faults.form import BOTH, CLUSTER_BOTH, QUIET, Fault, Says, causes, levels, nothing, same
from tests.lab.faults.path import TIMEOUT, UNREACHABLE
from tests.lab.faults.process import break_corefile, quick_reload
from tests.lab.laboratory import Lab
from tests.lab.verdict import Verdict

_STUB_DOMAIN = f"""corp.example:53 {{
    errors
    log
    cache 30
    forward . {U2}
}}
"""
_CORP = tuple(f"{word}.corp.example." for word in ("ldap", "git", "wiki", "build"))
_YOUNG = PODS[-1]


def stub_domain(lab: Lab, place: Place) -> None:
    """A second server block with an upstream of its own."""
    lab.corefile += _STUB_DOMAIN
    lab.servers = {U1: {"mode": "answer"}, U2: {"mode": "answer"}}


def drop_and_refuse(lab: Lab, place: Place) -> None:
    """The place loses its upstream, and everybody's stub domain is refused."""
    lab.fabric.forward_rule(place, U1)
    lab.fabric.forward_rule(place_of("cluster"), U2, "-j REJECT --reject-with icmp-port-unreachable")


def both_loads(lab: Lab, place: Place) -> None:
    """Names of the world and of the stub domain."""
    lab.ask_names(_CORP)
    lab.ask()


def drop_and_bad_reload(lab: Lab, place: Place) -> None:
    """The place loses its upstream after an edit of the Corefile went wrong everywhere."""
    break_corefile(lab, place)
    lab.fabric.forward_rule(place, U1)


def outage_then_new_replica(lab: Lab, place: Place) -> None:
    """Everybody loses the upstream; after it is back one replica is replaced by a new pod."""
    lab.fabric.forward_rule(place, U1)
    lab.ask()
    lab.fabric.open_again()
    lab.replicas.pop(_YOUNG.name).stop(signal.SIGKILL)
    lab.start([replace(_YOUNG, name="coredns-6d4b75cb6d-z6f8q")])
    lab.hit = tuple(pod for pod in lab.pods if pod is not _YOUNG)
    time.sleep(0.5)


def ask_but_one(lab: Lab, place: Place) -> None:
    """One replica is never asked."""
    lab.ask(pods=[pod for pod in lab.pods if pod is not _YOUNG])


def planned_restart(lab: Lab, place: Place) -> None:
    """One replica is told to stop, and started again."""
    replica = lab.replicas[_YOUNG.name]
    replica.stop()
    replica.start()
    lab.wait("CoreDNS-", [_YOUNG])


def good_edit(lab: Lab, place: Place) -> None:
    """The Corefile is changed, and it is right."""
    lab.edit_corefile(lab.corefile.replace("cache 30", "cache 60"))
    lab.wait("Reloading complete", limit_s=7)


def deaf_to_probes(lab: Lab, place: Place) -> None:
    """The upstream drops HINFO questions, as many firewalls do."""
    lab.servers = {U1: {"mode": "answer", "silent_to": "HINFO"}}


def absent_names(lab: Lab, place: Place) -> None:
    """Half of the names do not exist: clients walk their search list."""
    lab.ask(8)
    lab.ask_names([f"app{i}.absent.example." for i in range(6)])


def late_network(lab: Lab, place: Place) -> None:
    """The network of the replicas is not there yet when they start."""
    lab.fabric.forward_rule(place, U1)


def network_comes(lab: Lab, place: Place) -> None:
    """It comes after the first probes failed."""
    lab.wait(r"\. HINFO: ", limit_s=8)
    lab.fabric.open_again()
    time.sleep(0.2)
    lab.ask()


# Probes alone are weak evidence in both directions; answers of the same minutes settle it.
_PERHAPS_DOWN = causes("quiet", "upstream-unreachable")
_MAYBE_DOWN = Verdict(_PERHAPS_DOWN, high=0.7)
_HARDLY_DOWN = Verdict(_PERHAPS_DOWN, high=0.3)
_NO_ERRORS = (Says("plugin/errors", who="nobody"),)

FAULTS = (
    Fault(
        "two-upstreams-two-faults",
        "one subnet loses its upstream, and the stub domain's upstream refuses everybody",
        {"subnet": BOTH},
        drop_and_refuse,
        (
            Says(TIMEOUT),
            Says(
                r"plugin/errors: 2 \w+\.corp\.example\. A: read udp {pod}:\d+->10\.196\.17\.211:53: .*refused$",
                who="all",
            ),
        ),
        same(
            Verdict(
                causes("upstream-unreachable-scoped"), 0.5, 1.0, (f"{U1}:53",), "place", also=causes("upstream-refused")
            )
        ),
        prepare=stub_domain,
        load=both_loads,
    ),
    Fault(
        "drop-and-bad-reload",
        "an edited Corefile does not parse anywhere, and one node loses its upstream",
        {"node": (NEW,)},
        drop_and_bad_reload,
        (Says(TIMEOUT), Says("Corefile changed but reload failed", who="all")),
        same(
            Verdict(
                causes("upstream-unreachable-scoped", "node-network"),
                0.5,
                1.0,
                (f"{U1}:53",),
                "place",
                also=causes("corefile-invalid"),
            )
        ),
        prepare=quick_reload,
    ),
    Fault(
        "younger-than-fault",
        "everybody lost the upstream; one replica was replaced after it was over and knows nothing of it",
        {"cluster": BOTH},
        outage_then_new_replica,
        (Says(TIMEOUT),),
        same(Verdict(UNREACHABLE, 0.5, 1.0, (f"{U1}:53",), scope="honest")),
        load=nothing,
    ),
    Fault("healthy", "nothing is wrong", CLUSTER_BOTH, nothing, _NO_ERRORS, same(QUIET)),
    Fault(
        "unasked",
        "nothing is wrong, and one replica is never asked",
        {"cluster": (OLD,)},
        nothing,
        _NO_ERRORS,
        same(QUIET),
        load=ask_but_one,
    ),
    Fault(
        "planned-restart",
        "one replica is restarted in good order",
        CLUSTER_BOTH,
        planned_restart,
        (*_NO_ERRORS, Says(r"SIGTERM: Shutting down servers then terminating", who="one")),
        same(QUIET),
    ),
    Fault(
        "clean-reload",
        "a good edit of the Corefile",
        CLUSTER_BOTH,
        good_edit,
        (*_NO_ERRORS, Says("Reloading complete")),
        same(QUIET),
        prepare=quick_reload,
    ),
    Fault(
        "probes-dropped",
        "the upstream ignores HINFO, so the loop probe fails at every start; all else is well",
        CLUSTER_BOTH,
        nothing,
        (Says(r"plugin/errors: 2 \d+\.\d+\. HINFO: read udp {pod}:\d+->10\.196\.17\.210:53: i/o timeout$"),),
        levels(_MAYBE_DOWN, _HARDLY_DOWN, _HARDLY_DOWN),
        prepare=deaf_to_probes,
        limit_s=10,
    ),
    Fault(
        "absent-names",
        "clients ask for names that do not exist, as search lists do",
        {"cluster": (NEW,)},
        nothing,
        (*_NO_ERRORS, Says(r'absent\.example\. .*" NXDOMAIN qr,(?:aa,)?rd,ra ')),
        same(Verdict(causes("quiet", "client-search-path"), high=0.5)),
        load=absent_names,
    ),
    Fault(
        "late-network",
        "at the start the network was not there for some seconds, then all was well",
        {"cluster": (OLD,)},
        late_network,
        (Says(r"plugin/errors: 2 \d+\.\d+\. HINFO: "), Says(r'" NOERROR qr,rd,ra ')),
        levels(_MAYBE_DOWN, _HARDLY_DOWN, Verdict(_PERHAPS_DOWN, high=0.5)),
        early=True,
        load=network_comes,
    ),
)
