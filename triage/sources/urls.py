"""Evidence in object stores and on web servers, by URL: s3://, gs://, https:// and whatever else fsspec knows."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from functools import partial
from typing import Any, BinaryIO, cast

from triage.errors import TriageError
from triage.sources.found import Found, shown
from triage.sources.limits import Limits

_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^\s]")
_EXTRAS = {"s3": "s3", "gs": "gs", "gcs": "gs"}


def is_url(given: str) -> bool:
    """Whether a path is the URL of a store.

    >>> is_url("s3://bucket/logs/"), is_url("logs/a.log"), is_url("-")
    (True, False, False)
    """
    return _URL.match(given) is not None


def files_of(url: str, limits: Limits) -> Iterator[Found]:
    """The file at a URL, or all files below it; they are read where they are.

    Raises:
        TriageError: the library for this kind of URL is not installed, or nothing can be read there (exit code 2).
    """
    store, path = _store(url)
    try:
        if store.isfile(path):
            names = {path: store.info(path)}
        else:
            names = store.find(path, detail=True)
    except Exception as error:  # each store has errors of its own
        raise _unreadable(url, error) from error
    if not names:
        raise _unreadable(url, None)
    root = path.rstrip("/") + "/"
    for name, info in sorted(names.items())[: limits.max_files]:
        label = shown(name.removeprefix(root) if name != path else name.rsplit("/", 1)[-1])
        size = info.get("size")
        where = url if name == path else str(store.unstrip_protocol(name))
        yield Found(
            name=label,
            file=label,
            open=partial(_opened, where),
            size_bytes=size if isinstance(size, int) else None,
            layout_path=label,
            given=name == path,
        )


def _store(url: str) -> tuple[Any, str]:
    protocol = url.partition("://")[0]
    extra = _EXTRAS.get(protocol, "url")
    try:
        core = importlib.import_module("fsspec.core")
        found: tuple[Any, str] = core.url_to_fs(url)
    except ImportError as error:
        raise TriageError(
            "{protocol}:// needs a library that is not installed",
            hint="pip install 'coredns-triage[{extra}]'",
            protocol=protocol,
            extra=extra,
        ) from error
    except Exception as error:
        raise _unreadable(url, error) from error
    return found


def _unreadable(url: str, error: Exception | None) -> TriageError:
    return TriageError(
        "nothing can be read at {url}: {why}",
        hint="look at the spelling and at the credentials that the library of the store uses",
        url=shown(url),
        why="there is no file" if error is None else f"{type(error).__name__} {error}"[:200],
    )


def _opened(url: str) -> BinaryIO:
    store, path = _store(url)
    return cast(BinaryIO, store.open(path, "rb"))
