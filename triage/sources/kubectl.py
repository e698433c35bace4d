"""The same reads through kubectl or oc: for logins that only the program knows."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from msgspec.structs import replace

from triage.errors import TriageError
from triage.model.collection import Login
from triage.sources.live.reads import Fault
from triage.sources.live.words import fault_of
from triage.sources.login import Access, access_of

_PIECE = 64 * 1024


class KubectlReader:
    """Reads by `kubectl get --raw`."""

    def __init__(self, program: str, access: Access) -> None:
        self._program = program
        self._timeout_s = access.wait_s
        self._flags = _flags(access.login)
        self._user = access.who()
        self.identity = replace(access.identity, source=program)

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


def connect(login: Login) -> KubectlReader:
    """A reader through the program in the path; asks nothing yet."""
    program = shutil.which(login.via)
    if program is None:
        raise TriageError("{program} was not found", hint="install it, or leave --via out", program=login.via)
    return KubectlReader(program, access_of(login, os.environ))


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest


def _text(errors: Any) -> str:  # noqa: ANN401
    errors.seek(0)
    return str(errors.read(_PIECE).decode("utf-8", errors="replace"))
