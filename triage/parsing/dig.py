"""Output of dig in all its forms → `DigResult`; `Lookup` serves the other look-up tools too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct, field

from triage.model.endpoint import join
from triage.model.observation import Citation, FailureKind
from triage.model.tool import DigResult
from triage.parsing.addresses import ip_of
from triage.parsing.commands import Command
from triage.parsing.lines import NumberedLine, cut, failure_kind

_QTYPES = frozenset(
    {"A", "AAAA", "ANY", "AXFR", "CAA", "CNAME", "DNSKEY", "DS", "HINFO", "HTTPS", "MX", "NAPTR", "NS", "NSEC", "NSEC3",
     "PTR", "RRSIG", "SOA", "SRV", "SVCB", "TLSA", "TXT"}
)  # fmt: skip
_HEADER = re.compile(r"; <<>> DiG \S+ <<>> ?(.*)")
_STATUS = re.compile(r";; ->>HEADER<<- opcode: \w+[,;] status: (\w+)[,;] id: \d+")
_QUESTION = re.compile(r";(\S+)\s+(?:IN|CH|HS|CLASS\d+)\s+(\w+)")
_RECORD = re.compile(r"(\S+)\s+(\d+)\s+(?:IN|CH|HS)\s+(\w+)\s+(.+)")
_SERVER = re.compile(r";; SERVER: (\S+?)#(\d+)(?:\(\S*\))?(?: \((\w+)\))?")
_TIME = re.compile(r";; Query time: (\d+) (msec|usec)")
NO_ANSWER = re.compile(
    r"(?:;; |; )?(?:(?:UDP setup with|Connection to|communications error to) (?P<to>\S+?)#(?P<port>\d+)\S*?"
    r"(?: for \S+ failed)?: (?P<how>.+)|(?P<none>(?:connection timed out; )?no servers could be reached)\.?)"
)
_DECORATED_SERVER = re.compile(r"[\s=#*@>\[(\-]+(?P<ip>[0-9a-fA-F.:]{3,45})[\s=\])\-:]*")


class Lookup(Struct):
    """A look-up while it is being read."""

    tool: str
    server: str | None = None
    qname: str | None = None
    qtype: str | None = None
    status: str | None = None
    failure: FailureKind | None = None
    answers: list[str] = field(default_factory=list)
    time_ms: float | None = None
    tcp: bool = False
    truncated: bool = False
    silent_tries: int = 0
    citation: Citation | None = None

    def result(self, host: str | None, pod: str | None, fallback: Citation) -> DigResult:
        """The finished record."""
        failure = None if self.status else self.failure or FailureKind.OTHER
        return DigResult(
            tool=self.tool,
            host=host,
            server=self.server,
            qname=_qname(self.qname),
            qtype=self.qtype or "A",
            status=self.status,
            failure=failure,
            citation=self.citation or fallback,
            answers=tuple(self.answers),
            time_ms=self.time_ms,
            tcp=self.tcp or self.truncated,
            truncated=self.truncated,
            retries=self.silent_tries if self.status else max(0, self.silent_tries - 1),
            pod=pod,
        )


def digs(lines: Sequence[NumberedLine], command: Command, host: str | None) -> Iterator[DigResult]:
    """Every look-up that dig printed; several servers or names in one output give several results."""
    asked = _asked(command.args) if command.program == "dig" else Lookup("dig")
    if "+short" in command.args:
        yield from _short(lines, command, asked, host)
        return
    for part in _parts(lines):
        found = _dig(part, asked)
        if found is not None:
            yield found.result(host, command.pod, part[0].citation)


def _asked(words: Sequence[str]) -> Lookup:
    """What the arguments of dig ask for: `@server`, name, type, `-p`, `-x`, `+tcp`."""
    lookup = Lookup("dig")
    server, port, names = None, "53", []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word.startswith("@"):
            server = word[1:]
        elif word in ("+tcp", "+vc"):
            lookup.tcp = True
        elif word == "-p" and rest:
            port = rest.pop(0)
        elif word in ("-t", "-c", "-b", "-k", "-f", "-y", "-q") and rest:
            value = rest.pop(0)
            lookup.qtype = value.upper() if word == "-t" else lookup.qtype
            names += [value] if word == "-q" else []
        elif word == "-x" and rest:
            names.append(_reverse(rest.pop(0)))
            lookup.qtype = lookup.qtype or "PTR"
        elif word.upper() in _QTYPES or re.fullmatch(r"TYPE\d+", word.upper()):
            lookup.qtype = word.upper()
        elif not word.startswith(("+", "-")) and word.upper() not in ("IN", "CH"):
            names.append(word)
    lookup.server = server_endpoint(server, port)
    lookup.qname = names[0] if names else None
    return lookup


def _parts(lines: Sequence[NumberedLine]) -> Iterator[Sequence[NumberedLine]]:
    """Cut at each look-up. Its banner comes first, but since BIND 9.18 errors and retries come before the banner."""
    banner = done = False

    def begins(line: NumberedLine) -> bool:
        nonlocal banner, done
        is_banner = _HEADER.match(line.text) is not None
        last_word = NO_ANSWER.match(line.text)
        early = line.text.startswith((";; Got answer", ";; Truncated")) or bool(last_word and last_word["how"])
        new = (is_banner and (banner or done)) or (early and done)
        banner = is_banner or (banner and not new)
        done = bool(_STATUS.match(line.text) or (last_word and last_word["none"])) or (done and not new)
        return new

    yield from cut(lines, begins)


def _dig(lines: Sequence[NumberedLine], asked: Lookup) -> Lookup | None:
    """One look-up; None when the lines hold none."""
    header = next((m for line in lines if (m := _HEADER.match(line.text))), None)
    found = (
        _asked(header[1].split()) if header else Lookup("dig", asked.server, asked.qname, asked.qtype, tcp=asked.tcp)
    )
    section = ""
    for line in lines:
        text = line.text
        if text.startswith(";; ") and text.endswith(" SECTION:"):
            section = text.split()[1]
        elif match := _STATUS.match(text):
            found.status, found.citation = match[1], line.citation
        elif match := _SERVER.match(text):
            found.server = server_endpoint(match[1], match[2])
            found.tcp = found.tcp or match[3] == "TCP"
        elif match := _TIME.match(text):
            found.time_ms = int(match[1]) / (1 if match[2] == "msec" else 1000)
        elif text.startswith(";; Truncated"):
            found.truncated = True
        elif match := NO_ANSWER.match(text):
            not_answered(found, match, line)
        elif text.startswith((";; Got bad packet", ";; Warning: Message parser reports malformed")):
            found.failure, found.citation = FailureKind.MALFORMED, line.citation
        elif text.startswith(("dig: ", ";; ")) and "couldn't get address" in text:
            found.failure, found.citation = FailureKind.OTHER, line.citation
        elif section == "QUESTION" and (match := _QUESTION.match(text)):
            found.qname, found.qtype = match[1], match[2]
        elif section in ("", "ANSWER") and (match := _RECORD.fullmatch(text)):
            found.answers.append(match[4].strip())
            if section == "" and not header:  # +noall +answer
                found.status, found.qname = found.status or "NOERROR", found.qname or match[1]
                found.citation = found.citation or line.citation
    return found if found.status or found.failure else None


def not_answered(found: Lookup, match: re.Match[str], line: NumberedLine) -> None:
    """An error of the socket, or dig's last word that nobody answered."""
    if match["how"]:
        found.silent_tries += 1
        found.failure = failure_kind(match["how"])
        found.server = server_endpoint(match["to"], match["port"]) or found.server
    else:
        found.failure = found.failure or FailureKind.TIMEOUT
    found.citation = found.citation or line.citation


