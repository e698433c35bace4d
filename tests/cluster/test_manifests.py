"""The manifests that the program prints, judged by a real API server: strict fields, pod security, rights."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import pytest
import yaml

from tests.cluster import users
from tests.cluster.api import ApiError, wait_for
from tests.cluster.cluster import Cluster
from triage.cli import main

pytestmark = pytest.mark.cluster
_PATHS = {
    "Namespace": "/api/v1/namespaces",
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
    "PersistentVolumeClaim": "/api/v1/namespaces/{}/persistentvolumeclaims",
    "Role": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/roles",
    "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings",
    "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "ClusterRoleBinding": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies",
    "CronJob": "/apis/batch/v1/namespaces/{}/cronjobs",
}
_DRY = "?dryRun=All&fieldValidation=Strict"


def printed(*args: str) -> list[dict[str, Any]]:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert main(["manifests", *args]) == 0
    return list(yaml.safe_load_all(out.getvalue()))


def path_of(manifest: dict[str, Any]) -> str:
    return _PATHS[manifest["kind"]].format(manifest["metadata"].get("namespace"))


@pytest.mark.parametrize(
    "args",
    [
        ("rbac",),
        ("rbac", "--metrics", "--service-account", "reader"),
        ("cronjob",),
        ("cronjob", "--fail-on", "any", "--metrics", "--time-zone", "Asia/Shanghai", "--schedule", "15 6 * * mon-fri"),
    ],
    ids=" ".join,
)
def test_the_api_server_takes_every_object(cluster: Cluster, args: tuple[str, ...]) -> None:
    for manifest in printed(*args):
        answer = cluster.api("POST", path_of(manifest) + _DRY, manifest)
        assert answer["metadata"]["name"] == manifest["metadata"]["name"]


def test_a_field_that_does_not_exist_would_be_refused(cluster: Cluster) -> None:
    (job,) = [m for m in printed("cronjob") if m["kind"] == "CronJob"]
    job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["securityContxt"] = {}
    with pytest.raises(ApiError, match="unknown field"):
        cluster.api("POST", path_of(job) + _DRY, job)


@pytest.fixture(scope="module")
def watch(cluster: Cluster) -> list[dict[str, Any]]:
    """The manifests with a namespace of their own, applied but for the volume and the job."""
    made = printed("cronjob", "--home", "watch")
    for manifest in made:
        if manifest["kind"] not in {"PersistentVolumeClaim", "CronJob"}:
            cluster.api.apply(path_of(manifest), manifest)
    return made


def test_pod_security_restricted_takes_the_pod_and_nothing_weaker(
    cluster: Cluster, watch: list[dict[str, Any]]
) -> None:
    (job,) = [m for m in watch if m["kind"] == "CronJob"]
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "one", **job["spec"]["jobTemplate"]["spec"]["template"]["metadata"]},
        "spec": job["spec"]["jobTemplate"]["spec"]["template"]["spec"],
    }
    path = "/api/v1/namespaces/watch/pods" + _DRY
    assert cluster.api("POST", path, pod)["metadata"]["name"] == "one"
    pod["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True
    with pytest.raises(ApiError, match="restricted") as refused:
        cluster.api("POST", path, pod)
    assert refused.value.status == 403


def test_the_account_of_the_job_has_the_rights_of_a_diagnosis(cluster: Cluster, watch: list[dict[str, Any]]) -> None:
    path = "/api/v1/namespaces/watch/serviceaccounts/coredns-triage/token"
    token = cluster.api("POST", path, {"spec": {"expirationSeconds": 3600}})["status"]["token"]
    kubeconfig = users.with_token(cluster, "watch", token)

    def verified() -> bool:
        with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()):
            main(["manifests", "rbac", "--verify", "--kubeconfig", str(kubeconfig)])
        rows = out.getvalue().splitlines()[1:]
        return bool(rows) and all(row.startswith("yes") for row in rows)

    wait_for(verified, "rights of the job's account")
