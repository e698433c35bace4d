"""Evidence of a hypothesis: what the localiser counted, and what each term of the rule found."""

from __future__ import annotations

import math
from collections.abc import Sequence

from triage.analysis.context import Context
from triage.analysis.hypotheses import Draft
from triage.analysis.rank import Weighed
from triage.analysis.sign import CHECK, Sign
from triage.model.observation import Citation
from triage.model.report import Direction, Evidence, Strength
from triage.model.text import Text, Value

SHOWN = 3
"""Citations of one statement."""
_NAMED = 6
"""Replicas and nodes of one statement that are named."""


def _some(names: Sequence[str]) -> tuple[str | Text, ...]:
    """The first names, and how many more there are."""
    if len(names) <= _NAMED:
        return tuple(names)
    return (*names[: _NAMED - 1], Text("list.more", {"n": len(names) - _NAMED + 1}))


def strength_of(log_ratio: float) -> Strength:
    """The word of a ratio: strong from 10 : 1, moderate from about 3 : 1."""
    size = abs(log_ratio) / math.log(10.0)
    return "strong" if size >= 1.0 else "moderate" if size >= 0.5 else "weak"


def evidence_of(draft: Draft, context: Context) -> tuple[Evidence, ...]:
    """Statements for, against, untested: the strongest first, untested last."""
    found = [*_counted(draft, context), *(_stated(draft.weight.rule.id, w) for w in draft.weight.terms)]
    order = {"for": 0, "against": 0, "untested": 1}
    return tuple(sorted(found, key=lambda e: (order[e.direction], -abs(e.log_ratio), e.id)))


def _stated(cause: str, weighed: Weighed) -> Evidence:
    value, ratio = weighed.finding.value, weighed.log_ratio
    key = f"{cause}.term.{weighed.term.id}"
    if value is None:
        return Evidence(weighed.term.id, Text(f"{key}.untested", weighed.finding.params), "untested", None, 0.0)
    direction: Direction = "for" if ratio >= 0 else "against"
    if not weighed.term.counted or ratio == 0.0:
        direction = "for" if value else "against"
    negative = value == 0 and not weighed.term.levels
    text = Text(f"{key}.against" if negative else key, weighed.finding.params)
    strength = strength_of(ratio) if ratio else None
    return Evidence(
        weighed.term.id, text, direction, strength, ratio, tuple(c for c in weighed.finding.citations if c.file)[:SHOWN]
    )


def _counted(draft: Draft, context: Context) -> list[Evidence]:
    """What the likelihood of the place is made of: failures inside, silence outside."""
    place = context.localization
    if draft.cause in {"benign", "unknown"} or not context.group.signs:
        return []
    ratio = draft.weight.log_counts - place.none
    found = [_failures(ratio, context)]
    inside = set(draft.scope.replicas) if draft.scope else set()
    narrower = bool(draft.scope and draft.scope.kind != "cluster")
    best = max((s.log_likelihood for s in place.scopes), default=0.0)
    whole = next((s.log_likelihood for s in place.scopes if s.candidate.kind == "cluster"), best)
    others = [u for u in context.units if u.replica and u.name and u.name not in context.failing]
    asked = [u for u in others if u.n and u.asks]
    silent = [u for u in others if u.n is None and u.asks and u.coverage > 0]
    unread = [u for u in others if u.n is None and u.coverage <= 0 and u.asks]
    unlisted = [u for u in others if not u.asks]
    idle = [u for u in others if u.n == 0 and u.asks]
    gain = (best - whole) if narrower else (whole - best)
    direction: Direction = "for" if narrower else "against"
    direct = _asked_directly(context)
    if direct is not None:
        found.append(Evidence("asked-directly", direct[0], direction, strength_of(gain), gain, direct[1]))
        gain = 0.0  # counted once, with what tells most
    if asked and any(u.name not in inside or not narrower for u in asked):
        names = tuple(u.name for u in asked)
        params: dict[str, Value] = {
            "replicas": _some(names),
            "n": len(names),
            "asked": round(sum(u.n or 0 for u in asked)),
        }
        found.append(
            Evidence("silent-asked", Text("analysis.silent-asked", params), direction, strength_of(gain), gain)
        )
    said = "silent" if context.group.family in {"upstream", "answer"} else "silent-lines"
    if silent:
        names = tuple(u.name for u in silent)
        params = {"replicas": _some(names), "n": len(names)}
        found.append(
            Evidence(
                "silent",
                Text(f"analysis.{said}", params),
                direction,
                strength_of(gain),
                0.0 if asked else gain,
            )
        )
    for group, key in ((unread, "unread"), (unlisted, "unlisted"), (idle, "idle")):
        if group:
            text = Text(f"analysis.silent-{key}", {"replicas": _some([u.name for u in group]), "n": len(group)})
            found.append(Evidence(f"silent-{key}", text, "untested", None, 0.0))
    return found


def _asked_directly(context: Context) -> tuple[Text, tuple[Citation, ...]] | None:
    """From which nodes somebody asked the group's servers: where none answered, where one did."""
    units = [u.name.removeprefix(CHECK) for u in context.units if not u.replica]
    digs = [d for d in context.inputs.direct_answers if d.host in units and d.server in context.group.upstreams]
    if not digs:
        return None
    silent = sorted({str(d.host) for d in digs if d.failure is not None})
    answered = sorted({str(d.host) for d in digs if d.failure is None})
    form = "both" if silent and answered else "silent" if silent else "answered"
    params: dict[str, Value] = {"silent": _some(silent), "answered": _some(answered)}
    one_each = {str(d.host): d.citation for d in reversed(digs)}
    return Text(f"analysis.asked.{form}", params), tuple(one_each[host] for host in sorted(one_each)[:SHOWN])


def _failures(ratio: float, context: Context) -> Evidence:
    params: dict[str, Value] = {
        "lines": round(context.group.weight),
        "lookups": round(sum(context.group.by_replica.values())),
        "replicas": _some(sorted(r for r in context.failing if r)) or (Text("the.log"),),
    }
    # Few failures may be likelier as noise; they are still what speaks for the cause at all.
    counted = context.group.family in {"upstream", "answer"} and not context.suspicion
    key = "failures" if counted else "failures-lines" if context.failing - {""} else "failures-elsewhere"
    return Evidence(
        "failures", Text(f"analysis.{key}", params), "for", strength_of(ratio), ratio, _first(context.group.lines)
    )


def _first(signs: Sequence[Sign]) -> tuple[Citation, ...]:
    """The first citation of each replica, then further ones."""
    seen: set[str] = set()
    firsts: list[Citation] = []
    rest: list[Citation] = []
    for sign in signs:
        if len(firsts) == SHOWN:
            break
        if len(rest) >= SHOWN and sign.replica in seen:
            continue
        if not sign.citation.file or sign.citation in firsts or sign.citation in rest[:SHOWN]:
            continue
        (rest if sign.replica in seen else firsts).append(sign.citation)
        seen.add(sign.replica)
    return tuple([*firsts, *rest][:SHOWN])
