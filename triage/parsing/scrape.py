"""Prometheus text of CoreDNS (any version, node-cache too) → `Scrape`.

One row of a table per metric name: renamed metrics (1.7.0, 1.11.0) stand in two rows for one meaning.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from triage.model.observation import Citation
from triage.model.scrape import ApiCalls, RequestCount, ResponseCount, Scrape, UpstreamCounters
from triage.parsing.addresses import endpoint_of

_MAX_LINE = 8192
_MAX_SAMPLES = 3
_MAX_SERIES = 200_000
_MAX_VALUE = 1e18
_SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?\s*")
_LABEL = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*,?')
_ESCAPED = re.compile(r"\\(.)")


@dataclass(slots=True)
class _Sample:
    name: str
    labels: Mapping[str, str]
    value: float
    citation: Citation

    @property
    def count(self) -> int:
        return int(self.value)

    def label(self, name: str) -> str:
        return self.labels.get(name, "")


@dataclass(slots=True)
class _Upstream:
    answered: dict[str, int] = field(default_factory=dict)
    requests: int = 0
    failures: int = 0
    hits: dict[str, int] = field(default_factory=dict)
    dials: dict[str, int] = field(default_factory=dict)
    duration_s: float | None = None
    timed: dict[str, int] = field(default_factory=dict)
    buckets: dict[float, int] = field(default_factory=dict)
    citation: Citation | None = None


class _Reading:
    """What has been read so far."""

    def __init__(self) -> None:
        self.numbers: dict[str, float] = {}
        self.texts: dict[str, str] = {}
        self.maps: dict[str, dict[str, int]] = {}
        self.request_buckets: dict[float, int] = {}
        self.requests: list[RequestCount] = []
        self.responses: list[ResponseCount] = []
        self.upstreams: dict[str, _Upstream] = {}
        self.api: list[ApiCalls] = []
        self.plugins: list[tuple[str, str, str]] = []
        self.citations: dict[str, Citation] = {}

    def upstream(self, sample: _Sample) -> _Upstream | None:
        """The record of the sample's upstream; None for other proxies than `forward`, and for what is no address."""
        if sample.labels.get("proxy_name", "forward") != "forward":
            return None
        name = endpoint_of(sample.label("to"))
        if name is None:
            return None
        found = self.upstreams.setdefault(name, _Upstream())
        found.citation = found.citation or sample.citation
        return found


_Reader = Callable[[_Reading, _Sample], None]


def _number(name: str) -> _Reader:
    def read(reading: _Reading, sample: _Sample) -> None:
        reading.numbers[name] = reading.numbers.get(name, 0.0) + sample.value
        if sample.value:
            reading.citations.setdefault(name, sample.citation)

    return read


def _map(name: str, label: str) -> _Reader:
    def read(reading: _Reading, sample: _Sample) -> None:
        values = reading.maps.setdefault(name, {})
        values[sample.label(label)] = values.get(sample.label(label), 0) + sample.count
        if sample.value:
            reading.citations.setdefault(name, sample.citation)

    return read


def _text(name: str, label: str) -> _Reader:
    def read(reading: _Reading, sample: _Sample) -> None:
        if sample.value and sample.label(label):
            reading.texts[name] = sample.label(label)
            reading.citations[name] = sample.citation

    return read


def _request(reading: _Reading, sample: _Sample) -> None:
    proto, qtype = sample.labels.get("proto"), sample.labels.get("type")
    reading.requests.append(RequestCount(sample.label("server"), sample.label("zone"), proto, qtype, sample.count))


def _response(reading: _Reading, sample: _Sample) -> None:
    plugin, rcode = sample.labels.get("plugin"), sample.label("rcode")
    found = ResponseCount(sample.label("server"), sample.label("zone"), rcode, plugin, sample.count)
    reading.responses.append(found)
    if sample.value:
        reading.citations.setdefault(f"responses.{rcode}", sample.citation)


def _request_bucket(reading: _Reading, sample: _Sample) -> None:
    _add_bucket(reading.request_buckets, sample)


