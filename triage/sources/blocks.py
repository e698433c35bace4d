"""A pasted text cut at prompts, code fences and heads of files: each block is what one command printed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct, field

from triage.model.late import late
from triage.sources import checks, signs
from triage.sources.commands import Command, read_command
from triage.sources.prompts import may_have_prompts, prompt_in
from triage.sources.segments import segments

_FENCE = late(
    r"^\s{0,12}(?:(?:```|~~~)[\w+ -]{0,40}|\{(?:code|noformat)[^}\n]{0,60}\}"
    r"|</?(?:pre|code|details|summary)[^>\n]{0,80}>)\s*$"
)
_FILE_HEAD = late(r"^(?:==> (?P<tail>\S.{0,250}?) <==|-- (?P<txtar>[\w./@+-]{1,250}) --)\s*$")
# kubectl cluster-info dump
_DUMP = late(
    r"^==== (?:START logs for container (?P<c>\S{1,63}) of pod (?P<ns>\S{1,63})/(?P<pod>\S{1,253})"
    r"|END logs for .{1,400}) ====\s*$"
)
_QUOTE = late(r"^\s{0,3}(?:> ?)+")
_MIXED_BYTES = 2 * 1024 * 1024


class Block(Struct):
    """Lines that one command printed, or that stand between two of them."""

    first_line: int
    lines: list[str] = field(default_factory=list)
    command: Command | None = None
    host: str | None = None
    name: str = ""
    hints: dict[str, str] = field(default_factory=dict)
    about: str = ""
    """The line of prose above: it may name whose output follows."""


def has_commands(text: str, name: str) -> bool:
    r"""True when prompts with commands, code fences, or heads of files and checks stand in the text.

    >>> (has_commands("[root@m01 ~]# cat /etc/resolv.conf\nnameserver 10.0.0.1\n", "a.txt"),
    ...  has_commands("[INFO] plugin/reload: x\n", "a.txt"))
    (True, False)
    """
    if may_have_prompts(text) and any(prompt_in(line) for line in lines_of(text) if may_have_prompts(line)):
        return True
    if _any_in(text, "### check ", "==> ", "-- ", "==== START"):
        lines = lines_of(text)
        if any(checks.read_header(line) or _FILE_HEAD.match(line) or _DUMP.match(line) for line in lines):
            return True
    if name.lower().endswith((".log", ".logs")) or not _any_in(
        text, "```", "~~~", "{code", "{noformat", "<pre", "<code"
    ):
        return False
    return any(_FENCE.match(line) for line in lines_of(text))


def _any_in(text: str, *marks: str) -> bool:
    """Whether one of the marks stands in a text; a character that is not there is found out soonest."""
    return any(mark[0] in text and mark in text for mark in marks)


def is_mixed(text: str, name: str) -> bool:
    """Two kinds of evidence, or evidence and prose, without any command; log lines only are a log as a whole."""
    if name.lower().endswith((".log", ".logs")) or len(text) > _MIXED_BYTES:
        return False
    kinds = {segment.kind for segment in segments(lines_of(text)) if segment.kind != "other"}
    evidence = kinds - {"prose", "describe", "yaml", "json"}
    return bool(evidence) and (len(kinds) > 1 or ("table" in kinds and tables(text) > 1))


def tables(text: str) -> int:
    """Head lines of kubectl tables in a text."""
    return sum(signs.table_kind(line) is not None for line in lines_of(text))


def lines_of(text: str) -> list[str]:
    """Lines of a text; the marks of quoted mail are taken off when most lines bear them."""
    lines = text.split("\n")
    quoted = sum(line.lstrip().startswith(">") for line in lines[:400])
    filled = sum(bool(line.strip()) for line in lines[:400])
    return [_QUOTE.sub("", line) for line in lines] if filled and quoted > 0.6 * filled else lines


def blocks(lines: list[str]) -> Iterator[Block]:
    """Cut at prompts, code fences, heads of files and of checks."""
    block = Block(1)
    about = ""
    number = 0
    while number < len(lines):
        line = lines[number]
        prompt = prompt_in(line)
        following = _opened_by(line, number, about)
        if prompt is not None:
            if line[: prompt.start].strip():
                block.lines.append(line[: prompt.start].replace("^C", ""))
            yield block
            typed, number = _continued(prompt.command, lines, number)
            block = Block(number + 2, command=read_command(typed) if typed else None, host=prompt.host, about="")
        elif following is not None:
            yield block
            block = following
        else:
            block.lines.append(line)
        if line.strip() and not _FENCE.match(line):
            about = line
        number += 1
    yield block


def _opened_by(line: str, number: int, about: str) -> Block | None:
    """The block that a fence, a file's head or a check's head begins."""
    if _FENCE.match(line):
        return Block(number + 2, about=about)
    head = _FILE_HEAD.match(line)
    if head is not None:
        return Block(number + 2, name=head["tail"] or head["txtar"])
    dump = _DUMP.match(line)
    if dump is not None:
        return Block(number + 2, command=_dumped(dump) if dump["pod"] else None)
    check = checks.read_header(line)
    if check is not None:
        hints = {"check": check.id} | ({"place": check.place} if check.place else {})
        return Block(number + 2, command=read_command(check.command), host=check.host, hints=hints)
    return Block(number + 2) if checks.read_footer(line) is not None else None


def _dumped(match: re.Match[str]) -> Command:
    """A container's log in `kubectl cluster-info dump`, as the command that would print it."""
    pod, namespace, container = match["pod"], match["ns"], match["c"]
    return Command(
        f"kubectl logs {pod} -n {namespace} -c {container}",
        "log",
        replica=pod,
        container=container,
        namespace=namespace,
    )


def _continued(command: str, lines: list[str], number: int) -> tuple[str, int]:
    """A command over several lines, joined; and the number of its last line."""
    while command.endswith("\\") and number + 1 < len(lines) and len(command) < 8000:
        number += 1
        command = command[:-1].rstrip() + " " + lines[number].removeprefix("> ").strip()
    return command, number
