"""Bytes to observations: framing, mending, counting. Knows where a line comes from, not what it means."""

from triage.reading.limits import Limits
from triage.reading.listing import Listed, listing
from triage.reading.read import read, texts
from triage.reading.texts import Text

__all__ = ["Limits", "Listed", "Text", "listing", "read", "texts"]
