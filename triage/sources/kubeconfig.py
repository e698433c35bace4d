"""Kubeconfigs as kubectl reads and merges them; each mistake in one is told with its file and its field."""

from __future__ import annotations

import base64
import os
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from msgspec import Struct, field
from msgspec.structs import replace

from triage.errors import TriageError
from triage.model.collection import Login
from triage.sources.structured import NotReadableError
from triage.sources.yaml_text import load_yaml

_MAX_BYTES = 16 * 1024 * 1024
_MAX_ALIASES = 100
COMMAND_LINE = "the command line"


class Section(Struct, frozen=True):
    """A cluster, a user or a context; values are looked at where they are used."""

    name: str
    """As a path in its file: `users[admin]`."""
    file: str
    fields: Mapping[str, object] = field(default_factory=dict)
    flags: Mapping[str, object] = field(default_factory=dict)
    """What the command line says instead; its paths are relative to the working directory."""

    def path(self, key: str) -> str:
        """Of a field, for sentences about it."""
        return f"{self.name}.{key}" if self.name else key

    def text(self, key: str) -> str:
        """A text; empty when it is not there."""
        value = self._value(key)
        if value is not None and not isinstance(value, str):
            fail(self, key, "is no text")
        return value or ""

    def flag(self, key: str) -> bool:
        """Yes or no; no when it is not there."""
        value = self._value(key)
        if value is not None and not isinstance(value, bool):
            fail(self, key, "is neither true nor false")
        return bool(value)

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        value = self._value(key) or []
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            fail(self, key, "is no list of texts")
        return tuple(value)

    def sections(self, key: str) -> tuple[Section, ...]:
        """A list of mappings."""
        value = self._value(key) or []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            fail(self, key, "is no list of mappings")
        return tuple(Section(f"{self.path(key)}[{at}]", self.file, item) for at, item in enumerate(value))

    def section(self, key: str) -> Section | None:
        """A mapping."""
        value = self._value(key)
        if value is not None and not isinstance(value, dict):
            fail(self, key, "is no mapping")
        return None if value is None else Section(self.path(key), self.file, value)

    def content(self, key: str, wait_s: float | None) -> bytes | None:
        """What stands in `KEY-data`, else in the file that KEY names; a pipe that nobody fills is not waited for."""
        if data := self.text(f"{key}-data"):
            try:
                return base64.b64decode("".join(data.split()), validate=True)
            except ValueError:
                fail(self, f"{key}-data", "is no base64")
        path = self.text(key)
        if not path:
            return None
        found = self.folder(key) / Path(path).expanduser()
        try:
            return read_file(found, wait_s)
        except OSError as error:
            raise TriageError(
                "{field} in {file}: {path} cannot be read: {why}",
                hint="correct it, or name another login with --kubeconfig or --context",
                field=self.path(key),
                file=self.origin(key),
                path=found,
                why=error.strerror or error,
            ) from error

    def folder(self, key: str) -> Path:
        """What paths are relative to: the folder of the file, or where we are."""
        return Path.cwd() if key in self.flags else Path(self.file).parent.absolute()

    def origin(self, key: str) -> str:
        """Who says it."""
        return COMMAND_LINE if key in self.flags else self.file

    def told(self, **flags: object) -> Section:
        """The same with what the command line says; a file that it names goes before data of the kubeconfig."""
        said = {key.replace("_", "-"): value for key, value in flags.items() if value}
        return replace(self, flags=said | {f"{key}-data": None for key in said})

    def _value(self, key: str) -> object:
        return self.flags[key] if key in self.flags else self.fields.get(key)


def fail(section: Section, key: str, why: str) -> NoReturn:
    """Tell a mistake in a kubeconfig."""
    raise TriageError(
        "{field} in {file} {why}",
        hint="correct it, or name another login with --kubeconfig or --context",
        field=section.path(key),
        file=section.origin(key),
        why=why,
    )


class Kubeconfig(Struct, frozen=True):
    """The merged files."""

    files: tuple[str, ...] = ()
    current: str = ""
    """Name of the context that is used unless another one is asked for."""
    clusters: Mapping[str, Section] = field(default_factory=dict)
    users: Mapping[str, Section] = field(default_factory=dict)
    contexts: Mapping[str, Section] = field(default_factory=dict)


def kubeconfigs(login: Login, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The files that exist of --kubeconfig, else KUBECONFIG (a list), else the one in the home directory.

    Raises TriageError when a file is named that is not there.
    """
    if login.kubeconfig:
        if not Path(login.kubeconfig).exists():
            raise TriageError("no such file or folder: {path}", hint="check the spelling", path=login.kubeconfig)
        return (login.kubeconfig,)
    listed = environ.get("KUBECONFIG") or str(Path(environ.get("HOME") or "~").expanduser() / ".kube" / "config")
    return tuple(path for path in listed.split(os.pathsep) if path and Path(path).exists())


def merged(files: tuple[str, ...], wait_s: float | None) -> Kubeconfig:
    """The files as kubectl merges them: the first one that names a thing counts, paths are relative to their file."""
    found: dict[str, dict[str, Section]] = {"clusters": {}, "users": {}, "contexts": {}}
    current = ""
    for file in files:
        whole = _parsed(file, wait_s)
        current = current or whole.text("current-context")
        for kind, sections in found.items():
            for entry in whole.sections(kind):
                name = entry.text("name")
                if not name:
                    fail(entry, "name", "is missing")
                inner = entry.section(kind[:-1])
                fields = inner.fields if inner else {}
                sections.setdefault(name, Section(f"{kind}[{name}].{kind[:-1]}", file, fields))
    return Kubeconfig(files, current, **found)


def _parsed(file: str, wait_s: float | None) -> Section:
    try:
        text = read_file(Path(file), wait_s).decode("utf-8-sig")
        documents = load_yaml(text, max_aliases=_MAX_ALIASES)
    except OSError as error:
        raise _no_kubeconfig(file, error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise _no_kubeconfig(file, "it is no text") from error
    except NotReadableError as error:
        lines = re.findall(r"line (\d+)", str(error))  # the last one is where it went wrong
        raise _no_kubeconfig(file, f"YAML, line {lines[-1]}" if lines else "YAML") from error
    data = documents[0] if documents else {}
    if not isinstance(data, dict) or data.get("kind", "Config") != "Config":
        raise _no_kubeconfig(file, "it holds something else")
    return Section("", file, data)


def _no_kubeconfig(file: str, why: str) -> TriageError:
    return TriageError(
        "{file} cannot be read as a kubeconfig: {why}",
        hint="check it with `kubectl config view`, or name another one with --kubeconfig",
        file=file,
        why=why,
    )


def read_file(path: Path, wait_s: float | None) -> bytes:
    """The content of a file. Raises OSError, also when it does not come in time: pipes and dead mounts."""
    done: list[bytes | OSError] = []

    def read() -> None:
        try:
            with path.open("rb") as stream:
                done.append(stream.read(_MAX_BYTES))
        except OSError as error:
            done.append(error)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(wait_s)
    if not done:
        raise TimeoutError(None, f"no answer within {wait_s:g} s")
    if isinstance(done[0], OSError):
        raise done[0]
    return done[0]
