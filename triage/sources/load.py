"""Everything the user named → one bundle."""

from __future__ import annotations

import difflib
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, get_args

from msgspec.structs import replace

from triage.errors import TriageError
from triage.model.bundle import Bundle, Document, Gap, Kind, Redaction
from triage.sources import folder, names, urls
from triage.sources.archives import Unpacking, expand, note_end
from triage.sources.found import Found, read_up_to, shown
from triage.sources.limits import Limits
from triage.sources.recognise import Budget, recognise
from triage.sources.stdin import of_pipe, of_stdin

_TWIN_BYTES = 4 * 1024 * 1024
"""Larger logs are not compared."""
_GLANCE_BYTES = 4 * 1024
"""Enough to tell most logs of one replica apart."""


def load(paths: Sequence[str], *, stdin: BinaryIO | None = None, limits: Limits = Limits()) -> Bundle:  # noqa: B008
    """Read folders, files, archives and `-` (standard input) into a bundle.

    Files that nobody knows become documents of kind IGNORED; an empty folder gives an empty bundle.

    Raises:
        TriageError: a path does not exist or is no file or folder (exit code 2).
    """
    _check(paths, stdin)
    budget = Budget(limits.max_structured_bytes)
    state = Unpacking(limits)
    documents: list[Document] = []
    for item in _bounded(_expanded(_find(paths, stdin, limits), state), limits, state.gaps):
        documents += [item] if isinstance(item, Document) else _recognised(item, limits, budget, state)
    documents = _mark_previous(_name_streams(_without_twins(documents)))
    gaps = [*state.gaps, *_collected(documents), *_refused(documents)]
    unique = tuple(_unique(documents))
    return Bundle(unique, tuple(gaps), _context(documents), _redaction(documents), _since_ns(documents))


def _recognised(found: Found, limits: Limits, budget: Budget, state: Unpacking) -> list[Document]:
    """Documents of a file; of a compressed one that is no log, whether it is broken."""
    documents = recognise(found, limits, budget)
    if found.stored_bytes is not None and any(d.kind is not Kind.LOG for d in documents):
        note_end(found, state, limits.max_text_bytes)
    return documents


def _redaction(documents: Sequence[Document]) -> Redaction:
    """What was replaced in our own bundles; the least, when several say different things."""
    modes = {d.hints.get("redaction", "none") for d in documents if "troubles" in d.hints}
    return next((mode for mode in get_args(Redaction) if mode in modes), "none")


def _since_ns(documents: Sequence[Document]) -> int | None:
    """From when on our own bundles hold lines; the latest, when several say different things."""
    told = [d.hints["since"] for d in documents if "since" in d.hints]
    if not told:
        return None
    from triage.sources.live.stamps import stamp_ns

    return max((since for text in told if (since := stamp_ns(text.encode())) is not None), default=None)


def _collected(documents: Sequence[Document]) -> list[Gap]:
    """What the manifests of our own bundles say that could not be read."""
    gaps: list[Gap] = []
    for d in documents:
        if "troubles" in d.hints:
            from triage.sources.live.gaps import from_data, gaps_of

            gaps += [Gap(f"gap.product-{name}") for name in d.hints.get("products", "").split()]
            gaps += gaps_of(from_data(json.loads(d.hints["troubles"])))
    return gaps


def _refused(documents: Sequence[Document]) -> list[Gap]:
    """A gap for each read that the collecting script was refused."""
    return [
        Gap("gap.read-refused", {"read": read, "file": d.file})
        for d in documents
        for read in d.hints.get("refused", "").splitlines()
    ]  # fmt: skip


def _context(documents: Sequence[Document]) -> dict[str, str]:
    """What the collection tells about the cluster; the first file that tells it counts."""
    context: dict[str, str] = {}
    for d in documents:
        if d.why_ignored in {"ignored.version", "ignored.own-file", "ignored.report"}:
            for key in ("context", "server_version", "distribution"):
                if key in d.hints:
                    context.setdefault(key, d.hints[key])
    return context


def _expanded(items: Iterable[Found | Document], state: Unpacking) -> Iterator[Found | Document]:
    for item in items:
        if isinstance(item, Document):
            yield item
        else:
            yield from expand(item, state)


def _check(paths: Sequence[str], stdin: BinaryIO | None) -> None:
    if not paths:
        raise TriageError("no path was given", hint="name a folder, a file or an archive, or `-` for standard input")
    for given in paths:
        if not given:
            raise TriageError("a path is empty", hint="is a variable of the shell unset?")
        if given == "-":
            if stdin is None:
                raise TriageError(
                    "nothing to read from standard input", hint="pipe a text into the command, or name a file"
                )
            continue
        if urls.is_url(given):
            continue
        kind = folder.kind_of_path(Path(given))
        if kind == "missing":
            raise _missing(given)
        if kind == "special":
            raise TriageError(
                "neither a file nor a folder: {path}",
                hint="devices and sockets are read as standard input: … | triage analyze -",
                path=shown(given),
            )
        if not os.access(given, os.R_OK):
            raise TriageError(
                "not allowed to read {path}", hint="run as a user who may, or copy the file", path=shown(given)
            )


def _missing(given: str) -> TriageError:
    """What to say of a path that is not there: names beside it that look like it."""
    path = Path(given)
    parent = path.parent
    close: list[str] = []
    hint = "check the spelling"
    try:
        close = difflib.get_close_matches(path.name, sorted(os.listdir(parent)), n=3, cutoff=0.6)  # noqa: PTH208 - names only
    except (OSError, ValueError):
        hint = "the folder {parent} does not exist either" if str(parent) != "." else hint
    return TriageError(
        "no such file or folder: {path}",
        hint="did you mean {known}?" if close else hint,
        path=shown(given),
        parent=shown(str(parent)),
        known=", ".join(shown(str(parent / name)) for name in close),
    )


