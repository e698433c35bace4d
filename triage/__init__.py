"""CoreDNS logs of all replicas → ranked root causes, with place, probability, evidence and the next command.

    import triage
    report = triage.analyze("evidence-folder")
    print(report.hypotheses[0].title)

Stable is what `__all__` names. Importing this package loads nothing else; pandas is loaded when a frame is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from triage.api import (
        COVERAGE_COLUMNS,
        ENTRY_COLUMNS,
        EVIDENCE_COLUMNS,
        HYPOTHESIS_COLUMNS,
        OBSERVATION_COLUMNS,
        REPLICA_COLUMNS,
        SCOPE_COLUMNS,
        Evidence,
        Report,
        analyze,
        check_frame,
        load,
        localize,
    )
    from triage.errors import NoEvidenceError, TriageError

__all__ = [
    "COVERAGE_COLUMNS",
    "ENTRY_COLUMNS",
    "EVIDENCE_COLUMNS",
    "HYPOTHESIS_COLUMNS",
    "OBSERVATION_COLUMNS",
    "REPLICA_COLUMNS",
    "SCOPE_COLUMNS",
    "Evidence",
    "NoEvidenceError",
    "Report",
    "TriageError",
    "analyze",
    "check_frame",
    "load",
    "localize",
]


def __getattr__(name: str) -> object:
    """Names of `__all__` are loaded when they are used first (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module 'triage' has no attribute '{name}'")
    home = "triage.errors" if name.endswith("Error") else "triage.api"
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return [*globals(), *(name for name in __all__ if name not in globals())]
