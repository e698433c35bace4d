"""What runtimes, shippers and viewers put around a log line: a table, one row a framing.

A row looks at the beginning of a line and peels its frame off; frames nest, so rows are tried until none fits.
The more particular row stands first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Final, NamedTuple

from msgspec import Struct

from triage.model.late import late
from triage.reading import records, stamps
from triage.reading.shape import LEVELS, starts_log_line

_MAX_DEPTH = 6


class Peeled(NamedTuple):
    """A line without its outer frames, and what they told."""

    text: str
    at_ns: int | None = None
    replica: str | None = None
    container: str | None = None
    stream: str | None = None
    partial: bool = False
    """True when the runtime cut the line here and goes on in its next record (CRI `P`, docker without newline)."""
    note: str | None = None
    host: str | None = None
    """Machine that wrote the record (syslog): a replica's name only when nothing better tells it."""
    framing: str = ""
    """Names of the peeled frames, outermost first, joined by `+`."""
    more: bool = False
    """True when frames may be left inside: a runtime may have cut the line anywhere, so it is joined first."""


class Context:
    """What rows may remember of a document: prefixes seen before a sure log line, the year to assume."""

    __slots__ = ("prefixes", "replica", "year")

    def __init__(self, year: int) -> None:
        self.prefixes: set[str] = set()
        self.year = year
        self.replica: str | None = None
        """From the last `==> file <==` head."""


Peel = Callable[[str, Context], Peeled | None]


class Framing(Struct, frozen=True):
    """One row: its name, the characters a framed line can start with (empty: any), and how to peel it."""

    name: str
    starts: str
    peel: Peel


