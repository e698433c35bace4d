"""The head of a line: stamp, level, klog header, `plugin/NAME: `. What is left is the text that messages describe."""

from __future__ import annotations

from msgspec import Struct

from triage.model.late import late

_LEVELS = {"WARN": "WARNING", "ERR": "ERROR"}
_KLOG_LEVELS = {"I": "INFO", "W": "WARNING", "E": "ERROR", "F": "FATAL"}

# Up to 1.2.5 the Go logger and caddy print `2018/03/01 12:00:00 `; 1.2.6 to 1.6.2 an RFC 3339 clock (commit 7b25d1801);
# node-cache prints both. 1.0.0 to 1.1.2 put `16/Feb/2018:10:00:00 +0000 ` before an errors line.
_STAMP = late(
    r"(?:\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})?"
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)"
    r"|\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\s{1,4}"
)
_LEVEL = late(
    r"\[?(DEBUG|INFO|WARNING|WARN|ERROR|FATAL|PANIC)\]:? {0,2}|\[(DEBUG|INFO|WARNING|WARN|ERROR|FATAL) {1,2}(?=plugin/)"
)
_PLUGIN = late(r"plugin/([A-Za-z0-9_.-]{1,60}): ?")
# 1.0.0 to 1.1.2: `[ERROR 2 name. A] text` and `[PANIC name. A] file:line - text`.
_OLD_QUERY = late(r"\[(ERROR) (-?\d{1,5} \S{1,1300} [A-Za-z0-9]{1,20})\] |\[(PANIC) (\S{1,1300} [A-Za-z0-9]{1,20})\] ")
_KLOG = late(r"([IWEF])\d{4} \d\d:\d\d:\d\d\.\d{1,9}\s{1,20}\d{1,10} ([\w.-]{1,80}\.go:\d{1,6})\] ?")
# The same head after a reader or a paste lost its date.
_KLOG_CUT = late(
    r"(?:\d{1,10} )?((?:reflector|streamwatcher|trace|request|sync|event|util|client|warnings)\.go:\d{1,6})\] ?"
)


class Head(Struct, frozen=True):
    """A line without its head."""

    body: str
    level: str | None = None
    plugin: str | None = None
    """From `plugin/NAME: `."""
    klog: str | None = None
    """`reflector.go:138` of a klog head."""
    query: str | None = None
    """`2 name. A` of the bracket form of 1.0 and 1.1."""


def read_head(text: str) -> Head:
    """Take the head off a line; whatever is missing is None.

    >>> read_head("[ERROR] plugin/errors: 2 a.example. A: EOF")
    Head(body='2 a.example. A: EOF', level='ERROR', plugin='errors', klog=None, query=None)
    >>> read_head("2018/07/01 12:00:00 [WARN] plugin/dnstap: gone").level
    'WARNING'
    >>> read_head("E0315 10:00:00.123456       1 reflector.go:138] pkg/a.go:1: Failed").klog
    'reflector.go:138'
    >>> read_head("16/Feb/2018:10:00:00 +0000 [ERROR 2 a.example. A] EOF").query
    '2 a.example. A'
    """
    text = _without_stamps(text)
    match = _OLD_QUERY.match(text)
    if match is not None:
        return Head(text[match.end() :], match[1] or match[3], "errors", query=match[2] or match[4])
    match = _KLOG.match(text)
    if match is not None:
        return Head(text[match.end() :], _KLOG_LEVELS[match[1]], klog=match[2])
    match = _KLOG_CUT.match(text)
    if match is not None:
        return Head(text[match.end() :], klog=match[1])
    level = None
    match = _LEVEL.match(text)
    if match is not None:
        level = match[1] or match[2]
        text = _without_stamps(text[match.end() :])
        # A library that prints its own level through the logger: the inner one wins.
        inner = _LEVEL.match(text) if text.startswith("[") else None
        if inner is not None:
            level, text = inner[1] or inner[2], text[inner.end() :]
    plugin = None
    match = _PLUGIN.match(text)
    if match is not None:
        plugin, text = match[1], text[match.end() :]
    return Head(text, _LEVELS.get(level or "", level), plugin)


def _without_stamps(text: str) -> str:
    """Node-cache prints up to two stamps; a leading blank is 1.2.6's."""
    for _ in range(3):
        text = text.lstrip()
        match = _STAMP.match(text)
        if match is None:
            break
        text = text[match.end() :]
    return text
