"""Repairs pasted text: boxes, quoted mail, comment marks, wraps, lost brackets, escapes. For small inputs only.

Whether a repair is right is asked of the recogniser (`grade`): it must understand more after than before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from triage.model.late import late
from triage.reading.framing import ANSI, Context, is_framed, unframe
from triage.reading.shape import LEVELS, outside_quotes, starts_log_line
from triage.reading.traces import is_frame

Grade = Callable[[str], int]
"""How well a text is understood: 0 not at all, 1 partly, 2 well."""

_MAX_WRAPS = 40
_LONGEST = 100_000
"""Characters of a line that is still mended; nobody pastes a longer one."""
_BORDERS = "│┃║"
_RULE = late(r"\s*[─━═┄┌┐└┘├┤┬┴┼╭╮╰╯╔╗╚╝+=_*~-]{6,}.{0,200}$|\s*[┌╭╔└╰╚├].{0,300}[┐╮╗┘╯╝┤]\s*$")
_K9S_TITLE = late(r"Logs\((?:[a-z0-9-]+/)?([a-z0-9.-]+)(?::[a-z0-9-]+)?\)")
_FENCE = late(r"\s*(?:```|~~~)[\w-]*\s*$|\s*</?(?:pre|code|details|summary)[^>]{0,80}>\s*$")
_MAIL = late(r"\s?(?:>\s?){1,8}(?=\S)")
_COMMENT = late(r"\s*(?:#|//|;|<!--|\*|-|•|\d{1,3}[.)])\s+")
_COMMAND = late(
    r"[^\s\"]{0,120}(?:\s[^\s\"]{1,80})?[$#>%]\s?(?:sudo\s+)?(?:kubectl|oc|k|k3s|microk8s|minikube|docker|crictl|nerdctl|journalctl|cat|tail|stern)\b"
    r"|\[[\w.-]{1,64}@[\w.-]{1,128} [^\]\s]{1,200}\][#$]|[\w-]{1,64}@[\w.-]{1,128}:[~/][^\s$#]{0,200}[$#]"
)
_LINK = late(r"\[([^\]\s]{1,300})\]\(https?://[^)\s]{0,300}\)")
_ENTITIES = (
    ("&gt;", ">"),
    ("&lt;", "<"),
    ("&quot;", '"'),
    ("&#34;", '"'),
    ("&#39;", "'"),
    ("&nbsp;", " "),
    ("&amp;", "&"),
)
_LEVEL = late(rf"\[(?:{LEVELS})\] (?=\S)")
_LOST_BRACKET = late(r"\[?(DEBUG|INFO|WARNING|ERROR|FATAL)(?:\] ?| )(?=plugin/[\w.-]+: )")
_WRAPPING = "`'\"*_ \t"
_UNIQ = late(r"\s*(\d{1,9})\s+(\S.*)$")
_STAMPED = late(rf"\d{{4}}[-/]\d\d[-/]\d\d[T ]|[IWEF]\d{{4}} \d\d:\d\d:|\[(?:{LEVELS})\] |CoreDNS-\d|\{{\"")
_HEADLESS = late(r"\S{1,300}\. [A-Z][A-Z0-9]{0,9}: \S")
_ERRORS_HEAD = "[ERROR] plugin/errors: 2 "
_OPEN_ENDS = (":", "->", "(")


class Tidy(NamedTuple):
    """A mended line and the number of the line where it begins."""

    number: int
    text: str
    decoration: bool = False
    times: int = 1
    full: bool = False
    """True when it fills its box, so that the next line of the box goes on with it."""
    wide: bool = False
    """True when it is as wide as a terminal may be: a cut there dropped no blank."""


class _Mender:
    def __init__(self, context: Context, grade: Grade) -> None:
        self.context = context
        self.grade = grade

    def leaf(self, line: str) -> str:
        """The text inside the frames of a line."""
        return unframe(line, self.context)[0].text

    def is_framed(self, line: str) -> bool:
        """Whether a line is a record of its own."""
        return is_framed(unframe(line, self.context)[0].framing)

    def is_log(self, line: str) -> bool:
        """Whether a line needs no mending: it is framed or begins as log lines do."""
        found = unframe(line, self.context)[0]
        return is_framed(found.framing) or starts_log_line(found.text)


def tidy(numbered: list[tuple[int, str]], context: Context, grade: Grade) -> list[Tidy]:
    """Mend all lines of a document; what terminals, viewers and mails added is marked as decoration."""
    mender = _Mender(context, grade)
    for _, line in numbered:
        mender.leaf(line)  # prefixes that a later line proves hold for earlier lines, too
    lines = [_unwrapped(number, line, mender) for number, line in numbered if line.strip()]
    lines = _counted(lines, mender)
    return [piece for line in _joined(_with_width(lines), mender) for piece in _repaired(line, mender)]


def _unwrapped(number: int, line: str, mender: _Mender) -> Tidy:
    """One line without box, mail quote, comment mark, entities, escape sequences."""
    if "\x1b" in line:
        line = ANSI.sub("", line)
    if line.startswith(("[INFO] ", "[ERROR] ")) and "&" not in line and "](" not in line:
        return Tidy(number, line)
    line, full = _unboxed(line)
    if (_RULE.match(line) and not mender.is_log(line)) or _FENCE.match(line):
        title = _K9S_TITLE.search(line)
        if title is not None and mender.context.replica is None:
            mender.context.replica = title[1]
        return Tidy(number, line, decoration=True)
    quoted = _MAIL.match(line)
    if quoted is not None:
        line = line[quoted.end() :]
    if "&" in line and ";" in line:
        for entity, char in _ENTITIES:
            line = line.replace(entity, char)
    line = line.replace("-\\u003e", "->")
    if "](http" in line:
        line = _LINK.sub(r"\1", line)
    mark = _COMMENT.match(line)
    if mark is not None and not mender.is_log(line) and mender.is_log(line[mark.end() :]):
        line = line[mark.end() :]
    if _COMMAND.match(line) and not starts_log_line(line):
        return Tidy(number, line, decoration=True)
    return Tidy(number, line, full=full)


def _unboxed(line: str) -> tuple[str, bool]:
    """The inside of a box's line, and whether it fills the box."""
    body = line.strip()
    if not body or body[0] not in _BORDERS:
        if body.startswith("| ") and _LEVEL.search(body[:60]):
            return body[2:].removesuffix("|").rstrip(), False
        return line, False
    closed = len(body) > 1 and body[-1] in _BORDERS
    inner = body[1:-1] if closed else body[1:]
    inner = inner.removeprefix(" ")
    return inner.rstrip(), closed and len(inner) - len(inner.rstrip()) <= 1


