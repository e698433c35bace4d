r"""What the beginning of a log line looks like, and where a second line is glued to a first one.

Query names are chosen by clients. They stand inside quotes (query log) or as one word without blanks (errors lines:
miekg/dns prints a blank of a name as `\ ` or `\032`), so no test here accepts a text that fits into a name.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import pairwise

from triage.model.late import late

LEVELS = "DEBUG|INFO|WARNING|WARN|ERROR|FATAL|PANIC"

_START = late(
    rf" ?\[(?:{LEVELS})\] "
    r"|\[(?:ERROR|WARNING|INFO) \d+ \S+ \S+\] "  # CoreDNS 1.0.0 to 1.1.2: [ERROR 2 name. A] text
    r"|[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ \S+?\] "  # klog
    r"|(?:\[[0-9a-fA-F:.%]+\]|[0-9a-fA-F.:]+)(?::\d+)? - (?:\[|\d)"  # a query line without level
    r"|plugin/[\w.-]+: |CoreDNS-\d|(?:linux|windows|darwin|freebsd)/\w+, go"
    r"|maxprocs: |Listen(?:Packet)?: |log: exiting |panic: |fatal error: |runtime: |goroutine \d+ \["
    r"|Trace\[\d+\]: |(?:pkg/mod/)?(?:k8s\.io/client-go|github\.com/coredns)\S*: "
    r"|/?(?:[\w.-]+/)*Corefile\S*:\d+ - |/dev/stdin:\d+ - "
    r"|failed to (?:create fsnotify watcher|watch directory|try resolving symlinks) ?"
    r"|Error from server|unable to retrieve container logs"
    r'|\{"(?:time|level|msg|ts)"|time="\d{4}-|level='
)
_LISTENER = late(r"(?:(?:dns|tls|grpc|https|https3|quic)://)?[^\s:/\"]*:\d{1,5}(?: on [0-9a-fA-F.:%\w]+)?\s*")

KUBELET = late(
    r"failed to create fsnotify watcher: (?:couldn't initialize inotify: |fsnotify: initializing inotify: )?"
    r"too many open files"
    r'|failed to watch directory "[^"]{0,400}": no space left on device'
    r"|failed to create fsnotify watcher: no space left on device"
    r"|unexpected stream type \"[^\"]{0,40}\""
    r"|Error from server \([A-Za-z]{1,40}\): "
)
"""Texts of the kubelet and of kubectl inside a stream, printed without a newline (`kubectl logs -f`)."""
_KUBELET_HINTS = ("failed to create fsnotify", "failed to watch directory")

_ADDRESS = r"(?:\[[0-9a-fA-F:.%]+\]|\d{1,3}(?:\.\d{1,3}){3}):\d{1,5} - "
_GLUED = late(
    # No blank in front: a newline got lost. A name cannot hold `] ` (a blank of a name is escaped).
    rf"(?<=[^\s\[(\"'`])\[(?:{LEVELS})\] (?=\S)"
    # A blank in front: whoever pasted them joined the lines, so more of the second one must be there.
    rf"|(?<=[ \t])\[(?:{LEVELS})\] (?:plugin/[\w.-]+: |{_ADDRESS})",
    re.ASCII,
)
_SHELL = r"[\w-]{1,64}@[\w.-]{1,128}:[~/][^\s$#]{0,200}[$#]"
_PROMPTS = (
    late(r"\[[\w.-]{1,64}@[\w.-]{1,128} [^\]\s]{1,200}\][#$]", re.ASCII),
    # Glued to the last word of an error or to a query's duration; else after a blank only.
    late(rf"(?:(?<=timeout)|(?<=refused)|(?<=to host)|(?<=files)|(?<=reachable)|(?<=\ds)){_SHELL}", re.ASCII),
    late(rf"(?<![^\s]){_SHELL}", re.ASCII),
)
_QUOTE = late(r'\\.|"')


def starts_log_line(text: str) -> bool:
    """Whether the text begins like something that CoreDNS, client-go or the kubelet prints.

    >>> starts_log_line("[INFO] Reloading"), starts_log_line(".:53"), starts_log_line("I see these errors:")
    (True, True, False)
    """
    return _START.match(text) is not None or _LISTENER.fullmatch(text) is not None


def _quotes(text: str) -> list[tuple[int, int]]:
    """Places of what stands between double quotes, in one pass; a quote that is never closed is none."""
    found: list[tuple[int, int]] = []
    start = -1
    for match in _QUOTE.finditer(text) if '"' in text else ():
        if match[0] != '"':
            continue
        if start < 0:
            start = match.start()
        else:
            found.append((start, match.end()))
            start = -1
    return found


def split_glued(text: str) -> list[str]:
    r"""Cut a line where a second one begins without a newline between them, never inside quotes.

    >>> split_glued("i/o timeoutfailed to create fsnotify watcher: too many open files.:53")
    ['i/o timeout', 'failed to create fsnotify watcher: too many open files', '.:53']
    >>> split_glued(".:53[WARNING] No files matching")
    ['.:53', '[WARNING] No files matching']
    >>> split_glued('[INFO] 10.0.0.1:5 - 1 "A IN x[ERROR]\\ y. udp 1 false 512" NOERROR qr 1 0.1s')
    ['[INFO] 10.0.0.1:5 - 1 "A IN x[ERROR]\\ y. udp 1 false 512" NOERROR qr 1 0.1s']
    """
    kubelet = any(hint in text for hint in _KUBELET_HINTS)
    if not kubelet and text.find("] ", 8) < 0:
        return [text]
    cuts = {0, len(text)}
    quotes = _quotes(text)
    if kubelet:
        cuts.update(at for m in KUBELET.finditer(text) if not _inside(m.start(), quotes) for at in m.span())
    cuts.update(m.start() for m in _GLUED.finditer(text) if not _inside(m.start(), quotes))
    ordered = sorted(cuts)
    return [text[a:b] for a, b in pairwise(ordered) if text[a:b].strip()] or [text]


def outside_quotes(text: str, at: int) -> bool:
    """Whether the place is outside double quotes; a quote that stays open for 4,000 characters is none."""
    return not _inside(at, _quotes(text[: at + 4000]))


def _inside(at: int, quotes: list[tuple[int, int]]) -> bool:
    before = bisect_left(quotes, (at, 0)) - 1
    return before >= 0 and quotes[before][0] < at < quotes[before][1]


def cut_prompt(text: str) -> tuple[str, str]:
    """Cut a shell prompt, and the command behind it, from the end of a log line.

    >>> cut_prompt("i/o timeout[root@node-1 ~]# kubectl get pods")
    ('i/o timeout', '[root@node-1 ~]# kubectl get pods')
    """
    if "@" not in text:
        return text, ""
    quotes = _quotes(text)
    for prompt in _PROMPTS:
        for match in prompt.finditer(text):
            if not _inside(match.start(), quotes):
                return text[: match.start()], text[match.start() :]
    return text, ""
