"""A report → the same with names and addresses replaced: numbers, ranks and fingerprints stay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, TypeVar, cast

from msgspec import Struct
from msgspec.structs import replace

from triage.model.bundle import Gap
from triage.model.observation import Citation
from triage.model.report import CheckStep, FileCoverage, Hypothesis, Member, ReplicaCoverage, Report, Scope
from triage.model.text import Text, Value
from triage.redact.secrets import MODES, Hider, Mode

if TYPE_CHECKING:
    from triage.redact.pseudonyms import Pseudonyms
    from triage.redact.text import Redactor

T = TypeVar("T")
NOT_TO_PASTE = "# names are replaced, do not paste: "
"""Stands before each command of mode `full`: a shell then does nothing."""
NAME_NEEDED = "# put the real name in: "
"""Stands before a command of mode `names` that asks for a replaced name: a server would deny that it exists."""
_PLACES = {
    "node": "nodes",
    "replica": "pods",
    "subnet": "places",
    "pool": "places",
    "pod-range": "places",
    "az": "places",
}
"""Kind of scope to kind of name; roles, kernels and the cluster are nobody's."""
_NAMED = {"node": "nodes", "other_node": "nodes", "outside_node": "nodes", "replica": "pods", "namespace": "namespaces"}
"""Keys of parameters whose values are names of these kinds."""


def redact_report(
    report: Report, mode: Mode, pseudonyms: Pseudonyms | None = None, *, evidence: Mode = "none"
) -> Report:
    """The report with names (mode `names`), with addresses, nodes and pods too (`full`), replaced; secrets always.

    What is redacted already, in the report or in the `evidence` it was made from, is not redacted again. Without
    `pseudonyms` the key is new, and nobody can undo it.
    """
    said = report.redaction.get("mode")
    before = max(said if said in MODES else "none", evidence, key=MODES.index)
    now: Mode = mode if MODES.index(mode) > MODES.index(before) else "none"
    redactor = Hider() if now == "none" else _redactor(report, now, pseudonyms)
    after = max(before, now, key=MODES.index)
    found = _Walk(redactor, mark=after == "full").report(report)
    notes = found.notes if after in ("none", said) else (*found.notes, Text(f"redaction.{after}"))
    return replace(found, notes=notes, redaction={"mode": after, "counts": _sum(report, redactor.counts)})


def _redactor(report: Report, mode: Mode, pseudonyms: Pseudonyms | None) -> Redactor:
    from triage.redact.pseudonyms import Pseudonyms
    from triage.redact.text import Redactor

    entities = {name: kind for name, kind in _entities(report) if name}
    return Redactor(mode, pseudonyms or Pseudonyms(), entities, frozenset(_single_names(report)))


def _sum(report: Report, counts: Mapping[str, int]) -> dict[str, int]:
    before = report.redaction.get("counts")
    old = {k: n for k, n in before.items() if isinstance(n, int)} if isinstance(before, Mapping) else {}
    return {kind: old.get(kind, 0) + counts.get(kind, 0) for kind in sorted({*old, *counts})}


def _entities(report: Report) -> Iterator[tuple[str, str]]:
    """Names of nodes, pods and places, from the fields that hold them."""
    for row in report.coverage.replicas:
        yield row.name, "pods"
        yield row.node or "", "nodes"
        yield row.subnet or "", "places"
    yield from ((name, "pods") for name in report.affected)
    for value in _walk(report):
        if isinstance(value, (Scope, Member)) and value.member and value.kind in _PLACES:
            yield value.member, _PLACES[value.kind]
        names = value.names if isinstance(value, CheckStep) else value.params if isinstance(value, (Text, Gap)) else {}
        yield from ((str(names[key]), kind) for key, kind in _NAMED.items() if isinstance(names.get(key), str))
        if isinstance(value, Text) and value.key.startswith("the."):  # a place of the localiser: `the.subnet`
            member = value.params.get("member")
            kind = _PLACES.get(value.key.removeprefix("the."))
            if isinstance(member, str) and kind:
                yield member, kind
    context = (report.cluster or {}).get("context")
    if context:
        yield context, "places"


