"""Scrapes of every era of metric names."""

from __future__ import annotations

import random

import pytest

from triage.parsing.scrape import read_scrape

ERAS = {
    "until 1.6": """\
coredns_build_info{goversion="go1.13",revision="1",version="1.6.7"} 1
coredns_dns_request_count_total{family="1",proto="udp",server="dns://:53",zone="."} 900
coredns_dns_request_type_count_total{server="dns://:53",type="A",zone="."} 500
coredns_dns_response_rcode_count_total{rcode="NOERROR",server="dns://:53",zone="."} 880
coredns_forward_request_count_total{to="10.0.0.2:53"} 100
coredns_forward_response_rcode_count_total{rcode="NXDOMAIN",to="10.0.0.2:53"} 40
coredns_forward_response_rcode_count_total{rcode="NOERROR",to="10.0.0.2:53"} 60
coredns_forward_healthcheck_failure_count_total{to="10.0.0.3:53"} 4
coredns_forward_healthcheck_broken_count_total 2
coredns_panic_count_total 1
""",
    "1.7 to 1.10": """\
# HELP coredns_build_info A metric with a constant '1' value.
coredns_build_info{goversion="go1.18",revision="1",version="1.9.3"} 1
coredns_dns_requests_total{family="1",proto="udp",server="dns://:53",type="A",zone="."} 900
coredns_dns_responses_total{plugin="",rcode="NOERROR",server="dns://:53",zone="."} 880
coredns_forward_requests_total{to="10.0.0.2:53"} 100
coredns_forward_responses_total{rcode="NXDOMAIN",to="10.0.0.2:53"} 40
coredns_forward_responses_total{rcode="NOERROR",to="10.0.0.2:53"} 60
coredns_forward_conn_cache_hits_total{proto="udp",to="10.0.0.2:53"} 90
coredns_forward_conn_cache_misses_total{proto="udp",to="10.0.0.3:53"} 9
coredns_forward_healthcheck_failures_total{to="10.0.0.3:53"} 4
coredns_forward_healthcheck_broken_total 2
coredns_panics_total 1
""",
    "from 1.11": """\
coredns_build_info{goversion="go1.21",revision="1",version="1.11.3"} 1
coredns_dns_requests_total{family="1",proto="udp",server="dns://:53",type="A",view="",zone="."} 900
coredns_dns_responses_total{plugin="",rcode="NOERROR",server="dns://:53",view="",zone="."} 880
coredns_proxy_request_duration_seconds_bucket{proxy_name="forward",rcode="NOERROR",to="10.0.0.2:53",le="0.005"} 50
coredns_proxy_request_duration_seconds_bucket{proxy_name="forward",rcode="NOERROR",to="10.0.0.2:53",le="+Inf"} 60
coredns_proxy_request_duration_seconds_sum{proxy_name="forward",rcode="NOERROR",to="10.0.0.2:53"} 0.5
coredns_proxy_request_duration_seconds_count{proxy_name="forward",rcode="NOERROR",to="10.0.0.2:53"} 60
coredns_proxy_request_duration_seconds_count{proxy_name="forward",rcode="NXDOMAIN",to="10.0.0.2:53"} 40
coredns_proxy_request_duration_seconds_count{proxy_name="grpc",rcode="NOERROR",to="10.0.0.9:53"} 7
coredns_proxy_conn_cache_hits_total{proxy_name="forward",proto="udp",to="10.0.0.2:53"} 90
coredns_proxy_conn_cache_misses_total{proxy_name="forward",proto="udp",to="10.0.0.3:53"} 9
coredns_proxy_healthcheck_failures_total{proxy_name="forward",to="10.0.0.3:53"} 4
coredns_forward_healthcheck_broken_total 2
coredns_panics_total 1
""",
}


@pytest.mark.parametrize("era", ERAS)
def test_every_era_says_the_same(era: str) -> None:
    scrape = read_scrape(ERAS[era], file="a.prom", replica="a")
    assert (scrape.replica, scrape.version is not None, scrape.n_queries) == ("a", True, 900)
    assert scrape.responses_by("NOERROR") == 880
    assert {u.upstream: (dict(u.answered), u.healthcheck_failures) for u in scrape.upstreams} == {
        "10.0.0.2:53": ({"NOERROR": 60, "NXDOMAIN": 40}, 0),
        "10.0.0.3:53": ({}, 4),
    }
    assert (scrape.healthcheck_broken, scrape.panics, scrape.n_unread) == (2, 1, 0)
    dead = scrape.upstream("10.0.0.3:53")
    assert dead is not None
    assert dead.citation is not None
    assert "healthcheck" in dead.citation.text
    assert era == "until 1.6" or (dead.n_tries, scrape.upstreams[0].n_tries) == (9, 90)


