"""What changed between reports, and findings over time: as tables and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from msgspec import to_builtins

from triage.model.past import Course, Difference, Finding, News
from triage.model.text import Catalogue
from triage.render.clean import clean
from triage.render.layout import cells, table, wrap
from triage.render.style import WIDTH
from triage.render.words import Words, clock, when

DIFF_SCHEMA = "triage.diff/1"
HISTORY_SCHEMA = "triage.history/1"
_COLUMNS = ("state", "probability", "cause", "upstream", "names", "place")


def render_differences(differences: Sequence[Difference], catalogue: Catalogue) -> str:
    """One row a finding."""
    words = Words(catalogue)
    if not differences:
        return words.word("news.nothing") + "\n"
    rows = [[_state(d, words), _odds(d, words), *_about(d.finding), _places(d)] for d in differences]
    return _table(_COLUMNS, rows, words, 3)


def render_news(news: News, catalogue: Catalogue, *, names: bool) -> str:
    """What is new, for above the report: or one short line that nothing is, whatever names there are.

    Without `names` the findings are only counted, since a redacted text follows.
    """
    words = Words(catalogue)
    since = clock(news.since_ns)
    if since is None:
        return ""
    states = Counter(d.state for d in news.differences)
    if not news.any:
        line = words.word("news.none", since=since, faults=words.count("fault", states["same"]))
        flapping = sum(d.flapping for d in news.differences)
        return (words.word("news.flapping", said=line, n=flapping) if flapping else line) + "\n"
    head = words.word("news.since", since=since)
    if names:
        return f"{head}\n{render_differences(news.differences, catalogue)}\n"
    counts = (f"{words.word(f'news.state.{state}')}: {n}" for state, n in states.items())
    return f"{head} {words.join(', ', counts)}\n\n"


def _state_of(course: Course) -> str:
    if course.flapping:
        return "flapping"
    return "there" if course.there else "gone"


def render_courses(courses: Sequence[Course], n_runs: int, catalogue: Catalogue) -> str:
    """One row a finding, with when it was seen."""
    words = Words(catalogue)
    head = words.word("news.runs", runs=words.count("run", n_runs), faults=words.count("fault", len(courses)))
    columns = ("id", "state", "first", "last", "seen", "cause", "upstream", "names", "place", "cluster")
    rows = [
        [
            c.finding.id,
            words.word(f"news.state.{_state_of(c)}"),
            clock(c.first_ns) or "-",
            clock(c.last_ns) or "-",
            f"{c.n_seen}/{c.n_runs}",
            *_about(c.finding),
            _place(c.finding),
            clean(c.cluster) or "-",
        ]
        for c in courses
    ]
    return head + "\n" + (_table(columns, rows, words, 5) if rows else "")


def differences_json(differences: Sequence[Difference], old_ns: int, new_ns: int) -> str:
    """Differences for machines."""
    rows = [
        {"state": d.state, "id": d.finding.id, "before": to_builtins(d.before), "now": to_builtins(d.now)}
        for d in differences
    ]
    return _json({"schema": DIFF_SCHEMA, "old": when(old_ns), "new": when(new_ns), "findings": rows})


def courses_json(courses: Sequence[Course], n_runs: int) -> str:
    """A history for machines."""
    rows = []
    for course in courses:
        row = to_builtins(course)
        times = {"first": when(row.pop("first_ns")), "last": when(row.pop("last_ns"))}
        rows.append({**row, **times})
    return _json({"schema": HISTORY_SCHEMA, "runs": n_runs, "findings": rows})


def _json(data: object) -> str:
    return json.dumps(data, indent=2, ensure_ascii=True) + "\n"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]], words: Words, first: int) -> str:
    """A row a line; where that is too wide, the `first` columns and below them what the others hold."""
    heads = [words.word(f"column.{name}") for name in columns]
    lines = table(heads, rows)
    if max(map(cells, lines)) > WIDTH:
        top, *firsts = table(heads[:first], [row[:first] for row in rows])
        lines = [top]
        for line, row in zip(firsts, rows, strict=True):
            rest = words.clauses(f"{h} {c}" for h, c in zip(heads[first:], row[first:], strict=True) if c != "-")
            lines += [line, *(f"  {part}" for part in wrap(rest, WIDTH - 2))]
    return "\n".join(lines) + "\n"


def _state(difference: Difference, words: Words) -> str:
    state = words.word(f"news.state.{difference.state}")
    return words.word("news.state.flaps", state=state) if difference.flapping else state


def _odds(difference: Difference, words: Words) -> str:
    before, now = (f and words.percent(f.probability) for f in (difference.before, difference.now))
    return f"{before} -> {now}" if before and now and before != now else now or before or "-"


def _about(finding: Finding) -> list[str]:
    return [clean(finding.cause), clean(finding.upstream or "-"), clean(finding.zone or "-")]


def _place(finding: Finding) -> str:
    if not finding.places:
        return "-"
    first = finding.places[0]
    return clean(f"{first.kind}/{first.member}" if first.member else first.kind)


def _places(difference: Difference) -> str:
    now = _place(difference.finding)
    return f"{_place(difference.before)} -> {now}" if difference.state == "changed" and difference.before else now
