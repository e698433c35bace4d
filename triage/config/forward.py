"""`forward` and its predecessor `proxy`: targets, policy, limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from triage.config.plugins import FORWARD_OPTIONS
from triage.config.zones import zones_of
from triage.model.config import Directive, Forward, Policy, Problem

MAX_UPSTREAMS = 15
"""Upstreams of one forward; CoreDNS refuses more."""

_POLICIES: Mapping[str, Policy] = {
    "random": "random",
    "round_robin": "round_robin",
    "sequential": "sequential",
    "first": "sequential",  # proxy, until 1.4.0
    "least_conn": "random",
}
_DEFAULT_MAX_FAILS = 2


def forward_of(directive: Directive) -> tuple[Forward, list[Problem]]:
    """A forward with its defaults, and what is wrong with it.

    >>> from triage.model.observation import Citation
    >>> options = (("policy", "sequential"), ("max_concurrent", "1000"))
    >>> directive = Directive("forward", (".", "/etc/resolv.conf"), options, Citation("Corefile", 4, ""))
    >>> forward, wrong = forward_of(directive)
    >>> forward.zone, forward.to, forward.policy, forward.max_concurrent, wrong
    ('.', ('/etc/resolv.conf',), 'sequential', 1000, [])
    """
    source, *targets = directive.args or ("",)
    wrong = _wrong(directive, targets)
    options = {line[0]: line[1:] for line in directive.block if line}
    servername = _first(options.get("tls_servername"))
    forward = Forward(
        zone=zones_of(source)[0],
        to=tuple(targets),
        citation=directive.citation,
        policy=_POLICIES.get(_first(options.get("policy")) or "random", "random"),
        max_fails=_number(options.get("max_fails"), _DEFAULT_MAX_FAILS),
        max_concurrent=_number(options.get("max_concurrent"), 0),
        tls="tls" in options or servername is not None or any(t.startswith("tls://") for t in targets),
        tls_servername=servername,
        force_tcp="force_tcp" in options or "force_tcp" in options.get("protocol", ()),
        prefer_udp="prefer_udp" in options,
        except_zones=tuple(zone for text in options.get("except", ()) for zone in zones_of(text)),
        options=directive.block,
    )
    return forward, wrong


def _wrong(directive: Directive, targets: Sequence[str]) -> list[Problem]:
    found = []
    if not targets:
        found.append(("corefile.forward-without-upstream", " ".join(directive.args)))
    if len(targets) > MAX_UPSTREAMS:
        found.append(("corefile.forward-too-many", str(len(targets))))
    for line in directive.block:
        name, values = line[0], line[1:]
        if directive.name == "forward" and name not in FORWARD_OPTIONS:
            found.append(("corefile.forward-unknown-option", name))
        elif not _is_fit(name, _first(values) or ""):
            found.append(("corefile.forward-bad-value", " ".join(line)))
    return [Problem(name, detail[:200], directive.citation) for name, detail in found]


def _is_fit(option: str, value: str) -> bool:
    if option in ("max_concurrent", "max_fails"):
        return value.isdecimal()
    return option != "policy" or value in _POLICIES


def _first(values: Sequence[str] | None) -> str | None:
    return values[0] if values else None


def _number(values: Sequence[str] | None, default: int) -> int:
    text = _first(values) or ""
    return int(text) if text.isdecimal() and len(text) < 10 else default
