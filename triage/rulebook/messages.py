"""Reads and checks `rules/messages`: all mistakes at once, each with file, line and cure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from triage.errors import RuleError
from triage.model.message import Message, Where, Wording, parse_template
from triage.model.observation import FailureKind, Meaning

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FILE_KEYS = ("plugin", "where", "messages", "label", "level", "since", "until")
_KEYS = (
    "id", "plugin", "where", "text", "also", "label", "kind", "level", "since", "until",
    "generic", "same_as", "meaning", "example", "sets",
)  # fmt: skip
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "FATAL", "PANIC")
_CAUSES = frozenset(
    [
        "upstream-unreachable",
        "upstream-refused",
        "upstream-error-answer",
        "upstreams-inconsistent",
        "upstream-protocol",
        "forward-overload",
        "forward-loop",
        "apiserver-unreachable",
        "apiserver-auth",
        "corefile-invalid",
        "listen-failed",
        "inotify-exhausted",
        "fd-exhausted",
        "resources",
        "node-network",
        "conntrack",
        "client-search-path",
        "zone-config",
        "coredns-bug",
        "benign",
    ]
)
LABELS = _CAUSES | {"startup", "info", "noise", "unknown", "inside"}
"""What a message may be labelled; `inside` takes the label of the message nested in it."""


@dataclass(frozen=True, slots=True)
class _Node:
    """A YAML value with the line it stands on."""

    value: object
    line: int


def load_messages(folder: Path) -> tuple[Message, ...]:
    """All messages of the `*.yaml` files of a folder, in the order of files and lines.

    Raises RuleError with every mistake as `file:line: what; cure`.
    """
    mistakes: list[str] = []
    messages: list[Message] = []
    for path in sorted(folder.glob("*.yaml")):
        name = f"{folder.name}/{path.name}"
        try:
            root = yaml.compose(path.read_text(encoding="utf-8"), Loader=_LOADER)
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            mark = getattr(error, "problem_mark", None)
            line = mark.line + 1 if mark is not None else 1
            mistakes.append(f"{name}:{line}: not YAML ({getattr(error, 'problem', error)}); correct the syntax")
            continue
        messages.extend(_read_file(_plain(root), name, mistakes))
    mistakes.extend(_doubles(messages))
    if mistakes:
        raise RuleError(tuple(mistakes))
    return tuple(messages)


def check_messages(messages: Iterable[Message], recognise: Callable[[str], Meaning]) -> tuple[str, ...]:
    """Mistakes that only recognising shows: an example that is not recognised as its own message (or one of `same_as`)."""
    out = []
    for message in messages:
        if not message.examples:
            out.append(f"{message.file}:{message.line}: {message.id} has no example; add a whole line under `example`")
        for example in message.examples:
            found = recognise(example)
            ids = {found.message_id, found.fields.get("inner")}
            if not ids & {message.id, *message.same_as} and message.where not in (Where.WORDS, Where.TRACE):
                seen = " in ".join(sorted(str(i) for i in ids if i))
                out.append(
                    f"{message.file}:{message.line}: the example of {message.id} is recognised as {seen}: {example!r}; "
                    "make the template fit, or name the other under `same_as`"
                )
    return tuple(out)


def _plain(node: yaml.Node | None) -> _Node:
    """Nodes to plain values, each with its line."""
    if node is None:
        return _Node(None, 1)
    line = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        return _Node({str(k.value): _plain(v) for k, v in node.value}, line)
    if isinstance(node, yaml.SequenceNode):
        return _Node([_plain(v) for v in node.value], line)
    if node.tag.endswith(":bool"):
        return _Node(str(node.value).lower() in ("true", "yes", "on"), line)
    return _Node(None if node.tag.endswith(":null") else str(node.value), line)


def _read_file(root: _Node, name: str, mistakes: list[str]) -> Iterator[Message]:
    if not isinstance(root.value, dict) or not isinstance(root.value.get("messages", _Node(None, 1)).value, list):
        mistakes.append(f"{name}:{root.line}: no list `messages`; write `messages:` with one entry a message")
        return
    for key, node in root.value.items():
        if key not in _FILE_KEYS:
            mistakes.append(f"{name}:{node.line}: unknown key `{key}`; use one of {', '.join(_FILE_KEYS)}")
    common = {k: v for k, v in root.value.items() if k != "messages"}
    for entry in root.value["messages"].value:
        if not isinstance(entry.value, dict):
            mistakes.append(f"{name}:{entry.line}: a message is a mapping; write `- id: …`")
            continue
        message = _Reader(name, entry.line, {**common, **entry.value}, mistakes).message()
        if message is not None:
            yield message


class _Reader:
    """Reads one message; what is wrong with it goes to `mistakes`."""

    def __init__(self, file: str, line: int, keys: Mapping[str, _Node], mistakes: list[str]) -> None:
        self.file, self.line, self.keys, self.mistakes = file, line, keys, mistakes

    def message(self) -> Message | None:
        """The message, or None when it cannot be built."""
        before = len(self.mistakes)
        for key, node in self.keys.items():
            if key not in _KEYS:
                self.wrong(f"unknown key `{key}`", f"use one of {', '.join(_KEYS)}", node.line)
        ident, plugin = self.text("id"), self.text("plugin")
        where = self.word("where", [w.value for w in Where], "line")
        label = self.word("label", sorted(LABELS), None)
        kind = self.word("kind", [k.value for k in FailureKind], "")
        wordings = tuple(self.wordings())
        levels = self.several("level")
        for level in levels:
            if level not in _LEVELS:
                self.wrong(f"unknown level `{level}`", f"use one of {', '.join(_LEVELS)}")
        if len(self.mistakes) > before:
            return None
        sets = self.keys["sets"].value if "sets" in self.keys else {}
        return Message(
            id=ident,
            plugin=plugin,
            where=Where(where),
            wordings=wordings,
            label=label,
            kind=FailureKind(kind) if kind else None,
            levels=levels,
            generic="generic" in self.keys and self.keys["generic"].value is True,
            same_as=self.several("same_as"),
            meaning=self.text("meaning", needed=False),
            examples=self.several("example"),
            sets={k: str(v.value) for k, v in sets.items()} if isinstance(sets, dict) else {},
            file=self.file,
            line=self.line,
        )

    def wrong(self, what: str, cure: str, line: int | None = None) -> None:
        """Note a mistake."""
        self.mistakes.append(f"{self.file}:{line or self.line}: {what}; {cure}")

    def text(self, key: str, *, needed: bool = True) -> str:
        """A text by key; empty when it is missing."""
        node = self.keys.get(key)
        if node is not None and isinstance(node.value, str) and node.value:
            return node.value
        if needed:
            self.wrong(f"no `{key}`", f"write `{key}: …`", node.line if node is not None else None)
        return ""

    def word(self, key: str, allowed: Iterable[str], default: str | None) -> str:
        """One of the allowed words."""
        found = self.text(key, needed=default is None) or default or ""
        if found and found not in allowed:
            self.wrong(f"unknown {key} `{found}`", f"use one of {', '.join(allowed)}", self.keys[key].line)
        return found

    def several(self, key: str) -> tuple[str, ...]:
        """A text or a list of texts."""
        node = self.keys.get(key)
        if node is None or node.value is None:
            return ()
        if isinstance(node.value, list):
            return tuple(str(n.value) for n in node.value)
        return (str(node.value),)

    def wordings(self) -> Iterator[Wording]:
        """`text` and what stands under `also`, each with its releases."""
        since, until = self.text("since", needed=False) or None, self.text("until", needed=False) or None
        text = self.text("text")
        nodes: list[tuple[str, str | None, str | None, int | None]] = [(text, since, until, None)] if text else []
        also = self.keys.get("also")
        for node in also.value if also is not None and isinstance(also.value, list) else ():
            if isinstance(node.value, dict):
                own = {k: str(v.value) for k, v in node.value.items()}
                nodes.append((own.get("text", ""), own.get("since", since), own.get("until"), node.line))
            else:
                nodes.append((str(node.value), since, until, node.line))
        for template, first, last, line in nodes:
            try:
                parse_template(template)
            except ValueError as error:
                what, _, cure = str(error).partition("; ")
                self.wrong(f"template {template!r}: {what}", cure, line)
            yield Wording(template, first, last)


def _doubles(messages: Iterable[Message]) -> Iterator[str]:
    """Ids that stand twice."""
    first: dict[str, Message] = {}
    for message in messages:
        other = first.setdefault(message.id, message)
        if other is not message:
            yield f"{message.file}:{message.line}: id `{message.id}` stands in {other.file}:{other.line} too; give it another id or join both"
