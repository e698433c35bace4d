"""Sentences about a report that every renderer for people says: each part in one place, whatever the form around it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from triage.model.bundle import Gap
from triage.model.report import CheckStep, FileCoverage, Hypothesis, ReplicaCoverage, Report
from triage.render.clean import clean
from triage.render.words import QUIET, Words, clock, leaders

_RIVAL = 0.02
"""Explanations below this probability are not worth a line beside the verdict."""
_SHOWN = 3
_INTERRUPTED = frozenset({"gap.full-interrupted", "gap.read-stopped"})


def verdict(report: Report, words: Words) -> str:
    """The first hypothesis with its word and percent, or that nothing was found; and that it holds for a part only."""
    said = _verdict(report, words) if report.hypotheses else nothing_wrong(report, words)
    cut = any(gap.id in _INTERRUPTED for gap in report.gaps)
    return words.word("screen.interrupted", verdict=said) if cut else said


def _verdict(report: Report, words: Words) -> str:
    lead = report.hypotheses[0]
    word = words.confidence(lead)
    title = words.say(lead.title)
    sentence = words.word("screen.verdict", word=word, percent=words.percent(lead.probability), title=title)
    if place_open(report):
        sentence = words.word("screen.place-open", verdict=sentence)
    return words.capital(sentence)


def place_open(report: Report) -> bool:
    """Is the cause clear while its place is not, and the title says nothing of it?"""
    lead = report.hypotheses[0]
    if lead.cause in QUIET or lead.confidence not in {"certain", "likely"} or n_replicas(report) < 2:
        return False
    if lead.scope is None:
        return 0 < len(report.affected) < n_replicas(report)
    return lead.scope.kind == "cluster" and bool(lead.scope.indistinguishable)


def n_replicas(report: Report) -> int:
    """Replicas that something names; lines that name none are those of one, as far as anybody knows."""
    rows = report.coverage.replicas
    return sum(bool(row.name) for row in rows) or len(rows)


def nothing_wrong(report: Report, words: Words) -> str:
    """The verdict of a report without hypotheses, with what was read."""
    read = [f for f in report.coverage.files if f.kind not in {"ignored", "prose"}]
    if report.coverage.lines:
        lines, where = words.count("line", report.coverage.lines), words.count("replica", n_replicas(report))
        return words.word("screen.nothing-wrong", lines=lines, where=where)
    if read:
        return words.word("screen.nothing-wrong-files", files=words.count("file", len(read)))
    return words.word("screen.no-evidence", files=words.count("file", len(report.coverage.files)))


def summary(report: Report, words: Words) -> list[tuple[str, str]]:
    """What everybody wants to know first, as labels and sentences."""
    told = [("gaps", not_seen(report, words))]
    if report.hypotheses:
        changes = changed(report, words, report.hypotheses[0].group)
        told[:0] = [("happening", happening(report, words)), ("changed", changes), ("hit", hit(report, words))]
        told.append(("also", further_faults(report, words)))
    return [(words.word(f"screen.{part}"), text) for part, text in told if text]


def happening(report: Report, words: Words) -> str:
    """Is it still happening: yes, no, or unknown and why."""
    said = _happening(report, words)
    line = next((t for t in report.timelines if t.group == report.hypotheses[0].group), None)
    if line is None:
        return said
    onset = clock(line.onset_ns)
    said = words.word("time.began" if line.onset_seen else "time.seen-from", happening=said, onset=onset)
    if len(line.episodes) == 1:
        return said
    spans = [words.word("time.span", first=clock(e.first_ns), last=clock(e.last_ns)) for e in line.episodes]
    return words.word("time.episodes", said=said, n=len(spans), episodes=words.clauses(words.some(spans)))


def changed(report: Report, words: Words, group: int = 1) -> str:
    """What changed near the onset of a group's fault; empty when nothing is known to have changed."""
    changes = [c for t in report.timelines if t.group == group for c in t.changes]
    said = words.clauses(words.say(c.statement) for c in changes[:_SHOWN])
    return words.word("time.changes", changes=said) if said else ""


def _happening(report: Report, words: Words) -> str:
    end = clock(report.window.end_ns)
    if report.active is None:
        is_timed = end or any(gap.id == "gap.window-empty" for gap in report.gaps)
        return words.word("active.unknown" if is_timed else "active.no-clock")
    if report.active:
        return words.word("active.yes", end=end) if end else words.word("active.yes-undated")
    last = clock(report.hypotheses[0].last_ns)
    return words.word("active.no", last=last, end=end) if last and end else words.word("active.no-undated")