def _single_names(report: Report) -> Iterator[str]:
    """Names of one label (`payroll.`), from the fields that hold names only."""
    for value in _walk(report):
        names: list[object] = []
        if isinstance(value, Hypothesis):
            names = [value.zone]
        elif isinstance(value, CheckStep):
            names = [value.names.get("qname"), value.names.get("zone")]
        elif isinstance(value, Text):
            names = [
                *(v for v in value.params.values() if isinstance(v, str) and v.endswith(".")),
                value.params.get("zone"),
            ]
        for name in names:
            if isinstance(name, str) and "." not in name.rstrip(".") and name.rstrip(".") and " " not in name:
                yield name.rstrip(".").lower()


def _walk(value: object) -> Iterator[object]:
    """Every record in a record."""
    if isinstance(value, (tuple, Mapping)):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _walk(item)
    elif isinstance(value, Struct):
        yield value
        for name in value.__struct_fields__:
            yield from _walk(getattr(value, name))


class _Walk:
    """Replaces what the fields of a report hold, each by its kind."""

    def __init__(self, redactor: Redactor | Hider, *, mark: bool) -> None:
        self._redactor = redactor
        self._mark = mark

    def report(self, report: Report) -> Report:
        """The whole."""
        kept = {name: getattr(report, name) for name in ("tool", "redaction", "window")}
        return replace(self._record(report), **kept)

    def _record(self, value: T) -> T:
        assert isinstance(value, Struct)
        changed = {name: self._field(value, name, getattr(value, name)) for name in value.__struct_fields__}
        return cast("T", replace(value, **changed))

    def _field(self, owner: object, name: str, value: object) -> object:
        redactor = self._redactor
        if isinstance(value, str):
            place = (type(owner), name)
            if name in _KEPT:
                return value
            if place in _FILES:
                return self._file(value)
            if place in _ENTITIES:
                return redactor.entity(value)
            if name == "command":
                return self._command(value)
            return redactor.value(value)
        if isinstance(value, tuple):
            if (type(owner), name) in _ENTITIES:
                return tuple(redactor.entity(item) for item in value)
            if name in _KEPT:
                return value
            return tuple(self._field(owner, name, item) for item in value)
        if isinstance(value, Mapping):
            return {key: self._parameter(key, item) for key, item in value.items()}
        return self._record(value) if isinstance(value, Struct) else value

    def _parameter(self, key: str, value: Value) -> Value:
        redactor = self._redactor
        if isinstance(value, str):
            if key == "file":
                return self._file(value)
            return redactor.entity(value) if value.lower() in redactor.entities else redactor.value(value)
        if isinstance(value, tuple):
            return tuple(cast("str | Text", self._parameter(key, item)) for item in value)
        return self._record(value) if isinstance(value, Text) else value

    def _file(self, name: str) -> str:
        if isinstance(self._redactor, Hider):
            return self._redactor.text(name)
        from triage.redact.files import file_name

        return file_name(name, self._redactor)

    def _command(self, command: str) -> str:
        found = self._redactor.text(command)
        if found.startswith(NOT_TO_PASTE):
            return found
        if self._mark:
            return NOT_TO_PASTE + found.removeprefix(NAME_NEEDED)
        is_name_gone = not isinstance(self._redactor, Hider) and found != command and "dig " in command
        return NAME_NEEDED + found if is_name_gone and not found.startswith(NAME_NEEDED) else found


_KEPT = frozenset(
    {"id", "key", "cause", "severity", "effect", "direction", "strength", "kind", "framing", "version", "asked"}
    | {"cannot_rule_out", "references"}
)
"""Fields of our own vocabulary."""
_FILES = frozenset({(Citation, "file"), (FileCoverage, "file")})
_ENTITIES = frozenset(
    {
        *((ReplicaCoverage, name) for name in ("name", "node", "subnet")),
        *((kind, "member") for kind in (Scope, Member)),
        (Scope, "replicas"),
        (Report, "affected"),
    }
)
