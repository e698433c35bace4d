"""Secrets that get into logs and configurations by accident: always hidden, whatever the mode."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import get_args

from triage.model.bundle import Redaction

Mode = Redaction
MODES: tuple[Mode, ...] = get_args(Redaction)

HIDDEN = "REDACTED"
_VALUE = r"(?P<secret>(?!REDACTED\b|[:=])[^\s\"',;&<>\\{}]+)"
_IS = r"[\"']?(?: *[:=] *)[\"']?"
_IS_OR_BLANK = r"[\"']?(?: *[:=] *| +)[\"']?"
_LOOKS_SO = r"(?=[^\s\"']*[0-9A-Z+/=])"
_WORD = r"(?:^|[^\w/-])$"
_LINE = r"(?:^|\n)[ \t]*$"


@cache
def _compiled(form: str) -> re.Pattern[str]:
    """Few of the keywords ever stand in a text: the others' forms are never compiled."""
    return re.compile(form, re.IGNORECASE)


def _rule(keyword: str, form: str, before: str = "$") -> tuple[str, str, str]:
    return keyword, form, before


_RULES = (
    # A word in lower case, what begins with it (the group `secret` is hidden), and what has to stand before it.
    _rule(
        "private key-----",
        r"(?s)private key-----(?P<secret>.*?)(?:-----END [A-Z0-9 ]{0,30}PRIVATE KEY-----|\Z)",
        r"-----BEGIN [A-Z0-9 ]{0,30}$",
    ),
    _rule("bearer ", r"bearer +(?P<secret>(?=[A-Za-z_./+~-]*[0-9])[\w.~+/-]{8,}=*)"),
    _rule("basic ", r"basic +(?P<secret>[A-Za-z0-9+/]{6,}=*)", r"authorization[\"']?[:=] *[\"']?$"),
    _rule("authorization", rf"authorization[\"']?[:=] *[\"']?(?!bearer |basic ){_VALUE}"),
    _rule("://", r"://(?P<secret>[^\s/@\"'<>]{1,200})@"),
    _rule("eyj", r"(?P<secret>(?-i:eyJ)[\w-]{10,}\.[\w-]{8,}(?:\.[\w-]*)?)", r"(?:^|[^\w-])$"),
    _rule("ls0tls1", r"(?P<secret>LS0tLS1[\w+/=]{8,})"),
    _rule("akia", r"(?P<secret>(?-i:AKIA[0-9A-Z]{16}))\b", _WORD),
    _rule("asia", r"(?P<secret>(?-i:ASIA[0-9A-Z]{16}))\b", _WORD),
    *(_rule(f"gh{kind}_", r"(?P<secret>gh[pousr]_\w{20,})", _WORD) for kind in "pousr"),
    _rule("github_pat_", r"(?P<secret>github_pat_\w{20,})"),
    _rule("glpat-", r"(?P<secret>glpat-[\w-]{16,})"),
    _rule("xox", r"(?P<secret>xox[abeoprs]-[\w-]{10,})"),
    _rule("atatt", r"(?P<secret>ATATT[\w=-]{20,})", _WORD),
    _rule("hooks.slack.com/services/", r"hooks\.slack\.com/services/(?P<secret>[\w/]+)"),
    _rule("passw", rf"passw(?:or)?d{_IS}{_VALUE}"),
    _rule("passphrase", rf"passphrase{_IS}{_VALUE}"),
    _rule("pwd", rf"pwd{_IS}{_VALUE}"),
    _rule("secret", rf"secret{_IS_OR_BLANK}{_LOOKS_SO}{_VALUE}", r"client[_-]?$"),
    _rule("secret", rf"secret{_IS}(?=[^\s\"']*[0-9])(?=[^\s\"']{{8}}){_VALUE}", _WORD),
    _rule("token", rf"token{_IS_OR_BLANK}{_LOOKS_SO}{_VALUE}", r"(?:auth|access|refresh|id|session)[_-]?$"),
    _rule("token", rf"token{_IS}(?=[^\s\"']*[0-9])(?=[^\s\"']{{8}}){_VALUE}", _WORD),
    _rule("token", r"token\b.{0,20}?\b(?P<secret>[a-z0-9]{6}\.[a-z0-9]{16})\b"),  # kubeadm
    _rule(
        "key",
        rf"key(?:[_-]?id)?{_IS_OR_BLANK}{_LOOKS_SO}{_VALUE}",
        r"(?:api|access|account|private|secret)[_-]?$",
    ),
    _rule("-data", rf"-data{_IS_OR_BLANK}{_VALUE}", r"(?:client-key|client-certificate|certificate-authority)$"),
    # Of Corefiles: the plugins tsig, etcd and route53.
    _rule("secret ", r"secret +\S+ +(?P<secret>[A-Za-z0-9+/]{8,}=*)[ \t]*(?=\n|\Z)", _LINE),
    _rule("credentials ", r"credentials +\S+ +(?P<secret>\S+)[ \t]*(?=\n|\Z)", _LINE),
    _rule("aws_access_key ", r"aws_access_key +(?P<secret>\S+(?: +\S+)?)"),
)
_BEFORE = 48
_MARKS = ("@", *sorted({keyword.strip() for keyword, _, _ in _RULES if keyword != "://"} | {"private"}))


def alarming(word: str) -> bool:
    """May a word stand beside a secret, or be one?

    >>> alarming("DB_PASSWORD:"), alarming("https://10.0.0.1"), alarming("https://me:x@10.0.0.1")
    (True, False, True)
    """
    lowered = word.lower()
    return any(mark in lowered for mark in _MARKS)


def hide(text: str, noted: Callable[[str], None] = lambda secret: None) -> str:
    """The text without its secrets; `noted` is called with each.

    >>> hide("https://admin:pw1@10.0.0.1/ Authorization: Bearer abc.def-123456")
    'https://REDACTED@10.0.0.1/ Authorization: Bearer REDACTED'
    >>> hide("invalid bearer token, password=x1")
    'invalid bearer token, password=REDACTED'
    """
    lowered = text.lower()
    if len(lowered) != len(text):  # a letter whose small form is longer: positions would be wrong
        lowered = "".join(small if len(small := char.lower()) == 1 else char for char in text)
    found = sorted(span for rule in _RULES if rule[0] in lowered for span in _spans(text, lowered, *rule))
    parts, at = [], 0
    for start, end in found:
        if start >= at:
            noted(text[start:end])
            parts += [text[at:start], HIDDEN]
        at = max(at, end)
    return "".join([*parts, text[at:]]) if parts else text


def _spans(text: str, lowered: str, keyword: str, form: str, before: str) -> Iterator[tuple[int, int]]:
    at = lowered.find(keyword)
    while at >= 0:
        # What stands before it is short: looked at first, no long text is read again and again.
        match = _compiled(before).search(text[max(0, at - _BEFORE) : at]) and _compiled(form).match(text, at)
        if match and match["secret"] != HIDDEN:
            yield match.span("secret")
            at = lowered.find(keyword, max(match.end("secret"), at + 1))
        else:
            at = lowered.find(keyword, at + 1)


class Hider:
    """Mode `none`: secrets are hidden, and nothing else is changed."""

    mode: Mode = "none"
    entities: Mapping[str, str] = {}

    def __init__(self) -> None:
        self._found: set[str] = set()

    @property
    def counts(self) -> dict[str, int]:
        """Distinct things that were replaced, by kind."""
        return {"secrets": len(self._found)} if self._found else {}

    def text(self, text: str) -> str:
        """A text, of one line or many."""
        return hide(text, self._found.add)

    value = entity = text
