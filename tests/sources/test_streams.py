"""Decompressed streams: whole members, and what is behind or instead of them, for each format and each library."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from backports import zstd

from tests.sources import made
from triage import pipeline
from triage.sources.limits import Limits
from triage.sources.load import load
from triage.sources.streams import Guarded

PACKS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zlib": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": lambda raw: zstd.compress(raw, options={zstd.CompressionParameter.checksum_flag: 1}),
}
"""`zlib` is gzip where isal is not installed."""
TEXT = "".join(f"[INFO] plugin/x: {n * 7919}\n" for n in range(60_000)).encode()


@pytest.fixture(params=PACKS)
def form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "zlib":
        monkeypatch.setitem(sys.modules, "isal.igzip_lib", None)
    return str(request.param)


class Trickle(io.RawIOBase):
    """Gives as much as it likes, as a pipe does."""

    def __init__(self, raw: bytes) -> None:
        self._raw, self._rng = io.BytesIO(raw), random.Random(len(raw))

    def read(self, size: int | None = -1) -> bytes:
        return self._raw.read(self._rng.randint(1, max(1, size or 1)))


def opened(form: str, raw: bytes, limits: Limits = Limits()) -> Guarded:  # noqa: B008
    return Guarded(Trickle(raw), "gzip" if form == "zlib" else form, limits)  # type: ignore[arg-type]


def read(form: str, raw: bytes) -> tuple[bytes, str | None]:
    """All of it, in pieces of any size, and why it ended."""
    stream, rng, pieces = opened(form, raw), random.Random(1), list[bytes]()
    while piece := stream.read(size := rng.choice([1, 100, 5000, 1 << 20])):
        assert len(piece) <= size
        pieces.append(piece)
    return b"".join(pieces), stream.broken


def test_members_behind_each_other_and_zeros_between_them(form: str) -> None:
    raw = PACKS[form](TEXT) + PACKS[form](b"") + bytes(4096) + PACKS[form](b"end\n") + bytes(100_000)
    assert read(form, raw) == (TEXT + b"end\n", None)


@pytest.mark.parametrize("junk", [b"x", b"junk\n", b"\0\0junk", b"<html>" * 30_000])
def test_what_stands_behind_the_last_member_is_said(form: str, junk: bytes) -> None:
    assert read(form, PACKS[form](TEXT) + junk) == (TEXT, "gap.archive-broken")


def test_a_member_that_breaks_off_is_said_wherever_it_does(form: str) -> None:
    raw = PACKS[form](TEXT)
    for n_bytes in (len(raw) - 1, len(raw) - 9, len(raw) // 2, 12, 1):
        text, why = read(form, raw[:n_bytes])
        assert TEXT.startswith(text)
        assert why == "gap.archive-broken"


def test_the_text_before_damage_is_kept(form: str) -> None:
    """A block for those that check each block before they give it away."""
    rng = random.Random(7)
    text = rng.randbytes(3 << 20)
    raw = bytearray(PACKS[form](text))
    raw[len(raw) * 3 // 4] ^= 255
    found, why = read(form, bytes(raw))
    assert why == "gap.archive-broken"
    kept = {"bzip2": 0.4, "xz": 0.5}.get(form, 0.6)
    assert len(found) > kept * len(text)
    assert text[: len(text) // 4].startswith(found[: len(text) // 4])


@pytest.mark.parametrize("form", ["gzip", "zlib"], indirect=True)
def test_a_wrong_checksum_costs_no_text(form: str) -> None:
    raw = bytearray(PACKS[form](made.LOG.encode()))
    raw[-2] ^= 1
    assert read(form, bytes(raw)) == (made.LOG.encode(), "gap.archive-broken")


def test_a_log_with_something_behind_it_is_read_and_the_report_says_so(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"{made.POD_A}.log.{form}"
    path.write_bytes(PACKS[form](TEXT) + b"and something else\n")
    bundle = load([str(tmp_path)])
    report = pipeline.analyze(bundle, pipeline.load_rulebook(None), now_ns=0)
    assert [g.params for g in report.gaps if g.id == "gap.archive-broken"] == [{"file": path.name}]
    [row] = report.coverage.files
    assert row.file_lines == TEXT.count(b"\n")


def test_an_archive_with_something_behind_it_says_so(tmp_path: Path, form: str) -> None:
    raw = made.tar_bytes({f"{made.POD_A}.log": made.LOG}, "w")
    (tmp_path / "a.tar.x").write_bytes(PACKS[form](raw) + b"and something else\n")
    bundle = load([str(tmp_path)])
    assert [d.read() for d in bundle.documents] == [made.LOG.encode()]
    assert [(g.id, g.params) for g in bundle.gaps] == [("gap.archive-broken", {"file": "a.tar.x"})]


def test_a_bomb_is_not_in_memory_before_it_is_noticed(form: str) -> None:
    stream = opened(form, bomb(form), Limits(max_ratio=50, ratio_free_bytes=1 << 20))
    tracemalloc.start()
    while stream.read(1 << 20):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert stream.broken == "gap.archive-limit"
    assert peak < 80 << 20


def bomb(form: str) -> bytes:
    """Zeros: as many of them as the first bytes of zstd could make at once, and many times more."""
    if form != "zstd":
        return PACKS[form](bytes(1 << 26))
    packer = zstd.ZstdCompressor()
    return b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(1024)), packer.flush()])
