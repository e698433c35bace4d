"""Prometheus text of CoreDNS (any version, node-cache too) → `Scrape`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from triage.model.observation import Citation
from triage.model.scrape import Scrape, UpstreamCounters
from triage.parsing.metrics import MAX_VALUE, READERS, Reading, Sample, UpstreamReading, number

_MAX_LINE = 8192
_MAX_SAMPLES = 3
_MAX_SERIES = 200_000
_SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?\s*")
_LABEL = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*,?')
_ESCAPED = re.compile(r"\\(.)")


def read_scrape(text: str, *, file: str, replica: str | None, first_line: int = 1) -> Scrape:
    r"""Read a scrape; metrics that say nothing about DNS faults are passed over, other text is counted as unread.

    >>> text = 'coredns_build_info{version="1.9.3"} 1\ncoredns_forward_healthcheck_failures_total{to="10.0.0.2:53"} 4'
    >>> scrape = read_scrape(text, file="a.prom", replica="a")
    >>> scrape.version, [(u.upstream, u.healthcheck_failures, u.n_answered) for u in scrape.upstreams]
    ('1.9.3', [('10.0.0.2:53', 4, 0)])
    """
    reading = Reading()
    n_lines, n_unread = 0, 0
    unread: list[Citation] = []
    for sample in _samples(text, file, first_line):
        if isinstance(sample, Citation):
            n_unread += 1
            unread += [sample] if len(unread) < _MAX_SAMPLES else []
            continue
        n_lines += 1
        reader = READERS.get(sample.name.removeprefix("coredns_"))
        if reader and n_lines <= _MAX_SERIES:
            reader(reading, sample)
    return _scrape(reading, file, replica, n_lines, n_unread, tuple(unread))


def _samples(text: str, file: str, first_line: int) -> Iterator[Sample | Citation]:
    """Each line's sample; a citation for a line that is none."""
    for at, line in enumerate(text.splitlines(), first_line):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        citation = Citation(file, at, stripped[:400])
        match = _SAMPLE.fullmatch(stripped) if len(stripped) <= _MAX_LINE else None
        value = number(match[3]) if match else None
        if match is None or value is None:
            yield citation
        else:
            yield Sample(match[1], _labels(match[2] or ""), value, citation)


def _labels(text: str) -> Mapping[str, str]:
    found = {}
    for name, value in _LABEL.findall(text):
        found[name] = _ESCAPED.sub(lambda m: "\n" if m[1] == "n" else m[1], value) if "\\" in value else value
    return found


def _scrape(
    reading: Reading, file: str, replica: str | None, n_lines: int, n_unread: int, samples: tuple[Citation, ...]
) -> Scrape:
    numbers, hits = reading.numbers, reading.maps.get("cache_hits", {})
    misses = numbers.get("cache_misses", numbers.get("cache_requests", 0.0) - sum(hits.values()))
    start_s = numbers.get("start_s")
    return Scrape(
        replica=replica,
        file=file,
        version=reading.texts.get("version"),
        requests=tuple(reading.requests),
        responses=tuple(reading.responses),
        upstreams=tuple(_counters(name, found) for name, found in reading.upstreams.items()),
        healthcheck_broken=_count(numbers, "healthcheck_broken"),
        max_concurrent_rejects=_count(numbers, "max_concurrent_rejects"),
        cache_hits=hits,
        cache_misses=max(0, _whole(misses)),
        served_stale=_count(numbers, "served_stale"),
        panics=_count(numbers, "panics"),
        reload_failed=_count(numbers, "reload_failed"),
        config_hash=reading.texts.get("config_hash"),
        health_failures=_count(numbers, "health_failures"),
        started_ns=_whole(start_s * 1000) * 1_000_000 if start_s else None,
        open_fds=_known(numbers, "open_fds"),
        max_fds=_known(numbers, "max_fds"),
        resident_bytes=_known(numbers, "resident_bytes"),
        goroutines=_known(numbers, "goroutines"),
        cpu_s=numbers.get("cpu_s"),
        request_buckets=reading.request_buckets,
        api=tuple(reading.api),
        nodecache_errors=reading.maps.get("nodecache_errors", {}),
        plugins=tuple(reading.plugins),
        citations=reading.citations,
        n_lines=n_lines,
        n_unread=n_unread,
        unread_samples=samples,
    )


def _counters(name: str, found: UpstreamReading) -> UpstreamCounters:
    answered = found.answered or found.timed or ({"?": found.requests} if found.requests else {})
    protocols = dict.fromkeys([*found.hits, *found.dials])
    tries = {proto: found.hits.get(proto, 0) + found.dials.get(proto, 0) for proto in protocols}
    return UpstreamCounters(
        name, answered, found.failures, tries, found.dials, found.duration_s, found.buckets, found.citation
    )


def _count(numbers: Mapping[str, float], name: str) -> int:
    return _whole(numbers.get(name, 0.0))


def _known(numbers: Mapping[str, float], name: str) -> int | None:
    return _whole(numbers[name]) if name in numbers else None


def _whole(value: float) -> int:
    return int(value) if abs(value) < MAX_VALUE else 0
