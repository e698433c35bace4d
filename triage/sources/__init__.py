"""Evidence → Bundle: folders, files, archives and pasted text; what each file is, is told by its content."""

from triage.sources.limits import Limits
from triage.sources.load import load

__all__ = ["Limits", "load"]
