"""Words of numbers: percent, times, counts, places; every sentence comes from the catalogue and is cleaned here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from triage.model.bundle import Gap
from triage.model.observation import Citation
from triage.model.report import Evidence, FixStep, Hypothesis, Member, Report, Scope
from triage.model.text import Catalogue, Text, Value
from triage.render.clean import clean

QUIET = frozenset({"benign", "unknown"})
"""Causes that claim no fault."""

_NAMED = 4
"""Names in a sentence; the lists below it have all."""

SIGNS = {"for": "+", "against": "-", "untested": "?"}
"""Mark of a direction; the word stands in the heading."""

_SHOWN = 0.05
"""Weight in nats of what is only shown, where the strongest are chosen: behind all that counts for something."""


def when(at_ns: int | None) -> str | None:
    """A time as RFC 3339 in UTC; fractions only where there are some.

    >>> when(0), when(1_500_000_000), when(None)
    ('1970-01-01T00:00:00Z', '1970-01-01T00:00:01.5Z', None)
    """
    if at_ns is None:
        return None
    seconds, rest = divmod(at_ns, 1_000_000_000)
    try:
        stamp = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    except (OverflowError, ValueError, OSError):  # a clock far outside the calendar
        return None
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{stamp}{fraction}Z"


def clock(at_ns: int | None) -> str | None:
    """The same to the second, for people.

    >>> clock(1_500_000_000)
    '1970-01-01T00:00:01Z'
    """
    return None if at_ns is None else when(at_ns - at_ns % 1_000_000_000)


def percent(share: float) -> str:
    """A share as whole percent, rounded down so that number and word agree (0.699 is possible, not likely).

    >>> percent(0.699), percent(0.9999), percent(0.001), percent(0)
    ('69 %', '>99 %', '<1 %', '0 %')
    """
    rounded = round(share, 4)
    if 0.99 < rounded < 1:
        return ">99 %"
    if 0 < rounded < 0.01:
        return "<1 %"
    return f"{int(rounded * 100 + 1e-9)} %"


def strongest(evidence: Iterable[Evidence]) -> list[Evidence]:
    """Tested evidence, the strongest first; what was not tested comes last."""

    def weight(item: Evidence) -> float:
        if item.direction == "untested":
            return -1.0
        return _SHOWN if item.strength is None else abs(item.log_ratio)

    return sorted(evidence, key=weight, reverse=True)


def strength_key(item: Evidence) -> str:
    """Catalogue key of a strength: `shown` for what the localiser has counted already."""
    return "untested" if item.direction == "untested" else item.strength or "shown"


def leaders(report: Report) -> list[Hypothesis]:
    """The first hypothesis of each group, in the report's order."""
    seen: dict[int, Hypothesis] = {}
    for hypothesis in report.hypotheses:
        seen.setdefault(hypothesis.group, hypothesis)
    return list(seen.values())


class Words(Struct, frozen=True):
    """Sentences of one language."""

    catalogue: Catalogue

    def say(self, text: Text) -> str:
        """A sentence, safe to show."""
        return clean(self.catalogue.say(self.worded(text)))

    def worded(self, text: Text) -> Text:
        """The text itself, or its twin `<key>-unknown` when a value is not known and there is such a sentence."""
        twin = f"{text.key}-unknown"
        unknown = None in text.params.values() and self.catalogue.template(twin) is not None
        return Text(twin, text.params) if unknown else text

    def word(self, key: str, **params: Value) -> str:
        """A sentence of the renderers' own."""
        return self.say(Text(key, params))

    def join(self, separator: str, parts: Iterable[str]) -> str:
        """Several said parts as one."""
        return separator.join(parts)

    def clauses(self, parts: Iterable[str]) -> str:
        """Several sentences as one."""
        return self.join(self.word("list.clauses"), parts)

    def percent(self, share: float) -> str:
        """A share in the way of the language: `41 %`, `41%`."""
        return self.word("number.percent", n=percent(share).removesuffix(" %"))

    def capital(self, sentence: str) -> str:
        """The sentence with a capital first letter."""
        return sentence[:1].upper() + sentence[1:]

    def count(self, noun: str, number: int) -> str:
        """`1 replica`, `2 replicas`."""
        form = "one" if number == 1 else "many"
        return self.word(f"count.{noun}.{form}", n=number)

    def some(self, names: Sequence[str], most: int = _NAMED) -> list[str]:
        """The first names, and how many more there are."""
        left = len(names) - most
        return [*names] if left <= 0 else [*names[:most], self.word("list.more", n=left)]

    def member(self, place: Member) -> str:
        """`subnet master`, `the whole cluster`."""
        if place.member is None:
            return self.word(f"scope.{place.kind}.all")
        return self.word(f"scope.{place.kind}.one", name=place.member)

    def scope(self, scope: Scope | None) -> str | None:
        """The place with its twins: `subnet master (or node k8s-pre-m01)`."""
        if scope is None:
            return None
        name = self.member(Member(scope.kind, scope.member))
        if not scope.indistinguishable:
            return name
        twins = self.join(self.word("list.or"), self.some([self.member(twin) for twin in scope.indistinguishable]))
        return self.word("scope.twins", name=name, twins=twins)

    def confidence(self, hypothesis: Hypothesis) -> str:
        """The word of its probability."""
        return self.word(f"confidence.{hypothesis.confidence}")

    def explanation(self, hypothesis: Hypothesis) -> str | None:
        """Why this cause looks like this, from its rule; None when the rule says nothing."""
        inner = hypothesis.title.params.get("title")
        title = inner if isinstance(inner, Text) else hypothesis.title
        key = f"{title.key.partition('.')[0]}.explain"
        if self.catalogue.template(key) is None:
            return None
        return self.say(Text(key, title.params))

    def fix(self, step: FixStep) -> str:
        """A cure, with its condition."""
        text = self.say(step.text)
        return text if step.when is None else self.word("fix.when", text=text, when=self.say(step.when))

    def gap(self, gap: Gap) -> tuple[str, str | None]:
        """What was wanted, and why it is missing."""
        if self.catalogue.template(f"{gap.id}.wanted") is None:
            return self.say(Text(gap.id, gap.params)), None
        reason = self.say(Text(f"{gap.id}.reason", gap.params)) if self.catalogue.template(f"{gap.id}.reason") else None
        return self.say(Text(f"{gap.id}.wanted", gap.params)), reason

    def cite(self, citation: Citation) -> str:
        """`file:line`."""
        return f"{clean(citation.file)}:{citation.line}"
