"""Reports over time: what is new, changed, still there, gone, and what comes and goes."""

from triage.history.compare import compare, findings_of, flaps
from triage.history.store import SHORT_WAIT_S, WAIT_S, History

__all__ = ["SHORT_WAIT_S", "WAIT_S", "History", "compare", "findings_of", "flaps"]
