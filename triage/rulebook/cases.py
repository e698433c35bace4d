"""Cases beside the rules: evidence and the expected verdict in one plain file (Go's txtar form)."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from triage.rulebook.fields import Fields
from triage.rulebook.judge import QUIET, SCOPED, Expectation, judge
from triage.rulebook.locate import read_text
from triage.rulebook.mistakes import Mistakes, hint
from triage.rulebook.words import SCOPE_KINDS

EXPECT = "expect.yaml"
MADE_UP = "Made up"
REAL = ("Modelled on", "Recorded")
LOOK_ALIKE = "look-alike-"
_SECTION = re.compile(r"-- (\S+) --")
_ALMOST = re.compile(r"-- ?[^\s-].*")
_NAMES = frozenset(
    {"all-replicas.log", "Corefile", "resolv.conf", "subnets.yaml", "terminal.txt", EXPECT}
    | {f"{name}.{end}" for name in ("pods", "nodes", "events") for end in ("txt", "json", "yaml")}
    | {"coredns.yaml", "coredns.json", "coredns-custom.yaml"}
)
_NAME = re.compile(r"[\w.-]+\.(?:log|resolv\.conf|prom)|checks-[\w-]+\.txt")
_STREAM_ERROR = re.compile(r'failed to (?:create fsnotify watcher|watch (?:file|directory) "[^"\n]*"): [^\n]*\n\Z')
_DECIDABLE = {"True": "yes", "False": "no"}
"""YAML 1.1 reads a bare yes and no as truth values."""


class Case(Struct, frozen=True):
    """One incident, real or made up, and what the program has to say about it."""

    name: str
    file: str
    """As it is shown to people."""
    cause: str
    """The rule it lies beside."""
    comment: str
    """The story and where its lines come from; never shown to the program."""
    files: Mapping[str, str]
    """Evidence by file name, as it would have been streamed."""
    expect: Expectation

    @property
    def look_alike(self) -> bool:
        """Whether it only resembles its rule's cause, which must then not rank first."""
        return self.name.startswith(LOOK_ALIKE)

    @property
    def real(self) -> bool:
        """Whether the comment names an incident or a recording."""
        return self.comment.startswith(REAL)


def read_cases(folder: Path, shown: str, causes: Collection[str], mistakes: Mistakes) -> tuple[Case, ...]:
    """All cases of the rules in a folder, ordered by file; what is wrong with them is noted."""
    cases = []
    for path in sorted(folder.glob("*/cases/*")):
        name, cause = f"{shown}/{path.relative_to(folder).as_posix()}", path.parent.parent.name
        if path.suffix != ".txtar":
            mistakes.add(name, 0, "a case ends in .txtar", "rename it")
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            mistakes.add(name, 0, f"cannot be read: {error}")
            continue
        case = parse_case(text, file=name, cause=cause, causes=causes, mistakes=mistakes)
        if case is not None:
            cases.append(case)
    return tuple(cases)


def parse_case(text: str, *, file: str, cause: str, causes: Collection[str], mistakes: Mistakes) -> Case | None:
    """Read one case; None when it cannot be judged (then `mistakes` says why)."""
    comment, sections, lines = _split(text, file, mistakes)
    if not comment.startswith((MADE_UP, *REAL)):
        cure = f"begin with '{MADE_UP}.', 'Modelled on SOURCE (facts only).' or 'Recorded from …'"
        mistakes.add(file, 1, "the comment does not say where the lines come from", cure)
    expected = sections.pop(EXPECT, None)
    if expected is None or not expected.strip():
        mistakes.add(file, 0, f"no section {EXPECT}", "a case is a pair: evidence and what is expected")
        return None
    if not sections:
        mistakes.add(file, 0, "no evidence", "add a section such as -- coredns-aaaaa.log --")
    source = read_text(expected, file, mistakes, lines[EXPECT] + 1)
    if source is None:
        return None
    labels = {*causes, *QUIET, *(SCOPED[word] for word in SCOPED if word in causes)}
    expect = _expectation(Fields(source, mistakes), labels)
    case = Case(Path(file).stem, file, cause, comment, {n: as_streamed(n, b) for n, b in sections.items()}, expect)
    _check_side(case, lines[EXPECT], mistakes)
    return case


def as_streamed(name: str, body: str) -> str:
    r"""The kubelet's error text ends a real stream without a newline; a section needs one.

    >>> as_streamed("a.log", "x\nfailed to create fsnotify watcher: too many open files\n")[-5:]
    'files'
    """
    return body[:-1] if name.endswith(".log") and _STREAM_ERROR.search(body) else body


def unpack(case: Case, folder: Path) -> None:
    """Write the evidence of a case, and nothing else of it, into a folder."""
    for name, body in case.files.items():
        (folder / name).write_bytes(body.encode())


