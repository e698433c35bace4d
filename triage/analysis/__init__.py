"""Which fault, in which smallest scope, from when to when, explains the failures, and how sure may we be."""

from triage.analysis.assemble import analyze
from triage.analysis.checks import PLACEHOLDERS, refill
from triage.analysis.inputs import Inputs
from triage.analysis.measures import MEASURES

__all__ = ["MEASURES", "PLACEHOLDERS", "Inputs", "analyze", "refill"]
