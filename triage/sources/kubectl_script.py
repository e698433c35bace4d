"""The script that saves an evidence folder where nothing can be installed: POSIX sh and kubectl, reads only."""

from __future__ import annotations

from importlib.resources import files


def script() -> str:
    """Text of the script.

    >>> script().splitlines()[0]
    '#!/bin/sh'
    """
    return files("triage.sources").joinpath("kubectl_script.sh").read_text(encoding="utf-8")
