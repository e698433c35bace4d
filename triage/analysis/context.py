"""What a measure may look at: one group, its localisation, and everything that was read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from msgspec import Struct, field

from triage.analysis.changes import changes_near
from triage.analysis.episodes import episodes_of
from triage.analysis.exposure import Seen
from triage.analysis.group import Group
from triage.analysis.inputs import Inputs
from triage.analysis.localize import Localization
from triage.analysis.names import NameSpread
from triage.analysis.scopes import Unit
from triage.analysis.sign import Sign
from triage.model.observation import Citation
from triage.model.shell import SAFE_NAME
from triage.model.text import Value
from triage.model.timeline import Change, Episode

SUSPICIONS = frozenset({"resolvers-mixed", "config-suspect", "no-forward"})
"""Symptoms that a file shows, not a failure."""


class Context(Struct, frozen=True, dict=True):
    """One group in its surroundings. Without slots: what follows from them is asked for often and kept."""

    inputs: Inputs
    group: Group
    others: tuple[Group, ...]
    """The other groups of the evidence."""
    units: Sequence[Unit]
    localization: Localization
    seen: Mapping[str, Seen]
    names: NameSpread
    findings: dict[object, Finding] = field(default_factory=dict)
    """What measures found so far, by their names and arguments."""

    @property
    def failing(self) -> frozenset[str]:
        """Replicas that show the group."""
        return self.group.failing

    @cached_property
    def suspicion(self) -> bool:
        """True where nothing failed: only a configuration looks odd."""
        return all(kin.symptom in SUSPICIONS for kin in self.group.kin)

    @cached_property
    def real(self) -> tuple[Sign, ...]:
        """Signs that are not CoreDNS' own probes."""
        probes = any(kin.probe for kin in self.group.kin)
        return tuple(s for s in self.group.signs if not s.probe) if probes else self.group.signs

    @cached_property
    def qnames(self) -> frozenset[str]:
        """Names that failed, without probes."""
        return frozenset({s.qname for s in self.real if s.qname})

    @cached_property
    def qname(self) -> str | None:
        """The first of them that may stand in a command."""
        return min((name for name in self.qnames if SAFE_NAME.match(name)), default=None)

    @cached_property
    def covered(self) -> tuple[int, int] | None:
        """What was read of the replicas that show the group, from first to last (ns); None without a clock."""
        spans = [span for r in self.failing if r in self.seen for span in self.seen[r].spans]
        return (min(a for a, _ in spans), max(b for _, b in spans)) if spans else None

    @cached_property
    def episodes(self) -> tuple[Episode, ...]:
        """When the fault was on, by change points; empty without a clock."""
        return episodes_of(self.group.times, self.covered)

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """What changed near the onset, the nearest first."""
        if not self.episodes:
            return ()
        return changes_near(self.episodes[0].first_ns, self.failing, self.inputs, self.seen)


class Finding(Struct, frozen=True):
    """What a measure found."""

    value: float | None
    """A number, 0/1 for yes/no measures; None: there is no evidence of this kind (untested)."""
    params: Mapping[str, Value] = field(default_factory=dict)
    """For the statement's template."""
    citations: tuple[Citation, ...] = ()


UNTESTED = Finding(None)


def yes(truth: bool, signs: Sequence[Sign] = (), **params: Value) -> Finding:
    """A yes/no finding, citing the first signs."""
    return Finding(float(truth), params, tuple(s.citation for s in signs[:3]))
