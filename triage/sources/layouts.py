"""Where bundles of others keep the logs of pods: a path tells namespace, pod, container and whether it is the previous one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from triage.sources import names


@dataclass(frozen=True, slots=True)
class PodLog:
    """What a path tells about a container's log."""

    pod: str
    container: str | None
    namespace: str | None
    previous: bool
    layout: str
    ignored: str | None = None
    """Why this log is none of ours (catalogue key)."""
    hints: Mapping[str, str] = field(default_factory=dict)


def pod_log_of(path: str) -> PodLog | None:
    """None until a layout fits."""
    return None if path else None
