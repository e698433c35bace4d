"""Service accounts with exactly the rights that a test gives them, and what the audit log says they asked for."""

from __future__ import annotations

import base64
import datetime as dt
import itertools
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.cluster import daemons
from tests.cluster.cluster import Cluster

_RBAC = "rbac.authorization.k8s.io"
_NUMBERS = itertools.count(1)
EVERYTHING = (
    {"apiGroups": [""], "resources": ["pods", "nodes", "events", "configmaps", "services"], "verbs": ["get", "list"]},
    {"apiGroups": [""], "resources": ["pods/log", "pods/proxy", "namespaces"], "verbs": ["get", "list"]},
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["get", "list"]},
    {"apiGroups": ["apps"], "resources": ["deployments", "replicasets", "daemonsets"], "verbs": ["get", "list"]},
)
"""Every read that this project could want."""


@dataclass(frozen=True, slots=True)
class User:
    """A service account and its kubeconfig."""

    cluster: Cluster
    name: str
    token: str
    kubeconfig: Path

    def asked(self) -> list[dict[str, Any]]:
        """Every request of it so far, from the audit log: verb, resource with subresource, code …"""
        with self.cluster.paths.audit.open(encoding="utf-8") as lines:
            records = [json.loads(line) for line in lines]
        mine = f"system:serviceaccount:default:{self.name}"
        return [_short(record) for record in records if record["user"].get("username") == mine]


def _short(record: dict[str, Any]) -> dict[str, Any]:
    target = record.get("objectRef", {})
    parts = (target.get("resource") or record["requestURI"].partition("?")[0], target.get("subresource"))
    return {
        "verb": record["verb"],
        "resource": "/".join(part for part in parts if part),
        "namespace": target.get("namespace"),
        "name": target.get("name"),
        "code": record["responseStatus"]["code"],
        "at": dt.datetime.fromisoformat(record["requestReceivedTimestamp"]),
    }


def create(cluster: Cluster, rules: Sequence[dict[str, Any]] = EVERYTHING, namespace: str | None = None) -> User:
    """A new account with these rules everywhere, or in one namespace only (a Role instead of a ClusterRole)."""
    name = f"user-{next(_NUMBERS)}"
    apply, version = cluster.api.apply, f"{_RBAC}/v1"
    apply("/api/v1/namespaces/default/serviceaccounts", _named("v1", "ServiceAccount", name))
    role, where = ("Role", f"/namespaces/{namespace}") if namespace else ("ClusterRole", "")
    apply(f"/apis/{version}{where}/{role.lower()}s", _named(version, role, name, rules=list(rules)))
    reference = {"apiGroup": _RBAC, "kind": role, "name": name}
    subject = {"kind": "ServiceAccount", "name": name, "namespace": "default"}
    binding = _named(version, f"{role}Binding", name, roleRef=reference, subjects=[subject])
    apply(f"/apis/{version}{where}/{role.lower()}bindings", binding)
    path = f"/api/v1/namespaces/default/serviceaccounts/{name}/token"
    token: str = cluster.api("POST", path, {"spec": {"expirationSeconds": 7200}})["status"]["token"]
    return User(cluster, name, token, with_token(cluster, name, token))


def with_token(cluster: Cluster, name: str, token: str, port: int | None = None) -> Path:
    """A kubeconfig that shows this token, to the cluster itself or to what listens at another port."""
    path = cluster.paths.root / f"{name}.kubeconfig"
    server = f"https://127.0.0.1:{port or cluster.port}"
    path.write_text(daemons.kubeconfig(server, cluster.authority.read_bytes(), {"token": token}), encoding="utf-8")
    return path


def expired(cluster: Cluster, token: str) -> str:
    """The same token as it is an hour after its end, signed with the cluster's own key."""
    head, claims, _ = token.split(".")
    content = json.loads(base64.urlsafe_b64decode(claims + "=="))
    content |= {"exp": int(time.time()) - 3600, "iat": int(time.time()) - 7200, "nbf": int(time.time()) - 7200}
    signed = f"{head}.{_part(json.dumps(content).encode())}"
    key = serialization.load_pem_private_key((cluster.paths.secrets / "account.key").read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return f"{signed}.{_part(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def _part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _named(version: str, kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **more}
