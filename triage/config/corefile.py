"""A Corefile as CoreDNS reads it: tokens, snippets, imports, server blocks; what is wrong with it becomes problems.

Follows coredns/caddy caddyfile/parse.go. CoreDNS stops at the first error; here reading goes on, so that what
stands behind a mistake is still known.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from triage.config.forward import forward_of
from triage.config.plugins import DEFAULT_PORTS, DIRECTIVES, EXTERNAL, ONCE, REMOVED, REMOVED_OPTIONS
from triage.config.tokens import MAX_TOKENS, Token, names_environment, tokenize, with_environment
from triage.config.zones import zones_of
from triage.model.config import Corefile, Directive, Forward, Problem, ServerBlock
from triage.model.observation import Citation

_MAX_KEYS = 1000
_MAX_IMPORTS = 1000
_MAX_PROBLEMS = 200


def read_corefile(
    text: str,
    *,
    file: str,
    first_line: int = 1,
    imports: Mapping[str, str] | None = None,
    env: Mapping[str, str] | None = None,
) -> Corefile:
    r"""Read a Corefile; `imports` maps file names (or keys of `coredns-custom`) to their texts.

    >>> corefile = read_corefile("corp.example:53 {\n  forward . 10.0.0.2\n}\n", file="Corefile")
    >>> block, = corefile.blocks
    >>> block.zones, block.port, block.forwards[0].to, block.has("errors"), corefile.problems
    (('corp.example.',), '53', ('10.0.0.2',), False, ())
    >>> [problem.id for problem in read_corefile(".:53 {\n  eror\n", file="Corefile").problems]
    ['corefile.unknown-directive', 'corefile.unclosed-brace']
    """
    parser = _Parser(text, file, first_line, imports or {}, env)
    parser.run()
    return Corefile(file, tuple(parser.blocks), tuple(parser.problems))


class _Parser:
    def __init__(
        self, text: str, file: str, first_line: int, imports: Mapping[str, str], env: Mapping[str, str] | None
    ) -> None:
        self.tokens = list(tokenize(text, file=file, first_line=first_line))
        self.lines = {file: (first_line, _cut(text))}
        self.imports, self.env = imports, env
        self.snippets: dict[str, Sequence[Token]] = {}
        self.blocks: list[ServerBlock] = []
        self.problems: list[Problem] = []
        self.at = 0
        self.imported = 0
        self.served: dict[tuple[str, str, str], bool] = {}

    def run(self) -> None:
        """Read block after block."""
        while self.at < len(self.tokens):
            start = self.at
            keys = self._keys()
            if len(keys) == 1 and keys[0].text.startswith("(") and keys[0].text.endswith(")"):
                self._snippet(keys[0])
            elif self.at < len(self.tokens) or keys:
                self._block(keys or self.tokens[start : start + 1], serve=bool(keys))
        for token in self.tokens:
            if self.env is None and names_environment(token.text):
                self._problem("corefile.environment-unseen", token.text, token)

    # --- keys

    def _keys(self) -> list[Token]:
        """The keys of a block: to the end of the line, or further after a trailing comma."""
        keys: list[Token] = []
        more = False
        while (token := self._peek()) is not None:
            if token.text == "{":
                break
            if token.text == "import" and token.starts_line:
                if keys and not more:
                    break
                self._import()
                continue
            if token.text == "}":
                self._problem("corefile.unexpected-brace", "}", token)
                self.at += 1
                continue
            if keys and token.starts_line and not more:
                break
            token = self._take()
            more = token.text.endswith(",")
            keys.append(replace(token, text=token.text.removesuffix(",")))
        if more:
            self._problem("corefile.trailing-comma", keys[-1].text, keys[-1])
        return [key for key in keys if key.text]

    def _snippet(self, key: Token) -> None:
        name = key.text[1:-1]
        if name in self.snippets:
            self._problem("corefile.snippet-repeated", name, key)
        opening = self._peek()
        if opening is None or opening.text != "{":
            self._problem("corefile.snippet-without-braces", name, key)
            return
        start, depth = self.at + 1, 0
        while (token := self._peek()) is not None:
            depth += (token.text == "{") - (token.text == "}")
            self.at += 1
            if depth == 0:
                break
        else:
            self._problem("corefile.unclosed-brace", key.text, key)
        self.snippets[name] = self.tokens[start : self.at - (depth == 0)]

    # --- blocks

    def _block(self, keys: Sequence[Token], *, serve: bool) -> None:
        opening = self._peek()
        braces = opening is not None and opening.text == "{"
        self.at += braces
        directives = list(self._directives())
        closing = self._peek()
        if braces and closing is None:
            self._problem("corefile.unclosed-brace", keys[0].text, keys[0])
        elif closing is not None:
            self.at += 1
            if not braces:
                self._problem("corefile.unexpected-brace", "}", closing)
        if serve:
            self._serve(keys, directives)

    def _directives(self) -> Iterator[Directive]:
        while (token := self._peek()) is not None and token.text != "}":
            if token.text == "import":
                self._import()
            else:
                yield self._directive()

    def _directive(self) -> Directive:
        """A directive with its arguments and the lines of its block (blocks inside it stay in its lines)."""
        first = self._take()
        args: list[str] = []
        lines: list[list[str]] = []
        depth = 0
        while (token := self._peek()) is not None:
            if depth and token.text == "import" and token.starts_line:
                self._import()
                continue
            if depth == 0 and token.text != "{" and (token.starts_line or token.text == "}"):
                break
            token = self._take()
            depth += (token.text == "{") - (token.text == "}")
            if depth == 0 and token.text != "}":
                args.append(token.text)
            elif depth > 1 or token.text not in "{}":
                if token.starts_line or not lines:
                    lines.append([])
                lines[-1].append(token.text)
        if depth:
            self._problem("corefile.unclosed-brace", first.text, first)
        elif token is not None and token.text == "}" and not token.starts_line:
            self._problem("corefile.unexpected-brace", first.text, token)
        block = tuple(tuple(line) for line in lines)
        directive = Directive(first.text, tuple(args), block, self._cite(first))
        self._check_name(directive, first)
        return directive

    def _check_name(self, directive: Directive, token: Token) -> None:
        name = directive.name
        if name in REMOVED:
            self._problem("corefile.removed-directive", f"{name} {REMOVED[name]}", token)
        elif name in EXTERNAL:
            self._problem("corefile.external-directive", name, token)
        elif name not in DIRECTIVES and not names_environment(name):
            self._problem("corefile.unknown-directive", name, token)
        for line in directive.block:
            if (name, line[0]) in REMOVED_OPTIONS:
                detail = f"{name} {line[0]} {REMOVED_OPTIONS[name, line[0]]}"
                self._problem("corefile.removed-option", detail, token)

    def _serve(self, keys: Sequence[Token], directives: Sequence[Directive]) -> None:
        """One record for each scheme and port among the keys."""
        forwards, problems = _forwards(directives)
        self.problems += problems
        counts: dict[str, int] = {}
        for directive in directives:
            counts[directive.name] = counts.get(directive.name, 0) + 1
            if directive.name in ONCE and counts[directive.name] == 2:
                self.problems.append(Problem("corefile.directive-repeated", directive.name, directive.citation))
        shared = any(d.name in ("bind", "view") for d in directives)
        ports: dict[tuple[str, str], list[str]] = {}
        if len(keys) > _MAX_KEYS:
            self._problem("corefile.too-many-keys", str(len(keys)), keys[0])
        for key in keys[:_MAX_KEYS]:
            scheme, port, zones = _key(key.text)
            for zone in zones:
                if (scheme, zone, port) in self.served and not (shared or self.served[scheme, zone, port]):
                    self._problem("corefile.duplicate-zone", f"{scheme}://{zone}:{port}", key)
                self.served.setdefault((scheme, zone, port), shared)
                ports.setdefault((scheme, port), []).append(zone)
        for (scheme, port), found in ports.items():
            zones = tuple(dict.fromkeys(found))
            self.blocks.append(ServerBlock(zones, port, scheme, tuple(directives), forwards, self._cite(keys[0])))

    # --- imports

    def _import(self) -> None:
        """Replace `import NAME` by the tokens of a snippet or of files."""
        token = self._take()
        target = self._peek()
        if target is None or target.starts_line:
            self._problem("corefile.import-without-name", "import", token)
            return
        self.at += 1
        pattern = with_environment(target, self.env).text
        self.imported += 1
        if self.imported > _MAX_IMPORTS or len(self.tokens) > MAX_TOKENS:
            self._problem("corefile.import-too-deep", pattern, target)
            return
        found = self.snippets.get(pattern)
        if found is None:
            found = self._files(pattern, target)
        self.tokens[self.at : self.at] = [replace(t, starts_line=t.starts_line or i == 0) for i, t in enumerate(found)]

    def _files(self, pattern: str, token: Token) -> Sequence[Token]:
        tokens: list[Token] = []
        names = sorted(name for name in self.imports if _matches(name, pattern))
        if not names:
            self._problem("corefile.import-unseen", pattern, token)
        for name in names:
            self.lines[name] = (1, _cut(self.imports[name]))
            tokens += tokenize(self.imports[name], file=name)
        return tokens

    # --- tokens

    def _peek(self) -> Token | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def _take(self) -> Token:
        token = with_environment(self.tokens[self.at], self.env)
        self.at += 1
        return token

    def _cite(self, token: Token) -> Citation:
        first, lines = self.lines[token.file]
        at = token.line - first
        return Citation(token.file, token.line, lines[at] if 0 <= at < len(lines) else token.text[:400])

    def _problem(self, name: str, detail: str, token: Token) -> None:
        if len(self.problems) < _MAX_PROBLEMS:
            self.problems.append(Problem(name, detail[:200], self._cite(token)))


def _cut(text: str) -> list[str]:
    """Lines as citations show them."""
    return [line.strip()[:400] for line in text.split("\n")]


def _forwards(directives: Sequence[Directive]) -> tuple[tuple[Forward, ...], list[Problem]]:
    forwards: list[Forward] = []
    problems: list[Problem] = []
    for directive in directives:
        if directive.name not in ("forward", "proxy"):
            continue
        forward, wrong = forward_of(directive)
        problems += wrong
        if any(earlier.zone == forward.zone for earlier in forwards):
            # Fatal until 1.9.3; since 1.9.4 the first forward that matches wins, so a second one is never asked.
            problems.append(Problem("corefile.forward-repeated", forward.zone, directive.citation))
        forwards.append(forward)
    return tuple(forwards), problems


def _key(text: str) -> tuple[str, str, tuple[str, ...]]:
    """`[scheme://]zone[:port]` → scheme, port, zones."""
    scheme, mark, rest = text.partition("://")
    if not mark:
        scheme, rest = "dns", text
    head, colon, port = rest.rpartition(":")
    if not colon or not port.isdecimal():
        head, port = rest, DEFAULT_PORTS.get(scheme, "53")
    return scheme.lower(), port, zones_of(head or ".")


def _matches(name: str, pattern: str) -> bool:
    """Does a file that was handed over stand for an imported path? Only its name can be compared."""
    base = pattern.rpartition("/")[2]
    return name == pattern or fnmatch.fnmatchcase(name.rpartition("/")[2], base)
