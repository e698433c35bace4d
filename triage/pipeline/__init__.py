"""Wires the stages: the only package that knows them all. Its modules are loaded as they are needed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from triage.pipeline.lines import Read, entries, observe
    from triage.pipeline.live import (
        collect,
        connect,
        context_names,
        cronjob_manifests,
        namespace_names,
        print_script,
        rights_manifests,
        verify_rights,
    )
    from triage.pipeline.outgoing import parcel, redact_bundle, save_redacted
    from triage.pipeline.reader import load_bundle
    from triage.pipeline.report import (
        analysis_inputs,
        analyze,
        check_script,
        compare,
        file_coverage,
        kernel_name,
        no_evidence_report,
    )
    from triage.pipeline.rules import catalogue, load_messages, load_rulebook, phrases

__all__ = [
    "Read",
    "analysis_inputs",
    "analyze",
    "catalogue",
    "check_script",
    "collect",
    "compare",
    "connect",
    "context_names",
    "cronjob_manifests",
    "entries",
    "file_coverage",
    "kernel_name",
    "load_bundle",
    "load_messages",
    "load_rulebook",
    "namespace_names",
    "no_evidence_report",
    "observe",
    "parcel",
    "phrases",
    "print_script",
    "redact_bundle",
    "rights_manifests",
    "save_redacted",
    "verify_rights",
]
_MODULES = ("live", "rules", "reader", "report", "lines", "outgoing")
"""Those that need little first: what reads a cluster begins at once."""


def __getattr__(name: str) -> object:
    """What the modules offer, from the first one that has it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    modules = (import_module(f"{__name__}.{module}") for module in _MODULES)
    return next(getattr(module, name) for module in modules if hasattr(module, name))
