"""Signs in the query log: failures that only it shows, answers that come late, wrong or flipping."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from functools import cache
from types import MappingProxyType

from msgspec.structs import replace

from triage.analysis.inputs import Inputs
from triage.analysis.names import leaks_cluster_zone
from triage.analysis.sign import ERROR_RCODES, MINUTE_NS, Sign
from triage.analysis.signs_counted import NOWHERE, failed_but_counted, read_spans, unanswered, within
from triage.model.observation import Answer, NameCount, QueryCount

LATE_LOG2 = 10
"""floor(log2 ms) from 1.02 s on: one try that timed out makes an answer 2.00 s late."""
_RUNS = 8
"""More runs than that are noise that comes and goes, not outages."""
Run = tuple[int, int, int]


def from_queries(inputs: Inputs, told: Set[tuple[str, bool]]) -> Iterator[Sign]:
    """Failures that only the query log shows, and answers that come late, wrong or flipping.

    A replica in `told` has errors lines (of clients, or of probes): they tell the same failures better.
    """
    for failure in inputs.observations.failures:
        if (failure.replica or "", failure.probe) in told:
            continue
        yield Sign(
            unanswered(failure.answer, failure.rcode, failure.duration_s),
            failure.replica or "",
            failure.citation,
            failure.at_ns,
            qname=failure.qname,
            qtype=failure.qtype,
            probe=failure.probe,
        )
    if "failures" in inputs.observations.overflow:
        yield from failed_but_counted(inputs, told)
    yield from _error_answers(inputs)
    yield from _flips(inputs)
    yield from _late_answers(inputs)
    yield from _denials(inputs)


def _of_name(symptom: str, name: NameCount, fields: Mapping[str, str] = MappingProxyType({})) -> Sign:
    """The sign that the answers of one name are."""
    return Sign(
        symptom,
        name.replica or "",
        name.citation,
        name.first_ns,
        float(name.count * name.stands_for),
        name.last_ns,
        name.qname,
        name.qtype,
        fields=fields,
    )


def _denials(inputs: Inputs) -> Iterator[Sign]:
    """Cluster names that fail, search lists walked outwards, and names of a stub domain that its servers deny."""
    zones = inputs.configuration.cluster_zones
    for name in inputs.names.get((Answer.LOCAL, "SERVFAIL"), ()):
        if name.qname.endswith(tuple(zones)):
            yield _of_name("api-answers-fail", name)

    @cache
    def denial(qname: str, answer: Answer) -> str | None:
        if leaks_cluster_zone(qname, zones) or (answer is Answer.UPSTREAM and _walks_at_home(qname, zones)):
            return "search-walk"
        stub = answer is Answer.UPSTREAM and inputs.zone_of(qname) not in {".", *zones}
        return "stub-denied" if stub else None

    for (answer, rcode), names in inputs.names.items():
        for name in names if rcode == "NXDOMAIN" and answer is not Answer.LOCAL else ():
            if symptom := denial(name.qname, answer):
                yield _of_name(symptom, name)


def _walks_at_home(qname: str, zones: Sequence[str]) -> bool:
    """A cluster name that an upstream denied: clients get a search domain that the kubernetes plugin does not serve."""
    return ".svc." in qname and not any(qname.endswith(z) for z in zones)


def _late_answers(inputs: Inputs) -> Iterator[Sign]:
    """Answers after one or two tries that timed out (2 s each): one upstream of several is silent."""
    read = read_spans(inputs.observations.segments)
    for row in inputs.observations.queries:
        if row.answer is Answer.UPSTREAM and row.duration_log2 is not None and row.duration_log2 >= LATE_LOG2:
            when = None if row.minute is None else within(row.minute, row.minutes, read.get(row.replica or ""))
            first, last = when or (None, None)
            yield Sign("late-answers", row.replica or "", NOWHERE, first, float(row.count), last)


def _error_answers(inputs: Inputs) -> Iterator[Sign]:
    rows = (row for row in inputs.observations.queries if row.answer is Answer.UPSTREAM and row.rcode in ERROR_RCODES)
    runs = _runs(rows, inputs.minutes)
    for rcode in ERROR_RCODES:
        for name in inputs.names.get((Answer.UPSTREAM, rcode), ()):
            yield from _by_run(_of_name("error-answer", name, {"rcode": rcode}), runs.get((name.replica, rcode), ()))


def _runs(rows: Iterable[QueryCount], minutes: int) -> Mapping[tuple[str | None, str], Sequence[Run]]:
    """In which times a replica got such answers without a minute's pause: begin, end (ns), answers."""
    counts: Counter[tuple[str | None, str, int]] = Counter()
    for row in rows:
        if row.minute is not None:
            counts[row.replica, row.rcode, row.minute] += row.count
    found: dict[tuple[str | None, str], list[Run]] = {}
    for (replica, rcode, minute), n in sorted(counts.items(), key=lambda item: (item[0][0] or "", *item[0][1:])):
        runs = found.setdefault((replica, rcode), [])
        begin, end = minute * MINUTE_NS, (minute + minutes) * MINUTE_NS
        if runs and runs[-1][1] >= begin:
            first, _, before = runs.pop()
            runs.append((first, end, before + n))
        else:
            runs.append((begin, end, n))
    return found


def _by_run(sign: Sign, runs: Sequence[Run]) -> Sequence[Sign]:
    """Of a name the first and the last answer are known: what lies between them follows what its replica got."""
    at, until = sign.at_ns, sign.until_ns
    if at is None or until is None or len(runs) < 2:
        return [sign]
    inside = [run for run in runs if run[0] <= until and at < run[1]]
    if not 1 < len(inside) <= _RUNS:
        return [sign]
    answers = sum(n for _, _, n in inside)
    return [
        replace(sign, at_ns=max(at, begin), until_ns=min(until, end), weight=sign.weight * n / answers)
        for begin, end, n in inside
    ]


def _flips(inputs: Inputs) -> Iterator[Sign]:
    """Names that one and the same forward answers both NOERROR and NXDOMAIN: resolvers of different knowledge."""
    found, denied = (_from_outside(inputs, rcode) for rcode in ("NOERROR", "NXDOMAIN"))
    for qname in sorted(found.keys() & denied.keys()):
        if _alternates(found[qname], denied[qname]):
            fields = {"noerror": str(sum([n.count for n in found[qname]]))}
            yield from (_of_name("answers-flip", n, fields) for n in denied[qname] if n.answer is Answer.UPSTREAM)


def _from_outside(inputs: Inputs, rcode: str) -> Mapping[str, Sequence[NameCount]]:
    """Names that were answered so, and not by CoreDNS itself."""
    found: dict[str, list[NameCount]] = defaultdict(list)
    for answer in (Answer.UPSTREAM, Answer.CACHE):
        for name in inputs.names.get((answer, rcode), ()):
            found[name.qname].append(name)
    return found


def _alternates(found: Sequence[NameCount], denied: Sequence[NameCount]) -> bool:
    """Do the two answers overlap in time, in one replica or between them? A name that was made meanwhile does not."""

    def span(rows: Sequence[NameCount]) -> tuple[int, int]:
        firsts = [n.first_ns for n in rows if n.first_ns is not None]
        lasts = [n.last_ns for n in rows if n.last_ns is not None]
        return min(firsts, default=0), max(lasts, default=0)

    (a, b), (c, d) = span(found), span(denied)
    return a <= d and c <= b if max(a, b, c, d) > 0 else True
