"""The proxy spoils what it is told to, and nothing else."""

from __future__ import annotations

import http.client
from collections.abc import Callable

import pytest

from tests.cluster.api import Api, ApiError
from tests.cluster.proxy import Fault, Proxy
from tests.cluster.users import User

pytestmark = pytest.mark.cluster
_PODS = "/api/v1/namespaces/kube-system/pods"


@pytest.fixture
def through(fault_proxy: Proxy, as_user: Callable[..., User]) -> Api:
    return Api(fault_proxy.port, fault_proxy.cluster.authority, token=as_user().token)


def test_without_a_fault_answers_and_refusals_pass(fault_proxy: Proxy, through: Api) -> None:
    assert through("GET", _PODS)["kind"] == "PodList"
    with pytest.raises(ApiError, match="cannot list resource"):
        through("GET", "/api/v1/secrets")
    assert fault_proxy.seen == [f"GET {_PODS}", "GET /api/v1/secrets"]


def test_a_refusal_looks_as_the_servers_and_ends_after_its_times(fault_proxy: Proxy, through: Api) -> None:
    fault_proxy.faults.append(Fault("/pods", 429, "Too many requests, please try again later.", 1, times=1))
    with pytest.raises(ApiError) as caught:
        through("GET", _PODS)
    assert (caught.value.status, caught.value.text) == (429, "Too many requests, please try again later.")
    assert through("GET", _PODS)["kind"] == "PodList"


def test_a_torn_answer_raises_one_that_ends_early_does_not(fault_proxy: Proxy, through: Api) -> None:
    fault_proxy.faults[:] = [Fault("/nodes", reset_after_bytes=100)]
    with pytest.raises((http.client.HTTPException, OSError)):
        through.text("GET", "/api/v1/nodes")
    fault_proxy.faults[:] = [Fault("/nodes", end_after_bytes=100)]
    assert len(through.text("GET", "/api/v1/nodes")) == 100
