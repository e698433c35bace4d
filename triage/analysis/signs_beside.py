"""Signs beside the logs: counters, direct questions, kernels, pods, and configuration that looks odd."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from triage.analysis.inputs import Inputs
from triage.analysis.own import is_kind
from triage.analysis.sign import CHECK, DOWN_AFTER, ERROR_RCODES, Sign
from triage.model.endpoint import join
from triage.model.observation import Answer, Citation, FailureKind
from triage.model.tool import ConntrackStats, DigResult, KernelEvent

ERROR_SHARE = 0.02
"""Share of error answers of an upstream that asks for an explanation."""


def from_scrapes(inputs: Inputs) -> Iterator[Sign]:
    """Counters since the start of a process: health checks that fail, answers that are errors or only NXDOMAIN."""
    shown = any((Answer.UPSTREAM, rcode) in inputs.names for rcode in ERROR_RCODES)
    for scrape in inputs.scrapes:
        replica = scrape.replica or ""
        found = [u for u in scrape.upstreams if u.n_answered and u.answered.get("NOERROR")]
        for upstream in scrape.upstreams:
            cite = upstream.citation or Citation(scrape.file, 1, "")
            if upstream.healthcheck_failures >= DOWN_AFTER:
                yield Sign("health-check-failures", replica, cite, upstream=upstream.upstream)
            errors = sum(upstream.answered.get(rcode, 0) for rcode in ("SERVFAIL", "REFUSED"))
            if errors >= 5 and errors >= (0.0 if shown else ERROR_SHARE) * upstream.n_answered:
                yield Sign("error-answer", replica, cite, weight=float(errors), upstream=upstream.upstream)
            only_denied = upstream.answered.get("NXDOMAIN", 0) == upstream.n_answered >= 8
            if only_denied and any(u is not upstream for u in found):
                yield Sign("answers-flip", replica, cite, weight=float(upstream.n_answered), upstream=upstream.upstream)


def from_tools(inputs: Inputs) -> Iterator[Sign]:
    """What people saw when they asked servers, kernels and sockets themselves."""
    yield from _from_direct_answers(inputs)
    for tool in inputs.tools:
        place = f"{CHECK}{tool.host}" if tool.host else CHECK
        if isinstance(tool, KernelEvent) and tool.kind == "conntrack-full":
            yield Sign("conntrack-full", place, tool.citation)
        elif isinstance(tool, KernelEvent) and tool.kind == "oom-kill" and "coredns" in (tool.process or ""):
            yield Sign("oom-killed", place, tool.citation)
        elif isinstance(tool, ConntrackStats) and tool.counters.get("insert_failed", 0) + tool.counters.get("drop", 0):
            yield Sign("conntrack-drop", place, tool.citation)


def _from_direct_answers(inputs: Inputs) -> Iterator[Sign]:
    """Servers that did not answer a direct question, and those that deny what another one finds."""
    by_name: dict[str, list[DigResult]] = {}
    for dig in inputs.direct_answers:
        if dig.failure is not None and dig.server:
            symptom = "upstream-refused" if dig.failure is FailureKind.REFUSED else "upstream-silent"
            place = f"{CHECK}{dig.host or ''}"
            yield Sign(
                symptom, place, dig.citation, qname=dig.qname, qtype=dig.qtype, upstream=dig.server, kind=dig.failure
            )
        elif dig.status and dig.server and dig.qname:
            by_name.setdefault(dig.qname, []).append(dig)
    for answers in by_name.values():
        if any(dig.status == "NOERROR" for dig in answers):
            for dig in answers:
                if dig.status == "NXDOMAIN":
                    yield Sign("answers-flip", "", dig.citation, qname=dig.qname, qtype=dig.qtype, upstream=dig.server)


def from_pods(inputs: Inputs) -> Iterator[Sign]:
    """States of CoreDNS pods that ask for an explanation of their own."""
    for pod in inputs.topology.pods:
        if pod.name not in inputs.topology.places or pod.citation is None:
            continue
        reason = pod.last_termination.reason if pod.last_termination else None
        if "OOMKilled" in (pod.status, reason):
            yield Sign("oom-killed", pod.name, pod.citation)
    for event in inputs.topology.events:
        if event.citation and "oom" in event.reason.lower():
            yield Sign("oom-killed", event.object_name or "", event.citation)


def from_config(inputs: Inputs) -> Iterator[Sign]:
    """Configuration that can cause a fault: a suspicion, never more."""
    for corefile in inputs.configuration.corefiles:
        for problem in corefile.problems:
            yield Sign("config-suspect", "", problem.citation, fields={"problem": problem.id})
        forwards = [f for block in corefile.blocks for f in block.forwards]
        if corefile.blocks and not forwards:
            yield Sign("no-forward", "", corefile.blocks[0].citation)
    denying = {s.upstream for s in _from_direct_answers(inputs) if s.symptom == "answers-flip"}
    of_nodes = [c for c in inputs.configuration.resolv_confs if not c.pod]
    for conf in of_nodes:
        public = [(a, c) for a, c in conf.nameservers if is_kind(a, "public")]
        private = [(a, c) for a, c in conf.nameservers if not is_kind(a, "public")]
        if public and private:
            elsewhere = {a for other in of_nodes if other is not conf for a, _ in other.nameservers}
            only_here = [(a, c) for a, c in conf.nameservers if elsewhere and a not in elsewhere]
            asked = [(a, c) for a, c in conf.nameservers if join(a) in denying]
            odd = asked or only_here or (public if _internal_denied(inputs, conf.search) else private)
            for address, citation in odd:
                yield Sign("resolvers-mixed", "", citation, upstream=join(address))


def _internal_denied(inputs: Inputs, search: Sequence[str]) -> bool:
    """Are names of the organisation's own (under a search domain's top) denied by an upstream, not public ones?"""
    tops = {s.rstrip(".").rsplit(".", 1)[-1].lower() for s in search}
    denied = inputs.names.get((Answer.UPSTREAM, "NXDOMAIN"), ())
    return any(name.qname.rstrip(".").rsplit(".", 1)[-1] in tops for name in denied)
