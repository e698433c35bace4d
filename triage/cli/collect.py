"""`triage collect`: how evidence is saved from a live cluster."""

from __future__ import annotations

from typing import Annotated

import typer

from triage.cli.streams import emit
from triage.errors import TriageError


def collect(
    print_script: Annotated[
        bool,
        typer.Option(
            "--print-script", help="Print a POSIX script (sh and kubectl only) that saves an evidence folder."
        ),
    ] = False,
) -> None:
    """Print a script that saves the evidence of a live cluster."""
    from triage import pipeline

    if not print_script:
        raise TriageError(
            "this version collects by a script only",
            hint="run `triage collect --print-script > collect.sh; sh collect.sh`",
        )
    emit(pipeline.print_script())