def _with_width(lines: list[Tidy]) -> list[Tidy]:
    """Mark lines of the greatest length, if it may be a terminal's."""
    width = max((len(line.text) for line in lines if not line.decoration), default=0)
    if not 60 <= width <= 500:
        return lines
    return [line._replace(wide=True) if len(line.text) == width else line for line in lines]


def _counted(lines: list[Tidy], mender: _Mender) -> list[Tidy]:
    """`sort | uniq -c` puts a count before each line; an errors line may begin with its rcode, which is below 24."""
    matches = [_UNIQ.match(line.text) for line in lines if not line.decoration]
    if not matches or any(m is None for m in matches):
        return lines
    counts = [int(m[1]) for m in matches if m is not None]
    sure = max(counts) > 23 or any(mender.is_log(m[2]) for m in matches if m is not None)
    if not sure or any(mender.is_log(line.text) for line in lines if not line.decoration):
        return lines
    counted: list[Tidy] = []
    for line in lines:
        match = None if line.decoration else _UNIQ.match(line.text)
        counted.append(line if match is None else line._replace(text=match[2], times=max(int(match[1]), 1)))
    return counted


def _joined(lines: list[Tidy], mender: _Mender) -> Iterator[Tidy]:
    """Join what a box, a terminal, a mail program or a person wrapped."""
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        for _ in range(_MAX_WRAPS):
            if at >= len(lines) or line.decoration or lines[at].decoration:
                break
            whole = _one(line, lines[at], mender)
            if whole is None:
                break
            line = line._replace(text=whole, full=lines[at].full, wide=lines[at].wide)
            at += 1
        yield line


