"""Every metric of CoreDNS that bears on DNS faults, and how its samples are taken.

One row of a table per metric name: renamed metrics (1.7.0, 1.11.0) stand in two rows for one meaning.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from msgspec import Struct, field

from triage.model.observation import Citation
from triage.model.scrape import ApiCalls, RequestCount, ResponseCount
from triage.parsing.addresses import endpoint_of

MAX_VALUE = 1e18


def number(text: str) -> float | None:
    """A number; NaN (nothing was measured) counts as 0."""
    try:
        value = float(text)
    except ValueError:
        return None
    return 0.0 if math.isnan(value) else value if abs(value) < MAX_VALUE else None


class Sample(Struct):
    """One line of a scrape."""

    name: str
    labels: Mapping[str, str]
    value: float
    citation: Citation

    @property
    def count(self) -> int:
        """The value as a whole number."""
        return int(self.value)

    def label(self, name: str) -> str:
        """A label; empty when it is not there."""
        return self.labels.get(name, "")


class UpstreamReading(Struct):
    """Counters of one upstream while they are being read."""

    answered: dict[str, int] = field(default_factory=dict)
    requests: int = 0
    failures: int = 0
    hits: dict[str, int] = field(default_factory=dict)
    dials: dict[str, int] = field(default_factory=dict)
    duration_s: float | None = None
    timed: dict[str, int] = field(default_factory=dict)
    buckets: dict[float, int] = field(default_factory=dict)
    citation: Citation | None = None


class Reading:
    """What has been read of a scrape so far."""

    def __init__(self) -> None:
        self.numbers: dict[str, float] = {}
        self.texts: dict[str, str] = {}
        self.maps: dict[str, dict[str, int]] = {}
        self.request_buckets: dict[float, int] = {}
        self.requests: list[RequestCount] = []
        self.responses: list[ResponseCount] = []
        self.upstreams: dict[str, UpstreamReading] = {}
        self.api: list[ApiCalls] = []
        self.plugins: list[tuple[str, str, str]] = []
        self.citations: dict[str, Citation] = {}

    def upstream(self, sample: Sample) -> UpstreamReading | None:
        """The record of the sample's upstream; None for other proxies than `forward`, and for what is no address."""
        if sample.labels.get("proxy_name", "forward") != "forward":
            return None
        name = endpoint_of(sample.label("to"))
        if name is None:
            return None
        found = self.upstreams.setdefault(name, UpstreamReading())
        found.citation = found.citation or sample.citation
        return found


Reader = Callable[[Reading, Sample], None]


def _number(name: str) -> Reader:
    def read(reading: Reading, sample: Sample) -> None:
        reading.numbers[name] = reading.numbers.get(name, 0.0) + sample.value
        if sample.value:
            reading.citations.setdefault(name, sample.citation)

    return read


def _map(name: str, label: str) -> Reader:
    def read(reading: Reading, sample: Sample) -> None:
        values = reading.maps.setdefault(name, {})
        values[sample.label(label)] = values.get(sample.label(label), 0) + sample.count
        if sample.value:
            reading.citations.setdefault(name, sample.citation)

    return read


def _text(name: str, label: str) -> Reader:
    def read(reading: Reading, sample: Sample) -> None:
        if sample.value and sample.label(label):
            reading.texts[name] = sample.label(label)
            reading.citations[name] = sample.citation

    return read


def _request(reading: Reading, sample: Sample) -> None:
    proto, qtype = sample.labels.get("proto"), sample.labels.get("type")
    reading.requests.append(RequestCount(sample.label("server"), sample.label("zone"), proto, qtype, sample.count))


def _response(reading: Reading, sample: Sample) -> None:
    plugin, rcode = sample.labels.get("plugin"), sample.label("rcode")
    found = ResponseCount(sample.label("server"), sample.label("zone"), rcode, plugin, sample.count)
    reading.responses.append(found)
    if sample.value:
        reading.citations.setdefault(f"responses.{rcode}", sample.citation)


def _request_bucket(reading: Reading, sample: Sample) -> None:
    _add_bucket(reading.request_buckets, sample)


def _forward_request(reading: Reading, sample: Sample) -> None:
    upstream = reading.upstream(sample)
    if upstream:
        upstream.requests += sample.count


def _forward_response(reading: Reading, sample: Sample) -> None:
    upstream = reading.upstream(sample)
    if upstream:
        upstream.answered[sample.label("rcode")] = upstream.answered.get(sample.label("rcode"), 0) + sample.count


def _forward_duration(reading: Reading, sample: Sample) -> None:
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


def _health_failure(reading: Reading, sample: Sample) -> None:
    upstream = reading.upstream(sample)
    if upstream:
        upstream.failures += sample.count
        if sample.value:
            upstream.citation = sample.citation


def _connection_hit(reading: Reading, sample: Sample) -> None:
    upstream = reading.upstream(sample)
    if upstream:
        upstream.hits[sample.label("proto")] = upstream.hits.get(sample.label("proto"), 0) + sample.count


def _connection_miss(reading: Reading, sample: Sample) -> None:
    upstream = reading.upstream(sample)
    if upstream:
        upstream.dials[sample.label("proto")] = upstream.dials.get(sample.label("proto"), 0) + sample.count


def _api(reading: Reading, sample: Sample) -> None:
    code = sample.label("code")
    reading.api.append(ApiCalls(code, sample.label("host"), sample.label("method"), sample.count))
    if sample.value:
        reading.citations.setdefault(f"api.{code}", sample.citation)


def _plugin(reading: Reading, sample: Sample) -> None:
    reading.plugins.append((sample.label("server"), sample.label("zone"), sample.label("name")))


def _add_bucket(buckets: dict[float, int], sample: Sample) -> None:
    bound = float("inf") if sample.label("le") == "+Inf" else number(sample.label("le"))
    if bound is not None:
        buckets[bound] = buckets.get(bound, 0) + sample.count


READERS: Mapping[str, Reader] = {
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
