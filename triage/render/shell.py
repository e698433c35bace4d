"""Commands of checks, taken apart for a script that only reads: programs and arguments from a short list, or nothing.

The rules' commands are for people to paste; the script runs only what this list knows, quoted word by word.
"""

from __future__ import annotations

import ipaddress
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

_NAME = r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_.])?"
_ADDRESS = r"[0-9A-Fa-f.:]{2,45}"
_READS: Mapping[str, tuple[str, ...]] = {
    "cat": (r"/etc/resolv\.conf|/run/systemd/resolve/[a-z-]{1,40}\.conf",),
    "conntrack": ("-S|-C",),
    "curl": (r"-sk|--max-time|\d{1,2}|https://[0-9A-Za-z.\[\]:-]{3,80}/(?:version|healthz|livez|readyz)",),
    "ip": (r"route", r"get", _ADDRESS),
    "ss": ("-[lntup]{1,5}|sport = :53",),
    "sysctl": (r"[a-z][a-z0-9_]{1,40}(?:\.[a-z0-9_]{1,60}){1,6}",),
}
"""Program → forms of its arguments: one for all of them, or one for each in its place."""
_PORT = re.compile(r"[1-9]\d{0,4}")
_DIG = re.compile(rf"\+tries=\d|\+time=\d{{1,2}}|\+tcp|\+tls|@{_ADDRESS}|{_NAME}")
_TYPES = ("A", "AAAA", "NS", "SOA", "TXT", "SRV", "PTR", "HINFO")
_NUMBERS = {"A": 1, "NS": 2, "SOA": 6, "HINFO": 13, "PTR": 12, "TXT": 16, "AAAA": 28, "SRV": 33}
_QUERY_ID = 0x7472


class Ask(Struct, frozen=True):
    """A question to a DNS server."""

    server: str
    name: str
    qtype: str
    options: tuple[str, ...]
    """`+tries=1` …"""
    port: str = "53"

    @property
    def words(self) -> tuple[str, ...]:
        """The arguments of dig."""
        port = () if self.port == "53" else ("-p", self.port)
        qtype = () if self.qtype == "A" else (self.qtype,)
        return (*self.options, f"@{self.server}", *port, self.name, *qtype)


class Read(Struct, frozen=True):
    """A program that reads this machine or asks a server."""

    words: tuple[str, ...]


def reading_parts(command: str) -> tuple[Ask | Read, ...] | None:
    """The parts of a command in their order; None when a part is not on the list.

    >>> [part.words for part in reading_parts("ip route get 10.0.0.2; dig +time=3 @10.0.0.2 a.example.")]
    [('ip', 'route', 'get', '10.0.0.2'), ('+time=3', '@10.0.0.2', 'a.example.')]
    >>> len(reading_parts("for s in 10.0.0.2 10.0.0.3; do dig @$s a.example. | grep -E 'status|SERVER'; done"))
    2
    >>> reading_parts("dig -p 5353 @10.0.0.2 a.example.")[0].port
    '5353'
    >>> reading_parts("sysctl -w a.b=1"), reading_parts("cat /etc/shadow"), reading_parts("dig a; reboot")
    (None, None, None)
    """
    try:
        lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
        lexer.whitespace_split, lexer.commenters = True, ""
        words = list(lexer)
    except ValueError:
        return None
    found = [_part(part) for part in _split(words)]
    known = tuple(part for part in found if part is not None)
    return known if known and len(known) == len(found) else None


def _split(words: Sequence[str]) -> Iterator[list[str]]:
    """Simple commands; the one loop that rules use is unrolled, and its `grep` left away."""
    if words[:3] == ["for", "s", "in"] and words[-2:] == [";", "done"] and words.count("do") == 1:
        servers = words[3 : words.index("do") - 1]
        body = words[words.index("do") + 1 : -2]
        piped = body.index("|") if body.count("|") == 1 and body[body.index("|") + 1 : -1] == ["grep", "-E"] else None
        for server in servers:
            yield [word.replace("$s", server) for word in body[:piped]]
        return
    part: list[str] = []
    for word in words:
        if word == ";":
            yield part
            part = []
        else:
            part.append(word)
    yield part


def _part(words: Sequence[str]) -> Ask | Read | None:
    if not words:
        return None
    program, arguments = words[0], words[1:]
    if program == "dig":
        return _ask(arguments)
    forms = _READS.get(program)
    if forms is None or not arguments:
        return None
    each = forms * len(arguments) if len(forms) == 1 else forms
    fits = len(each) == len(arguments) and all(re.fullmatch(f, a) for f, a in zip(each, arguments, strict=True))
    return Read(tuple(words)) if fits else None


def _ask(words: Sequence[str]) -> Ask | None:
    port = words[1] if words[:1] == ["-p"] and _PORT.fullmatch("".join(words[1:2])) else "53"
    words = words[2:] if port != "53" else words
    servers = [word[1:] for word in words if word.startswith("@")]
    options = tuple(word for word in words if word.startswith("+"))
    names = [word for word in words if not word.startswith(("@", "+"))]
    qtypes = [name for name in names[1:] if name in _TYPES]
    if not all(map(_DIG.fullmatch, words)) or len(servers) != 1 or not names or len(names) != 1 + len(qtypes):
        return None
    if not is_address(servers[0]) or len(qtypes) > 1:
        return None
    return Ask(servers[0], names[0], qtypes[0] if qtypes else "A", options, port)


def is_address(text: str) -> bool:
    """Is it an IP address?"""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def quoted(words: Sequence[str]) -> str:
    """Words for a POSIX shell, each in single quotes, so that nothing in them is special.

    >>> print(quoted(["a b", "it's"]))
    'a b' 'it'"'"'s'
    """
    return " ".join("'" + word.replace("'", "'\"'\"'") + "'" for word in words)


def query_octal(name: str, qtype: str) -> str:
    r"""A DNS query as octal escapes of `printf`; empty when the name cannot be asked like this.

    >>> query_octal("a.", "A").count("\\"), query_octal("x" * 64, "A")
    (19, '')
    """
    labels = [label.encode("ascii", "replace") for label in name.rstrip(".").split(".")]
    if not all(0 < len(label) < 64 for label in labels) or sum(len(label) + 1 for label in labels) > 254:
        return ""
    head = _QUERY_ID.to_bytes(2, "big") + b"\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
    question = b"".join(bytes([len(label)]) + label for label in labels) + b"\x00"
    return "".join(f"\\{byte:03o}" for byte in head + question + bytes([0, _NUMBERS[qtype], 0, 1]))
