"""Stand-ins for the stages that `read` gets as arguments, and the real ones beside them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from triage.model.bundle import Document, Kind, document_of_text
from triage.model.observation import FailureKind, Meaning, Observations
from triage.parsing.query_log import parse_query
from triage.reading import read

_FAILED = re.compile(r"(?:read|write|dial) (udp|tcp) (?:(\S+?):\d+->)?(\S+:53): (.*)")
_KNOWN = re.compile(
    r"\[(?:INFO|WARNING|ERROR|FATAL)\] |\S*:53$|CoreDNS-|linux/|failed to create fsnotify|panic: |[EWI]\d{4} "
)


def fake_recognise(text: str) -> Meaning:
    """Just enough of a recogniser: failures of forward, lines with a level, start lines, the kubelet's text."""
    failed = _FAILED.search(text)
    if failed is not None:
        kind = FailureKind.TIMEOUT if failed[4].endswith("i/o timeout") else FailureKind.OTHER
        return Meaning(
            "fake.failed",
            "errors",
            "ERROR",
            "upstream-unreachable",
            kind,
            failed[3],
            failed[2],
            failed[1],
            "a.example.",
        )
    if _KNOWN.match(text):
        return Meaning("fake.known", None, text[1:5])
    return Meaning("unknown")


@pytest.fixture
def observe() -> Callable[..., Observations]:
    """`read` with stand-ins: `observe({name: text or bytes}, replica=…)`."""

    def run(texts: dict[str, str | bytes] | list[Document], *, replica: str | None = None, **more: Any) -> Observations:
        documents = texts if isinstance(texts, list) else [document(n, t, replica=replica) for n, t in texts.items()]
        more.setdefault("recognise", fake_recognise)
        return read(documents, parse_query=parse_query, **more)

    return run


def document(name: str, text: str | bytes, **more: Any) -> Document:
    if isinstance(text, str):
        return document_of_text(name, Kind.LOG, text, **more)
    import io

    return Document(name, Kind.LOG, name, lambda: io.BytesIO(text), len(text), **more)


@pytest.fixture(scope="session")
def recogniser() -> Callable[[str], Meaning]:
    """The real one."""
    from triage.parsing.recognise import Recogniser
    from triage.rulebook.messages import load_messages

    return Recogniser(load_messages(Path(__file__).parents[2] / "rules" / "messages"))
