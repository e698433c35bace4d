"""Which command separates most: expected information of its outcome, per cost."""

from __future__ import annotations

import ipaddress
import math
import re
import shlex
from collections.abc import Callable, Collection, Mapping, Sequence

from triage.analysis.context import Context
from triage.analysis.hypotheses import Draft
from triage.model.endpoint import split
from triage.model.report import CheckStep, Expectation
from triage.model.rule import Check, Outcome
from triage.model.shell import SAFE_NAME
from triage.model.text import Text

SAFE_ENDPOINT = re.compile(r"[0-9A-Za-z.\[\]:-]{3,80}\Z")
NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z")
"""A label of DNS, as the API server demands it."""
PLACEHOLDERS = frozenset(
    {
        "api_address",
        "namespace",
        "node",
        "other_node",
        "outside_node",
        "qname",
        "replica",
        "second_name",
        "servers",
        "upstream_ip",
        "upstream_port",
        "zone",
    }
)
"""Names that a rule's command may use."""
SECOND_NAMES = ("www.example.com.", "www.example.org.")
"""Asked beside the failing name: any answer, NXDOMAIN included, proves that the server lives."""


_ASKS = re.compile(r"\bdig (?=[^;|]*@(?:\{upstream_ip\}|\$s\b))")
"""A dig of a rule's command that asks the upstream, or each of the servers."""


def fill(command: str, names: Mapping[str, str]) -> str | None:
    """The command with every name quoted for a POSIX shell; None when one is missing.

    A rule writes `dig @{upstream_ip}`: on which port, and that 853 speaks TLS, is added here.

    >>> fill("dig @{upstream_ip} {qname}", {"upstream_ip": "10.0.0.1", "qname": "a.$(reboot).example."})
    "dig @10.0.0.1 'a.$(reboot).example.'"
    >>> fill("dig @{upstream_ip} a.", {"upstream_ip": "10.0.0.1", "upstream_port": "5353"})
    'dig -p 5353 @10.0.0.1 a.'
    """
    port = names.get("upstream_port", "53")
    if port != "53":
        command = _ASKS.sub(f"dig -p {{upstream_port}} {'+tls ' if port == '853' else ''}", command)
    try:
        quoted = {key: " ".join(map(shlex.quote, value.split(" "))) for key, value in names.items()}
        return command.format_map(quoted)
    except (KeyError, IndexError, ValueError):
        return None


def _is_address(value: str) -> bool:
    try:
        return "%" not in value and bool(ipaddress.ip_address(value))
    except ValueError:
        return False


def _is_name(value: str) -> bool:
    return SAFE_NAME.match(value) is not None


_FORMS: Mapping[str, Callable[[str], bool]] = {
    "api_address": lambda value: SAFE_ENDPOINT.match(value) is not None,
    "namespace": lambda value: NAMESPACE.match(value) is not None,
    "servers": lambda value: all(map(_is_address, value.split(" "))),
    "upstream_ip": _is_address,
    "upstream_port": lambda value: value.isascii() and value.isdigit() and 0 < int(value[:6]) < 65536,
}


def refill(check: Check, names: Mapping[str, str]) -> tuple[str, Mapping[str, str]] | None:
    """The command of a check made again, from names that a stored report holds: nobody vouches for them.

    With it come those names that are names, addresses and ports indeed. None when one that it needs is not.

    >>> ask = Check("ask", "dig @{upstream_ip} {qname}", "where.anywhere", "reads", ())
    >>> refill(ask, {"upstream_ip": "10.0.0.1", "qname": "a.example.", "node": "x;y"})
    ('dig @10.0.0.1 a.example.', {'upstream_ip': '10.0.0.1', 'qname': 'a.example.'})
    >>> refill(ask, {"upstream_ip": "10.0.0.1", "qname": "-f/etc/shadow"})
    """
    safe = safe_names(names)
    command = fill(check.command, safe)
    return None if command is None or any(need not in safe for need in check.needs) else (command, safe)


def safe_names(names: Mapping[str, str]) -> dict[str, str]:
    """Those that are names, addresses and ports indeed, and can be taken for no option of a command."""
    return {
        key: value
        for key, value in names.items()
        if key in PLACEHOLDERS and len(value) < 2000 and (_FORMS.get(key) or _is_name)(value)
    }


def names_for(draft: Draft, context: Context, upstreams: Sequence[str]) -> dict[str, str]:
    """What is known of a hypothesis and may stand in a command: validated, not yet quoted."""
    found: dict[str, str] = {}
    if upstreams:
        found["upstream_ip"], found["upstream_port"] = split(upstreams[0])
    servers = [split(u) for u in _listed(context) or upstreams]
    if servers:
        port = found.setdefault("upstream_port", servers[0][1])
        found["servers"] = " ".join(ip for ip, other in servers if other == port)
    api = sorted(address for address in context.group.addresses if SAFE_ENDPOINT.match(address))
    if api:
        found["api_address"] = api[0]
    found["qname"] = context.qname or SECOND_NAMES[0]
    found["second_name"] = next(n for n in SECOND_NAMES if n != found["qname"])
    if draft.zone:
        found["zone"] = draft.zone
    pods = {p.name: p for p in context.inputs.topology.pods}
    for replica in sorted(context.failing):
        if SAFE_NAME.match(replica):
            found["replica"] = replica
            found["namespace"] = (pods[replica].namespace if replica in pods else None) or "kube-system"
            break
    return safe_names(found | nodes_for(context))