def _forward_request(reading: _Reading, sample: _Sample) -> None:
    upstream = reading.upstream(sample)
    if upstream:
        upstream.requests += sample.count


def _forward_response(reading: _Reading, sample: _Sample) -> None:
    upstream = reading.upstream(sample)
    if upstream:
        upstream.answered[sample.label("rcode")] = upstream.answered.get(sample.label("rcode"), 0) + sample.count


def _forward_duration(reading: _Reading, sample: _Sample) -> None:
    """`_bucket`, `_sum` and `_count`; from 1.11.0 on `_count` is the only counter of answered exchanges."""
    upstream = reading.upstream(sample)
    if upstream is None:
        return
    if sample.name.endswith("_bucket"):
        _add_bucket(upstream.buckets, sample)
    elif sample.name.endswith("_sum"):
        upstream.duration_s = (upstream.duration_s or 0.0) + sample.value
    else:
        rcode = sample.labels.get("rcode", "?")
        upstream.timed[rcode] = upstream.timed.get(rcode, 0) + sample.count


def _health_failure(reading: _Reading, sample: _Sample) -> None:
    upstream = reading.upstream(sample)
    if upstream:
        upstream.failures += sample.count
        if sample.value:
            upstream.citation = sample.citation


def _connection_hit(reading: _Reading, sample: _Sample) -> None:
    upstream = reading.upstream(sample)
    if upstream:
        upstream.hits[sample.label("proto")] = upstream.hits.get(sample.label("proto"), 0) + sample.count


def _connection_miss(reading: _Reading, sample: _Sample) -> None:
    upstream = reading.upstream(sample)
    if upstream:
        upstream.dials[sample.label("proto")] = upstream.dials.get(sample.label("proto"), 0) + sample.count


def _api(reading: _Reading, sample: _Sample) -> None:
    code = sample.label("code")
    reading.api.append(ApiCalls(code, sample.label("host"), sample.label("method"), sample.count))
    if sample.value:
        reading.citations.setdefault(f"api.{code}", sample.citation)


def _plugin(reading: _Reading, sample: _Sample) -> None:
    reading.plugins.append((sample.label("server"), sample.label("zone"), sample.label("name")))


def _add_bucket(buckets: dict[float, int], sample: _Sample) -> None:
    bound = float("inf") if sample.label("le") == "+Inf" else _value(sample.label("le"))
    if bound is not None:
        buckets[bound] = buckets.get(bound, 0) + sample.count


_READERS: Mapping[str, _Reader] = {
    "build_info": _text("version", "version"),
    "dns_requests_total": _request,
    "dns_request_count_total": _request,  # until 1.6.9
    "dns_request_type_count_total": _request,  # until 1.6.9, types apart from protocols
    "dns_responses_total": _response,
    "dns_response_rcode_count_total": _response,  # until 1.6.9
    "dns_request_duration_seconds_bucket": _request_bucket,
    "forward_requests_total": _forward_request,
    "forward_request_count_total": _forward_request,  # until 1.6.9
    "forward_responses_total": _forward_response,
    "forward_response_rcode_count_total": _forward_response,  # until 1.6.9
    "forward_healthcheck_failures_total": _health_failure,
    "forward_healthcheck_failure_count_total": _health_failure,  # until 1.6.9
    "proxy_healthcheck_failures_total": _health_failure,  # from 1.11.0
    "forward_conn_cache_hits_total": _connection_hit,
    "proxy_conn_cache_hits_total": _connection_hit,  # from 1.11.0
    "forward_conn_cache_misses_total": _connection_miss,
    "proxy_conn_cache_misses_total": _connection_miss,  # from 1.11.0
    **{
        f"{plugin}_request_duration_seconds_{part}": _forward_duration
        for plugin in ("forward", "proxy")  # proxy from 1.11.0
        for part in ("bucket", "sum", "count")
    },
    "forward_healthcheck_broken_total": _number("healthcheck_broken"),
    "forward_healthcheck_broken_count_total": _number("healthcheck_broken"),  # until 1.6.9
    "forward_max_concurrent_rejects_total": _number("max_concurrent_rejects"),
    "forward_max_concurrent_reject_count_total": _number("max_concurrent_rejects"),  # 1.6.8 and 1.6.9
    "cache_hits_total": _map("cache_hits", "type"),
    "cache_requests_total": _number("cache_requests"),
    "cache_misses_total": _number("cache_misses"),
    "cache_served_stale_total": _number("served_stale"),
    "panics_total": _number("panics"),
    "panic_count_total": _number("panics"),  # until 1.6.9
    "reload_failed_total": _number("reload_failed"),
    "reload_failed_count_total": _number("reload_failed"),  # until 1.6.9
    "reload_version_info": _text("config_hash", "value"),
    "health_request_failures_total": _number("health_failures"),
    "kubernetes_rest_client_requests_total": _api,
    "nodecache_setup_errors_total": _map("nodecache_errors", "errortype"),
    "nodecache_setup_errors": _map("nodecache_errors", "errortype"),
    "plugin_enabled": _plugin,
    "process_start_time_seconds": _number("start_s"),
    "process_open_fds": _number("open_fds"),
    "process_max_fds": _number("max_fds"),
    "process_resident_memory_bytes": _number("resident_bytes"),
    "process_cpu_seconds_total": _number("cpu_s"),
    "go_goroutines": _number("goroutines"),
}
"""Metric without `coredns_` → how its samples are taken."""


