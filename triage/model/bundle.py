"""Evidence as it was handed to us: documents of a known kind, and what could not be had."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import BinaryIO, Literal

from msgspec import Struct, field

Redaction = Literal["none", "names", "full"]
"""What is replaced: nothing, query names, or addresses, nodes and pods too."""


class Kind(StrEnum):
    """What a document is. Content decides, its name only helps."""

    LOG = "log"
    """Log lines of one or more replicas, in any framing."""
    PODS = "pods"
    NODES = "nodes"
    EVENTS = "events"
    OBJECTS = "objects"
    """Other Kubernetes objects (Service, EndpointSlice, ReplicaSet, Deployment …)."""
    COREFILE = "corefile"
    RESOLV_CONF = "resolv-conf"
    SUBNETS = "subnets"
    SCRAPE = "scrape"
    TOOL = "tool"
    """Output of a diagnostic command: dig, nslookup, ip, sysctl, conntrack, dmesg …"""
    PROSE = "prose"
    """Text between outputs; counted, never read as a log."""
    IGNORED = "ignored"


class Document(Struct, frozen=True):
    """One named text of the evidence, of one kind.

    A pasted terminal text is cut into several documents that share `file`; `first_line` keeps citations right.
    """

    name: str
    """Unique in the bundle, `/`-separated; `!` stands before a member of an archive, `#n` behind a part of a paste."""
    kind: Kind
    file: str
    """The file to cite: as the user knows it, relative to what was given."""
    open: Callable[[], BinaryIO]
    """Raw bytes from the beginning, already decompressed; may be called again."""
    size_bytes: int | None = None
    """None when it is not known before reading (compressed streams)."""
    stored_bytes: int | None = None
    """Size of a compressed stream as it is stored; None when it is not compressed."""
    first_line: int = 1
    data: object = None
    """Plain data (dict, list, str, number) when the text is JSON or YAML; None for line text."""
    replica: str | None = None
    """Pod name told by the file's name, path or command; None when only the framing can tell."""
    container: str | None = None
    namespace: str | None = None
    previous: bool = False
    """True for the log of the container before its last restart."""
    host: str | None = None
    """Node or machine whose file this is or on which the command ran (shell prompt, file name)."""
    command: str | None = None
    """The command that printed the text, for TOOL and pasted parts."""
    why_ignored: str | None = None
    """Reason (a catalogue key) for IGNORED documents."""
    hints: Mapping[str, str] = field(default_factory=dict)
    """Further facts told by path or wrapper: `encoding`, `node` (of the replica), `layout` of a foreign bundle …"""

    def read(self) -> bytes:
        """All bytes; for documents that are small by nature (everything but LOG)."""
        with self.open() as stream:
            return stream.read()

    def text(self) -> str:
        """The text of a small document; bytes that are not UTF-8 become U+FFFD. Decoding happened in `sources`."""
        return self.read().decode("utf-8", errors="replace")


def document_of_text(name: str, kind: Kind, text: str, **more: object) -> Document:
    r"""A document that lives in memory.

    >>> document_of_text("a.log", Kind.LOG, "x\n").text()
    'x\n'
    """
    raw = text.encode("utf-8", errors="surrogatepass")
    more.setdefault("file", name)
    return Document(name=name, kind=kind, open=lambda: io.BytesIO(raw), size_bytes=len(raw), **more)  # type: ignore[arg-type]


class Gap(Struct, frozen=True):
    """Evidence that we wanted and do not have. Every report prints its gaps."""

    id: str
    """Catalogue key of what was wanted and why it is missing: `gap.no-pod-list`."""
    params: Mapping[str, str] = field(default_factory=dict)
    cannot_rule_out: tuple[str, ...] = ()
    """Ids of the causes that stay possible because of this gap."""
    command: str | None = None
    """The command that would fill it, safe to paste."""


class Bundle(Struct, frozen=True):
    """Everything that was handed over, in the order of its names."""

    documents: tuple[Document, ...]
    gaps: tuple[Gap, ...] = ()
    context: Mapping[str, str] = field(default_factory=dict)
    """`context`, `server_version`, `distribution`, as far as a collection told them."""
    redaction: Redaction = "none"
    """What was replaced in it before it came here (`triage.redact`)."""
    since_ns: int | None = None
    """A collection asked for lines from this time on; None: for all."""

    def of(self, *kinds: Kind) -> tuple[Document, ...]:
        """The documents of these kinds."""
        return tuple(d for d in self.documents if d.kind in kinds)
