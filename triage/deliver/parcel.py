"""What is sent: one report, ready to be shown in the form that a target wants."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

from msgspec import Struct

from triage.model.report import Hypothesis, Report

LABEL = "coredns-triage"
"""Every ticket of ours carries it; a second label says which cluster and which fault."""
_TITLE = 240
"""Characters of a title: GitHub takes 256, GitLab and Jira 255."""
_JOINER = "\u2060"
"""Parts a sign from the word behind it, and is not seen."""
_POSSIBLE = 0.3
"""From this probability on an explanation counts as still there."""


class File(Struct, frozen=True):
    """A file to attach."""

    name: str
    media_type: str
    content: bytes


class Parcel(Struct, frozen=True):
    """One report for one target."""

    title: str
    """The verdict in one line of visible text."""
    digest: str
    """12 hex digits; the same for the same report, so that sending again is noticed."""
    form: Callable[[str], str]
    """The report in a form of the renderers."""
    comment: Callable[[str], str]
    """The same, shorter: for a ticket that has a whole report already."""
    files: tuple[File, ...]
    """For targets that take attachments."""
    say: Callable[..., str]
    """A sentence of the catalogue by its key and what fills it."""
    cluster: str
    """Label prefix of everything that was ever sent about this cluster."""
    label: str | None
    """Label of the first fault; None when nothing is wrong."""
    rivals: tuple[str, ...]
    """Labels of the other explanations of the first fault: a ticket may bear one of them from an earlier run."""
    present: frozenset[str]
    """Labels of all faults that the report still shows."""
    conclusive: bool
    """A log was read: what the report does not show is gone."""

    @property
    def mark(self) -> str:
        """Stands in everything that was written from this report."""
        return f"{LABEL} report {self.digest}"


class Receipt(Struct, frozen=True):
    """What became of a parcel."""

    action: str
    """`created`, `commented`, `known`, `nothing-wrong`, `sent` …: a key of `sent` in the catalogue."""
    where: str
    """Address of the ticket, or the target; no secret."""
    also: tuple[str, ...] = ()
    """Tickets that were resolved because their fault is gone."""


def parcel_of(
    report: Report,
    *,
    source: str,
    title: str,
    form: Callable[[str], str],
    comment: Callable[[str], str],
    files: Callable[[str], tuple[File, ...]],
    say: Callable[..., str],
    cluster: str | None,
) -> Parcel:
    """The parcel of a report.

    `source` is the text whose digest it bears, `files` makes files of a name without ending, `cluster` tells clusters
    that share a tracker apart.
    """
    prefix = f"{LABEL}-{_hash(cluster or '')[:8]}-"
    faults = [h for h in report.hypotheses if h.cause != "benign"]
    leaders = {h.group: h for h in reversed(report.hypotheses)}
    first = next((h for h in report.hypotheses), None)
    lead = first if first is not None and first.cause != "benign" else None
    same = [h for h in faults if lead and h.group == lead.group and h is not lead and h.cause != "unknown"]
    present = [h for h in faults if h.probability >= _POSSIBLE or leaders[h.group] is h]

    def label(h: Hypothesis) -> str:
        return prefix + _plain(h.id)

    digest = _hash(source)[:12]
    return Parcel(
        title=_titled(title),
        digest=digest,
        form=form,
        comment=comment,
        files=files(f"{LABEL}-{digest}"),
        say=say,
        cluster=prefix,
        label=label(lead) if lead else None,
        rivals=tuple(label(h) for h in same),
        present=frozenset(label(h) for h in present),
        conclusive=any(r.has_log for r in report.coverage.replicas),
    )


def _titled(sentence: str) -> str:
    """A sentence as a title: within every tracker's limit, and nobody is mentioned in it, for GitLab looks there, too.

    >>> _titled("names under @all. and #12").replace(_JOINER, "|"), len(_titled("x" * 999))
    ('names under @|all. and #|12', 240)
    """
    sentence = re.sub(r"([@#!&%~$])(?=\w)", rf"\1{_JOINER}", sentence)
    return sentence if len(sentence) <= _TITLE else sentence[: _TITLE - 1] + "…"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", errors="replace")).hexdigest()


def _plain(fingerprint: str) -> str:
    """A fingerprint of ours as it is; anything else that stands in its place in a stored report as a hash."""
    plain = len(fingerprint) == 16 and all(char in "0123456789abcdef" for char in fingerprint)
    return fingerprint if plain else _hash(fingerprint)[:16]
