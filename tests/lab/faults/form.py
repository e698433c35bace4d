"""What a fault is: how it is broken, where it makes sense, which lines it leaves, what may be said about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.lab.binaries import NEW, OLD
from tests.lab.evidence import LEVELS
from tests.lab.fabric import Place
from tests.lab.laboratory import Lab
from tests.lab.verdict import Verdict

Act = Callable[[Lab, Place], None]
Verdicts = Mapping[str, Verdict]
"""Level of observation to what an expert would accept there."""
BOTH = (OLD, NEW)


@dataclass(frozen=True, slots=True)
class Says:
    """A line that a run must show (or must not)."""

    pattern: str
    """Searched in each line without its framing; `{pod}` stands for the replica's own address."""
    version: str | None = None
    """Only in this version; None: in both."""
    who: str = "hit"
    """hit: each replica of the place, and none outside · one: at least one · all: every replica · nobody."""
    places: tuple[str, ...] = ()
    """Only for these kinds of places; empty: all."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One row of the table."""

    id: str
    about: str
    places: Mapping[str, tuple[str, ...]]
    """Kind of place to the versions that are run there."""
    breaks: Act
    lines: tuple[Says, ...]
    verdicts: Callable[[str, str], Verdicts]
    """Kind of place and version to what is accepted."""
    prepare: Act | None = None
    """Changes Corefile, resolver lists, servers before anything starts."""
    early: bool = False
    """Broken before the replicas start; no healthy time before it."""
    load: Act | None = None
    """Queries while it is broken; None: twelve names to each replica."""
    limit_s: float = 8.0
    """How long the lines may take."""
    host_network: bool = False

    def says(self, place: str, version: str) -> tuple[Says, ...]:
        """The expectations that hold for this place and version."""
        return tuple(s for s in self.lines if s.version in (None, version) and (not s.places or place in s.places))


@dataclass(frozen=True, slots=True)
class Case:
    """One run: a fault in a place under a version."""

    fault: Fault
    place: str
    version: str

    @property
    def id(self) -> str:
        """`drop@subnet-1.9.3`."""
        return f"{self.fault.id}@{self.place}-{self.version}"


def standard_load(lab: Lab, place: Place) -> None:
    """Twelve names to each replica within a second."""
    lab.ask()


def nothing(lab: Lab, place: Place) -> None:
    """Break nothing."""


def same(verdict: Verdict) -> Callable[[str, str], Verdicts]:
    """The same is accepted at every level, place and version."""
    return lambda place, version: dict.fromkeys(LEVELS, verdict)


def levels(errors: Verdict, log: Verdict, metrics: Verdict) -> Callable[[str, str], Verdicts]:
    """One verdict a level, for every place and version."""
    return lambda place, version: {"errors": errors, "log": log, "metrics": metrics}


def causes(*ids: str) -> frozenset[str]:
    """A set of causes."""
    return frozenset(ids)


CLUSTER_BOTH = {"cluster": BOTH}
QUIET = Verdict(causes("quiet"))
