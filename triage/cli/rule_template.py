"""The files of a new rule. They pass `triage rules check`; their cases fail until somebody has filled them in."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_RULE = """\
id: NEW-CAUSE
prior: 0.005             # in how many of a thousand reports is this the cause?
severity: degraded       # outage, degraded or none
names_upstream: false    # true: it is about an upstream and must name it
symptoms: {upstream-silent: 0.5}
scopes: {}               # where it strikes: node, subnet, az, replica, cluster …; empty: it has no place
evidence:
  - {id: seen, measure: has_symptom, symptom: upstream-silent, p_if_cause: 0.5, p_otherwise: 0.5}
checks: []
fixes: [{id: cure}]
references: ["where this was learnt: a commit, an issue, a manual"]
look_alikes: []
text:
  en:
    title: "One sentence with the actual names"
    explain: What this is, for someone who never met it.
    term.seen: "{n} lines say so"
    term.seen.against: "no line says so"
    fix.cure: what to do
"""

_HIT = """\
Made up. Say what happened and where the lines come from.
-- coredns-aaaaa.log --
[ERROR] plugin/errors: 2 shop.example.net. A: read udp 10.32.0.7:41000->10.20.0.53:53: i/o timeout
-- expect.yaml --
decidable: partly
first: [NEW-CAUSE]
"""

_LOOK_ALIKE = """\
Made up. Something that resembles the cause and is not it.
-- coredns-aaaaa.log --
[ERROR] plugin/errors: 2 shop.example.net. A: read udp 10.32.0.7:41000->10.20.0.53:53: i/o timeout
-- expect.yaml --
decidable: no
first: [upstream-unreachable]
"""

FILES: Final[Mapping[str, str]] = MappingProxyType(
    {"rule.yaml": _RULE, "cases/hit.txtar": _HIT, "cases/look-alike-other.txtar": _LOOK_ALIKE}
)
"""Path inside the folder of the rule to its text; `NEW-CAUSE` stands for the id."""