def _find(paths: Sequence[str], stdin: BinaryIO | None, limits: Limits) -> Iterator[Found | Document]:
    """Files of all paths; a file that is reached twice counts once."""
    seen: set[tuple[int, int]] = set()
    for url in dict.fromkeys(path for path in paths if urls.is_url(path)):
        yield from urls.files_of(url, limits)
    roots = _labels([path for path in paths if not urls.is_url(path)])
    for given, label in roots:
        if given == "-":
            yield of_stdin(stdin, limits)
            continue
        path = Path(given)
        kind = folder.kind_of_path(path)
        if kind == "pipe":
            yield of_pipe(path, limits)
            continue
        if kind == "file":
            if _is_new(path, seen):
                yield folder.of_file(path, label, label, given=True)
            continue
        for item in folder.walk(path, label, limits):
            if isinstance(item, Document) or _is_new(path / item.name.removeprefix(label), seen):
                yield item


def _labels(paths: Sequence[str]) -> list[tuple[str, str]]:
    """Each distinct path with the name it has in the bundle: nothing before the files of a single folder."""
    distinct: dict[str, str] = {}
    for given in paths:
        distinct.setdefault("-" if given == "-" else os.path.realpath(given), given)
    given_paths = list(distinct.values())
    bases = Counter(Path(g).name for g in given_paths)
    labels = []
    for given in given_paths:
        path = Path(given)
        if path.is_dir() and given != "-":
            alone = len(given_paths) == 1
            label = (
                "" if alone else shown(path.name if bases[path.name] == 1 and path.name else given.rstrip("/")) + "/"
            )
        else:
            label = shown(path.name) if bases[path.name] == 1 else shown(given)
        labels.append((given, label))
    return labels


def _is_new(path: Path, seen: set[tuple[int, int]]) -> bool:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return True
    key = (status.st_dev, status.st_ino)
    new = key not in seen
    seen.add(key)
    return new


def _bounded(items: Iterable[Found | Document], limits: Limits, gaps: list[Gap]) -> Iterator[Found | Document]:
    for number, item in enumerate(items):
        if number >= limits.max_files:
            gaps.append(Gap("gap.too-many-files", {"read": str(limits.max_files)}))
            return
        yield item


def _name_streams(documents: Sequence[Document]) -> list[Document]:
    """Several logs whose files name no pod are still told apart: by their file's name, if it is a name of its own."""
    unnamed = [d for d in documents if d.kind is Kind.LOG and d.replica is None and "#" not in d.name]
    stems = {d.name: names.stream_name(names.stem_of(d.name)[0]) for d in unnamed}
    if len(set(stems.values())) < 2:
        return list(documents)
    return [
        replace(d, replica=stem, hints={**d.hints, "replica-from": "file-name"}) if (stem := stems.get(d.name)) else d
        for d in documents
    ]  # fmt: skip


def _mark_previous(documents: Sequence[Document]) -> list[Document]:
    """The kubelet numbers a container's logs by its restarts: all but the highest number are of previous containers."""
    last: dict[tuple[str | None, ...], int] = {}
    for d in documents:
        if "restart" in d.hints:
            last[_run(d)] = max(last.get(_run(d), 0), int(d.hints["restart"]))
    return [_numbered(d, last[_run(d)]) if "restart" in d.hints else d for d in documents]


def _run(document: Document) -> tuple[str | None, ...]:
    return document.namespace, document.replica, document.container


def _numbered(document: Document, last: int) -> Document:
    return replace(document, previous=int(document.hints["restart"]) < last)  # fmt: skip


def _without_twins(documents: Sequence[Document]) -> list[Document]:
    """The same log of the same replica twice (unpacked beside its archive, linked and copied) counts once."""
    looks = {n: (d.replica, b"") for n, d in enumerate(documents) if _may_be_twin(d)}
    for n_bytes in (_GLANCE_BYTES, _TWIN_BYTES):
        common = Counter(looks.values())
        looks = {n: (look[0], _digest(documents[n], n_bytes)) for n, look in looks.items() if common[look] > 1}
    kept, seen = list(documents), dict[tuple[str | None, bytes], str]()
    for n, look in looks.items():
        twin = seen.setdefault(look, kept[n].name)
        if look[1] and twin != kept[n].name:
            hints = {**kept[n].hints, "twin": twin}
            kept[n] = replace(kept[n], kind=Kind.IGNORED, why_ignored="ignored.duplicate", hints=hints)
    return kept


def _may_be_twin(document: Document) -> bool:
    is_small = document.size_bytes is None or 0 < document.size_bytes < _TWIN_BYTES
    return document.kind is Kind.LOG and document.replica is not None and "#" not in document.name and is_small


def _digest(document: Document, n_bytes: int) -> bytes:
    """Of the first bytes; empty when there are none, or too many to tell."""
    import hashlib

    with document.open() as stream:
        head = read_up_to(stream, n_bytes)
    return hashlib.sha256(head).digest() if 0 < len(head) < _TWIN_BYTES else b""


def _unique(documents: Iterable[Document]) -> Iterator[Document]:
    """Documents in the order of their names; equal names get a number."""
    count: Counter[str] = Counter()
    for document in documents:
        count[document.name] += 1
        number = count[document.name]
        yield document if number == 1 else replace(document, name=f"{document.name}#{number}")
