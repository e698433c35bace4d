"""Which title a hypothesis gets, and the names that fill it."""

from __future__ import annotations

from collections.abc import Sequence

from triage.analysis.context import Context
from triage.analysis.hypotheses import Draft
from triage.model.report import Scope
from triage.model.text import Catalogue, Text, Value

SPOKEN = ("az", "subnet", "node", "replica")
"""Kinds of twins that a title names; roles, pools, kernels and pod ranges stand in the scope itself."""


def titles_of(drafts: Sequence[Draft], context: Context) -> list[Text]:
    """Titles of a group; where the cause says nothing of its place, equal ones tell theirs."""
    titles = [title_of(draft, context) for draft in drafts]
    catalogue = Catalogue("en", context.inputs.rulebook.texts.get("en", {}))
    told = [catalogue.say(title) for title in titles]
    return [
        _placed(title, draft.scope) if told.count(said) > 1 else title
        for title, said, draft in zip(titles, told, drafts, strict=True)
    ]


def _placed(title: Text, scope: Scope | None) -> Text:
    if scope is not None and scope.kind == "cluster":
        return title
    place = Text("the.some") if scope is None else place_text(scope)
    return Text("analysis.placed", {"title": title, "place": place})


def title_of(draft: Draft, context: Context) -> Text:
    """The title's key and its names: one sentence that holds for every place that fits equally well."""
    rule = draft.weight.rule
    upstreams = context.group.upstreams
    known = [u for u in context.units if u.replica and u.name]
    params: dict[str, Value] = {
        "upstream": _servers(upstreams),
        "place": place_text(draft.scope),
        "zone": draft.zone or (context.names.suffix if draft.variant == "zone" else None),
        "affected": len([r for r in context.failing if r]) or 1,
        "replicas": max(1, len(known)),
        "name": next((s.qname for s in context.group.signs if s.qname), None),
    }
    special = f"{rule.id}.title.{draft.variant}"
    texts = context.inputs.rulebook.texts.get("en", {})
    return Text(special if draft.variant and special in texts else f"{rule.id}.title", params)


def _servers(upstreams: tuple[str, ...]) -> Value:
    if not upstreams:
        return Text("the.upstream")
    if len(upstreams) == 1:
        return upstreams[0]
    return Text("the.servers", {"first": upstreams[0], "others": upstreams[1:4], "n": len(upstreams) - 1})


def place_text(scope: Scope | None) -> Text:
    """The words of a scope, its twins included: `the master subnet (or only node k8s-pre-m01)`."""
    if scope is None:
        return Text("the.unknown")
    first = Text(f"the.{scope.kind}", {"member": scope.member})
    others = [m for m in scope.indistinguishable if m.kind in SPOKEN and m.kind != scope.kind]
    if any(m.kind != "replica" for m in others):
        others = [m for m in others if m.kind != "replica"]
    if not others or scope.kind == "cluster":
        return first
    twins = tuple(Text(f"the.{m.kind}", {"member": m.member}) for m in others[:2])
    return Text("the.twins", {"first": first, "others": twins})
