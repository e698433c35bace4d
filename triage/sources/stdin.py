"""Standard input, and pipes that were named, as files that can be opened again and entered anywhere."""

from __future__ import annotations

import atexit
import os
import stat
import sys
from pathlib import Path
from typing import BinaryIO

from triage.errors import TriageError
from triage.sources import folder
from triage.sources.found import Found, bytes_opener, read_up_to, shown
from triage.sources.limits import Limits

_NAME = "stdin"
_PIECE = 1 << 20


def of_stdin(stdin: BinaryIO | None, limits: Limits) -> Found:
    """All of it: the file itself when it is one, in memory when it is short, else in a temporary file.

    Raises TriageError when there is no room for the temporary file.
    """
    if stdin is None:
        return Found(_NAME, _NAME, bytes_opener(b""), 0, given=True)
    path = _file_behind(stdin)
    if path is not None:
        return folder.of_file(path, _NAME, _NAME, given=True)
    return _kept(stdin, _NAME, limits)


def of_pipe(path: Path, limits: Limits) -> Found:
    """What comes out of a pipe that the user named: `<(command)` of the shell, `/dev/stdin`, a FIFO."""
    with path.open("rb") as pipe:
        return _kept(pipe, shown(str(path).strip("/").replace("/", "-")), limits)


def _kept(stream: BinaryIO, name: str, limits: Limits) -> Found:
    head = read_up_to(stream, limits.max_text_bytes)
    if len(head) < limits.max_text_bytes:
        return Found(name, name, bytes_opener(head), len(head), given=True)
    return folder.of_file(_stored(head, stream), name, name, given=True)


def _file_behind(stdin: BinaryIO) -> Path | None:
    """The file that the shell opened (`< FILE`), where the system tells its name and it is read from its beginning."""
    try:
        status = os.fstat(stdin.fileno())
        if not stat.S_ISREG(status.st_mode) or stdin.tell() != 0 or not sys.platform.startswith("linux"):
            return None
        path = Path(f"/proc/self/fd/{stdin.fileno()}").readlink()
        return path if os.path.samestat(status, path.stat()) else None
    except (OSError, ValueError):  # no descriptor, or the file has no name any more
        return None


def _stored(head: bytes, stdin: BinaryIO) -> Path:
    import tempfile

    where: object = "a temporary folder"
    try:
        where = tempfile.gettempdir()
        with tempfile.NamedTemporaryFile(prefix="triage-stdin-", delete=False) as kept:
            path = Path(kept.name)
            atexit.register(path.unlink, missing_ok=True)
            kept.write(head)
            while piece := stdin.read(_PIECE):
                kept.write(piece)
    except OSError as error:
        raise TriageError(
            "standard input cannot be kept in {folder}: {why}",
            hint="name the files instead, or set TMPDIR to a folder with room",
            folder=where,
            why=error.strerror or error,
        ) from error
    return path
