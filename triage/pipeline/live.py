"""Reading a live cluster, and what it takes to be allowed to."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from triage.errors import NoEvidenceError
from triage.model.collection import Collected, Login, Progress, Schedule, Wish

if TYPE_CHECKING:
    from triage.sources.live.reads import Reader
    from triage.sources.live.rights import Verdict


def print_script() -> str:
    """The POSIX script that saves an evidence folder where nothing can be installed."""
    from triage.sources.kubectl_script import script

    return script()


def connect(login: Login, concurrency: int) -> Reader:
    """A way to read the cluster that these flags mean; asks it nothing yet."""
    if login.via == "api":
        from triage.sources import cluster

        return cluster.connect(login, concurrency)
    from triage.sources import kubectl

    return kubectl.connect(login)


def collect(
    reader: Reader,
    wish: Wish,
    folder: Path,
    *,
    tool: str,
    started: str,
    progress: Progress,
    stopped: threading.Event | None = None,
) -> Collected:
    """Save what can be had from a cluster into a folder, which is a bundle; `stopped` ends it with what there is."""
    from triage.sources.live.collect import collect as run

    stopped = stopped or threading.Event()
    return run(reader, wish, folder, tool=tool, started=started, progress=progress, stopped=stopped)


def context_names(kubeconfig: str | None, environ: Mapping[str, str]) -> Sequence[str]:
    """Contexts of the kubeconfigs that a login would use."""
    from triage.sources.kubeconfig import kubeconfigs, merged

    login = Login(kubeconfig)
    return list(merged(kubeconfigs(login, environ), login.timeout_s).contexts)


def namespace_names(login: Login) -> Sequence[str]:
    """Namespaces of a cluster, in one request."""
    from triage.sources.live.plain import name_of
    from triage.sources.live.reads import list_items

    items = list_items(connect(login, 1), ("api", "v1", "namespaces"), threading.Event())
    return [name_of(item) for item in items]


def rights_manifests(namespaces: Sequence[str], *, metrics: bool, account: str | None) -> str:
    """The least rights that a collection needs, as YAML to apply."""
    from triage.sources.live.rights import manifests

    return manifests(namespaces, metrics=metrics, account=account)


def cronjob_manifests(wish: Schedule) -> str:
    """A CronJob with all that it needs, as YAML to apply."""
    from triage.sources.live.cronjob import manifests

    return manifests(wish)


def verify_rights(reader: Reader, namespaces: Sequence[str], *, metrics: bool) -> Sequence[Verdict]:
    """Which of these rights we have.

    Raises NoEvidenceError when the API server does not answer that.
    """
    from triage.sources.live.reads import Fault
    from triage.sources.live.rights import verify

    try:
        return list(verify(reader, namespaces, metrics=metrics))
    except Fault as fault:
        raise NoEvidenceError(
            "the API server does not answer: {why}",
            hint="check --context, network and proxy; or try --request-timeout 2m, or --via kubectl",
            why=fault,
        ) from fault
