"""The arithmetic behind one probability: prior, each ratio, what was counted, the rivals, and what would change it."""

from __future__ import annotations

import math

from msgspec import Struct

from triage.model.report import CheckStep, Evidence, Hypothesis, Report, Weighing
from triage.model.text import Catalogue
from triage.render import sentences
from triage.render.clean import clean
from triage.render.detail import citation_line
from triage.render.layout import cells, finish, hang, paint
from triage.render.style import Style
from triage.render.words import SIGNS, Words, strongest

COUNTED = ("failures", "asked-directly", "silent-asked", "silent", "silent-idle", "silent-unread", "silent-unlisted")
"""Statements of the localiser: they enter together, as one likelihood of the place."""
_STEP = "  "
_COLUMN = 11


def odds(log_ratio: float) -> str:
    """A ratio as what it does to the odds.

    >>> odds(math.log(3.2)), odds(math.log(0.4)), odds(0.0), odds(math.log(1234.6))
    ('x 3.20', '/ 2.50', 'x 1.00', 'x 1235')
    """
    ratio = math.exp(min(abs(log_ratio), 300.0))
    number = f"{ratio:.2f}" if ratio < 10 else f"{ratio:.1f}" if ratio < 100 else f"{ratio:.0f}" if ratio < 1e6 else ""
    sign = "/" if log_ratio < 0 and number != "1.00" else "x"
    return f"{sign} {number or f'{ratio:.0e}'}"


def render_explain(report: Report, hypothesis: Hypothesis, catalogue: Catalogue, style: Style) -> str:
    """Everything behind the probability of one hypothesis of the report."""
    return _Explanation(report, hypothesis, Words(catalogue), style).render()


