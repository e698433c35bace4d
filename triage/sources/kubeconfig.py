"""Kubeconfigs as kubectl reads them, and the account of a pod: where the Python client reads them otherwise."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triage.errors import TriageError
from triage.model.collection import Identity, Login

_HERE = "127.0.0.0/8,::1,localhost"
"""Never asked through a proxy of the environment, as in Go."""


@dataclass(frozen=True, slots=True)
class Access:
    """How to ask: the client's configuration, headers of impersonation, and who that is."""

    configuration: Any
    headers: tuple[tuple[str, str], ...]
    identity: Identity


def access_of(login: Login, environ: Mapping[str, str]) -> Access:
    """The login that these flags and this environment mean: kubeconfigs first, then the account of the pod."""
    from kubernetes import config
    from kubernetes.client import Configuration

    configuration = Configuration()
    paths = kubeconfigs(login, environ)
    try:
        if not paths and login.context is None and environ.get("KUBERNETES_SERVICE_HOST"):
            config.load_incluster_config(configuration)
            identity = _of_pod(configuration)
            user: Mapping[str, Any] = {}
        else:
            identity, user = _of_files(paths, login, configuration)
    except config.ConfigException as error:
        raise TriageError(
            "the login cannot be used: {why}",
            hint="name another one with --kubeconfig or --context, or let kubectl log in: --via kubectl",
            why=error,
        ) from error
    as_user = login.as_user or user.get("as")
    groups = login.as_groups or tuple(user.get("as-groups") or ())
    headers = [("Impersonate-User", str(as_user))] if as_user else []
    headers += [("Impersonate-Group", str(group)) for group in groups]
    who = f"{as_user}, impersonated by {identity.user}" if as_user else identity.user
    return Access(configuration, tuple(headers), _renamed(identity, who))


def kubeconfigs(login: Login, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The files that exist of --kubeconfig, else KUBECONFIG (a list), else the one in the home directory.

    Raises TriageError when a file is named that is not there.
    """
    if login.kubeconfig:
        if not Path(login.kubeconfig).is_file():
            raise TriageError("no such file or folder: {path}", hint="check the spelling", path=login.kubeconfig)
        return (login.kubeconfig,)
    listed = environ.get("KUBECONFIG") or str(Path(environ.get("HOME") or "~").expanduser() / ".kube" / "config")
    return tuple(path for path in listed.split(os.pathsep) if path and Path(path).is_file())


def merged(paths: tuple[str, ...]) -> Any:  # noqa: ANN401 - the client's own kind of node
    """The files as kubectl merges them: the first `current-context` counts, paths are relative to their file."""
    from kubernetes.config.kube_config import KubeConfigMerger

    try:
        merger = KubeConfigMerger(os.pathsep.join(paths))
    except Exception as error:  # YAML errors, wrong shapes: the library checks little
        raise TriageError(
            "the kubeconfig cannot be read: {why}", hint="check it with `kubectl config view`", why=error
        ) from error
    if merger.config is None:
        raise TriageError(
            "no kubeconfig was found, and this is no pod of a cluster",
            hint="name one with --kubeconfig or KUBECONFIG",
        )
    currents = [c.get("current-context") for c in merger.config_files.values() if isinstance(c, dict)]
    merger.config.value["current-context"] = next((c for c in currents if c), "")
    for user in merger.config.value.get("users") or ():
        _absolute(user.value.get("user"), ("client-certificate", "client-key", "tokenFile"), user.path)
    return merger.config


def _absolute(entry: object, keys: tuple[str, ...], file: str) -> None:
    """The client looks for a user's files beside the file of the cluster."""
    for key in keys:
        if isinstance(entry, dict) and isinstance(entry.get(key), str) and entry[key]:
            entry[key] = str(Path(file).parent.absolute() / Path(entry[key]).expanduser())


def _of_files(paths: tuple[str, ...], login: Login, configuration: Any) -> tuple[Identity, Mapping[str, Any]]:  # noqa: ANN401
    from kubernetes.config import ConfigException
    from kubernetes.config.kube_config import KubeConfigLoader

    config = merged(paths)
    name = login.context or config.value.get("current-context")
    if not name:
        raise TriageError("no context is chosen", hint="choose one with --context, or `kubectl config use-context`")
    contexts = [c.value for c in config.value.get("contexts") or ()]
    context = next((c.get("context") or {} for c in contexts if c.get("name") == name), None)
    if context is None:
        known = ", ".join(sorted(str(c.get("name")) for c in contexts)) or "none"
        raise TriageError("there is no context '{name}'", hint="choose one of: {known}", name=name, known=known)
    try:
        loader = KubeConfigLoader(config, active_context=name, config_base_path=None)
        loader.load_and_set(configuration)
    except ConfigException:
        raise
    except Exception as error:
        raise ConfigException(str(error) or type(error).__name__) from error
    cluster = _named(config, "clusters", context.get("cluster")).get("cluster") or {}
    user = _named(config, "users", context.get("user")).get("user") or {}
    _proxy(configuration, bool(cluster.get("proxy-url")))
    identity = Identity(
        os.pathsep.join(paths), str(name), configuration.host, context.get("namespace"),
        f"{context.get('user') or 'nobody'} ({_how(user, configuration)})",
    )  # fmt: skip
    return identity, user


def _named(config: Any, kind: str, name: object) -> Mapping[str, Any]:  # noqa: ANN401
    found = (e.value for e in config.value.get(kind) or () if e.value.get("name") == name)
    return next(found, None) or {}


def _proxy(configuration: Any, told: bool) -> None:  # noqa: ANN401
    """A proxy that the kubeconfig names is used whatever NO_PROXY says; one of the environment never for ourselves."""
    if told:
        configuration.no_proxy = ""
    elif configuration.proxy:
        configuration.no_proxy = ",".join(filter(None, (configuration.no_proxy, _HERE)))


def _how(user: Mapping[str, Any], configuration: Any) -> str:  # noqa: ANN401
    """How the user proves who he is, and the name in his token if there is one."""
    exec_plugin = user.get("exec")
    if isinstance(exec_plugin, Mapping):
        return f"by the plugin {Path(str(exec_plugin.get('command'))).name}"
    if configuration.api_key:
        return subject(next(iter(configuration.api_key.values()))) or "token"
    return "client certificate" if configuration.cert_file else "no credentials"


def _of_pod(configuration: Any) -> Identity:  # noqa: ANN401
    from kubernetes.config.incluster_config import SERVICE_TOKEN_FILENAME

    space = Path(SERVICE_TOKEN_FILENAME).with_name("namespace")
    namespace = space.read_text(encoding="utf-8").strip() if space.is_file() else None
    user = subject(next(iter(configuration.api_key.values()), "")) or "service account"
    return Identity("service account of this pod", None, configuration.host, namespace, user)


def subject(token: str) -> str | None:
    """Who a token is for; None when it does not tell.

    >>> subject("Bearer e30." + base64.urlsafe_b64encode(b'{"sub":"system:serviceaccount:dns:reader"}').decode() + ".x")
    'system:serviceaccount:dns:reader'
    >>> subject("Bearer abc") is None
    True
    """
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return None
    return claims.get("sub") if isinstance(claims, dict) and isinstance(claims.get("sub"), str) else None


def _renamed(identity: Identity, user: str) -> Identity:
    return Identity(identity.source, identity.context, identity.server, identity.namespace, user)