_DIGITS = "0123456789"
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
ANSI = late(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
"""Escape sequences of terminals."""
_CRI = late(r"(\d{4}-\d\d-\d\dT\S{9,26}) (stdout|stderr) ([FP])(?::\S*)?(?: |$)", re.ASCII)
_PREFIX = late(r"\[pod/([a-z0-9.-]+)/([a-z0-9.-]+)\](?: |$)")
_LOGCLI = late(r" *(\{[^{}]*\}) ?")
_LABEL = late(r'(?<![\w.])([A-Za-z_][\w.]*)="((?:[^"\\]|\\.)*)"')
_SYSLOG_TAIL = late(r" ?([\w.:-]+) ([\w./@-]+)(?:\[\d+\])?: ?", re.ASCII)
_RFC5424 = late(r"<\d{1,3}>1 (\S+) (\S+) (\S+) (\S+) (\S+) (?:-|\[.*?\]) ?(?:BOM|\ufeff)?", re.ASCII)
_PROGRAM = late(r"(?:coredns|node-cache|docker|containerd)\[\d+\]: ", re.ASCII)
_POD = r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?"
_KAIL = late(rf"({_POD})/({_POD})\[({_POD})\]: ")
_STERN = late(rf"({_POD}) ({_POD}) ")
_STERN_ALL = late(rf"{_POD} ({_POD}) ({_POD}) ")
_K9S = late(rf"({_POD}):({_POD}) ")
_COMPOSE = late(r"([\w.-]{1,80}?) +\| ?", re.ASCII)
_GREP = late(r"([^\s:\"'\[\]]{1,400}\.log(?:\.\d+)?):(?:\d+:)?(?=\S| \[)")
_CONTAINER_FILE = late(r"(?:^|[./])([a-z0-9-]+)_([a-z0-9-]+)_([a-z0-9-]+?)-[0-9a-f]{12,64}(?:\.log)?$")
_POD_FOLDER = late(rf"(?:^|/)[a-z0-9-]+_({_POD})_[0-9a-f-]{{32,36}}/([a-z0-9-]+)/\d+\.log")
_AWS_TAIL = late(r"(\S*(?:_kube-system_|var\.log\.containers\.)\S*) ")
_TAIL_HEAD = late(r"==> (\S+?)(?: \[[0-9a-f]+\])? <==\s*$")
_LEADING_BLANK = late(rf"\s+(?=\[(?:{LEVELS})\] )")
_STERN_EVENT = late(rf"[+-] (?:{_POD} )?(?:{_POD}) › {_POD}$")
_ASSUMED_UTC = "note.assumed-utc"
_ASSUMED_YEAR = "note.assumed-year"


def pod_of_path(path: str) -> tuple[str, str] | None:
    """Pod and container that a log file's path tells (`/var/log/containers`, `/var/log/pods`).

    >>> pod_of_path("/var/log/containers/coredns-5d7-x_kube-system_coredns-0123456789abcdef.log")
    ('coredns-5d7-x', 'coredns')
    """
    match = _CONTAINER_FILE.search(path)
    if match is not None:
        return match[1], match[3]
    match = _POD_FOLDER.search(path)
    return None if match is None else (match[1], match[2])


def _ansi(line: str, _: Context) -> Peeled | None:
    return Peeled(ANSI.sub("", line).replace("\x1b", "")) if "\x1b" in line else None


def _cri(line: str, _: Context) -> Peeled | None:
    match = _CRI.match(line)
    stamp = stamps.rfc3339(match[1]) if match is not None else None
    if match is None or stamp is None or stamp[1] != len(match[1]):
        return None
    return Peeled(line[match.end() :], stamp[0], stream=match[2], partial=match[3] == "P")


def _timestamps(line: str, _: Context) -> Peeled | None:
    """`kubectl logs --timestamps`; CoreDNS 1.2.6 to 1.6.2 prints such a stamp itself."""
    stamp = stamps.rfc3339(line)
    if stamp is None or _CRI.match(line):
        return None
    at_ns, end, zone = stamp
    if end < len(line) and line[end] not in " \t:,":
        return None
    return Peeled(line[end + 1 :], at_ns, note=None if zone else _ASSUMED_UTC)


def _prefix(line: str, _: Context) -> Peeled | None:
    match = _PREFIX.match(line)
    return None if match is None else Peeled(line[match.end() :], replica=match[1], container=match[2])


def _go_stamp(line: str, _: Context) -> Peeled | None:
    stamp = stamps.go_log(line)
    return None if stamp is None else Peeled(line[stamp[1] :].removeprefix(" "), stamp[0], note=_ASSUMED_UTC)


def _clf_stamp(line: str, _: Context) -> Peeled | None:
    stamp = stamps.clf(line)
    return None if stamp is None else Peeled(line[stamp[1] :].removeprefix(" "), stamp[0])


def _kibana(line: str, _: Context) -> Peeled | None:
    stamp = stamps.kibana(line)
    return None if stamp is None else Peeled(line[stamp[1] :].lstrip(), stamp[0], note=_ASSUMED_UTC)


def _syslog(line: str, context: Context) -> Peeled | None:
    start = line.index(">") + 1 if line.startswith("<") and ">" in line[:5] else 0
    stamp = stamps.syslog(line[start:] if start else line, context.year)
    tail = None if stamp is None else _SYSLOG_TAIL.match(line, start + stamp[1])
    if stamp is None or tail is None:
        return None
    return Peeled(line[tail.end() :], stamp[0], host=tail[1], note=_ASSUMED_YEAR)


def _rfc5424(line: str, _: Context) -> Peeled | None:
    match = _RFC5424.match(line)
    stamp = stamps.rfc3339(match[1]) if match is not None else None
    if match is None or stamp is None:
        return None
    return Peeled(line[match.end() :], stamp[0], host=match[2])


def _journal_iso(line: str, _: Context) -> Peeled | None:
    """`journalctl -o short-iso`, once its stamp is peeled: `host program[pid]: `."""
    tail = _SYSLOG_TAIL.match(line)
    if tail is None or "[" not in tail[0] or not tail[0].endswith(("]: ", "]:")):
        return None
    return Peeled(line[tail.end() :], host=tail[1])


def _program(line: str, _: Context) -> Peeled | None:
    match = _PROGRAM.match(line)
    return None if match is None else Peeled(line[match.end() :])


def _logcli(line: str, _: Context) -> Peeled | None:
    """`logcli query`, once its stamp is peeled: the labels in braces."""
    match = _LOGCLI.match(line)
    if match is None or '="' not in match[1]:
        return None
    labels = dict(_LABEL.findall(match[1]))
    replica = labels.get("pod") or labels.get("pod_name") or labels.get("instance_pod")
    container = labels.get("container") or labels.get("container_name")
    return Peeled(line[match.end() :], replica=replica, container=container, stream=labels.get("stream"))


def _kail(line: str, _: Context) -> Peeled | None:
    match = _KAIL.match(line)
    return None if match is None else Peeled(line[match.end() :], replica=match[2], container=match[3])


def _learned(line: str, match: re.Match[str] | None, context: Context) -> bool:
    """A prefix of plain words counts only before a sure log line, from then on always."""
    if match is None:
        return False
    if match[0] in context.prefixes:
        return True
    rest = line[match.end() :]
    if not (starts_log_line(rest) or stamps.rfc3339(rest) or stamps.go_log(rest)):
        return False
    if len(context.prefixes) < 10_000:
        context.prefixes.add(match[0])
    return True


def _stern(line: str, context: Context) -> Peeled | None:
    """`pod container text`; with the namespace before it for all namespaces."""
    for pattern in (_STERN, _STERN_ALL):
        match = pattern.match(line)
        if match is not None and "-" in match[1] and _learned(line, match, context):
            return Peeled(line[match.end() :], replica=match[1], container=match[2])
    return None


def _k9s(line: str, context: Context) -> Peeled | None:
    match = _K9S.match(line)
    if match is None or "-" not in match[1] or not _learned(line, match, context):
        return None
    return Peeled(line[match.end() :], replica=match[1], container=match[2])


def _compose(line: str, context: Context) -> Peeled | None:
    match = _COMPOSE.match(line)
    if match is None or not _learned(line, match, context):
        return None
    return Peeled(line[match.end() :], host=match[1], container=match[1])


def _grep(line: str, _: Context) -> Peeled | None:
    match = _GREP.match(line)
    if match is None:
        return None
    pod = pod_of_path(match[1])
    name = match[1].rsplit("/", 1)[-1].removesuffix(".log")
    return Peeled(line[match.end() :], replica=pod[0] if pod else name, container=pod[1] if pod else None)


def _aws_tail(line: str, _: Context) -> Peeled | None:
    match = _AWS_TAIL.match(line)
    pod = pod_of_path(match[1]) if match is not None else None
    return None if match is None or pod is None else Peeled(line[match.end() :], replica=pod[0], container=pod[1])


def _blank(line: str, _: Context) -> Peeled | None:
    """CoreDNS 1.2.6 prints a blank before the level where its stamp had been."""
    match = _LEADING_BLANK.match(line)
    return None if match is None else Peeled(line[match.end() :])


def _json_string(line: str, _: Context) -> Peeled | None:
    r"""A log line as a JSON or shell string: `"[FATAL] … \"HINFO …\""`, also as an element of a list."""
    body = line.strip().removeprefix("- ").rstrip(",")
    if len(body) < 4 or body[0] != '"' or body[-1] != '"':
        return None
    try:
        text = json.loads(body)
    except (ValueError, RecursionError):
        text = body[1:-1].replace('\\"', '"')
    if not isinstance(text, str) or not (starts_log_line(text) or stamps.rfc3339(text)):
        return None
    return Peeled(text.removesuffix("\n"))


FRAMINGS: Final[tuple[Framing, ...]] = (
    Framing("ansi", "", _ansi),
    Framing("timestamps", _DIGITS, _timestamps),
    Framing("cri", _DIGITS, _cri),
    Framing("prefix", "[", _prefix),
    Framing("go-stamp", _DIGITS, _go_stamp),
    Framing("clf-stamp", _DIGITS, _clf_stamp),
    Framing("kibana", _LETTERS, _kibana),
    Framing("syslog", _LETTERS + "<", _syslog),
    Framing("rfc5424", "<", _rfc5424),
    Framing("cloudwatch-tail", _LETTERS + _DIGITS, _aws_tail),
    Framing("journald", _LETTERS + _DIGITS, _journal_iso),
    Framing("program", "cdn", _program),
    Framing("logcli", "{ ", _logcli),
    Framing("kail", _LETTERS + _DIGITS, _kail),
    Framing("stern", _LETTERS + _DIGITS, _stern),
    Framing("k9s", _LETTERS + _DIGITS, _k9s),
    Framing("compose", _LETTERS + _DIGITS, _compose),
    Framing("grep", _LETTERS + _DIGITS + "/.", _grep),
    Framing("blank", " \t", _blank),
    Framing("json-string", '"- \t', _json_string),
)
"""Every framing of single lines; records in JSON are rows of `records.KEYS`."""

_BY_START: Final = {chr(c): tuple(f for f in FRAMINGS if not f.starts or chr(c) in f.starts) for c in range(128)}
_ANY: Final = tuple(f for f in FRAMINGS if not f.starts)
_SURE = ("[INFO] ", "[ERROR] ", "[WARNING] ", "[DEBUG] ", "[FATAL] ")
_CUTTING = ("cri", "docker-json")
_FRAMED_KINDS = frozenset(f.name for f in FRAMINGS) - {"ansi", "blank", "json-string", "go-stamp", "clf-stamp"}


def unframe(line: str, context: Context) -> list[Peeled]:
    r"""Peel all frames off one line; several results only for a record that holds several lines.

    >>> [p] = unframe("2024-03-15T10:00:00.5Z stdout F [pod/a-1/coredns] [INFO] Reloading", Context(2024))
    >>> p.text, p.at_ns, p.replica, p.framing
    ('[INFO] Reloading', 1710496800500000000, 'a-1', 'cri+prefix')
    """
    return unframe_more(Peeled(line), context)


def unframe_more(got: Peeled, context: Context, depth: int = 0, *, stop: bool = False) -> list[Peeled]:
    """Peel what is left of frames inside a piece; with `stop` not what is inside a record that a runtime may cut."""
    text = got.text
    if depth >= _MAX_DEPTH or (text.startswith(_SURE) and "\x1b" not in text):
        return [got]
    if text.startswith("{"):
        inner = [(r.framing, _joined(got, Peeled(*r.fields), r.framing)) for r in records.of_line(text)]
        if inner:
            return [leaf for name, piece in inner for leaf in _inside(name, piece, context, depth, stop)]
    for row in _BY_START.get(text[:1], _ANY):
        peeled = row.peel(text, context)
        if peeled is not None:
            name = "" if row.name == "ansi" else row.name
            return _inside(name, _joined(got, peeled, name), context, depth, stop)
    return [got]


def _inside(name: str, piece: Peeled, context: Context, depth: int, stop: bool) -> list[Peeled]:
    if stop and name in _CUTTING:
        return [piece._replace(more=True)]
    return unframe_more(piece, context, depth + 1, stop=stop)


def _joined(outer: Peeled, inner: Peeled, name: str) -> Peeled:
    """The inner text with what either frame told; the outer clock is the surer one, unless it is coarser."""
    inner_clock = inner.at_ns is not None and _digits(inner.at_ns) > _digits(outer.at_ns)
    return Peeled(
        inner.text,
        inner.at_ns if inner_clock else outer.at_ns,
        inner.replica or outer.replica,
        inner.container or outer.container,
        inner.stream or outer.stream,
        inner.partial or outer.partial,
        inner.note if inner_clock else outer.note or (inner.note if outer.at_ns is None else None),
        inner.host or outer.host,
        f"{outer.framing}+{name}" if outer.framing and name else outer.framing or name,
    )


def _digits(at_ns: int | None) -> int:
    """How fine a clock is: 0 none, 1 seconds, 2 milliseconds, 3 microseconds, 4 nanoseconds."""
    if at_ns is None:
        return 0
    return 4 if at_ns % 1_000 else 3 if at_ns % 1_000_000 else 2 if at_ns % 1_000_000_000 else 1


def is_framed(framing: str) -> bool:
    """Whether a runtime, shipper or viewer framed the line, so that it is a log line whatever it says."""
    return any(name in _FRAMED_KINDS or name not in _BY_NAME for name in framing.split("+")) if framing else False


_BY_NAME: Final = {f.name: f for f in FRAMINGS}


def head_of(line: str) -> str | None:
    """The name in a `==> coredns [id] <==` head (minikube, `tail` over several files); None for other lines.

    >>> head_of("==> coredns [111ea67242e3] <=="), head_of("==> /logs/coredns-a1.log <==")
    ('coredns', 'coredns-a1')
    """
    match = _TAIL_HEAD.match(line) if line.startswith("==> ") else None
    if match is None:
        return None
    pod = pod_of_path(match[1])
    return pod[0] if pod else match[1].rsplit("/", 1)[-1].removesuffix(".log")


def is_viewer_event(line: str) -> bool:
    """A line of the viewer itself, such as stern's `+ coredns-a1 › coredns`."""
    return line[:2] in ("+ ", "- ") and _STERN_EVENT.match(line) is not None
