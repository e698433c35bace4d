"""Lines that belong to the line before them: Go stacks, hex dumps; and decoration that says nothing."""

from __future__ import annotations

import re

from triage.model.late import late

_OPENS = late(
    r"(?:\[\w+\] )?(?:panic: |fatal error: |runtime: |goroutine \d+ \[|SIG[A-Z]+: |unexpected fault address"
    r"|Recovered from panic in server|\[signal |http: panic serving )"
    r"|\[PANIC\] "
)
_FRAME = late(
    r"\t|goroutine (?:\d+|running)|created by |runtime stack:|\[signal |\[originating from|exit status \d"
    r"|r(?:ax|bx|cx|dx|si|di|bp|sp|8|9|1[0-5]|ip|flags) +0x|[cfg]s +0x"
    r"|\s*(?:/[\w.@!+-]+)+\.(?:go|s):\d+(?: \+0x[0-9a-f]+)?\s*$"
    r"|[\w.*/()\[\]{}@~-]{1,300}\([^\s]{0,10}(?:0x[0-9a-f]+|\.\.\.|\{|\)|$)"
    r"|\.\.\.(?:additional|\d+) .{0,40}frames? (?:elided|omitted)|\.\.\.additional frames elided\.\.\.",
    re.ASCII,
)
_LOGO = late(r"[\s_/\\|,~`'()-]{8,}(?:~ .{0,80})?$")


def opens_trace(text: str) -> bool:
    """Whether stack lines may follow this line.

    >>> opens_trace("panic: sync: negative WaitGroup counter"), opens_trace("[INFO] Reloading")
    (True, False)
    """
    return _OPENS.match(text) is not None


def is_frame(text: str) -> bool:
    r"""Whether the line belongs to a Go stack.

    >>> is_frame("\t/usr/local/go/src/net/http/server.go:1868 +0xb9"), is_frame("main.main()")
    (True, True)
    >>> is_frame("[INFO] Reloading")
    False
    """
    return _FRAME.match(text) is not None


def is_logo(text: str) -> bool:
    """A line of the banner drawing that CoreDNS 1.6.3 and 1.6.4 print at start."""
    return _LOGO.match(text) is not None
