"""The API server turns real CoreDNS pods away, or is not there: what they log, and what `triage diagnose` says."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cluster import live, programs
from tests.cluster.cluster import Cluster
from tests.cluster.dns import REPLICAS, Access, deployed
from tests.cluster.users import User
from tests.lab.certificates import Authority
from tests.lab.fabric import API_SERVER, U3
from tests.lab.verdict import Verdict, mistakes

pytestmark = pytest.mark.cluster
_REFUSING = "-s 10.244.0.0/16 -p tcp --dport 443 -j REJECT --reject-with tcp-reset"
"""Of pods, not of kubelets: as a Service without a live API server behind it."""
_TURNED_AWAY = {
    "token-401": (Access(audience="vault"), "Failed to watch: failed to list *v1.Service: Unauthorized"),
    "rights-403": (Access(rights=False), "Failed to watch: failed to list *v1.Service: services is forbidden: User"),
    "authority": (
        Access(authority=Authority("another").pem),
        "tls: failed to verify certificate: x509: certificate signed by unknown authority",
    ),
    "server-name": (
        Access(address=U3),  # the API server listens there too, under a name that its certificate lacks
        "tls: failed to verify certificate: x509: certificate is valid for 127.0.0.1, 10.96.0.1, ",
    ),
}


@pytest.mark.parametrize("namespace", _TURNED_AWAY)
def test_pods_that_are_turned_away_are_told_apart_from_a_server_that_is_away(
    cluster: Cluster, as_user: Callable[..., User], namespace: str
) -> None:
    access, line = _TURNED_AWAY[namespace]
    with deployed(cluster, namespace, wait=False, access=access) as dns:
        for pod in REPLICAS:
            dns.wait_log(pod.name, line)
        report = live.report_of("diagnose", "-n", namespace, kubeconfig=as_user().kubeconfig)
    verdict = Verdict(frozenset({"apiserver-auth"}), low=0.9, never=frozenset({"apiserver-unreachable"}))
    assert mistakes(report, verdict, REPLICAS, REPLICAS) == []
    assert report["hypotheses"][0]["scope"]["kind"] == "cluster"
    assert line in str(report["hypotheses"][0])


@pytest.mark.parametrize(
    ("namespace", "image", "line"),
    [
        (
            "refused-old",
            programs.OLD_COREDNS,
            f'Kubernetes API connection failure: Get "https://{API_SERVER}:443/version": '
            f"dial tcp {API_SERVER}:443: connect: connection refused",
        ),
        ("refused-new", programs.COREDNS, "plugin/kubernetes: starting server with unsynced Kubernetes API"),
    ],
)
def test_a_server_that_refuses_the_connection_is_named_whether_or_not_coredns_says_why(
    cluster: Cluster, as_user: Callable[..., User], namespace: str, image: str, line: str
) -> None:
    cluster.machine.drop("cluster", API_SERVER, _REFUSING)
    try:
        with deployed(cluster, namespace, wait=False, image=image) as dns:
            for pod in REPLICAS:
                dns.wait_log(pod.name, line)
            report = live.report_of("diagnose", "-n", namespace, kubeconfig=as_user().kubeconfig)
    finally:
        cluster.machine.mend()
    verdict = Verdict(frozenset({"apiserver-unreachable"}), low=0.6, never=frozenset({"apiserver-auth"}))
    assert mistakes(report, verdict, REPLICAS, REPLICAS) == []
    assert report["hypotheses"][0]["scope"]["kind"] == "cluster"
    assert "connection refused" in str(report["hypotheses"][0]) or image == programs.COREDNS
