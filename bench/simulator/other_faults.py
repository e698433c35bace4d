"""Faults of the API server, of nodes, of processes and of load, and two faults at once."""

from __future__ import annotations

from collections.abc import Callable

from bench.simulator import dice
from bench.simulator.draft import ALWAYS, ANYWHERE, Draft, Place
from bench.simulator.engine import Life
from bench.simulator.traffic import Client, Name, arrival
from bench.simulator.upstream_faults import REACH, drop_at, no_route, refused, stub_dead


def api_unreachable(draft: Draft) -> None:
    mode = draft.rng.choice(("api-timeout", "api-timeout", "api-refused", "api-noroute"))
    place = draft.place(*ANYWHERE, "node")
    fault = draft.add(mode, place, ("apiserver-unreachable",))
    _restart_inside(draft, place, fault.windows, 0.7)


def api_auth(draft: Draft) -> None:
    mode = draft.rng.choice(("api-forbidden", "api-unauthorized", "api-x509"))
    place = (
        draft.place("cluster", "cluster", "cluster", "node", "replica")
        if mode != "api-forbidden"
        else draft.place("cluster")
    )
    fault = draft.add(mode, place, ("apiserver-auth",))
    _restart_inside(draft, place, fault.windows, 0.7)


def _restart_inside(draft: Draft, place: Place, windows: tuple[tuple[float, float], ...], share: float) -> None:
    """Some of the replicas (re)start while the fault holds: that is when it shows."""
    begin, end = max(windows[0][0], 0.0), min(windows[0][1], draft.window_s)
    for replica in draft.world.replicas:
        inside = replica.name in place.replicas
        if draft.rng.random() < (share if inside else 0.25):
            at = begin + draft.rng.uniform(0.02, 0.6) * (end - begin)
            draft.restart(replica.name, at, ends_by=draft.rng.choice(("sigterm", "")))


def inotify(draft: Draft) -> None:
    draft.add("inotify", draft.place("node"), ("inotify-exhausted",), windows=ALWAYS)


def forward_loop(draft: Draft) -> None:
    draft.change(loop=True)
    place = draft.place("cluster", "cluster", "node", "node", "subnet")
    draft.add("loop", place, ("forward-loop",), windows=ALWAYS)
    for name in place.replicas:
        _crash_loop(draft, name, "loop", lambda: draft.rng.uniform(0.15, 0.5))


def out_of_memory(draft: Draft) -> None:
    draft.flavour = "oom"
    place = draft.place("cluster", "node", "replica", "replica")
    draft.add("oom", place, ("resources",), windows=ALWAYS)
    for name in place.replicas:
        _crash_loop(draft, name, "oom", lambda: dice.log_uniform(draft.rng, 15, 900))


def _crash_loop(draft: Draft, name: str, ends_by: str, lasts: Callable[[], float]) -> None:
    rng = draft.rng
    t, pause = rng.uniform(0.05, 0.6) * draft.window_s, 10.0
    lives = [Life(draft.lives[name][0].start_s, t, ends_by if ends_by == "oom" else "sigterm")]
    while t < draft.window_s - 20 and len(lives) < 14:
        start = t + (2.0 if len(lives) < 2 else pause)
        pause = min(300.0, pause * 2)
        t = start + lasts()
        lives.append(Life(start, t, ends_by))
    draft.lives[name] = tuple(life for life in lives if life.start_s < draft.window_s - 1)


def starved(draft: Draft) -> None:
    draft.flavour = "cpu"
    draft.add("cpu", draft.place("node", "node", "replica", "cluster"), ("resources",))


def overload(draft: Draft) -> None:
    """A burst of names that are not in the cache meets slow upstreams: more queries than max_concurrent allows."""
    rng, limit = draft.rng, draft.rng.choice((50, 100, 100, 150, 250, 400))
    draft.change(max_concurrent=limit, query_log=rng.choice(("off", "off", "error")))
    hit = (
        [r.name for r in draft.world.replicas]
        if rng.random() < 0.6
        else dice.some(rng, [r.name for r in draft.world.replicas])
    )
    everywhere = len(hit) == len(draft.world.replicas)
    begin, delay = rng.uniform(0.05, 0.9) * draft.window_s, rng.uniform(0.3, 0.7)
    rejects = round(dice.log_uniform(rng, 1, 250)) // len(hit) + 1
    draft.add(
        "burst",
        Place("cluster" if everywhere else "client", None, tuple(hit)),
        ("forward-overload",),
        windows=((begin - 1, begin + 40),),
    )
    draft.add_noise("slow", tuple(hit), ((begin - 1, begin + delay + 3),), upstreams=draft.upstreams, delay_s=delay)
    zone = f"{dice.word(rng, 3)}.com."
    for name in hit:
        client = Client(rng.choice(draft.clients).ip, "default", "absolute", name)
        for i in range(round(limit * 1.25) + rejects):
            row = Name(f"{dice.hexes(rng, 8)}.{zone}", 1.0)
            draft.extra.append(arrival(begin + i * 0.5 * delay / (limit + rejects), client, row, draft.world, rng))


def two_faults(draft: Draft) -> None:
    second = dice.weighted(
        draft.rng, {"api": 3.0, "inotify": 3.0, "loop": 1.5, "stub": 2.0, "other place": 3.0, "oom": 1.0}
    )
    first = draft.rng.choice(
        (refused, drop_at("cluster", "subnet", "az"), drop_at("node"), no_route, drop_at("cluster"))
    )
    if second == "other place":
        _two_places(draft)
        return
    first(draft)
    if second == "stub" and draft.settings.stub is None:
        second = "inotify"
    {"api": api_unreachable, "inotify": inotify, "loop": _loop_on_one_node, "stub": stub_dead, "oom": out_of_memory}[
        second
    ](draft)
    draft.flavour = second


def _loop_on_one_node(draft: Draft) -> None:
    place = draft.place("node")
    draft.change(loop=True)
    draft.add("loop", place, ("forward-loop",), windows=ALWAYS)
    for name in place.replicas:
        _crash_loop(draft, name, "loop", lambda: draft.rng.uniform(0.15, 0.5))


def _two_places(draft: Draft) -> None:
    """Silence at one node, refusal at another."""
    nodes = [Place("node", m, rs) for m, rs in draft.world.members("node").items()]
    one, other = draft.rng.sample(nodes, 2)
    draft.flavour = "other place"
    draft.add("drop", one, REACH, upstreams=draft.upstreams)
    draft.add("refused", other, ("upstream-refused",), upstreams=draft.upstreams)
