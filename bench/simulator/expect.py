"""What may be expected of an answer: the content of expect.yaml."""

from __future__ import annotations

from typing import Any

from bench.simulator.engine import Run
from bench.simulator.saved import CLOCKED, Saved, kept_lines, previous_lines
from bench.simulator.truth import View, known_replicas, nameable, views


def accepted(run: Run, saved: Saved, view: View) -> list[str]:
    """Acceptable causes, the best first, given what can be known of the place."""
    fault = view.faults[0]
    causes = list(fault.causes)
    kinds = {s["kind"] for s in view.scopes_ok}
    narrow, alone = kinds - {"cluster"}, not view.scopes_ok
    if fault.mode == "burst":
        return causes
    if causes[0] == "upstream-unreachable" and (narrow or alone) and run.plan.kind != "per-node-upstream":
        i = causes.index("upstream-unreachable")
        causes[i : i + 1] = (
            ["upstream-unreachable-scoped"]
            if "cluster" not in kinds and not alone
            else ["upstream-unreachable", "upstream-unreachable-scoped"]
        )
    if (
        fault.mode in {"drop", "slow", "api-timeout", "api-refused", "api-noroute"}
        and ({"node", "replica"} & kinds or alone)
        and fault.zone is None
    ):
        causes.append("node-network")
    if fault.mode.startswith("api-") and run.plan.release.api_reason == "lost":
        causes += ["apiserver-unreachable", "apiserver-auth"]
    if view.decidable == "partly" and view.total < 5:
        causes.append("unknown")
    return list(dict.fromkeys(causes))


def upstream_of(run: Run, saved: Saved, view: View) -> str | list[str] | None:
    """The upstream that an answer must name, a list when one of them is enough; None when none can be told."""
    fault = view.faults[0]
    ups = list(dict.fromkeys(u for f in view.faults for u in f.upstreams))
    if (
        not ups
        or fault.mode in {"nxdomain"}
        or run.plan.kind in {"one-zone", "node-cut"}
        or fault.mode in {"perm", "netdown"}
    ):
        return None
    config = saved.corefile and (run.plan.settings.explicit or saved.resolv_confs)
    told = [u for u in ups if view.named[u] or (config and len(ups) == 1 and len(run.plan.world.upstreams) == 1)]
    return None if not told else told[0] if len(told) == 1 else told


_UNSEEN = (
    "apiserver-auth",
    "apiserver-unreachable",
    "corefile-invalid",
    "fd-exhausted",
    "forward-loop",
    "forward-overload",
    "inotify-exhausted",
    "upstream-refused",
)


def expectation(run: Run, saved: Saved) -> dict[str, Any]:
    """The content of expect.yaml."""
    every = views(run, saved)
    seen = sorted((v for v in every if v.decidable != "no"), key=lambda v: every.index(v))
    noise = _noise(run, saved)
    out = _quiet(run, saved, noise) if not seen else _claims(run, saved, seen)
    visible = {c for v in every if v.total for c in accepted(run, saved, v)} | set(out["first"])
    if any(
        line.text.find("client-go") > 0 or "plugin/kubernetes" in line.text
        for r in run.processes
        for line in kept_lines(run, saved, r)
    ):
        visible |= {"apiserver-unreachable", "apiserver-auth"}
    out["absent"] = [c for c in _UNSEEN if c not in visible]
    if (
        seen
        and seen[0].decidable == "yes"
        and out["first"][0] == "upstream-unreachable-scoped"
        and "upstream-unreachable" not in out["first"]
    ):
        out["absent"].append("upstream-unreachable")
    out |= {"kind": run.plan.kind, "note": _note(run), "truth": _truth(run, saved, every, noise)}
    if "subnet" in nameable(run, saved):
        out["cidrs"] = {name: [cidr] for name, cidr in run.plan.world.subnets.items()}
    return out


