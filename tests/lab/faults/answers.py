"""An upstream that can be reached and does wrong: slow, error answers, other knowledge, cut or broken messages, TLS."""

from __future__ import annotations

from pathlib import Path

from tests.lab.binaries import NEW, OLD
from tests.lab.certificates import Authority
from tests.lab.fabric import U1, U2, Place
from tests.lab.faults.form import BOTH, CLUSTER_BOTH, QUIET, Act, Fault, Says, causes, levels, nothing, same
from tests.lab.faults.path import TIMEOUT, UNREACHABLE, failed_queries, two_upstreams
from tests.lab.laboratory import SCRATCH, Lab
from tests.lab.verdict import Verdict

_U1, _U2 = f"{U1}:53", f"{U2}:853"
_E = r"plugin/errors: 2 [a-z0-9.-]+\. "
_INTRANET = tuple(f"{word}.corp.example." for word in ("ldap", "git", "wiki"))


def behave(mode: str) -> Act:
    """The upstream treats the replicas of the place like this, all others well."""

    def act(lab: Lab, place: Place) -> None:
        if place.kind == "cluster":
            lab.set_mode(U1, mode=mode)
        else:
            lab.set_mode(U1, by_source={f"{pod.address}/32": mode for pod in place.pods})

    return act


def for_zone(zone: str, mode: str) -> Act:
    """The upstream treats the names of one zone like this."""
    return lambda lab, place: lab.set_mode(U1, by_zone={zone: mode})


def serving(mode: str, **more: object) -> Act:
    """The upstream is like this from the start."""

    def act(lab: Lab, place: Place) -> None:
        lab.servers = {U1: {"mode": mode, **more}}

    return act


def texts(edns: int | None = None, timeout_s: float = 9.0) -> Act:
    """Small and large answers by turns: A and TXT of the same names."""

    def act(lab: Lab, place: Place) -> None:
        lab.ask(6)
        names = [f"spf{i}.example.{top}." for i, top in enumerate(("org", "com", "net"))]
        lab.ask_names(names, "TXT", edns=edns, timeout_s=timeout_s)

    return act


def intranet_load(lab: Lab, place: Place) -> None:
    """The same inside names again and again, and outside names."""
    lab.ask(6)
    lab.ask_names(_INTRANET, rounds=8)


def differing(policy: str | None) -> Act:
    """Two upstreams of which one does not know the company's zone; nothing is cached."""

    def act(lab: Lab, place: Place) -> None:
        two_upstreams(policy)(lab, place)
        stranger = U2 if policy is None else U1
        lab.servers[stranger] = {"mode": "answer", "by_zone": {"corp.example.": "rcode NXDOMAIN"}}
        lab.corefile = lab.corefile.replace("    cache 30\n", "")

    return act


def over_tls(
    *, names: tuple[str, ...] = ("dns.lab.test",), expired: bool = False, foreign: bool = False, silent: bool = False
) -> Act:
    """`forward . tls://…` to a server with this certificate."""

    def act(lab: Lab, place: Place) -> None:
        folder = Path(SCRATCH / "tls")
        folder.mkdir(parents=True)
        authority = Authority("lab")
        chain, key = authority.issue(folder, names, expired=expired)
        trusted = Authority("somebody else") if foreign else authority
        lab.files["etc/coredns/ca.crt"] = trusted.pem
        tls = "silent" if silent else {"certificate": str(chain), "key": str(key)}
        lab.servers = {U2: {"mode": "answer", "tls": tls}}
        options = "tls /etc/coredns/ca.crt\n        tls_servername dns.lab.test"
        block = f"forward . tls://{U2} {{\n        {options}\n    }}"
        lab.corefile = lab.corefile.replace("forward . /etc/resolv.conf", block)

    return act


def max_concurrent(lab: Lab, place: Place) -> None:
    """At most three queries at a time, and an upstream that takes 1.5 s."""
    block = "forward . /etc/resolv.conf {\n        max_concurrent 3\n    }"
    lab.corefile = lab.corefile.replace("forward . /etc/resolv.conf", block)


def burst(lab: Lab, place: Place) -> None:
    """Many at once."""
    lab.ask(16, spread_s=0.2)


def consolidate(lab: Lab, place: Place) -> None:
    """Errors are summed up."""
    block = 'errors {\n        consolidate 3s ".* i/o timeout$"\n    }'
    lab.corefile = lab.corefile.replace("    errors\n", f"    {block}\n")


def drop_all(lab: Lab, place: Place) -> None:
    """Packets to the upstream vanish."""
    lab.fabric.forward_rule(place, U1)


