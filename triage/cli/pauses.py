"""The longest time between two runs of a schedule in the five fields of cron."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_NAMES = {
    3: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    4: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
}
_PART = re.compile(r"(?:\*|\?|([0-9a-z]+)(?:-([0-9a-z]+))?)(?:/([0-9]+))?")
_DAYS = 5 * 366
"""Two leap days lie among them."""


def longest_pause(schedule: str) -> timedelta | None:
    """None for a schedule that never runs, or that the cluster will have to judge.

    >>> str(longest_pause("7 * * * *")), str(longest_pause("*/10 * * * *")), str(longest_pause("0 8-18 * * mon-fri"))
    ('1:00:00', '0:10:00', '2 days, 14:00:00')
    >>> longest_pause("x * * * *")
    """
    try:
        fields = [_values(i, field) for i, field in enumerate(schedule.lower().split())]
    except ValueError:
        return None
    minutes, hours, days, months, weekdays = fields
    times = sorted(timedelta(hours=h, minutes=m) for h in hours for m in minutes)
    any_day, any_weekday = (schedule.split()[i][0] in "*?" for i in (2, 4))
    previous: datetime | None = None
    longest = max((b - a for a, b in pairwise(times)), default=timedelta())
    for day in (datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=n) for n in range(_DAYS)):
        on_day, on_weekday = day.day in days, day.isoweekday() % 7 in {w % 7 for w in weekdays}
        # As cron has it: where both are narrowed, either will do.
        wanted = on_day and on_weekday if any_day or any_weekday else on_day or on_weekday
        if day.month not in months or not wanted:
            continue
        if previous is not None:
            longest = max(longest, day + times[0] - previous)
        previous = day + times[-1]
    return longest or None


def _values(index: int, field: str) -> set[int]:
    """The numbers that a field means; raises ValueError where it means none."""
    low, high = _FIELDS[index]
    found: set[int] = set()
    for part in field.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(part)
        first, last, step = match.groups()
        begin = low if first is None else _number(index, first)
        end = high if first is None or (last is None and step) else _number(index, last or first)
        found.update(range(begin, end + 1, int(step or 1)))
    if not found or min(found) < low or max(found) > high:
        raise ValueError(field)
    return found


def _number(index: int, text: str) -> int:
    names = _NAMES.get(index, [])
    return names.index(text) + (index == 3) if text in names else int(text)
