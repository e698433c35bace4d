"""A text pasted from a terminal or a ticket: prompts, commands, outputs, fences and prose, cut into what each part is.

A command tells whose output follows. Which node a replica runs on no prompt can tell: `kubectl logs` runs anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from triage.model.bundle import Kind
from triage.model.late import late
from triage.sources import configmap, names, shape, signs
from triage.sources.blocks import Block, blocks, lines_of, tables
from triage.sources.commands import Command, replica_named_in
from triage.sources.layouts import is_other_log, pod_log_of
from triage.sources.segments import Segment, segments

# kubectl got no log. The kubelet's own answers (`container … is waiting to start`) are part of a log.
_ERROR = late(
    r"^(?:Error from server \((?:Forbidden|NotFound|Unauthorized)\)|error: |Unable to connect"
    r"|The connection to the server|-?bash: |sh: |zsh: )"
)


class Part(Struct, frozen=True):
    """A piece of a text that is of one kind; fields as in `Document`."""

    kind: Kind
    text: str
    first_line: int = 1
    command: str | None = None
    host: str | None = None
    replica: str | None = None
    container: str | None = None
    namespace: str | None = None
    previous: bool = False
    why_ignored: str | None = None
    hints: Mapping[str, str] = field(default_factory=dict)


def parts_of(text: str, *, max_parts: int) -> list[Part]:
    r"""Cut a pasted text into its parts, in their order.

    >>> [(p.kind.value, p.host, p.replica, p.first_line) for p in parts_of(
    ...     "[root@m01 ~]# kubectl logs coredns-7f8ff9c97-6tlln\n[INFO] plugin/reload: x\n"
    ...     "[root@m02 ~]# cat /etc/resolv.conf\n"
    ...     "nameserver 10.0.0.1\n", max_parts=9)]
    [('log', None, 'coredns-7f8ff9c97-6tlln', 2), ('resolv-conf', 'm02', None, 4)]
    """
    parts: list[Part] = []
    for block in blocks(lines_of(text)):
        parts += _read_block(block)
        if len(parts) >= max_parts:
            break
    return parts[:max_parts]


def _read_block(block: Block) -> Iterator[Part]:
    command = block.command
    if command is None:
        yield from _without_command(block)
        return
    base = Part(
        Kind.TOOL,
        "",
        command=command.text,
        host=command.host or block.host,
        namespace=command.namespace,
        hints={**block.hints, **command.hints, **({"in-pod": "true"} if command.in_pod else {})},
    )
    lines = _trimmed(block)
    if command.prints == "log":
        yield from _log_output(lines, block.first_line, base, command)
    elif any(line.strip() for line in lines):
        yield from _other_output(lines, block.first_line, base, command)


def _trimmed(block: Block) -> list[str]:
    """Lines without blank ones at the end; the first line keeps its number."""
    lines = list(block.lines)
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def _log_output(lines: list[str], first_line: int, base: Part, command: Command) -> Iterator[Part]:
    """Output of `kubectl logs`: all of it is log but prose that somebody put behind; empty output is an answer, too."""
    whole = replace(
        base, kind=Kind.LOG, host=None, replica=command.replica, container=command.container, previous=command.previous
    )
    if command.replica and is_other_log(command.replica, command.container):
        yield replace(
            whole, kind=Kind.IGNORED, text=_join(lines), first_line=first_line, why_ignored="ignored.other-pod"
        )
        return
    filled = [line for line in lines if line.strip()]
    if not filled:
        if command.replica:
            yield replace(whole, first_line=first_line)
        return
    if len(filled) <= 3 and _ERROR.match(filled[0].strip()):
        yield replace(base, text=_join(lines), first_line=first_line)
        return
    yield from _runs(lines, first_line, whole)


def _runs(lines: list[str], first_line: int, whole: Part) -> Iterator[Part]:
    """Runs of log and of prose; behind prose the command's replica is claimed no longer, only what the prose names."""
    run: list[tuple[str, Segment]] = []
    for segment in segments(lines):
        kind = "prose" if segment.kind == "prose" else "table" if _has_table_head(lines, segment) else "log"
        if run and run[-1][0] == kind:
            run[-1] = (kind, Segment(kind, run[-1][1].start, segment.end))
        else:
            run.append((kind, Segment(kind, segment.start, segment.end)))
    current = whole
    for kind, segment in run:
        piece = lines[segment.start : segment.end]
        if kind == "log" and any(line.strip() for line in piece):
            yield replace(current, text=_join(piece), first_line=first_line + segment.start)
        elif kind == "table":
            yield from _shaped(piece, first_line + segment.start, Part(Kind.TOOL, "", host=None), "")
        elif kind == "prose":
            yield Part(Kind.PROSE, _join(piece), first_line + segment.start)
            current = replace(
                whole, replica=replica_named_in(_last_filled(piece)), command=None, container=None, previous=False
            )


def _has_table_head(lines: list[str], segment: Segment) -> bool:
    return segment.kind == "table" and signs.table_kind(lines[segment.start]) is not None


