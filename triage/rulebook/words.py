"""The words that rules may use."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase
from typing import get_args

from msgspec import Struct, field

from triage.model.observation import Answer, FailureKind
from triage.model.place import PLACE_KINDS
from triage.model.rule import Effect, Severity, SymptomRule

SCOPE_KINDS = ("cluster", *PLACE_KINDS, "some")
OUTCOME_KINDS = (*SCOPE_KINDS, "zone")
"""In outcomes also the case that only some names are not answered."""
EFFECTS: tuple[str, ...] = get_args(Effect)
SEVERITIES: tuple[str, ...] = get_args(Severity)
KINDS = tuple(kind.value for kind in FailureKind)
ANSWERS = tuple(answer.value for answer in Answer)
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "FATAL", "PANIC")
LABELS = ("startup", "info", "noise", "unknown", "inside")
"""What a message may be labelled beside the causes."""
DERIVED = "derived"
"""Stands for a message in symptoms that no line shows: a state, a counter, configuration."""
PROTOS = ("udp", "tcp", "tcp-tls")


class Words(Struct, frozen=True):
    """The words of one folder of rules; None: this list is not known here and is not checked."""

    causes: Collection[str]
    symptoms: Mapping[str, SymptomRule] = field(default_factory=dict)
    measures: Mapping[str, frozenset[str]] | None = None
    """Name of a measure to the names of its arguments."""
    names: Collection[str] | None = None
    """Names that the analysis can fill into a command."""
    texts: Collection[str] = ()
    """Keys of the general texts in English: places are named `where.…` there, situations `when.…`."""

    messages: Collection[str] | None = None
    """Ids of the messages that lines can be."""

    def knows_message(self, pattern: str) -> bool:
        """Whether a message id, or a pattern with `*`, matches anything.

        >>> Words(causes=[], messages=["forward.read-timeout"]).knows_message("forward.*")
        True
        """
        return self.messages is None or pattern == DERIVED or any(fnmatchcase(one, pattern) for one in self.messages)

    def of_argument(self, argument: str) -> tuple[str, Collection[str]] | None:
        """What an argument of a measure may say, when it is one of our own vocabularies: its name and words.

        >>> Words(causes=["benign"]).of_argument("causes")
        ('cause', ['benign'])
        """
        word = argument.removesuffix("s")
        vocabularies: dict[str, Collection[str]] = {
            "kind": KINDS,
            "answer": ANSWERS,
            "symptom": self.symptoms,
            "family": {symptom.family for symptom in self.symptoms.values()},
            "cause": self.causes,
        }
        return (word, vocabularies[word]) if word in vocabularies else None