def run_cases(
    cases: Iterable[Case], analyze: Callable[[Path], Mapping[str, object]]
) -> Iterator[tuple[Case, tuple[str, ...]]]:
    """Analyse the evidence of each case in a folder of its own; the case and what is wrong with the answer.

    `analyze` maps a folder to the report as `-o json` prints it.
    """
    for case in cases:
        with tempfile.TemporaryDirectory(prefix="triage-case-") as folder:
            unpack(case, Path(folder))
            report = analyze(Path(folder))
        yield case, judge(case.expect, report, never_first=case.cause if case.look_alike else None)


def _split(text: str, file: str, mistakes: Mistakes) -> tuple[str, dict[str, str], dict[str, int]]:
    """Comment, sections by name, and the line of each section's head."""
    comment: list[str] = []
    parts: dict[str, list[str]] = {}
    lines: dict[str, int] = {}
    current = comment
    for number, line in enumerate(text.split("\n"), 1):
        head = _SECTION.fullmatch(line)
        if head is None:
            if _ALMOST.fullmatch(line):
                mistakes.add(file, number, f"'{line[:60]}' looks like the head of a section", "write -- name --")
            current.append(line)
            continue
        name = head[1]
        _check_name(name, name in parts, file, number, mistakes)
        current = parts[name] = []
        lines[name] = number
    sections = {name: "\n".join(body) for name, body in parts.items()}
    if current is not comment and current and current[-1] != "":
        mistakes.add(file, text.count("\n") + 1, "no newline at the end", "add one")
    for name, body in sections.items():
        if not body.strip():
            mistakes.add(file, lines[name], f"section {name} is empty", "fill it or leave it out")
        elif not body.endswith("\n"):
            sections[name] = body + "\n"
    return "\n".join(comment).strip(), sections, lines


def _check_name(name: str, twice: bool, file: str, line: int, mistakes: Mistakes) -> None:
    """A section is a file that people save under this name."""
    if twice:
        mistakes.add(file, line, f"section {name} stands here twice", "join them")
    elif name not in _NAMES and not _NAME.fullmatch(name):
        known = [
            *_NAMES,
            "<replica>.log",
            "<replica>.previous.log",
            "<node>.resolv.conf",
            "<replica>.prom",
            "checks-*.txt",
        ]
        mistakes.add(file, line, f"unknown section '{name}'", hint(name, known))


def _expectation(top: Fields, labels: Collection[str]) -> Expectation:
    """Read `expect.yaml`."""
    decidable = str(top.take("decidable") if top.has("decidable") else "yes")
    decidable = _DECIDABLE.get(decidable, decidable)
    top.known(decidable, ("yes", "partly", "no"), "value of decidable", "decidable")
    first = top.words("first", labels, "cause")
    if not 1 <= len(first) <= 3:
        top.note("'first' names one to three causes", "write first: [a-cause]", "first")
    low, high = top.number("min_probability", 0.0, low=0, high=1), top.number("max_probability", 1.0, low=0, high=1)
    if low > high:
        top.note("min_probability is above max_probability", "swap them", "min_probability")
    expect = Expectation(
        decidable=decidable,
        first=first,
        upstreams=_upstreams(top) if top.has("upstream") else None,
        scope=_scope(top) if top.has("scope") else None,
        absent=top.words("absent", labels, "cause"),
        min_probability=low,
        max_probability=high,
    )
    top.text("note", "")
    top.close()
    return expect


def _upstreams(top: Fields) -> tuple[str, ...]:
    """One of these must be named; empty: none may be."""
    value = top.take("upstream")
    many = value if isinstance(value, list) else [] if value is None else [value]
    if not all(isinstance(one, str) and one.rpartition(":")[2].isdecimal() for one in many):
        top.note("'upstream' must be ip:port, a list of them, or null", 'write "10.9.9.9:53"', "upstream")
    return tuple(str(one) for one in many)


def _scope(top: Fields) -> tuple[str, tuple[str | None, ...]]:
    """Kind and possible members; `("", ())` when no place may be claimed."""
    fields = top.section("scope")
    if fields is None:
        return "", ()
    kind = fields.word("kind", SCOPE_KINDS, "scope kind")
    member = fields.take("member")
    members = tuple(member) if isinstance(member, list) else (member,)
    if not members or not all(isinstance(one, str) or (one is None and kind == "cluster") for one in members):
        fields.note("'member' must be a name or a list of names", "null only for the cluster", "member")
    fields.close()
    return kind, tuple(None if one is None else str(one) for one in members)


def _check_side(case: Case, line: int, mistakes: Mistakes) -> None:
    """A hit expects its own rule first, a look-alike never does."""
    own = {case.cause, SCOPED.get(case.cause, case.cause)} | (QUIET if case.cause in QUIET else set())
    hits = own & set(case.expect.first)
    if case.look_alike and hits:
        mistakes.add(case.file, line, f"a look-alike expects its own rule '{case.cause}' first", "rename it")
    elif not case.look_alike and not hits:
        mistakes.add(case.file, line, f"does not expect its own rule '{case.cause}' first", f"name it {LOOK_ALIKE}…")
