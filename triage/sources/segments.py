"""A text of several kinds, cut where one kind ends and another begins: tickets, pasted outputs, `kubectl get a,b`."""

from __future__ import annotations

from msgspec import Struct

from triage.model.late import late
from triage.sources import signs

_JSON_HEAD = late(r"^\s{0,8}[\[{]\s*$")
_YAML_HEAD = late(r"^(?:- )?apiVersion: \S+\s*$|^---\s*$")
_YAML_LINE = late(r"^(?:\s|- |-$|[\w./-]+:(?:\s|$)|#|---)")
_TOOL_HEAD = late(
    r"^; <<>> DiG |^;; |^Server:\s+\S|^\*\* server can't|^PING |^(?:fs|net|kernel|vm)\.[\w.]+ ?= ?\S"
    r"|^\d+: [\w@.-]+: <|^cpu=\d+\s"
)
_DESCRIBE_HEAD = late(r"^Name:\s+\S")
_TRACE = late(r"^\s|^goroutine \d|^panic:|^\S+\(.*\)$|^created by |^\[signal ")


class Segment(Struct, frozen=True):
    """Lines `[start, end)`, counted from 0, of one kind: `log`, `prose`, `resolv`, `table`, `tool`, `other`, others."""

    kind: str
    start: int
    end: int


def segments(lines: list[str]) -> list[Segment]:
    """Cut lines into runs of one kind; blank lines belong to the run before them.

    >>> text = ["It fails on both masters, see below:", "[INFO] plugin/reload: x", "", "nameserver 10.0.0.1"]
    >>> [(s.kind, s.start, s.end) for s in segments(text)]
    [('prose', 0, 1), ('log', 1, 3), ('resolv', 3, 4)]
    """
    cut: list[Segment] = []
    number = 0
    while number < len(lines):
        previous = cut[-1].kind if cut else "other"
        kind = _sign(lines[number], previous)
        end = _end_of_block(lines, number, kind)
        merges = kind not in {"yaml", "json", "corefile", "describe"} and (
            kind != "table" or signs.table_kind(lines[number]) is None
        )
        if cut and cut[-1].kind == kind and merges:
            cut[-1] = Segment(kind, cut[-1].start, end)
        else:
            cut.append(Segment(kind, number, end))
        number = end
    return cut


def _sign(line: str, before: str) -> str:
    """Kind of a line that begins a run or continues the one before."""
    if not line.strip():
        return before
    if (
        before == "tool"
        and not signs.is_log_line(line)
        and not signs.is_prose_line(line)
        and not signs.table_kind(line)
    ):
        return "tool"
    if signs.table_kind(line) or (before == "table" and signs.row_kind(line)):
        return "table"
    for kind, pattern in (
        ("yaml", _YAML_HEAD),
        ("json", _JSON_HEAD),
        ("describe", _DESCRIBE_HEAD),
        ("tool", _TOOL_HEAD),
    ):
        if pattern.match(line[: signs.MAX_LINE]):
            return kind
    if signs.is_block_head(line):
        return "corefile"
    if signs.is_scrape_line(line):
        return "scrape"
    if signs.is_resolv_line(line):
        return "resolv"
    if signs.is_log_line(line):
        return "log"
    if signs.row_kind(line):
        return "table"
    if signs.is_prose_line(line):
        return "prose"
    if before == "log" and (signs.is_logish_line(line) or _TRACE.match(line[: signs.MAX_LINE])):
        return "log"
    if signs.is_logish_line(line):
        return "log"
    if before == "resolv" and line.lstrip().startswith(("#", ";")):
        return "resolv"
    return before if before in {"log", "prose", "other"} else "other"


def _end_of_block(lines: list[str], start: int, kind: str) -> int:
    """Line after the run that begins at `start`; blocks with brackets or indentation are taken whole."""
    if kind in {"json", "corefile"}:
        return _balanced(lines, start, "[{" if kind == "json" else "{", "]}" if kind == "json" else "}")
    if kind == "yaml":
        return _while(lines, start, lambda line: not line.strip() or _YAML_LINE.match(line) is not None)
    if kind == "table":
        return _while(lines, start, _continues_table)
    if kind == "describe":
        return _while(
            lines,
            start,
            lambda line: (
                not signs.is_prose_line(line) and not signs.table_kind(line) and not _DESCRIBE_HEAD.match(line)
            ),
        )
    return start + 1


def _continues_table(line: str) -> bool:
    if not line.strip() or signs.table_kind(line):
        return False
    return signs.row_kind(line) is not None or not (
        signs.is_log_line(line) or signs.is_resolv_line(line) or signs.is_prose_line(line)
    )


def _while(lines: list[str], start: int, holds: object) -> int:
    end = start + 1
    while end < len(lines) and holds(lines[end]):  # type: ignore[operator]
        end += 1
    return end


def _balanced(lines: list[str], start: int, opening: str, closing: str) -> int:
    """Line after the block whose brackets are balanced; several server blocks in a row are one Corefile."""
    depth = 0
    for number in range(start, len(lines)):
        line = lines[number]
        if number > start and depth > 0 and signs.table_kind(line):
            return number
        depth += sum(line.count(c) for c in opening) - sum(line.count(c) for c in closing)
        if depth <= 0:
            following = _next_filled(lines, number + 1)
            if (
                opening == "{"
                and following is not None
                and (signs.is_block_head(lines[following]) or _is_comment(lines, following))
            ):
                depth = 0
                continue
            return number + 1
    return len(lines)


def _next_filled(lines: list[str], start: int) -> int | None:
    return next((n for n in range(start, min(start + 4, len(lines))) if lines[n].strip()), None)


def _is_comment(lines: list[str], number: int) -> bool:
    """A comment between two server blocks."""
    following = next(
        (n for n in range(number, min(number + 20, len(lines))) if not lines[n].lstrip().startswith("#")), None
    )
    return lines[number].lstrip().startswith("#") and following is not None and signs.is_block_head(lines[following])
