"""Signs of trouble: what some cause must explain. Those of log lines are made here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from operator import attrgetter

from triage.analysis.inputs import Inputs
from triage.analysis.own import asks_itself, own_addresses
from triage.analysis.sign import Sign
from triage.analysis.signs_beside import from_config, from_pods, from_scrapes, from_tools
from triage.analysis.signs_queries import from_queries
from triage.model.observation import Entry, Meaning
from triage.model.rule import SymptomMatch, SymptomRule

ASKED = frozenset({"upstream-silent", "probe-silent", "upstream-refused", "probe-refused", "upstream-tcp-silent"})


def signs_of(inputs: Inputs) -> tuple[Sign, ...]:
    """Every sign in the evidence, in the order of files and lines."""
    lines = [
        *_from_entries(inputs.observations.entries, tuple(inputs.rulebook.symptoms.values()), own_addresses(inputs))
    ]
    upstream = {id for id, rule in inputs.rulebook.symptoms.items() if rule.family == "upstream"}
    told = {(s.replica, s.probe) for s in lines if s.qname or s.symptom in upstream}
    if unsynced := {s.replica for s in lines if s.symptom == "api-unsynced"}:
        lines = [s for s in lines if s.symptom != "api-waiting" or s.replica not in unsynced]  # the wait that it ends
    found = [
        *lines,
        *from_queries(inputs, told),
        *from_scrapes(inputs),
        *from_pods(inputs),
        *from_tools(inputs),
        *from_config(inputs),
    ]
    return tuple(sorted(found, key=attrgetter("citation.file", "citation.line", "symptom", "replica")))


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
    if symptom in ASKED:
        meaning, line = entry.meaning, entry.line
        cache = _is_node_cache(line.replica, line.container, line.file)
        # A node cache binds link-local addresses; those of the cluster's DNS are another server to it.
        ours = frozenset[str]() if cache else own
        if meaning.upstream and asks_itself(meaning.upstream, meaning.local_addr, ours):
            return "asks-itself"
        return "upstream-silent" if cache and symptom == "upstream-tcp-silent" else symptom
    if symptom == "upstream-not-permitted" and "permission denied" in entry.line.text:
        return "upstream-no-route"  # EACCES is a route of type `prohibit`; a firewall of the node gives EPERM
    if symptom == "zone-trouble" and entry.meaning.upstream and "invalid argument" in entry.line.text:
        return "upstream-no-route"  # EINVAL is a route of type `blackhole`
    if symptom == "starved" and "too many open files" in entry.line.text:
        return "fd-error"
    return symptom


@lru_cache(maxsize=4096)
def _is_node_cache(replica: str | None, container: str | None, file: str) -> bool:
    """NodeLocal DNSCache asks the cluster's DNS over TCP by default."""
    name = f"{replica or ''} {container or ''} {file}"
    return any(word in name for word in ("node-cache", "node-local", "nodelocal"))


def _from_entries(entries: Sequence[Entry], symptoms: Sequence[SymptomRule], own: frozenset[str]) -> Iterator[Sign]:
    cache: dict[object, SymptomRule | None] = {}
    for entry in entries:
        m = meaning = entry.meaning
        kind = (m.message_id, m.label, m.plugin, m.kind, m.proto, m.level, m.probe)  # what a condition may ask for
        try:
            symptom = cache[kind]
        except KeyError:
            symptom = cache[kind] = symptom_of(meaning, symptoms)
        if symptom is None:
            continue
        yield Sign(
            _refined(symptom.id, entry, own),
            entry.line.replica or "",
            entry.citation,
            entry.line.at_ns,
            float(meaning.weight),
            entry.until_ns,
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
