"""Regular expressions that are compiled when they are first asked: hundreds stand in tables, and a run asks few."""

from __future__ import annotations

import re
from typing import AnyStr, cast


class _Late:
    def __init__(self, said: tuple[object, int]) -> None:
        self._said = said

    def __getattr__(self, name: str) -> object:
        pattern, flags = self._said
        found = getattr(re.compile(pattern, flags), name)  # type: ignore[call-overload]
        setattr(self, name, found)
        return found


def late(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """What `re.compile` gives, when it is first asked something.

    >>> late("a+").fullmatch("aaa")[0]
    'aaa'
    """
    return cast("re.Pattern[AnyStr]", _Late((pattern, flags)))
