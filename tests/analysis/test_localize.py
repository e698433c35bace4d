"""What the likelihood of places must do, whatever its numbers are."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest
from msgspec.structs import replace

from tests.analysis.asking import rulebook
from triage.analysis.classes import classes_of
from triage.analysis.localize import Localization, localize_units, log_priors, posterior
from triage.analysis.scopes import SOME, Unit
from triage.analysis.special import betaln, gammaln, logsumexp

Place = tuple[str, str | None]
WEIGHTS = rulebook().rules["upstream-unreachable"].scopes
TRUTHS = ("cluster", "subnet", "az", "node", "replica")
SEEDS = range(40)
NAMELESS: Place = (SOME, None)


def unit(name: str, k: float, n: float | None = None, **more: object) -> Unit:
    """A replica on node `n<name>`; subnet and az follow from its number."""
    number = int(name)
    attrs = {"az": f"z{number % 2}", "subnet": f"s{number // 2}", "node": f"n{number}", "replica": f"r{number}"}
    attrs |= more.pop("attrs", {})  # type: ignore[arg-type]
    return Unit(f"r{number}", attrs, k, n, **more)  # type: ignore[arg-type]


def share(units: Sequence[Unit]) -> dict[Place, float]:
    """Posterior by place."""
    found = localize_units(units)
    return {s.candidate.key: float(p) for s, p in zip(found.scopes, posterior(found.scopes, WEIGHTS), strict=True)}


def likelihood(units: Sequence[Unit]) -> dict[Place, float]:
    """Log likelihood by place, against mere noise."""
    found = localize_units(units)
    return {s.candidate.key: s.log_likelihood - found.none for s in found.scopes}


def leaders(units: Sequence[Unit]) -> set[Place]:
    """Place and twins of the most probable class."""
    found = localize_units(units)
    scope = classes_of(found.scopes, posterior(found.scopes, WEIGHTS), units)[0].scope
    return {(scope.kind, scope.member), *((m.kind, m.member) for m in scope.indistinguishable)}


def drawn(seed: int) -> tuple[list[Unit], Place]:
    """A cluster of eight replicas with one fault somewhere, with or without denominators."""
    rng = random.Random(seed)
    kind = TRUTHS[seed % len(TRUTHS)]
    bad = unit(str(rng.randrange(8)), 1).attrs
    units = []
    for i in range(8):
        holds = kind == "cluster" or unit(str(i), 0).attrs[kind] == bad[kind]
        asked = rng.randint(30, 90)
        failed = round(asked * rng.uniform(0.6, 0.95)) if holds else 0
        units.append(unit(str(i), failed, asked if seed % 2 else None))
    return units, (kind, bad.get(kind))


# --------------------------------------------------------------------------------------------------- the answer
@pytest.mark.parametrize("seed", SEEDS)
def test_a_clear_fault_is_found(seed: int) -> None:
    units, truth = drawn(seed)
    twins = {("node", truth[1] and truth[1].replace("r", "n")), ("replica", truth[1] and truth[1].replace("n", "r"))}
    assert leaders(units) & ({truth} | (twins if truth[0] in {"node", "replica"} else set()))


@pytest.mark.parametrize(
    ("units", "best"),
    [
        ([unit("0", 9), unit("1", 0), unit("2", 0)], {("node", "n0"), ("replica", "r0")}),
        ([unit("0", 9), unit("1", 9), unit("2", 0), unit("3", 0)], {("subnet", "s0")}),
        ([unit("0", 9), unit("1", 9), unit("2", 9), unit("3", 9)], {("cluster", None)}),
        ([unit("0", 9, 40), unit("1", 0, 0)], {("cluster", None), ("subnet", "s0"), ("node", "n0"), ("replica", "r0")}),
        ([unit("0", 9, 40), unit("1", 0, 40), unit("2", 0, 40)], {("node", "n0"), ("replica", "r0")}),
    ],
)
def test_places_by_hand(units: list[Unit], best: set[Place]) -> None:
    assert best <= leaders(units)


@pytest.mark.parametrize(
    ("outside", "tells"),
    [
        ({"n": 60.0}, "much"),
        ({"n": None, "coverage": 1.0}, "some"),
        ({"n": None, "coverage": 0.0}, "nothing"),
        ({"n": 0.0}, "nothing"),
        ({"n": None, "asks": False}, "nothing"),
    ],
)
def test_what_a_silent_replica_tells_depends_on_its_exposure(outside: dict, tells: str) -> None:
    n = 60.0 if outside["n"] is not None else None
    units = [unit("0", 20, n), unit("1", 0, **outside)]
    found = likelihood(units)
    gain = found["node", "n0"] - found["cluster", None]
    assert {"much": gain > 3, "some": gain > 0.3, "nothing": abs(gain) < 0.05}[tells]


def test_more_asked_is_more_telling() -> None:
    gains = []
    for asked in (1, 3, 10, 30):
        found = likelihood([unit("0", 20, 30), unit("1", 0, asked)])
        gains.append(found["node", "n0"] - found["cluster", None])
    assert gains == sorted(gains)
    assert gains[-1] > gains[0] + 1


def test_a_direct_question_decides() -> None:
    units = [unit("0", 1), unit("2", 0)]
    works = Unit("check:n1", {"subnet": "s0", "node": "n1"}, 0.0, coverage=0.0, checked=False, replica=False)
    fails = replace(works, checked=True)
    before, yes, no = (share(u)["subnet", "s0"] for u in (units, [*units, fails], [*units, works]))
    assert no < before < yes
    assert no < 0.2


def test_noise_is_likelier_than_a_fault_for_one_of_many_queries() -> None:
    assert likelihood([unit("0", 1, 400), unit("1", 0, 400)])["cluster", None] < 0
    assert likelihood([unit("0", 200, 400), unit("1", 180, 400)])["cluster", None] > 3


def test_unknown_wins_where_no_place_fits() -> None:
    """Four of ten without a common place: a rate of its own for each fits better than any place that has a name."""
    units = [unit(str(i), 40 if i in {0, 3, 5, 8} else 0, 60) for i in range(10)]
    found = localize_units(units)
    named = max(s.log_likelihood for s in found.scopes if s.candidate.kind != SOME)
    assert found.saturated > named > found.none - 500
    assert max(found.scopes, key=lambda s: s.log_likelihood).candidate.kind == SOME


# ------------------------------------------------------------------------------------------- what must not change it
Change = Callable[[list[Unit], random.Random], list[Unit]]


def shuffled(units: list[Unit], rng: random.Random) -> list[Unit]:
    return rng.sample(units, len(units))


def renamed(units: list[Unit], rng: random.Random) -> list[Unit]:
    """Consistent new names that sort the other way round."""
    del rng
    new = {member: f"x{99 - i}" for i, member in enumerate(sorted({m for u in units for m in u.attrs.values()}))}
    return [replace(u, name=new[u.name], attrs={k: new[m] for k, m in u.attrs.items()}) for u in units]


def by_size(units: Sequence[Unit]) -> list[float]:
    return sorted(share(units).values())


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("change", [shuffled, renamed])
def test_order_and_names_do_not_matter(change: Change, seed: int) -> None:
    units, _ = drawn(seed)
    assert by_size(change(units, random.Random(seed))) == pytest.approx(by_size(units), abs=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("more", [{"n": None, "coverage": 0.0}, {"n": 0.0}, {"n": None, "asks": False}])
def test_a_replica_that_could_show_nothing_changes_nothing(more: dict, seed: int) -> None:
    """Unread, never asked, or without this server in its list; in a place of its own."""
    units, _ = drawn(seed)
    stranger = unit("30", 0, **more)
    before, after = likelihood(units), likelihood([*units, stranger])
    assert before.keys() - {NAMELESS} == after.keys() - {NAMELESS}
    assert all(after[place] == pytest.approx(before[place], abs=1e-9) for place in before)
    assert leaders([*units, stranger]) - {NAMELESS} == leaders(units) - {NAMELESS}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("n", [None, 50.0])
def test_an_exposed_silent_replica_speaks_for_places(n: float | None, seed: int) -> None:
    """In a place of its own: the cluster does not rise, places do not fall."""
    units, _ = drawn(seed)
    before, after = share(units), share([*units, unit("30", 0, n)])
    assert after["cluster", None] <= before["cluster", None] + 1e-9
    assert 1 - after["cluster", None] >= 1 - before["cluster", None] - 1e-9


@pytest.mark.parametrize("seed", SEEDS)
def test_a_label_with_one_value_everywhere_changes_nothing(seed: int) -> None:
    units, _ = drawn(seed)
    labelled = [replace(u, attrs={**u.attrs, "kernel": "6.1.0"}) for u in units]
    before, after = share(units), share(labelled)
    assert leaders(labelled) - {("kernel", "6.1.0")} == leaders(units)
    everywhere = after["cluster", None] + after["kernel", "6.1.0"]
    assert everywhere == pytest.approx(before["cluster", None], abs=0.01)


@pytest.mark.parametrize("seed", [s for s in SEEDS if s % 2])
def test_ten_times_the_queries_and_failures_are_sharper_never_another(seed: int) -> None:
    units, _ = drawn(seed)
    small = [replace(u, k=u.k // 6, n=(u.n or 0) // 6) for u in units]
    large = [replace(u, k=u.k * 10, n=(u.n or 0) * 10) for u in small]
    assert leaders(large) <= leaders(small) or leaders(small) <= leaders(large)
    assert max(share(large).values()) >= max(share(small).values()) - 0.02


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", ["subnet", "az"])
def test_a_place_that_becomes_unknown_makes_it_less_sure_not_another_fault(kind: str, seed: int) -> None:
    """Unknown is not a value: the replica may or may not be inside."""
    units, truth = drawn(seed)
    blind = [
        replace(u, attrs={k: m for k, m in u.attrs.items() if k != kind}) if i == 0 else u for i, u in enumerate(units)
    ]
    before, after = share(units), share(blind)
    assert not {place for place in after if place[1] is None} - {("cluster", None), NAMELESS}
    if truth[0] == kind and truth in after:
        assert after[truth] <= before[truth] + 0.02
        assert truth in leaders(blind) or after[truth] > 0.2


@pytest.mark.parametrize("seed", SEEDS)
def test_without_the_places_no_place_appears(seed: int) -> None:
    units, _ = drawn(seed)
    nowhere = [replace(u, attrs={"replica": u.name}) for u in units]
    assert {kind for kind, _ in share(nowhere)} <= {"cluster", "replica", SOME}


@pytest.mark.parametrize("seed", SEEDS)
def test_where_silence_is_taken_away_no_claim_appears(seed: int) -> None:
    """Logs of the silent replicas get lost: a place that was not sure does not become so."""
    units, _ = drawn(seed)
    before = share(units)
    for i, lost in enumerate(units):
        if lost.k == 0:
            after = share([*units[:i], replace(lost, n=None, coverage=0.0), *units[i + 1 :]])
            assert all(after[p] <= max(0.9, before[p] + 1e-9) for p in after if p[0] != "cluster")


# ----------------------------------------------------------------------------------------------------- the numbers
def test_logs_are_finite_for_extreme_counts() -> None:
    units = [unit("0", 1e7, 1e7), unit("1", 0, 1e9), unit("2", 5e6), unit("3", 0)]
    found = localize_units(units)
    assert np.isfinite([s.log_likelihood for s in found.scopes]).all()
    assert np.isfinite([found.none, found.saturated]).all()
    assert posterior(found.scopes, WEIGHTS).sum() == pytest.approx(1)


@pytest.mark.parametrize("weights", [{"cluster": 1.0}, WEIGHTS, {"node": 0.1, "some": 0.4}])
def test_priors_add_up(weights: Mapping[str, float]) -> None:
    """Nameless sets give a part away: to the other sets of their size that are no candidates."""
    found: Localization = localize_units(drawn(3)[0])
    named = [s for s in found.scopes if s.candidate.kind != SOME]
    assert np.exp(log_priors(named, weights)).sum() == pytest.approx(1)
    assert np.exp(log_priors(found.scopes, weights)).sum() <= 1 + 1e-9


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (float(gammaln(6.0)), np.log(120)),
        (float(gammaln(0.5)), np.log(np.pi) / 2),
        (float(betaln(2.0, 3.0)), np.log(1 / 12)),
        (logsumexp([-1e5, -1e5]), -1e5 + np.log(2)),
        (logsumexp([-np.inf, 3.0]), 3.0),
    ],
)
def test_special_functions(value: float, expected: float) -> None:
    assert value == pytest.approx(expected)
