"""Output of nslookup (BIND, busybox, Windows), host and getent → `DigResult`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from triage.model.observation import FailureKind
from triage.model.tool import DigResult
from triage.parsing.addresses import endpoint_of, ip_of
from triage.parsing.commands import Command
from triage.parsing.dig import NO_ANSWER, Lookup, not_answered, server_endpoint
from triage.parsing.lines import NumberedLine, cut


def nslookups(lines: Sequence[NumberedLine], command: Command, host: str | None) -> Iterator[DigResult]:
    """Every look-up that nslookup printed."""
    words = [word for word in command.args if not word.startswith("-")] if command.program == "nslookup" else []
    qtype = next((w.partition("=")[2].upper() for w in command.args if w.startswith(("-type=", "-q="))), None)
    server = server_endpoint(words[1], "53") if len(words) > 1 else None
    for part in cut(lines, lambda line: line.text.startswith("Server:")):
        found = Lookup("nslookup", server, words[0] if words else None, qtype)
        outcomes = [_nslookup_line(found, line) for line in part]
        if any(outcomes):
            yield found.result(host, command.pod, part[0].citation)


_CANNOT_FIND = re.compile(r"\*\* server can't find (\S+?): (\w+)")
_BUSYBOX_CANNOT = re.compile(r"nslookup: can't resolve '([^']{1,255})'")
_WINDOWS = re.compile(r"\*\*\* (?:Request to \S+ timed-out|\S+ can't find (\S+?): (.+))")
_ADDRESS = re.compile(r"Address(?:es)?(?: \d+)?:\s*(\S+)")


def _nslookup_line(found: Lookup, line: NumberedLine) -> bool:
    """Take one line; True when it tells an outcome."""
    text = line.text
    if match := _CANNOT_FIND.match(text):
        found.qname, found.status = found.qname or match[1], match[2]
    elif match := _BUSYBOX_CANNOT.match(text):
        found.qname, found.failure = found.qname or match[1], FailureKind.OTHER
    elif match := _WINDOWS.match(text):
        refused = (match[2] or "").strip()
        found.status = {"Non-existent domain": "NXDOMAIN", "Server failed": "SERVFAIL", "Query refused": "REFUSED"}.get(
            refused
        )
        found.failure = None if found.status else FailureKind.TIMEOUT
    elif "*** Can't find" in text and "No answer" in text:
        found.status = "NOERROR"
    elif match := NO_ANSWER.match(text):
        not_answered(found, match, line)
    elif text.startswith("Name:"):
        found.qname, found.status = found.qname or text.split()[-1], found.status or "NOERROR"
        found.citation = found.citation or line.citation
        return True
    elif match := _ADDRESS.match(text):
        if found.status is None:
            found.server = _server(match[1]) or found.server
            return False
        found.answers.append(match[1])
        return True
    else:
        return False
    found.citation = line.citation
    return True


_HOST_ANSWER = re.compile(
    r"(\S+) (?:has (?:IPv6 )?address|is an alias for|mail is handled by|domain name pointer) (.+)"
)
_HOST_NOT_FOUND = re.compile(r"Host (\S+) not found: \d+\((\w+)\)")


def hosts(lines: Sequence[NumberedLine], command: Command, host: str | None) -> Iterator[DigResult]:
    """The look-up of `host NAME [SERVER]`."""
    words = _positional(command.args)
    server = server_endpoint(words[1], "53") if len(words) > 1 else None
    found = Lookup("host", server, words[0] if words else None)
    for line in lines:
        if match := _ADDRESS.fullmatch(line.text):
            found.server = _server(match[1]) or found.server
            continue
        if match := _HOST_ANSWER.fullmatch(line.text):
            found.qname, found.status = found.qname or match[1], "NOERROR"
            found.answers.append(match[2])
        elif match := _HOST_NOT_FOUND.match(line.text):
            found.qname, found.status = match[1], match[2]
        elif match := NO_ANSWER.match(line.text):
            not_answered(found, match, line)
        else:
            continue
        found.citation = found.citation or line.citation
    if found.citation is not None:
        yield found.result(host, command.pod, found.citation)


def _positional(args: Sequence[str]) -> list[str]:
    """Arguments of `host` that are no options: name and server."""
    words: list[str] = []
    rest = list(args)
    while rest:
        word = rest.pop(0)
        if word in ("-c", "-m", "-N", "-p", "-R", "-t", "-W"):
            rest[:1] = []
        elif not word.startswith("-"):
            words.append(word)
    return words


def getents(lines: Sequence[NumberedLine], command: Command, host: str | None) -> Iterator[DigResult]:
    """The look-up of `getent hosts|ahosts NAME`, through the machine's own resolver."""
    name = next((word for word in command.args[1:] if not word.startswith("-")), None)
    answers = [line for line in lines if ip_of(line.text.split()[0] if line.text else "")]
    if answers:
        found = Lookup("getent", None, name, None, "NOERROR", citation=answers[0].citation)
        found.answers = list(dict.fromkeys(line.text.split()[0] for line in answers))
        yield found.result(host, command.pod, answers[0].citation)


def _server(text: str) -> str | None:
    """Server in nslookup's `Address:` line: `ip#port`, `ip:port`, `ip`."""
    host, mark, port = text.partition("#")
    return server_endpoint(host, port) if mark else endpoint_of(text) or server_endpoint(text, "53")
