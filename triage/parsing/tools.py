"""Output of diagnostic commands → records, by what it looks like; the command only fills in what the output omits.

One reader per kind of output. A reader takes the lines that it knows and leaves the others; an output from which
nobody takes anything becomes `UnreadOutput`, so that it is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from triage.model.tool import ToolResult, UnreadOutput
from triage.parsing.commands import Command, command_of
from triage.parsing.dig import digs
from triage.parsing.lines import NumberedLine, numbered
from triage.parsing.lookups import getents, hosts, nslookups
from triage.parsing.machine import (
    addresses,
    conntrack_stats,
    curls,
    kernel_events,
    listeners,
    reaches,
    routes,
    settings,
)

_MAX_CHARACTERS = 20_000_000

Reader = Callable[[Sequence[NumberedLine], Command, str | None], Iterator[ToolResult]]

_BY_PROGRAM: dict[str, tuple[Reader, ...]] = {
    "dig": (digs,),
    "nslookup": (nslookups,),
    "host": (hosts,),
    "getent": (getents,),
    "ip": (addresses, routes),
    "ifconfig": (addresses,),
    "route": (routes,),
    "sysctl": (settings,),
    "conntrack": (conntrack_stats, settings),
    "dmesg": (kernel_events,),
    "journalctl": (kernel_events,),
    "ss": (listeners,),
    "netstat": (listeners,),
    "ulimit": (settings,),
    "nc": (reaches,),
    "ncat": (reaches,),
    "ping": (reaches,),
    "curl": (curls,),
}
_BY_MARK: tuple[tuple[str, tuple[Reader, ...]], ...] = (
    ("<<>> DiG", (digs,)),
    ("->>HEADER<<-", (digs,)),
    ("communications error to", (digs,)),
    ("** server can't find", (nslookups,)),
    ("nslookup: can't resolve", (nslookups,)),
    ("Server:", (nslookups,)),
    (" has address ", (hosts,)),
    ("no servers could be reached", (digs,)),
    ("cpu=0", (conntrack_stats,)),
    ("table full", (kernel_events,)),
    ("table overflow", (kernel_events,)),
    ("Kill", (kernel_events,)),
    ("inet ", (addresses,)),
    ("default via", (routes,)),
    ("UNCONN", (listeners,)),
    ("packets transmitted", (reaches,)),
    ("curl: (", (curls,)),
    ("Max open files", (settings,)),
    ("open files", (settings,)),
    (" = ", (settings,)),
)
"""For output whose command is not known, or is a loop or pipe: a text that stands in it → its readers."""


def read_tool(
    text: str, *, command: str | None, host: str | None, file: str, first_line: int = 1
) -> tuple[ToolResult, ...]:
    r"""Read one output. `command` printed it, `host` is the machine of the prompt; both may be unknown.

    >>> text = ";; communications error to 10.0.0.2#53: timed out\n;; no servers could be reached"
    >>> result, = read_tool(text, command="dig @10.0.0.2 a.example", host="kube-a1", file="checks-1.txt")
    >>> result.server, result.qname, result.status, result.failure.value
    ('10.0.0.2:53', 'a.example.', None, 'timeout')
    >>> result, = read_tool("fs.inotify.max_user_instances = 128", command=None, host="kube-a1", file="x")
    >>> result.name, result.number
    ('fs.inotify.max_user_instances', 128)
    """
    ran = command_of(command)
    where = ran.node or (None if ran.pod else host)
    lines = numbered(text[:_MAX_CHARACTERS], file=file, first_line=first_line)
    found: list[ToolResult] = []
    for reader in _readers(text, ran):
        found += reader(lines, ran, where)
    told = [line for line in lines if line.text]
    if found or not told:
        return tuple(found)
    notes = {"reason": reason} if (reason := _refused(told)) else {}
    return (UnreadOutput(where, command, len(told), told[0].citation, notes),)


def _readers(text: str, command: Command) -> tuple[Reader, ...]:
    """By program; else by what stands in the text, then the numbers of `cat /proc/sys/…`."""
    known = _BY_PROGRAM.get(command.program)
    if known:
        return known
    marked = dict.fromkeys(reader for mark, readers in _BY_MARK if mark in text for reader in readers)
    if "/proc/sys/" in command.text or "wc -l" in command.text:
        marked.setdefault(settings)
    return tuple(marked)


def _refused(lines: Sequence[NumberedLine]) -> str | None:
    """Why the shell did not run the command."""
    first = lines[0].text.lower()
    if "not found" in first or "no such file" in first:
        return "not-found"
    return "denied" if "permission denied" in first or "operation not permitted" in first else None