def _other_output(lines: list[str], first_line: int, base: Part, command: Command) -> Iterator[Part]:
    """Output of every other command: evidence by its content, else the tool's text as it stands."""
    lines, tail = _without_prose_at_end(lines)
    named = replace(base, hints={**base.hints, **({"path": command.path} if command.path else {})})
    place = pod_log_of(command.path) if command.path else None
    if place is not None and place.ignored is None:
        text = _join(lines)
        yield replace(
            named,
            kind=Kind.LOG,
            text=text,
            first_line=first_line,
            host=None,
            replica=place.pod,
            container=place.container,
            namespace=place.namespace,
            previous=place.previous,
        )
    elif (
        command.prints == "tool"
        and not any(signs.is_scrape_line(line) for line in lines[:5])
        and not _objects_in(lines)
    ):
        yield replace(named, text=_join(lines), first_line=first_line)
    else:
        yield from _shaped(lines, first_line, named, command.path or "")
    if tail:
        yield Part(Kind.PROSE, _join(tail), first_line + len(lines))


def _objects_in(lines: list[str]) -> bool:
    return any(s.kind in {"yaml", "json"} for s in segments(lines[:20]))


def _without_prose_at_end(lines: list[str]) -> tuple[list[str], list[str]]:
    cut = segments(lines)
    if len(cut) > 1 and cut[-1].kind == "prose":
        return lines[: cut[-1].start], lines[cut[-1].start :]
    return lines, []


def _without_command(block: Block) -> Iterator[Part]:
    """Text between commands: what it is by itself, and for whom the line above it says."""
    lines = _trimmed(block)
    if not any(line.strip() for line in lines):
        return
    stem, previous = names.stem_of(block.name)
    base = Part(
        Kind.PROSE,
        "",
        host=block.host,
        replica=names.pod_in(stem),
        previous=previous,
        hints={"section": block.name} if block.name else {},
    )
    if block.name and not names.speaks_of_dns(stem) and shape.names_other_program(stem):
        yield replace(
            base, kind=Kind.IGNORED, text=_join(lines), first_line=block.first_line, why_ignored="ignored.other-pod"
        )
        return
    yield from _shaped(lines, block.first_line, base, block.name, about=block.about)


def _shaped(lines: list[str], first_line: int, base: Part, name: str, about: str = "") -> Iterator[Part]:
    """Parts of lines whose kind only their content tells."""
    whole = shape.shape_of(_join(lines), name) if len(_kinds(lines)) <= 1 and tables(_join(lines)) < 2 else None
    if whole is not None and whole.kind is not Kind.PROSE:
        yield from _as(whole, lines, first_line, base, about)
        return
    for segment in segments(lines):
        piece = lines[segment.start : segment.end]
        if not any(line.strip() for line in piece):
            continue
        number = first_line + segment.start
        if segment.kind in {"yaml", "json"}:
            yield replace(base, kind=Kind.OBJECTS, text=_join(piece), first_line=number)
        else:
            found = None if segment.kind in {"prose", "other"} else shape.shape_of(_join(piece), name)
            yield from _as(found or _default(segment.kind, base), piece, number, base, about)
        about = _last_filled(piece) if segment.kind in {"prose", "other"} else ""


def _kinds(lines: list[str]) -> set[str]:
    return {s.kind for s in segments(lines)} - {"other"}


def _default(kind: str, base: Part) -> shape.Shape:
    """Log signs make a log; what is neither that nor prose is the output of a command, if there was one."""
    if kind == "log":
        return shape.Shape(Kind.LOG)
    return shape.Shape(Kind.TOOL if base.command and kind != "prose" else Kind.PROSE)


def _as(found: shape.Shape, lines: list[str], first_line: int, base: Part, about: str) -> Iterator[Part]:
    """A part of a known kind; a described ConfigMap gives a part for each Corefile in it."""
    text = _join(lines)
    hints = {**base.hints, **found.hints}
    if found.kind is Kind.COREFILE and found.hints.get("form") == "describe":
        yield from _described(text, first_line, base)
        return
    part = replace(base, kind=found.kind, text=text, first_line=first_line, why_ignored=found.why_ignored, hints=hints)
    if found.kind is Kind.LOG:
        part = replace(part, host=None, replica=base.replica or replica_named_in(about))
    elif found.kind is Kind.RESOLV_CONF:
        part = replace(part, host=base.host or found.host or _host_named_in(about))
    elif found.kind is Kind.TOOL:
        part = replace(part, command=base.command or found.command, host=base.host or found.host)
    yield part


def _described(text: str, first_line: int, base: Part) -> Iterator[Part]:
    metadata = dict(re.findall(r"^(Name|Namespace):\s+(\S+)", text[:4000], re.MULTILINE))
    for entry in configmap.entries_of(text):
        if not entry.text:
            continue
        hints = {**base.hints, "form": "describe", "key": entry.key, "configmap": metadata.get("Name", "")}
        yield replace(
            base,
            kind=Kind.COREFILE,
            text=entry.text + "\n",
            first_line=first_line + entry.first_line - 1,
            host=None,
            namespace=metadata.get("Namespace") or base.namespace,
            hints=hints,
        )


def _host_named_in(text: str) -> str | None:
    """The one machine that a heading above a resolv.conf names: a token with a hyphen or a dot and a digit."""
    tokens = {t.strip(".-") for t in re.findall(r"[A-Za-z0-9][A-Za-z0-9.-]{2,252}", text[:500])}
    hosts = {t for t in tokens if re.search(r"\d", t) and re.search(r"[-.]", t) and not names.is_dns_pod(t)}
    return hosts.pop() if len(hosts) == 1 else None


def _last_filled(lines: list[str]) -> str:
    return next((line for line in reversed(lines) if line.strip()), "")


def _join(lines: list[str]) -> str:
    """Text of lines; a stream that the kubelet's text ended has no newline at its end."""
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    text = "\n".join(lines)
    return text if text.endswith("too many open files") else text + "\n" if text else ""