def read_scrape(text: str, *, file: str, replica: str | None, first_line: int = 1) -> Scrape:
    r"""Read a scrape; metrics that say nothing about DNS faults are passed over, other text is counted as unread.

    >>> text = 'coredns_build_info{version="1.9.3"} 1\ncoredns_forward_healthcheck_failures_total{to="10.0.0.2:53"} 4'
    >>> scrape = read_scrape(text, file="a.prom", replica="a")
    >>> scrape.version, [(u.upstream, u.healthcheck_failures, u.n_answered) for u in scrape.upstreams]
    ('1.9.3', [('10.0.0.2:53', 4, 0)])
    """
    reading = _Reading()
    n_lines, n_unread = 0, 0
    unread: list[Citation] = []
    for sample in _samples(text, file, first_line):
        if isinstance(sample, Citation):
            n_unread += 1
            unread += [sample] if len(unread) < _MAX_SAMPLES else []
            continue
        n_lines += 1
        reader = _READERS.get(sample.name.removeprefix("coredns_"))
        if reader and n_lines <= _MAX_SERIES:
            reader(reading, sample)
    return _scrape(reading, file, replica, n_lines, n_unread, tuple(unread))


def _samples(text: str, file: str, first_line: int) -> Iterator[_Sample | Citation]:
    """Each line's sample; a citation for a line that is none."""
    for number, line in enumerate(text.splitlines(), first_line):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        citation = Citation(file, number, stripped[:400])
        match = _SAMPLE.fullmatch(stripped) if len(stripped) <= _MAX_LINE else None
        value = _value(match[3]) if match else None
        if match is None or value is None:
            yield citation
        else:
            yield _Sample(match[1], _labels(match[2] or ""), value, citation)


def _labels(text: str) -> Mapping[str, str]:
    found = {}
    for name, value in _LABEL.findall(text):
        found[name] = _ESCAPED.sub(lambda m: "\n" if m[1] == "n" else m[1], value) if "\\" in value else value
    return found


def _value(text: str) -> float | None:
    """A number; NaN (nothing was measured) counts as 0."""
    try:
        value = float(text)
    except ValueError:
        return None
    return 0.0 if math.isnan(value) else value if abs(value) < _MAX_VALUE else None


def _scrape(
    reading: _Reading, file: str, replica: str | None, n_lines: int, n_unread: int, samples: tuple[Citation, ...]
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


def _counters(name: str, found: _Upstream) -> UpstreamCounters:
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
    return int(value) if abs(value) < _MAX_VALUE else 0
