"""The configuration of the replicas: what the simulation needs of it, and the Corefile that says so."""

from __future__ import annotations

import random
from dataclasses import dataclass

from bench.simulator import dice
from bench.simulator.releases import Release
from bench.simulator.world import World


@dataclass(frozen=True, slots=True)
class Settings:
    """One Corefile, the same for all replicas."""

    policy: str = "random"
    max_concurrent: int = 0
    max_fails: int = 2
    cache_s: int = 30
    loop: bool = True
    errors: bool = True
    consolidate_s: int = 0
    """Period of a `consolidate` rule for time-outs; 0 without one."""
    query_log: str = "off"
    """`off`, `all` or the classes of `log { class … }`."""
    explicit: tuple[str, ...] = ()
    """Upstreams written into the Corefile; empty means /etc/resolv.conf."""
    tls_name: str | None = None
    imports: tuple[str, ...] = ()
    pods: str = "insecure"
    lameduck_s: int = 5
    stub: tuple[str, tuple[str, ...]] | None = None


def draw_settings(rng: random.Random, world: World, release: Release) -> Settings:
    """A Corefile of the distribution, with the changes that people make."""
    dist = world.dist
    policy = dist.policy or dice.weighted(rng, {"random": 7.0, "sequential": 2.0, "round_robin": 1.0})
    allowed = release.version >= (1, 6, 8)
    log = dice.weighted(rng, {"off": 6.0, "all": 2.0, "error": 1.2, "denial error": 0.4})
    return Settings(
        policy=policy,
        max_concurrent=1000 if allowed and rng.random() < 0.75 else 0,
        max_fails=dice.weighted(rng, {2: 9.0, 0: 0.4, 1: 0.3, 3: 0.4}),
        cache_s=dist.cache_s if rng.random() < 0.85 else rng.choice((0, 10, 60, 300)),
        loop=rng.random() < 0.9,
        errors=rng.random() < 0.97,
        consolidate_s=rng.choice((30, 60, 300)) if rng.random() < 0.07 and release.version >= (1, 8, 5) else 0,
        query_log=log,
        explicit=world.upstreams if rng.random() < 0.3 else (),
        imports=dist.imports,
        pods=rng.choice(("insecure", "insecure", "verified", "disabled")),
        lameduck_s=rng.choice((0, 5, 5, 20)),
        stub=world.stub,
    )


def corefile_text(settings: Settings, world: World) -> str:
    """The Corefile."""
    port = world.dist.port
    lines = [f".:{port} {{", *_errors(settings)]
    if settings.query_log == "all":
        lines.append("    log")
    elif settings.query_log != "off":
        lines += ["    log . {", *(f"        class {c}" for c in settings.query_log.split()), "    }"]
    lines += [
        f"    health {{\n        lameduck {settings.lameduck_s}s\n    }}"
        if settings.lameduck_s
        else "    health :8080",
        "    ready",
    ]
    lines += [
        "    kubernetes cluster.local in-addr.arpa ip6.arpa {",
        f"        pods {settings.pods}",
        "        fallthrough in-addr.arpa ip6.arpa",
        "        ttl 30",
        "    }",
    ]
    lines += ["    prometheus :9153", *_forward(".", settings.explicit or ("/etc/resolv.conf",), settings)]
    lines += [f"    cache {settings.cache_s}"] if settings.cache_s else []
    lines += ["    loop"] if settings.loop else []
    lines += ["    reload", "    loadbalance"]
    lines += [f"    import {p}" for p in settings.imports if p.endswith("override")]
    lines += ["}", *(f"import {p}" for p in settings.imports if p.endswith("server"))]
    if settings.stub:
        zone, servers = settings.stub
        lines += [
            f"{zone.rstrip('.')}:{port} {{",
            "    errors",
            *(["    log"] if settings.query_log == "all" else []),
            "    cache 30",
        ]
        lines += [f"    forward . {' '.join(s.removesuffix(':53') for s in servers)}", "}"]
    return "\n".join(lines) + "\n"


def _errors(settings: Settings) -> list[str]:
    if not settings.errors:
        return []
    if not settings.consolidate_s:
        return ["    errors"]
    return ["    errors {", f'        consolidate {settings.consolidate_s}s ".* i/o timeout$" error', "    }"]


def _forward(zone: str, targets: tuple[str, ...], settings: Settings) -> list[str]:
    words = [f"tls://{t.removesuffix(':853')}" if settings.tls_name else t.removesuffix(":53") for t in targets]
    options = []
    if settings.tls_name:
        options.append(f"tls_servername {settings.tls_name}")
    if settings.policy != "random":
        options.append(f"policy {settings.policy}")
    if settings.max_concurrent:
        options.append(f"max_concurrent {settings.max_concurrent}")
    if settings.max_fails != 2:
        options.append(f"max_fails {settings.max_fails}")
    if not options:
        return [f"    forward {zone} {' '.join(words)}"]
    return [f"    forward {zone} {' '.join(words)} {{", *(f"        {o}" for o in options), "    }"]


def go_duration(seconds: int) -> str:
    """As Go prints it.

    >>> [go_duration(s) for s in (30, 300, 3600)]
    ['30s', '5m0s', '1h0m0s']
    """
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    return (f"{hours}h" if hours else "") + (f"{minutes}m" if hours or minutes else "") + f"{seconds}s"
