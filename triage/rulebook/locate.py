"""YAML as plain data that still knows its lines: safe scalars only, bounded size and aliases, no key twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import yaml
from msgspec import Struct

from triage.rulebook.mistakes import Mistakes

MAX_BYTES = 512 * 1024
"""A file of rules is written and read by people; a larger one is a mistake or an attack."""
MAX_VALUES = 50_000
"""Values after aliases are expanded: a few lines of nested aliases can stand for billions."""
MAX_DEPTH = 20

Step = str | int
"""A key of a mapping or an index of a list."""

_TAG = "tag:yaml.org,2002:"
_TEXT = _TAG + "str"


class _Tags(yaml.resolver.Resolver):
    """Tags nodes as PyYAML does, but without its ways to give tags by path, which nobody uses and every node pays."""

    def descend_resolver(self, *_: object) -> None: ...

    def ascend_resolver(self) -> None: ...

    def resolve(self, kind: type[yaml.Node], value: str, implicit: tuple[bool, bool]) -> str:
        """The tag of a node that has none: that of the first form which a plain scalar has, else text."""
        if kind is not yaml.ScalarNode:
            return _TAG + ("map" if kind is yaml.MappingNode else "seq")
        if implicit[0]:
            for tag, form in self.yaml_implicit_resolvers.get(value[:1], ()):
                if form.match(value):
                    return str(tag)
        return _TEXT


# libyaml's parser is ten times faster; PyYAML has it in every wheel, but not when built without the library.
_LOADER = type("Loader", (_Tags, getattr(yaml, "CSafeLoader", yaml.SafeLoader)), {})
_SAFE = yaml.constructor.SafeConstructor()
_SCALARS: dict[str, Callable[[yaml.ScalarNode], object]] = {
    _TEXT: lambda node: node.value,
    _TAG + "timestamp": lambda node: node.value,
    _TAG + "value": lambda node: node.value,
    _TAG + "merge": lambda node: node.value,
    _TAG + "null": lambda node: None,
    _TAG + "bool": _SAFE.construct_yaml_bool,
    _TAG + "int": _SAFE.construct_yaml_int,
    _TAG + "float": _SAFE.construct_yaml_float,
}


class Located(Struct, frozen=True):
    """The data of one YAML text and the line of each part of it."""

    file: str
    """As it is shown to people."""
    data: object
    """dict, list, str, int, float, bool or None."""
    root: yaml.Node | None = None
    first_line: int = 1
    """Line of `file` at which the text begins."""

    def line(self, *path: Step) -> int:
        r"""The 1-based line of the value under `path` (in a mapping: of its key); if missing, of its nearest parent.

        >>> text = read_text("a: 1\nb:\n  - x\n  - y\n", "f", Mistakes())
        >>> text.line("b"), text.line("b", 1), text.line("b", 7), text.line("c")
        (2, 4, 2, 1)
        """
        node, line = self.root, self.first_line
        for step in path:
            found = _child(node, step)
            if found is None:
                return line
            mark, node = found
            line = mark.start_mark.line + self.first_line
        return line


def read_file(path: Path, shown: str, mistakes: Mistakes) -> Located | None:
    """Read one YAML file; None when it cannot be read at all (then `mistakes` says why)."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        mistakes.add(shown, 0, f"cannot be read: {error.strerror}")
        return None
    if len(raw) > MAX_BYTES:
        mistakes.add(shown, 0, f"larger than {MAX_BYTES // 1024} KiB", "split it")
        return None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        mistakes.add(shown, raw[: error.start].count(b"\n") + 1, "not UTF-8", "save it as UTF-8")
        return None
    return read_text(text, shown, mistakes)


def read_text(text: str, shown: str, mistakes: Mistakes, first_line: int = 1) -> Located | None:
    r"""Read one YAML text that begins in a line of a file; None when it is no YAML.

    >>> found = Mistakes()
    >>> read_text("a: 1\na: 2\n", "rules/x.yaml", found).data
    {'a': 1}
    >>> found.lines()
    ("rules/x.yaml:2: key 'a' stands here twice; first in line 1",)
    """
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        mistakes.add(shown, mark.line + first_line if mark else 0, f"no YAML: {error.problem or error.context}")
        return None
    except (yaml.YAMLError, RecursionError) as error:
        mistakes.add(shown, 0, f"no YAML: {str(error).splitlines()[0]}")
        return None
    return Located(shown, _Plain(shown, mistakes, first_line).value(root), root, first_line)


class _Plain:
    """Turns nodes into plain data; counts values, so that aliases cannot explode."""

    def __init__(self, shown: str, mistakes: Mistakes, first_line: int) -> None:
        self.shown, self.mistakes, self.first_line, self.left = shown, mistakes, first_line, MAX_VALUES

    def value(self, node: yaml.Node | None, depth: int = 0) -> object:
        """The plain value of a node; None where it breaks a limit."""
        self.left -= 1
        if node is None:
            return None
        if self.left == 0:
            self.note(node, "too many values (an alias counts as often as it is used)", "write it plainly")
        if self.left <= 0:
            return None
        if depth > MAX_DEPTH:
            self.note(node, "nested too deeply", "write it flatter")
            return None
        if node.tag == _TEXT and isinstance(node, yaml.ScalarNode):  # nearly all of them
            return node.value
        if isinstance(node, yaml.MappingNode) and node.tag == _TAG + "map":
            return self.mapping(node, depth)
        if isinstance(node, yaml.SequenceNode) and node.tag == _TAG + "seq":
            return [self.value(item, depth + 1) for item in node.value]
        return self.scalar(node)

    def mapping(self, node: yaml.MappingNode, depth: int) -> dict[str, object]:
        """A mapping with text keys; of a repeated key the first value."""
        out: dict[str, object] = {}
        for key_node, value_node in node.value:
            if self.left <= 0:
                break
            if not isinstance(key_node, yaml.ScalarNode):
                self.note(key_node, "a key must be a word", "quote it")
                continue
            key = str(key_node.value)
            if key in out:
                first = next(one for one, _ in node.value if one.value == key_node.value).start_mark.line
                self.note(key_node, f"key '{key}' stands here twice", f"first in line {first + self.first_line}")
                continue
            out[key] = self.value(value_node, depth + 1)
        return out

    def scalar(self, node: yaml.Node) -> object:
        """A single value of one of the plain types."""
        make = _SCALARS.get(node.tag)
        if make is None or not isinstance(node, yaml.ScalarNode):
            self.note(
                node, f"tag {node.tag.replace(_TAG, '!!')} is not allowed", "use text, numbers, lists and mappings"
            )
            return None
        try:
            return make(node)
        except ValueError:
            self.note(node, f"'{node.value}' is no value of type {node.tag.replace(_TAG, '')}", "quote it")
            return None

    def note(self, node: yaml.Node, what: str, cure: str) -> None:
        """Note a mistake at a node."""
        self.mistakes.add(self.shown, node.start_mark.line + self.first_line, what, cure)


def _child(node: yaml.Node | None, step: Step) -> tuple[yaml.Node, yaml.Node] | None:
    """The node that marks the place of a child (its key, if it has one) and the child itself."""
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and 0 <= step < len(node.value):
        return node.value[step], node.value[step]
    return None
