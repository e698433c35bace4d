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
        self._flags = [
            *(["--kubeconfig", login.kubeconfig] if login.kubeconfig else []),
            *(["--context", login.context] if login.context else []),
            *(["--as", login.as_user] if login.as_user else []),
            *(flag for group in login.as_groups for flag in ("--as-group", group)),
        ]
        self.identity = self._who(login)
        """Whom it asks, and as whom."""

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
            done = subprocess.run(command, input=text, stdout=subprocess.PIPE, stderr=errors, check=False)
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

    def _who(self, login: Login) -> Identity:
        command = [self._program, *self._flags, "config", "view", "--minify", "-o", "json"]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if done.returncode and login.context:
            raise TriageError(
                "kubectl says: {why}",
                hint="choose a context that `kubectl config get-contexts` lists",
                why=done.stderr.decode(errors="replace").strip()[:300],
            )
        try:
            config = json.loads(done.stdout)
            context = config["contexts"][0]["context"]
            server = config["clusters"][0]["cluster"]["server"]
        except (ValueError, KeyError, IndexError, TypeError):  # in a pod there is no kubeconfig, and kubectl works
            return Identity(self._program, login.context, "as it decides", None, login.as_user or "as it decides")
        user = str(context.get("user") or "nobody")
        who = f"{login.as_user}, impersonated by {user}" if login.as_user else user
        return Identity(self._program, config.get("current-context"), server, context.get("namespace"), who)


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
