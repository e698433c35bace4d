"""Reports and evidence with names and addresses replaced consistently, secrets hidden (`docs/redaction.md`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.redact.pseudonyms import Pseudonyms, read_pseudonyms
from triage.redact.reports import redact_report
from triage.redact.text import MODES, Mode, Redactor

if TYPE_CHECKING:
    from triage.redact.bundles import redact_bundle

__all__ = ["MODES", "Mode", "Pseudonyms", "Redactor", "read_pseudonyms", "redact_bundle", "redact_report"]


def __getattr__(name: str) -> object:
    """Evidence is redacted in few runs, reports in all of them."""
    if name != "redact_bundle":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from triage.redact import bundles

    return bundles.redact_bundle
