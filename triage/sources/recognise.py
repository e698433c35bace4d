"""A file → documents: decoded, recognised by its content, JSON and YAML as plain data, several kinds cut apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from triage.model.bundle import Document, Kind, document_of_text
from triage.model.late import late
from triage.sources import names, shape, structured
from triage.sources.blocks import has_commands, is_mixed, tables
from triage.sources.decode import decode, encoding_of
from triage.sources.found import BROKEN, Found, bytes_opener, read_up_to
from triage.sources.layouts import PodLog, host_of_bundle, is_other_namespace, pod_log_of
from triage.sources.limits import Limits
from triage.sources.pasted import Part, parts_of
from triage.sources.special import errors_of, is_error_file, kind_of_empty_list, special_of
from triage.sources.structured import NotReadableError

_OBJECT_JSON = late(r'"(?:kind|apiVersion)"\s*:\s*"')
_SPECIAL_JSON = late(r'"(?:schema|gitVersion|containerLog)"\s*:\s*"')
_OBJECT_YAML = late(r"^(?:- )?(?:apiVersion|kind):\s*\S", re.MULTILINE)


class Budget(Struct):
    """What is left of the limits that hold over all documents of one load."""

    structured_bytes: int


def recognise(found: Found, limits: Limits, budget: Budget) -> list[Document]:
    """All documents of one file; at least one, an ignored one when nothing is known of it. Never raises."""
    head = found.head(limits.head_bytes)
    encoding = encoding_of(head)
    place = pod_log_of(found.layout_path)
    if place is not None and place.ignored:
        return [found.ignored(place.ignored, **place.hints)]
    if place is None and is_other_namespace(found.layout_path):
        return [found.ignored("ignored.other-namespace")]
    if encoding is None:
        return [found.ignored("ignored.binary")]
    text = decode(head, encoding)
    is_whole = len(head) < limits.head_bytes
    if place is not None:
        return [_log(found, encoding, place)]
    if not is_whole and not _may_be_mixed(text):
        kind = shape.shape_of(_whole_lines(text), found.layout_path)
        if kind is not None and kind.kind is Kind.LOG:
            return [_log(found, encoding, None)]
    if found.size_bytes is not None and found.size_bytes > limits.max_text_bytes:
        return [_large(found, encoding, text)]
    if not is_whole:
        raw = _read(found, limits.max_text_bytes + 1)
        if len(raw) > limits.max_text_bytes:
            return [_large(found, encoding, text)]
        text = decode(raw, encoding)
    return _from_text(found, text, encoding, limits, budget)


def _from_text(found: Found, text: str, encoding: str, limits: Limits, budget: Budget) -> list[Document]:
    why = shape.secret_reason(text)
    if why:
        return [found.ignored(why)]
    objects = _from_objects(found, text, limits, budget)
    if objects is not None:
        return objects
    hints = {} if encoding == "utf-8" else {"encoding": encoding}
    if is_error_file(text):
        return [found.ignored("ignored.collection-errors", **errors_of(text))]
    commands = has_commands(text, found.layout_path)
    kind = None if commands else _whole(text, found.layout_path)
    if kind is None and (commands or is_mixed(text, found.layout_path)):
        parts = parts_of(text, max_parts=limits.max_parts)
        return _number(found, _from_parts(found, parts, limits, budget), hints) or [found.ignored("ignored.no-output")]
    kind = kind or shape.shape_of(text, found.layout_path)
    if kind is None:
        return [found.ignored("ignored.unknown", **hints)]
    if kind.kind is Kind.LOG:
        return [_log(found, encoding, None)]
    if kind.hints.get("form") == "describe" and kind.kind is Kind.COREFILE:
        return _number(found, _from_parts(found, parts_of(text, max_parts=limits.max_parts), limits, budget), hints)
    part = Part(
        kind=kind.kind,
        text=text,
        host=kind.host or host_of_bundle(found.layout_path),
        command=kind.command,
        why_ignored=kind.why_ignored,
        hints=kind.hints,
    )
    return [replace(d, hints={**d.hints, **hints}) for d in _from_parts(found, [part], limits, budget)]


def _from_objects(
    found: Found, text: str, limits: Limits, budget: Budget, first_line: int = 1
) -> list[Document] | None:
    """Documents of a JSON or YAML text with Kubernetes objects; None when it is another text."""
    is_json = _starts_as_json(text)
    if is_json and not _OBJECT_JSON.search(text[:65536]) and not _SPECIAL_JSON.search(text[:65536]):
        return None
    if not is_json and not _OBJECT_YAML.search(text[:65536]):
        return None
    if len(text) > budget.structured_bytes:
        return [found.ignored("ignored.too-large")]
    try:
        data: object = structured.load_json(text) if is_json else _yaml(text, limits.max_aliases)
    except NotReadableError as error:
        is_other = (is_json and _is_json_lines(text)) or has_commands(text, found.layout_path)
        return (
            None
            if is_other or not _starts_as_object(text)
            else [found.ignored("ignored.unreadable", detail=str(error))]
        )
    objects = list(structured.objects_in(data))
    if not objects:
        return _without_objects(found, data)
    budget.structured_bytes -= len(text)
    return _objects(found, text, objects, first_line)


def _without_objects(found: Found, data: object) -> list[Document] | None:
    """Empty lists (an answer, too) and JSON files with a meaning of their own."""
    if isinstance(data, list) and len(data) == 1:  # YAML may hold several documents
        data = data[0]
    kind = kind_of_empty_list(data, found.layout_path)
    if kind is not None:
        (to, what), *_ = structured.sort_objects([{"kind": kind}])
        empty = document_of_text(
            found.name, to, "", file=found.file, data=data, hints={"form": "objects", "count": "0"}
        )
        return [empty if to is not Kind.IGNORED else found.ignored(what)]
    special = special_of(data)
    if special is None:
        return None
    if special.log is not None:
        hints = {"layout": "aks-periscope"}
        more = {"replica": special.replica, "container": special.container, "file": found.file, "hints": hints}
        return [document_of_text(found.name, Kind.LOG, special.log, **more)]
    return [found.ignored(special.why_ignored or "ignored.unknown", **special.context)]


def _starts_as_json(text: str) -> bool:
    """True for `{` and for `[` before a value; `[INFO]` and `[root@host ~]#` begin otherwise."""
    return re.match(r"\s{0,4000}(?:\{|\[\s*[\[{\"\]])", text[:8192]) is not None


def _starts_as_object(text: str) -> bool:
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith(("#", "---"))), "")
    return _starts_as_json(first) or _OBJECT_YAML.match(first) is not None


def _is_json_lines(text: str) -> bool:
    """One object a line: a log in JSON, not a document."""
    lines = [line for line in text[:65536].splitlines() if line.strip()][:5]
    return len(lines) > 1 and all(line.lstrip().startswith("{") and len(line) > 2 for line in lines)


def _objects(found: Found, text: str, objects: Sequence[Mapping[str, object]], first_line: int) -> list[Document]:
    raw = text.encode("utf-8", errors="replace")
    groups = structured.sort_objects(objects)
    documents = []
    for (kind, what), items in groups.items():
        name = found.name if len(groups) == 1 else f"{found.name}#{what.removeprefix('ignored.')}"
        data = items[0] if len(items) == 1 else {"apiVersion": "v1", "kind": "List", "items": items}
        why = what if kind is Kind.IGNORED else None
        documents.append(
            Document(
                name=name,
                kind=kind,
                file=found.file,
                open=bytes_opener(b"" if why else raw),
                size_bytes=len(raw),
                first_line=first_line,
                data=None if why else data,
                why_ignored=why,
                hints={"form": "objects"} if why is None else {"form": "objects", "count": str(len(items))},
            )
        )
    return documents


def _log(found: Found, encoding: str, place: PodLog | None) -> Document:
    """A log as it lies there: its bytes stay raw, `reading` decodes them."""
    stem, previous = names.stem_of(found.layout_path or found.name)
    hints = {} if encoding == "utf-8" else {"encoding": encoding}
    document = Document(
        name=found.name,
        kind=Kind.LOG,
        file=found.file,
        open=found.open,
        size_bytes=found.size_bytes,
        stored_bytes=found.stored_bytes,
        replica=names.pod_in(stem),
        container=names.container_of(stem),
        previous=previous,
        hints=hints,
    )
    if place is None:
        return document
    return replace(
        document,
        replica=place.pod,
        container=place.container or names.container_of(place.pod),
        namespace=place.namespace,
        previous=place.previous,
        hints={**hints, **place.hints},
    )


def _large(found: Found, encoding: str, head: str) -> Document:
    """Too large to be read as a whole: only a log may be so."""
    kind = shape.shape_of(_whole_lines(head), found.layout_path)
    return _log(found, encoding, None) if kind and kind.kind is Kind.LOG else found.ignored("ignored.too-large")


def _whole_lines(text: str) -> str:
    return text[: text.rfind("\n") + 1] or text


def _whole(text: str, name: str) -> shape.Shape | None:
    """The kind of a text that can be nothing else besides; logs, tool outputs and prose may hold other things."""
    kind = shape.shape_of(text, name)
    if kind is None or kind.kind in {Kind.LOG, Kind.TOOL, Kind.PROSE} or tables(text) > 1:
        return None
    return kind


def _may_be_mixed(text: str) -> bool:
    is_document = _starts_as_json(text) and not _is_json_lines(text)
    return is_document or has_commands(text, "") or _OBJECT_YAML.match(text) is not None


def _read(found: Found, n_bytes: int) -> bytes:
    try:
        with found.open() as stream:
            return read_up_to(stream, n_bytes)
    except BROKEN:
        return b""


def _from_parts(found: Found, parts: Sequence[Part], limits: Limits, budget: Budget) -> Iterator[Document]:
    for part in parts:
        inner = Found(name=found.name, file=found.file, open=found.open, layout_path=found.layout_path)
        if part.kind is Kind.OBJECTS:
            objects = _from_objects(inner, part.text, limits, budget, part.first_line)
            yield from (replace(d, host=part.host, command=part.command) for d in objects or [])
            if objects is not None:
                continue
            part = replace(part, kind=Kind.IGNORED, why_ignored="ignored.unreadable")
        data: object = None
        if part.kind is Kind.SUBNETS:
            data = _subnets(part.text)
        raw = part.text.encode("utf-8", errors="replace")
        kind = Kind.IGNORED if part.kind is Kind.SUBNETS and data is None else part.kind
        yield Document(
            name=found.name,
            kind=kind,
            file=found.file,
            open=bytes_opener(raw),
            size_bytes=len(raw),
            first_line=part.first_line,
            data=data,
            replica=part.replica or _replica_of_scrape(found, kind),
            container=part.container or (names.container_of(part.replica) if kind is Kind.LOG else None),
            namespace=part.namespace,
            previous=part.previous,
            host=part.host,
            command=part.command,
            why_ignored=part.why_ignored or ("ignored.unreadable" if kind is not part.kind else None),
            hints=part.hints,
        )


def _replica_of_scrape(found: Found, kind: Kind) -> str | None:
    return names.pod_in(names.stem_of(found.layout_path or found.name)[0]) if kind is Kind.SCRAPE else None


def _subnets(text: str) -> object:
    try:
        loaded = _yaml(text, 0)
    except NotReadableError:
        return None
    return loaded[0] if len(loaded) == 1 and isinstance(loaded[0], dict) else None


def _yaml(text: str, max_aliases: int) -> list[object]:
    from triage.sources.yaml_text import load_yaml

    return load_yaml(text, max_aliases=max_aliases)


def _number(found: Found, documents: Iterator[Document], hints: Mapping[str, str]) -> list[Document]:
    """Names of the parts of one text: `#1`, `#2` … behind the file's."""
    parts = list(documents)
    if len(parts) == 1:
        return [replace(parts[0], hints={**parts[0].hints, **hints})]
    return [replace(d, name=f"{found.name}#{n}", hints={**d.hints, **hints}) for n, d in enumerate(parts, 1)]
