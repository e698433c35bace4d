"""The kubernetes plugin and an API server (a stub here) that cannot be reached, or that says no."""

from __future__ import annotations

from collections.abc import Callable

from tests.lab.binaries import NEW, OLD
from tests.lab.fabric import API_SERVER, Place
from tests.lab.faults.form import BOTH, Act, Fault, Says, Verdicts, causes, nothing
from tests.lab.laboratory import KUBERNETES, Lab
from tests.lab.verdict import Verdict

_FAILURE = r"^\[WARNING\] plugin/kubernetes: Kubernetes API connection failure: "
_UNSYNCED = Says(r"^\[WARNING\] plugin/kubernetes: starting server with unsynced Kubernetes API$")
_SERVFAIL = Says(r'kubernetes\.default\.svc\.cluster\.local\. .*" SERVFAIL qr,aa,rd ')
_WATCH = r"Failed to watch: failed to list \*v1\.\w+: "
_INSIDE = ("kubernetes.default.svc.cluster.local.", "web.shop.svc.cluster.local.")


def api(mode: str) -> Act:
    """A kubernetes plugin, and an API server like this."""

    def act(lab: Lab, place: Place) -> None:
        lab.corefile = lab.corefile.replace("    prometheus", f"{KUBERNETES}    prometheus")
        lab.start_api(mode)

    return act


def dropped(lab: Lab, place: Place) -> None:
    """Packets to the API server vanish."""
    lab.fabric.forward_rule(place, API_SERVER)


def load(lab: Lab, place: Place) -> None:
    """Names of the cluster and of the world."""
    lab.ask_names(_INSIDE, rounds=4)
    lab.ask(6)


def accepted(*main: str, blind: tuple[str, ...] = ()) -> Callable[[str, str], Verdicts]:
    """`main` where the cause is named in the lines; `blind` (1.15.0 names none) is enough where it is not."""

    def verdicts(place: str, version: str) -> Verdicts:
        never = causes("upstream-unreachable", "upstream-refused", "forward-loop", "upstream-error-answer")
        named = Verdict(causes(*main), 0.7, scope="honest", never=never)
        if version == NEW and blind:
            named = Verdict(causes(*main, *blind), 0.3, scope="honest", never=never)
        return dict.fromkeys(("errors", "log", "metrics"), named)

    return verdicts


_UNREACHABLE = accepted("apiserver-unreachable", blind=("apiserver-auth",))
_AUTH = accepted("apiserver-auth")
_ROWS = (
    (
        "refused",
        "nothing listens at the API server's address",
        {"cluster": BOTH},
        "refused",
        nothing,
        rf"{_FAILURE}.*connect: connection refused$",
        None,
        _UNREACHABLE,
        8.0,
    ),
    (
        "dropped",
        "packets to the API server vanish",
        {"cluster": (OLD,), "node": (NEW,)},
        "ok",
        dropped,
        rf"{_FAILURE}.*dial tcp 10\.96\.0\.1:443: i/o timeout$",
        None,
        _UNREACHABLE,
        66.0,
    ),
    (
        "tls-silent",
        "the API server accepts and never says a word",
        {"cluster": BOTH},
        "tls-silent",
        nothing,
        rf"{_FAILURE}.*net/http: TLS handshake timeout$",
        None,
        _UNREACHABLE,
        40.0,
    ),
    (
        "401",
        "the token is not accepted",
        {"cluster": BOTH},
        "401",
        nothing,
        rf"{_FAILURE}the server has asked for the client to provide credentials$",
        rf"{_WATCH}Unauthorized ",
        _AUTH,
        8.0,
    ),
    (
        "403",
        "the service account may not list",
        {"cluster": BOTH},
        "403",
        nothing,
        r"^E\d{4} .*Failed to watch \*v1\.Namespace: failed to list \*v1\.Namespace: namespaces is forbidden: User ",
        rf"{_WATCH}namespaces is forbidden: User ",
        _AUTH,
        8.0,
    ),
    (
        "certificate",
        "the API server's certificate is for another address",
        {"cluster": BOTH},
        "wrong-name",
        nothing,
        rf"{_FAILURE}.*x509: certificate is valid for 10\.0\.0\.1, not 10\.96\.0\.1$",
        rf"{_WATCH}.*x509: certificate is valid for 10\.0\.0\.1, not 10\.96\.0\.1 ",
        accepted("apiserver-auth", "apiserver-unreachable"),
        8.0,
    ),
)

FAULTS = tuple(
    Fault(
        f"api-{name}",
        f"{about} (a stub of it)",
        places,
        breaks,
        (
            _UNSYNCED,
            _SERVFAIL,
            # 1.9.3 tries, and prints the last failure every 10 s; while a try hangs both are due at once and Go picks
            # one by chance: a replica may stay silent, five of them hardly.
            Says(old, OLD, who="one" if limit_s > 8 else "hit"),
            *((Says(new, NEW),) if new else (Says("Failed to watch", NEW, who="nobody"),)),
        ),
        verdicts,
        prepare=api(mode),
        early=True,
        load=load,
        limit_s=limit_s,
    )
    for name, about, places, mode, breaks, old, new, verdicts, limit_s in _ROWS
)
