"""What diagnostic commands say: each result once, with where it was asked and where it stands."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from triage.model.observation import Citation, FailureKind


class DigResult(Struct, frozen=True):
    """One look-up by dig, nslookup, host or getent."""

    tool: str
    """`dig`, `nslookup`, `host`, `getent` …"""
    host: str | None
    """Node or machine on which it ran; None when nothing tells."""
    server: str | None
    """`ip:port` that was asked, IPv6 in brackets; None: the machine's own resolver, or not shown."""
    qname: str | None
    """Lower case, trailing dot; None when neither output nor command shows it."""
    qtype: str
    status: str | None
    """Rcode by name; None when nobody answered."""
    failure: FailureKind | None
    """How it failed when nobody answered; None with an answer."""
    citation: Citation
    """The line that decides: status, answer or error."""
    answers: tuple[str, ...] = ()
    """Data of the answer's records, in their order."""
    time_ms: float | None = None
    tcp: bool = False
    truncated: bool = False
    """The UDP answer did not fit, dig asked again over TCP."""
    retries: int = 0
    """Tries without an answer before the last."""
    pod: str | None = None
    """Pod in which it ran (`kubectl exec`, `kubectl run`); then `host` is not known from the prompt."""

    @property
    def answered(self) -> bool:
        """True when the server answered, whatever the rcode."""
        return self.status is not None


class InterfaceAddress(Struct, frozen=True):
    """An address of a machine with its prefix: `ip addr`, `ifconfig`."""

    host: str | None
    interface: str
    address: str
    """`ip/length`."""
    citation: Citation


class Route(Struct, frozen=True):
    """A row of `ip route`, or the answer of `ip route get`."""

    host: str | None
    destination: str
    """CIDR, address or `default`."""
    kind: str
    """`unicast`, `blackhole`, `unreachable`, `prohibit`, or `none` when the kernel has no route."""
    gateway: str | None
    interface: str | None
    source: str | None
    citation: Citation


class Setting(Struct, frozen=True):
    """A kernel setting, counter or limit with its value."""

    host: str | None
    name: str
    """Dotted as sysctl has it (`net.netfilter.nf_conntrack_count`); limits are `limit.nofile`, `limit.nofile.hard`."""
    value: str
    citation: Citation
    pod: str | None = None

    @property
    def number(self) -> int | None:
        """The value as a number; None for `unlimited` and everything else."""
        return int(self.value) if self.value.isdecimal() and len(self.value) < 20 else None


class ConntrackStats(Struct, frozen=True):
    """`conntrack -S`, summed over all CPUs."""

    host: str | None
    counters: Mapping[str, int]
    """`insert_failed`, `drop`, `early_drop`, `invalid` …"""
    citation: Citation
    """The line of the first CPU with a failed insert or a drop, else of the first."""


class KernelEvent(Struct, frozen=True):
    """A line of dmesg or the journal that bears on DNS."""

    host: str | None
    kind: str
    """`conntrack-full`, `oom-kill`, `neighbour-full`, `inotify`."""
    citation: Citation
    process: str | None = None
    """Killed process, for `oom-kill`."""


class Listener(Struct, frozen=True):
    """A socket that waits for queries: `ss -lnup`, `netstat -lnup`."""

    host: str | None
    proto: str
    address: str
    """As printed, without interface: `127.0.0.53`, `*`, `0.0.0.0`, `::`."""
    port: int
    process: str | None
    citation: Citation


class Reach(Struct, frozen=True):
    """Could a host or port be reached: `nc`, `ping`, `curl`, `telnet`."""

    tool: str
    host: str | None
    target: str
    """`ip:port`, or only a host for `ping`."""
    proto: str
    """`tcp`, `udp`, `icmp`, `https` …"""
    failure: FailureKind | None
    """None when it was reached."""
    citation: Citation
    pod: str | None = None


class UnreadOutput(Struct, frozen=True):
    """Output that nobody here understands: kept, so that it is counted."""

    host: str | None
    command: str | None
    lines: int
    citation: Citation
    notes: Mapping[str, str] = field(default_factory=dict)
    """`reason`: `not-found`, `denied` when the shell refused the command."""


ToolResult = (
    DigResult | InterfaceAddress | Route | Setting | ConntrackStats | KernelEvent | Listener | Reach | UnreadOutput
)
