"""Verdicts on real faults that the program misses today, each with what stands in its way."""

from __future__ import annotations

_CHANCE = "five replicas, a few lines each, no clock: another place fits about as well"
_BEHIND = "the pod's own firewall looks like an upstream that drops; only the kernel's counters would tell"
_QUIET = "counters hold the quiet time before, too: the cluster is named"
KNOWN: dict[tuple[str, str], str] = {
    ("answers-refused@subnet-1.15.0", "metrics"): _QUIET,
    ("answers-servfail@az-1.15.0", "metrics"): _QUIET,
    ("api-dropped@node-1.15.0", "errors"): "two `unsynced` lines alone: a slow start is as likely",
    ("api-dropped@node-1.15.0", "metrics"): "two `unsynced` lines alone: a slow start is as likely",
    ("drop@replica-1.15.0", "metrics"): "one replica with a handful of failures keeps a third for lost packets",
    ("late-network@cluster-1.9.3", "metrics"): "health checks that failed once are counted for ever: no end is seen",
    ("loss@subnet-1.9.3", "metrics"): "by chance one of the two replicas loses no query, and a health check or two",
    ("no-route@az-1.15.0", "errors"): _CHANCE,
    ("own-firewall-pod@replica-1.15.0", "errors"): _CHANCE,
    ("own-firewall-pod@replica-1.15.0", "metrics"): _CHANCE,
    ("own-firewall@subnet-1.15.0", "errors"): _CHANCE,
    ("own-firewall@subnet-1.15.0", "metrics"): _BEHIND,
}
"""(case, level) to reason; not strict, because a real run differs a little from the next."""
