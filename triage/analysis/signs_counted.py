"""Failed queries that are but counted, by minutes, because they are too many to be kept one by one."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

from triage.analysis.inputs import Inputs
from triage.analysis.sign import MINUTE_NS, Sign
from triage.model.observation import LOST, Answer, Citation, NameCount, QueryCount, QueryFailure, Segment

FAST_S = 0.9
"""A SERVFAIL that is made faster than a try can time out came from somewhere else."""
NOWHERE = Citation("", 0, "")
"""Of what is only counted: no line was kept."""
_OFTEN = 50
"""Names that are looked at for one that failed in a minute."""
_EVER = (0, 2**63)
Span = tuple[int, int]


def unanswered(answer: Answer, rcode: str, duration_s: float | None) -> str:
    """The symptom that a query without an answer is."""
    if answer is Answer.REJECTED:
        return "overload-unanswered"
    fast = duration_s is not None and duration_s < FAST_S
    return "error-answer" if fast and rcode in {"SERVFAIL", "REFUSED"} else "unanswered"


def failed_but_counted(inputs: Inputs, told: Set[tuple[str, bool]]) -> Iterator[Sign]:
    """One sign for what failed in a minute, with the name that failed most often meanwhile.

    A replica in `told` has errors lines (of clients, or of probes): they tell the same failures better.
    """
    seen, minutes = inputs.observations, inputs.minutes
    rows = [row for row in seen.queries if row.answer in LOST]
    if all((row.replica or "", row.qtype == "HINFO") in told for row in rows):
        return
    names = [name for name in seen.names if name.answer in LOST]
    often: dict[tuple[str, str], list[NameCount]] = defaultdict(list)
    for name in sorted(names, key=lambda name: (-name.count, name.qname)):
        if len(often[name.replica or "", name.qtype]) < _OFTEN:
            often[name.replica or "", name.qtype].append(name)
    known = [(kept.replica, kept.at_ns) for kept in seen.failures]
    known += [(name.replica, at) for name in names for at in (name.first_ns, name.last_ns)]
    when = _spans(rows, known, read_spans(seen.segments), minutes)
    for (replica, minute, symptom, qtype), n in _left(rows, seen.failures, minutes).items():
        probe = qtype == "HINFO"
        if n <= 0 or (replica, probe) in told:
            continue
        first, last = when.get((replica, minute), (None, None))
        named = next((name for name in often[replica, qtype] if _overlaps(name, first, last)), None)
        where = named.citation if named else NOWHERE
        qname = named.qname if named else None
        yield Sign(symptom, replica, where, first, float(n), last, qname, qtype, probe=probe)


def _left(
    rows: Iterable[QueryCount], kept: Iterable[QueryFailure], minutes: int
) -> Counter[tuple[str, int | None, str, str]]:
    """Failures by replica, minute, symptom and type, less those that were kept."""
    left: Counter[tuple[str, int | None, str, str]] = Counter()
    for row in rows:
        duration_s = None if row.duration_log2 is None else 2.0**row.duration_log2 / 1000.0
        left[row.replica or "", row.minute, unanswered(row.answer, row.rcode, duration_s), row.qtype] += row.count
    for failure in kept:
        at = None if failure.at_ns is None else _bin(failure.at_ns, minutes)
        symptom = unanswered(failure.answer, failure.rcode, _as_counted(failure.duration_s))
        left[failure.replica or "", at, symptom, failure.qtype] -= 1
    return left


def _as_counted(duration_s: float | None) -> float | None:
    """Rounded down to the power of two of milliseconds by which it is counted.

    >>> _as_counted(0.95)
    0.512
    """
    return 2.0 ** (math.frexp(duration_s * 1000.0)[1] - 1) / 1000.0 if duration_s else duration_s


def _bin(at_ns: int, minutes: int) -> int:
    return at_ns // MINUTE_NS // minutes * minutes


def _spans(
    rows: Iterable[QueryCount], known: Sequence[tuple[str | None, int | None]], read: Mapping[str, Span], minutes: int
) -> Mapping[tuple[str, int | None], Span]:
    """From when to when a replica failed in a minute; `known` are replicas and times (ns) of single failures.

    From the beginning of the minute where it failed in the one before, else from the first failure that is known in it;
    likewise at the end.
    """
    times: dict[tuple[str, int], list[int]] = defaultdict(list)
    for name, at_ns in known:
        if at_ns is not None:
            times[name or "", _bin(at_ns, minutes)].append(at_ns)
    failing = {(row.replica or "", row.minute) for row in rows if row.minute is not None}
    found: dict[tuple[str, int | None], Span] = {}
    for replica, minute in failing:
        first, last = within(minute, minutes, read.get(replica))
        inside = times.get((replica, minute), [])
        if inside and (replica, minute - minutes) not in failing:
            first = min(inside)
        if inside and (replica, minute + minutes) not in failing:
            last = max(inside)
        found[replica, minute] = first, last
    return found


def read_spans(segments: Iterable[Segment]) -> Mapping[str, Span]:
    """What was read of each replica; ends that no line tells are open."""
    found: dict[str, Span] = {}
    for segment in segments:
        first, last = found.get(segment.replica or "", (_EVER[1], _EVER[0]))
        ends = (
            _EVER[0] if segment.first_ns is None else segment.first_ns,
            _EVER[1] if segment.last_ns is None else segment.last_ns,
        )
        found[segment.replica or ""] = min(first, ends[0]), max(last, ends[1])
    return found


def within(minute: int, minutes: int, read: Span | None) -> Span:
    """Some minutes as a span, as far as they were read."""
    first, last = read or _EVER
    return max(minute * MINUTE_NS, first), min((minute + minutes) * MINUTE_NS, last)


def _overlaps(name: NameCount, first_ns: int | None, last_ns: int | None) -> bool:
    if first_ns is None or last_ns is None or name.first_ns is None or name.last_ns is None:
        return True
    return name.first_ns <= last_ns and first_ns <= name.last_ns
