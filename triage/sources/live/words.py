"""What kubectl says when a read fails → the fault, and the errors that the printed script has noted."""

from __future__ import annotations

import re
from collections.abc import Mapping

from triage.model.collection import Trouble
from triage.sources.live.reads import REASONS, Fault

_WORDS: Mapping[str, str] = {
    "Forbidden": "denied",
    "Unauthorized": "unauthorized",
    "NotFound": "missing",
    "BadRequest": "refused",
    "Expired": "expired",
    "Gone": "expired",
    "TooManyRequests": "throttled",
}
"""`Error from server (WORD): …` to the reason of a trouble."""
_PENDING = "the pod runs on no node yet"
_NOT_KEPT = "unable to retrieve container logs for "
_SERVER = re.compile(r"Error from server(?: \((?P<word>\w+)\))?: (?P<said>.*)", re.DOTALL)
_SLOW = re.compile(r"timeout|deadline exceeded|timed out", re.IGNORECASE)
_AWAY = re.compile(r"[Uu]nable to connect|connection to the server|connection refused|no such host|no route|dial ")
_LOGIN = re.compile(r"must be logged in|Unauthorized|getting credentials|exec plugin", re.IGNORECASE)


def fault_of(text: str) -> Fault:
    """What kubectl says → the fault.

    >>> fault_of('Error from server (Forbidden): nodes is forbidden: User "x" cannot list resource "nodes"').reason
    'denied'
    >>> fault_of("Unable to connect to the server: dial tcp 10.0.0.1:6443: connect: connection refused").reason
    'unreachable'
    """
    lines = [line for line in text.splitlines() if not re.match(r"[EWI]\d{4} |Warning:", line)] or [text]
    said = "\n".join(lines).strip()
    match = _SERVER.match(said)
    if match is not None:
        return Fault(_WORDS.get(match["word"] or "", "server"), match["said"])
    if said.startswith(_PENDING):
        return Fault("pending", said)
    if said.startswith(_NOT_KEPT):
        return Fault("not-kept", said)
    if _SLOW.search(said):
        return Fault("timeout", said)
    if _AWAY.search(said):
        return Fault("unreachable", said)
    if _LOGIN.search(said):
        return Fault(REASONS[401], said)
    return Fault("server", said or "it failed and said nothing")


def troubles_of(text: str) -> tuple[tuple[Trouble, ...], tuple[str, ...]]:
    r"""The reads that `errors.txt` of the script tells, and the heads that are of another form.

    >>> text = "### list nodes\nError from server (Forbidden): no\n### get nodes -o json\nerror: x\n"
    >>> [(t.reason, t.resource) for t in troubles_of(text)[0]], troubles_of(text)[1]
    ([('denied', 'nodes')], ('get nodes -o json',))
    """
    found: dict[Trouble, None] = {}
    others: dict[str, None] = {}
    for block in re.split(r"^### ", text, flags=re.MULTILINE)[1:]:
        head, _, said = block.partition("\n")
        trouble = _trouble(head.split(), fault_of(said.strip()))
        if trouble is None:
            others[head.strip()] = None
        elif not (trouble.previous and "previous terminated container" in trouble.said):
            found[trouble] = None
    return tuple(found), tuple(others)


def _trouble(words: list[str], fault: Fault) -> Trouble | None:
    """`list RESOURCE [NAMESPACE]` or `get RESOURCE NAMESPACE NAME [CONTAINER NODE UID [previous]]`."""
    if len(words) < 2 or words[0] not in {"list", "get"} or any(not _WORD.fullmatch(w) for w in words):
        return None
    verb, resource, *names = words
    if len(names) > (1 if verb == "list" else 6) or (verb == "get" and len(names) < 2):
        return None
    namespace, name, container, node, uid, previous = (n if n != "-" else None for n in [*names, *["-"] * 6][:6])
    return Trouble(
        fault.reason, verb, resource, namespace, name, container, node, uid, previous == "previous", fault.said
    )


_WORD = re.compile(r"[a-z0-9][a-z0-9./-]{0,252}|-")
