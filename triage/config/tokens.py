"""Tokens of a Corefile, split as caddyfile/lexer.go of coredns/caddy splits them."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from triage.model.late import late

MAX_CHARACTERS = 1_000_000
"""A ConfigMap holds at most 1 MiB; what lies behind is not read."""

MAX_TOKENS = 100_000

_BLANK = late(r"\s+|#[^\n]*")
_WORD = late(r"\S+")
_ENVIRONMENT = late(r"\{\$([^{}$%\s]{1,200})\}|\{%([^{}$%\s]{1,200})%\}")


class Token(Struct, frozen=True):
    """One word of a Corefile."""

    text: str
    file: str
    line: int
    """1-based line in `file`."""
    starts_line: bool
    """True when nothing stands before it on its line."""


def tokenize(text: str, *, file: str, first_line: int = 1) -> tuple[Token, ...]:
    r"""Split a text at white space; a quote counts only where it begins a token.

    `#` at the start of a word comments the rest of the line, inside a word only the rest of the word: the lexer
    forgets that it reads a comment when it hands the word over.

    >>> [(t.text, t.line) for t in tokenize('log "a b" # c\nforward . 10.0.0.2#x 10.0.0.3', file="Corefile")]
    [('log', 1), ('a b', 1), ('forward', 2), ('.', 2), ('10.0.0.2', 2), ('10.0.0.3', 2)]
    """
    lexer = _Lexer(text[:MAX_CHARACTERS].removeprefix("\ufeff").replace("\r", ""), file, first_line)
    return tuple(lexer.run())


def with_environment(token: Token, env: Mapping[str, str] | None) -> Token:
    """A token with `{$NAME}` and `{%NAME%}` filled: unset names become empty, as CoreDNS does.

    Without `env` (nobody knows CoreDNS' environment) the token stays as it is.
    """
    if env is None or "{" not in token.text:
        return token
    return replace(token, text=_ENVIRONMENT.sub(lambda found: env.get(found[1] or found[2], ""), token.text))


def names_environment(text: str) -> bool:
    """True when a token still waits for a value of the environment."""
    return _ENVIRONMENT.search(text) is not None


class _Lexer:
    def __init__(self, text: str, file: str, first_line: int) -> None:
        self.text, self.file, self.line = text, file, first_line
        self.last_line = 0  # where the token before ended
        self.at = 0

    def run(self) -> list[Token]:
        """All tokens, at most `MAX_TOKENS`."""
        tokens: list[Token] = []
        while self._skip() and len(tokens) < MAX_TOKENS:
            line = self.line
            word = self._quoted() if self.text[self.at] == '"' else self._word()
            tokens.append(Token(word, self.file, line, line != self.last_line))
            self.last_line = self.line
        return tokens

    def _skip(self) -> bool:
        """Go to the next token; False at the end."""
        while match := _BLANK.match(self.text, self.at):
            self.line += match[0].count("\n")
            self.at = match.end()
        return self.at < len(self.text)

    def _word(self) -> str:
        match = _WORD.match(self.text, self.at)
        word = match[0] if match else ""
        self.at += len(word)
        return word.partition("#")[0]

    def _quoted(self) -> str:
        """A quoted token; a backslash escapes only a quote, and a missing end takes the rest of the text."""
        found: list[str] = []
        self.at += 1
        while self.at < len(self.text):
            character = self.text[self.at]
            if character == '"':
                self.at += 1
                break
            if character == "\\" and self.text[self.at + 1 : self.at + 2] == '"':
                self.at += 1
                character = '"'
            self.line += character == "\n"
            found.append(character)
            self.at += 1
        return "".join(found)
