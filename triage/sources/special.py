"""JSON files that are no Kubernetes objects and still say something: versions, our own files, wrapped logs."""

from __future__ import annotations

import json
from collections.abc import Mapping

from msgspec import Struct, field

from triage.sources.layouts import is_other_log
from triage.sources.signs import is_log_line

_NO_LOG = "unable to retrieve container logs for "
_ERROR_LINES = (
    "### ",
    "Error from server",
    "error: ",
    "Unable to connect",
    "The connection to the server",
    _NO_LOG,
    "the pod runs on no node yet",
)
_MAX_ERRORS = 200_000
_LIST_NAMES = (("event", "Event"), ("node", "Node"), ("pod", "Pod"))


class Special(Struct, frozen=True):
    """What such a file gives."""

    why_ignored: str | None
    context: Mapping[str, str] = field(default_factory=dict)
    log: str | None = None
    replica: str | None = None
    container: str | None = None


def special_of(data: object) -> Special | None:
    """None for every other JSON text.

    >>> special_of({"serverVersion": {"gitVersion": "v1.30.1"}}).context
    {'server_version': 'v1.30.1'}
    >>> special_of({"name": "coredns-7f8ff9c97-6tlln", "containerName": "coredns", "containerLog": ".:53"}).log
    '.:53'
    """
    if not isinstance(data, dict):
        return None
    schema = data.get("schema")
    if isinstance(schema, str) and schema.startswith("triage."):
        cluster = data.get("cluster")
        told = _texts(cluster) if isinstance(cluster, dict) else {}
        if schema.startswith("triage.report/"):
            return Special("ignored.report", told)
        return Special("ignored.own-file", {**told, **_manifest(data)} if schema.startswith("triage.bundle/") else told)
    for key in ("serverVersion", "info"):  # `kubectl version -o json`; troubleshoot's cluster_version.json
        version = data.get(key)
        if isinstance(version, dict) and isinstance(version.get("gitVersion"), str):
            return Special("ignored.version", {"server_version": version["gitVersion"]})
    return _wrapped_log(data)


def _manifest(data: Mapping[object, object]) -> dict[str, str]:
    """What a collection could not read, as JSON, products that answer DNS without a CoreDNS, window and redaction."""
    from triage.sources.live.products import PRODUCTS

    found = data.get("products")
    products = [p for p in found if p in PRODUCTS] if isinstance(found, list) else []
    told = {"troubles": json.dumps(data.get("errors")), "products": " ".join(products)}
    if isinstance(asked := data.get("asked"), dict) and isinstance(since := asked.get("since"), str):
        told["since"] = since
    mode = data.get("redaction")
    return {**told, "redaction": mode} if mode in ("names", "full") else told


def _texts(data: Mapping[object, object]) -> dict[str, str]:
    wanted = ("context", "server_version", "distribution")
    return {key: value for key in wanted if isinstance(value := data.get(key), str)}


def _wrapped_log(data: Mapping[object, object]) -> Special | None:
    """AKS Periscope keeps the log of each container in an object, with the pod's name and state."""
    pod, container, log = data.get("name"), data.get("containerName"), data.get("containerLog")
    if not (isinstance(pod, str) and isinstance(container, str) and isinstance(log, str)):
        return None
    if is_other_log(pod, container):
        return Special("ignored.other-pod")
    return Special(None, log=log, replica=pod, container=container)


def kind_of_empty_list(data: object, name: str) -> str | None:
    """Kubernetes' kind of a list without items: told by the list, else by the file's name; None when it is no list.

    >>> (kind_of_empty_list({"kind": "PodList", "items": []}, "x.json"),
    ...  kind_of_empty_list({"kind": "List", "items": []}, "events.json"))
    ('Pod', 'Event')
    """
    if not isinstance(data, dict) or data.get("items") != [] or not isinstance(data.get("kind"), str):
        return None
    kind = str(data["kind"]).removesuffix("List")
    base = name.rsplit("/", 1)[-1].lower()
    return kind or next((found for word, found in _LIST_NAMES if word in base), "Unknown")


def is_error_file(text: str) -> bool:
    r"""True for the `errors.txt` of the collecting script, and for a file of nothing but what kubectl says.

    >>> is_error_file("### list nodes\nError from server (Forbidden): nodes is forbidden\n")
    True
    >>> is_error_file("error: unknown command\n"), is_error_file("[INFO] Reloading\n")
    (True, False)
    >>> is_error_file("error: [ERROR] plugin/errors: 2 a.example. A: dns: overflowing header size\\n")
    False
    """
    lines = [line for line in text[:_MAX_ERRORS].splitlines() if line.strip()]
    others = [line for line in lines if not line.startswith(_ERROR_LINES)]
    logged = (line.removeprefix("error: ") for line in lines if not line.startswith(_NO_LOG))
    return len(others) <= 0.4 * len(lines) and bool(lines) and not any(is_log_line(line) for line in logged)


def errors_of(text: str) -> dict[str, str]:
    """What such a file tells: reads as JSON, and as they are written where they have another form."""
    from triage.sources.live.gaps import as_data
    from triage.sources.live.words import troubles_of

    troubles, others = troubles_of(text[:_MAX_ERRORS])
    return {"troubles": json.dumps([as_data(t) for t in troubles]), "refused": "\n".join(others[:100])}
