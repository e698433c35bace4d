"""An API server that is busy for one account: real priority and fairness, whose only seat is taken."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Any

from tests.cluster.api import Api, ApiError, wait_for
from tests.cluster.users import User

_GROUP = "flowcontrol.apiserver.k8s.io"
_REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_NARROW = {"nominalConcurrencyShares": 0, "lendablePercent": 0, "borrowingLimitPercent": 0}


@contextlib.contextmanager
def busy(user: User, resource: str) -> Iterator[Callable[[], object]]:
    """Lists of a resource are refused with 429 for this account, until what is yielded is called."""
    level = {"type": "Limited", "limited": {**_NARROW, "limitResponse": {"type": "Reject"}}}
    account = {"kind": "ServiceAccount", "serviceAccount": {"name": user.name, "namespace": "default"}}
    requests = {"verbs": ["list", "create"], "apiGroups": ["*"], "clusterScope": True, "namespaces": ["*"]}
    requests["resources"] = [resource, "selfsubjectaccessreviews"]
    flow = {"priorityLevelConfiguration": {"name": user.name}, "matchingPrecedence": 50}
    flow["rules"] = [{"subjects": [account], "resourceRules": [requests]}]
    narrow = _apply(user, "PriorityLevelConfiguration", level)["metadata"]["uid"]
    _apply(user, "FlowSchema", flow)
    reader, path = Api(user.cluster.port, user.cluster.authority, token=user.token), f"/api/v1/{resource}?limit=1"
    wait_for(lambda: reader.header(path, "X-Kubernetes-PF-PriorityLevel-UID") == narrow, "the narrow level")
    with contextlib.ExitStack() as seat:
        wait_for(lambda: _has_taken(seat, user) and _is_refused(reader, path), "429")
        yield seat.close


def _apply(user: User, kind: str, spec: dict[str, object]) -> dict[str, Any]:
    content = {"apiVersion": f"{_GROUP}/v1", "kind": kind, "metadata": {"name": user.name}, "spec": spec}
    made: dict[str, Any] = user.cluster.api.apply(f"/apis/{_GROUP}/v1/{kind.lower()}s", content)
    return made


def _has_taken(seat: contextlib.ExitStack, user: User) -> bool:
    """A request whose body does not come holds a seat as long as it lasts: whoever is told to go on has one.

    The list before it may still have the seat when its answer has been read. The request is then refused itself.
    """
    seat.close()
    head = f"POST {_REVIEW} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {user.token}\r\nContent-Length: 64\r\n"
    trusted = ssl.create_default_context(cafile=str(user.cluster.authority))
    plain = seat.enter_context(socket.create_connection(("127.0.0.1", user.cluster.port), timeout=10))
    connection = seat.enter_context(trusted.wrap_socket(plain, server_hostname="127.0.0.1"))
    connection.sendall(f"{head}Content-Type: application/json\r\nExpect: 100-continue\r\n\r\n".encode())
    return connection.recv(64).startswith(b"HTTP/1.1 100")


def _is_refused(reader: Api, path: str) -> bool:
    try:
        reader("GET", path)
    except ApiError as error:
        return error.status == 429
    return False
