"""Which diagnostic command printed a text, by the shape of its output."""

from __future__ import annotations

import re
from collections.abc import Mapping

from triage.model.late import late

# Each pattern is searched at line starts of the first lines; the first that matches names the command.
_OUTPUTS: Mapping[str, re.Pattern[str]] = {
    command: late("|".join(patterns), re.MULTILINE)
    for command, patterns in {
        "dig": (
            r"^; <<>> DiG ",
            r"^;; ->>HEADER<<-",
            r"^;; (?:QUESTION SECTION|Got answer|connection timed out|communications error)",
        ),
        "nslookup": (
            r"^Server:\s+\S+\s*\n(?:Address(?: 1)?:\s+\S+|\s*\n)",
            r"^\*\* server can't find ",
            r"^nslookup: (?:can't|write)",
        ),
        "conntrack": (
            r"^cpu=\d+\s+(?:found|searched)=",
            r"^conntrack v\d",
        ),
        "sysctl": (r"^(?:fs|net|kernel|vm|user)\.[\w./-]+ ?= ?\S",),
        "ip route": (r"^(?:default|\d+\.\d+\.\d+\.\d+(?:/\d+)?|[0-9a-f:]+/\d+) (?:via|dev) \S+",),
        "ip addr": (r"^\d+: [\w@.-]+: <[A-Z_,-]+> mtu \d+",),
        "dmesg": (
            r"^(?:<\d+>)?\[\s*\d+\.\d{6}\] ",
            r"nf_conntrack: (?:nf_conntrack: )?table full",
            r"^\[[A-Z][a-z]{2} [A-Z][a-z]{2}\s+\d+ \d\d:\d\d:\d\d \d{4}\] ",
        ),
        "ss": (
            r"^(?:Netid\s+)?State\s+Recv-Q\s+Send-Q",
            r"^Active Internet connections",
        ),
        "ping": (
            r"^PING \S+ ",
            r"^\d+ packets transmitted",
        ),
        "iptables": (
            r"^-[AP] [A-Z][\w-]*",
            r"^Chain \S+ \((?:policy|\d+ references)",
            r"^\*(?:nat|filter|mangle|raw)$",
        ),
        "host": (
            r"^\S+ has (?:IPv6 )?address \S+",
            r"^Host \S+ not found: ",
            r"^;; connection timed out; no servers",
        ),
        "resolvectl": (
            r"^\s*Current DNS Server: ",
            r"^Link \d+ \(",
        ),
        "traceroute": (r"^traceroute to \S+ ",),
        "nc": (r"^(?:Ncat: |Connection to \S+ \S+ port |nc: )",),
    }.items()
}


def tool_in(text: str) -> str | None:
    r"""The command whose output this looks like; None when no known one.

    >>> tool_in("fs.inotify.max_user_instances = 128\n"), tool_in("; <<>> DiG 9.18 <<>> a.\n"), tool_in("hello")
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