_SLOW = same(Verdict(UNREACHABLE | {"quiet", "forward-overload", "upstream-protocol"}, high=0.9, scope="honest"))
_TOO_SLOW = same(Verdict(UNREACHABLE | {"forward-overload"}, 0.4, 1.0, (_U1,), scope="place"))
_ERROR = levels(
    errors=QUIET,
    log=Verdict(causes("upstream-error-answer"), 0.6, 1.0, (_U1,), scope="place"),
    metrics=Verdict(causes("upstream-error-answer"), 0.5, 1.0, (_U1,), scope="place"),
)
_MAYBE_ERROR = causes("upstream-error-answer", "zone-config", "client-search-path", "upstreams-inconsistent", "quiet")
_DENIED = levels(QUIET, Verdict(_MAYBE_ERROR, high=0.9), Verdict(_MAYBE_ERROR, high=0.9))
_FLIP = levels(
    errors=QUIET,
    log=Verdict(causes("upstreams-inconsistent"), 0.5),
    metrics=Verdict(causes("upstreams-inconsistent", "upstream-error-answer", "quiet")),
)
_STUCK = causes("upstreams-inconsistent", "zone-config", "upstream-error-answer", "quiet")
_PROTOCOL = same(Verdict(causes("upstream-protocol"), 0.5, 1.0, (_U1,)))
_LARGE_LOST = same(Verdict(UNREACHABLE | {"upstream-protocol", "node-network"}, 0.4, 1.0, (_U1,)))
_TLS = same(Verdict(causes("upstream-protocol"), 0.6, 1.0, (_U2,), never=causes("apiserver-auth", "forward-loop")))
_OVERLOAD = same(Verdict(causes("forward-overload"), 0.6, never=causes("forward-loop")))
_X509 = rf"{_E}(?:A|AAAA): tls: failed to verify certificate: x509: "

