"""Reports over time: what is new, changed, still there, gone, and what comes and goes."""

from triage.history.compare import compare, findings_of, flaps
from triage.history.store import History

__all__ = ["History", "compare", "findings_of", "flaps"]
