"""Compressed logs are read like plain ones: each byte once, beside each other, told when they break off."""

from __future__ import annotations

import bz2
import gzip
import importlib
import lzma
import os
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from msgspec.structs import replace

from tests.reading.test_kernel import ALL, PODS, ZONES, log, pytestmark
from triage import pipeline
from triage.model.bundle import Document
from triage.model.observation import Observations
from triage.parsing.query_log import parse_query
from triage.reading import Limits, Watch, Workers, read, run, threads
from triage.sources.load import load

__all__ = ["pytestmark"]
CODECS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": lambda raw: importlib.import_module("backports.zstd").compress(raw),
}
TEXT = "".join(ALL["timestamps"](log(7, 2_500)) for _ in range(12)).encode()


def folder(where: Path, pack: Callable[[bytes], bytes] = bytes, ending: str = "") -> list[Document]:
    where.mkdir()
    for i, pod in enumerate(PODS):
        (where / f"{pod}.log{ending}").write_bytes(pack(TEXT[i * 1000 :]))
    return list(load([str(where)]).documents)


def seen(documents: list[Document], recognise: Callable[..., Any], **more: Any) -> Observations:
    given: dict[str, Any] = {"recognise": recognise, "parse_query": parse_query, "zones": ZONES}
    return read(documents, **{**given, "limits": Limits(mend_bytes=0), **more})


@pytest.mark.parametrize("ending", CODECS)
def test_a_compressed_log_says_what_the_plain_one_says(
    tmp_path: Path, recogniser: Callable[..., Any], ending: str
) -> None:
    plain = seen(folder(tmp_path / "plain"), recogniser)
    packed = folder(tmp_path / "packed", CODECS[ending], f".{ending}")
    assert [d.stored_bytes for d in packed] == [(tmp_path / "packed" / d.file).stat().st_size for d in packed]
    found = seen(packed, recogniser)
    unpacked = [
        replace(d, name=d.name.removesuffix(f".{ending}"), file=d.file.removesuffix(f".{ending}")) for d in packed
    ]
    assert seen(unpacked, recogniser) == plain
    assert sum(row.file_lines for row in found.ledger) == sum(row.file_lines for row in plain.ledger)
    assert seen(packed, recogniser, way="python") == found
    assert seen(packed, recogniser, way="lines") == found


def test_a_compressed_log_is_decompressed_once(tmp_path: Path, recogniser: Callable[..., Any]) -> None:
    opened: Counter[str] = Counter()

    def counting(document: Document) -> Callable[[], BinaryIO]:
        def opener() -> BinaryIO:
            stream = document.open()
            take = stream.read

            def counted(size: int = -1) -> bytes:
                chunk = take(size)
                opened[document.name] += len(chunk)
                return chunk

            stream.read = counted  # type: ignore[method-assign]
            return stream

        return opener

    documents = folder(tmp_path / "gz", gzip.compress, ".gz")
    seen([replace(d, open=counting(d)) for d in documents], recogniser)
    heads = 1 << 18
    assert all(n <= len(TEXT) + heads for n in opened.values())


