"""Who runs the tasks: threads here, or the workers of a Dask cluster."""

from __future__ import annotations

import importlib
import os
import platform
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple

from triage.errors import TriageError
from triage.model.version import VERSION
from triage.reading.native import kernel_name

_RETRIES = 2
"""Of a task whose worker is lost."""
_CONNECT_S = 20


class Workers(NamedTuple):
    """An executor and how many tasks it runs at a time."""

    executor: Executor
    n: int


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def threads(n: int | None) -> Iterator[Workers]:
    """Threads of this process: the kernel holds no lock while it counts."""
    n = n or cores()
    pool = ThreadPoolExecutor(n)
    try:
        yield Workers(pool, n)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def versions() -> dict[str, str]:
    """What must agree between this process and a worker."""
    python = ".".join(platform.python_version_tuple()[:2])
    return {"python": python, "kernel": kernel_name(), "coredns-triage": VERSION}


@contextmanager
def cluster(address: str, tell: Callable[[str], None]) -> Iterator[Workers]:
    """The workers of a Dask cluster at tcp://… or tls://…; `tell` gets one line when their versions differ.

    Raises:
        TriageError: Dask is not installed, nobody answers at the address, or a worker has another version or no kernel.
    """
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError:
        raise TriageError("--cluster needs Dask", hint="pip install 'coredns-triage[dask]'") from None
    try:
        client = distributed.Client(address, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise TriageError(
            "no Dask scheduler answers at {address}",
            hint="look at the address and the scheduler's log",
            address=address,
        ) from error
    try:
        client.wait_for_workers(1, timeout=_CONNECT_S)
        ours, theirs = versions(), client.run(versions)
        if differing := _differences(ours, theirs):
            tell(differing)
        n = sum(client.nthreads().values())
        yield Workers(client.get_executor(pure=False, retries=_RETRIES), n)
    except TimeoutError as error:
        raise TriageError(
            "the cluster at {address} has no workers", hint="start some: dask worker {address}", address=address
        ) from error
    finally:
        client.close(timeout=_CONNECT_S)


def _differences(ours: dict[str, str], theirs: dict[str, dict[str, str]]) -> str | None:
    """One line about workers whose versions are not ours.

    >>> _differences({"python": "3.11"}, {"tcp://10.0.0.1:5": {"python": "3.12"}, "tcp://b": {"python": "3.11"}})
    'versions differ on 1 of 2 workers: python 3.12 there, 3.11 here'
    """
    differ = [worker for worker, found in theirs.items() if found != ours]
    if not differ:
        return None
    said = sorted(
        {
            f"{name} {found.get(name, 'missing')} there, {version} here"
            for worker in differ
            for found in (theirs[worker],)
            for name, version in ours.items()
            if found.get(name) != version
        }
    )
    return f"versions differ on {len(differ)} of {len(theirs)} workers: {'; '.join(said)}"
