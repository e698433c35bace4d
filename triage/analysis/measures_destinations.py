"""Measures about destinations: upstream lists, resolvers, transports, unrelated targets."""

from __future__ import annotations

from triage.analysis.context import UNTESTED, Context, Finding, yes
from triage.analysis.own import host_of, is_kind, own_addresses
from triage.model.observation import Answer, Citation, FailureKind
from triage.model.text import Text


def upstream_is(c: Context, what: str) -> Finding:
    """Is an upstream that the signs name of this kind of address?"""
    if not c.group.upstreams:
        return UNTESTED
    own = own_addresses(c.inputs)
    hits = [u for u in c.group.upstreams if is_kind(host_of(u), what, own)]
    _, named = c.group.hits(lambda kin: kin.upstream in hits)
    return yes(bool(hits), named, upstream=hits[0] if hits else None)


def lists_own_address(c: Context) -> Finding:
    """Does a resolv.conf or Corefile that CoreDNS uses list a loopback or own address?"""
    own = own_addresses(c.inputs)
    listed = [(a, cite) for conf in c.inputs.configuration.resolv_confs if not conf.pod for a, cite in conf.nameservers]
    listed += [
        (host_of(target if ":" in target else f"{target}:53"), forward.citation)
        for corefile in c.inputs.configuration.corefiles
        for block in corefile.blocks
        for forward in block.forwards
        for target in forward.to
        if not target.startswith("/")
    ]
    if not listed:
        return UNTESTED
    hits = [(a, cite) for a, cite in listed if is_kind(a, "own", own)]
    return Finding(float(bool(hits)), {"upstream": hits[0][0] if hits else None}, tuple(cite for _, cite in hits[:3]))


def several_upstreams(c: Context) -> Finding:
    """Is more than one resolver listed for the zone that fails?"""
    rows = [u for u in c.inputs.configuration.upstreams if u.zone == (c.group.zone or ".") and u.upstreams]
    servers = max((u.upstreams for u in rows), key=len, default=())
    confs = [tuple(f"{a}" for a, _ in conf.nameservers) for conf in c.inputs.configuration.resolv_confs if not conf.pod]
    servers = max([servers, *confs], key=len)
    if not servers:
        return UNTESTED
    cited: tuple[Citation, ...] = tuple(u.citation for u in rows if u.citation)[:1]
    return Finding(float(len(set(servers)) > 1), {"n": len(set(servers)), "upstreams": tuple(servers)[:4]}, cited)


def tcp_only(c: Context) -> Finding:
    """Do all failures that tell their transport use TCP or TLS?"""
    protos = {kin.proto or ("tcp-tls" if kin.kind is FailureKind.TLS else None) for kin in c.group.kin} - {None}
    return yes(all(p != "udp" for p in protos), c.group.signs) if protos else UNTESTED


_NAMED = {"upstream": Text("the.upstreams"), "api": Text("the.api-server")}


def unrelated_destinations(c: Context) -> Finding:
    """Do the same replicas fail towards destinations that have nothing in common: upstreams and the API server?

    Several upstreams of one list count as one destination: they may share a network. Untested where only the API server
    fails and nothing shows that those replicas asked upstream: one that is not ready is sent no queries.
    """
    n, own = c.group.hits(lambda kin: kin.symptom != "api-waiting")
    mine = {c.group.family} if n else set[str]()
    cited = own[:1]
    for other in c.others:
        n, shared = other.hits(lambda kin: kin.replica in c.failing and kin.symptom != "api-waiting")
        if n and other.family in {"upstream", "api"}:
            mine.add(other.family)
            cited += shared[:2]
    asked = any(q.replica in c.failing and q.answer in {Answer.UPSTREAM, Answer.FAILED} for q in c.inputs.asked)
    if len(mine) < 2 and c.group.family == "api" and not asked:
        return UNTESTED
    named = tuple(_NAMED.get(family, family) for family in sorted(mine))
    return yes(len(mine) > 1, cited, destinations=named, n=len(mine))


def resolvers_disagree(c: Context) -> Finding:
    """Asked directly for one name, does one listed server say NXDOMAIN where another finds it?"""
    by_name: dict[str, dict[str, tuple[str, Citation | None]]] = {}
    for answer in c.inputs.direct_answers:
        if answer.server and answer.status and answer.qname:
            by_name.setdefault(answer.qname, {})[answer.server] = (answer.status, answer.citation)
    asked = {name: answers for name, answers in by_name.items() if len(answers) > 1}
    if not asked:
        return UNTESTED
    for answers in asked.values():
        odd = sorted(s for s, (status, _) in answers.items() if status == "NXDOMAIN")
        if odd and any(status == "NOERROR" for status, _ in answers.values()):
            cited = tuple(cite for _, cite in answers.values() if cite)[:3]
            return Finding(1.0, {"odd": tuple(odd), "rcode": "NXDOMAIN"}, cited)
    return Finding(0.0)