def test_upstreams_durations() -> None:
    upstream = read_scrape(ERAS["from 1.11"], file="a.prom", replica="a").upstreams[0]
    assert (upstream.duration_s, dict(upstream.buckets)) == (0.5, {0.005: 50, float("inf"): 60})


VALUES = [
    ('coredns_dns_responses_total{plugin="forward",rcode="SERVFAIL",server="dns://:53",zone="."} 7', "responses", 1),
    ("coredns_forward_max_concurrent_rejects_total 12", "max_concurrent_rejects", 12),
    (
        'coredns_cache_hits_total{server="dns://:53",type="denial"} 3\ncoredns_cache_requests_total 10',
        "cache_misses",
        7,
    ),
    ("coredns_cache_misses_total 8", "cache_misses", 8),
    ('coredns_cache_served_stale_total{server="dns://:53"} 5', "served_stale", 5),
    ("coredns_reload_failed_total 2", "reload_failed", 2),
    ('coredns_reload_version_info{hash="sha512",value="c0ffee"} 1', "config_hash", "c0ffee"),
    ("coredns_health_request_failures_total 1", "health_failures", 1),
    ("process_start_time_seconds 1.7489166725e+09", "started_ns", 1748916672500000000),
    ("process_open_fds 29", "open_fds", 29),
    ("process_max_fds 1.048576e+06", "max_fds", 1048576),
    ('coredns_nodecache_setup_errors_total{errortype="iptables_lock"} 4', "nodecache_errors", {"iptables_lock": 4}),
    ('coredns_plugin_enabled{name="errors",server="dns://:53",zone="."} 1', "plugins", (("dns://:53", ".", "errors"),)),
]


@pytest.mark.parametrize(("text", "name", "value"), VALUES)
def test_single_metrics(text: str, name: str, value: object) -> None:
    found = getattr(read_scrape(text, file="a.prom", replica=None), name)
    assert (len(found) if name == "responses" else found) == value


def test_calls_of_the_api_keep_their_outcome() -> None:
    labels = 'code="<error>",host="10.96.0.1:443",method="GET"'
    text = f"coredns_kubernetes_rest_client_requests_total{{{labels}}} 6 1748916672000\n"
    (calls,) = read_scrape(text, file="a.prom", replica=None).api
    assert (calls.code, calls.host, calls.method, calls.count) == ("<error>", "10.96.0.1:443", "GET", 6)


UNREAD = [
    ("", 0, 0),
    ("# HELP x y\n# TYPE x counter\n", 0, 0),
    ("go_threads 12\nhttp_requests 3 1700000000000\n", 2, 0),
    ("<html>\nForbidden\n</html>", 0, 3),
    ('x NaN\nx +Inf\nx 1e400\nx one\nx{a="b" 1\n', 1, 4),
    ("x" * 100_000, 0, 1),
]


@pytest.mark.parametrize(("text", "lines", "unread"), UNREAD)
def test_lines_that_are_no_metrics_are_counted(text: str, lines: int, unread: int) -> None:
    scrape = read_scrape(text, file="a.prom", replica=None)
    assert (scrape.n_lines, scrape.n_unread) == (lines, unread)
    assert len(scrape.unread_samples) == min(3, unread)


def test_labels_may_hold_braces_quotes_and_commas() -> None:
    text = r'coredns_dns_responses_total{rcode="NO}E\"R,OR",server="dns://:53",zone="a\\b"} 1'
    (response,) = read_scrape(text, file="a.prom", replica=None).responses
    assert (response.rcode, response.zone) == ('NO}E"R,OR', "a\\b")


def test_any_text_is_read_without_an_exception() -> None:
    chance = random.Random(2)
    characters = 'coredns_forward_requests_total{to="10.0.0.2:53"} 1.5e+Inf\\\n #'
    for _ in range(1500):
        read_scrape("".join(chance.choice(characters) for _ in range(120)), file="x", replica=None)
        text = ERAS["from 1.11"]
        at = chance.randrange(len(text))
        read_scrape(text[:at] + chance.choice(characters) + text[at + 3 :], file="x", replica=None)
