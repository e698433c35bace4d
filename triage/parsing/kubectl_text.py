"""Tables of `kubectl get pods|nodes|events`, in the order, width and completeness in which people paste them.

Columns are found by their header; without a usable header by the shape of the cells (`1/1`, `Ready`, `4 (7d ago)`).
`kubectl describe` output is handed on to `triage.parsing.describe`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from functools import cache

from triage.model.config import ConfigMap
from triage.model.late import late
from triage.model.observation import Citation
from triage.model.place import Event, Node, Pod
from triage.parsing import describe
from triage.parsing.labels import az_of, pool_of
from triage.parsing.tables import Row, age_s, rows, told

_POD_HEADERS = {
    "NAMESPACE": "namespace", "NS": "namespace", "NAME": "name", "POD": "name", "POD NAME": "name", "POD_NAME": "name",
    "READY": "ready", "STATUS": "status", "PHASE": "status", "RESTARTS": "restarts", "RESTART": "restarts",
    "RESTARTCOUNT": "restarts", "AGE": "age", "IP": "ip", "POD IP": "ip", "POD_IP": "ip", "POD-IP": "ip", "PODIP": "ip",
    "HOST IP": "host_ip", "HOST_IP": "host_ip", "HOST-IP": "host_ip", "HOSTIP": "host_ip", "NODE IP": "host_ip",
    "NODE": "node", "NODE NAME": "node", "NODE_NAME": "node", "NODENAME": "node", "LABELS": "labels", "IMAGE": "image",
}  # fmt: skip
_NODE_HEADERS = {
    "NAME": "name", "NODE": "name", "STATUS": "status", "ROLES": "roles", "ROLE": "roles", "AGE": "age",
    "VERSION": "version", "INTERNAL-IP": "internal_ip", "INTERNAL IP": "internal_ip", "INTERNAL_IP": "internal_ip",
    "INTERNALIP": "internal_ip", "ADDRESS": "internal_ip", "IP": "internal_ip", "EXTERNAL-IP": "external_ip",
    "OS-IMAGE": "os_image", "KERNEL-VERSION": "kernel", "KERNEL": "kernel", "CONTAINER-RUNTIME": "runtime",
    "ZONE": "az", "AZ": "az", "AVAILABILITY-ZONE": "az", "NODEPOOL": "pool", "NODE-POOL": "pool", "POOL": "pool",
    "NODEGROUP": "pool", "AGENTPOOL": "pool", "GKE-NODEPOOL": "pool", "INSTANCEGROUP": "pool", "NODEPOOL-ID": "pool",
    "POD-CIDR": "pod_cidr", "PODCIDR": "pod_cidr", "POD CIDR": "pod_cidr", "POD_CIDR": "pod_cidr", "LABELS": "labels",
}  # fmt: skip
_EVENT_HEADERS = {
    "NAMESPACE": "namespace", "LAST SEEN": "last", "LASTSEEN": "last", "AGE": "last", "FIRST SEEN": "first",
    "FIRSTSEEN": "first", "COUNT": "count", "TYPE": "type", "REASON": "reason", "OBJECT": "object",
    "SUBOBJECT": "subobject", "SOURCE": "source", "FROM": "source", "MESSAGE": "message", "NAME": "name",
    "KIND": "kind",
}  # fmt: skip

_AGE = r"-?(?:\d{1,9}[ywdhms]){1,6}"
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"


@cache
def _pod_shape() -> re.Pattern[str]:
    """Rows of a table without a head, as the two below: rare, so they are compiled for the first one."""
    return re.compile(
        rf"(?:(?P<namespace>{_NAME})\s+)?(?:pod/)?(?P<name>{_NAME})\s+(?P<ready>\d+/\d+)\s+(?P<status>[A-Za-z][\w:/-]*)"
        rf"(?:\s+(?P<restarts>\d+(?: \([^()\s]{{1,20}} ago\))?))?(?:\s+(?P<age>{_AGE}|<\w+>))?"
        r"(?:\s+(?P<ip>[0-9a-fA-F:.]{2,45}|<none>))?(?:\s+(?P<node>\S+))?"
    )


@cache
def _node_shape() -> re.Pattern[str]:
    return re.compile(
        rf"(?:node/)?(?P<name>{_NAME})\s+(?P<status>(?:Not)?Ready(?:,\w+)*|Unknown(?:,\w+)*)\s+(?P<roles>\S+)"
        rf"\s+(?P<age>{_AGE}|<\w+>)\s+(?P<version>v\d\S*)"
        r"(?:\s+(?P<internal_ip>[0-9a-fA-F:.]{2,45}|<none>)(?:\s+(?P<external_ip>[0-9a-fA-F:.]{2,45}|<\w+>)(?P<rest>.*))?)?"
    )


@cache
def _event_shape() -> re.Pattern[str]:
    return re.compile(
        rf"(?:(?P<namespace>{_NAME})\s+)?(?P<last>{_AGE}|<\w+>)(?:\s+\(x(?P<count>\d+) over [^()\s]{{1,20}}\))?"
        r"\s+(?P<type>Normal|Warning)\s+(?P<reason>\S+)\s+(?P<object>[A-Za-z.]+/\S+)(?:\s+(?P<message>.*))?"
    )


_RESTARTS = late(r"(\d{1,9})(?: \((\S{1,20}) ago\))?")
_SEEN = late(rf"({_AGE})(?: \(x(\d{{1,9}}) over \S{{1,20}}\))?")


def read_pods(text: str, *, file: str, first_line: int = 1) -> tuple[Pod, ...]:
    r"""Pods of `kubectl get pods` (any width) or `kubectl describe pod`, in their order; other lines are left out.

    >>> table = "NAME            READY   STATUS    RESTARTS     AGE    IP          NODE\n"
    >>> row = "coredns-5f-q2w   1/1     Running   4 (7d ago)   2m38s  10.9.1.4   kube-a1\n"
    >>> pod, = read_pods(table + row, file="pods.txt")
    >>> pod.name, pod.node, pod.pod_ip, pod.ready, pod.restarts, pod.last_restart_s, pod.age_s
    ('coredns-5f-q2w', 'kube-a1', '10.9.1.4', True, 4, 604800.0, 158.0)
    """
    if describe.is_description(text):
        return describe.pods(text, file=file, first_line=first_line)
    found = (_pod(row, file) for row in rows(text, _POD_HEADERS, first_line=first_line))
    return tuple(pod for pod in found if pod is not None)


def read_nodes(text: str, *, file: str, first_line: int = 1) -> tuple[Node, ...]:
    """Nodes of `kubectl get nodes` (any width) or `kubectl describe node`, in their order; other lines are left out.

    >>> row = "kube-a1  Ready  control-plane  9d  v1.29.3  10.8.0.11  <none>  Debian GNU/Linux 12  6.1.0-18-amd64  cri-o://1.29"
    >>> node, = read_nodes(row, file="nodes.txt")
    >>> node.roles, node.internal_ip, node.kernel, node.ready
    (('control-plane',), '10.8.0.11', '6.1.0-18-amd64', True)
    """
    if describe.is_description(text):
        return describe.nodes(text, file=file, first_line=first_line)
    found = (_node(row, file) for row in rows(text, _NODE_HEADERS, first_line=first_line))
    return tuple(node for node in found if node is not None)


def read_events(text: str, *, file: str, first_line: int = 1) -> tuple[Event, ...]:
    """Events of `kubectl get events` (old and new columns) or of the tables in `kubectl describe`.

    >>> event, = read_events("30s (x12 over 9m)  Warning  BackOff  pod/coredns-5f-q2w  Back-off restarting", file="e")
    >>> event.reason, event.object_kind, event.object_name, event.count, event.age_s
    ('BackOff', 'pod', 'coredns-5f-q2w', 12, 30.0)
    """
    if describe.is_description(text):
        return describe.events(text, file=file, first_line=first_line)
    found = (_event(row, file) for row in rows(text, _EVENT_HEADERS, first_line=first_line))
    return tuple(event for event in found if event is not None)


def read_configmaps(text: str, *, file: str, first_line: int = 1) -> tuple[ConfigMap, ...]:
    """ConfigMaps of `kubectl describe configmap`; the Corefile is a text under its key."""
    return describe.configmaps(text, file=file, first_line=first_line)


def _shaped(row: Row, shape: re.Pattern[str]) -> Mapping[str, str]:
    match = shape.match(row.text)
    return {name: value for name, value in match.groupdict().items() if value is not None} if match else {}


def _pod(row: Row, file: str) -> Pod | None:
    cells = row.cells
    if "name" not in cells or ("ready" in cells and "/" not in cells["ready"]) or not _restarts_fit(cells):
        cells = _shaped(row, _pod_shape())
    name = told(cells.get("name"))
    if name is None or len(cells) < 2 or not re.fullmatch(rf"(?:pod/)?{_NAME}", name):
        return None
    restarts = _RESTARTS.fullmatch(cells.get("restarts", ""))
    address = _address(cells.get("ip"))
    return Pod(
        name=name.removeprefix("pod/"),
        namespace=told(cells.get("namespace")),
        node=told(cells.get("node")),
        pod_ip=address,
        host_ip=_address(cells.get("host_ip")),
        status=told(cells.get("status")),
        ready=_all_ready(cells.get("ready", "")),
        restarts=int(restarts[1]) if restarts else None,
        last_restart_s=age_s(restarts[2]) if restarts else None,
        age_s=age_s(cells.get("age")),
        labels=_labels(cells.get("labels")),
        image=told(cells.get("image")),
        citation=Citation(file, row.number, row.text[:400]),
        pod_ips=(address,) if address else (),
    )


def _node(row: Row, file: str) -> Node | None:
    cells = row.cells
    if "name" not in cells or ("status" in cells and not _is_status(cells["status"])):
        cells = _shaped(row, _node_shape())
    name = told(cells.get("name"))
    if name is None or len(cells) < 2 or not re.fullmatch(rf"(?:node/)?{_NAME}", name):
        return None
    kernel, az = _rest(cells.get("rest", ""))
    roles, status, pod_cidr = told(cells.get("roles")), told(cells.get("status")), told(cells.get("pod_cidr"))
    labels = _labels(cells.get("labels"))
    addresses = tuple(a for a in map(_address, cells.get("internal_ip", "").split(",")) if a)
    return Node(
        name=name.removeprefix("node/"),
        internal_ip=addresses[0] if addresses else None,
        roles=tuple(roles.split(",")) if roles else (),
        az=told(cells.get("az", az)) or az_of(labels),
        pool=told(cells.get("pool")) or pool_of(labels),
        kernel=told(cells.get("kernel", kernel)),
        ready=status.split(",")[0] == "Ready" if status else None,
        labels=labels,
        pod_cidrs=tuple(pod_cidr.split(",")) if pod_cidr else (),
        age_s=age_s(cells.get("age")),
        version=told(cells.get("version")),
        citation=Citation(file, row.number, row.text[:400]),
        internal_ips=addresses,
        roles_told="roles" in cells,
    )


def _event(row: Row, file: str) -> Event | None:
    # The shape comes first: messages hold wide gaps of their own, and rows edited by hand lose their columns.
    cells = _shaped(row, _event_shape())
    if "subobject" in row.cells or "kind" in row.cells or not cells:
        cells = row.cells or cells
    reason = told(cells.get("reason"))
    if reason is None or cells.get("type") not in ("Normal", "Warning"):
        return None
    kind, _, name = cells.get("object", "").partition("/")
    if not name:
        kind, name = cells.get("kind", kind).lower(), cells.get("name", "")
    seen = _SEEN.match(cells.get("last", ""))
    count = cells.get("count") or (seen[2] if seen else None) or "1"
    return Event(
        reason=reason,
        message=cells.get("message", "").strip(),
        type=cells["type"],
        object_kind=kind.lower() or None,
        object_name=name or None,
        age_s=age_s(seen[1]) if seen else None,
        count=int(count) if count.isdecimal() else 1,
        citation=Citation(file, row.number, row.text[:400]),
    )


def _restarts_fit(cells: Mapping[str, str]) -> bool:
    return "restarts" not in cells or _RESTARTS.fullmatch(cells["restarts"]) is not None


def _is_status(cell: str) -> bool:
    return cell.split(",")[0] in ("Ready", "NotReady", "Unknown")


def _rest(text: str) -> tuple[str | None, str | None]:
    """Kernel and az behind the external address: the words around `containerd://1.7`."""
    words = text.split()
    at = next((i for i, word in enumerate(words) if "://" in word), None)
    if at is None:
        return None, None
    return words[at - 1] if at else None, words[at + 1] if len(words) == at + 2 else None


def _all_ready(cell: str) -> bool | None:
    ready, _, wanted = cell.partition("/")
    return ready == wanted if wanted else {"true": True, "false": False}.get(cell.lower())


def _address(cell: str | None) -> str | None:
    """An IP in its usual spelling; None for everything else."""
    try:
        return str(ipaddress.ip_address(cell.strip())) if cell else None
    except ValueError:
        return None


def _labels(cell: str | None) -> Mapping[str, str]:
    pairs = (part.partition("=") for part in (told(cell) or "").split(",") if "=" in part)
    return {key.strip(): value for key, _, value in pairs}
