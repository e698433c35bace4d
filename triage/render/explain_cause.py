"""A cause in plain words: what it is, what its lines show, what looks like it, how to check it, what cures it."""

from __future__ import annotations

import string
from collections.abc import Sequence

from msgspec import Struct

from triage.model.rule import Check, Fix, Rule, Rulebook
from triage.model.text import Catalogue, Text
from triage.render.clean import clean
from triage.render.layout import cells, finish, hang, paint
from triage.render.style import Style
from triage.render.words import Words

_STEP = "  "


def render_cause(rule: Rule, rulebook: Rulebook, catalogue: Catalogue, style: Style) -> str:
    """Everything that a reader who never met this cause wants to know. Names stand in capitals, as in manual pages."""
    return _Cause(rule, rulebook, Words(catalogue), style).render()


def named_places(template: str) -> dict[str, str]:
    """Every place of a template filled with its own name in capitals.

    >>> named_places("dig @{upstream_ip} {qname}")
    {'upstream_ip': 'UPSTREAM_IP', 'qname': 'QNAME'}
    """
    return {name: name.upper() for _, name, _, _ in string.Formatter().parse(template) if name}


class _Cause(Struct, frozen=True):
    rule: Rule
    rulebook: Rulebook
    words: Words
    style: Style

    def render(self) -> str:
        """The parts, a blank line between two."""
        rule, word = self.rule, self.words.word
        often = word("explain.often", n=f"{100 * rule.prior:.3g}", severity=word(f"severity.{rule.severity}"))
        title = word("explain.title", cause=rule.id, title=self._named(f"{rule.id}.title"))
        parts = [hang("", title, self.style.columns)]
        parts += [hang(_STEP, self._named(f"{rule.id}.explain"), self.style.columns)]
        parts[-1] += hang(_STEP, often, self.style.columns)
        parts += [self._part("symptoms", self._symptoms()), self._part("scopes", self._scopes())]
        parts += [self._part("look-alikes", [line for other in rule.look_alikes for line in self._alike(other)])]
        parts += [self._part("checks", [line for check in rule.checks for line in self._check(check)])]
        parts += [self._part("fixes", [line for fix in rule.fixes for line in self._item(self._fix(fix))])]
        parts += [
            self._part("references", [line for reference in rule.references for line in self._item(clean(reference))])
        ]
        lines: list[str] = []
        for part in parts:
            lines += ["", *part] if lines and part else part
        return finish(lines, self.style)

    def _part(self, key: str, lines: Sequence[str]) -> list[str]:
        return [paint(self.words.word(f"explain.head.{key}"), "bold", self.style), *lines] if lines else []

    def _named(self, key: str) -> str:
        return self.words.say(Text(key, named_places(self.words.catalogue.template(key) or "")))

    def _known(self, key: str, name: str) -> str:
        """The words of a symptom or a place; those of somebody's own rules have none."""
        return clean(name) if self.words.catalogue.template(key) is None else self.words.word(key)

    def _item(self, sentence: str) -> list[str]:
        return hang(f"{_STEP}- ", sentence, self.style.columns)

    def _rows(self, rows: Sequence[tuple[float, str]]) -> list[str]:
        """Shares and sentences, the largest first."""
        found: list[str] = []
        for share, sentence in sorted(rows, key=lambda row: -row[0]):
            label = self.words.percent(share)
            found += hang(f"{_STEP}{' ' * (4 - cells(label))}{label}  ", sentence, self.style.columns)
        return found

    def _symptoms(self) -> list[str]:
        return self._rows([(p, self._known(f"explain.symptom.{s}", s)) for s, p in self.rule.symptoms.items()])

    def _scopes(self) -> list[str]:
        whole = sum(self.rule.scopes.values()) or 1.0
        return self._rows(
            [(p / whole, self._known(f"explain.scope.{kind}", kind)) for kind, p in self.rule.scopes.items()]
        )

    def _alike(self, cause: str) -> list[str]:
        """Another cause, and which checks tell both apart: those of either rule that claim so."""
        other = self.rulebook.rules.get(cause)
        checks = [c for rule in (self.rule, other) if rule for c in rule.checks]
        names = dict.fromkeys(c.id for c in checks if {cause, self.rule.id} <= set(c.separates))
        lines = self._item(self.words.word("explain.title", cause=cause, title=self._named(f"{cause}.title")))
        told = self.words.word("explain.told-apart", checks=tuple(names)) if names else ""
        return lines + (hang(_STEP * 2, told, self.style.columns) if told else [])

    def _check(self, check: Check) -> list[str]:
        places = self.words.worded(Text(check.where, dict.fromkeys(("node", "other_node", "outside_node"))))
        effect = self.words.word(f"effect.{check.effect}")
        about = self.words.word("explain.check", id=check.id, where=self.words.say(places), effect=effect)
        command = string.Formatter().vformat(check.command, (), named_places(check.command))
        lines = [*self._item(about), _STEP * 3 + paint(clean(command), "cyan", self.style)]
        for outcome in check.outcomes:
            seen, means = self._named(outcome.outcome), self._named(outcome.means)
            said = self.words.word("detail.outcome", outcome=seen, means=means)
            lines += hang(_STEP * 4, said, self.style.columns)
        return lines

    def _fix(self, fix: Fix) -> str:
        text = self._named(fix.text)
        return text if fix.when is None else self.words.word("fix.when", text=text, when=self.words.word(fix.when))
