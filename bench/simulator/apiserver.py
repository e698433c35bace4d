"""What the kubernetes plugin says when the API server cannot be reached, by release."""

from __future__ import annotations

import datetime as dt
import random

from bench.simulator.corefile import Settings
from bench.simulator.faults import Fault
from bench.simulator.lines import Line, Signs
from bench.simulator.releases import Release

_PATHS = {
    "Service": "api/v1/services",
    "Namespace": "api/v1/namespaces",
    "Pod": "api/v1/pods",
    "EndpointSlice": "apis/discovery.k8s.io/v1/endpointslices",
    "Endpoints": "api/v1/endpoints",
}
SILENT = {"api-timeout", "api-refused"}
"""Modes that newer releases retry without a line."""
_FIRST_LINE_S = {"api-timeout": 30.0, "api-refused": 1.5}
_NOTICED_S = {
    "api-timeout": (45, 95),
    "api-noroute": (40, 90),
    "api-forbidden": (60, 580),
    "api-unauthorized": (60, 580),
    "api-x509": (60, 580),
}
"""How long a running replica goes on before its watch breaks."""


def sync_delay(faults: tuple[Fault, ...], replica: str, start_s: float, rng: random.Random) -> float | None:
    """Seconds from the start to the first full list; None when that does not happen within startup_timeout."""
    for fault in _of(faults, replica):
        if fault.active(start_s):
            left = fault.ends_after(start_s) - start_s
            return left + 0.6 if left < 4 else None
    return rng.choice((0.1, 0.3, 0.6, 1.2))


def synced_from(faults: tuple[Fault, ...], replica: str, start_s: float) -> float:
    """When a process that starts now can answer names of the cluster."""
    for fault in _of(faults, replica):
        if fault.active(start_s):
            return fault.ends_after(start_s) + 2.0
    return start_s + 0.5


def api_lines(
    faults: tuple[Fault, ...],
    replica: str,
    life: tuple[float, float],
    release: Release,
    settings: Settings,
    url: str,
    epoch_s: float,
    rng: random.Random,
) -> list[Line]:
    """All lines of client-go in one life of a replica, with the `ready` lines of a start without the API server."""
    out: list[Line] = []
    start, end = life
    for fault in _of(faults, replica):
        for a, b in fault.windows:
            if b <= start or a >= end:
                continue
            at_start = a <= start
            first = _first_failure(fault, start if at_start else a, at_start, release, rng)
            if at_start and release.version >= (1, 5, 0):
                out += _unready(start + 6, min(b, end, start + 3600), release, fault.id)
            if first is not None and not (release.api_silent and fault.mode in SILENT):
                out += _failures(fault, first, min(b, end), at_start, release, settings, url, epoch_s, rng)
    return [line for line in out if start <= line.at_s < end]


def _of(faults: tuple[Fault, ...], replica: str) -> list[Fault]:
    return [f for f in faults if f.mode.startswith("api-") and replica in f.replicas]


def _first_failure(fault: Fault, since: float, at_start: bool, release: Release, rng: random.Random) -> float | None:
    """When the first line comes; None when this mode is silent for a running replica."""
    if at_start:
        return since + _FIRST_LINE_S.get(fault.mode, 0.4)
    if fault.mode == "api-refused":
        return since + rng.uniform(0.5, 3) if release.version < (1, 7, 1) else None
    return since + rng.uniform(*_NOTICED_S[fault.mode])


def _unready(start: float, end: float, release: Release, fault: int) -> list[Line]:
    text = 'Still waiting on: "kubernetes"' if release.version < (1, 12, 2) else 'Plugins not ready: "kubernetes"'
    moments = [start + 10 * i for i in range(max(0, min(30, int((end - start) / 10))))]
    return [Line(t, f"[INFO] plugin/ready: {text}", ((fault, 1),) if i < 3 else ()) for i, t in enumerate(moments)]


