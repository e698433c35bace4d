"""Folders on disk → files in the order of their names; what is no plain file is listed and not opened."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

from msgspec.structs import replace

from triage.model.bundle import Document
from triage.sources.found import Found, shown
from triage.sources.limits import Limits

# Kubelet's /var/log/containers holds links of this form into /var/log/pods.
_CONTAINER_LINK_TARGET = "/pods/"
_SKIPPED_FOLDERS = frozenset({".git", "__pycache__", ".svn"})


def walk(root: Path, prefix: str, limits: Limits) -> Iterator[Found | Document]:
    """All files below a folder, sorted; `prefix` stands before their names (empty for a single folder)."""
    for item in _walk(root, root, prefix, limits, 0):
        yield (
            replace(item, layout_path=f"{shown(root.absolute().name)}/{item.layout_path}")
            if isinstance(item, Found)
            else item
        )


def _walk(root: Path, folder: Path, prefix: str, limits: Limits, depth: int) -> Iterator[Found | Document]:
    try:
        entries = sorted(os.scandir(folder), key=lambda e: os.fsencode(e.name))
    except OSError:
        yield _nothing(folder, prefix).ignored("ignored.not-readable")
        return
    for entry in entries:
        path = Path(entry.path)
        name = prefix + shown(entry.name)
        found = of_file(path, name, name)
        if entry.is_symlink():
            yield from _link(root, path, found)
        elif entry.is_dir(follow_symlinks=False):
            if entry.name in _SKIPPED_FOLDERS:
                continue
            if depth >= limits.max_depth:
                yield found.ignored("ignored.too-deep")
            else:
                yield from _walk(root, path, name + "/", limits, depth + 1)
        elif entry.is_file(follow_symlinks=False):
            yield found
        else:
            yield found.ignored("ignored.special-file")


def _link(root: Path, path: Path, found: Found) -> Iterator[Found | Document]:
    """A link that stays inside is met again as the file; one that leads outside is refused: evidence is foreign."""
    target = Path(os.path.realpath(path))
    if target.is_relative_to(os.path.realpath(root)) and target.exists():
        return
    if _CONTAINER_LINK_TARGET in str(target) and target.is_file() and target.name.partition(".")[0].isdigit():
        yield found
        return
    yield found.ignored("ignored.link")


def of_file(path: Path, name: str, file: str, *, given: bool = False) -> Found:
    """A file on disk; its size is unknown when it cannot be asked."""
    try:
        size: int | None = path.stat().st_size
    except OSError:
        size = None
    return Found(name=name, file=file, open=partial(_opened, path), size_bytes=size, layout_path=name, given=given)


def _opened(path: Path) -> BinaryIO:
    return path.open("rb")


def kind_of_path(path: Path) -> str:
    """`file`, `folder`, `pipe`, `missing` or `special` (device, socket); links that the user names are followed."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return "missing"
    except ValueError:  # a NUL in the name
        return "missing"
    if stat.S_ISDIR(mode):
        return "folder"
    return "file" if stat.S_ISREG(mode) else "pipe" if stat.S_ISFIFO(mode) else "special"


def _nothing(folder: Path, prefix: str) -> Found:
    name = prefix or shown(folder.name)
    return Found(name=name, file=name, open=partial(_opened, folder))