def hit(report: Report, words: Words) -> str:
    """Who is hit: replicas, share of failing queries, place."""
    nameless = any(row.failures and not row.name for row in report.coverage.replicas)
    if not report.affected and (report.hypotheses[0].severity == "none" or not nameless):
        return words.word("hit.nobody")
    share = report.failing_share
    failing = (
        words.word("hit.share-unknown") if share is None else words.word("hit.share", percent=words.percent(share))
    )
    place = words.scope(report.hypotheses[0].scope) or words.word("hit.place-unknown")
    who = words.word("hit.nameless")
    if report.affected:
        replicas = words.count("replica", max(n_replicas(report), len(report.affected)))
        names = words.join(words.word("list.names"), words.some(report.affected))
        who = words.word("hit.replicas", n=len(report.affected), all=replicas, names=names)
    return words.clauses((who, failing, words.word("hit.place", place=place)))


def not_seen(report: Report, words: Words) -> str:
    """What was wanted and is missing, in short."""
    wanted = dict.fromkeys(words.gap(gap)[0] for gap in report.gaps)
    return words.clauses(wanted) if wanted else words.word("screen.no-gaps")


def gap(gap: Gap, words: Words) -> str:
    """What was wanted, why it is missing, and which causes it keeps from being ruled out."""
    wanted, reason = words.gap(gap)
    said = wanted if reason is None else words.word("gap.line", wanted=wanted, reason=reason)
    return words.word("gap.rules-out", said=said, causes=gap.cannot_rule_out) if gap.cannot_rule_out else said


def rivals(report: Report, words: Words) -> str:
    """The other explanations of the first fault; empty when none is worth a line."""
    lead = report.hypotheses[0]
    others = [h for h in report.hypotheses[1:] if h.group == lead.group and h.probability >= _RIVAL]
    return words.clauses(_odds(h, words) for h in others[:_SHOWN])


def further_faults(report: Report, words: Words) -> str:
    """The leaders of the other groups; empty when there is one fault only."""
    others = [h for h in leaders(report)[1:] if h.cause not in QUIET]
    return words.clauses(_odds(h, words) for h in others[:_SHOWN])


def _odds(h: Hypothesis, words: Words) -> str:
    return words.word("screen.odds", percent=words.percent(h.probability), title=words.say(h.title))


def facts(h: Hypothesis, words: Words) -> str:
    """What is known of a hypothesis beside its title: severity, place, zone, upstreams, times, share explained."""
    said = [words.word(f"severity.{h.severity}")]
    place = words.scope(h.scope)
    if place is not None:
        said.append(words.word("hit.place", place=place))
    if h.zone is not None:
        said.append(words.word("detail.zone", zone=h.zone))
    if len(h.upstreams) > 1:
        said.append(words.word("detail.upstreams", upstreams=h.upstreams))
    first, last = clock(h.first_ns), clock(h.last_ns)
    if first and last:
        said.append(words.word("detail.seen", first=first, last=last))
    if h.explained_share:
        said.append(words.word("detail.explains", percent=words.percent(h.explained_share)))
    return words.clauses(said)


def replica(row: ReplicaCoverage, report: Report, words: Words) -> str:
    """The name of a replica in the table of coverage; whether it is missing in the pod list, if there is one."""
    name = words.join("", (row.name or words.word("coverage.nameless"),))
    listed = any(r.in_pod_list for r in report.coverage.replicas)
    return words.word("coverage.not-listed", name=name) if listed and not row.in_pod_list else name


def remarks(files: Iterable[FileCoverage], words: Words) -> dict[str, list[str]]:
    """Each remark with the files it holds for: some of them by name."""
    found: dict[str, list[str]] = {}
    for file in files:
        said = [words.say(text) for text in (*([file.why_ignored] if file.why_ignored else []), *file.notes)]
        said += [words.word("coverage.skipped", lines=words.count("line", file.skipped))] if file.skipped else []
        for remark in said:
            found.setdefault(remark, []).append(clean(file.file))
    return {remark: words.some(names) for remark, names in found.items()}


def next_step(report: Report) -> CheckStep | str | None:
    """The one thing to do next: the best check of the first hypotheses, else the command that fills a gap."""
    checks = (step for hypothesis in report.hypotheses for step in hypothesis.next_checks)
    return next(checks, None) or next((gap.command for gap in report.gaps if gap.command), None)


def next_about(step: CheckStep | str, words: Words) -> str:
    """Where to run the next command and what it costs."""
    if isinstance(step, str):
        return words.word("next.gap")
    places = words.join(words.word("list.or"), (words.say(place) for place in step.where))
    effect = words.word(f"effect.{step.effect}")
    return words.word("next.check", where=places or words.word("where.anywhere"), effect=effect)


def outcomes(step: CheckStep, words: Words) -> list[str]:
    """What each outcome of a check means."""
    said = ((words.say(e.outcome), words.say(e.means)) for e in step.expect)
    return [words.word("detail.outcome", outcome=outcome, means=means) for outcome, means in said]


def left_out(left: Mapping[str, int], words: Words) -> str:
    """How many items of each kind were left out."""
    return words.word("document.left-out", what=tuple(words.count(kind, n) for kind, n in left.items()))


def tool(report: Report, words: Words) -> str:
    """Who made the report."""
    return words.word("document.tool", version=report.tool.get("version"), rules=report.tool.get("rules"))