def _failures(
    fault: Fault,
    first: float,
    end: float,
    at_start: bool,
    release: Release,
    settings: Settings,
    url: str,
    epoch_s: float,
    rng: random.Random,
) -> list[Line]:
    kinds = ["Service", "Namespace", "EndpointSlice" if release.version >= (1, 8, 4) else "Endpoints"]
    kinds += ["Pod"] if settings.pods == "verified" else []
    out: list[Line] = []
    for kind in kinds:
        t, pause = first + rng.uniform(0, 0.4), rng.uniform(0.8, 1.6)
        while t < end and len(out) < 160:
            out += failure(
                t, kind, _reason(fault.mode, kind, release, url, at_start), release, epoch_s, ((fault.id, 1),)
            )
            t += pause + (30.0 if fault.mode == "api-timeout" else 0.0)
            pause = min(pause * rng.uniform(1.6, 2.2), rng.uniform(28, 58))
    return out


def _reason(mode: str, kind: str, release: Release, url: str, listing: bool) -> str:
    path, group = _PATHS[kind], "discovery.k8s.io" if kind == "EndpointSlice" else ""
    resource = path.rsplit("/", 1)[1]
    if mode == "api-forbidden":
        who = 'User "system:serviceaccount:kube-system:coredns"'
        what = f'list resource "{resource}" in API group "{group}" at the cluster scope'
        return f"{resource} is forbidden: {who} cannot {what}"
    if mode == "api-unauthorized":
        return "Unauthorized"
    quote = '"' if int(release.go.split(".")[1]) >= 14 else ""
    query = "limit=500&resourceVersion=0" if listing else "resourceVersion=8841273"
    call = f"Get {quote}https://{url}/{path}?{query}{quote}"
    host = url.rsplit(":", 1)[0]
    return {
        "api-timeout": f"{call}: dial tcp {url}: i/o timeout",
        "api-refused": f"{call}: dial tcp {url}: connect: connection refused",
        "api-noroute": f"{call}: dial tcp {url}: connect: no route to host",
        "api-x509": f"{call}: {release.tls_prefix}x509: certificate is valid for 10.0.0.5, 127.0.0.1, not {host}",
    }[mode]


def failure(t: float, kind: str, reason: str, release: Release, epoch_s: float, signs: Signs) -> list[Line]:
    """The lines of one failed list or watch."""
    where = f"pkg/mod/k8s.io/client-go@{release.client_go}"
    listed = f"failed to list *v1.{kind}: {reason}"
    if release.klog:
        return _klog(t, kind, listed, where, release, epoch_s, signs)
    if release.version <= (1, 11, 3):
        return [
            Line(t, f"[INFO] plugin/kubernetes: {where}: {listed}"),
            Line(t + 0.00003, f"[ERROR] plugin/kubernetes: {where}: Failed to watch *v1.{kind}: {listed}", signs),
        ]
    if release.api_reason == "info":
        return [
            Line(t, f"[INFO] plugin/kubernetes: {where}: {listed}"),
            Line(t + 0.00003, "[ERROR] plugin/kubernetes: Unhandled Error", signs),
        ]
    if release.api_reason == "lost":
        return [Line(t, "[ERROR] plugin/kubernetes: Failed to watch", signs)]
    if release.version < (1, 15, 0):
        return [Line(t, f"[ERROR] plugin/kubernetes: Failed to watch: {listed}", signs)]
    values = f'logger="UnhandledError" reflector="{where}" type="*v1.{kind}"'
    return [Line(t, f"[ERROR] plugin/kubernetes: Failed to watch: {listed} {values}", signs)]


def _klog(t: float, kind: str, listed: str, where: str, release: Release, epoch_s: float, signs: Signs) -> list[Line]:
    moment = dt.datetime.fromtimestamp(epoch_s + t, dt.UTC)
    head = f"{moment:%m%d %H:%M:%S.%f}       1 reflector.go"
    if release.version < (1, 6, 8):
        return [Line(t, f"E{head}:125] {where}: F{listed[1:]}", signs)]
    out = [Line(t, f"W{head}:324] {where}: {listed}")] if release.version >= (1, 8, 7) else []
    return [*out, Line(t + 0.00003, f"E{head}:138] {where}: Failed to watch *v1.{kind}: {listed}", signs)]
