"""What is asked of a live cluster, as whom, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct, field

LIMIT_BYTES = 64 * 1024 * 1024
"""Most that is read of one log, unless something else is asked for."""


class Login(Struct, frozen=True):
    """How to reach the API server: what the flags of kubectl of the same names mean."""

    kubeconfig: str | None = None
    context: str | None = None
    cluster: str | None = None
    """Of the kubeconfig, in place of the context's; as the next two."""
    user: str | None = None
    server: str | None = None
    authority: str | None = None
    """File with the certificates of those who may sign the server's."""
    certificate: str | None = None
    """File with the certificate that we show, and with its key:"""
    key: str | None = None
    tls_name: str | None = None
    """Name that the server's certificate must be for, where it is not the one in its URL."""
    insecure: bool = False
    """True to trust any server."""
    as_user: str | None = None
    as_uid: str | None = None
    as_groups: tuple[str, ...] = ()
    timeout_s: float = 30.0
    """For one answer to begin, and between two pieces of it; for a login plugin to end. 0 waits for ever."""
    via: str = "api"
    """`api`, or the program that does the reads: `kubectl`, `oc`, or a path to one of them."""


class Identity(Struct, frozen=True):
    """Whom we ask; shown before anything is asked or run."""

    source: str
    """Where the login was found: a kubeconfig, `service account` or the program's name."""
    context: str | None
    server: str
    namespace: str | None
    """Of the context; CoreDNS is not looked for there unless it is asked for."""


class Wish(Struct, frozen=True):
    """What to collect."""

    namespaces: tuple[str, ...] = ()
    """Where to look; empty: where distributions keep CoreDNS, and everywhere when it is not there."""
    everywhere: bool = False
    selector: str | None = None
    """Label selector in place of the labels that distributions give."""
    container: str | None = None
    previous: bool = True
    since: str | None = None
    """RFC 3339 time; None asks for everything that the kubelet holds."""
    asked: str | None = None
    """The window in words, for the manifest."""
    metrics: bool = False
    subnets_map: str = "coredns-triage-subnets"
    """ConfigMap that may name the subnets of the nodes, in its key `subnets.yaml`."""
    limit_bytes: int = LIMIT_BYTES
    """Of one log."""
    newest_lines: int = 20_000
    """Of each log that are read first; older ones only once all replicas have given these."""
    concurrency: int = 8
    """Requests in flight."""


class Trouble(Struct, frozen=True):
    """A read that failed, in the words of the API; `triage.sources.live.gaps` makes a gap of it."""

    reason: str
    """`denied`, `unauthorized`, `missing`, `expired`, `throttled`, `refused`, `server`, `unreachable`, `timeout`,
    `cut`, `stopped`, `limit`, `slow`, `not-kept`, `pending`."""
    verb: str
    """`list` or `get`."""
    resource: str
    """`pods`, `pods/log`, `nodes` …"""
    namespace: str | None = None
    name: str | None = None
    container: str | None = None
    node: str | None = None
    uid: str | None = None
    previous: bool = False
    said: str = ""
    """What the server answered, shortened."""


class Collected(Struct, frozen=True):
    """What became of a collection; the bundle itself stands in `folder`."""

    folder: Path
    n_logs: int
    n_replicas: int
    troubles: tuple[Trouble, ...] = ()
    products: tuple[str, ...] = ()
    """Products that answer DNS here instead of, or in front of, a CoreDNS that could be read."""
    interrupted: bool = False
    cluster: Mapping[str, str] = field(default_factory=dict)


Progress = Callable[[int, int, int], None]
"""Called with logs read, logs to read, bytes so far."""


class Schedule(Struct, frozen=True):
    """A job that diagnoses at regular times, as the user wants it."""

    image: str
    home: str
    """Namespace of the job; it is made, unless it is one of `namespaces`."""
    namespaces: tuple[str, ...]
    """Where CoreDNS is looked for."""
    schedule: str
    time_zone: str | None
    since: str
    """Window of each run; a little more than the time between two."""
    fail_on: str
    """`none`, `likely`, `any`: what makes the Job fail, without another try."""
    metrics: bool
    api_ports: tuple[int, ...]
    """Ports of the API server, which is all that the job may speak to."""
