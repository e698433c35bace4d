"""One line of a log as a row: what `triage entries` prints and the frames of the Python API hold."""

from __future__ import annotations

from typing import NamedTuple


class EntryRow(NamedTuple):
    r"""One understood line; `message_id` is `unknown` for the others.

    Texts hold no control characters: those that a client put into a name are written out (`\x1b`). None: not told.
    """

    file: str
    """The file to cite."""
    line: int
    """1-based number of the line in it."""
    replica: str | None
    """Pod name told by framing, file, or the pod address in the line."""
    node: str | None
    subnet: str | None
    """Of the node's address, as far as subnets were named."""
    az: str | None
    at_ns: int | None
    """Nanoseconds since the epoch, UTC; the output column is `at`."""
    level: str | None
    plugin: str | None
    message_id: str
    """Id in `rules/messages`; `log.query` for a line of the query log."""
    cause: str
    """The cause that this line alone suggests, or `startup`, `info`, `noise`, `unknown`."""
    failure_kind: str | None
    upstream: str | None
    local_addr: str | None
    qname: str | None
    qtype: str | None
    rcode: str | None
    weight: int
    """What it counts for: the failures of a `consolidate` summary, the times of a line that the user had counted, 0 for
    a line that goes on with the one before it (a stack), else 1."""
    text: str
    """The line without framing."""


ENTRY_FIELDS = tuple("at" if name == "at_ns" else name for name in EntryRow._fields)
"""Columns of `triage entries` in their order."""
