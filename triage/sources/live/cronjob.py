"""A CronJob that runs `triage diagnose --history`, and everything that it needs, with nothing more than it needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from triage.model.collection import Schedule
from triage.sources.live.rights import NAME, as_yaml, objects

_USER = 65532
_STATE = "/state"
_LABELS = {"app.kubernetes.io/name": NAME}


def manifests(wish: Schedule) -> str:
    """As YAML to apply."""
    return as_yaml(_objects(wish))


def _objects(wish: Schedule) -> Iterator[dict[str, Any]]:
    if wish.home not in wish.namespaces:
        yield _namespace(wish.home)
    for made in objects(wish.namespaces, metrics=wish.metrics, account=NAME, home=wish.home):
        # The token is mounted by the job alone.
        yield {**made, "automountServiceAccountToken": False} if made["kind"] == "ServiceAccount" else made
    yield {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": _meta(wish),
        "spec": {
            "podSelector": {"matchLabels": dict(_LABELS)},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [],
            # The API server is asked by its address: no DNS is needed, least of all the one that may be down.
            "egress": [{"ports": [{"protocol": "TCP", "port": port} for port in wish.api_ports]}],
        },
    }
    yield {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": _meta(wish),
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "100Mi"}}},
    }
    yield {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": _meta(wish), "spec": _cron(wish)}


def _meta(wish: Schedule) -> dict[str, Any]:
    return {"name": NAME, "namespace": wish.home, "labels": dict(_LABELS)}


def _namespace(name: str) -> dict[str, Any]:
    restricted = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": restricted}}


def _cron(wish: Schedule) -> dict[str, Any]:
    findings = {
        "podFailurePolicy": {
            "rules": [
                {"action": "FailJob", "onExitCodes": {"containerName": "triage", "operator": "In", "values": [10, 11]}}
            ]
        }
    }
    return {
        "schedule": wish.schedule,
        **({"timeZone": wish.time_zone} if wish.time_zone else {}),
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 300,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 1,
        "jobTemplate": {
            "spec": {
                "backoffLimit": 1,
                "activeDeadlineSeconds": 900,
                "ttlSecondsAfterFinished": 86400,
                **(findings if wish.fail_on != "none" else {}),
                "template": {"metadata": {"labels": dict(_LABELS)}, "spec": _pod(wish)},
            }
        },
    }


def _pod(wish: Schedule) -> dict[str, Any]:
    return {
        "serviceAccountName": NAME,
        "automountServiceAccountToken": True,
        "restartPolicy": "Never",
        "enableServiceLinks": False,
        "dnsPolicy": "Default",
        # It has to run when the workers are ill.
        "tolerations": [{"key": "node-role.kubernetes.io/control-plane", "operator": "Exists", "effect": "NoSchedule"}],
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": "triage",
                "image": wish.image,
                "args": _arguments(wish),
                "env": [{"name": "HOME", "value": "/tmp"}],
                "resources": {
                    "requests": {"cpu": "100m", "memory": "256Mi", "ephemeral-storage": "64Mi"},
                    "limits": {"memory": "1Gi", "ephemeral-storage": "2Gi"},
                },
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
                "volumeMounts": [{"name": "state", "mountPath": _STATE}, {"name": "tmp", "mountPath": "/tmp"}],
            }
        ],
        "volumes": [
            {"name": "state", "persistentVolumeClaim": {"claimName": NAME}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "2Gi"}},
        ],
    }


def _arguments(wish: Schedule) -> Sequence[str]:
    found = ["diagnose", "--quiet", "--no-input", "--since", wish.since, "--history", f"{_STATE}/history.db"]
    for namespace in wish.namespaces:
        found += ["--namespace", namespace]
    found += ["--metrics"] if wish.metrics else []
    return [*found, "--fail-on", wish.fail_on] if wish.fail_on != "none" else found