def _short(lines: Sequence[NumberedLine], command: Command, asked: Lookup, host: str | None) -> Iterator[DigResult]:
    """`+short` prints only data; a line like `== 10.0.0.2` between (a loop's echo) names the next server."""
    parts: list[tuple[str | None, list[NumberedLine]]] = [(asked.server, [])]
    for line in lines:
        match = _DECORATED_SERVER.fullmatch(line.text)
        if match and ip_of(match["ip"]):
            parts.append((server_endpoint(match["ip"], "53"), []))
        elif line.text:
            parts[-1][1].append(line)
    for server, part in parts if len(parts) == 1 else parts[1:]:
        found = Lookup("dig", server, asked.qname, asked.qtype, tcp=asked.tcp)
        for line in part:
            match = NO_ANSWER.match(line.text)
            if match:
                not_answered(found, match, line)
            elif not line.text.startswith(";"):
                found.answers.append(line.text)
                found.status, found.citation = "NOERROR", found.citation or line.citation
        if part:
            yield found.result(host, command.pod, part[0].citation)


def server_endpoint(host: str | None, port: str) -> str | None:
    """`ip:port`; a server given by name stays a name."""
    if not host:
        return None
    address = ip_of(host.partition("%")[0])
    if address is None:
        return f"{host.rstrip('.').lower()}:{port}" if re.fullmatch(r"[A-Za-z0-9.-]{1,253}", host) else None
    return join(address, port)


def _reverse(address: str) -> str:
    labels = address.split(".")
    return ".".join(reversed(labels)) + ".in-addr.arpa." if len(labels) == 4 else address


def _qname(text: str | None) -> str | None:
    return None if text is None else text.lower() if text.endswith(".") else f"{text.lower()}."
