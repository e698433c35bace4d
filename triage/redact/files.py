"""Names of files: parts that many folders share stay, so that one still sees what a file is."""

from __future__ import annotations

import re

from triage.redact.kept import ENDINGS, WORDS
from triage.redact.text import Redactor

_STAMP = re.compile(r"\d{1,8}|\d{8}T\d{4,6}Z?|n\d+|stdin|checks")


def file_name(name: str, redactor: Redactor) -> str:
    """The path of a file as it was handed over; only mode `full` changes it.

    >>> from triage.redact.pseudonyms import Pseudonyms
    >>> full = Redactor("full", Pseudonyms(b"k"), {"m01": "nodes"})
    >>> [file_name(n, full) for n in ("all-replicas.log", "pods.txt", "Corefile")]
    ['all-replicas.log', 'pods.txt', 'Corefile']
    >>> file_name("acme/m01.resolv.conf", full).split("/")[1] == f"{full.entity('m01')}.resolv.conf"
    True
    """
    if redactor.mode != "full":
        return redactor.text(name) if redactor.mode == "none" else name
    return "".join(part if part in "/!#" else _part(part, redactor) for part in re.split(r"([/!#])", name))


def _part(part: str, redactor: Redactor) -> str:
    stem, endings = part, ""
    while (pieces := stem.rpartition("."))[1] and (pieces[2].lower() in ENDINGS or pieces[2].lower() in WORDS):
        stem, endings = pieces[0], f".{pieces[2]}{endings}"
    if not stem or _is_common(stem):
        return part
    changed = redactor.text(stem)
    if changed != stem:
        return changed + endings
    redactor._note("files", stem.lower())
    return redactor.pseudonyms.label(stem) + endings


def _is_common(stem: str) -> bool:
    """Is it made of words that everybody's files are called by?"""
    words = re.split(r"[-_.@ ]", stem.lower())
    return all(word in WORDS or not word or _STAMP.fullmatch(word) for word in words)
