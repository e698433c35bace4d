"""Reports and evidence with names and addresses replaced consistently, secrets hidden (`docs/redaction.md`)."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from triage.redact.reports import redact_report
from triage.redact.secrets import MODES, Mode

if TYPE_CHECKING:
    from triage.redact.bundles import redact_bundle
    from triage.redact.pseudonyms import Pseudonyms, read_pseudonyms
    from triage.redact.text import Redactor

__all__ = ["MODES", "Mode", "Pseudonyms", "Redactor", "read_pseudonyms", "redact_bundle", "redact_report"]
_LATE = {
    "Pseudonyms": "pseudonyms",
    "read_pseudonyms": "pseudonyms",
    "Redactor": "text",
    "redact_bundle": "bundles",
}
"""Reports pass here in all runs, most without a name to be replaced."""


def __getattr__(name: str) -> object:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"triage.redact.{_LATE[name]}"), name)