class _Explanation(Struct, frozen=True):
    report: Report
    h: Hypothesis
    words: Words
    style: Style

    def render(self) -> str:
        """The parts, a blank line between two."""
        parts = [self._head()]
        parts += [self._part("sum", self._sum()), self._part("counted", self._counted())]
        parts += [self._part("shown", self._shown()), self._part("untested", self._untested())]
        parts += [self._part("rest", self._rest()), self._part("change", self._change())]
        parts += [self._part("gaps", self._gaps())]
        lines: list[str] = []
        for part in parts:
            lines += ["", *part] if lines and part else part
        return finish(lines, self.style)

    def _part(self, key: str, lines: list[str]) -> list[str]:
        return [paint(self.words.word(f"explain.head.{key}"), "bold", self.style), *lines] if lines else []

    def _row(self, label: str, sentence: str) -> list[str]:
        return hang(f"{_STEP}{label}{' ' * (_COLUMN - cells(label))}", sentence, self.style.columns)

    def _head(self) -> list[str]:
        said = self.words.percent(self.h.probability)
        head = self.words.word(
            "explain.head.what", rank=self.h.rank, cause=self.h.cause, percent=said, word=self.words.confidence(self.h)
        )
        lines = [paint(head, "bold", self.style), *hang(_STEP, self.words.say(self.h.title), self.style.columns)]
        return lines + hang(_STEP, self.words.word("explain.id", id=self.h.id), self.style.columns)

    def _sum(self) -> list[str]:
        """The product, term by term, down to the probability."""
        w = self.h.weighing
        if w is None or self.h.prior <= 0:
            return hang(_STEP, self.words.word("explain.not-weighed"), self.style.columns)
        word = self.words.word
        rows = [(f"{self.h.prior:.2f}", word("explain.prior", n=f"{100 * self.h.prior:.3g}"))]
        rows += [(odds(w.log_odds), word("explain.odds"))] if w.log_odds else []
        fit = self.words.percent(math.exp(min(0.0, w.log_symptoms)))
        rows.append((odds(w.log_symptoms), word("explain.symptoms", percent=fit)))
        rows.append((odds(w.log_counts), word("explain.counts")))
        lines = [line for label, sentence in rows for line in self._row(label, sentence)]
        for item in (e for e in strongest(self._terms()) if e.log_ratio):
            lines += self._statement(odds(item.log_ratio), item)
        return lines + self._result(w)

    def _result(self, w: Weighing) -> list[str]:
        """What the product is among all causes, and the share of it at this place."""
        logs = w.log_odds + w.log_symptoms + w.log_counts + w.log_terms
        weight = self.h.prior * math.exp(max(-300.0, min(logs, 300.0)))
        whole = weight / w.cause_probability if w.cause_probability else 0.0
        share = min(1.0, self.h.probability / w.cause_probability) if w.cause_probability else 0.0
        cause = self.words.word("explain.cause", all=_short(whole), weight=_short(weight))
        lines = self._row(f"= {_short(weight)}", self.words.word("explain.weight"))
        lines += self._row(self.words.percent(w.cause_probability), cause)
        if share < 0.995 and self.h.probability >= 0.01:  # smaller ones are rounded too much
            lines += self._row(
                odds(math.log(max(share, 1e-9))), self.words.word("explain.share", percent=self.words.percent(share))
            )
            lines += self._row(self.words.percent(self.h.probability), self.words.word("explain.here"))
        return lines

    def _terms(self) -> list[Evidence]:
        return [e for e in self.h.evidence if e.id not in COUNTED]

    def _statement(self, label: str, item: Evidence) -> list[str]:
        """A statement with its citations; what speaks against bears its sign."""
        sign = SIGNS[item.direction]
        lines = self._row(label, self.words.word("explain.statement", sign=sign, said=self.words.say(item.statement)))
        blank = _STEP + " " * _COLUMN + "  "
        cited = [line for c in item.citations for line in hang(blank, citation_line(c, self.words), self.style.columns)]
        return lines + [paint(line, "dim", self.style) for line in cited]

    def _counted(self) -> list[str]:
        """What the localiser's likelihood was made of; the silence of others tells the place."""
        found = {e.id: e for e in self.h.evidence if e.id in COUNTED}
        lines: list[str] = []
        for item in (found[key] for key in COUNTED if key in found):
            narrow = item.id != "failures" and item.log_ratio
            lines += self._statement(odds(item.log_ratio) if narrow else "", item)
        scope = self.words.scope(self.h.scope)
        if scope and lines:
            lines += self._row("", self.words.word("explain.place", place=scope))
        return lines

    def _shown(self) -> list[str]:
        only = [e for e in self._terms() if not e.log_ratio and e.direction != "untested"]
        return [line for item in only for line in self._statement("", item)]

    def _untested(self) -> list[str]:
        left = [e for e in self._terms() if e.direction == "untested"]
        return [line for item in left for line in self._statement("", item)]

    def _rest(self) -> list[str]:
        """The other explanations of the same fault, and what is below the list."""
        mine = [h for h in self.report.hypotheses if h.group == self.h.group]
        lines: list[str] = []
        for rival in (h for h in mine if h is not self.h):
            title = self.words.say(rival.title)
            sentence = self.words.word("explain.rival", rank=rival.rank, cause=rival.cause, title=title)
            lines += self._row(self.words.percent(rival.probability), sentence)
        rest = 1.0 - sum(h.probability for h in mine)
        return lines + (
            self._row(self.words.percent(rest), self.words.word("explain.remainder")) if rest >= 0.0005 else []
        )

    def _change(self) -> list[str]:
        return [line for step in self.h.next_checks for line in self._check(step)]

    def _check(self, step: CheckStep) -> list[str]:
        lines = hang(f"{_STEP}- ", sentences.next_about(step, self.words), self.style.columns)
        lines.append(_STEP * 3 + paint(clean(step.command), "cyan", self.style))
        for outcome in step.expect:
            seen, means = self.words.say(outcome.outcome), self.words.say(outcome.means)
            said = self.words.word("detail.outcome", outcome=seen, means=means)
            then = (
                ""
                if outcome.then is None
                else self.words.word("explain.then", percent=self.words.percent(outcome.then))
            )
            label = f"{_STEP * 2}{then}{' ' * max(0, _COLUMN - cells(then))}"
            lines += hang(label, said, self.style.columns)
        return lines

    def _gaps(self) -> list[str]:
        """What is missing; first what keeps this cause from being ruled out."""
        gaps = sorted(self.report.gaps, key=lambda gap: self.h.cause.removesuffix("-scoped") not in gap.cannot_rule_out)
        lines: list[str] = []
        for gap in gaps:
            lines += hang(f"{_STEP}- ", sentences.gap(gap, self.words), self.style.columns)
            lines += [_STEP * 3 + paint(clean(gap.command), "cyan", self.style)] if gap.command else []
        return lines


def _short(number: float) -> str:
    """Two telling digits.

    >>> _short(0.2345), _short(0.000123), _short(123.4), _short(12_345_678.0)
    ('0.23', '1.2e-04', '123', '1.2e+07')
    """
    digits = 0 if number >= 10 else 2 if number >= 0.1 else 3
    return f"{number:.{digits}f}" if 0.01 <= number < 1e6 else f"{number:.1e}"
