"""The least rights suffice, each one that is missing is a gap that names it, and `--verify` says so beforehand."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster import users
from tests.cluster.api import wait_for
from tests.cluster.dns import REPLICAS, Dns
from triage.cli import main
from triage.errors import ExitCode
from triage.model.bundle import Gap
from triage.sources.live.rights import RIGHTS, Right
from triage.sources.load import load

pytestmark = pytest.mark.cluster
_ROLES = "/apis/rbac.authorization.k8s.io/v1"
_PATHS = {
    "ServiceAccount": "/api/v1/namespaces/kube-system/serviceaccounts",
    "Role": f"{_ROLES}/namespaces/kube-system/roles",
    "RoleBinding": f"{_ROLES}/namespaces/kube-system/rolebindings",
    "ClusterRole": f"{_ROLES}/clusterroles",
    "ClusterRoleBinding": f"{_ROLES}/clusterrolebindings",
}


class Account:
    """The account that `triage manifests rbac` makes."""

    def __init__(self, dns: Dns, manifests: list[dict[str, Any]]) -> None:
        self._api = dns.cluster.api
        self._roles = [m for m in manifests if m["kind"] in {"Role", "ClusterRole"}]
        for manifest in manifests:
            self._api.apply(_PATHS[manifest["kind"]], manifest)
        path = f"{_PATHS['ServiceAccount']}/reader/token"
        token = self._api("POST", path, {"spec": {"expirationSeconds": 7200}})["status"]["token"]
        self.kubeconfig = users.with_token(dns.cluster, "reader", token)
        self.wait(["yes"] * len(RIGHTS))

    @contextlib.contextmanager
    def without(self, right: Right) -> Iterator[None]:
        """The account without one of its rights for a while."""
        for role in self._roles:
            rules = [r for r in role["rules"] if (r["apiGroups"], r["resources"]) != ([right.group], [right.resource])]
            self._api.apply(_PATHS[role["kind"]], {**role, "rules": rules})
        self.wait(["no" if other is right else "yes" for other in RIGHTS])
        yield
        for role in self._roles:
            self._api.apply(_PATHS[role["kind"]], role)

    def wait(self, allowed: list[str]) -> None:
        """Until the authoriser has seen the change."""
        wait_for(
            lambda: [line.split()[0] for line in self.verify()[1].splitlines()[1:]] == allowed, f"rights {allowed}"
        )

    def verify(self) -> tuple[int, str]:
        """What `triage manifests rbac --verify` prints."""
        import io

        with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()):
            code = main(["manifests", "rbac", "--verify", "--metrics", "--kubeconfig", str(self.kubeconfig)])
        return code, out.getvalue()

    def collect(self, folder: Path) -> int:
        """Collect into a folder."""
        return main(
            ["collect", "-q", "--metrics", "--kubeconfig", str(self.kubeconfig), "--output-file", str(folder)]
        )  # fmt: skip


@pytest.fixture(scope="module")
def account(founding: Dns) -> Account:
    import io

    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert main(["manifests", "rbac", "--metrics", "--service-account", "reader"]) == 0
    return Account(founding, list(yaml.safe_load_all(out.getvalue())))


def read_gaps(folder: Path) -> list[Gap]:
    return [gap for gap in load([str(folder)]).gaps if gap.id.startswith("gap.read-") or gap.id == "gap.unauthorized"]


def test_the_least_rights_suffice(account: Account, tmp_path: Path) -> None:
    assert account.verify()[0] == 0
    assert account.collect(tmp_path / "bundle") == 0
    assert read_gaps(tmp_path / "bundle") == []
    assert json.loads((tmp_path / "bundle" / "manifest.json").read_text())["errors"] == []


@pytest.mark.parametrize("right", RIGHTS, ids=lambda right: right.resource)
def test_a_right_that_is_missing_is_a_gap_that_names_it(account: Account, right: Right, tmp_path: Path) -> None:
    with account.without(right):
        code, said = account.verify()
        folder = tmp_path / "bundle"
        collected = account.collect(folder)
    no = [line.split()[1:4] for line in said.splitlines() if line.startswith("no ")]
    assert no == [[right.verb, right.resource, "*" if right.everywhere else "kube-system"]]
    if right.vital:
        assert (code, collected) == (ExitCode.NO_EVIDENCE, ExitCode.NO_EVIDENCE)
    else:
        assert (code, collected) == (0, 0)
    gaps = read_gaps(folder)
    assert gaps
    for gap in gaps:
        assert gap.id == "gap.read-denied"
        assert (gap.params["verb"], gap.params["resource"]) == (right.verb, right.resource)
        assert gap.command == "triage manifests rbac"
        assert gap.cannot_rule_out
    logs = {d.replica for d in load([str(folder)]).documents if d.kind == "log"}
    assert logs == (set() if right.vital else {pod.name for pod in REPLICAS})
