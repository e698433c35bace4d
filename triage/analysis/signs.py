"""Signs of trouble: lines, failed queries, counters and states that some cause must explain."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from triage.analysis.inputs import Inputs
from triage.analysis.names import leaks_cluster_zone
from triage.analysis.own import asks_itself, own_addresses
from triage.model.observation import Answer, Citation, Entry, FailureKind, Meaning, NameCount
from triage.model.rule import SymptomMatch, SymptomRule
from triage.model.tool import ConntrackStats, DigResult, KernelEvent

MINUTE_NS = 60_000_000_000
LOOKUP_NS = 10_000_000_000
"""Lines of one replica and name within 10 s are one look-up: A and AAAA, two attempts each."""
CHECK = "check:"
"""Prefix of the place of a sign that a direct check gave: the node (or machine) on which it ran follows."""
ASKED = frozenset({"upstream-silent", "probe-silent", "upstream-refused", "probe-refused", "upstream-tcp-silent"})
ERROR_RCODES = frozenset({"SERVFAIL", "REFUSED", "NOTIMP", "FORMERR"})
FAST_S = 0.9
"""A SERVFAIL that is made faster than a try can time out came from somewhere else."""
LATE_LOG2 = 10
"""floor(log2 ms) from 1.02 s on: one try that timed out makes an answer 2.00 s late."""
DOWN_AFTER = 3
"""Failed health checks that mark an upstream down (`max_fails` 2)."""
ERROR_SHARE = 0.02
"""Share of error answers of an upstream that asks for an explanation."""


@dataclass(frozen=True, slots=True)
class Sign:
    """One observation that asks for an explanation."""

    symptom: str
    replica: str
    citation: Citation
    at_ns: int | None = None
    weight: float = 1.0
    """Failures it stands for."""
    until_ns: int | None = None
    """The last of them, where it stands for several."""
    qname: str | None = None
    qtype: str | None = None
    upstream: str | None = None
    kind: FailureKind | None = None
    probe: bool = False
    message_id: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    proto: str | None = None
    local: str | None = None
    """Address of CoreDNS itself, from the left of `A->B`."""
    over_s: float | None = None
    """Seconds that a summary covers."""


def signs_of(inputs: Inputs) -> tuple[Sign, ...]:
    """Every sign in the evidence, in the order of files and lines."""
    lines = [
        *_from_entries(inputs.observations.entries, tuple(inputs.rulebook.symptoms.values()), own_addresses(inputs))
    ]
    told = {(s.replica, s.probe) for s in lines if s.qname or inputs.rulebook.symptoms[s.symptom].family == "upstream"}
    unsynced = {s.replica for s in lines if s.symptom == "api-unsynced"}
    lines = [s for s in lines if s.symptom != "api-waiting" or s.replica not in unsynced]  # the wait that it ends
    found = [
        *lines,
        *_from_queries(inputs, told),
        *_from_scrapes(inputs),
        *_from_pods(inputs),
        *_from_tools(inputs),
        *_from_config(inputs),
    ]
    return tuple(sorted(found, key=lambda s: (s.citation.file, s.citation.line, s.symptom, s.replica)))


def symptom_of(meaning: Meaning, symptoms: Iterable[SymptomRule]) -> SymptomRule | None:
    """The first symptom whose conditions a line's meaning meets; None: the line asks for no explanation."""
    for symptom in symptoms:
        if any(_meets(meaning, match) for match in symptom.matches):
            return symptom
    return None


def _meets(meaning: Meaning, match: SymptomMatch) -> bool:
    if match.message and not any(fnmatchcase(meaning.message_id, pattern) for pattern in match.message):
        return False
    for allowed, value in (
        (match.label, meaning.label),
        (match.plugin, meaning.plugin),
        (match.kind, meaning.kind.value if meaning.kind else None),
        (match.proto, meaning.proto),
        (match.level, meaning.level),
    ):
        if allowed and value not in allowed:
            return False
    return match.probe is None or match.probe == meaning.probe


def _refined(symptom: str, entry: Entry, own: frozenset[str]) -> str:
    """Circumstances make another symptom of a failed try: an upstream that is CoreDNS itself, a node cache's TCP."""
    meaning = entry.meaning
    elsewhere = meaning.upstream and _is_node_cache(entry) and _is_elsewhere(meaning.upstream)
    asked = bool(meaning.upstream) and not elsewhere and symptom in ASKED
    if asked and asks_itself(meaning.upstream or "", meaning.local_addr, own):
        return "asks-itself"
    if symptom == "upstream-tcp-silent" and _is_node_cache(entry):
        return "upstream-silent"
    if symptom == "upstream-not-permitted" and "permission denied" in entry.line.text:
        return "upstream-no-route"  # EACCES is a route of type `prohibit`; a firewall of the node gives EPERM
    if symptom == "zone-trouble" and meaning.upstream and "invalid argument" in entry.line.text:
        return "upstream-no-route"  # EINVAL is a route of type `blackhole`
    if symptom == "starved" and "too many open files" in entry.line.text:
        return "fd-error"
    return symptom


