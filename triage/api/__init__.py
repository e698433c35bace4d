"""The Python API: evidence, reports and the localiser, with frames whose columns are a contract."""

from triage.api.columns import (
    COVERAGE_COLUMNS,
    ENTRY_COLUMNS,
    EVIDENCE_COLUMNS,
    HYPOTHESIS_COLUMNS,
    OBSERVATION_COLUMNS,
    REPLICA_COLUMNS,
    SCOPE_COLUMNS,
    check_frame,
)
from triage.api.evidence import Evidence, load
from triage.api.report import Report, analyze
from triage.api.table import localize

__all__ = [
    "COVERAGE_COLUMNS",
    "ENTRY_COLUMNS",
    "EVIDENCE_COLUMNS",
    "HYPOTHESIS_COLUMNS",
    "OBSERVATION_COLUMNS",
    "REPLICA_COLUMNS",
    "SCOPE_COLUMNS",
    "Evidence",
    "Report",
    "analyze",
    "check_frame",
    "load",
    "localize",
]