def _quiet(run: Run, saved: Saved, noise: int) -> dict[str, Any]:
    """Nothing may be claimed; much noise of names or seconds is real, though, and may be called by its name."""
    first = ["benign", "none"]
    if run.plan.kind == "control" and noise > 12:
        first += ["upstream-unreachable", "upstream-unreachable-scoped", "zone-config"]
    decidable = "no" if run.plan.kind != "control" else "partly" if noise else "yes"
    return {
        "decidable": decidable,
        "first": first,
        "upstream": None,
        "scope": None,
        "scopes_ok": [],
        "first_causes": [],
        "second": None,
    }


def _claims(run: Run, saved: Saved, seen: list[View]) -> dict[str, Any]:
    lead = seen[0]
    first = accepted(run, saved, lead)
    out: dict[str, Any] = {
        "decidable": lead.decidable,
        "first": first,
        "upstream": upstream_of(run, saved, lead),
        "scope": lead.scope,
        "scopes_ok": lead.scopes_ok,
        "first_causes": first,
        "second": None,
    }
    if len(seen) > 1:
        other = seen[1]
        causes = accepted(run, saved, other)
        out["first"] = list(dict.fromkeys([*first, *causes]))
        out["second"] = {
            "cause": causes,
            "upstream": upstream_of(run, saved, other),
            "scope": other.scope,
            "scopes_ok": other.scopes_ok,
            "decidable": other.decidable,
        }
    return out


def _noise(run: Run, saved: Saved) -> int:
    """Saved errors lines (but for probes) that no fault explains."""
    rows = [line for r in run.processes for line in kept_lines(run, saved, r) + previous_lines(run, saved, r)]
    return sum(
        "plugin/errors:" in x.text and " HINFO: " not in x.text and not any(f >= 0 for f, _ in x.signs) for x in rows
    )


def level(run: Run, saved: Saved) -> str:
    """Which observations the folder holds: errors lines alone, or with query log, scrapes, or both."""
    scraped = run.plan.release.families != "old" and any(k.scrape for k in saved.replicas.values())
    parts = ["query log"] * (run.plan.settings.query_log == "all") + ["scrapes"] * scraped
    return " + ".join(parts) or "errors"


def _note(run: Run) -> str:
    parts = [f"{f.mode} at {f.place[0]} {f.place[1] or ''}".strip() for f in run.plan.faults]
    return f"{'; '.join(parts) or 'no fault'}{f' ({run.plan.flavour})' if run.plan.flavour else ''}"


def _seconds(x: float) -> float | None:
    return None if x in {float("inf"), float("-inf")} else round(x, 1)


def _truth(run: Run, saved: Saved, every: list[View], noise: int) -> dict[str, Any]:
    plan = run.plan
    faults = []
    for view in every:
        for f in view.faults:
            row = {
                "id": f.id,
                "cause": f.causes[0],
                "mode": f.mode,
                "cell": {"kind": f.place[0], "member": f.place[1]},
                "upstreams": list(f.upstreams),
                "zone": f.zone,
                "rate": round(f.rate, 3),
                "window_s": [[_seconds(a), _seconds(b)] for a, b in f.windows],
                "replicas": sorted(f.replicas),
                "evidence": {r: n for r, n in view.signs.items() if n},
                "exposure": dict(view.exposure),
                "hints": view.hints,
                "unknown_replicas": sorted(r for r in f.replicas if not view.signs[r]),
                "decidable": view.decidable,
            }
            faults.append(row)
    return {
        "faults": faults,
        "level": level(run, saved),
        "noise_lines": noise,
        "flavour": plan.flavour,
        "version": plan.release.text,
        "framing": saved.framing,
        "clock": saved.framing in CLOCKED or saved.json_lines or plan.release.stamps,
        "query_log": plan.settings.query_log,
        "policy": plan.settings.policy,
        "upstreams": list(plan.settings.explicit or plan.world.upstreams),
        "distribution": plan.world.dist.name,
        "replicas": len(plan.world.replicas),
        "known_replicas": len(known_replicas(run, saved)),
        "window_s": round(plan.window_s, 1),
        "scrapes": sum(k.scrape for k in saved.replicas.values()),
        "forwarded": {r: sum(len(p.forwarded) for p in ps) for r, ps in run.processes.items()},
    }
