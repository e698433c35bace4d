"""One cluster for all tests of this folder."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.left_out import leave_out

if TYPE_CHECKING:
    from tests.cluster.cluster import Cluster
    from tests.cluster.dns import Dns
    from tests.cluster.proxy import Proxy
    from tests.cluster.scale import Scale
    from tests.cluster.users import User

_PACKAGES = [name for name in ("dns", "cryptography") if importlib.util.find_spec(name) is None]
collect_ignore_glob = ["*.py"] if _PACKAGES else []


def lacking() -> list[str]:
    """What this machine lacks for the cluster, in words."""
    if _PACKAGES:
        return [f"the Python package of {name}" for name in _PACKAGES]
    from tests.cluster import programs

    return programs.missing()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where the cluster cannot run its tests are left out."""
    leave_out(config, items, "cluster", lacking(), blind=bool(_PACKAGES))


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A real cluster, its two nodes ready, nothing in it: for situations that each live in a namespace of their own."""
    from tests.cluster.cluster import running

    with running(tmp_path_factory.mktemp("cluster")) as started:
        yield started


@pytest.fixture(scope="session")
def founding(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dns]:
    """A cluster with the founding incident: two replicas in two subnets, the upstream is dropped for one of them."""
    from tests.cluster import incident
    from tests.cluster.cluster import running

    with running(tmp_path_factory.mktemp("founding")) as started, incident.founding(started) as dns:
        yield dns


@pytest.fixture(scope="session")
def scale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scale]:
    """A cluster of its own with 1,000 nodes and 300 replicas that kwok plays."""
    from tests.cluster import scale
    from tests.cluster.cluster import running

    with running(tmp_path_factory.mktemp("scale"), nodes=()) as started:
        yield scale.fill(started)


@pytest.fixture
def as_user(cluster: Cluster) -> Callable[..., User]:
    """`as_user(rules, namespace=None)`: a new service account of `cluster` with exactly these rights."""
    from tests.cluster import users

    return functools.partial(users.create, cluster)


@pytest.fixture
def fault_proxy(cluster: Cluster) -> Iterator[Proxy]:
    """A proxy in front of `cluster`: append to its `faults`, use its `kubeconfig(user)`, read `seen`."""
    from tests.cluster import proxy

    with proxy.between(cluster) as started:
        yield started
