"""Bytes to observations: framing, mending, counting. Knows where a line comes from, not what it means."""

from triage.reading.limits import Limits
from triage.reading.listing import Listed, listing
from triage.reading.native import kernel_name
from triage.reading.read import read, texts
from triage.reading.texts import Text
from triage.reading.watch import Watch
from triage.reading.workers import Workers, cluster, threads

__all__ = [
    "Limits",
    "Listed",
    "Text",
    "Watch",
    "Workers",
    "cluster",
    "kernel_name",
    "listing",
    "read",
    "texts",
    "threads",
]