def _one(line: Tidy, after: Tidy, mender: _Mender) -> str | None:
    """Both lines as one, if the second goes on where the first was cut; None if it does not."""
    text, rest = line.text, after.text
    if _STAMPED.match(rest.lstrip()) or is_frame(rest) or not mender.is_log(text):
        return None
    open_end = text.rstrip().endswith(_OPEN_ENDS)
    if mender.is_framed(rest) or (mender.is_log(rest) and not open_end):
        return None
    if text.rstrip().endswith("\\"):
        return text.rstrip()[:-1] + rest.lstrip()
    leaf = mender.leaf(text)
    before = mender.grade(leaf)
    if before == 2 and not open_end and not line.full:
        return None
    options = (text + rest.lstrip(), f"{text.rstrip()} {rest.lstrip()}")
    grades = [mender.grade(mender.leaf(option)) for option in options]
    # A wrap at full width lost nothing; a person or a mail program wraps at a blank and drops it.
    first = 0 if line.full or line.wide or text.endswith(" ") else 1
    best = first if grades[first] >= grades[1 - first] else 1 - first
    if grades[best] > before:
        return options[best]
    if open_end or (line.full and mender.grade(mender.leaf(rest)) == 0 and grades[best] == before):
        return options[best]
    return None


def _repaired(line: Tidy, mender: _Mender) -> Iterator[Tidy]:
    """Give a line back what pasting took: its bracket, its quotes, its beginning."""
    if line.decoration or line.text.startswith(("[INFO] ", "[ERROR] ")):
        yield from _unescaped(line, mender) if '\\"' in line.text and not line.decoration else (line,)
        return
    text = line.text
    if len(text) > _LONGEST:
        yield line
        return
    if not mender.is_log(text) or (_LOST_BRACKET.match(text) and not _LEVEL.match(text)):
        text = _from_level(text, mender)
    yield from _unescaped(line._replace(text=text), mender)


def _from_level(text: str, mender: _Mender) -> str:
    """A log line that lost its bracket or its head, or that a person put behind other words."""
    bare = text.strip(_WRAPPING)
    lost = _LOST_BRACKET.match(bare)
    if lost is not None:
        return f"[{lost[1]}] {bare[lost.end() :]}"
    for match in _LEVEL.finditer(text[:400]):
        head, rest = text[: match.start()].strip(), text[match.start() :]
        if starts_log_line(head):
            return text  # two log lines without a newline between them
        if match.start() and outside_quotes(text, match.start()) and mender.grade(rest.rstrip(_WRAPPING)) > 0:
            return rest.rstrip(_WRAPPING) if text[0] in _WRAPPING else rest
    if bare != text.strip() and mender.grade(bare) > mender.grade(text.strip()):
        return bare
    # Somebody cut the head off: `name. TYPE: error`. The level and the plugin are sure, the rcode is the usual one.
    if _HEADLESS.match(text) and mender.grade(text) == 0 and mender.grade(_ERRORS_HEAD + text) > 0:
        return _ERRORS_HEAD + text
    return text


def _unescaped(line: Tidy, mender: _Mender) -> Iterator[Tidy]:
    r"""A line out of a JSON or shell string: `\"` is a quote again, if that makes more sense; `\n` ends a line."""
    text = line.text
    if "\\" not in text or (text.startswith("{") and mender.is_log(text)):
        yield line
        return
    plain = text.replace('\\"', '"').replace("\\u003e", ">").replace("\\u003c", "<").replace("\\t", "\t")
    parts = re.split(rf"\\n(?=\[(?:{LEVELS})\] |\d{{4}}-\d\d-\d\dT|[^\s\\]{{0,100}}:53\b|CoreDNS-)|\\n$", plain)
    before, after = mender.grade(mender.leaf(text)), mender.grade(mender.leaf(parts[0]))
    if after > before or (len(parts) > 1 and after == before and parts[0] != plain):
        yield from (line._replace(text=part) for part in parts if part.strip())
    else:
        yield line
