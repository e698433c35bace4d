"""Login plugins of kubeconfigs (`exec`): programs that print a credential. They get as long as an answer may take."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from triage.errors import NoEvidenceError, TriageError
from triage.sources.kubeconfig import Section, fail

_GROUP = "client.authentication.k8s.io/"
_VERSIONS = tuple(_GROUP + version for version in ("v1", "v1beta1", "v1alpha1"))


class Credential(Struct, frozen=True):
    """What a plugin printed; what it did not is empty."""

    token: str = ""
    certificate: bytes = b""
    key: bytes = b""


def run(
    plugin: Section, cluster: Mapping[str, object], environ: Mapping[str, str], wait_s: float | None, *, may_ask: bool
) -> Credential:
    """Run it: its stderr is ours, and it may read from the terminal when somebody sits there.

    Raises TriageError when it is not there, NoEvidenceError when it gives no credential.
    """
    version, command = plugin.text("apiVersion"), plugin.text("command")
    if version not in _VERSIONS:
        fail(plugin, "apiVersion", "is not known")
    if not command:
        fail(plugin, "command", "is missing")
    may_ask = may_ask and plugin.text("interactiveMode") != "Never"
    spec = {"interactive": may_ask, **({"cluster": cluster} if plugin.flag("provideClusterInfo") else {})}
    asked = json.dumps({"kind": "ExecCredential", "apiVersion": version, "spec": spec})
    named = {variable.text("name"): variable.text("value") for variable in plugin.sections("env")}
    program = str(plugin.folder("command") / command) if "/" in command else command
    name = Path(command).name
    try:
        done = subprocess.run(
            [program, *plugin.texts("args")],
            env={**environ, **named, "KUBERNETES_EXEC_INFO": asked},
            stdin=None if may_ask else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            timeout=wait_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NoEvidenceError(
            "the login plugin {name} did not answer within {seconds} s",
            hint="run it yourself, then try again; or give it longer: --request-timeout 5m",
            name=name,
            seconds=f"{wait_s:g}",
        ) from error
    except (OSError, ValueError) as error:
        raise TriageError(
            "the login plugin {name} cannot be run: {why}",
            hint="install it, or name another login with --kubeconfig or --context",
            name=name,
            why=getattr(error, "strerror", None) or error,
        ) from error
    if done.returncode:
        raise NoEvidenceError(
            "the login plugin {name} failed with exit code {code}",
            hint="log in again, or name another login with --kubeconfig or --context",
            name=name,
            code=done.returncode,
        )
    return _credential(done.stdout, name)


def _credential(printed: bytes, name: str) -> Credential:
    try:
        status = json.loads(printed)["status"]
        told = [status.get(key) or "" for key in ("token", "clientCertificateData", "clientKeyData")]
        token, certificate, key = (text.strip() for text in told)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _no_credential(name) from error
    if not token and not certificate:
        raise _no_credential(name)
    return Credential(token, certificate.encode(), key.encode())


def _no_credential(name: str) -> NoEvidenceError:
    return NoEvidenceError(
        "the login plugin {name} printed no credential",
        hint="log in again, or name another login with --kubeconfig or --context",
        name=name,
    )
