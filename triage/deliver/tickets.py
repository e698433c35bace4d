"""One ticket for one fault: looked for by fingerprint, made when there is none, resolved when the fault is gone.

Everything here can be run again: each run looks first. So what broke off half-way is finished by the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from msgspec import Struct

from triage.deliver.line import Line, Sender
from triage.deliver.parcel import File, Parcel, Receipt
from triage.deliver.patience import UncertainError, patiently
from triage.deliver.settings import Settings
from triage.errors import DeliveryError

Opener: TypeAlias = Callable[[str, Settings, bool], Sender]
"""Place, settings, whether to resolve what is gone; raises TriageError for what cannot work."""
_WAITS_S = (1.0, 2.0, 3.0, 4.0)
"""For another run that makes the same ticket just now."""


class Ticket(Struct, frozen=True):
    """A ticket of the tracker."""

    id: str
    """`NET-12`, or the number of an issue."""
    number: int
    """Grows with time: the lower one is older."""
    url: str
    is_open: bool
    labels: frozenset[str]


class Tracker(Protocol):
    """What each tracker has its own words for."""

    @property
    def named(self) -> str | None:
        """The ticket that the user named; None: found by fingerprint."""
        ...

    def tickets(self, line: Line, labels: Sequence[str]) -> list[Ticket]:
        """Tickets of ours with one of these labels, and every open one."""
        ...

    def claim(self, line: Line, label: str) -> bool:
        """False when another run has claimed the label: it makes the ticket now, or has made it."""
        ...

    def create(self, line: Line, parcel: Parcel, label: str) -> Ticket:
        """Make the ticket."""
        ...

    def ticket(self, line: Line, id: str) -> Ticket:
        """A ticket by its id; raises DeliveryError when there is none."""
        ...

    def told(self, line: Line, ticket: Ticket, mark: str) -> bool:
        """Does the mark stand in the ticket or its latest comments?"""
        ...

    def comment(self, line: Line, ticket: Ticket, parcel: Parcel, form: Callable[[str], str]) -> None:
        """Tell the ticket the report, written by `form`."""
        ...

    def remark(self, line: Line, ticket: Ticket, text: str) -> None:
        """Tell the ticket one sentence."""
        ...

    def label(self, line: Line, ticket: Ticket, label: str) -> None:
        """Give the ticket one more label."""
        ...

    def attach(self, line: Line, ticket: Ticket, file: File) -> None:
        """Attach a file unless one of its name is there; nothing where the tracker has no attachments of its own."""
        ...

    def move(self, line: Line, ticket: Ticket, *, to_open: bool) -> bool:
        """Reopen or resolve; False when the tracker's workflow has no way there."""
        ...


class Tickets(Struct, frozen=True):
    """Sends to a tracker."""

    tracker: Tracker
    resolve: bool

    def __call__(self, parcel: Parcel, line: Line) -> Receipt:
        """Look, then make or tell; again from the beginning when nobody knows what a request did."""
        return patiently(lambda: self._once(parcel, line), line.pause, over=UncertainError)

    def _once(self, parcel: Parcel, line: Line) -> Receipt:
        if self.tracker.named is not None:
            return self._tell(self.tracker.ticket(line, self.tracker.named), parcel, line)
        wanted = [parcel.label, *parcel.rivals] if parcel.label else []
        known = self.tracker.tickets(line, wanted) if wanted or self.resolve else []
        ticket = _best(known, wanted)
        if parcel.label is None:
            receipt = Receipt("nothing-wrong", "")
        elif ticket is not None:
            receipt = self._tell(ticket, parcel, line)
        else:
            receipt = self._make(parcel, parcel.label, line)
        gone = self._gone(known, ticket, parcel) if self.resolve else []
        also = [t.url for t in gone if self._resolve(t, parcel.say("send.gone"), line)]
        return Receipt(receipt.action, receipt.where, tuple(also))

    def _make(self, parcel: Parcel, label: str, line: Line) -> Receipt:
        """Make the ticket, unless another run is just doing so."""
        if not self.tracker.claim(line, label):
            for wait in _WAITS_S:
                line.pause(wait)
                theirs = _best(self.tracker.tickets(line, [label]), [label])
                if theirs is not None:
                    return self._tell(theirs, parcel, line)
        ticket = self.tracker.create(line, parcel, label)
        older = _best(self.tracker.tickets(line, [label]), [label])
        if older is not None and older.number < ticket.number:  # both looked before either had made it
            self._resolve(ticket, parcel.say("send.same", ticket=older.id), line)
            return self._tell(older, parcel, line)
        self._attach(ticket, parcel, line)
        return Receipt("created", ticket.url)

    def _tell(self, ticket: Ticket, parcel: Parcel, line: Line) -> Receipt:
        if self.tracker.told(line, ticket, parcel.mark):
            self._attach(ticket, parcel, line)
            return Receipt("known", ticket.url)
        action = "commented"
        if not ticket.is_open and parcel.label and self.tracker.move(line, ticket, to_open=True):
            action = "reopened"
        if parcel.label and parcel.label not in ticket.labels and self.tracker.named is None:
            self.tracker.label(line, ticket, parcel.label)
        whole = self.tracker.named is not None  # nobody knows what stands in it so far
        self.tracker.comment(line, ticket, parcel, parcel.form if whole else parcel.comment)
        self._attach(ticket, parcel, line)
        return Receipt(action, ticket.url)

    def _attach(self, ticket: Ticket, parcel: Parcel, line: Line) -> None:
        try:
            for file in parcel.files:
                self.tracker.attach(line, ticket, file)
        except DeliveryError as error:
            raise DeliveryError(
                "{ticket} has the report, but not all of its files: {why}",
                hint=error.templates[1],
                exit_code=error.exit_code,
                **{**error.names, "ticket": ticket.url, "why": error},
            ) from error

    def _gone(self, known: Sequence[Ticket], ours: Ticket | None, parcel: Parcel) -> list[Ticket]:
        """Open tickets about this cluster whose fault the report does not show any more."""
        if not parcel.conclusive:
            return []
        about_us = [t for t in known if t.is_open and t is not ours]
        return [t for t in about_us if (mine := _of(t, parcel.cluster)) and not mine & parcel.present]

    def _resolve(self, ticket: Ticket, why: str, line: Line) -> bool:
        moved = self.tracker.move(line, ticket, to_open=False)
        if moved:
            self.tracker.remark(line, ticket, why)
        return moved


def _of(ticket: Ticket, cluster: str) -> set[str]:
    """Labels of a ticket that name a fault of this cluster."""
    return {label for label in ticket.labels if label.startswith(cluster)}


def _best(tickets: Sequence[Ticket], labels: Sequence[str]) -> Ticket | None:
    """The ticket of a fault: an open one, of its first label, the oldest."""
    mine = [t for t in tickets if not t.labels.isdisjoint(labels)]
    return min(mine, key=lambda t: (not t.is_open, labels[0] not in t.labels, t.number), default=None)
