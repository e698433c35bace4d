"""Archives: read without unpacking, within limits; what is hostile or broken is said, not raised."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from backports import zstd

from tests.sources import made
from triage.model.bundle import Bundle, Kind
from triage.sources.limits import Limits
from triage.sources.load import load

A, B = made.POD_A, made.POD_B
FILES = {
    f"e/{A}.log": made.LOG,
    f"e/{B}.previous.log": made.BANNER,
    "e/pods.txt": made.PODS,
    "e/x/resolv.conf": made.RESOLV,
}


def zip_bytes(files: dict[str, str], links: tuple[str, ...] = ()) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        for name in links:
            info = zipfile.ZipInfo(name)
            info.external_attr = 0o120777 << 16
            archive.writestr(info, "/etc/passwd")
    return buffer.getvalue()


def read(tmp_path: Path, raw: bytes, limits: Limits | None = None) -> Bundle:
    (tmp_path / "a").write_bytes(raw)
    return load([str(tmp_path / "a")], limits=limits or Limits())


ARCHIVES = {
    "tar": made.tar_bytes(FILES, "w"),
    "gzip": made.tar_bytes(FILES, "w:gz"),
    "bzip2": made.tar_bytes(FILES, "w:bz2"),
    "xz": made.tar_bytes(FILES, "w:xz"),
    "zstd": zstd.compress(made.tar_bytes(FILES, "w")),
    "zip": zip_bytes(FILES),
}


@pytest.mark.parametrize("form", ARCHIVES)
@pytest.mark.parametrize("kept", [0, 1 << 20], ids=["looked-up", "in-memory"])
def test_an_archive_reads_as_its_folder(tmp_path: Path, form: str, kept: int) -> None:
    folder = made.write(tmp_path / "folder", FILES)
    expected = {(d.file, d.kind, d.replica, d.previous, d.read()) for d in load([str(folder)]).documents}
    bundle = read(tmp_path, ARCHIVES[form], Limits(kept_member_bytes=kept))
    found = {(d.file.removeprefix("a!"), d.kind, d.replica, d.previous, d.read()) for d in bundle.documents}
    assert found == expected
    assert bundle.gaps == ()


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstd.compress])
def test_compressed_files(tmp_path: Path, pack: object) -> None:
    made.write(tmp_path, {f"{A}.log.gz": pack(made.LOG.encode()), f"{B}.previous.log.gz": pack(made.BANNER.encode())})  # type: ignore[operator]
    first, second = load([str(tmp_path)]).documents
    assert (first.replica, first.previous, first.read()) == (A, False, made.LOG.encode())
    assert (second.replica, second.previous, second.read()) == (B, True, made.BANNER.encode())


def test_an_opened_log_can_be_read_again(tmp_path: Path) -> None:
    (log, *_) = read(tmp_path, ARCHIVES["gzip"], Limits(kept_member_bytes=0)).documents
    assert log.read() == log.read() == made.LOG.encode()


def test_an_archive_inside_an_archive_and_no_deeper(tmp_path: Path) -> None:
    inner = made.tar_bytes({f"{A}.log": made.LOG})
    twice = made.tar_bytes({"inner.tgz": inner})
    (log,) = read(tmp_path, twice).documents
    assert (log.kind, log.file, log.replica) == (Kind.LOG, f"a!inner.tgz!{A}.log", A)
    (deep,) = read(tmp_path, made.tar_bytes({"outer.tgz": twice})).documents
    assert deep.why_ignored == "ignored.nested-too-deep"


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def test_hostile_members_are_refused_with_a_gap(tmp_path: Path) -> None:
    files = {f"/etc/{A}.log": made.LOG, f"../{A}.log": made.LOG, f"e/../../{A}.log": made.LOG, f"e/{B}.log": made.LOG}
    links = (
        special("e/link.log", tarfile.SYMTYPE, "/etc/passwd"),
        special("e/hard.log", tarfile.LNKTYPE, f"e/{B}.log"),
        special("e/null.log", tarfile.CHRTYPE),
        special("e/pipe.log", tarfile.FIFOTYPE),
    )
    bundle = read(tmp_path, made.tar_bytes(files, extra=links))
    assert [d.replica for d in bundle.documents if d.kind is Kind.LOG] == [B]
    assert sorted(d.why_ignored or "" for d in bundle.documents) == [
        "",
        "ignored.absolute-path",
        "ignored.link",
        "ignored.link",
        "ignored.parent-path",
        "ignored.parent-path",
        "ignored.special-file",
        "ignored.special-file",
    ]
    assert {g.id for g in bundle.gaps} == {"gap.member-refused"}


def test_hostile_members_of_a_zip(tmp_path: Path) -> None:
    bundle = read(tmp_path, zip_bytes({f"../{A}.log": made.LOG, f"{B}.log": made.LOG}, links=("l.log",)))
    assert sorted(d.why_ignored or "" for d in bundle.documents) == ["", "ignored.link", "ignored.parent-path"]


def test_names_that_differ_in_case_only_count_once(tmp_path: Path) -> None:
    raw = made.tar_bytes({"e/Corefile": made.COREFILE, "e/corefile": made.COREFILE + "\n"})
    bundle = read(tmp_path, raw)
    assert [d.kind for d in bundle.documents] == [Kind.COREFILE, Kind.IGNORED]
    assert [g.id for g in bundle.gaps] == ["gap.archive-duplicate"]


@pytest.mark.parametrize("form", ["tar", "gzip", "bzip2", "xz", "zip"])
def test_a_truncated_archive_gives_what_was_readable(tmp_path: Path, form: str) -> None:
    big = {
        f"e/{A}.log": made.LOG,
        "e/pods.txt": made.PODS,
        f"e/{B}.log": "".join(f"[INFO] plugin/x: {n * 7919}\n" for n in range(90_000)),
    }
    modes = {"tar": "w", "gzip": "w:gz", "bzip2": "w:bz2", "xz": "w:xz"}
    raw = zip_bytes(big) if form == "zip" else made.tar_bytes(big, modes[form])
    bundle = read(tmp_path, raw[: len(raw) * 2 // 3])
    found = {d.file.removeprefix("a!"): d for d in bundle.documents}
    assert {g.id for g in bundle.gaps} == {"gap.archive-broken"}
    if form in {"tar", "gzip", "zip"}:
        assert found[f"e/{A}.log"].read() == made.LOG.encode()
        cut = found[f"e/{B}.log"].read()
        assert 0 < len(cut) < len(big[f"e/{B}.log"])
        assert big[f"e/{B}.log"].encode().startswith(cut)


def test_a_truncated_compressed_log(tmp_path: Path) -> None:
    text = "".join(f"[INFO] plugin/x: {n * 7919}\n" for n in range(50_000))
    (tmp_path / f"{A}.log.gz").write_bytes(gzip.compress(text.encode())[:-5000])
    bundle = load([str(tmp_path)])
    assert [(g.id, g.params["file"]) for g in bundle.gaps] == [("gap.archive-broken", f"{A}.log.gz")]
    assert text.encode().startswith(bundle.documents[0].read())


def test_bombs_end_at_the_limits(tmp_path: Path) -> None:
    bomb = gzip.compress((made.LOG + "0" * 1000 + "\n").encode() * 40_000)
    limits = Limits(max_ratio=50, ratio_free_bytes=1 << 20, max_total_bytes=1 << 23)
    (tmp_path / f"{A}.log.gz").write_bytes(bomb)
    bundle = load([str(tmp_path)], limits=limits)
    assert [g.id for g in bundle.gaps] == ["gap.archive-limit"]
    assert len(bundle.documents[0].read()) < 1 << 23
    packed = read(tmp_path, made.tar_bytes({f"{n}.txt": "0" * (1 << 20) for n in range(30)}), limits)
    assert "gap.archive-limit" in {g.id for g in packed.gaps}


def test_members_without_number_end_at_the_limit(tmp_path: Path) -> None:
    bundle = read(tmp_path, made.tar_bytes({f"{n}.log": made.LOG for n in range(50)}), Limits(max_files=10))
    assert len(bundle.documents) == 10
    assert [g.id for g in bundle.gaps] == ["gap.archive-limit"]


def test_a_zip_with_a_password_is_listed(tmp_path: Path) -> None:
    raw = bytearray(zip_bytes({f"{A}.log": made.LOG}))
    raw[6] |= 1
    raw[raw.find(b"PK\x01\x02") + 8] |= 1
    (document,) = read(tmp_path, bytes(raw)).documents
    assert document.why_ignored == "ignored.encrypted"


def test_without_its_library_the_file_is_listed_with_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "backports.zstd", None)
    bundle = read(tmp_path, ARCHIVES["zstd"])
    assert [d.why_ignored for d in bundle.documents] == ["ignored.no-zstd"]
    assert [g.id for g in bundle.gaps] == ["gap.no-zstd"]