def _is_elsewhere(upstream: str) -> bool:
    """A node cache binds link-local addresses; the address of the cluster's DNS is another server to it."""
    try:
        address = ipaddress.ip_address(upstream.rpartition(":")[0].strip("[]"))
    except ValueError:
        return False
    return not (address.is_loopback or address.is_link_local)


def _is_node_cache(entry: Entry) -> bool:
    """NodeLocal DNSCache asks the cluster's DNS over TCP by default."""
    name = f"{entry.line.replica or ''} {entry.line.container or ''} {entry.line.file}"
    return any(word in name for word in ("node-cache", "node-local", "nodelocal"))


def _from_entries(entries: Sequence[Entry], symptoms: Sequence[SymptomRule], own: frozenset[str]) -> Iterator[Sign]:
    cache: dict[int, SymptomRule | None] = {}
    for entry in entries:
        meaning = entry.meaning
        if id(meaning) not in cache:
            cache[id(meaning)] = symptom_of(meaning, symptoms)
        symptom = cache[id(meaning)]
        if symptom is None:
            continue
        yield Sign(
            _refined(symptom.id, entry, own),
            entry.line.replica or "",
            entry.citation,
            entry.line.at_ns,
            float(meaning.weight),
            None,
            meaning.qname,
            meaning.qtype,
            meaning.upstream,
            meaning.kind,
            meaning.probe,
            meaning.message_id,
            meaning.fields,
            meaning.proto,
            meaning.local_addr,
            meaning.over_s,
        )


def _from_queries(inputs: Inputs, told: Set[tuple[str, bool]]) -> Iterator[Sign]:
    """Failures that only the query log shows, and answers that come late, wrong or flipping.

    A replica in `told` has errors lines (of clients, or of probes): they tell the same failures better.
    """
    for failure in inputs.observations.failures:
        probe = _is_probe(failure.qname, failure.qtype)
        if (failure.replica or "", probe) in told:
            continue
        symptom = "overload-unanswered" if failure.answer is Answer.REJECTED else "unanswered"
        if symptom == "unanswered" and failure.duration_s is not None and failure.duration_s < FAST_S:
            symptom = "error-answer" if failure.rcode in {"SERVFAIL", "REFUSED"} else symptom
        yield Sign(
            symptom,
            failure.replica or "",
            failure.citation,
            failure.at_ns,
            qname=failure.qname,
            qtype=failure.qtype,
            probe=probe,
        )
    yield from _error_answers(inputs.observations.names)
    yield from _flips(inputs)
    yield from _late_answers(inputs)
    yield from _denials(inputs)


def _denials(inputs: Inputs) -> Iterator[Sign]:
    """Cluster names that fail, search lists walked outwards, and names of a stub domain that its servers deny."""
    zones = inputs.configuration.cluster_zones
    for name in inputs.observations.names:
        symptom = None
        if name.answer is Answer.LOCAL and name.rcode == "SERVFAIL" and name.qname.endswith(tuple(zones)):
            symptom = "api-answers-fail"
        elif name.rcode != "NXDOMAIN" or name.answer is Answer.LOCAL:
            continue
        elif leaks_cluster_zone(name.qname, zones) or _walks_at_home(name, zones):
            symptom = "search-walk"
        elif inputs.zone_of(name.qname) not in {".", *zones} and name.answer is Answer.UPSTREAM:
            symptom = "stub-denied"
        if symptom:
            yield Sign(
                symptom,
                name.replica or "",
                name.citation,
                name.first_ns,
                float(name.count),
                name.last_ns,
                name.qname,
                name.qtype,
            )


def _walks_at_home(name: NameCount, zones: Sequence[str]) -> bool:
    """A cluster name that an upstream denied: clients get a search domain that the kubernetes plugin does not serve."""
    return name.answer is Answer.UPSTREAM and ".svc." in name.qname and not any(name.qname.endswith(z) for z in zones)