def _listed(context: Context) -> Sequence[str]:
    """The longest upstream list of the failing zone, when it has several servers."""
    rows = [u.upstreams for u in context.inputs.configuration.upstreams if u.zone == (context.group.zone or ".")]
    longest = max(rows, key=len, default=())
    return longest if len(longest) > 1 else ()


def nodes_for(context: Context) -> dict[str, str]:
    """Nodes to ask from: a failing one, another one of its place, one outside, preferring nodes nobody asked from."""
    bad = {u.attrs["node"] for u in context.units if u.name in context.failing and "node" in u.attrs}
    if not bad:
        return {}
    places = {n.name: _shared_place(n.name, context) for n in context.inputs.topology.nodes}
    found = {"node": min(bad)}
    home = places.get(found["node"])
    beside = [n for n, place in sorted(places.items()) if n not in bad and place == home and home is not None]
    outside = [n for n, place in sorted(places.items()) if n not in bad and place != home and place is not None]
    outside = outside or sorted({u.attrs["node"] for u in context.units if "node" in u.attrs} - bad)
    if beside:
        found["other_node"] = beside[0]
    if outside:
        found["outside_node"] = outside[0]
    return found


def _shared_place(node: str, context: Context) -> str | None:
    """The widest place of a node that is known: its subnet, else its az, else its role."""
    facts = context.inputs.node_attributes(node)
    return next((facts[kind] for kind in ("subnet", "az", "role") if kind in facts), None)


def choose(
    drafts: Sequence[Draft], context: Context, upstreams: Sequence[str], gaps: Collection[str]
) -> dict[int, tuple[CheckStep, ...]]:
    """Per draft (by position) its checks, the one that separates the group's explanations best first."""
    offered: dict[int, tuple[CheckStep, ...]] = {}
    for position, draft in enumerate(drafts):
        names = names_for(draft, context, upstreams)
        steps = []
        for check in draft.weight.rule.checks:
            command = fill(check.command, names)
            if command is None or any(need not in names for need in check.needs):
                continue
            if (check.fills and f"gap.{check.fills}" not in gaps) or _asked_before(check, names, context):
                continue
            gain = information(check, drafts)
            step = CheckStep(
                check.id,
                command,
                (
                    Text(
                        check.where, {key: names.get(key) for key in ("node", "other_node", "outside_node", "replica")}
                    ),
                ),
                check.effect,
                tuple(_expected(outcome, names, position, drafts) for outcome in check.outcomes),
                round(gain, 3),
                names,
            )
            steps.append((check.fills is None, -gain / check.cost, step))
        steps.sort(key=lambda row: (row[0], row[1], row[2].id))
        offered[position] = tuple(step for _, _, step in steps)
    return offered


def _asked_before(check: Check, names: Mapping[str, str], context: Context) -> bool:
    """Did somebody ask the same server the same name already, from every place that the check wants?"""
    if not check.command.startswith("dig ") or "node" not in names or "upstream_ip" not in names:
        return False
    name = names["qname" if "{qname}" in check.command else "second_name"].rstrip(".").lower()
    asked = {
        context.inputs.node_of_host(dig.host)
        for dig in context.inputs.direct_answers
        if dig.host and dig.server and split(dig.server)[0] == names["upstream_ip"]
        if (dig.qname or "").rstrip(".") == name and (dig.tcp or "+tcp" not in check.command)
    }
    if check.where != "where.affected-beside-outside":
        return names["node"] in asked
    home = _shared_place(names["node"], context)
    inside = {node for node in asked if node and _shared_place(node, context) == home}
    return names["node"] in inside and len(inside) > ("other_node" in names) and len(asked - inside) > 0


def _expected(outcome: Outcome, names: Mapping[str, str], position: int, drafts: Sequence[Draft]) -> Expectation:
    """An outcome, and what the draft at this position is worth after it."""
    joint = [d.probability * _p(outcome, d) for d in drafts]
    then = joint[position] / sum(joint) if sum(joint) > 0 else None
    return Expectation(Text(outcome.outcome, dict(names)), Text(outcome.means, dict(names)), then)


def information(check: Check, drafts: Sequence[Draft]) -> float:
    """Expected information of a check in bits: entropy of the explanations before, minus expected entropy after."""
    prior = [d.probability for d in drafts]
    whole = sum(prior) or 1.0
    prior = [p / whole for p in prior]
    rows = [[_p(outcome, d) for d in drafts] for outcome in check.outcomes]
    rest = [max(0.0, 1.0 - sum(column)) for column in zip(*rows, strict=True)] if rows else []
    after = 0.0
    for row in [*rows, rest]:
        joint = [p * q for p, q in zip(prior, row, strict=False)]
        mass = sum(joint)
        if mass > 0:
            after += mass * _entropy([j / mass for j in joint])
    return max(0.0, _entropy(prior) - after)


def _p(outcome: Outcome, draft: Draft) -> float:
    cause = draft.weight.rule.id
    kind = "zone" if draft.variant == "zone" else draft.scope.kind if draft.scope else None
    for key in (f"{cause}/{kind}", cause, "otherwise"):
        if key in outcome.p:
            return outcome.p[key]
    return 0.0


def _entropy(shares: Sequence[float]) -> float:
    return -sum(p * math.log2(p) for p in shares if p > 0)
