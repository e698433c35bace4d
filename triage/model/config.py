"""Configuration as CoreDNS reads it: server blocks, forwards, resolver lists of each replica."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct, field

from triage.model.observation import Citation

Policy = Literal["random", "round_robin", "sequential"]


class Forward(Struct, frozen=True):
    """One `forward` (or old `proxy`) of a server block."""

    zone: str
    """FROM, lower case with trailing dot."""
    to: tuple[str, ...]
    """Targets as written: addresses, URLs, file names, host names."""
    citation: Citation
    policy: Policy = "random"
    max_fails: int = 2
    max_concurrent: int = 0
    """0 = no limit."""
    tls: bool = False
    tls_servername: str | None = None
    force_tcp: bool = False
    prefer_udp: bool = False
    except_zones: tuple[str, ...] = ()
    options: tuple[tuple[str, ...], ...] = ()
    """Every option line of the block, split into tokens."""


class Directive(Struct, frozen=True):
    """One plugin line of a server block."""

    name: str
    args: tuple[str, ...]
    block: tuple[tuple[str, ...], ...]
    """Lines of its `{ }` block, split into tokens."""
    citation: Citation


class ServerBlock(Struct, frozen=True):
    """One server block."""

    zones: tuple[str, ...]
    """Lower case, trailing dot."""
    port: str
    scheme: str
    directives: tuple[Directive, ...]
    forwards: tuple[Forward, ...]
    citation: Citation

    def has(self, plugin: str) -> bool:
        """Does the block use this plugin?"""
        return any(d.name == plugin for d in self.directives)

    def get(self, plugin: str) -> Directive | None:
        """The first directive of this name."""
        return next((d for d in self.directives if d.name == plugin), None)


class Problem(Struct, frozen=True):
    """Something wrong with a configuration text, found by reading it."""

    id: str
    """Catalogue key: `corefile.unclosed-brace`, `corefile.unknown-directive` …"""
    detail: str
    citation: Citation


class Corefile(Struct, frozen=True):
    """A Corefile as CoreDNS' parser reads it."""

    file: str
    blocks: tuple[ServerBlock, ...]
    problems: tuple[Problem, ...] = ()


class ResolvConf(Struct, frozen=True):
    """A resolv.conf: what `forward . /etc/resolv.conf` takes from it are the nameservers only."""

    file: str
    host: str | None
    """Node (or machine) whose file it is; None when not told."""
    nameservers: tuple[tuple[str, Citation], ...]
    """Addresses in their order, each with its line."""
    search: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    pod: bool = False
    """True for a pod's file (nameserver is the cluster's DNS service)."""


class UpstreamList(Struct, frozen=True):
    """The upstreams that one replica asks for one zone."""

    replica: str | None
    """None: holds for every replica without a list of its own."""
    zone: str
    upstreams: tuple[str, ...]
    """`ip:port` in configured order; empty when they are not known (resolv.conf not seen)."""
    policy: Policy = "random"
    max_concurrent: int = 0
    tls: bool = False
    known: bool = True
    """False when the list comes from lines or counters, not from configuration."""
    citation: Citation | None = None


class Edit(Struct, frozen=True):
    """A change of a ConfigMap that holds a Corefile, from its `managedFields`."""

    name: str
    """Of the ConfigMap."""
    manager: str
    """Who changed it: `kubectl-edit`, `helm` …"""
    at_ns: int
    citation: Citation


class Configuration(Struct, frozen=True):
    """All configuration that was found."""

    corefiles: tuple[Corefile, ...] = ()
    resolv_confs: tuple[ResolvConf, ...] = ()
    upstreams: tuple[UpstreamList, ...] = ()
    cluster_zones: tuple[str, ...] = ("cluster.local.", "in-addr.arpa.", "ip6.arpa.")
    """Zones that the kubernetes plugin answers."""
    errors_visible: bool | None = None
    """False when a block with `forward` lacks `errors` (or hides it by consolidate debug); None if unknown."""
    query_log: bool | None = None
    edits: tuple[Edit, ...] = ()
    query_log_classes: tuple[str, ...] = ()
    """Classes that `log` writes (`all`, `success`, `denial`, `error`), over all blocks that forward."""

    def of(self, replica: str | None, zone: str) -> UpstreamList | None:
        """The list of this replica for this zone, else the one that holds for all."""
        best = None
        for row in self.upstreams:
            if row.zone == zone and row.replica == replica:
                return row
            if row.zone == zone and row.replica is None:
                best = row
        return best


class ConfigMap(Struct, frozen=True):
    """A ConfigMap; its texts by key."""

    name: str
    namespace: str | None
    data: Mapping[str, str]
    citation: Citation
    first_lines: Mapping[str, int] = field(default_factory=dict)
    """Key to the line in the file where its text begins; a key is absent when the text is written in one line
    (JSON, quoted YAML), then cite lines of the text itself as `<file>/<key>`."""
    changes: tuple[tuple[str, int], ...] = ()
    """Who changed it last and when (ns), from `managedFields`: the newest first."""
