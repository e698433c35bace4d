"""Incidents in a cluster: made with real parts, known because we made them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from tests.cluster import dns
from tests.cluster.cluster import Cluster
from tests.cluster.dns import Dns
from tests.lab.fabric import SUBNETS, U1, Pod

HIT: tuple[Pod, ...] = tuple(pod for pod in dns.REPLICAS if pod.node.subnet == "master")
"""Whom the founding incident hits."""
NAMED = [f"--subnets={name}={prefix}" for name, prefix in SUBNETS.items()]
"""Options that tell the program the subnets: the API does not know them."""


@contextlib.contextmanager
def founding(cluster: Cluster) -> Iterator[Dns]:
    """Well at first; then the upstream is dropped for the subnet `master`, and still is."""
    with dns.deployed(cluster) as deployed:
        addresses = deployed.addresses()
        well = cluster.machine.ask(addresses, 6)
        cluster.machine.drop("subnet", U1)
        broken = cluster.machine.ask(addresses, 10, "b")
        if (set(well), set(broken)) != ({"NOERROR"}, {"NOERROR", "SERVFAIL"}):
            raise RuntimeError(f"not the incident that was wanted: {well}, then {broken}")
        for pod in HIT:
            deployed.wait_log(pod.name, "i/o timeout")
        yield deployed
        cluster.machine.mend()
