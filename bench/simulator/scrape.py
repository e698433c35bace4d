"""The `/metrics` of one process: what was counted in the window, and a healthy past before it."""

from __future__ import annotations

import random
from collections import Counter

from bench.simulator import dice
from bench.simulator.coredns import Process
from bench.simulator.engine import Run

Series = tuple[str, float]
Family = tuple[str, str, list[Series]]
"""Name, type, series."""
_DURATION = "coredns_proxy_request_duration_seconds_count"


def checks_failed(process: Process) -> Counter[str]:
    """Failed health checks per upstream, over reloads."""
    out: Counter[str] = Counter()
    for key, n in process.counts.items():
        if key[0] == "checks failed":
            out[key[1]] += n
    for block in process.blocks:
        for proxy in block.proxies:
            proxy.down(process.net_end_s)
            out[proxy.address] += proxy.failed_checks
    return +out


def scrape_text(run: Run, process: Process, rng: random.Random) -> str:
    """The text exposition of a release's metric families."""
    plan, release = run.plan, run.plan.release
    process.net_end_s = min(process.end_s, plan.window_s)
    counts = _with_past(run, process, rng)
    server = f'server="dns://:{plan.world.dist.port}",zone="."' + (',view=""' if release.version >= (1, 10, 0) else "")
    families: list[Family] = [
        (
            "coredns_build_info",
            "gauge",
            [(f'goversion="{release.go}",revision="{release.commit}",version="{release.text}"', 1)],
        )
    ]
    new = release.version >= (1, 7, 0)
    families += [
        (
            "coredns_dns_requests_total" if new else "coredns_dns_request_type_count_total",
            "counter",
            [
                (f'family="1",proto="{k[2]}",{server},type="{k[1]}"' if new else f'{server},type="{k[1]}"', v)
                for k, v in _of(counts, "type")
            ],
        ),
        (
            "coredns_dns_responses_total" if new else "coredns_dns_response_rcode_count_total",
            "counter",
            _responses(counts, server, release.version >= (1, 8, 7)),
        ),
        *_forward(counts, checks_failed(process), release.families),
        (
            "coredns_cache_hits_total",
            "counter",
            [(f'{server.replace("zone=", "zones=")},type="{k[1]}"', v) for k, v in _of(counts, "hits")],
        ),
        (
            "coredns_cache_misses_total",
            "counter",
            [(server.replace("zone=", "zones="), v) for _, v in _of(counts, "misses")],
        ),
        ("process_start_time_seconds", "gauge", [("", round(plan.epoch_s + process.start_s, 2))]),
        ("process_resident_memory_bytes", "gauge", [("", rng.randint(30, 90) * 2**20)]),
    ]
    return "".join(_family(*f) for f in families)


def _family(name: str, kind: str, series: list[Series]) -> str:
    if not series:
        return ""
    rows = "".join(
        f"{name}{{{labels}}} {value:.10g}\n" if labels else f"{name} {value:.10g}\n" for labels, value in sorted(series)
    )
    return f"# TYPE {name} {kind}\n{rows}"


def _of(counts: Counter[tuple[str, ...]], kind: str) -> list[tuple[tuple[str, ...], int]]:
    return [(k, v) for k, v in counts.items() if k[0] == kind and v]


def _responses(counts: Counter[tuple[str, ...]], server: str, by_plugin: bool) -> list[Series]:
    out: Counter[str] = Counter()
    for key, value in _of(counts, "rcode"):
        out[(f'plugin="{key[2]}",' if by_plugin else "") + f'rcode="{key[1]}",{server}'] += value
    return list(out.items())


def _forward(counts: Counter[tuple[str, ...]], failed_checks: Counter[str], style: str) -> list[Family]:
    """Counters of the forward plugin. An upstream that never answered has no series of answers at all."""
    answers = [(k[1], k[2], v) for k, v in _of(counts, "answered")]
    if style == "old":
        checks = [(f'to="{u}"', float(n)) for u, n in failed_checks.items()]
        return [("coredns_forward_healthcheck_failure_count_total", "counter", checks)]
    label, family = ('proxy_name="forward",', "proxy") if style == "proxy" else ("", "forward")
    checks = [(f'{label}to="{u}"', float(n)) for u, n in failed_checks.items()]
    dials = [(f'{label}proto="{k[2]}",to="{k[1]}"', float(v)) for k, v in _of(counts, "tries")]
    broken, rejects = sum(v for _, v in _of(counts, "broken")), sum(v for _, v in _of(counts, "rejects"))
    by_rcode = [(f'{label}rcode="{r}",to="{u}"', float(v)) for u, r, v in answers]
    return [
        *(_answered_once(by_rcode, answers) if style == "forward" else [(_DURATION, "counter", by_rcode)]),
        (f"coredns_{family}_healthcheck_failures_total", "counter", checks),
        (f"coredns_{family}_conn_cache_misses_total", "counter", dials),
        ("coredns_forward_healthcheck_broken_total", "counter", [("", broken)]),
        ("coredns_forward_max_concurrent_rejects_total", "counter", [("", rejects)]),
    ]


def _answered_once(by_rcode: list[Series], answers: list[tuple[str, str, int]]) -> list[Family]:
    """The pair of families that 1.11.0 replaced by one."""
    per_upstream: Counter[str] = Counter()
    for upstream, _, v in answers:
        per_upstream[upstream] += v
    return [
        ("coredns_forward_requests_total", "counter", [(f'to="{u}"', v) for u, v in per_upstream.items()]),
        ("coredns_forward_responses_total", "counter", by_rcode),
    ]


def _with_past(run: Run, process: Process, rng: random.Random) -> Counter[tuple[str, ...]]:
    """Counts since the process began: before the window it served the same load without trouble."""
    counts = Counter(process.counts)
    past_s = max(0.0, -process.start_s)
    if not past_s:
        return counts
    forwarded = len(process.forwarded) / run.plan.window_s * past_s * rng.uniform(0.6, 1.4)
    upstreams = [p.address for p in process.blocks[-1].proxies]
    if run.plan.settings.policy == "sequential":
        upstreams = upstreams[:1]
    for upstream in upstreams:
        good = dice.poisson(rng, forwarded / len(upstreams) * 0.55)
        none = dice.poisson(rng, forwarded / len(upstreams) * 0.45)
        counts["answered", upstream, "NOERROR"] += good
        counts["answered", upstream, "NXDOMAIN"] += none
        counts["tries", upstream, "udp"] += good + none
        counts["rcode", "NOERROR", "forward"] += good
        counts["rcode", "NXDOMAIN", "forward"] += none
        counts["type", "A", "udp"] += (good + none) // 2
        counts["type", "AAAA", "udp"] += (good + none) // 2
    cluster = dice.poisson(rng, forwarded * rng.uniform(1, 4))
    counts["rcode", "NXDOMAIN", "kubernetes"] += cluster
    counts["type", "A", "udp"] += cluster
    counts["misses",] += dice.poisson(rng, forwarded)
    counts["hits", "success"] += dice.poisson(rng, forwarded * rng.uniform(0.05, 0.8))
    return counts
