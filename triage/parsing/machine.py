"""What a machine says of itself: addresses, routes, kernel settings, conntrack, dmesg, sockets, limits."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from triage.model.observation import Citation, FailureKind
from triage.model.tool import ConntrackStats, InterfaceAddress, KernelEvent, Listener, Reach, Route, Setting
from triage.parsing.commands import Command
from triage.parsing.lines import NumberedLine, failure_kind

_LINK = re.compile(r"\d+: ([^:@\s]{1,64})(?:@[^:\s]{1,64})?: <")
_INET = re.compile(r"inet6? ([0-9a-fA-F.:]{2,45}/\d{1,3})\b.*")
_BRIEF = re.compile(r"(\S{1,64}?)(?:@\S{1,64})?\s+(?:UP|DOWN|UNKNOWN)\s+((?:[0-9a-fA-F.:]{2,45}/\d{1,3}\s*)+)")
_IFCONFIG = re.compile(r"inet (?:addr:)?(\d[\d.]{6,14}).{0,80}?(?:netmask |Mask:)(\d[\d.]{6,14})")
_IFCONFIG_LINK = re.compile(r"([a-z][\w.-]{0,30}):? (?:flags=|\s*Link encap)")


def addresses(lines: Sequence[NumberedLine], command: Command, host: str | None) -> Iterator[InterfaceAddress]:
    """`ip addr`, `ip -br addr`, `ifconfig`: every address with its prefix length, loopback left out."""
    interface = "?"
    for line in lines:
        if (match := _LINK.match(line.text)) or (match := _IFCONFIG_LINK.match(line.text)):
            interface = match[1]
        elif match := _INET.match(line.text):
            yield from _address(host, interface, match[1], line)
        elif match := _IFCONFIG.match(line.text):
            yield from _address(host, interface, f"{match[1]}/{match[2]}", line)
        elif match := _BRIEF.fullmatch(line.text):
            for text in match[2].split():
                yield from _address(host, match[1], text, line)


def _address(host: str | None, interface: str, text: str, line: NumberedLine) -> Iterator[InterfaceAddress]:
    try:
        found = ipaddress.ip_interface(text)
    except ValueError:
        return
    if not found.is_loopback:
        yield InterfaceAddress(host, interface, found.with_prefixlen, line.citation)


_KINDS = ("blackhole", "unreachable", "prohibit", "throw", "local", "broadcast", "multicast")
_DESTINATION = re.compile(r"default|[0-9a-fA-F.:]{2,45}(?:/\d{1,3})?")
_UNROUTED = re.compile(r"RTNETLINK answers: (.+)")


def routes(lines: Sequence[NumberedLine], command: Command, host: str | None) -> Iterator[Route]:
    """`ip route` and `ip route get`."""
    for line in lines:
        words = line.text.split()
        if _UNROUTED.match(line.text):
            target = command.args[-1] if command.args else "?"
            yield Route(host, target, "none", None, None, None, line.citation)
            continue
        kind = words.pop(0) if words and words[0] in _KINDS else "unicast"
        if not words or not _DESTINATION.fullmatch(words[0]) or (kind == "unicast" and "dev" not in words):
            continue
        pairs = dict(pairwise(words))
        yield Route(host, words[0], kind, pairs.get("via"), pairs.get("dev"), pairs.get("src"), line.citation)


_SYSCTL = re.compile(r"([a-z][a-z0-9_-]*(?:[./][a-zA-Z0-9_-]+)+)\s*[=:]\s*(\S.*)")
_PROC = re.compile(r"/proc/sys/([\w/.-]+)")
_LIMIT = re.compile(r"(?:open files\s+\(-n\)|nofiles?\(descriptors\))\s+(\d+|unlimited)")
_PROC_LIMIT = re.compile(r"Max open files\s+(\d+|unlimited)\s+(\d+|unlimited)\s+files")
_NUMBER = re.compile(r"\d{1,19}|unlimited")


def settings(lines: Sequence[NumberedLine], command: Command, host: str | None) -> Iterator[Setting]:
    """`sysctl`, `cat /proc/sys/…`, `conntrack -C`, `ulimit -n`, `/proc/PID/limits`, counted inotify instances."""
    files = [match[1].rstrip("/").replace("/", ".") for match in _PROC.finditer(command.text)]
    names = files or [name for name in [_counted(command)] if name]
    values = [line for line in lines if _NUMBER.fullmatch(line.text)]
    if names and len(values) == len(names):
        for name, line in zip(names, values, strict=True):
            yield Setting(host, name, line.text, line.citation, command.pod)
    for line in lines:
        if match := _PROC_LIMIT.match(line.text):
            yield Setting(host, "limit.nofile", match[1], line.citation, command.pod)
            yield Setting(host, "limit.nofile.hard", match[2], line.citation, command.pod)
        elif match := _LIMIT.match(line.text):
            yield Setting(host, "limit.nofile", match[1], line.citation, command.pod)
        elif match := _SYSCTL.fullmatch(line.text):
            name = match[1].removeprefix("/proc/sys/").replace("/", ".")
            yield Setting(host, name, match[2].strip(), line.citation, command.pod)


def _counted(command: Command) -> str | None:
    """Name of the single number that a command prints."""
    if command.program == "conntrack" and "-C" in command.args:
        return "net.netfilter.nf_conntrack_count"
    if command.program == "ulimit":
        return "limit.nofile.hard" if "-Hn" in command.args else "limit.nofile"
    if command.program == "sysctl" and "-n" in command.args:
        return command.args[-1]
    if "inotify" in command.text and "wc -l" in command.text:
        return "inotify.instances"
    return None


_CPU = re.compile(r"cpu=(\d+)\s+(.*)")
_COUNTER = re.compile(r"([a-z_]{1,30})=(\d{1,19})")


def conntrack_stats(lines: Sequence[NumberedLine], command: Command, host: str | None) -> Iterator[ConntrackStats]:
    """`conntrack -S`: one row per CPU, summed."""
    totals: dict[str, int] = {}
    first: Citation | None = None
    telling: Citation | None = None
    for line in lines:
        match = _CPU.fullmatch(line.text)
        if match is None:
            continue
        counters = {name: int(value) for name, value in _COUNTER.findall(match[2])}
        for name, value in counters.items():
            totals[name] = totals.get(name, 0) + value
        first = first or line.citation
        if counters.get("insert_failed") or counters.get("drop"):
            telling = telling or line.citation
    if first is not None:
        yield ConntrackStats(host, totals, telling or first)


_KILLED = re.compile(r"Kill(?:ed)? process \d+,? (?:\(([^)]{1,64})\)|UID \d+ \(([^)]{1,64})\))")
_KERNEL = (
    ("nf_conntrack: table full", "conntrack-full"),
    ("ip_conntrack: table full", "conntrack-full"),
    ("nf_conntrack: nf_conntrack: table full", "conntrack-full"),
    ("neighbour: arp_cache: neighbor table overflow", "neighbour-full"),
    ("neighbor table overflow", "neighbour-full"),
    ("inotify_add_watch", "inotify"),
)


def kernel_events(lines: Sequence[NumberedLine], command: Command, host: str | None) -> Iterator[KernelEvent]:
    """Lines of dmesg or the journal about full tables and killed processes."""
    for line in lines:
        killed = _KILLED.search(line.text)
        if killed:
            yield KernelEvent(host, "oom-kill", line.citation, killed[1] or killed[2])
            continue
        kind = next((kind for words, kind in _KERNEL if words in line.text.lower()), None)
        if kind:
            yield KernelEvent(host, kind, line.citation)


_SOCKET = re.compile(
    r"(?:(?P<netid>udp|tcp|udp6|tcp6)\s+)?(?:(?P<state>UNCONN|LISTEN)\s+)?\d+\s+\d+\s+(?P<address>\S+):(?P<port>\d{1,5})"
    r"\s+\S+(?:\s+LISTEN)?(?:\s+(?:users:\(\(\"(?P<user>[^\"]{1,64})\".*|\d+/(?P<program>\S{1,64}).*|-))?"
)


def listeners(lines: Sequence[NumberedLine], command: Command, host: str | None) -> Iterator[Listener]:
    """`ss -lnup`, `ss -lntp`, `netstat -lnup`."""
    for line in lines:
        match = _SOCKET.fullmatch(line.text)
        if match is None or not (match["netid"] or match["state"]):
            continue
        proto = (match["netid"] or ("udp" if match["state"] == "UNCONN" else "tcp")).removesuffix("6")
        address = match["address"].partition("%")[0].strip("[]") or "*"
        process = match["user"] or match["program"]
        yield Listener(host, proto, address, int(match["port"]), process, line.citation)


_NC = re.compile(
    r"(?:nc|netcat|telnet|Ncat).{0,3}?:? ?connect to (\S+)(?: \(\S+\))? port (\d+) \((tcp|udp)\) failed: (.+)"
)
_NC_OK = re.compile(
    r"Connection to (\S+)(?: \(\S+\))? (\d+) port \[(tcp|udp)/\S+\] succeeded!?|\S* ?\(?([\d.]+)\)? (\d+) \(\S+\) open"
)
_PING = re.compile(r"\d+ packets transmitted, (\d+) (?:packets )?received.*?(\d+(?:\.\d+)?)% packet loss.*")
_CURL = re.compile(r"curl: \((\d+)\) (.+)")
_CURL_KINDS = {"28": FailureKind.TIMEOUT, "35": FailureKind.TLS, "60": FailureKind.TLS}
_CURL_WHY = re.compile(r"\* (?:connect to \S+ port \d+ (?:from \S+ port \d+ )?failed: |TLS|SSL)(.*)")


def reaches(lines: Sequence[NumberedLine], command: Command, host: str | None) -> Iterator[Reach]:
    """`nc -vz` and `ping`: was the target reached."""
    for line in lines:
        if match := _NC.match(line.text):
            failure: FailureKind | None = failure_kind(match[4])
            yield Reach("nc", host, f"{match[1]}:{match[2]}", match[3], failure, line.citation, command.pod)
        elif match := _NC_OK.match(line.text):
            name, port = match[1] or match[4], match[2] or match[5]
            yield Reach("nc", host, f"{name}:{port}", match[3] or "tcp", None, line.citation, command.pod)
        elif match := _PING.match(line.text):
            failure = FailureKind.TIMEOUT if match[1] == "0" else None
            yield Reach("ping", host, _target(command), "icmp", failure, line.citation, command.pod)


def curls(lines: Sequence[NumberedLine], command: Command, host: str | None) -> Iterator[Reach]:
    """`curl URL`: any answer means reached, `curl: (7) …` that it was not; `-v` tells why."""
    told = [line for line in lines if line.text]
    why = next((match[1] for line in told if (match := _CURL_WHY.match(line.text))), "")
    ended = next(((match, line) for line in told if (match := _CURL.match(line.text))), None)
    failure: FailureKind | None = None
    if ended:
        failure = failure_kind(f"{why} {ended[0][2]}")
        if failure is FailureKind.OTHER:
            failure = _CURL_KINDS.get(ended[0][1], failure)
    elif command.program != "curl" or not told or "not found" in told[0].text:
        return
    line = ended[1] if ended else told[-1]
    yield Reach("curl", host, _target(command), "https", failure, line.citation, command.pod)


def _target(command: Command) -> str:
    """Host, or `host:port` of a URL, that a command was pointed at."""
    words = [word for word in command.args if not word.startswith("-")]
    url = next((word for word in words if "://" in word), None)
    if url is None:
        return words[-1] if words else "?"
    scheme, _, rest = url.partition("://")
    place = rest.partition("/")[0]
    return place if re.search(r":\d+$", place) else f"{place}:{443 if scheme == 'https' else 80}"
