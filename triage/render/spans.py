"""A sentence in pieces: plain words, and names.

Names come from logs, and clients choose them; trackers, chats and mail programs read links, mentions, references,
emoticons and commands in them. So all that is not plainly a word, a number or punctuation is a name, whoever said it,
and each output shows names in its own form of code. A stored sentence is parted like a fresh one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

_MARKED = re.compile(r"(?:(?<![!-~])|(?<=\s\())`([^`\s](?:[^`]*[^`\s])?)`(?=[\s),.;:]|[^!-~]|$)")
"""Code that a template marks itself: backticks that open where a word begins and close where it ends."""
_WORD = re.compile(r"[!-~]+")
"""What stands between blanks; letters of other scripts part it too."""
_PLAIN = re.compile(
    r"""["'(]*(?:[A-Za-z]+(?:['-][A-Za-z]+)*'?|[<>+]?\d{1,9}(?:\.\d{1,3})?%?|%|[-+?])?["')]*[,.;:!?]*["')]*"""
)
_CORE = re.compile(r"(\(*)(?:(--[a-z-]+)([).,;:]*)|(.*?)([),;:]*(?:(?<=\))\.)?))", re.DOTALL)
"""A name without the punctuation around it; a point belongs to names of DNS, but not to options and brackets."""


class Span(Struct, frozen=True):
    """A piece of a sentence."""

    text: str
    code: bool


def spans(sentence: str) -> list[Span]:
    r"""The pieces of a cleaned sentence, in order.

    >>> [(s.text, s.code) for s in spans("1 of 2 (k8s-m01); run `ls -l /tmp`, @all!")]
    [('1 of 2 (', False), ('k8s-m01', True), ('); run ', False), ('ls -l /tmp', True), (', ', False), ('@all!', True)]
    >>> [s.text for s in spans("上游10.0.0.2:53没有应答") if s.code]
    ['10.0.0.2:53']
    >>> [s.text for s in spans("use --subnets. Not a.example. (node-1 +5). Or (node-2).") if s.code]
    ['--subnets', 'a.example.', 'node-1', 'node-2']
    >>> [s.text for s in spans("restart it (`kubectl rollout restart`)") if s.code]
    ['kubectl rollout restart']
    """
    found: list[Span] = []
    for piece in _pieces(sentence):
        if not piece.text:
            continue
        if found and found[-1].code == piece.code:
            found[-1] = Span(found[-1].text + piece.text, piece.code)
        elif piece.code and len(found) > 1 and found[-1].text == " " and found[-2].code:
            found[-2:] = [Span(f"{found[-2].text} {piece.text}", True)]
        else:
            found.append(piece)
    return found


def _pieces(sentence: str) -> Iterator[Span]:
    for number, part in enumerate(_MARKED.split(sentence)):
        if number % 2:
            yield Span(part, True)
            continue
        end = 0
        for match in _WORD.finditer(part):
            yield Span(part[end : match.start()], False)
            yield from _word(match[0])
            end = match.end()
        yield Span(part[end:], False)


def _word(word: str) -> Iterator[Span]:
    if _PLAIN.fullmatch(word):
        yield Span(word, False)
        return
    core = _CORE.fullmatch(word)
    assert core is not None
    name, end = (core[2], core[3]) if core[2] else (core[4], core[5])
    yield from (Span(core[1], False), Span(name, True), Span(end, False))
