"""Drawings of a report: failures by place and upstream over time as a table of shades, each fault over time as SVG."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from triage.model.cells import CellRow, Cells
from triage.model.report import Member, Report
from triage.model.timeline import Timeline
from triage.render.clean import clean
from triage.render.elements import Html, element
from triage.render.words import Words, clock

_WIDTH, _ROW, _TOP, _LABELS = 960, 56, 26, 8
_NANO = 1_000_000_000


def heat_map(cells: Cells, words: Words) -> Html:
    """A table: one row a place and upstream, one column a piece of time; the number stands in each shade."""
    most = max((n for row in cells.rows for n in row.failures if n), default=1)
    n = max((len(row.failures) for row in cells.rows), default=1)
    names = [element("th", words.word(f"html.{name}"), scope="col") for name in ("place", "upstream")]
    head = element("thead", element("tr", names, list(_times(cells, n, words))))
    body = element("tbody", [_heat_row(row, cells, most, words) for row in cells.rows])
    return element("table", element("caption", words.word("html.heat.about")), head, body, class_="heat")


def _times(cells: Cells, n: int, words: Words) -> Iterator[Html]:
    """Heads of columns: a time above every few of them."""
    if cells.start_ns is None or cells.bin_s is None:
        yield element("th", words.word("html.whole-time"), scope="col")
        return
    step = math.ceil(n / _LABELS)
    for i in range(0, n, step):
        at = clock(cells.start_ns + round(i * cells.bin_s * _NANO)) or ""
        yield element("th", at[11:19], scope="colgroup", colspan=min(step, n - i), title=at)


def _heat_row(row: CellRow, cells: Cells, most: int, words: Words) -> Html:
    place = words.member(Member(cells.kind, row.member)) if row.member else words.word("html.place-unknown")
    upstream = clean(row.upstream) if row.upstream else words.word("html.not-named")
    shades = [_shade(n, row.asked[i] if row.asked else None, most, words) for i, n in enumerate(row.failures)]
    return element("tr", element("th", place, scope="row"), element("td", element("code", upstream)), shades)


def _shade(n: int | None, asked: int | None, most: int, words: Words) -> Html:
    if n is None:
        return element("td", element("span", words.word("html.not-read"), class_="unseen"), class_="unread")
    title = None if asked is None else words.word("html.of-asked", n=n, asked=asked)
    if not n:
        return element("td", "·" if asked is None or asked else "", title=title)
    level = min(5, 1 + int(4.999 * math.log1p(n) / math.log1p(max(most, 4))))
    return element("td", _short(n), class_=f"h{level}", title=title)


def _short(n: int) -> str:
    """A count in at most four characters or so.

    >>> _short(999), _short(12_345), _short(7_000_000)
    ('999', '12k', '7M')
    """
    return f"{n}" if n < 1000 else f"{n // 1000}k" if n < 1_000_000 else f"{n // 1_000_000}M"


def timeline(report: Report, words: Words) -> Html | None:
    """Bars of each fault over one axis, with its episodes, onset, end and the changes near the onset by number."""
    cells = report.cells
    if cells is None or cells.start_ns is None or cells.bin_s is None or not cells.faults:
        return None
    start, n = cells.start_ns, len(cells.faults[0].failures)
    span = max(1, round(n * cells.bin_s * _NANO))
    lines = {line.group: line for line in report.timelines}
    height = _TOP + _ROW * len(cells.faults) + 22

    def x(at_ns: int) -> float:
        return round(_WIDTH * min(1.0, max(0.0, (at_ns - start) / span)), 1)

    drawn: list[Html] = []
    for number, fault in enumerate(cells.faults):
        base = _TOP + _ROW * (number + 1) - 8
        line = lines.get(fault.group)
        drawn += _marks(line, x, base) if line else []
        drawn += _bars(fault.failures, base)
        drawn.append(element("text", words.word("html.group", group=fault.group), x=4, y=base - _ROW + 18))
        drawn.append(element("line", x1=0, y1=base, x2=_WIDTH, y2=base, class_="axis"))
    for i in range(_LABELS):
        at = clock(start + span * i // _LABELS) or ""
        drawn.append(element("text", at[11:19], x=round(_WIDTH * i / _LABELS), y=height - 6))
    told = words.clauses(_about(line, words) for line in report.timelines) or words.word("html.timeline.about")
    return element("svg", drawn, viewBox=f"0 0 {_WIDTH} {height}", role="img", aria_label=told)


def _bars(failures: Sequence[int], base: int) -> list[Html]:
    most, width = max(failures, default=0) or 1, _WIDTH / max(1, len(failures))
    sizes = [(i, max(2.0, (_ROW - 22) * math.log1p(n) / math.log1p(most))) for i, n in enumerate(failures) if n]
    return [
        element(
            "rect",
            x=f"{i * width:.1f}",
            y=f"{base - h:.1f}",
            width=f"{width * 0.9:.1f}",
            height=f"{h:.1f}",
            class_="bar",
        )
        for i, h in sizes
    ]


def _marks(line: Timeline, x: Callable[[int], float], base: int) -> list[Html]:
    top = base - _ROW + 8
    drawn = [
        element(
            "rect",
            x=x(e.first_ns),
            y=top,
            width=max(2.0, x(e.last_ns) - x(e.first_ns)),
            height=base - top,
            class_="episode",
        )
        for e in line.episodes
    ]
    ends = [("onset", line.onset_ns), *([("end", line.end_ns)] if line.end_ns is not None else [])]
    drawn += [element("line", x1=x(at), y1=top, x2=x(at), y2=base, class_=kind) for kind, at in ends]
    for number, change in enumerate(line.changes, 1):
        at = x(change.at_ns)
        drawn.append(element("path", d=f"M{at} {base}l-5 8h10z", class_="change"))
        drawn.append(element("text", f"{number}", x=at + 6, y=base + 10))
    return drawn


def _about(line: Timeline, words: Words) -> str:
    key = "html.seen-from" if not line.onset_seen else "html.began" if line.end_ns is None else "html.began-ended"
    return words.word(key, group=line.group, onset=clock(line.onset_ns), end=clock(line.end_ns))


def time_lines(report: Report, words: Words) -> list[tuple[str, list[str]]]:
    """Of each fault with times: when it was on, and what changed near its onset, in the order of their numbers."""
    return [(_about(line, words), [words.say(c.statement) for c in line.changes]) for line in report.timelines]
