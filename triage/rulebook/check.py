"""The whole check of a folder of rules: what `load` sees, and the cases beside the rules."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from triage.errors import RuleError
from triage.model.rule import Rulebook
from triage.rulebook.cases import LOOK_ALIKE, Case, read_cases
from triage.rulebook.load import REMAINDER, read
from triage.rulebook.messages import load_messages
from triage.rulebook.mistakes import Mistakes
from triage.rulebook.phrases import check_phrases


class Counts(Struct, frozen=True):
    """Cases of one rule."""

    hits: int
    look_alikes: int
    real: int
    """Cases of both sorts that come from an incident or a recording; the others are made up."""


class Checked(Struct, frozen=True):
    """Everything that was found in a folder of rules."""

    rulebook: Rulebook
    """Usable only without mistakes."""
    cases: tuple[Case, ...]
    mistakes: tuple[str, ...]
    """As `file:line: what; cure`, ordered."""

    def counts(self) -> dict[str, Counts]:
        """Cases of each rule by cause."""
        out = {}
        for cause in self.rulebook.rules:
            own = [case for case in self.cases if case.cause == cause]
            similar = sum(case.look_alike for case in own)
            out[cause] = Counts(len(own) - similar, similar, sum(case.real for case in own))
        return out


def check(
    folder: Path,
    *,
    overlay: Path | None = None,
    measures: Mapping[str, frozenset[str]] | None = None,
    names: frozenset[str] | None = None,
) -> Checked:
    """Read rules and cases and collect all mistakes; arguments as in `load`. Raises only for a missing folder."""
    mistakes = Mistakes()
    messages, wrong = _messages(folder / "messages")
    rulebook = read(folder, overlay=overlay, measures=measures, names=names, mistakes=mistakes, messages=messages)
    check_phrases(folder, folder.name, mistakes)
    cases = list(read_cases(folder, folder.name, rulebook.rules, mistakes))
    if overlay is not None:
        check_phrases(overlay, str(overlay), mistakes)
        cases = [case for case in cases if not _replaced(case, rulebook, overlay)]
        cases += read_cases(overlay, str(overlay), rulebook.rules, mistakes)
    checked = Checked(rulebook, tuple(cases), ())
    for cause, counts in checked.counts().items():
        file = rulebook.rules[cause].file
        if cause == REMAINDER:
            continue
        if not counts.hits:
            mistakes.add(file, 0, "no case in which it is the cause", "add cases/<name>.txtar")
        if not counts.look_alikes:
            mistakes.add(
                file, 0, "no case that resembles it and is something else", f"add cases/{LOOK_ALIKE}<name>.txtar"
            )
    return Checked(rulebook, tuple(cases), (*wrong, *mistakes.lines()))


def _messages(folder: Path) -> tuple[frozenset[str] | None, tuple[str, ...]]:
    """Ids of the messages, and what is wrong with them; None when they cannot be read."""
    try:
        return frozenset(message.id for message in load_messages(folder)), ()
    except RuleError as error:
        return None, error.mistakes


def _replaced(case: Case, rulebook: Rulebook, overlay: Path) -> bool:
    """Whether the case belongs to a rule that the overlay replaces."""
    rule = rulebook.rules.get(case.cause)
    return rule is not None and rule.file.startswith(f"{overlay}/")
