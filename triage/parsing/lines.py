"""Lines of command output with their number, and the words in which programs say why they failed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from msgspec import Struct

from triage.model.observation import Citation, FailureKind

MAX_LINE = 2000
MAX_LINES = 1_000_000

_WORDS = (
    ("connection refused", FailureKind.REFUSED),
    ("timed out", FailureKind.TIMEOUT),
    ("timeout", FailureKind.TIMEOUT),
    ("network is unreachable", FailureKind.UNREACHABLE),
    ("network unreachable", FailureKind.UNREACHABLE),
    ("no route to host", FailureKind.NO_ROUTE),
    ("host unreachable", FailureKind.NO_ROUTE),
    ("host is unreachable", FailureKind.NO_ROUTE),
    ("not permitted", FailureKind.NOT_PERMITTED),
    ("permission denied", FailureKind.NOT_PERMITTED),
    ("reset", FailureKind.RESET),
    ("end of file", FailureKind.EOF),
    ("certificate", FailureKind.TLS),
    ("handshake", FailureKind.TLS),
    ("malformed", FailureKind.MALFORMED),
)


class NumberedLine(Struct, frozen=True):
    """A line, stripped, with where it stands."""

    text: str
    file: str
    number: int

    @property
    def citation(self) -> Citation:
        """Where it stands."""
        return Citation(self.file, self.number, self.text[:400])


def numbered(text: str, *, file: str, first_line: int) -> list[NumberedLine]:
    """Every line of a text that is not blank; of endless outputs the first million."""
    lines = islice(enumerate(text.split("\n"), first_line), MAX_LINES)
    return [
        NumberedLine(line[:MAX_LINE].strip(), file, number) for number, line in lines if line and not line.isspace()
    ]


def cut(lines: Sequence[NumberedLine], begins: Callable[[NumberedLine], bool]) -> Iterator[Sequence[NumberedLine]]:
    """Cut an output in front of every line that begins a new result."""
    part: list[NumberedLine] = []
    for line in lines:
        new = begins(line)
        if part and new:
            yield part
            part = []
        part.append(line)
    if part:
        yield part


def failure_kind(text: str) -> FailureKind:
    """The failure kind that an error text names.

    >>> failure_kind("Connection refused").value, failure_kind("who knows").value
    ('refused', 'other')
    """
    low = text.lower()
    return next((kind for words, kind in _WORDS if words in low), FailureKind.OTHER)