def _late_answers(inputs: Inputs) -> Iterator[Sign]:
    """Answers after one or two tries that timed out (2 s each): one upstream of several is silent."""
    begins = {s.replica or "": s.first_ns or 0 for s in reversed(inputs.observations.segments)}
    for row in inputs.observations.queries:
        if row.answer is Answer.UPSTREAM and row.duration_log2 is not None and row.duration_log2 >= LATE_LOG2:
            at = None if row.minute is None else max(row.minute * MINUTE_NS, begins.get(row.replica or "", 0))
            where = Citation("", 0, "")
            yield Sign("late-answers", row.replica or "", where, at, float(row.count))


def _is_probe(qname: str, qtype: str) -> bool:
    labels = qname.split(".")
    return qtype == "HINFO" and len(labels) > 2 and labels[0].isdigit() and labels[1].isdigit()


def _error_answers(names: Sequence[NameCount]) -> Iterator[Sign]:
    for name in names:
        if name.answer in {Answer.UPSTREAM, Answer.CACHE} and name.rcode in {
            "SERVFAIL",
            "REFUSED",
            "NOTIMP",
            "FORMERR",
        }:
            if name.answer is Answer.CACHE:
                continue
            yield Sign(
                "error-answer",
                name.replica or "",
                name.citation,
                name.first_ns,
                float(name.count),
                name.last_ns,
                name.qname,
                name.qtype,
                fields={"rcode": name.rcode},
            )


def _flips(inputs: Inputs) -> Iterator[Sign]:
    """Names that one and the same forward answers both NOERROR and NXDOMAIN: resolvers of different knowledge."""
    seen: dict[str, dict[str, list[NameCount]]] = {}
    for name in inputs.observations.names:
        if name.answer in {Answer.UPSTREAM, Answer.CACHE} and name.rcode in {"NOERROR", "NXDOMAIN"}:
            seen.setdefault(name.qname, {}).setdefault(name.rcode, []).append(name)
    for qname, by_rcode in seen.items():
        if len(by_rcode) < 2 or not _alternates(by_rcode["NOERROR"], by_rcode["NXDOMAIN"]):
            continue
        for name in by_rcode["NXDOMAIN"]:
            if name.answer is Answer.UPSTREAM:
                yield Sign(
                    "answers-flip",
                    name.replica or "",
                    name.citation,
                    name.first_ns,
                    float(name.count),
                    name.last_ns,
                    qname,
                    name.qtype,
                    fields={"noerror": str(sum(n.count for n in by_rcode["NOERROR"]))},
                )


def _alternates(found: Sequence[NameCount], denied: Sequence[NameCount]) -> bool:
    """Do the two answers overlap in time, in one replica or between them? A name that was made meanwhile does not."""

    def span(rows: Sequence[NameCount]) -> tuple[int, int]:
        times = [t for n in rows for t in (n.first_ns, n.last_ns) if t is not None]
        return (min(times), max(times)) if times else (0, 0)

    (a, b), (c, d) = span(found), span(denied)
    return a <= d and c <= b if max(a, b, c, d) > 0 else True


def _from_scrapes(inputs: Inputs) -> Iterator[Sign]:
    """Counters since the start of a process: health checks that fail, answers that are errors or only NXDOMAIN."""
    shown = any(n.answer is Answer.UPSTREAM and n.rcode in ERROR_RCODES for n in inputs.observations.names)
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


def _from_tools(inputs: Inputs) -> Iterator[Sign]:
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


def _from_pods(inputs: Inputs) -> Iterator[Sign]:
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


def _from_config(inputs: Inputs) -> Iterator[Sign]:
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
        public = [(a, c) for a, c in conf.nameservers if _is_public(a)]
        private = [(a, c) for a, c in conf.nameservers if not _is_public(a)]
        if public and private:
            elsewhere = {a for other in of_nodes if other is not conf for a, _ in other.nameservers}
            only_here = [(a, c) for a, c in conf.nameservers if elsewhere and a not in elsewhere]
            asked = [(a, c) for a, c in conf.nameservers if _with_port(a) in denying]
            odd = asked or only_here or (public if _internal_denied(inputs, conf.search) else private)
            for address, citation in odd:
                yield Sign("resolvers-mixed", "", citation, upstream=_with_port(address))


def _internal_denied(inputs: Inputs, search: Sequence[str]) -> bool:
    """Are names of the organisation's own (under a search domain's top) denied by an upstream, not public ones?"""
    tops = {s.rstrip(".").rsplit(".", 1)[-1].lower() for s in search}
    denied = [n.qname for n in inputs.observations.names if n.rcode == "NXDOMAIN" and n.answer is Answer.UPSTREAM]
    return any(name.rstrip(".").rsplit(".", 1)[-1] in tops for name in denied)


def _is_public(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_global
    except ValueError:
        return False


def _with_port(address: str) -> str:
    return f"[{address}]:53" if ":" in address else f"{address}:53"
