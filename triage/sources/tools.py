"""Which diagnostic command printed a text, by the shape of its output."""

from __future__ import annotations

import re
from collections.abc import Mapping

# Each pattern is searched at line starts of the first lines; the first that matches names the command.
_OUTPUTS: Mapping[str, re.Pattern[str]] = {
    "dig": re.compile(r"^; <<>> DiG |^;; ->>HEADER<<-|^;; (?:QUESTION SECTION|Got answer|connection timed out|communications error)", re.M),
    "nslookup": re.compile(r"^Server:\s+\S+\s*\n(?:Address(?: 1)?:\s+\S+|\s*\n)|^\*\* server can't find |^nslookup: (?:can't|write)", re.M),
    "conntrack": re.compile(r"^cpu=\d+\s+(?:found|searched)=|^conntrack v\d", re.M),
    "sysctl": re.compile(r"^(?:fs|net|kernel|vm|user)\.[\w./-]+ ?= ?\S", re.M),
    "ip route": re.compile(r"^(?:default|\d+\.\d+\.\d+\.\d+(?:/\d+)?|[0-9a-f:]+/\d+) (?:via|dev) \S+", re.M),
    "ip addr": re.compile(r"^\d+: [\w@.-]+: <[A-Z_,-]+> mtu \d+", re.M),
    "dmesg": re.compile(r"^(?:<\d+>)?\[\s*\d+\.\d{6}\] |nf_conntrack: (?:nf_conntrack: )?table full|^\[[A-Z][a-z]{2} [A-Z][a-z]{2}\s+\d+ \d\d:\d\d:\d\d \d{4}\] ", re.M),
    "ss": re.compile(r"^(?:Netid\s+)?State\s+Recv-Q\s+Send-Q|^Active Internet connections", re.M),
    "ping": re.compile(r"^PING \S+ |^\d+ packets transmitted", re.M),
    "iptables": re.compile(r"^-[AP] [A-Z][\w-]*|^Chain \S+ \((?:policy|\d+ references)|^\*(?:nat|filter|mangle|raw)$", re.M),
    "host": re.compile(r"^\S+ has (?:IPv6 )?address \S+|^Host \S+ not found: |^;; connection timed out; no servers", re.M),
    "resolvectl": re.compile(r"^\s*Current DNS Server: |^Link \d+ \(", re.M),
    "traceroute": re.compile(r"^traceroute to \S+ ", re.M),
    "nc": re.compile(r"^(?:Ncat: |Connection to \S+ \S+ port |nc: )", re.M),
}  # fmt: skip


def tool_in(text: str) -> str | None:
    """The command whose output this looks like; None when no known one.

    >>> tool_in("fs.inotify.max_user_instances = 128\\n"), tool_in("; <<>> DiG 9.18 <<>> a.\\n"), tool_in("hello")
    ('sysctl', 'dig', None)
    """
    head = text[:20000]
    return next((command for command, pattern in _OUTPUTS.items() if pattern.search(head)), None)


def host_in_name(name: str) -> str | None:
    """The node in `<node>.dmesg.txt`, `<node>.sysctl.txt` and kin.

    >>> host_in_name("k8s-pre-m01.dmesg.txt"), host_in_name("dig.txt")
    ('k8s-pre-m01', None)
    """
    base = name.rsplit("/", 1)[-1]
    words = "dig|nslookup|dmesg|sysctl|ip-?addr|ip-?route|ip-?a|conntrack|ss|iptables|ping|host|resolvectl"
    match = re.fullmatch(rf"(?P<host>[A-Za-z0-9][\w.-]{{1,252}}?)[._](?:{words})(?:[._-][\w.-]+)?", base)
    return match["host"] if match else None
