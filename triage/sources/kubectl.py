"""The same reads through kubectl or oc: for logins that only the program knows."""

from __future__ import annotations

import json
import select
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from triage.errors import TriageError
from triage.model.collection import Identity, Login
from triage.sources.live.reads import Fault
from triage.sources.live.words import fault_of

_PIECE = 64 * 1024


class KubectlReader:
    """Reads by `kubectl get --raw`."""

    def __init__(self, program: str, login: Login) -> None:
        self._program = program
        self._timeout_s = login.timeout_s or None
        self._flags = _flags(login)
        self.identity, self._user = self._who(login)

    def log_in(self) -> str:
        """Say as whom we ask: the program gets its credentials by itself, for each read."""
        return self._user

    @contextmanager
    def open(self, path: str) -> Iterator[Iterator[bytes]]:
        """The body of GET `path` in pieces."""
        with tempfile.TemporaryFile() as errors:
            process = self._start(["get", "--raw", path], errors)
            assert process.stdout is not None
            pieces = self._pieces(process, errors)
            try:
                first = next(pieces, b"")
                yield _chain(first, pieces)
            finally:
                process.stdout.close()
                if process.poll() is None:
                    process.kill()
                process.wait()

    def post(self, path: str, body: Mapping[str, object]) -> Mapping[str, Any]:
        """Ask a question that the API takes as a POST (access reviews); nothing is stored by it."""
        with tempfile.TemporaryFile() as errors:
            command = [self._program, *self._flags, "create", "--raw", path, "-f", "-"]
            text = json.dumps(body).encode()
            try:
                done = subprocess.run(
                    command, input=text, stdout=subprocess.PIPE, stderr=errors, check=False, timeout=self._timeout_s
                )
            except subprocess.TimeoutExpired as error:
                raise Fault("timeout", f"no answer within {self._timeout_s:g} s") from error
            if done.returncode:
                raise fault_of(_text(errors))
        data = json.loads(done.stdout)
        return data if isinstance(data, dict) else {}

    def _start(self, arguments: list[str], errors: Any) -> subprocess.Popen[bytes]:  # noqa: ANN401
        command = [self._program, *self._flags, *arguments]
        try:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors)
        except OSError as error:
            raise Fault("unreachable", f"{self._program}: {error.strerror}") from error

    def _pieces(self, process: subprocess.Popen[bytes], errors: Any) -> Iterator[bytes]:  # noqa: ANN401
        """What it prints; its own --request-timeout would end a long log in the middle, so silence is timed here."""
        stream = process.stdout
        assert stream is not None
        while True:
            if not select.select([stream], [], [], self._timeout_s)[0]:
                raise Fault("timeout", f"no answer within {self._timeout_s:g} s")
            piece = stream.read1(_PIECE)  # type: ignore[attr-defined]
            if not piece:
                break
            yield piece
        if process.wait():
            raise fault_of(_text(errors))

    def _who(self, login: Login) -> tuple[Identity, str]:
        """What its own view of the configuration says; where that says nothing, as in a pod, it knows nevertheless."""
        config = self._config()
        name = login.context or config.get("current-context") or None
        context = _named(config, "context", name) or {}
        if login.context and not context:
            known = ", ".join(sorted(_names(config, "contexts"))) or "none"
            raise TriageError(
                "there is no {kind} '{name}'", hint="choose one of: {known}", kind="context", name=name, known=known
            )
        cluster = _named(config, "cluster", login.cluster or context.get("cluster"))
        user = str(login.user or context.get("user") or "as it decides")
        place = Identity(
            self._program,
            name,
            login.server or cluster.get("server") or "as it decides",
            context.get("namespace"),
        )
        return place, f"{login.as_user}, impersonated by {user}" if login.as_user else user

    def _config(self) -> Mapping[str, Any]:
        command = [self._program, *self._flags, "config", "view", "-o", "json"]
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=self._timeout_s
            )
        except (subprocess.TimeoutExpired, OSError) as error:
            raise TriageError(
                "{program} cannot be used: {why}",
                hint="run `kubectl version` to see whether it works",
                program=self._program,
                why=getattr(error, "strerror", None) or error,
            ) from error
        if done.returncode:
            raise TriageError(
                "kubectl says: {why}",
                hint="check the kubeconfig with `kubectl config view`",
                why=" ".join(done.stderr.decode(errors="replace").split())[:300],
            )
        try:
            config = json.loads(done.stdout)
        except ValueError:
            return {}
        return config if isinstance(config, dict) else {}


def _flags(login: Login) -> list[str]:
    """The flags of the same names; --request-timeout is not among them, for silence is timed here."""
    told = {
        "kubeconfig": login.kubeconfig, "context": login.context, "cluster": login.cluster, "user": login.user,
        "server": login.server, "certificate-authority": login.authority, "client-certificate": login.certificate,
        "client-key": login.key, "tls-server-name": login.tls_name, "as": login.as_user, "as-uid": login.as_uid,
    }  # fmt: skip
    flags = [f"--{name}={value}" for name, value in told.items() if value]
    flags += [f"--as-group={group}" for group in login.as_groups]
    return [*flags, *(["--insecure-skip-tls-verify"] if login.insecure else [])]


def _named(config: Mapping[str, Any], kind: str, name: object) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next((e for e in config.get(f"{kind}s") or () if e.get("name") == name), {})
    return found.get(kind) or {}


def _names(config: Mapping[str, Any], kind: str) -> list[str]:
    return [str(entry.get("name")) for entry in config.get(kind) or ()]


def connect(login: Login) -> KubectlReader:
    """A reader through the program in the path; asks nothing yet."""
    program = shutil.which(login.via)
    if program is None:
        raise TriageError("{program} was not found", hint="install it, or leave --via out", program=login.via)
    return KubectlReader(program, login)


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest


def _text(errors: Any) -> str:  # noqa: ANN401
    errors.seek(0)
    return str(errors.read(_PIECE).decode("utf-8", errors="replace"))