@pytest.mark.parametrize("n", [1, 3])
def test_where_a_thread_is_idle_another_one_decompresses_ahead(
    tmp_path: Path, recogniser: Callable[..., Any], n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("triage.reading.run.cores", lambda: n)
    read_by: set[str] = set()
    (log,) = folder(tmp_path / "gz", gzip.compress, ".gz")[:1]

    def opener() -> BinaryIO:
        stream = log.open()
        take = stream.read

        def watched(size: int = -1) -> bytes:
            read_by.add(threading.current_thread().name)
            return take(size)

        stream.read = watched  # type: ignore[method-assign]
        return stream

    with ThreadPoolExecutor(n, thread_name_prefix="counting") as pool:
        found = seen([replace(log, open=opener)], recogniser, workers=Workers(pool, n))
    assert any(name.startswith("counting") for name in read_by) == (n == 1)
    assert found == seen([log], recogniser, way="lines")


@pytest.mark.parametrize("way", ["native", "python", "lines"])
def test_a_large_log_that_breaks_off_is_told_by_who_reads_it(
    tmp_path: Path, recogniser: Callable[..., Any], way: str
) -> None:
    raw = gzip.compress(TEXT)
    (tmp_path / f"{PODS[0]}.log.gz").write_bytes(raw[:-2000])
    bundle = load([str(tmp_path)])
    assert bundle.gaps == ()
    [row] = seen(list(bundle.documents), recogniser, way=way).ledger
    assert "note.archive-broken" in row.notes
    assert 0 < row.file_lines < TEXT.count(b"\n")
    report = pipeline.analyze(bundle, pipeline.load_rulebook(None), now_ns=0)
    assert ("gap.archive-broken", {"file": f"{PODS[0]}.log.gz"}) in [(g.id, g.params) for g in report.gaps]


@pytest.mark.parametrize("way", ["native", "python"])
def test_a_log_that_becomes_shorter_meanwhile_is_told(tmp_path: Path, recogniser: Callable[..., Any], way: str) -> None:
    """As a rotation by copytruncate makes it."""
    file = tmp_path / f"{PODS[0]}.log"
    file.write_bytes(TEXT)
    bundle = load([str(tmp_path)])
    os.truncate(file, len(TEXT) // 2)
    [row] = seen(list(bundle.documents), recogniser, way=way).ledger
    assert "note.file-shrank" in row.notes
    report = pipeline.analyze(bundle, pipeline.load_rulebook(None), now_ns=0)
    assert ("gap.file-shrank", {"file": file.name}) in [(g.id, g.params) for g in report.gaps]


@pytest.mark.parametrize("way", ["native", "python", "lines"])
@pytest.mark.parametrize("planned", [False, True])
def test_a_log_that_is_removed_meanwhile_is_told(
    tmp_path: Path, recogniser: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, way: str, planned: bool
) -> None:
    """As a rotation makes it, before its parts are planned or behind."""
    file = tmp_path / f"{PODS[0]}.log"
    file.write_bytes(TEXT)
    (tmp_path / f"{PODS[1]}.log").write_bytes(TEXT)
    bundle = load([str(tmp_path)])
    if planned:
        plan = run.plan

        def then_gone(document: Document, *args: Any) -> Any:
            tasks = plan(document, *args)
            file.unlink(missing_ok=True)
            return tasks

        monkeypatch.setattr(run, "plan", then_gone)
    if not planned or way == "lines":
        file.unlink()
    gone, other = seen(list(bundle.documents), recogniser, way=way).ledger
    assert "note.file-gone" in gone.notes
    assert (gone.file_lines, other.file_lines) == (0, TEXT.count(b"\n"))
    report = pipeline.analyze(bundle, pipeline.load_rulebook(None), now_ns=0)
    assert ("gap.file-gone", {"file": file.name}) in [(g.id, g.params) for g in report.gaps]


def test_a_stopped_reading_keeps_the_beginning_of_each_compressed_log(
    tmp_path: Path, recogniser: Callable[..., Any]
) -> None:
    documents = folder(tmp_path / "gz", gzip.compress, ".gz")
    watch, half, go_on = Watch(), threading.Barrier(len(documents) + 1), threading.Event()

    def pausing(document: Document) -> Callable[[], BinaryIO]:
        def opener() -> BinaryIO:
            stream, fed, step = document.open(), 0, (1 << 19) + 4096 * documents.index(document)
            take = stream.read

            def paused(size: int = -1) -> bytes:
                nonlocal fed
                chunk = take(min(size, step))
                fed += len(chunk)
                if fed - len(chunk) < 2 * step <= fed:
                    half.wait(30)
                    go_on.wait(30)
                return chunk

            stream.read = paused  # type: ignore[method-assign]
            return stream

        return opener

    def stop() -> None:
        half.wait(30)
        watch.stopped = True
        threading.Timer(0.3, go_on.set).start()

    stopper = threading.Thread(target=stop)
    stopper.start()
    with threads(len(documents)) as pool:
        found = seen(
            [replace(d, open=pausing(d)) for d in documents],
            recogniser,
            workers=Workers(pool.executor, pool.n),
            watch=watch,
        )
    stopper.join()
    for row in found.ledger:
        assert 0 < row.file_lines < TEXT.count(b"\n")
    assert 0 < found.overflow["interrupted"] < sum(d.stored_bytes or 0 for d in documents)
