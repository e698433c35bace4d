"""Names a Corefile may use, and since or until which release."""

from __future__ import annotations

from collections.abc import Mapping

DIRECTIVES = frozenset({
    "root", "metadata", "geoip", "cancel", "proxyproto", "quic", "grpc_server", "https", "https3", "timeouts",
    "multisocket", "tls", "reload", "nsid", "bufsize", "bind", "debug", "trace", "ready", "health", "pprof",
    "shed", "prometheus", "errors", "log", "dnstap", "local", "dns64", "siit", "any", "chaos", "loadbalance",
    "tsig", "rewrite", "autopath", "acl", "cache", "header", "dnssec", "minimal", "template", "transfer",
    "dynupdate", "hosts", "route53", "azure", "clouddns", "k8s_external", "kubernetes", "file", "auto",
    "secondary", "etcd", "loop", "forward", "grpc", "erratic", "whoami", "on", "sign", "view", "nomad",
})  # fmt: skip
"""Plugins of CoreDNS' own images, 1.0 to 1.15 (core/dnsserver/zdirectives.go)."""

EXTERNAL = frozenset({
    "alias", "alternate", "ads", "amazondns", "bind9", "blocklist", "demo", "dnsredir", "docker", "ens",
    "example", "fallback", "fanout", "finalize", "gathersrv", "git", "gslb", "idetcd", "ipecho", "ipin",
    "ipset", "k8s_crd", "k8s_dns_chaos", "k8s_event", "k8s_gateway", "kubernetai", "lighthouse", "mdns",
    "meship", "meshname", "multicluster", "mysql", "netbox", "nodecache", "pdsql", "powerdns", "proxy_protocol",
    "ratelimit", "rrl", "records", "redis", "redisc", "sshdns", "unbound", "warnlist", "wgsd", "dump",
})  # fmt: skip
"""Plugins that are compiled into images of others; CoreDNS' own image refuses them."""

REMOVED: Mapping[str, str] = {
    "proxy": "1.5.0",
    "federation": "1.7.0",
    "startup": "1.1.0",
    "shutdown": "1.1.0",
    "reverse": "1.1.4",
}
"""Directive to the first release without it."""

REMOVED_OPTIONS: Mapping[tuple[str, str], str] = {
    ("kubernetes", "upstream"): "1.7.0",
    ("kubernetes", "resyncperiod"): "1.7.0",
    ("kubernetes", "transfer"): "1.8.0",
}
"""(Directive, option) to the first release that refuses it."""

ONCE = frozenset({"autopath", "cache", "errors", "health", "kubernetes", "loop", "reload"})
"""Plugins that refuse to stand twice in one server block (`forward` did so until 1.9.3)."""

FORWARD_OPTIONS: Mapping[str, str] = {
    "except": "1.0.6", "force_tcp": "1.0.6", "prefer_udp": "1.2.3", "expire": "1.0.6", "max_fails": "1.0.6",
    "tls": "1.0.6", "tls_servername": "1.0.6", "policy": "1.0.6", "health_check": "1.0.6", "max_concurrent": "1.6.8",
    "next": "1.11.4", "failfast_all_unhealthy_upstreams": "1.12.1", "failover": "1.13.0",
    "max_connect_attempts": "1.13.2", "max_idle_conns": "1.14.1", "max_age": "1.14.3", "next_on_nodata": "1.14.4",
    "resolver": "1.14.4", "read_timeout": "1.14.5", "doh_method": "1.14.5", "source_address": "1.14.6",
}  # fmt: skip
"""Option of `forward` to the first release that knows it."""

DEFAULT_PORTS: Mapping[str, str] = {
    "dns": "53", "tls": "853", "quic": "853", "grpc": "443", "https": "443", "https3": "443",
}  # fmt: skip
