"""`python -m bench.localize`: time of the localiser for 1,200 units with two faults in a cluster of 300 replicas."""

from __future__ import annotations

import argparse
import cProfile
import pstats
import time

import numpy as np

from triage.analysis.classes import classes_of
from triage.analysis.localize import localize_units, posterior
from triage.analysis.scopes import Unit

WEIGHTS = {"cluster": 0.34, "subnet": 0.2, "node": 0.14, "az": 0.09, "replica": 0.06, "role": 0.05, "some": 0.05}
TARGET_MS = 100.0


def drawn(n_units: int, n_replicas: int, *, counted: bool, seed: int) -> list[Unit]:
    """Units of `n_replicas` replicas, each in as many windows as it takes; one subnet and one node fail."""
    rng = np.random.default_rng(seed)
    units = []
    for i in range(n_units):
        r = i % n_replicas
        attrs = {
            "az": f"az{r % 3}", "subnet": f"net{r % 12}", "role": "control-plane" if r % 50 == 0 else "worker",
            "kernel": f"6.{r % 2}", "node": f"node{r % (n_replicas // 2)}", "replica": f"coredns-{r}",
        }  # fmt: skip
        asked = int(rng.integers(20, 400))
        fails = 0.7 if r % 12 == 5 or r % (n_replicas // 2) == 7 else 0.0005
        units.append(Unit(f"coredns-{r}", attrs, float(rng.binomial(asked, fails)), float(asked) if counted else None))
    return units


def answer(units: list[Unit]) -> tuple[str, float, float]:
    """The most probable place, milliseconds of the likelihoods, and of everything up to the place's name."""
    began = time.perf_counter()
    found = localize_units(units)
    likely = time.perf_counter()
    first = classes_of(found.scopes, posterior(found.scopes, WEIGHTS), units)[0]
    named = f"{first.scope.kind} {first.scope.member or ''} {first.share:.3f}"
    return named, 1000 * (likely - began), 1000 * (time.perf_counter() - began)


def main() -> None:
    """Time the best of several runs, with and without denominators."""
    parser = argparse.ArgumentParser(prog="python -m bench.localize", description=__doc__)
    parser.add_argument("--units", type=int, default=1200)
    parser.add_argument("--replicas", type=int, default=300)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--profile", action="store_true", help="where the time goes")
    options = parser.parse_args()
    for counted in (True, False):
        units = drawn(options.units, options.replicas, counted=counted, seed=7)
        runs = [answer(units) for _ in range(options.runs)]
        likely, whole = (min(run[i] for run in runs) for i in (1, 2))
        met = "met" if likely < TARGET_MS else "missed"
        kind = "with" if counted else "without"
        print(f"{len(units)} units {kind} denominators: localize_units {likely:.1f} ms, with classes {whole:.1f} ms")
        print(f"  {runs[0][0]}; target {TARGET_MS:.0f} ms {met}")
        if options.profile:
            with cProfile.Profile() as profile:
                answer(units)
            pstats.Stats(profile).sort_stats("cumulative").print_stats(14)


if __name__ == "__main__":
    main()
