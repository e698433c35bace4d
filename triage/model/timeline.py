"""When a fault was on: episodes between change points, and what else changed near its onset."""

from __future__ import annotations

from msgspec import Struct

from triage.model.observation import Citation
from triage.model.text import Text


class Episode(Struct, frozen=True):
    """A span in which failures came at a steady rate, far above that outside."""

    first_ns: int
    last_ns: int
    n_failures: int
    """Signs of trouble in it, repeats of one look-up counted once."""


class Change(Struct, frozen=True):
    """Something that changed shortly before an onset. It coincides; nothing says that it caused anything."""

    at_ns: int
    kind: str
    """`reload`, `configmap`, `start`, `ended`, `pod-young`, `node-young`, `version`, `event`."""
    subject: str
    """Replica, node, ConfigMap or object of the event."""
    statement: Text
    before_s: float
    """Seconds before the onset; negative after it."""
    citation: Citation | None = None


class Timeline(Struct, frozen=True):
    """The times of one group of hypotheses; only groups whose signs carry times have one."""

    group: int
    """As in `Hypothesis.group`."""
    onset_ns: int
    """First failure of the first episode; single failures before it belong to none."""
    onset_seen: bool
    """True when what was read begins long enough before the onset to show that it was none before."""
    end_ns: int | None
    """Last failure of the last episode; None when it reaches to the end of what was read."""
    episodes: tuple[Episode, ...]
    """In order of time; more than one: the fault is intermittent."""
    changes: tuple[Change, ...] = ()
    """Near the onset, the nearest first."""
