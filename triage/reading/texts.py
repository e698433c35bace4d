"""A document to numbered texts: decoded, mended, without frames, records joined, glued lines cut."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from triage.model.bundle import Document
from triage.reading import decode, mend, records
from triage.reading.framing import Context, Peeled, head_of, is_viewer_event, unframe, unframe_more
from triage.reading.gone import opened
from triage.reading.hot import Hot
from triage.reading.limits import Limits
from triage.reading.shape import cut_prompt, split_glued

if TYPE_CHECKING:
    from triage.reading.native import Counted

_PLAIN = ("[INFO] ", "[ERROR] ", "[WARNING] ")


class Text(NamedTuple):
    """One text as its program wrote it, and what its frames told."""

    number: int
    """Line of the file, 1-based, where it begins."""
    text: str
    at_ns: int | None = None
    replica: str | None = None
    container: str | None = None
    framing: str = ""
    host: str | None = None
    times: int = 1
    """Times it was there, when the user had counted equal lines (`uniq -c`)."""
    decoration: bool = False
    """True for what a viewer or terminal added: it is counted, not read."""
    query: re.Match[str] | None = None
    """Of `hot.QUERY`, for query lines of the common format that took the short way."""


class Reader:
    """Reads one document once; afterwards `notes`, `n_bytes` and `n_lines` say what was met.

    Of a document that the kernel counted it gives the lines that are left.
    """

    def __init__(
        self, document: Document, limits: Limits, *, year: int, grade: mend.Grade, counted: Counted | None = None
    ) -> None:
        self.document = document
        self.limits = limits
        self.context = Context(year)
        self.notes: set[str] = set()
        self.n_bytes = 0
        self.mended = False
        self.n_lines = 0
        """Lines of the document."""
        self.n_blank = 0
        """Blank lines that gave no text."""
        self._grade = grade
        self._counted = counted

    def __iter__(self) -> Iterator[Text]:
        if self._counted is not None:
            yield from self._streamed(self._counted.events())
            self.n_lines, self.n_bytes = self._counted.n_lines, self._counted.n_bytes
            self.notes |= {_note(trouble) for trouble in self._counted.troubles}
            return
        with opened(self.document.open) as stream:
            source = _Source(stream)
            try:
                yield from self._texts(source, source.peek(decode.HEAD_BYTES))
            finally:
                self.n_bytes = source.n_bytes
            if (trouble := getattr(stream, "broken", None)) is not None:
                self.notes.add(_note(trouble))

    def _texts(self, stream: _Source, head: bytes) -> Iterator[Text]:
        encoding = decode.encoding_of(head)
        if not encoding.startswith("utf-8"):
            self.notes.add("note.gb18030" if encoding == "gb18030" else "note.utf16")
        start = head[: len(head) // 4 * 4].decode(encoding, errors="replace").replace("\0", "").removeprefix("\ufeff")
        whole = self._whole(stream, encoding, start)
        if whole is not None:
            yield from self._leaves(whole)
            return
        cut: list[int] = []
        numbered = enumerate(
            decode.lines(stream, encoding, line_chars=self.limits.line_chars, cut=cut), self.document.first_line
        )
        if len(head) < decode.HEAD_BYTES or self._small():
            yield from self._mended(list(numbered))
        else:
            yield from self._streamed(numbered)
        if cut:
            self.notes.add("note.long-lines")

    def _streamed(self, numbered: Iterable[tuple[int, str]]) -> Iterator[Text]:
        """Lines of a big document: query lines the short way, everything else the long one."""
        hot, joiner = Hot(self.context), _Joiner(self.limits.line_chars, self.notes)
        named = self.document.replica is not None
        for number, line in numbered:
            self.n_lines = number + 1 - self.document.first_line
            common = hot.take(line)
            if common is None or joiner.waits:
                for _, piece in self._unframed(((number, line),)):
                    for begun, whole in joiner.take(number, piece):
                        yield from self._inner(begun, whole)
                continue
            at_ns, frame, match = common
            text = match.string[match.start() :]
            replica = frame.replica if named else frame.replica or self.context.replica
            yield Text(number, text, at_ns, replica, frame.container, frame.framing, frame.host, 1, False, match)
        for begun, whole in joiner.flush():
            yield from self._inner(begun, whole)

    def _small(self) -> bool:
        return self.document.size_bytes is not None and self.document.size_bytes <= self.limits.mend_bytes

    def _whole(self, stream: _Source, encoding: str, start: str) -> list[tuple[int, Peeled]] | None:
        """The records of a JSON answer or a CSV export; None when the document is lines."""
        is_json = records.is_whole_json(start)
        delimiter = None if is_json else records.csv_dialect(start.split("\n", 1)[0].rstrip("\r"))
        if not is_json and delimiter is None:
            return None
        raw = stream.read(self.limits.whole_bytes)
        if len(raw) == self.limits.whole_bytes:
            self.notes.add("note.too-large")
        text = raw.decode(encoding, errors="replace").replace("\0", "").replace("\r\n", "\n").removeprefix("\ufeff")
        found = records.of_csv(text, delimiter) if delimiter else records.of_json(text)
        if not found:
            stream.push_back(raw)
            return None
        self.n_lines = raw.count(b"\n") + (not raw.endswith(b"\n"))
        outer = "csv+" if delimiter else ""
        pieces = ((n, Peeled(*r.fields, framing=outer + r.framing)) for n, r in found)
        shift = self.document.first_line - 1
        return [(n + shift, inner) for n, piece in pieces for inner in unframe_more(piece, self.context, stop=True)]

    def _mended(self, numbered: list[tuple[int, str]]) -> Iterator[Text]:
        """Small documents may be pasted text."""
        self.mended = True
        self.n_lines = len(numbered)
        self.n_blank = sum(not line.strip() for _, line in numbered)
        tidy = mend.tidy(numbered, self.context, self._grade)
        yield from (Text(line.number, line.text, decoration=True) for line in tidy if line.decoration)
        times = {line.number: line.times for line in tidy if line.times > 1}
        lines = ((line.number, line.text) for line in tidy if not line.decoration)
        for text in self._leaves(self._unframed(lines)):
            yield text._replace(times=times[text.number]) if text.number in times else text

    def _unframed(self, numbered: Iterable[tuple[int, str]]) -> Iterator[tuple[int, Peeled]]:
        context = self.context
        for number, line in numbered:
            if line.startswith(_PLAIN) and "\x1b" not in line:
                yield number, Peeled(line)
            else:
                for peeled in unframe_more(Peeled(line), context, stop=True):
                    yield number, peeled

    def _leaves(self, pieces: Iterable[tuple[int, Peeled]]) -> Iterator[Text]:
        joiner = _Joiner(self.limits.line_chars, self.notes)
        for number, piece in pieces:
            for begun, whole in joiner.take(number, piece):
                yield from self._inner(begun, whole)
        for begun, whole in joiner.flush():
            yield from self._inner(begun, whole)

    def _inner(self, number: int, whole: Peeled) -> Iterator[Text]:
        """The texts of a line, once it is whole."""
        if not whole.more:
            yield from self._split(number, whole)
            return
        for piece in unframe_more(whole._replace(more=False, partial=False), self.context):
            yield from self._split(number, piece)

    def _split(self, number: int, piece: Peeled) -> Iterator[Text]:
        """Cut a record of several lines, and glued lines; what is cut off may have a frame of its own."""
        text, at_ns, replica, container, _, _, note, host, framing, _ = piece
        if replica is None and self.document.replica is None:
            replica = self.context.replica
        if note is not None:
            self.notes.add(note)
        if not framing and text.startswith(("==> ", "+ ", "- ")) and self._is_viewers(text):
            yield Text(number, text, decoration=True)
            return
        if "\n" not in text and text.find("] ", 8) < 0 and "failed to " not in text and "@" not in text:
            yield Text(number, text, at_ns, replica, container, framing, host)
            return
        for line in text.split("\n"):
            log, prompt = cut_prompt(line)
            parts = split_glued(log) if log.strip() else []
            for index, part in enumerate(parts):
                if index == 0:
                    yield Text(number, part, at_ns, replica, container, framing, host)
                    continue
                for inner in unframe(part, self.context):
                    yield Text(
                        number,
                        inner.text,
                        inner.at_ns or at_ns,
                        inner.replica or replica,
                        inner.container or container,
                        inner.framing or framing,
                        host,
                    )
            if prompt:
                yield Text(number, prompt, decoration=True)

    def _is_viewers(self, text: str) -> bool:
        """Lines of `tail`, minikube and stern about the lines that follow."""
        name = head_of(text)
        if name is not None:
            self.context.replica = name if self.document.replica is None and "-" in name else None
            return True
        return is_viewer_event(text)


def _note(trouble: str) -> str:
    """Of a stream that ended before its end.

    >>> _note("gap.archive-broken")
    'note.archive-broken'
    """
    return trouble.replace("gap.", "note.")


class _Joiner:
    """Joins lines that the runtime cut into several records (CRI `P`, docker at 16 KiB)."""

    def __init__(self, line_chars: int, notes: set[str]) -> None:
        self._line_chars = line_chars
        self._notes = notes
        self._open: dict[tuple[str | None, str | None, str | None], tuple[int, Peeled]] = {}

    @property
    def waits(self) -> bool:
        """Whether a line is open."""
        return bool(self._open)

    def take(self, number: int, piece: Peeled) -> list[tuple[int, Peeled]]:
        """The lines that this piece completes."""
        partial = piece.partial
        if not partial and not self._open:
            return [(number, piece)]
        key = (piece.replica, piece.container, piece.stream)
        begun = self._open.pop(key, None)
        if begun is not None:
            number, before = begun
            room = self._line_chars - len(before.text)
            if len(piece.text) > room:
                self._notes.add("note.long-lines")
            piece = before._replace(text=before.text + piece.text[:room]) if room > 0 else before
        if partial:
            self._open[key] = (number, piece)
            return []
        return [(number, piece)]

    def flush(self) -> list[tuple[int, Peeled]]:
        """What was still open at the end."""
        return list(self._open.values())


class _Source:
    """A stream that counts its bytes and can look ahead."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._ahead = b""
        self.n_bytes = 0

    def _fetch(self, size: int) -> bytes:
        chunk = self._stream.read(size)
        self.n_bytes += len(chunk)
        return chunk

    def peek(self, size: int) -> bytes:
        """The first bytes, to be read again."""
        parts: list[bytes] = []
        missing = size
        while missing > 0 and (chunk := self._fetch(missing)):
            parts.append(chunk)
            missing -= len(chunk)
        self._ahead = b"".join(parts)
        return self._ahead

    def push_back(self, raw: bytes) -> None:
        """Let these bytes be read again."""
        self._ahead = raw + self._ahead

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; empty at the end only."""
        if self._ahead:
            if size < 0:
                chunk, self._ahead = self._ahead + self._fetch(-1), b""
                return chunk
            chunk, self._ahead = self._ahead[:size], self._ahead[size:]
            if len(chunk) < size and size > decode.HEAD_BYTES * 4:
                chunk += self._fetch(size - len(chunk))
            return chunk
        return self._fetch(size)
