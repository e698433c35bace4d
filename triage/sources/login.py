"""How to reach an API server and as whom: flags, kubeconfigs, the account of a pod → an `Access`, then `Credentials`.

Two steps, so that it can be told whom we ask before a plugin runs or a file is read that may hang.
"""

from __future__ import annotations

import base64
import json
import os
import ssl
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit

from msgspec import Struct

from triage.errors import NoEvidenceError, TriageError
from triage.model.collection import Identity, Login
from triage.sources import plugin
from triage.sources.kubeconfig import Kubeconfig, Section, fail, kubeconfigs, merged

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds its account."""
_ACCOUNT = "account"
_PROXIES = {"http", "https", "socks5", "socks5h"}
_NOBODY = "nobody"


class Access(Struct, frozen=True):
    """Which server, and where the proof stands who we are."""

    server: str
    cluster: Section
    user: Section
    login: Login
    identity: Identity

    @property
    def wait_s(self) -> float | None:
        """For a plugin or a file to answer; None waits for ever."""
        return self.login.timeout_s or None

    def who(self, how: str | None = None) -> str:
        """Our name, and how we prove it."""
        if self.user.name == _ACCOUNT:
            name = how if how not in (None, "token") else "service account"
        else:
            name = self.user.name.removeprefix("users[").removesuffix("].user")
            name = f"{name} ({how})" if how else name
        as_user = self.login.as_user or self.user.text("as")
        return f"{as_user}, impersonated by {name}" if as_user else str(name)


class Credentials(Struct, frozen=True):
    """The proof who we are."""

    headers: tuple[tuple[str, str], ...]
    context: ssl.SSLContext | None
    """None for a server without TLS."""
    user: str
    """In words."""


def access_of(login: Login, environ: Mapping[str, str]) -> Access:
    """The login that these flags and this environment mean: kubeconfigs first, then the account of the pod."""
    files = kubeconfigs(login, environ)
    asked = login.context or login.cluster or login.user or login.server
    if not files and not asked and environ.get("KUBERNETES_SERVICE_HOST"):
        return _of_pod(login, environ)
    config = merged(files, login.timeout_s or None)
    name = login.context or config.current
    if not (files or login.server):
        raise TriageError(
            "no kubeconfig was found, and this is no pod of a cluster",
            hint="name one with --kubeconfig or KUBECONFIG",
        )
    if not name and not (login.cluster or login.server):
        raise TriageError("no context is chosen", hint="choose one with --context, or `kubectl config use-context`")
    context = _named(config, "context", name)
    cluster = _named(config, "cluster", login.cluster or context.text("cluster")).told(
        server=login.server, certificate_authority=login.authority, tls_server_name=login.tls_name,
        insecure_skip_tls_verify=login.insecure,
    )  # fmt: skip
    user_name = login.user or context.text("user")
    user = _named(config, "user", user_name).told(client_certificate=login.certificate, client_key=login.key)
    server = _url(cluster)
    place = Identity(os.pathsep.join(files) or "the command line", name or None, server, context.text("namespace"))
    return Access(server, cluster, user, login, place)


def _named(config: Kubeconfig, kind: str, name: str) -> Section:
    sections: Mapping[str, Section] = getattr(config, f"{kind}s")
    if not name:
        return Section(_NOBODY if kind == "user" else kind, config.files[0] if config.files else "")
    if name not in sections:
        known = ", ".join(sorted(sections)) or "none"
        raise TriageError(
            "there is no {kind} '{name}'", hint="choose one of: {known}", kind=kind, name=name, known=known
        )
    return sections[name]


def _of_pod(login: Login, environ: Mapping[str, str]) -> Access:
    host, port = environ["KUBERNETES_SERVICE_HOST"], environ.get("KUBERNETES_SERVICE_PORT") or "443"
    server = f"https://{f'[{host}]' if ':' in host else host}:{port}"
    source = "service account of this pod"
    cluster = Section("cluster", source, {"certificate-authority": str(SERVICE_ACCOUNT / "ca.crt")})
    user = Section(_ACCOUNT, source, {"tokenFile": str(SERVICE_ACCOUNT / "token")})
    space = SERVICE_ACCOUNT / "namespace"
    namespace = space.read_text(encoding="utf-8").strip() if space.is_file() else None
    return Access(server, cluster, user, login, Identity(source, None, server, namespace))


def _url(cluster: Section) -> str:
    """The server; without a scheme it is the one that the other fields tell."""
    server = cluster.text("server")
    if not server:
        fail(cluster, "server", "is missing")
    if "://" not in server:
        secure = ("certificate-authority", "certificate-authority-data", "tls-server-name")
        tls = cluster.flag("insecure-skip-tls-verify") or any(map(cluster.text, secure))
        server = f"{'https' if tls else 'http'}://{server}"
    if not _is_url(server, {"http", "https"}):
        fail(cluster, "server", "is no URL")
    return server.rstrip("/")


def _is_url(text: str, schemes: set[str]) -> bool:
    try:
        parts = urlsplit(text)
        return (
            parts.scheme in schemes
            and bool(parts.hostname)
            and parts.port != 0
            and text.isprintable()
            and " " not in text
        )
    except ValueError:
        return False


def proxy_of(access: Access, environ: Mapping[str, str]) -> str | None:
    """The proxy that the kubeconfig names, else the one of the environment unless NO_PROXY or ourselves are meant."""
    from triage.sources.proxies import is_direct

    told = access.cluster.text("proxy-url")
    if told:
        if not _is_url(told, _PROXIES):
            fail(access.cluster, "proxy-url", "is no URL")
        return told
    parts = urlsplit(access.server)
    named = (f"{parts.scheme}_proxy".upper(), f"{parts.scheme}_proxy")
    name = next((name for name in named if environ.get(name)), None)
    if name is None:
        return None
    found = environ[name] if "://" in environ[name] else f"http://{environ[name]}"
    if not _is_url(found, _PROXIES):
        raise TriageError("{name} of the environment is no URL", hint="correct it, or unset it", name=name)
    excluded = environ.get("NO_PROXY") or environ.get("no_proxy") or ""
    return None if is_direct(parts.hostname or "", parts.port, excluded) else found


def log_in(access: Access, environ: Mapping[str, str]) -> Credentials:
    """Get the credentials: read the files, run the plugin. Raises TriageError with what is wrong with them."""
    user, cluster = access.user, access.cluster
    token, how = _token(user, access.wait_s)
    certificate, key = (user.content(kind, access.wait_s) for kind in ("client-certificate", "client-key"))
    program = user.section("exec")
    if program is not None and not token:
        may_ask = bool(sys.stdin and sys.stdin.isatty())
        told = _told_to_plugins(access) if program.flag("provideClusterInfo") else {}
        found = plugin.run(program, told, environ, access.wait_s, may_ask=may_ask)
        token, how = found.token, f"by the plugin {Path(program.text('command')).name}"
        certificate, key = found.certificate or certificate, found.key or key
    headers = []
    if token:
        if not token.isascii() or not token.isprintable():
            fail(user, "token", "holds what no token may hold")
        headers.append(("Authorization", f"Bearer {token}"))
    elif name := user.text("username"):
        pair = base64.b64encode(f"{name}:{user.text('password')}".encode()).decode()
        headers.append(("Authorization", f"Basic {pair}"))
        how = "password"
    how = how or ("client certificate" if certificate else "no credentials")
    if as_user := access.login.as_user or user.text("as"):
        headers += _impersonation(access, as_user)
    context = _tls(cluster, user, access.wait_s, certificate, key) if access.server.startswith("https") else None
    return Credentials(tuple(headers), context, access.who(how))


def _token(user: Section, wait_s: float | None) -> tuple[str, str]:
    """A token of the kubeconfig and who it is for; a file goes before a text, as in kubectl."""
    token = (user.content("tokenFile", wait_s) or b"").decode("utf-8", "replace").strip() or user.text("token")
    provider = user.section("auth-provider")
    if provider is not None and not token:
        told = provider.section("config") or provider
        token = told.text("id-token") or told.text("access-token")
        if (ends := claims(token).get("exp")) and isinstance(ends, int) and ends < time.time():
            raise NoEvidenceError(
                "the login of auth-provider {name} has expired",
                hint="log in again, or let kubectl do it: --via kubectl",
                name=provider.text("name"),
            )
    subject = claims(token).get("sub")
    return token, (subject if isinstance(subject, str) else "token") if token else ""


def _impersonation(access: Access, as_user: str) -> list[tuple[str, str]]:
    user, login = access.user, access.login
    uid = login.as_uid or user.text("as-uid")
    extra = user.section("as-user-extra")
    headers = [("Impersonate-User", as_user), *([("Impersonate-Uid", uid)] if uid else [])]
    headers += [("Impersonate-Group", group) for group in login.as_groups or user.texts("as-groups")]
    if extra is not None:
        for key in extra.fields:
            headers += [(f"Impersonate-Extra-{quote(key, safe='')}", value) for value in extra.texts(key)]
    for _, value in headers:
        if not value.isascii() or not value.isprintable():
            fail(user, "as", "holds what no header may hold")
    return headers


def _told_to_plugins(access: Access) -> dict[str, object]:
    """The cluster, for plugins that want to know."""
    cluster = access.cluster
    authority = cluster.content("certificate-authority", access.wait_s)
    told: dict[str, object] = {
        "server": access.server,
        "tls-server-name": cluster.text("tls-server-name"),
        "insecure-skip-tls-verify": cluster.flag("insecure-skip-tls-verify"),
        "certificate-authority-data": base64.b64encode(authority).decode() if authority else "",
        "proxy-url": cluster.text("proxy-url"),
    }
    for extension in cluster.sections("extensions"):
        if extension.text("name") == "client.authentication.k8s.io/exec":
            told["config"] = extension.fields.get("extension")
    return {key: value for key, value in told.items() if value}


def _tls(
    cluster: Section, user: Section, wait_s: float | None, certificate: bytes | None, key: bytes | None
) -> ssl.SSLContext:
    authority = cluster.content("certificate-authority", wait_s)
    try:
        context = ssl.create_default_context(cadata=authority.decode("ascii") if authority else None)
    except (ssl.SSLError, ValueError):
        fail(cluster, "certificate-authority", "holds no certificate")
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # authorities of old clusters lack what newer Pythons want
    if cluster.flag("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if not certificate:
        return context
    if not key:
        fail(user, "client-key", "is missing")
    with tempfile.NamedTemporaryFile(prefix="coredns-triage-") as pair:  # the library takes nothing but files
        pair.write(certificate.rstrip() + b"\n" + key)
        pair.flush()
        try:
            context.load_cert_chain(pair.name, password=str)
        except (ssl.SSLError, ValueError):
            fail(user, "client-certificate", "and its key are no pair that can be read")
    return context


def claims(token: str) -> Mapping[str, object]:
    """What a token tells, if it is one of those that do.

    >>> claims("e30." + base64.urlsafe_b64encode(b'{"sub":"system:serviceaccount:dns:reader"}').decode() + ".x")
    {'sub': 'system:serviceaccount:dns:reader'}
    >>> claims("abc")
    {}
    """
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        told = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
