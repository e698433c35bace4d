"""Controls: clusters where nothing is wrong, with the noise that such clusters make."""

from __future__ import annotations

from collections.abc import Callable

from bench.simulator import dice
from bench.simulator.draft import ALWAYS, Draft


def make_quiet(draft: Draft) -> None:
    """One to three kinds of noise, or none."""
    rng = draft.rng
    chosen = rng.sample(sorted(FLAVOURS), dice.weighted(rng, {0: 2.0, 1: 5.0, 2: 2.5, 3: 0.7}))
    draft.flavour = ", ".join(chosen) or "silence"
    for name in chosen:
        FLAVOURS[name](draft)


def _packet_loss(draft: Draft) -> None:
    draft.loss = draft.rng.choice((0.002, 0.005, 0.01))


def _micro_outage(draft: Draft) -> None:
    """All upstreams are gone for some seconds: hardly more than one query is caught in it."""
    rng = draft.rng
    everyone = tuple(r.name for r in draft.world.replicas)
    hit = everyone if rng.random() < 0.6 else (rng.choice(everyone),)
    moments = [rng.uniform(0, draft.window_s) for _ in range(rng.choice((1, 1, 2, 3)))]
    draft.lookups = min(draft.lookups, round(draft.window_s / 25) + 5)
    draft.add_noise("drop", hit, tuple((t, t + rng.uniform(2, 9)) for t in moments), upstreams=draft.upstreams)


def _lame_names(draft: Draft) -> None:
    """A name or two that no resolver ever answers in time; few ask for it."""
    draft.lame = draft.rng.choice((1, 1, 2, 3))


def _reload(draft: Draft) -> None:
    draft.reloads = tuple(sorted(draft.rng.uniform(0, draft.window_s) for _ in range(draft.rng.choice((1, 1, 2)))))


def _rollout(draft: Draft) -> None:
    """All replicas are new pods, one after the other."""
    t = draft.rng.uniform(0.1, 0.8) * draft.window_s
    for replica in draft.world.replicas:
        draft.start_late(replica.name, t)
        t += draft.rng.uniform(5, 40)


def _restart(draft: Draft) -> None:
    names = [r.name for r in draft.world.replicas]
    for name in dice.some(draft.rng, names)[:2]:
        draft.restart(name, draft.rng.uniform(0.05, 0.95) * draft.window_s)


def _api_restart(draft: Draft) -> None:
    """The API server restarts: it refuses for some seconds."""
    t = draft.rng.uniform(0.1, 0.9) * draft.window_s
    everyone = tuple(r.name for r in draft.world.replicas)
    draft.add_noise(
        draft.rng.choice(("api-refused", "api-refused", "api-timeout")), everyone, ((t, t + draft.rng.uniform(3, 25)),)
    )
    if draft.rng.random() < 0.3:
        draft.restart(draft.rng.choice(everyone), t + 1)


def _probes_dropped(draft: Draft) -> None:
    """A firewall drops HINFO: each start makes its ten lines, clients are served."""
    everyone = tuple(r.name for r in draft.world.replicas)
    draft.change(loop=True)
    draft.add_noise("drop", everyone, ALWAYS, upstreams=draft.upstreams, qtypes=("HINFO",))
    (_restart if draft.rng.random() < 0.6 else _rollout)(draft)


def _slow_start(draft: Draft) -> None:
    """The network of a new pod needs some seconds: its first probes fail."""
    everyone = tuple(r.name for r in draft.world.replicas)
    draft.change(loop=True)
    name = draft.rng.choice(everyone)
    at = draft.rng.uniform(0.1, 0.9) * draft.window_s
    draft.start_late(name, at)
    draft.add_noise(
        "drop", (name,), ((at, at + draft.rng.uniform(4, 14)),), upstreams=draft.upstreams, qtypes=("HINFO",)
    )


FLAVOURS: dict[str, Callable[[Draft], None]] = {
    "packet loss": _packet_loss,
    "micro outage": _micro_outage,
    "lame names": _lame_names,
    "reload": _reload,
    "rollout": _rollout,
    "restart": _restart,
    "API restart": _api_restart,
    "probes dropped": _probes_dropped,
    "slow start": _slow_start,
}