FAULTS = (
    Fault(
        "slow-1.5s",
        "the upstream takes 1.5 s an answer: within the try's 2 s, so nothing fails",
        {"cluster": (OLD,), "subnet": (NEW,)},
        behave("slow 1.5"),
        (Says(r'" NOERROR qr,rd,ra \d+ 1\.5\d+s$'), Says("plugin/errors", who="nobody")),
        _SLOW,
    ),
    Fault(
        "slow-3s",
        "the upstream takes 3 s an answer: every try gives up before",
        {"cluster": BOTH, "az": (OLD,)},
        behave("slow 3"),
        failed_queries(Says(TIMEOUT)),
        _TOO_SLOW,
    ),
    Fault(
        "slow-6s",
        "the upstream takes 6 s an answer: nobody waits so long",
        {"cluster": (NEW,)},
        behave("slow 6"),
        failed_queries(Says(TIMEOUT)),
        _TOO_SLOW,
    ),
    *(
        Fault(
            f"answers-{rcode.lower()}",
            f"the upstream answers {rcode} to everything",
            places,
            behave(f"rcode {rcode}"),
            (Says(rf'" {rcode} qr,rd,ra \d+ [0-9.]+s$'), Says("plugin/errors", who="nobody")),
            verdicts,
        )
        for rcode, places, verdicts in (
            ("SERVFAIL", {"cluster": BOTH, "az": (NEW,)}, _ERROR),
            ("REFUSED", {"cluster": (OLD,), "subnet": (NEW,)}, _ERROR),
            ("NXDOMAIN", {"cluster": (NEW,)}, _DENIED),
        )
    ),
    Fault(
        "zone-servfail",
        "the upstream answers SERVFAIL for the names of one zone, all else well",
        {"cluster": (OLD,)},
        for_zone("corp.example.", "rcode SERVFAIL"),
        (Says(r'corp\.example\. .*" SERVFAIL qr,rd,ra \d+ '), Says("plugin/errors", who="nobody")),
        levels(
            errors=QUIET,
            log=Verdict(causes("upstream-error-answer", "zone-config"), 0.4),
            metrics=Verdict(causes("upstream-error-answer", "zone-config", "quiet")),  # the cache answers most of them
        ),
        load=intranet_load,
    ),
    Fault(
        "knowledge-random",
        "two upstreams, one does not know the company's zone: its names exist now and then",
        CLUSTER_BOTH,
        nothing,
        (Says(r'corp\.example\. .*" NXDOMAIN qr,rd,ra '), Says(r'corp\.example\. .*" NOERROR qr,rd,ra ')),
        _FLIP,
        prepare=differing(None),
        load=intranet_load,
    ),
    Fault(
        "knowledge-sequential",
        "the first of two upstreams does not know the company's zone, and the second is never asked",
        {"cluster": (OLD,)},
        nothing,
        (Says(r'corp\.example\. .*" NXDOMAIN qr,rd,ra '), Says(r'corp\.example\. .*" NOERROR', who="nobody")),
        levels(QUIET, Verdict(_STUCK, high=0.95), Verdict(_STUCK, high=0.95)),
        prepare=differing("sequential"),
        load=intranet_load,
    ),
    Fault(
        "truncated-tcp-reset",
        "large answers are cut, and the upstream resets TCP",
        {"cluster": (OLD,)},
        nothing,
        (Says(rf"{_E}TXT: read tcp {{pod}}:\d+->10\.196\.17\.210:53: read: connection reset by peer$"),),
        _PROTOCOL,
        prepare=serving("truncated", tcp="reset"),
        load=texts(),
    ),
    Fault(
        "truncated-tcp-drop",
        "large answers are cut, and TCP to the upstream vanishes: 30 s of silence, then one line",
        {"cluster": (NEW,), "subnet": (OLD,)},
        lambda lab, place: lab.fabric.forward_rule(place, U1, "-p tcp -j DROP"),
        (Says(rf"{_E}TXT: dial tcp 10\.196\.17\.210:53: i/o timeout$"),),
        same(Verdict(UNREACHABLE | {"upstream-protocol"}, 0.4, 1.0, (_U1,))),
        prepare=serving("truncated"),
        load=texts(timeout_s=33),
    ),
    Fault(
        "fragments-lost",
        "answers of several packets never arrive, small ones do",
        {"cluster": (OLD,)},
        lambda lab, place: lab.fabric.run("router", "iptables -w -t raw -I PREROUTING -f -j DROP"),
        (Says(rf"{_E}TXT: read udp {{pod}}:\d+->10\.196\.17\.210:53: i/o timeout$"),),
        _LARGE_LOST,
        prepare=serving("big 4000"),
        load=texts(edns=4096),
    ),
    Fault(
        "answer-4k",
        "the upstream sends 4 KB by UDP to a client that allows 512 bytes (cut and repeated by TCP since 1.11.3)",
        CLUSTER_BOTH,
        nothing,
        (
            Says(rf"{_E}TXT: dns: overflowing header size$", OLD),
            Says(r'"TXT IN .* tcp .*" NOERROR qr,rd,ra ', NEW),
            Says("plugin/errors", NEW, who="nobody"),
        ),
        lambda place, version: (_PROTOCOL if version == OLD else same(QUIET))(place, version),
        prepare=serving("big 4000"),
        load=texts(),
    ),
    *(
        Fault(
            f"tls-{name}",
            about,
            {"cluster": (version,)},
            nothing,
            (Says(_X509 + text),),
            _TLS,
            prepare=prepare,
            early=True,
        )
        for name, about, version, prepare, text in (
            (
                "foreign",
                "DoT: an unknown authority",
                OLD,
                over_tls(foreign=True),
                "certificate signed by unknown authority",
            ),
            (
                "wrong-name",
                "DoT: a certificate for another name",
                NEW,
                over_tls(names=("other.lab.test",)),
                "certificate is valid for other.lab.test, not dns.lab.test",
            ),
            (
                "expired",
                "DoT: a certificate of the past",
                OLD,
                over_tls(expired=True),
                "certificate has expired or is not yet valid",
            ),
        )
    ),
    Fault(
        "tls-closed",
        "DoT: nothing listens any more",
        {"cluster": (NEW,)},
        lambda lab, place: lab.stop_upstreams(),
        (Says(rf"{_E}(?:A|AAAA): dial tcp 10\.196\.17\.211:853: connect: connection refused$"),),
        same(Verdict(causes("upstream-refused", "upstream-protocol"), 0.6, 1.0, (_U2,))),
        prepare=over_tls(),
    ),
    Fault(
        "tls-silent",
        "DoT: the server accepts and never says a word",
        {"cluster": (NEW,)},
        nothing,
        (Says(rf"{_E}(?:A|AAAA): context deadline exceeded$"),),
        same(Verdict(UNREACHABLE | {"upstream-protocol"}, 0.4)),
        prepare=over_tls(silent=True),
        early=True,
    ),
    Fault(
        "max-concurrent",
        "more queries at a time than allowed, because the upstream takes 1.5 s",
        CLUSTER_BOTH,
        behave("slow 1.5"),
        (Says(r"plugin/errors: 5 [a-z0-9.-]+\. (?:A|AAAA): concurrent queries exceeded maximum 3$"),),
        _OVERLOAD,
        prepare=max_concurrent,
        load=burst,
    ),
    Fault(
        "consolidated",
        "packets vanish, and the errors are summed up instead of named",
        {"cluster": (NEW,), "subnet": (OLD,)},
        drop_all,
        (Says(r"plugin/errors: \d+ errors like '\.\* i/o timeout\$' occurred in last 3s$"),),
        lambda place, version: same(Verdict(UNREACHABLE, 0.5, 1.0, (_U1,), scope="place"))(place, version),
        prepare=consolidate,
        limit_s=14,
    ),
)
