"""`docs/calibration.md` and `rules/calibration.yaml`: what was fitted, on what, and how reliable the numbers are."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from bench.calibrate.fit import Fit, log_score, probabilities
from bench.calibrate.records import Record
from bench.simulator.score import ece
from triage.analysis.rank import Calibration

STEPS = ((1, "1"), (4, "2 to 4"), (20, "5 to 20"), (float("inf"), "more than 20"))
DRAWS = 400
INTRODUCTION = """\
The numbers of the rules are judged by people. Four more are fitted on evidence whose truth is known: the weights of
the three parts of a cause's weight (parts that repeat each other count less than 1 each), and a factor of the prior of
`benign`. The prior of `unknown` is not fitted: nobody can draw a story whose cause nobody knows. Nothing is fitted to
a name, a text or a single case. The fit maximises the mean log score of the first group of each story, with quiet
stories weighted to a quarter of all, and is drawn a little towards 1.
""".splitlines()
READING = """\
*said* is its mean probability, *right* how often it was; ECE in five bins, beside the median and the 95 % point of a
perfect program that says the same numbers. A place or a zone is not judged here, only the cause.
""".splitlines()


def data(found: Fit, records: Sequence[Record], provenance: Mapping[str, str]) -> str:
    """The text of `rules/calibration.yaml`."""
    c = found.calibration
    sources = Counter(r.source for r in records)
    lines = [
        "# Written by `python -m bench.calibrate --write`; docs/calibration.md tells how, and what it is worth.",
        f"symptoms: {c.symptoms:.3f}   # weight of log P(symptoms | cause)",
        f"counts: {c.counts:.3f}     # weight of what all replicas show and leave out",
        f"terms: {c.terms:.3f}      # weight of the terms of the rules",
        f"benign: {c.benign:.3f}     # factor of the prior of `benign`",
        "provenance:",
        f"  records: {{{', '.join(f'{name}: {n}' for name, n in sorted(sources.items()))}}}",
        *(f'  {key}: "{value}"' for key, value in provenance.items()),
    ]
    return "\n".join(lines) + "\n"


def page(found: Fit, seen: Sequence[Record], held: Sequence[Record], command: str) -> str:
    """The text of the page."""
    return "\n".join([*_page(found, seen, held, command), ""])


def _page(found: Fit, seen: Sequence[Record], held: Sequence[Record], command: str) -> Iterator[str]:
    c = found.calibration
    yield "# Calibration"
    yield ""
    yield "How far the probabilities can be trusted, and where they come from. Written by"
    yield ""
    yield f"    {command}"
    yield ""
    yield from INTRODUCTION
    yield ""
    yield f"Fitted on {len(seen)} records: {_sources(seen)}."
    yield f"Judged on {len(held)} that it did not see: {_sources(held)}."
    yield ""
    yield "| part | fitted |"
    yield "|---|---|"
    for name in ("symptoms", "counts", "terms", "benign"):
        yield f"| {name} | {getattr(c, name):.2f} |"
    yield ""
    yield "| log score (nats, less is better) | without | with |"
    yield "|---|---|---|"
    yield f"| what it saw, weighted | {found.before:.3f} | {found.after:.3f} |"
    yield f"| what it did not see | {log_score(held, Calibration()):.3f} | {log_score(held, c):.3f} |"
    yield ""
    yield "## Reliability of the first cause, on what the fit did not see"
    yield ""
    yield from READING
    yield ""
    yield "| | n | said | right | ECE | perfect | 95 % |"
    yield "|---|---|---|---|---|---|---|"
    yield _row("all", held, c)
    yield _row("all, without the fit", held, Calibration())
    cuts: tuple[tuple[str, Callable[[Record], str]], ...] = (
        ("observed", lambda r: r.level),
        ("signs", lambda r: next(text for limit, text in STEPS if r.n_signs <= limit)),
        ("replicas", lambda r: next(text for limit, text in STEPS if r.n_replicas <= limit)),
    )
    for name, key in cuts:
        for value in sorted({key(r) for r in held}):
            yield _row(f"{name}: {value}", [r for r in held if key(r) == value], c)


def _sources(records: Sequence[Record]) -> str:
    return ", ".join(f"{n} of {name}" for name, n in sorted(Counter(r.source for r in records).items()))


def _row(name: str, records: Sequence[Record], c: Calibration) -> str:
    firsts = [(float(p.max()), float(r.accepted[int(p.argmax())])) for r in records for p in [probabilities(r, c)]]
    ps, hits = [p for p, _ in firsts], [hit for _, hit in firsts]
    rng = random.Random(1)
    ideal = sorted(ece(ps, [float(rng.random() < p) for p in ps]) for _ in range(DRAWS))
    said, right = sum(ps) / len(ps), sum(hits) / len(hits)
    tail = f"{ece(ps, hits):.3f} | {ideal[DRAWS // 2]:.3f} | {ideal[int(DRAWS * 0.95)]:.3f}"
    return f"| {name} | {len(ps)} | {said:.3f} | {right:.3f} | {tail} |"
