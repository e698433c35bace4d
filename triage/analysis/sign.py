"""A sign of trouble: one observation that asks for an explanation."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from triage.model.observation import Citation, FailureKind

MINUTE_NS = 60_000_000_000
FOREVER_NS = 1 << 63
LOOKUP_NS = 10_000_000_000
"""Lines of one replica and name within 10 s are one look-up: A and AAAA, two attempts each."""
CHECK = "check:"
"""Prefix of the place of a sign that a direct check gave: the node (or machine) on which it ran follows."""
DOWN_AFTER = 3
"""Failed health checks that mark an upstream down (`max_fails` 2)."""
ERROR_RCODES = frozenset({"SERVFAIL", "REFUSED", "NOTIMP", "FORMERR"})


class Sign(Struct, frozen=True):
    """One observation that asks for an explanation."""

    symptom: str
    replica: str
    citation: Citation
    at_ns: int | None = None
    weight: float = 1.0
    """Failures it stands for; see `n`."""
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

    @property
    def n(self) -> int:
        """Failures as a number: one at least."""
        return 1 if self.weight <= 1.0 else round(self.weight)
