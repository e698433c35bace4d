"""Reports and evidence with names and addresses replaced consistently, secrets hidden (`docs/redaction.md`)."""

from triage.redact.bundles import redact_bundle
from triage.redact.pseudonyms import Pseudonyms, read_pseudonyms
from triage.redact.reports import redact_report
from triage.redact.text import MODES, Mode, Redactor

__all__ = ["MODES", "Mode", "Pseudonyms", "Redactor", "read_pseudonyms", "redact_bundle", "redact_report"]
