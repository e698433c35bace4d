"""Secrets that get into logs and configurations by accident: always hidden, whatever the mode."""

from __future__ import annotations

import re
from collections.abc import Callable

HIDDEN = "REDACTED"

_VALUE = r"(?!REDACTED\b|[:=])[^\s\"',;&<>\\{}]+"
_KEY = r"(?i)(?<![\w/-])[\w-]{0,60}"
_IS = r"\b[\"']?(?: *[:=] *)[\"']?"
_PAIRS = (
    "client[_-]?secret|secret[_-]?(?:access[_-]?)?key|api[_-]?key|access[_-]?key(?:[_-]?id)?|account[_-]?key|"
    "private[_-]?key|auth[_-]?token|access[_-]?token|refresh[_-]?token|id[_-]?token|session[_-]?token|"
    "(?:client-key|client-certificate|certificate-authority)-data"
)
_TOKENS = r"gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abeoprs]-[\w-]{10,}|ATATT[\w=-]{20,}"
_FORMS: tuple[tuple[tuple[str, ...], str], ...] = (
    # Words that a text (in lower case) must hold, and what to hide: the group `secret`.
    (
        ("private key-----",),
        r"(?s)-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY-----(?P<secret>.*?)(?:-----END [A-Z0-9 ]{0,30}PRIVATE KEY-----|\Z)",
    ),
    (("bearer ",), r"(?i)bearer +(?P<secret>(?=[A-Za-z_./+~-]*[0-9])[\w.~+/-]{8,}=*)"),
    (("basic ",), r"(?i)authorization[\"']?[:=] *[\"']?basic +(?P<secret>[A-Za-z0-9+/]{6,}=*)"),
    (("authorization",), rf"(?i)authorization[\"']?[:=] *[\"']?(?!bearer |basic )(?P<secret>{_VALUE})"),
    (("://",), r"://(?P<secret>[^\s/@\"'<>]{1,200})@"),
    (("eyj",), r"(?P<secret>(?<![\w-])eyJ[\w-]{10,}\.[\w-]{8,}(?:\.[\w-]*)?)"),
    (("ls0tls1",), r"(?P<secret>(?<![\w+/])LS0tLS1[\w+/=]{8,})"),
    (("akia", "asia"), r"(?P<secret>\bA(?:KI|SI)A[0-9A-Z]{16}\b)"),
    (("gh", "glpat-", "xox", "atatt"), rf"(?P<secret>(?<![\w-])(?:{_TOKENS}))"),
    (("hooks.slack.com",), r"hooks\.slack\.com/services/(?P<secret>[\w/]+)"),
    (("passw", "pwd", "passphrase"), rf"{_KEY}(?:passw(?:or)?d|passphrase|pwd){_IS}(?P<secret>{_VALUE})"),
    (
        ("secret", "token", "key", "-data"),
        rf"{_KEY}(?:{_PAIRS})\b[\"']?(?: *[:=] *| +)[\"']?(?P<secret>(?=[^\s\"']*[0-9A-Z+/=]){_VALUE})",
    ),
    (
        ("token", "secret"),
        rf"(?i)(?<![\w/-])(?:token|secret){_IS}(?P<secret>(?=[^\s\"']*[0-9])(?=[^\s\"']{{8}}){_VALUE})",
    ),
    # Of Corefiles: the plugins tsig, etcd and route53. Then kubeadm's.
    (("secret ",), r"(?m)^[ \t]*secret +\S+ +(?P<secret>[A-Za-z0-9+/]{8,}=*)[ \t]*$"),
    (("credentials ",), r"(?m)^[ \t]*credentials +\S+ +(?P<secret>\S+)[ \t]*$"),
    (("aws_access_key",), r"aws_access_key +(?P<secret>\S+(?: +\S+)?)"),
    (("token",), r"(?i)\btoken\b.{0,20}?(?P<secret>\b[a-z0-9]{6}\.[a-z0-9]{16}\b)"),
)
_COMPILED = tuple((words, re.compile(form)) for words, form in _FORMS)
ALARM = re.compile(
    r"(?i)bearer|basic|authorization|//[^/@]*@|eyj|ls0tls1|akia|asia|gh[pousr]_|github_pat|glpat|xox|atatt|hooks\.slack|"
    r"passw|passphrase|pwd|secret|token|key|credential|-data"
)
"""A word without any of these stands beside no secret."""


def hide(text: str, noted: Callable[[str], None] = lambda secret: None) -> str:
    """The text without its secrets; `noted` is called with each.

    >>> hide("https://admin:pw1@10.0.0.1/ Authorization: Bearer abc.def-123456")
    'https://REDACTED@10.0.0.1/ Authorization: Bearer REDACTED'
    >>> hide("invalid bearer token, password=x1")
    'invalid bearer token, password=REDACTED'
    """
    lowered = text.lower()
    for words, form in _COMPILED:
        if any(word in lowered for word in words):
            text = form.sub(lambda match: _hidden(match, noted), text)
    return text


def _hidden(match: re.Match[str], noted: Callable[[str], None]) -> str:
    secret, whole = match["secret"], match[0]
    if secret == HIDDEN:
        return whole
    noted(secret)
    start, end = match.start("secret") - match.start(), match.end("secret") - match.start()
    return whole[:start] + HIDDEN + whole[end:]
