"""Random draws with names: every part of a story has a stream of its own, so one part can change without the others."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")

_ONSETS = (
    "b",
    "br",
    "c",
    "cl",
    "d",
    "dr",
    "f",
    "g",
    "gr",
    "h",
    "j",
    "k",
    "l",
    "m",
    "n",
    "p",
    "pr",
    "qu",
    "r",
    "s",
    "st",
    "t",
    "tr",
    "v",
    "z",
)
_VOWELS = ("a", "e", "i", "o", "u", "ai", "eo", "ia", "ou")
_CODAS = ("", "", "n", "r", "l", "x", "m", "th", "nd", "rk")
_SAFE = "bcdfghjklmnpqrstvwxz2456789"
"""The alphabet of generated suffixes in Kubernetes: no vowels, no 0, 1 or 3."""


def stream(seed: int, part: str) -> random.Random:
    """The random stream of one part of a story.

    >>> stream(1, "a").random() == stream(1, "a").random() != stream(1, "b").random()
    True
    """
    return random.Random(f"coredns-simulator/{seed}/{part}")


def weighted(rng: random.Random, weights: Mapping[T, float]) -> T:
    """One key, drawn in proportion to its weight."""
    return rng.choices(list(weights), list(weights.values()))[0]


def log_uniform(rng: random.Random, low: float, high: float) -> float:
    """A number whose logarithm is uniform."""
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def poisson(rng: random.Random, mean: float) -> int:
    """A Poisson count; the normal approximation above 60."""
    if mean > 60:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    limit, k, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        k += 1
        product *= rng.random()
    return k


def word(rng: random.Random, syllables: int = 2) -> str:
    """A word that means nothing."""
    return "".join(rng.choice(_ONSETS) + rng.choice(_VOWELS) for _ in range(syllables)) + rng.choice(_CODAS)


def suffix(rng: random.Random, length: int) -> str:
    """A random part of a pod's name."""
    return "".join(rng.choice(_SAFE) for _ in range(length))


def hexes(rng: random.Random, length: int) -> str:
    """Hexadecimal digits."""
    return f"{rng.getrandbits(4 * length):0{length}x}"


def some(rng: random.Random, items: Sequence[T], least: int = 1) -> list[T]:
    """A random subset of at least `least` items, in their order."""
    keep = set(rng.sample(range(len(items)), rng.randint(least, len(items))))
    return [x for i, x in enumerate(items) if i in keep]
