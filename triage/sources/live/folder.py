"""The bundle on disk: objects as lists of their kept fields, a manifest, and the archive made of the folder."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from triage.errors import TriageError
from triage.model.bundle import Bundle, Kind
from triage.sources.live.fields import kept
from triage.sources.live.logs import open_private

SCHEMA = "triage.bundle/1"
_LEVEL = 1
"""Of gzip: logs shrink to a tenth anyway, and somebody waits."""
_EPOCH_S = 0
"""Time of every member of an archive: equal evidence gives equal bytes."""


def make_folder(path: Path) -> Path:
    """A new folder that only its owner may read; raises TriageError when something is there already."""
    try:
        path.mkdir(mode=0o700, parents=False)
    except FileExistsError:
        if not path.is_dir() or any(path.iterdir()):
            raise TriageError(
                "{path} is there already", hint="name a folder that does not exist yet", path=path
            ) from None
    except OSError as error:
        raise TriageError(
            "{path} cannot be written: {why}",
            hint="choose a folder that exists and that you may write to",
            path=path,
            why=error.strerror or error,
        ) from error
    return path


def write_objects(file: Path, kind: str, items: Iterable[Mapping[str, object]]) -> int:
    """A list of objects, one a line, each with nothing but the fields that are kept; returns their number.

    Written as they come, so that a list of any length takes no memory; where it breaks off, what came is a whole list.
    """
    file.parent.mkdir(mode=0o700, exist_ok=True)
    number = 0
    with open_private(file) as out:
        out.write(b'{"apiVersion": "v1", "kind": "%sList", "items": [' % kind.encode())
        try:
            for item in items:
                line = json.dumps(kept(kind, item), ensure_ascii=False, sort_keys=True)
                out.write((b",\n" if number else b"\n") + line.encode("utf-8", "replace"))
                number += 1
        except BaseException:
            if not number:
                file.unlink()
            raise
        finally:
            out.write(b"\n]}\n")
    return number


def write_text(file: Path, text: str | bytes) -> None:
    """A file as it is."""
    file.parent.mkdir(mode=0o700, exist_ok=True, parents=True)
    with open_private(file) as out:
        out.write(text.encode("utf-8", "replace") if isinstance(text, str) else text)


def write_manifest(folder: Path, about: Mapping[str, object]) -> None:
    """`manifest.json` with size and hash of every other file, and `version.yaml`."""
    version = str(about.get("tool", ""))
    write_text(folder / "version.yaml", f"apiVersion: {SCHEMA}\nkind: Bundle\ncoredns-triage: {json.dumps(version)}\n")
    manifest = {"schema": SCHEMA, **about, "files": [_entry(folder, file) for file in _files(folder)]}
    told = ",\n".join(f" {json.dumps(key)}: {_laid_out(value)}" for key, value in manifest.items())
    write_text(folder / "manifest.json", f"{{\n{told}\n}}\n")


def _laid_out(value: object) -> str:
    """JSON with each item of a list on a line of its own: thousands of files would be laid out slowly otherwise."""
    if not isinstance(value, list) or not value:
        return json.dumps(value, ensure_ascii=False)
    return "[\n  " + ",\n  ".join(json.dumps(item, ensure_ascii=False) for item in value) + "\n ]"


def _files(folder: Path) -> list[str]:
    """All files below a folder, in the order of their paths."""
    found = (os.path.relpath(os.path.join(top, name), folder) for top, _, names in os.walk(folder) for name in names)  # noqa: PTH118
    return sorted(found, key=lambda path: Path(path).parts)


def copy_bundle(bundle: Bundle, folder: Path) -> None:
    """Write the documents of a bundle that was redacted since it was collected, with a manifest of its own.

    Files that were no evidence are left out.
    """
    for document in bundle.documents:
        if document.kind is not Kind.IGNORED:
            file = folder / document.file
            file.parent.mkdir(mode=0o700, exist_ok=True, parents=True)
            with document.open() as stream, open_private(file) as out:
                shutil.copyfileobj(stream, out)
    manifest = next((d for d in bundle.documents if d.file == "manifest.json"), None)
    about = json.loads(manifest.text()) if manifest else {}
    about = {key: value for key, value in about.items() if key not in {"schema", "files"}}
    write_manifest(folder, {**about, "redaction": bundle.redaction})


def _entry(folder: Path, path: str) -> dict[str, object]:
    with (folder / path).open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        size = stream.tell()
    return {"path": Path(path).as_posix(), "bytes": size, "sha256": digest}


def pack(folder: Path, archive: Path) -> None:
    """A .tar.gz of the folder under one top directory of the archive's name; whole or not at all, mode 0600."""
    top = archive.name.removesuffix(".tgz").removesuffix(".tar.gz")
    handle, temporary = tempfile.mkstemp(prefix=f".{archive.name}.", dir=archive.parent)
    try:
        with (
            os.fdopen(handle, "wb") as raw,
            gzip.GzipFile("", "wb", _LEVEL, raw, mtime=_EPOCH_S) as packed,
            tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
        ):
            for path in _files(folder):
                tar.add(folder / path, f"{top}/{Path(path).as_posix()}", filter=_plain)
        Path(temporary).replace(archive)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = member.mtime = _EPOCH_S
    member.uname = member.gname = ""
    member.mode = 0o600
    return member
