"""The script that saves a bundle where nothing can be installed: POSIX sh and kubectl, reads only."""

from __future__ import annotations

from importlib.resources import files

from triage.sources.live.fields import FORMS, SECRETS
from triage.sources.live.labels import CONTAINERS, DNS_LABELS, NAMESPACES
from triage.sources.live.template import ANY, template_of


def script() -> str:
    """Text of the script: labels and fields are those of the collection by the API.

    >>> script().splitlines()[0], "@" in script().replace("$@", "")
    ('#!/bin/sh', False)
    """
    text = files("triage.sources").joinpath("kubectl_script.sh").read_text(encoding="utf-8")
    made = {
        "@LABELS@": "\n".join(f"{key}={value}" for key, value in DNS_LABELS),
        "@NAMESPACES@": " ".join(NAMESPACES),
        "@CONTAINERS@": " ".join(CONTAINERS),
        "@SECRETS@": " ".join(SECRETS),
        "@ANY@": ANY,
        "@FORMS@": "\n".join(f"form_{kind}='{template_of(kind, single=kind == 'ConfigMap')}'" for kind in FORMS),
    }
    for mark, value in made.items():
        text = text.replace(mark, value)
    return text
