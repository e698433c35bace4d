"""Names of files: parts that many folders share stay, so that one still sees what a file is."""

from __future__ import annotations

import re

from triage.redact.kept import ENDINGS, WORDS
from triage.redact.text import Redactor

_STAMP = re.compile(r"\d{1,8}|\d{8}T\d{4,6}Z?|n\d+|stdin|checks")


def file_name(name: str, redactor: Redactor) -> str:
    """The path of a file as it was handed over, without query names in it; mode `full` changes everything in it.

    >>> from triage.redact.pseudonyms import Pseudonyms
    >>> full = Redactor("full", Pseudonyms(b"k"), {"m01": "nodes"})
    >>> [file_name(n, full) for n in ("all-replicas.log", "pods.txt", "Corefile")]
    ['all-replicas.log', 'pods.txt', 'Corefile']
    >>> file_name("acme/m01.resolv.conf", full).split("/")[1] == f"{full.entity('m01')}.resolv.conf"
    True
    """
    if redactor.mode == "none":
        return redactor.text(name)
    parts = re.split(r"([/!#])", name)
    folders = [after == "/" for after in [*parts[1:], ""]]
    return "".join(
        part if part in "/!#" else _part(part, redactor, folder=folder)
        for part, folder in zip(parts, folders, strict=True)
    )


def _part(part: str, redactor: Redactor, *, folder: bool) -> str:
    stem, endings = part, ""
    if redactor.mode == "names" and not folder:  # `photo.png` is no name of DNS
        stem, dot, ending = part.rpartition(".")
        stem, endings = (stem, dot + ending) if dot else (part, "")
    while (pieces := stem.rpartition("."))[1] and (pieces[2].lower() in ENDINGS or pieces[2].lower() in WORDS):
        stem, endings = pieces[0], f".{pieces[2]}{endings}"
    changed = redactor.text(stem)
    if changed != stem or redactor.mode != "full" or _is_common(stem):
        return changed + endings
    redactor._note("files", stem.lower())
    return redactor.pseudonyms.label(stem) + endings


def _is_common(stem: str) -> bool:
    """Is it made of words that everybody's files are called by?"""
    words = re.split(r"[-_.@ ]", stem.lower())
    return all(word in WORDS or not word or _STAMP.fullmatch(word) for word in words)
