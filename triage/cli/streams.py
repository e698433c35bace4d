"""Where output goes: the result to stdout or files, everything else to stderr; closed pipes end quietly."""

from __future__ import annotations

import errno
import io
import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, BinaryIO

from triage.cli.language import translated
from triage.errors import ExitCode, TriageError
from triage.render import Style
from triage.render.clean import clean

_MAKE_ROOM = "make room there, or name another folder"


def tell(text: str, **names: object) -> None:
    """Print lines on stderr in the language of the run; `names` fill the `{name}` places of the text.

    What a file or log contributed to them is made visible first.
    """
    if sys.stderr is None:  # closed by the caller
        return
    text = translated(text)
    text = text.format_map(names) if names else text
    try:
        print("\n".join(clean(line) for line in text.split("\n")), file=sys.stderr, flush=True)  # noqa: T201
    except OSError:  # nobody listens any more; the exit code still tells
        _to_nowhere(sys.stderr)


def emit(text: str) -> bool:
    """Print the result on stdout; a reader who has seen enough (`| head`) is no error, and False then."""
    if sys.stdout is None:  # closed by the caller
        return False
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _to_nowhere(sys.stdout)
        return False
    except OSError as error:
        _to_nowhere(sys.stdout)
        raise TriageError(
            "the result cannot be printed: {why}",
            hint="make room, or print it elsewhere with --output-file",
            why=error.strerror or error,
            exit_code=ExitCode.DELIVERY,
        ) from error
    return True


def stdin_bytes() -> BinaryIO:
    """Standard input as bytes; tells a person at a terminal that we wait."""
    if sys.stdin is None:
        raise TriageError("standard input is closed", hint="pipe a text into the command, or name a file")
    if sys.stdin.isatty():
        tell("reading from the terminal; end the text with Ctrl-D")
    return sys.stdin.buffer


def _to_nowhere(stream: IO[str]) -> None:
    """Let the interpreter's last flush succeed."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except (OSError, ValueError):
        return


def forgiving_stdout() -> None:
    """A terminal that cannot show a character gets its number instead of a crash; a full disk is noticed.

    With PYTHONUNBUFFERED a text goes out in one write, of which nobody asks whether it was short.
    """
    if isinstance(sys.stdout, io.TextIOWrapper) and isinstance(sys.stdout.buffer, io.RawIOBase):
        raw = io.FileIO(sys.stdout.fileno(), "w", closefd=False)
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(raw), sys.stdout.encoding)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def style_for(stream: IO[str] | None, colour: str, environ: Mapping[str, str]) -> Style:
    """Decoration that a stream can carry; `colour` is auto, always or never, and wins over the environment.

    >>> import io
    >>> style_for(io.StringIO(), "auto", {}).colour, style_for(io.StringIO(), "auto", {"FORCE_COLOR": "1"}).colour
    (False, True)
    >>> style_for(io.StringIO(), "always", {"NO_COLOR": "1"}).colour
    True
    """
    encoding = (getattr(stream, "encoding", None) or "utf-8").lower().replace("-", "")
    if colour == "auto":
        wanted = not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
        coloured = wanted and (bool(environ.get("FORCE_COLOR")) or (stream is not None and stream.isatty()))
    else:
        coloured = colour == "always"
    return Style(colour=coloured, unicode=encoding.startswith("utf") or encoding == "gb18030")


def write_file(path: Path, text: str) -> None:
    """Write a file as a whole or not at all: readers never see half of it. Mode 0600; a symlink is replaced.

    What is no file (a pipe, a device, `/dev/stdout`) stays what it is, and the text goes into it.
    """
    try:
        if _is_outlet(path):
            with path.open("w", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
            return
        import tempfile

        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        is_full = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
        raise TriageError(
            "{path} cannot be written: {why}",
            hint=_MAKE_ROOM if is_full else "choose a folder that exists and that you may write to",
            path=path,
            why=error.strerror or error,
            exit_code=ExitCode.DELIVERY if is_full else ExitCode.USAGE,
        ) from error


def _is_outlet(path: Path) -> bool:
    """Whether it takes what is written and is no file of its own, or is a name of one of our streams."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    link = path.absolute()
    while link.is_symlink() and not _is_stream(link):
        link = link.parent / link.readlink()
    return _is_stream(link) or not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _is_stream(path: Path) -> bool:
    """Whether the name stands for a stream that is open, as `/dev/stdout` and `/proc/self/fd/1`."""
    return path.parts[:2] == ("/", "proc") or (path.parts[:2] == ("/", "dev") and path.parts[2:3] != ("shm",))
