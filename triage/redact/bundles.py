"""A bundle → the same with names and addresses replaced in every document, read again as it is opened."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import BinaryIO

from msgspec import Struct
from msgspec.structs import replace

from triage.model.bundle import Bundle, Document, Kind
from triage.redact.files import file_name
from triage.redact.pseudonyms import Pseudonyms
from triage.redact.secrets import MODES, Mode
from triage.redact.text import Redactor

_BLOCK = 1 << 20
_CELL = re.compile(r"(?P<cell>[^ \n]+(?: [^ \n]+)*)(?P<gap> {2,}(?=\S))?")
_TABLES = frozenset({Kind.PODS, Kind.NODES, Kind.EVENTS})


def redact_bundle(
    bundle: Bundle,
    mode: Mode,
    pseudonyms: Pseudonyms | None = None,
    *,
    entities: Iterable[tuple[str, str]] = (),
    words: Iterable[str] = (),
) -> Bundle:
    """The bundle under this mode; lines keep their numbers and tables their columns.

    `entities` are names with their kind (`nodes`, `pods`, `namespaces`) beside those that the documents' own fields
    hold; `words` are zones and search domains of one label. `counts` of the replacements grow as documents are read.
    """
    if MODES.index(bundle.redaction) >= MODES.index(mode) and mode != "none":
        return bundle
    known = {name: kind for name, kind in (*entities, *_told(bundle)) if name}
    pseudonyms, zones = pseudonyms or Pseudonyms(), frozenset(word.lower() for word in words)
    redactor = Redactor(mode, pseudonyms, known, zones)
    # Places and namespaces have names such as `errors`, and no line of a log speaks of them.
    narrow = Redactor(mode, pseudonyms, {n: k for n, k in known.items() if k not in {"places", "namespaces"}}, zones)
    return replace(
        bundle,
        documents=tuple(_document(d, redactor, narrow if d.kind is Kind.LOG else redactor) for d in bundle.documents),
        gaps=tuple(replace(g, params={k: redactor.value(v) for k, v in g.params.items()}) for g in bundle.gaps),
        context={key: redactor.text(value) for key, value in bundle.context.items()},
        redaction=mode,
    )


def _told(bundle: Bundle) -> Iterator[tuple[str, str]]:
    for d in bundle.documents:
        yield d.replica or "", "pods"
        yield d.host or "", "nodes"
        yield d.hints.get("node", ""), "nodes"
        yield d.namespace or "", "namespaces"
    yield bundle.context.get("context", ""), "places"


def _document(document: Document, redactor: Redactor, inside: Redactor) -> Document:
    def entity(name: str | None) -> str | None:
        return None if name is None else redactor.entity(name)

    table = document.kind in _TABLES and document.data is None
    return replace(
        document,
        name=file_name(document.name, redactor),
        file=file_name(document.file, redactor),
        open=_Opener(document, inside, table),
        data=_data(document.data, redactor),
        replica=entity(document.replica),
        host=entity(document.host),
        namespace=entity(document.namespace),
        command=document.command and redactor.text(document.command),
        hints={key: redactor.value(value) for key, value in document.hints.items()},
    )


class _Opener(Struct, frozen=True):
    """Opens a document redacted; it can be sent to another process."""

    document: Document
    redactor: Redactor
    table: bool

    def __call__(self) -> BinaryIO:
        redact = _aligned(self.redactor.text) if self.table else self.redactor.text
        return io.BufferedReader(_Redacted(self.document.open(), redact), _BLOCK)


class _Redacted(io.RawIOBase):
    """A stream that is redacted as it is read, whole lines at a time."""

    def __init__(self, stream: BinaryIO, redact: Callable[[str], str]) -> None:
        super().__init__()
        self._stream = stream
        self._redact = redact
        self._ready = memoryview(b"")
        self._held = b""

    def readable(self) -> bool:
        """It can be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer as far as lines are ready."""
        while not self._ready:
            block = self._stream.read(_BLOCK)
            whole, newline, rest = (self._held + block).rpartition(b"\n")
            if not block:
                whole, newline, rest = self._held, b"", b""
            elif not newline and len(rest) < 64 * _BLOCK:
                self._held = rest
                continue
            elif not newline:  # a line without end: cut where it is
                whole, rest = rest, b""
            self._held = rest
            text = whole.decode("utf-8", "surrogateescape")
            self._ready = memoryview(self._redact(text).encode("utf-8", "surrogateescape") + newline)
            if not block:
                break
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def close(self) -> None:
        """Close what it reads from."""
        self._stream.close()
        super().close()


def _aligned(redact: Callable[[str], str]) -> Callable[[str], str]:
    """Cells of a table keep their columns where there is room."""

    def cell(match: re.Match[str]) -> str:
        new = redact(match["cell"])
        return new + " " * max(2, len(match[0]) - len(new)) if match["gap"] else new

    return lambda text: _CELL.sub(cell, text)


def _data(value: object, redactor: Redactor) -> object:
    if isinstance(value, str):
        return redactor.text(value)
    if isinstance(value, list):
        return [_data(item, redactor) for item in value]
    if isinstance(value, Mapping):
        return {_data(key, redactor): _data(item, redactor) for key, item in value.items()}
    return value
