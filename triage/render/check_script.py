"""The next checks of a stored report as one POSIX script that only reads.

A report is untrusted input: no command of it gets into the script. Each is made again from the rule's template and from
names that are looked at once more, and only programs and arguments of a short list are run (`triage.render.shell`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.resources import files

from msgspec import Struct

from triage.errors import TriageError
from triage.model.report import CheckStep, Hypothesis
from triage.model.rule import Check, Rulebook
from triage.render.shell import Ask, Read, is_address, query_octal, quoted, reading_parts

Refill = Callable[[Check, Mapping[str, str]], tuple[str, Mapping[str, str]] | None]
"""Command of a check and the safe ones of its names; None when it cannot be made."""
_PLACES: Mapping[str, Mapping[str, str]] = {
    "where.replica-node": {"affected-node": "node"},
    "where.affected-beside-outside": {
        "affected-node": "node",
        "other-node": "other_node",
        "outside-node": "outside_node",
    },
}
"""Where a rule wants a check → what the place is called in its output, and the name of the node there."""
_ANYWHERE = {"anywhere": "*"}


class _Planned(Struct, frozen=True):
    """A check that the script runs, or only shows."""

    check: Check
    command: str
    nodes: Mapping[str, str]
    """Place to node."""
    parts: tuple[Ask | Read, ...] | None
    """None: only shown."""


def render_check_script(hypotheses: Sequence[Hypothesis], rulebook: Rulebook, refill: Refill) -> str:
    """The script of these hypotheses' checks. Raises TriageError when none of them can be made."""
    planned = _planned(hypotheses, rulebook, refill)
    if not planned:
        raise TriageError(
            "the report names no check that can be made into a command",
            hint="it needs the rules and the names of the report: analyse again, or choose another --rank",
        )
    nodes = list(dict.fromkeys(node for p in planned if p.parts for node in p.nodes.values() if node != "*"))
    wanted = ", ".join(nodes) or "any node"
    marks = {
        "#@ABOUT@": [_comment(line) for line in _about(planned, nodes)],
        "#@NODES@": [*_patterns(nodes), "    *) known=no ;;" if nodes else "    *) ;;"],
        "#@CHECKS@": [f"    {line}" for p in planned if p.parts for line in _lines(p)],
    }
    lines: list[str] = []
    text = files("triage.render").joinpath("check_script.sh").read_text(encoding="utf-8")
    for line in text.replace("@WANTED@", wanted).splitlines():
        lines += marks.get(line, [line])
    return "\n".join(lines) + "\n"


def _comment(line: str) -> str:
    """A comment of one line, whatever stands in a rule's command."""
    return f"# {''.join(char if char.isprintable() else ' ' for char in line)}".rstrip()


def _planned(hypotheses: Sequence[Hypothesis], rulebook: Rulebook, refill: Refill) -> list[_Planned]:
    """Checks in the order of the hypotheses; the same command on the same nodes once."""
    found: dict[tuple[str, tuple[str, ...]], _Planned] = {}
    asked: set[tuple[str, str]] = set()
    for hypothesis in hypotheses:
        for step in hypothesis.next_checks:
            one = _plan(hypothesis.cause, step, rulebook, refill)
            if one is None:
                continue
            new = {(one.command, node) for node in one.nodes.values()} - asked
            if new:
                asked |= new
                found.setdefault((one.command, tuple(one.nodes.values())), one)
    return list(found.values())


def _plan(cause: str, step: CheckStep, rulebook: Rulebook, refill: Refill) -> _Planned | None:
    rule = rulebook.rule_of(cause)
    check = next((c for c in rule.checks if c.id == step.id), None) if rule else None
    made = refill(check, step.names) if check else None
    if check is None or made is None:
        return None
    command, names = made
    is_only_shown = step.command.startswith("#")  # its name was replaced: an answer would say nothing
    command = step.command if is_only_shown else command
    nodes = {place: names[key] for place, key in _PLACES.get(check.where, {}).items() if key in names}
    parts = reading_parts(command) if check.effect in {"reads", "needs-root"} and not is_only_shown else None
    return _Planned(check, command, nodes or _ANYWHERE, parts)


def _patterns(nodes: Sequence[str]) -> Iterator[str]:
    """Machines bear the name of their node, or its first label."""
    firsts = [node.partition(".")[0] for node in nodes]
    for node, first in zip(nodes, firsts, strict=True):
        words = [quoted([node])]
        if firsts.count(first) == 1 and not is_address(node):
            words += [quoted([first])] * (first != node) + [f"{quoted([first])}.*"]
        yield f"    {' | '.join(words)}) node={quoted([node])} ;;"


def _lines(planned: _Planned) -> Iterator[str]:
    pairs = [word for pair in planned.nodes.items() for word in pair]
    runner = "as_root" if planned.check.effect == "needs-root" else "run"
    for part in planned.parts or ():
        shown = " ".join(("dig", *part.words) if isinstance(part, Ask) else part.words)
        call = quoted([planned.check.id, shown])
        if isinstance(part, Ask):
            query = "" if {"+tcp", "+tls"} & set(part.options) else query_octal(part.name, part.qtype)
            call = f"ask {call} {quoted([part.server, part.port, part.name, part.qtype, query, *part.words])}"
        else:
            call = f"{runner} {call} {quoted(part.words)}"
        yield f"if at {quoted(pairs)}; then {call}; fi"


def _about(planned: Sequence[_Planned], nodes: Sequence[str]) -> Iterator[str]:
    """What the script asks, where, and what it leaves to people: comments only."""
    yield f"It asks only these servers: {', '.join(_servers(planned)) or 'none'}"
    yield f"Run it on: {', '.join(nodes) or 'any node'}"
    for p in planned:
        if p.parts:
            root = ", as root" if p.check.effect == "needs-root" else ""
            yield f"  {p.check.id}: {p.command} (on {', '.join(p.nodes.values()).replace('*', 'any node')}{root})"
    by_hand = [p for p in planned if not p.parts]
    if by_hand:
        yield ""
        yield "Not run by it, for you to decide; save each output in a text file with the command above it:"
        yield from (f"  {p.check.id} ({p.check.effect}): {p.command}" for p in by_hand)
    if nodes:
        yield ""
        yield "Without a shell on a node, also for you to decide (the first line creates a pod on the node):"
        for node in nodes:
            debug = f"kubectl debug node/{node} -i --image=busybox -- chroot /host sh -s {node} -"
            yield f"  {debug} <checks.sh >checks-{node}.txt"
        yield "The same from the pod network: a pod of yours on that node, which has a shell:"
        yield f"  kubectl exec -i POD -- sh -s {nodes[0]} - <checks.sh >checks-pod-{nodes[0]}.txt"


def _servers(planned: Sequence[_Planned]) -> list[str]:
    parts = [part for p in planned for part in p.parts or ()]
    found = [f"{part.server}, port {part.port}" for part in parts if isinstance(part, Ask)]
    found += [word for part in parts if isinstance(part, Read) for word in part.words if word.startswith("https://")]
    return list(dict.fromkeys(found))
