"""How long a target is waited for: a few tries, what it asks for itself, and an end to everything."""

from __future__ import annotations

import threading
from collections.abc import Callable
from random import random
from typing import TypeVar

from triage.errors import DeliveryError

TRIES = 4
LONGEST_WAIT_S = 60.0
"""A target that asks to come back later than this is given up for now."""
_T = TypeVar("_T")


class PassingError(DeliveryError):
    """A failure that may pass."""

    def __init__(self, message: str, *, hint: str, wait_s: float | None = None, **names: object) -> None:
        super().__init__(message, hint=hint, exit_code=None, **names)
        self.wait_s = wait_s
        """What the target asked for (`Retry-After`)."""


class LaterError(PassingError):
    """The target did not act on it, or it does no harm to ask again."""


class UncertainError(PassingError):
    """Nobody knows whether the target acted on it; look before it is sent again."""


def patiently(
    attempt: Callable[[], _T], pause: Callable[[float], None], *, over: type[PassingError] = LaterError
) -> _T:
    """Try until it works, the target refuses for good, or the tries are used up; `over` says what is tried again."""
    for tried in range(TRIES):
        try:
            return attempt()
        except over as later:
            wait = 2**tried * (0.5 + random()) if later.wait_s is None else later.wait_s
            if wait > LONGEST_WAIT_S:
                raise DeliveryError(
                    "{what}; it asks to wait {seconds} s",
                    hint="send the report again later",
                    what=later,
                    seconds=round(wait),
                ) from later
            if tried == TRIES - 1:
                raise
            pause(wait)
    raise AssertionError  # the last try returns or raises


def within(seconds: float, work: Callable[[], _T]) -> _T:
    """The result of `work`, or DeliveryError after so many seconds, whatever it hangs on.

    A thread cannot be stopped: it is left behind, and ends with the process.
    """
    results: list[_T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        raise DeliveryError(
            "given up after {seconds} s; nobody knows whether it arrived",
            hint="look there, or send the report again",
            seconds=round(seconds),
        )
    return results[0]
