"""Shell prompts in pasted text: who typed what where."""

from __future__ import annotations

import re

from msgspec import Struct

from triage.model.late import late
from triage.sources.commands import KNOWN, is_command
from triage.sources.wordlist import words

_HOST = r"[A-Za-z0-9][\w.-]{0,252}"
# [root@k8s-pre-m01 ~]#   also glued behind the last line of an output that had no newline
_BRACKETED = late(rf"\[[\w.+-]{{1,64}}@(?P<host>{_HOST})(?: [^\]\n]{{0,200}})?\](?P<end>[#$%]) ?")
_AT_START: tuple[tuple[re.Pattern[str], bool], ...] = (
    # (pattern, whether the form alone is enough: without it the rest must begin with a known program)
    (
        late(rf"(?:\([\w.-]{{1,40}}\) ?)?[\w.+-]{{1,64}}@(?P<host>{_HOST})[: ][^#$%>\n]{{0,120}}[#$%>](?: |$)"),
        True,
    ),
    (late(rf"(?P<host>{_HOST})(?::| )[~/][^#$%>\n ]{{0,120}} ?[#$%>](?: |$)"), True),
    (late(r"PS (?:[A-Za-z]:\\|/|~)[^>\n]{0,200}>(?: |$)"), True),
    (late(r"[A-Za-z]:\\[^>\n]{0,200}>(?: |$)"), True),
    (late(r"(?:sh|bash|ash|zsh)-[\d.]{1,8}[#$](?: |$)"), True),
    (late(r"/[\w/.-]{0,120} [#$](?: |$)"), True),
    (late(rf"(?P<host>{_HOST})[#$>](?: |$)"), False),
    (late(r"(?:➜|❯|λ|»|\$|#|%|>)  ?(?:~ )?"), False),
)
# Programs whose names begin comments and quoted sentences as well: `# host entries follow`.
_WORDS = words(
    "type host find more head for while time which top free route command watch kind service export ip "
    "echo tail less k env nice arp "
    "helm test read"
)  # fmt: skip
_WORD = late(r"(?:" + "|".join(sorted(_WORDS)) + r")(?: [A-Za-z]+ [A-Za-z]|$|:)")
# The kubelet's text has no newline: the next prompt stands behind it. Ctrl-C leaves `^C` before the prompt.
_GLUE = late(r"too many open files|no space left on device|\^C")
_ANY = late(
    r"[#$%>❯➜λ»]\s{1,2}(?:~ )?(?:sudo )?(?:" + "|".join(sorted(map(re.escape, KNOWN))) + r")\b"
    r"|\[[\w.+-]{1,64}@[\w.-]{1,253}(?: [^\]\n]{0,200})?\][#$%]"
)  # fmt: skip
_RARE = "#$%❯➜λ»"
_AFTER_ARROW = late(r">\s")
"""One of these stands in all that `_ANY` finds; a log, which is long, has `>` in its `->` only."""


class Prompt(Struct, frozen=True):
    """A prompt inside a line."""

    start: int
    """Column where it begins; what stands before belongs to the output above."""
    host: str | None
    command: str
    """What was typed, empty for a bare prompt."""


def may_have_prompts(text: str) -> bool:
    """A quick look over a whole text; false means that no prompt stands in it."""
    if _AFTER_ARROW.search(text) is None and not any(mark in text for mark in _RARE):
        return False
    return _ANY.search(text) is not None


def prompt_in(line: str) -> Prompt | None:
    """The prompt of a line, also behind text that had no newline.

    >>> prompt_in("failed to create fsnotify watcher: too many open files[root@m01 ~]# cat /etc/resolv.conf")
    Prompt(start=54, host='m01', command='cat /etc/resolv.conf')
    >>> prompt_in("user@m02:~$ kubectl get pods").host, prompt_in("$ dig a.org").command, prompt_in("# a comment")
    ('m02', 'dig a.org', None)
    """
    if len(line) > 20_000:
        line = line[:20_000]
    found = _bracketed(line) or _at(line, 0)
    if found is not None:
        return found
    glue = _GLUE.search(line)
    return _at(line, glue.end()) if glue is not None and _outside_quotes(line, glue.end()) else None


def _bracketed(line: str) -> Prompt | None:
    for match in _BRACKETED.finditer(line):
        rest = line[match.end() :]
        glued = line[: match.start()].strip() != ""
        if glued and not (_outside_quotes(line, match.start()) and (not rest.strip() or is_command(rest))):
            continue
        return Prompt(match.start(), match["host"], rest.strip())
    return None


def _at(line: str, start: int) -> Prompt | None:
    begin = start + len(line[start:]) - len(line[start:].lstrip())
    for pattern, alone in _AT_START:
        match = pattern.match(line, begin)
        if match is None:
            continue
        rest = line[match.end() :].strip()
        host = match.groupdict().get("host")
        if match[0][0] in "#>%" and _WORD.match(rest):
            continue
        if is_command(rest) or (alone and (not rest or _plain(rest)) and host != "tcp"):
            return Prompt(start, host, rest)
    return None


def _plain(text: str) -> bool:
    """A typed line of a program we do not know, not a line of a log that happens to hold a `>`."""
    return re.match(r"[\w./~-]+(?:\s|$)", text) is not None and len(text) < 400 and "->" not in text


def _outside_quotes(line: str, at: int) -> bool:
    return line.count('"', 0, at) % 2 == 0
