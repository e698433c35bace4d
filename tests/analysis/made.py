"""Records made by hand, with as little around them as a function needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.analysis.asking import rulebook
from triage.analysis.context import Context
from triage.analysis.exposure import Seen, seen_of, units_of
from triage.analysis.group import Group
from triage.analysis.hypotheses import Draft
from triage.analysis.inputs import Inputs
from triage.analysis.localize import localize_units
from triage.analysis.names import NameSpread
from triage.analysis.rank import CauseWeight
from triage.analysis.sign import Sign
from triage.model.config import Configuration
from triage.model.observation import Answer, Citation, Observations, QueryCount, Stream
from triage.model.place import Fact, Place, Topology
from triage.model.rule import Check, Rule
from triage.model.tool import DigResult

S = 10**9
MINUTE = 60 * S
UPSTREAM = "10.9.0.53:53"


def cite(text: str = "a line", line: int = 1) -> Citation:
    return Citation("x.log", line, text)


def sign(
    replica: str = "a",
    qname: str | None = "www.example.org.",
    at_s: float | None = None,
    symptom: str = "upstream-silent",
    **more: object,
) -> Sign:
    """A time-out of one replica, unless told otherwise."""
    at_ns = None if at_s is None else round(at_s * S)
    more.setdefault("upstream", UPSTREAM)
    text = str(more.pop("text", "a line"))
    return Sign(symptom, replica, cite(text), at_ns, qname=qname, **more)  # type: ignore[arg-type]


def group(*signs: Sign, family: str = "upstream", zone: str | None = None) -> Group:
    return Group(family, signs, zone)


def queries(
    replica: str, count: int, answer: Answer = Answer.UPSTREAM, *, minute: int | None = 0, zone: str = "."
) -> QueryCount:
    rcode = "NOERROR" if answer is Answer.UPSTREAM else "-"
    return QueryCount(replica, minute, zone, "A", rcode, answer, 3, count)


def stream(replica: str | None, n_queries: int = 0, *, lines: int = 5) -> Stream:
    return Stream(f"{replica}.log", "plain", replica, lines, lines, n_queries, (), None, None)


def places(table: Mapping[str, Mapping[str, str]]) -> Topology:
    """Replica to kind to member."""
    known = {
        name: Place(name, {kind: Fact(member, "made") for kind, member in facts.items()})
        for name, facts in table.items()
    }
    return Topology(places=known)


def inputs(
    *,
    streams: Sequence[Stream] = (),
    counted: Sequence[QueryCount] = (),
    topology: Topology | None = None,
    configuration: Configuration | None = None,
    tools: Sequence[DigResult] = (),
) -> Inputs:
    return Inputs(
        Observations(queries=tuple(counted), streams=tuple(streams)),
        configuration or Configuration(),
        topology or Topology(),
        rulebook(),
        lambda _: ".",
        tools=tools,
    )


def context(of: Group, given: Inputs) -> Context:
    """A group in its surroundings, localised."""
    seen: Mapping[str, Seen] = seen_of(given)
    units = units_of(given, of, seen)
    return Context(given, of, (), units, localize_units(units), seen, NameSpread(None, known=False))


def rule(cause: str = "made-up", checks: tuple[Check, ...] = (), **more: object) -> Rule:
    known: dict[str, object] = {
        "prior": 0.1, "severity": "degraded", "symptoms": {}, "scopes": {}, "terms": (), "checks": checks,
        "fixes": (), "references": (), "look_alikes": (), "names_upstream": True, "file": "made",
    }  # fmt: skip
    return Rule(cause, **{**known, **more})  # type: ignore[arg-type]


def draft(cause: str, probability: float, checks: tuple[Check, ...] = (), zone: str | None = None) -> Draft:
    import numpy as np

    weight = CauseWeight(rule(cause, checks), 0.0, 0.0, 0.0, (), np.zeros(0))
    return Draft(cause, weight, probability, None, zone, "")
