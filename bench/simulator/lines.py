"""The texts that CoreDNS prints, by release. A line knows which faults it is a sign of; the folder does not tell."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass

from bench.simulator import dice
from bench.simulator.releases import Release

_HELP = "https://coredns.io/plugins/loop#troubleshooting"
Signs = tuple[tuple[int, int], ...]
"""Fault id and how many failed queries the line stands for."""


@dataclass(frozen=True, slots=True)
class Line:
    at_s: float
    text: str
    signs: Signs = ()
    hints: Signs = ()
    """Faults that a careful reader may see in a line that is no failure (a slow answer)."""
    query: tuple[tuple[str, object], ...] = ()
    """Fields of the JSON form of a query-log line."""
    core: bool = False
    """Printed by the server itself, so without CoreDNS' own clock even where plugins have one."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the query log knows of a query."""

    client: str
    port: int
    id: int
    qtype: str
    qname: str
    proto: str
    bufsize: int

    @property
    def size(self) -> int:
        return len(self.qname) + 17 + (11 if self.bufsize != 512 and self.proto == "udp" else 0)


def query_line(
    at_s: float, asked: Asked, rcode: str, flags: str, rsize: int, took_s: float, signs: Signs, hints: Signs
) -> Line:
    """A line of the query log in its common format."""
    question = f"{asked.qtype} IN {asked.qname} {asked.proto} {asked.size} false {asked.bufsize}"
    head = f'{asked.client}:{asked.port} - {asked.id} "{question}"'
    fields: tuple[tuple[str, object], ...] = (
        ("client_ip", asked.client),
        ("client_port", asked.port),
        ("qname", asked.qname),
        ("qtype", asked.qtype),
        ("qclass", "IN"),
        ("protocol", asked.proto),
        ("id", asked.id),
        ("opcode", 0),
        ("request_size", asked.size),
        ("dnssec_ok", False),
        ("bufsize", asked.bufsize),
        ("rcode", None if rcode == "-" else rcode),
        ("response_size", rsize),
        ("duration_seconds", round(took_s, 9)),
    )
    return Line(at_s, f"[INFO] {head} {rcode} {flags} {rsize} {took_s:.9f}s", signs, hints, fields)


def errors_line(at_s: float, rcode: int, qname: str, qtype: str, reason: str, signs: Signs) -> Line:
    """A line of the errors plugin."""
    return Line(at_s, f"[ERROR] plugin/errors: {rcode} {qname} {qtype}: {reason}", signs)


def reason_text(kind: str, local: str, port: int, upstream: str, release: Release) -> str:
    """The reason of a failed try."""
    pair = f"udp {local}:{port}->{upstream}"
    if kind.startswith("tls "):
        detail = kind[4:]
        return (release.tls_prefix if detail.startswith("x509") else "") + detail
    return {
        "timeout": f"read {pair}: i/o timeout",
        "refused": f"read {pair}: read: connection refused",
        "noroute": f"read {pair}: read: no route to host",
        "perm": f"write {pair}: write: operation not permitted",
        "netdown": f"dial udp {upstream}: connect: network is unreachable",
        "dial": f"dial tcp {upstream}: i/o timeout",
    }[kind]


def banner(
    at_s: float, release: Release, port: int, zones: tuple[str, ...], config_hash: str, synced_after_s: float | None
) -> list[Line]:
    """A first start, to the platform line; `synced_after_s` is None when the API server does not answer."""
    out, t = [], at_s
    if release.version >= (1, 12, 0):
        out.append(Line(t, "maxprocs: Leaving GOMAXPROCS=4: CPU quota undefined", core=True))
    if release.version >= (1, 9, 2):
        waited = 5.0 if synced_after_s is None else synced_after_s
        out += [
            Line(t + 0.5 * i, "[INFO] plugin/kubernetes: waiting for Kubernetes API before starting server")
            for i in range(1, int(waited / 0.5) + 1)
        ]
    t += 5.05 if synced_after_s is None and release.version >= (1, 8, 4) else min(synced_after_s or 0.0, 5.0) + 0.05
    if synced_after_s is None and release.version >= (1, 8, 4):
        out.append(Line(t, "[WARNING] plugin/kubernetes: starting server with unsynced Kubernetes API"))
    out += [Line(t + 0.001, f"{zone.rstrip('.') or '.'}:{port}", core=True) for zone in zones]
    out.append(Line(t + 0.002, f"[INFO] plugin/reload: Running configuration {release.hash_kind} = {config_hash}"))
    versions = [f"CoreDNS-{release.text}", f"linux/amd64, {release.go}, {release.commit}"]
    out += [Line(t + 0.003, f"[INFO] {v}", core=False) for v in versions if release.version <= (1, 6, 2)]
    return out + [Line(t + 0.004, v, core=True) for v in versions]


def config_hash(release: Release, key: str) -> str:
    """A configuration hash: equal for equal keys."""
    return dice.hexes(random.Random(f"hash {key}"), 32 if release.hash_kind == "MD5" else 128)


def reload_lines(at_s: float, release: Release, lameduck_s: int, new_hash: str) -> list[Line]:
    """A reload that succeeds."""
    out, t = [Line(at_s, "[INFO] Reloading", core=True)], at_s + 0.002
    if (1, 5, 1) <= release.version <= (1, 9, 3) and lameduck_s:
        out.append(Line(t, f"[INFO] plugin/health: Going into lameduck mode for {lameduck_s}s"))
        t += lameduck_s
    out.append(Line(t + 0.002, f"[INFO] plugin/reload: Running configuration {release.hash_kind} = {new_hash}"))
    return [*out, Line(t + 0.004, "[INFO] Reloading complete", core=True)]


def stop_lines(at_s: float, lameduck_s: int) -> list[Line]:
    """A process that is told to end."""
    out = [Line(at_s, "[INFO] SIGTERM: Shutting down servers then terminating", core=True)]
    return out + (
        [Line(at_s + 0.001, f"[INFO] plugin/health: Going into lameduck mode for {lameduck_s}s")] if lameduck_s else []
    )


def import_warnings(at_s: float, patterns: tuple[str, ...]) -> list[Line]:
    """The noise of a Corefile whose import patterns match no file; comes back at each reload tick."""
    return [
        Line(at_s + 0.00001 * i, f"[WARNING] No files matching import glob pattern: {p}", core=True)
        for i, p in enumerate(patterns)
    ]


def loop_line(at_s: float, release: Release, port: int, query: str, fault: int) -> Line:
    """The end of a process that found a forwarding loop. Unambiguous, so it weighs as much as five signs."""
    source = 30_000 + int(query[:4]) % 20_000
    if release.version >= (1, 3, 1):
        text = f'Loop (127.0.0.1:{source} -> :{port}) detected for zone ".", see {_HELP}. Query: "HINFO {query}"'
    else:
        text = f'Forwarding loop detected in "." zone. Exiting. See {_HELP}. Probe query: "HINFO {query}".'
    return Line(at_s, f"[FATAL] plugin/loop: {text}", ((fault, 5),))


def stamp(epoch_s: float, zone: dt.timezone, digits: int = 9) -> str:
    """RFC 3339 with a fraction, as the container runtimes print it."""
    whole = int(epoch_s // 1)
    fraction = f"{round((epoch_s - whole) * 10**digits) % 10**digits:0{digits}d}"
    text = dt.datetime.fromtimestamp(whole, zone).strftime("%Y-%m-%dT%H:%M:%S%z")
    date, offset = text[:19], text[19:]
    return f"{date}.{fraction}{'Z' if offset == '+0000' else f'{offset[:3]}:{offset[3:]}'}"
