"""The least rights that a collection needs: as manifests to apply, and asked of the API server beforehand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import yaml
from msgspec import Struct

from triage.sources.live.gaps import CAUSES
from triage.sources.live.labels import MAPS
from triage.sources.live.plain import as_dict
from triage.sources.live.reads import Reader

NAME = "coredns-triage"
_GROUP = "rbac.authorization.k8s.io"
_REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


class Right(Struct, frozen=True):
    """One right."""

    group: str
    resource: str
    verb: str
    names: tuple[str, ...] = ()
    """Of objects; empty: all of them. A list cannot be bounded by names."""
    everywhere: bool = False
    """True for what belongs to no namespace."""
    only_metrics: bool = False
    vital: bool = False
    """True when there is nothing to analyse without it."""


RIGHTS = (
    Right("", "pods", "list", vital=True),
    Right("", "pods/log", "get", vital=True),
    Right("", "events", "list"),
    Right("", "services", "list"),
    Right("", "configmaps", "get", MAPS),
    Right("discovery.k8s.io", "endpointslices", "list"),
    Right("apps", "replicasets", "list"),
    Right("", "pods/proxy", "get", only_metrics=True),
    Right("", "nodes", "list", everywhere=True),
)
"""Every read of the plan; a test removes one after the other from a real account."""


def rights_for(*, metrics: bool) -> tuple[Right, ...]:
    """The rights of a collection with these options."""
    return tuple(right for right in RIGHTS if metrics or not right.only_metrics)


def manifests(namespaces: Sequence[str], *, metrics: bool, account: str | None) -> str:
    """A Role for each namespace and a ClusterRole for the nodes, bound when an account is named; as YAML.

    >>> text = manifests(["kube-system"], metrics=False, account=None)
    >>> text.count("kind: Role"), text.count("kind: ClusterRole"), "secrets" in text, "pods/proxy" in text
    (1, 1, False, False)
    """
    return as_yaml(objects(namespaces, metrics=metrics, account=account, home=namespaces[0]))


def as_yaml(objects: Iterable[Mapping[str, Any]]) -> str:
    """Objects as YAML documents."""
    return yaml.safe_dump_all(objects, sort_keys=False, default_flow_style=None, width=120)


def objects(namespaces: Sequence[str], *, metrics: bool, account: str | None, home: str) -> Iterator[dict[str, Any]]:
    """The account, in the namespace `home`, and the roles with their bindings."""
    rights = rights_for(metrics=metrics)
    if account is not None:
        yield {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _meta(account, home)}
    for namespace in namespaces:
        yield from _role("Role", namespace, [r for r in rights if not r.everywhere], account, home)
    yield from _role("ClusterRole", None, [r for r in rights if r.everywhere], account, home)


def _role(
    kind: str, namespace: str | None, rights: Sequence[Right], account: str | None, home: str
) -> Iterator[dict[str, Any]]:
    head = {"apiVersion": f"{_GROUP}/v1"}
    yield {**head, "kind": kind, "metadata": _meta(NAME, namespace), "rules": [_rule(right) for right in rights]}
    if account is not None:
        yield {
            **head,
            "kind": f"{kind}Binding",
            "metadata": _meta(NAME, namespace),
            "roleRef": {"apiGroup": _GROUP, "kind": kind, "name": NAME},
            "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": home}],
        }


def _rule(right: Right) -> dict[str, Any]:
    names = {"resourceNames": list(right.names)} if right.names else {}
    return {"apiGroups": [right.group], "resources": [right.resource], **names, "verbs": [right.verb]}


def _meta(name: str, namespace: str | None) -> dict[str, str]:
    return {"name": name, **({"namespace": namespace} if namespace else {})}


class Verdict(Struct, frozen=True):
    """Whether a right is there."""

    right: Right
    namespace: str | None
    allowed: bool
    causes: tuple[str, ...]
    """What cannot be ruled out without it."""


def verify(reader: Reader, namespaces: Sequence[str], *, metrics: bool) -> Iterator[Verdict]:
    """Ask the API server for each right whether we have it, as `kubectl auth can-i` does. Raises Fault."""
    for right in rights_for(metrics=metrics):
        for namespace in (None,) if right.everywhere else namespaces:
            resource, _, subresource = right.resource.partition("/")
            wanted = {
                "group": right.group,
                "resource": resource,
                "subresource": subresource,
                "verb": right.verb,
                "namespace": namespace or "",
                "name": right.names[0] if right.names else "",
            }
            review = {
                "apiVersion": "authorization.k8s.io/v1",
                "kind": "SelfSubjectAccessReview",
                "spec": {"resourceAttributes": wanted},
            }
            answer = reader.post(_REVIEW, review)
            yield Verdict(right, namespace, bool(as_dict(answer.get("status")).get("allowed")), CAUSES[right.resource])
