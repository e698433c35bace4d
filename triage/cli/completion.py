"""Candidates for contexts and namespaces, and `kubectl_complete-coredns_triage`, which kubectl asks for its plugin."""

from __future__ import annotations

import io
import os
import shlex
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout, suppress

import typer

_TIMEOUT_S = 2.0
_NO_FILES = 4
"""Cobra's directive: names of files are no candidates."""


def contexts(context: typer.Context, incomplete: str) -> list[str]:
    """Contexts of the kubeconfig; silent where it cannot be read."""
    from triage import pipeline

    with suppress(Exception):
        return [n for n in pipeline.context_names(_text(context, "kubeconfig"), os.environ) if n.startswith(incomplete)]
    return []


def namespaces(context: typer.Context, incomplete: str) -> list[str]:
    """Namespaces of the cluster; silent where it does not answer at once."""
    from triage import pipeline
    from triage.model.collection import Login

    login = Login(_text(context, "kubeconfig"), _text(context, "context"), timeout_s=_TIMEOUT_S)
    with suppress(Exception):
        return [name for name in pipeline.namespace_names(login) if name.startswith(incomplete)]
    return []


def _text(context: typer.Context, name: str) -> str | None:
    value = context.params.get(name)
    return value if isinstance(value, str) else None


def main(argv: Sequence[str] | None = None) -> int:
    """Print candidates for the last word, as kubectl wants them: one a line, then a directive."""
    from triage.cli.app import program

    words = ["triage", *(sys.argv[1:] if argv is None else argv)]
    if len(words) == 1:
        words.append("")
    asked = {"_TRIAGE_COMPLETE": "complete_bash", "COMP_WORDS": shlex.join(words), "COMP_CWORD": str(len(words) - 1)}
    os.environ.update(asked)
    try:
        with suppress(SystemExit), redirect_stdout(io.StringIO()) as found:
            program(words[1:] if len(words) > 2 else ())([], prog_name="triage")
    finally:
        for name in asked:
            del os.environ[name]
    candidates = [line for line in found.getvalue().splitlines() if line]
    print("\n".join([*candidates, f":{_NO_FILES}"]))  # noqa: T201 - the protocol
    return 0
