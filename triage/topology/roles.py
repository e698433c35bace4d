"""Roles of nodes in one spelling for the whole cluster."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from triage.model.place import Fact, Node, Pod

_CONTROL_PLANE = frozenset({"control-plane", "controlplane", "master"})
# etcd beside a control plane is part of it; an etcd of its own is a role.
_BESIDE = _CONTROL_PLANE | {"etcd"}
_API_SERVER = re.compile(r"kube-apiserver-(.{1,253})")


def roles_of(nodes: Sequence[Node], pods: Sequence[Pod]) -> Mapping[str, Fact]:
    """Role of each node as kubectl's ROLES column has it, in one word.

    `control-plane,master` and `master` of one cluster become one word; `<none>` is a worker, as far as one can infer.
    Without node list, nodes with a mirror pod of the API server are control-plane nodes.

    >>> nodes = [Node("m1", roles=("control-plane", "master")), Node("m2", roles=("master",)), Node("w1")]
    >>> {name: (fact.value, fact.inferred) for name, fact in roles_of(nodes, []).items()}
    {'m1': ('control-plane', False), 'm2': ('control-plane', False), 'w1': ('worker', True)}
    """
    printed = {word for node in nodes for word in node.roles}
    leader = "master" if "master" in printed and not printed & {"control-plane", "controlplane"} else "control-plane"
    mirrors = _mirrors(pods)
    roles = {node.name: fact for node in nodes if (fact := _of(node, leader, mirrors))}
    for name in dict.fromkeys(pod.node for pod in pods if pod.node):
        if name not in roles and mirrors:
            origin = mirrors.get(name, "no kube-apiserver pod on it in the pod list")
            roles[name] = Fact(leader if name in mirrors else "worker", origin, inferred=True)
    return roles


def _of(node: Node, leader: str, mirrors: Mapping[str, str]) -> Fact | None:
    origin = node.citation.file if node.citation else "node list"
    words = set(node.roles)
    if words & _CONTROL_PLANE:
        return Fact(leader if words <= _BESIDE else ",".join(sorted((words - _BESIDE) | {leader})), origin)
    if words:
        return Fact(",".join(sorted(words)), origin)
    if node.name in mirrors:
        return Fact(leader, mirrors[node.name], inferred=True)
    return Fact("worker", f"no role in {origin}", inferred=True) if node.roles_told else None


def _mirrors(pods: Sequence[Pod]) -> Mapping[str, str]:
    """Node to the origin text of its API server's mirror pod; the pod's name ends with the node's."""
    found = {}
    for pod in pods:
        match = _API_SERVER.fullmatch(pod.name)
        if match and pod.node in (None, match[1]):
            found[match[1]] = f"mirror pod {pod.name}"
    return found
