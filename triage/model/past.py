"""Findings over time: what of a report is compared with the reports before it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from triage.model.report import Member

State = Literal["new", "changed", "same", "gone"]


class Finding(Struct, frozen=True):
    """The leading explanation of one fault, without times, counts and evidence."""

    id: str
    """Fingerprint of the hypothesis."""
    cause: str
    upstream: str | None
    zone: str | None
    probability: float
    severity: str
    places: tuple[Member, ...] = ()
    """Its scope, then the places that fit as well; empty where no place is known."""


class Difference(Struct, frozen=True):
    """One finding now and before."""

    state: State
    now: Finding | None
    """None when it is gone."""
    before: Finding | None
    """None when it is new."""
    flapping: bool = False
    """It came and went several times lately (a history tells; two reports alone do not)."""

    @property
    def finding(self) -> Finding:
        """The newest word on it."""
        found = self.now or self.before
        assert found is not None
        return found


class News(Struct, frozen=True):
    """What a run found that the run before it had not, and the other way round."""

    since_ns: int | None
    """Time of the run before; None for the first run."""
    differences: tuple[Difference, ...]

    @property
    def any(self) -> bool:
        """Is there something to read? What flaps is news when it begins to, not at each turn."""
        return self.since_ns is None or any(d.state != "same" and not d.flapping for d in self.differences)


class Course(Struct, frozen=True):
    """One finding over all runs of a history."""

    cluster: str
    """Name of the kubectl context; empty where the evidence told none."""
    finding: Finding
    """As it was seen last."""
    first_ns: int
    last_ns: int
    """Times of the first and last run that found it."""
    n_seen: int
    n_runs: int
    """Runs that found it, of all runs of this cluster since it was found first."""
    there: bool
    """Did the last run find it?"""
    flapping: bool
